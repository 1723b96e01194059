//! Every part of every proof in turn is another: nothing is believed that was not before.

use crate::village::FIVE;
use cairn_ledger::charter::Rules;
use cairn_ledger::fork::RawFork;
use cairn_ledger::hash::Bytes;
use cairn_ledger::note::{RawNote, SignatureLine};
use cairn_ledger::proof::{
    TreeHead, check_consistency, check_inclusion, consistency, inclusion, subtree,
};
use cairn_ledger::tree::{leaf_hash, node_hash};
use cairn_ledger::{
    Charter, Checkpoint, Cosigned, Cosigner, NetworkId, PublicKey, RawReceipt, TreeHash, codec,
};
use cairn_tests::people::{Network, key};
use cairn_tests::shown::{cosigned, fork, history, receipt};
use std::convert::Infallible;

fn node(level: u32, index: u64) -> Result<TreeHash, Infallible> {
    if level == 0 {
        return Ok(leaf_hash(&index.to_le_bytes()));
    }
    let (Ok(left), Ok(right)) = (node(level - 1, index * 2), node(level - 1, index * 2 + 1));
    Ok(node_hash(&left, &right))
}

fn head(size: u64) -> TreeHead {
    let Ok(root) = subtree(0, size, &mut node);
    TreeHead { size, root }
}

/// Every way in which one hash of a proof can be another, missing, doubled or out of place.
fn spoilt(proof: &[TreeHash]) -> Vec<Vec<TreeHash>> {
    let mut all = vec![[proof, &[TreeHash([7; 32])]].concat()];
    for at in 0..proof.len() {
        let change = |change: &dyn Fn(&mut Vec<TreeHash>)| {
            let mut proof = proof.to_vec();
            change(&mut proof);
            proof
        };
        all.extend([0, 13, 31].map(|byte| change(&|proof| proof[at].0[byte] ^= 0x10)));
        all.push(change(&|proof| drop(proof.splice(at..=at, []))));
        all.push(change(&|proof| proof.insert(at, proof[at])));
        all.extend((at + 1..proof.len()).map(|other| change(&|proof| proof.swap(at, other))));
    }
    all.retain(|spoilt| spoilt != proof);
    all
}

/// On which side the siblings of a leaf stand, from the root down: RFC 6962, section 2.1.1.
fn sides(index: u64, size: u64) -> Vec<bool> {
    if size < 2 {
        return Vec::new();
    }
    let middle = 1 << (size - 1).ilog2();
    let is_right = index >= middle;
    let (index, size) = if is_right { (index - middle, size - middle) } else { (index, middle) };
    [vec![is_right], sides(index, size)].concat()
}

#[test]
fn no_altered_inclusion_proof_shows_anything() {
    let mut refused = 0;
    let sizes = 1..=17_u64;
    for (size, index) in sizes.flat_map(|size| (0..size).map(move |index| (size, index))) {
        let (Ok(proof), Ok(leaf)) = (inclusion(index, size, &mut node), node(0, index));
        let root = head(size).root;
        let shows = |leaf, index, size, root, proof: &[TreeHash]| {
            check_inclusion(leaf, index, size, root, proof).is_ok()
        };
        assert!(shows(leaf, index, size, root, &proof), "{index} of {size}");
        for proof in spoilt(&proof) {
            assert!(!shows(leaf, index, size, root, &proof), "{index} of {size}");
            refused += 1;
        }
        let (mut other_leaf, mut other_root) = (leaf, root);
        (other_leaf.0[31], other_root.0[0]) = (leaf.0[31] ^ 1, root.0[0] ^ 1);
        assert!(!shows(other_leaf, index, size, root, &proof), "{index} of {size}");
        assert!(!shows(leaf, index, size, other_root, &proof), "{index} of {size}");
        // The hashes lead to the root wherever they join in the same way: index and size are bound by
        // the entry and by the checkpoint, not by the proof.
        for (at, of) in (0..40).flat_map(|of| (0..of + 2).map(move |at| (at, of))) {
            let same = at < of && sides(at, of) == sides(index, size);
            assert_eq!(
                shows(leaf, at, of, root, &proof),
                same,
                "{index} of {size} as {at} of {of}"
            );
            refused += usize::from(!same);
        }
        let huge =
            [(index, u64::MAX), (u64::MAX - 1, u64::MAX), (u64::MAX, u64::MAX), (1 << 63, 1)];
        for (at, of) in huge {
            let same = at < of && sides(at, of) == sides(index, size);
            assert_eq!(
                shows(leaf, at, of, root, &proof),
                same,
                "{index} of {size} as {at} of {of}"
            );
        }
    }
    assert!(refused > 10_000, "only {refused}");
}

