//! Another implementation of notes, tiles and proofs reads a running node, and each checks the other.
//!
//! `signed_note` and `tlog_tiles` know nothing of Cairn: they read the node as any stranger would.

use cairn_api::{MemberView, Outcome, route};
use cairn_ledger::proof::{self, TreeHead};
use cairn_ledger::{Checkpoint, TreeHash};
use cairn_node::http::Tile as OurTile;
use cairn_tests::nodes::{Contributor, Founded, Node, SOON, http, submit, until};
use signed_note::{Note, StandardSigner, StandardVerifier, Verifier, VerifierList};
use tlog_tiles::{
    Checkpoint as TheirCheckpoint, Error, Hash, HashReader, Tile, TileHashReader, TileReader,
    check_record, check_tree, prove_record, prove_tree, record_hash, stored_hash_index, tree_hash,
};

/// A tile has two to this power of hashes.
const HEIGHT: u8 = 8;

/// Somebody who knows where a log is, and its key.
struct Stranger {
    base: String,
    vkey: String,
}

impl Stranger {
    fn of(node: &Node, member: &str) -> Self {
        let (_, body) = http(&format!("{}{}", node.url(), route::MEMBERS)).expect("an answer");
        let members: Vec<MemberView> = serde_json::from_slice(&body).expect("members");
        let member = members.iter().find(|one| one.code.as_str() == member).expect("a member");
        let base = format!("{}/tlog/{}", node.url(), member.code);
        Self { base, vkey: member.vkey.clone() }
    }

    fn get(&self, path: &str) -> Option<Vec<u8>> {
        let (status, body) = http(&format!("{}/{path}", self.base)).expect("an answer");
        assert!(status == 200 || status == 404, "{path}: {status}");
        (status == 200).then_some(body)
    }

    fn tile(&self, tile: &Tile) -> Option<Vec<u8>> {
        self.get(&format!("tile/{}", address(tile)))
    }

    fn note(&self) -> Vec<u8> {
        self.get("checkpoint").expect("a checkpoint")
    }

    /// The newest checkpoint, once it covers so many entries.
    fn checkpoint(&self, size: u64) -> TheirCheckpoint {
        let read = || open(&self.get("checkpoint")?, &self.vkey).ok();
        until(&format!("a checkpoint of {size}"), SOON, || {
            read().filter(|checkpoint| checkpoint.size() == size)
        })
    }

    /// The entries of one bundle: each behind its length, as the format says.
    fn entries(&self, tile: &Tile) -> Vec<Vec<u8>> {
        let mut bundle = *tile;
        bundle.set_is_data();
        let bytes = self.tile(&bundle).expect("a bundle");
        let (mut rest, mut entries) = (&bytes[..], Vec::new());
        while let Some((length, behind)) = rest.split_first_chunk::<2>() {
            let (entry, behind) = behind.split_at(u16::from_be_bytes(*length).into());
            entries.push(entry.to_vec());
            rest = behind;
        }
        assert!(rest.is_empty(), "nothing follows the last entry");
        entries
    }
}

