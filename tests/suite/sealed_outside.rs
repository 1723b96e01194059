//! Nobody outside of the audience ever has a byte of what is sealed: not on a disk, not in memory, and not
//! on the way. With everything that can be sealed.

use aho_corasick::{AhoCorasick, MatchKind};
use cairn_api::SealedState;
use cairn_casebook::fact::{HandedOver, Identity, MAIN_PART, Says};
use cairn_casebook::vocabulary::{Basis, PersonRole, Verification};
use cairn_casebook::{EntryRef, Fact};
use cairn_tests::nodes::traffic::{Capability, Capture, has, memory};
use cairn_tests::nodes::{
    Contributor, Founded, Node, SOON, SealedStatement, User, accepted, erasure, until,
};
use std::fs;
use std::path::Path;

const FIVE: [&str; 5] = ["UNSEC", "COD", "TUR", "TZA", "RWA"];
const OUTSIDE: [&str; 2] = ["UNSEC", "RWA"];
const TEXTS: [&str; 3] = [
    "the bearer of bad news wore a yellow scarf",
    "handed over behind the invented market hall",
    "an invented name that no log will ever show",
];
/// Bytes of each window that is searched for.
const WINDOW: usize = 32;

/// Everything of a statement that only its audience may have, in windows that nobody has by chance.
fn windows(sealed: &SealedStatement) -> Vec<Vec<u8>> {
    // The beginning of a payload says what stands in the entry too: whose it is, and for whom.
    let payload = sealed.sealed.payload.rchunks(WINDOW).take(4);
    let pieces = sealed.pieces.iter().flat_map(|piece| piece.chunks(512 << 10));
    payload.chain(pieces).filter_map(|some| some.get(..WINDOW)).map(<[u8]>::to_vec).collect()
}

fn finder(secrets: &[Vec<u8>]) -> AhoCorasick {
    AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(secrets).expect("some texts")
}

fn says() -> Says {
    let as_of = "2026-11-23".parse().unwrap();
    Says { basis: Basis::OwnAct, verification: Verification::Unverified, as_of }
}

/// Something of each kind, stated by COD: for TUR, what was granted for TZA too, and for nobody.
fn state_all(founded: &Founded, speaker: &Contributor, user: &User) -> Vec<SealedStatement> {
    let (tur, tza) = (founded.user("TUR", "viewer"), founded.user("TZA", "viewer"));
    let is_held = |reader: &User, sealed: &SealedStatement, entry: &EntryRef| {
        until("the part is held", SOON, || {
            let state = reader.state_of(entry, sealed.part())?.0;
            (state == SealedState::Held).then_some(())
        });
        let _ = reader.open(entry, sealed.part());
    };
    let remark = founded.remark(speaker, 1, &["TUR"], TEXTS[0]);
    let remark_at = remark.state(user);
    let document = founded.document(speaker, 2, &["TUR"], &file());
    let document_at = document.state(user);
    let over = HandedOver {
        says: says(),
        document: document_at.clone(),
        date: "2026-11-22".parse().unwrap(),
    };
    let over = Fact::HandedOver(over);
    let over = founded.seal(speaker, 3, &over, MAIN_PART, &["TUR"], TEXTS[1].as_bytes());
    let over_at = over.state(user);
    let identity = Identity { says: says(), role: PersonRole::Victim, number: 1 };
    let identity = Fact::Identity(identity);
    let identity = founded.seal(speaker, 4, &identity, MAIN_PART, &[], TEXTS[2].as_bytes());
    let identity_at = identity.state(user);
    assert!(user.open(&identity_at, identity.part()).is_ok());
    for (sealed, at) in [(&remark, &remark_at), (&document, &document_at), (&over, &over_at)] {
        is_held(&tur, sealed, at);
    }
    let grant = founded.grant(speaker, 5, document_at.clone(), &document, &["TZA"]);
    let _ = grant.state(user);
    is_held(&tza, &document, &document_at);
    let second = founded.second("COD");
    let erased = erasure(speaker, &second, 6, remark_at.clone(), &remark);
    let _ = accepted(&founded.node("COD").url(), &erased);
    until("it is destroyed", SOON, || {
        (user.state_of(&remark_at, remark.part())?.1.len() == 2).then_some(())
    });
    vec![remark, document, over, identity, grant]
}