/// How the hashes of a consistency proof join: RFC 6962, section 2.1.2. Whether the smaller tree's root
/// is the first hash, and on which side each of the others stands, from the root down.
fn joins(old: u64, new: u64, whole: bool) -> (bool, Vec<bool>) {
    if old == new {
        return (whole, Vec::new());
    }
    let middle = 1 << (new - 1).ilog2();
    let (is_right, (first, rest)) = if old <= middle {
        (false, joins(old, middle, whole))
    } else {
        (true, joins(old - middle, new - middle, false))
    };
    (first, [vec![is_right], rest].concat())
}

#[test]
fn no_altered_consistency_proof_shows_anything() {
    let mut refused = 0;
    for (new, old) in (1..=13_u64).flat_map(|new| (0..=new).map(move |old| (new, old))) {
        let Ok(proof) = consistency(old, new, &mut node);
        let (small, large) = (head(old), head(new));
        let shows = |old, new, proof: &[TreeHash]| check_consistency(old, new, proof).is_ok();
        assert!(shows(small, large, &proof), "{old} to {new}");
        for proof in spoilt(&proof) {
            assert!(!shows(small, large, &proof), "{old} to {new}");
            refused += 1;
        }
        for byte in [0, 13, 31] {
            let (mut other_small, mut other_large) = (small, large);
            other_small.root.0[byte] ^= 0x10;
            other_large.root.0[byte] ^= 0x10;
            assert!(!shows(other_small, large, &proof), "{old} to {new}");
            // Every tree has grown from the empty one.
            assert_eq!(shows(small, other_large, &proof), old == 0, "{old} to {new}");
        }
        for (from, to) in (0..30).flat_map(|to| (0..30).map(move |from| (from, to))) {
            let (small, large) = (TreeHead { size: from, ..small }, TreeHead { size: to, ..large });
            let same = match (from, old) {
                (0, 0) => to > 0,
                (0, _) | (_, 0) => false,
                _ if from > to => false,
                _ => joins(from, to, true) == joins(old, new, true),
            };
            let asked = format!("{old} to {new} as {from} to {to}");
            assert_eq!(shows(small, large, &proof), same, "{asked}");
            refused += usize::from(!same);
        }
    }
    assert!(refused > 10_000, "only {refused}");
    let other = TreeHead { size: 0, root: TreeHash([7; 32]) };
    for (old, new) in [(other, head(3)), (other, other), (head(0), other), (other, head(0))] {
        check_consistency(old, new, &[]).expect_err("an empty tree with another root");
    }
}

/// A note, taken apart.
#[derive(Clone)]
struct Parts {
    text: [String; 3],
    lines: Vec<SignatureLine>,
}

impl Parts {
    fn of(note: &str) -> Self {
        let raw = RawNote::decode(note.as_bytes()).unwrap();
        let text: Vec<_> = raw.text().lines().map(String::from).collect();
        Self { text: text.try_into().unwrap(), lines: raw.signatures().to_vec() }
    }