impl TileReader for Stranger {
    fn height(&self) -> u8 {
        HEIGHT
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        tiles.iter().map(|tile| self.tile(tile).ok_or(Error::InvalidTile)).collect()
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

/// The address of a tile behind `tile/`, without the height that their paths have.
fn address(tile: &Tile) -> String {
    let path = tile.path();
    path.strip_prefix("tile/8/").expect("tiles of 256").replace("data/", "entries/")
}

/// Their way to read a signed checkpoint.
fn open(note: &[u8], vkey: &str) -> Result<TheirCheckpoint, String> {
    let verifier = StandardVerifier::new(vkey).map_err(|why| why.to_string())?;
    let note = Note::from_bytes(note).map_err(|why| why.to_string())?;
    let known = VerifierList::new(vec![Box::new(verifier)]);
    note.verify(&known).map_err(|why| why.to_string())?;
    TheirCheckpoint::from_bytes(note.text()).map_err(|_| "not a checkpoint".into())
}

/// States notes until the log has so many entries, at most 256 at once.
fn grow(node: &Node, speaker: &Contributor, size: u64) {
    let mut held = node.log(&node.code).size;
    while held < size {
        let numbers = held..size.min(held + route::SUBMISSION_STATEMENTS_MAX as u64);
        held = numbers.end;
        let notes: Vec<_> = numbers.map(|number| speaker.note(number)).collect();
        for outcome in submit(&node.url(), &notes).expect("an answer").outcomes {
            assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
        }
    }
}

/// A running node with a log, and who reads it.
struct Grown {
    founded: Founded,
    speaker: Contributor,
    stranger: Stranger,
    checkpoint: TheirCheckpoint,
}

fn grown(size: u64) -> Grown {
    let mut founded = Founded::of(&["UNSEC", "COD"]);
    founded.node_mut("UNSEC").start();
    let speaker = founded.contributor("UNSEC");
    let node = founded.node("UNSEC");
    grow(node, &speaker, size);
    let stranger = Stranger::of(node, "UNSEC");
    let checkpoint = stranger.checkpoint(size);
    Grown { founded, speaker, stranger, checkpoint }
}

fn ours(hash: &Hash) -> TreeHash {
    TreeHash(hash.0)
}

fn head(checkpoint: &TheirCheckpoint) -> TreeHead {
    TreeHead { size: checkpoint.size(), root: ours(checkpoint.hash()) }
}

/// Every tile of a log, from the entries up to the root.
fn check_every_tile(stranger: &Stranger, checkpoint: &TheirCheckpoint) {
    let size = checkpoint.size();
    let tiles = Tile::new_tiles(HEIGHT, 0, size);
    for tile in &tiles {
        let bytes = stranger.tile(tile).unwrap_or_else(|| panic!("{} of {size}", tile.path()));
        let hashes: Vec<_> = bytes.chunks(32).map(|hash| Hash(hash.try_into().unwrap())).collect();
        assert_eq!(hashes.len(), tile.width() as usize, "{} of {size}", tile.path());
        let below = |n: u64| Tile::new(HEIGHT, tile.level() - 1, n, 256, false);
        let expected: Vec<_> = if tile.level() == 0 {
            stranger.entries(tile).iter().map(|entry| record_hash(entry)).collect()
        } else {
            let first = tile.level_index() << HEIGHT;
            let below = (first..first + u64::from(tile.width())).map(below);
            below.map(|tile| Tile::subtree_hash(&stranger.tile(&tile).unwrap())).collect()
        };
        assert_eq!(hashes, expected, "{} of {size}", tile.path());
        nothing_beyond(stranger, tile);
    }
    let reader = TileHashReader::new(size, *checkpoint.hash(), stranger);
    assert_eq!(tree_hash(size, &reader).expect("all tiles"), *checkpoint.hash());
}

/// What the log does not have yet is not served; what a wider tile has is, narrower.
fn nothing_beyond(stranger: &Stranger, tile: &Tile) {
    let same = |width| Tile::new(HEIGHT, tile.level(), tile.level_index(), width, false);
    let next = Tile::new(HEIGHT, tile.level(), tile.level_index() + 1, 1, false);
    if tile.width() < 256 {
        assert!(stranger.tile(&same(tile.width() + 1)).is_none(), "wider than {}", tile.path());
        assert!(stranger.tile(&same(256)).is_none(), "the whole of {}", tile.path());
        assert!(stranger.tile(&next).is_none(), "the one behind {}", tile.path());
    }
    let narrow = stranger.tile(&same(1)).expect("the first hash");
    assert_eq!(narrow, stranger.tile(tile).unwrap()[..32]);
}

#[test]
fn another_implementation_follows_a_log_as_it_grows() {
    let Grown { founded, speaker, stranger, checkpoint: mut before } = grown(1);
    check_every_tile(&stranger, &before);
    for size in [255, 256, 257, 511, 512, 513, 700] {
        grow(founded.node("UNSEC"), &speaker, size);
        let now = stranger.checkpoint(size);
        check_every_tile(&stranger, &now);
        // That it only grew, by their proof and both checks.
        let reader = TileHashReader::new(size, *now.hash(), &stranger);
        let proof = prove_tree(size, before.size(), &reader).expect("a proof");
        check_tree(&proof, size, *now.hash(), before.size(), *before.hash()).expect("theirs");
        let proof: Vec<_> = proof.iter().map(ours).collect();
        proof::check_consistency(head(&before), head(&now), &proof).expect("ours");
        before = now;
    }
}

/// A proof that both check: right, and with everything wrong that can be.
struct Both<'a> {
    checkpoint: &'a TheirCheckpoint,
    index: u64,
    leaf: Hash,
}

impl Both<'_> {
    fn agree(&self, proof: &[Hash], holds: bool, what: &str) {
        let (size, root) = (self.checkpoint.size(), *self.checkpoint.hash());
        self.agree_under(proof, (size, root), holds, what);
    }