fn file() -> Vec<u8> {
    (0..900_000_u32).flat_map(|at| at.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

#[test]
fn outside_of_the_audience_no_byte_is_on_a_disk_in_memory_or_on_the_way() {
    let founded = Founded::running(&FIVE);
    let (speaker, user) = (founded.contributor("COD"), founded.user("COD", "contributor"));
    let ports = founded.nodes.iter().map(|node| node.port);
    // What is asked of the nodes of others by their own users is theirs, and goes in the clear here.
    let outside = OUTSIDE.map(|code| founded.node(code).http);
    let ports: Vec<u16> = ports.chain(outside).collect();
    let capture = has(Capability::NetRaw).then(|| Capture::of(&ports));
    let sealed = state_all(&founded, &speaker, &user);
    founded.agree();
    for code in OUTSIDE {
        let stranger = founded.user(code, "administrator");
        assert_eq!(stranger.get("/v1/sealed").0, 200);
    }
    let mut secrets: Vec<Vec<u8>> = sealed.iter().flat_map(windows).collect();
    secrets.extend(sealed.iter().map(|one| one.sealed.key.bytes().to_vec()));
    secrets.extend(TEXTS.map(|text| text.as_bytes().to_vec()));
    secrets.extend(file().chunks(512 << 10).map(|some| some[..WINDOW].to_vec()));
    let secret = finder(&secrets);
    let nothing = |bytes: &[u8], place: &str| {
        let found = secret.find(bytes);
        assert!(found.is_none(), "{place} has {:02x?}", found.map(|at| &bytes[at.range()]));
    };
    // What is searched like this is found: the network's id is in every place.
    let public = finder(&[founded.charter.network().0.to_vec()]);
    let mut packets = 0;
    for packet in capture.map(Capture::stop).unwrap_or_default() {
        nothing(&packet, "a packet");
        packets += 1;
    }
    assert!(packets > 100 || !has(Capability::NetRaw), "{packets} packets");
    let ptrace = has(Capability::Ptrace);
    for node in OUTSIDE.map(|code| founded.node(code)) {
        let mut seen = false;
        on_disk(&node.folder, &mut |bytes, path| {
            nothing(bytes, path);
            seen |= public.is_match(bytes);
        });
        assert!(seen, "the disk of {} was not read", node.code);
        if ptrace {
            in_memory(node, &public, nothing);
        }
    }
    // And what is here is found with those who have it.
    let piece = finder(&windows(&sealed[1]));
    let mut found = false;
    on_disk(&founded.node("TZA").folder, &mut |bytes, _| found |= piece.is_match(bytes));
    assert!(found, "a reader has the file");
}

fn in_memory(node: &Node, public: &AhoCorasick, nothing: impl Fn(&[u8], &str)) {
    let (mut seen, place) = (false, format!("the memory of {}", node.code));
    memory(node.id(), WINDOW as u64 * 2, |bytes| {
        nothing(bytes, &place);
        seen |= public.is_match(bytes);
    });
    assert!(seen, "{place} was not read");
}

fn on_disk(folder: &Path, look: &mut dyn FnMut(&[u8], &str)) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            on_disk(&path, look);
        } else if let Ok(bytes) = fs::read(&path) {
            look(&bytes, &path.display().to_string());
        }
    }
}

#[test]
fn a_node_that_crashes_leaves_nothing_of_its_memory_and_shows_it_to_nobody() {
    let mut founded = Founded::of(&["UNSEC", "COD"]);
    founded.node_mut("COD").start();
    let id = founded.node("COD").id().as_raw_nonzero();
    let limits = fs::read_to_string(format!("/proc/{id}/limits")).unwrap();
    let cores = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let words: Vec<_> = cores.split_whitespace().skip(4).take(2).collect();
    assert_eq!(words, ["0", "0"], "{cores}");
    // Whose process it is, its own user may not even list its files.
    use std::os::unix::fs::MetadataExt as _;
    let owner = fs::metadata(format!("/proc/{id}/mem")).unwrap().uid();
    assert_eq!(owner, 0, "its user may read its memory");
}