    fn note(&self) -> String {
        let lines: String = self.lines.iter().map(SignatureLine::encode).collect();
        format!("{}\n\n{lines}", self.text.join("\n"))
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> String {
        let mut parts = self.clone();
        change(&mut parts);
        parts.note()
    }

    /// Every way in which what the log has signed, or its line, can be another.
    fn other_promises(&self, other: &Self) -> Vec<String> {
        let mut all: Vec<_> = (0..3)
            .filter(|part| self.text[*part] != other.text[*part])
            .map(|part| self.with(|note| note.text[part].clone_from(&other.text[part])))
            .collect();
        let elsewhere = [self.text[0].clone() + "/x", self.text[0].replace("M0", "m0")];
        all.extend(elsewhere.map(|origin| self.with(|note| note.text[0] = origin)));
        let size: u64 = self.text[1].parse().unwrap();
        let sizes = [0, size - 1, size + 1, size * 10, u64::MAX].map(|size| size.to_string());
        all.extend(sizes.map(|size| self.with(|note| note.text[1] = size)));
        all.push(self.with(|note| note.lines[0].name.push('x')));
        all.extend((0..4).map(|byte| self.with(|note| note.lines[0].key_id[byte] ^= 1)));
        all.extend((0..64).map(|byte| self.with(|note| note.lines[0].signature[byte] ^= 1)));
        all.push(self.with(|note| note.lines[0] = other.lines[0].clone()));
        all.push(self.with(|note| drop(note.lines.remove(0))));
        all.push(self.with(|note| note.lines[0].signature.truncate(63)));
        all.push(self.with(|note| note.lines[0].signature.push(0)));
        all
    }
}

#[test]
fn no_altered_checkpoint_is_the_logs() {
    let [face, other] = [history(&FIVE, 0, 10, 5), history(&FIVE, 1, 10, 6)];
    let [note, elsewhere] = [&face, &other].map(|face| Parts::of(face.checkpoint.note()));
    let origin = FIVE.charter.origin(&face.log);
    let log_key = FIVE.people[0].secrets.log.public();
    let read = |note: &str, origin: &str, key: PublicKey| {
        Checkpoint::verify(note.as_bytes(), origin, &[key])
    };
    read(&note.note(), &origin, log_key).expect("the log's");
    for note in note.other_promises(&elsewhere) {
        read(&note, &origin, log_key).expect_err(&note);
    }
    for byte in 0..32 {
        let mut key = log_key;
        key.0[byte] ^= 1;
        read(&note.note(), &origin, key).expect_err("another key");
    }
    let own = &FIVE.people[0].secrets;
    for key in [&own.root, &own.cosign, &own.transport, &FIVE.people[1].secrets.log] {
        read(&note.note(), &origin, key.public()).expect_err("a key for something else");
    }
    read(&note.note(), &FIVE.charter.origin(&other.log), log_key).expect_err("another log");
}

/// The members on the lines of a note, or nothing where the note is refused.
fn cosigners(charter: &Charter, note: &str) -> Option<Vec<String>> {
    let cosigned = Cosigned::verify(note.as_bytes(), charter, &FIVE.people[0].code, None).ok()?;
    Some(cosigned.cosignatures().keys().map(|cosigner| cosigner.name().to_string()).collect())
}

#[test]
fn an_altered_cosignature_is_refused_or_nobodys() {
    let face = history(&FIVE, 0, 10, 5);
    let parts = Parts::of(&cosigned(&FIVE, &face, &[1, 3, 4]).note(&FIVE.charter));
    let read = |note: &str| cosigners(&FIVE.charter, note);
    let all = ["M001", "M003", "M004"].map(String::from);
    assert_eq!(read(&parts.note()).as_deref(), Some(&all[..]));
    let other =
        Parts::of(&cosigned(&FIVE, &history(&FIVE, 0, 500, 6), &[1, 3, 4]).note(&FIVE.charter));
    for note in parts.other_promises(&other) {
        assert_eq!(read(&note), None, "{note}");
    }
    for at in 1..=3 {
        let rest: Vec<_> = (1..=3).filter(|it| *it != at).map(|it| all[it - 1].clone()).collect();
        let with = |change: &dyn Fn(&mut SignatureLine)| {
            read(&parts.with(|note| change(&mut note.lines[at])))
        };
        // Under another name or key id the line is nobody's.
        assert_eq!(with(&|line| line.name.push('x')).as_ref(), Some(&rest));
        assert_eq!(with(&|line| line.name = "M001".into()).as_ref(), Some(&rest));
        for byte in 0..4 {
            assert_eq!(with(&|line| line.key_id[byte] ^= 1).as_ref(), Some(&rest));
        }
        for next in (1..=3).filter(|next| *next != at).map(|next| &parts.lines[next]) {
            assert_eq!(with(&|line| line.name.clone_from(&next.name)).as_ref(), Some(&rest));
            assert_eq!(with(&|line| line.key_id = next.key_id).as_ref(), Some(&rest));
            // Under the name and key id of another it is a lie.
            let take = |line: &mut SignatureLine| {
                line.name.clone_from(&next.name);
                line.key_id = next.key_id;
            };
            assert_eq!(with(&take), None);
            assert_eq!(with(&|line| line.signature.clone_from(&next.signature)), None);
        }
        // The first eight bytes are the time.
        for byte in 0..72 {
            assert_eq!(with(&|line| line.signature[byte] ^= 1), None, "byte {byte}");
        }
        assert_eq!(with(&|line| line.signature.truncate(71)), None);
        assert_eq!(with(&|line| line.signature.push(0)), None);
        assert_eq!(with(&|line| line.signature.truncate(8)), None);
        assert_eq!(with(&|line| *line = other.lines[at].clone()), None, "another checkpoint's");
        assert_eq!(read(&parts.with(|note| drop(note.lines.remove(at)))).as_ref(), Some(&rest));
    }
}

#[test]
fn a_cosignature_counts_only_under_the_key_that_the_charter_lists() {
    let note = cosigned(&FIVE, &history(&FIVE, 0, 10, 5), &[1, 3, 4]).note(&FIVE.charter);
    let with = |change: &dyn Fn(&mut Network)| {
        let mut network = Network::clone(&FIVE);
        change(&mut network);
        let rules = Rules { secretariat_signs: false, ..Rules::two_thirds_of(5) };
        cosigners(&Network::of_people(network.people, rules).charter, &note)
    };
    assert_eq!(with(&|_| ()).map(|all| all.len()), Some(3));
    assert_eq!(with(&|it| it.people[3].secrets.cosign = key(99)).map(|all| all.len()), Some(2));
    let swap = |it: &mut Network| {
        let one = it.people[1].secrets.cosign.clone();
        it.people[1].secrets.cosign = std::mem::replace(&mut it.people[3].secrets.cosign, one);
    };
    assert_eq!(with(&swap), Some(vec!["M004".to_string()]));
    assert_eq!(with(&|it| it.people[0].secrets.log = key(99)), None, "the log's own key");
}

/// The parts of a receipt's file.
#[derive(Clone, PartialEq)]
struct Receipt {
    charters: Vec<Bytes>,
    entry: Bytes,
    index: String,
    proof: Vec<String>,
    note: String,
}

impl Receipt {
    fn of(raw: &RawReceipt) -> Self {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let text = raw.encode();
        let (head, note) = text.split_once("\n\n").unwrap();
        let lines: Vec<_> = head.lines().collect();
        let extra = STANDARD.decode(lines[1].strip_prefix("extra ").unwrap()).unwrap();
        let (_, charters, entry): (u16, _, _) = codec::decode("extra", &extra, 8 << 20).unwrap();
        let proof = lines[3..].iter().map(ToString::to_string).collect();
        Self { charters, entry, index: lines[2].into(), proof, note: note.into() }
    }