    fn agree_under(&self, proof: &[Hash], (size, root): (u64, Hash), holds: bool, what: &str) {
        let (index, leaf) = (self.index, self.leaf);
        let theirs = check_record(&proof.to_vec(), size, root, index, leaf).is_ok();
        let proof: Vec<_> = proof.iter().map(ours).collect();
        let here = proof::check_inclusion(ours(&leaf), index, size, ours(&root), &proof).is_ok();
        assert_eq!((theirs, here), (holds, holds), "{what}, entry {index} of {size}");
    }
}

fn flipped(hash: &Hash) -> Hash {
    let mut hash = *hash;
    hash.0[31] ^= 1;
    hash
}

/// Every way to spoil a list of hashes: one altered, one missing, one too many.
fn spoiled(proof: &[Hash]) -> impl Iterator<Item = Vec<Hash>> {
    let altered = (0..proof.len()).map(|at| {
        let mut proof = proof.to_vec();
        proof[at] = flipped(&proof[at]);
        proof
    });
    let missing = (0..proof.len()).map(|at| [&proof[..at], &proof[at + 1..]].concat());
    let more = [[proof, &[Hash([7; 32])]].concat()];
    altered.chain(missing).chain(more)
}

#[test]
fn both_prove_entries_to_each_other_and_refuse_what_is_wrong() {
    let Grown { founded: _running, stranger, checkpoint, .. } = grown(700);
    let (size, root) = (checkpoint.size(), *checkpoint.hash());
    let reader = TileHashReader::new(size, root, &stranger);
    let mut node = |level: u32, index: u64| {
        let place = stored_hash_index(level.try_into().unwrap(), index);
        reader.read_hashes(&[place]).map(|hashes| ours(&hashes[0]))
    };
    let tiles = Tile::new_tiles(HEIGHT, 0, size);
    let below = tiles.iter().filter(|tile| tile.level() == 0);
    let entries: Vec<_> = below.flat_map(|tile| stranger.entries(tile)).collect();
    for index in [0, 1, 254, 255, 256, 511, 512, 640, 698, 699] {
        let leaf = record_hash(&entries[index as usize]);
        let proof = prove_record(size, index, &reader).expect("their proof");
        let made_here = proof::inclusion(index, size, &mut node).expect("our proof");
        assert_eq!(proof.iter().map(ours).collect::<Vec<_>>(), made_here);
        let both = Both { checkpoint: &checkpoint, index, leaf };
        both.agree(&proof, true, "right");
        spoiled(&proof).for_each(|proof| both.agree(&proof, false, "another proof"));
        both.agree_under(&proof, (size, flipped(&root)), false, "another root");
        for wrong in [index + 1, index ^ 1, size - 1 - index, size, u64::MAX] {
            let elsewhere = Both { checkpoint: &checkpoint, index: wrong, leaf };
            elsewhere.agree(&proof, wrong == index, "another index");
        }
        for wrong in [0, index, 2 * size] {
            both.agree_under(&proof, (wrong, root), false, "another size");
        }
        let forged = Both { leaf: flipped(&leaf), ..both };
        forged.agree(&proof, false, "another entry");
    }
}

#[test]
fn both_prove_to_each_other_that_a_log_only_grew() {
    let Grown { founded: _running, stranger, checkpoint, .. } = grown(700);
    let (size, root) = (checkpoint.size(), *checkpoint.hash());
    let reader = TileHashReader::new(size, root, &stranger);
    let mut node = |level: u32, index: u64| {
        let place = stored_hash_index(level.try_into().unwrap(), index);
        reader.read_hashes(&[place]).map(|hashes| ours(&hashes[0]))
    };
    for old in [1, 2, 255, 256, 257, 512, 600, 699, 700] {
        let was = Hash(proof::subtree(0, old, &mut node).expect("a root").0);
        let proof = prove_tree(size, old, &reader).expect("their proof");
        let made_here = proof::consistency(old, size, &mut node).expect("our proof");
        assert_eq!(proof.iter().map(ours).collect::<Vec<_>>(), made_here);
        let agree = |proof: &[Hash], old: u64, was: &Hash, root: &Hash, holds: bool| {
            let theirs = check_tree(&proof.to_vec(), size, *root, old, *was).is_ok();
            let proof: Vec<_> = proof.iter().map(ours).collect();
            let (old, new) = (TreeHead { size: old, root: ours(was) }, (size, ours(root)));
            let new = TreeHead { size: new.0, root: new.1 };
            let here = proof::check_consistency(old, new, &proof).is_ok();
            assert_eq!((theirs, here), (holds, holds), "{} of {size}", old.size);
        };
        agree(&proof, old, &was, &root, true);
        spoiled(&proof).for_each(|proof| agree(&proof, old, &was, &root, false));
        agree(&proof, old, &flipped(&was), &root, false);
        agree(&proof, old, &was, &flipped(&root), false);
        agree(&proof, old + 1, &was, &root, false);
    }
}

/// A log's checkpoint under its key, and under no other; and theirs, read here.
#[test]
fn both_open_each_others_notes_and_no_others() {
    let Grown { founded, stranger, checkpoint, .. } = grown(3);
    let node = founded.node("UNSEC");
    let (origin, key) = ("invented.example/tests/UNSEC", founded.secret("UNSEC", "log"));
    assert_eq!(checkpoint.origin(), origin);
    let note = stranger.note();
    let here = Checkpoint::verify(&note, origin, &[key.public()]).expect("ours");
    assert_eq!(here.head(), head(&checkpoint));
    let other = Stranger::of(node, "COD").vkey;
    open(&note, &other).expect_err("the key of another log");
    let lying = other.replacen("COD", "UNSEC", 1);
    open(&note, &lying).expect_err("a key under a name for which it was not made");
    let text = note.windows(2).position(|two| two == b"\n\n").expect("an empty line");
    for at in 0..note.len() {
        let mut bytes = note.clone();
        bytes[at] ^= 1;
        let theirs = open(&bytes, &stranger.vkey);
        let here = Checkpoint::verify(&bytes, origin, &[key.public()]);
        assert!(theirs.is_err() && here.is_err(), "byte {at}, text until {text}");
    }
    // Signed by their code with the same seed: the same note, byte by byte, and read here.
    let id = stranger.vkey.split('+').nth(1).expect("a key id");
    let signer =
        StandardSigner::new(&format!("PRIVATE+KEY+{origin}+{id}+{}", typed_seed(&founded)));
    let mut theirs = Note::new(checkpoint.to_bytes().as_slice(), &[]).expect("a note");
    theirs.add_sigs(&[&signer.expect("a signer")]).expect("a signature");
    assert_eq!(theirs.to_bytes(), note);
    Checkpoint::verify(&theirs.to_bytes(), origin, &[key.public()]).expect("ours");
}