    fn text(&self) -> String {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let extra = STANDARD.encode(codec::encode(&(1_u16, &self.charters, &self.entry)));
        let proof: String = self.proof.iter().map(|hash| format!("{hash}\n")).collect();
        format!("c2sp.org/tlog-proof@v1\nextra {extra}\n{}\n{proof}\n{}", self.index, self.note)
    }

    fn verify(&self, network: NetworkId) -> Result<(), String> {
        let raw = RawReceipt::decode(self.text().as_bytes()).map_err(|why| why.to_string())?;
        raw.verify(network).map(drop).map_err(|why| why.to_string())
    }
}

/// Everything in a true receipt fits that receipt alone.
#[test]
fn no_part_of_a_receipt_fits_into_another() {
    let rules = Rules { secretariat_signs: false, ..Rules::two_thirds_of(4) };
    let strangers = Network::ruled(4, rules);
    let [grown, forked, other] =
        [history(&FIVE, 0, 10, 5), history(&FIVE, 0, 500, 5), history(&FIVE, 1, 10, 5)];
    let mut all: Vec<_> = [(&grown, 1), (&grown, 2), (&forked, 1), (&other, 1)]
        .map(|(face, at)| (FIVE.charter.network(), Receipt::of(&receipt(&FIVE, face, at, &[2, 3]))))
        .into();
    let theirs = receipt(&strangers, &history(&strangers, 0, 10, 5), 1, &[2, 3]);
    all.push((strangers.charter.network(), Receipt::of(&theirs)));
    let take: [fn(&mut Receipt, &Receipt); 5] = [
        |mine, other| mine.charters.clone_from(&other.charters),
        |mine, other| mine.entry.clone_from(&other.entry),
        |mine, other| mine.index.clone_from(&other.index),
        |mine, other| mine.proof.clone_from(&other.proof),
        |mine, other| mine.note.clone_from(&other.note),
    ];
    let mut refused = 0;
    for (network, right) in &all {
        right.verify(*network).expect("true");
        for (elsewhere, other) in &all {
            if elsewhere != network {
                right.verify(*elsewhere).expect_err("another network");
            }
            let mixed = take.iter().map(|take| {
                let mut mixed = right.clone();
                take(&mut mixed, other);
                mixed
            });
            let hashes = (0..right.proof.len()).map(|at| {
                let mut mixed = right.clone();
                mixed.proof[at].clone_from(&other.proof[at]);
                mixed
            });
            for mixed in mixed.chain(hashes).filter(|mixed| mixed != right) {
                mixed.verify(*network).expect_err("a part of another receipt");
                refused += 1;
            }
        }
    }
    assert!(refused > 80, "only {refused}");
}

#[test]
fn an_altered_checkpoint_or_cosignature_spoils_a_receipt() {
    let network = FIVE.charter.network();
    let right = Receipt::of(&receipt(&FIVE, &history(&FIVE, 0, 10, 5), 2, &[1, 3]));
    let other =
        Parts::of(&cosigned(&FIVE, &history(&FIVE, 0, 500, 6), &[1, 3]).note(&FIVE.charter));
    let parts = Parts::of(&right.note);
    let mut notes: Vec<_> = parts.other_promises(&other);
    notes.retain(|note| *note != right.note);
    // Of a cosigner's line: each byte of the time, and some of the signature.
    let bytes = (0..8).chain([8, 39, 40, 71]);
    notes.extend(bytes.map(|byte| parts.with(|note| note.lines[2].signature[byte] ^= 1)));
    for note in notes {
        Receipt { note, ..right.clone() }.verify(network).expect_err("altered");
    }
}

#[test]
fn no_part_of_a_fork_proof_can_be_another() {
    let [one, other] = [history(&FIVE, 0, 10, 6), history(&FIVE, 0, 500, 11)];
    let make = |size| fork(&FIVE, size, (&one, &[1, 2]), (&other, &[2, 3]));
    let verify = |raw: &RawFork| {
        let raw = RawFork::decode(&codec::encode(raw)).map_err(|why| why.to_string())?;
        raw.verify(&FIVE.charter).map_err(|why| why.to_string())
    };
    let right = make(4);
    let both = [Cosigner::Member(FIVE.people[2].code.clone())];
    assert_eq!(verify(&right).expect("a fork").cosigners_of_both(), both);
    let with = |change: &dyn Fn(&mut RawFork)| {
        let mut raw = right.clone();
        change(&mut raw);
        verify(&raw).map(|fork| fork.cosigners_of_both())
    };
    for size in (0..40).chain([u64::MAX - 1, u64::MAX]).filter(|size| *size != 4) {
        with(&|raw| raw.size = size).expect_err("another size");
    }
    for person in &FIVE.people[1..] {
        with(&|raw| raw.log = person.code.clone()).expect_err("another log");
    }
    with(&|raw| raw.sides.swap(0, 1)).expect_err("in the wrong order");
    for which in [0, 1] {
        let own = &right.sides[which];
        for byte in 0..32 {
            with(&|raw| raw.sides[which].root.0[byte] ^= 1).expect_err("another root");
        }
        for proof in spoilt(&own.proof) {
            with(&|raw| raw.sides[which].proof.clone_from(&proof)).expect_err("another proof");
        }
        // Parts of the other side, and of a proof for another size.
        for from in [&right.sides[1 - which], &make(3).sides[which], &make(5).sides[which]] {
            with(&|raw| raw.sides[which].root = from.root).expect_err("another root");
            with(&|raw| raw.sides[which].proof.clone_from(&from.proof)).expect_err("another proof");
        }
        let notes: Vec<_> =
            right.sides.iter().map(|side| String::from_utf8(side.checkpoint.0.clone())).collect();
        let [mine, theirs] = [which, 1 - which].map(|it| Parts::of(notes[it].as_ref().unwrap()));
        let put = |note: String| {
            with(&|raw| raw.sides[which].checkpoint = Bytes(note.clone().into_bytes()))
        };
        for note in mine.other_promises(&theirs) {
            put(note).expect_err("another checkpoint");
        }
        put(theirs.note()).expect_err("the other side's checkpoint");
        // M002 has signed both; without its line, or under another key, it is not convicted.
        let at = mine.lines.iter().position(|line| line.name.contains("M002")).unwrap();
        put(mine.with(|note| note.lines[at].signature[7] ^= 1)).expect_err("another time");
        put(mine.with(|note| note.lines[at].signature[71] ^= 1)).expect_err("another signature");
        put(mine.with(|note| note.lines[at] = theirs.lines[at].clone())).expect_err("another's");
        let unknown = put(mine.with(|note| note.lines[at].key_id[0] ^= 1));
        assert_eq!(unknown, Ok(Vec::new()));
    }
}