/// The seed of a log's key behind its type, as their secret keys are written.
fn typed_seed(founded: &Founded) -> String {
    use base64::Engine as _;
    let file = founded.path("UNSEC").join("keys/log.key");
    let text = std::fs::read_to_string(file).expect("a key file");
    let line = text.lines().find(|line| !line.starts_with('#')).expect("a key");
    let seed = hex::decode(line).expect("64 digits");
    base64::engine::general_purpose::STANDARD.encode([&[1], &seed[..]].concat())
}

/// Their reader has the message of a cosignature put together by hand, from the published format.
#[test]
fn another_implementation_finds_the_cosignatures_true() {
    let founded = Founded::running(&["UNSEC", "COD", "TZA"]);
    let speaker = founded.contributor("UNSEC");
    grow(founded.node("UNSEC"), &speaker, 300);
    let (_, body) = http(&format!("{}{}", founded.node("COD").url(), route::MEMBERS)).unwrap();
    let members: Vec<MemberView> = serde_json::from_slice(&body).expect("members");
    let stranger = Stranger::of(founded.node("COD"), "UNSEC");
    stranger.checkpoint(300);
    // At another member's node, too, with what it and the third have cosigned.
    let note = until("two cosignatures", SOON, || {
        let note = String::from_utf8(stranger.note()).expect("text");
        (note.matches("/cosigner ").count() == 2).then_some(note)
    });
    open(note.as_bytes(), &stranger.vkey).expect("the log's own line stands with them");
    let (text, _) = note.rsplit_once("\n\n").expect("an empty line");
    for code in ["COD", "TZA"] {
        let member = members.iter().find(|one| one.code.as_str() == code).expect("a member");
        let (name, rest) = member.cosigner_vkey.split_once('+').expect("a name");
        let line = note.lines().find(|line| line.contains(&format!(" {name} "))).expect(code);
        let signature = signed_note::Signature::from_bytes(line.as_bytes()).expect("a line");
        let (id, key) = rest.split_once('+').expect("an id");
        assert_eq!(format!("{:08x}", signature.id()), id);
        let verifier = cosigner(name, key);
        let (time, bytes) = signature.signature().split_first_chunk::<8>().expect("a time");
        let time = u64::from_be_bytes(*time);
        let message = |time| format!("cosignature/v1\ntime {time}\n{text}\n").into_bytes();
        assert!(verifier.verify(&message(time), bytes), "{code}");
        assert!(!verifier.verify(&message(time + 1), bytes), "{code}, at another time");
    }
}

/// Their Ed25519 under a cosigner's key: they read only keys of type 1, so the type is changed.
fn cosigner(name: &str, key: &str) -> StandardVerifier {
    use base64::Engine as _;
    let base64 = base64::engine::general_purpose::STANDARD;
    let mut typed = base64.decode(key).expect("base64");
    assert_eq!(typed[0], 4, "a key for cosignatures");
    typed[0] = 1;
    let id = signed_note::key_id(name, &typed);
    StandardVerifier::new(&format!("{name}+{id:08x}+{}", base64.encode(typed))).expect("a key")
}

/// No log of this size is needed to compare which tiles it would have.
#[test]
fn both_know_the_same_tiles_of_a_log_of_any_size() {
    for size in [1, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 70_000, 16_777_217] {
        for tile in Tile::new_tiles(HEIGHT, size - size.min(1_000), size) {
            let here = OurTile::named(&address(&tile)).expect("an address");
            let first = tile.level_index() << HEIGHT;
            let places = first..first + u64::from(tile.width());
            assert_eq!(here.places(size), Some(places), "{} of {size}", tile.path());
            if tile.width() < 256 {
                let wider = Tile::new(HEIGHT, tile.level(), tile.level_index(), 256, false);
                let wider = OurTile::named(&address(&wider)).expect("an address");
                assert_eq!(wider.places(size), None, "{} of {size}", tile.path());
            }
        }
    }
}
