//! Sealed parts when things go wrong: liars in the audience, full shelves, crashes in the middle.

use cairn_api::{Opened, Pieces, SealedState};
use cairn_casebook::EntryRef;
use cairn_ledger::hash::Bytes;
use cairn_replica::message::{Request, Response};
use cairn_tests::nodes::hostile::{Hostile, Seen};
use cairn_tests::nodes::{
    Contributor, Founded, SOON, SealedStatement, Signal, User, accepted, erasure, until,
};
use std::fs;
use std::time::Duration;

const FOUR: [&str; 4] = ["UNSEC", "COD", "TUR", "TZA"];

fn four() -> (Founded, Contributor, User) {
    let founded = Founded::running(&FOUR);
    let speaker = founded.contributor("COD");
    let user = founded.user("COD", "contributor");
    (founded, speaker, user)
}

fn is_held(user: &User, entry: &EntryRef, part: u16) {
    until("the part is held", SOON, || {
        matches!(user.state_of(entry, part), Some((SealedState::Held, _))).then_some(())
    });
}

/// TZA was away when COD sealed something for it and TUR, and COD is gone since.
fn away(sealed: impl Fn(&Founded, &Contributor) -> SealedStatement) -> (Founded, EntryRef, u16) {
    let (mut founded, speaker, user) = four();
    assert_eq!(founded.node_mut("TZA").stop(Signal::TERM), Some(0));
    let sealed = sealed(&founded, &speaker);
    let entry = sealed.state(&user);
    is_held(&founded.user("TUR", "viewer"), &entry, sealed.part());
    founded.node("UNSEC").holds("COD", entry.position + 1);
    for code in ["COD", "TUR"] {
        assert_eq!(founded.node_mut(code).stop(Signal::TERM), Some(0));
    }
    founded.node_mut("TZA").start();
    founded.node("TZA").holds("COD", entry.position + 1);
    (founded, entry, sealed.part())
}

/// Answers what is asked of sealed parts with `bytes`, as TUR, until TZA has dropped it for it.
fn lies(founded: &Founded, payload: Vec<u8>, says: &str) {
    let key = founded.secret("TUR", "transport");
    let mut liar = Hostile::new(&key, founded.charter.network()).answering(move |request| {
        Some(match request {
            Request::Sealed(_) => Response::Sealed(Bytes(payload.clone())).encode(),
            Request::Fetch { .. } | Request::Prove { .. } | Request::Opened(_) => {
                Response::Nothing.encode()
            }
            Request::Charters(_) => Response::Charters(Vec::new()).encode(),
            Request::Heads(_)
            | Request::Addresses(_)
            | Request::Grown { .. }
            | Request::Forked(_)
            | Request::Cosigned(_) => Response::Noted.encode(),
        })
    });
    liar.connect(founded.node("TZA").port);
    liar.until("it is dropped", |seen| (seen == Seen::Closed).then_some(()));
    let why = founded.node("TZA").peer("TUR").dropped.expect("a reason");
    assert!(why.contains(says), "{why}");
}

#[test]
fn a_reader_that_lies_is_dropped_and_the_truth_comes_from_another() {
    let remark = |founded: &Founded, speaker: &Contributor| {
        founded.remark(speaker, 1, &["TUR", "TZA"], "what happened")
    };
    let (mut founded, entry, part) = away(remark);
    let folder = founded.node("TUR").folder.join("sealed");
    let shelf = fs::read_dir(folder).unwrap().map(Result::unwrap).find(|one| one.path().is_dir());
    let shelf = fs::read_dir(shelf.unwrap().path()).unwrap().next().unwrap().unwrap().path();
    let mut payload = fs::read(shelf.join("payload")).unwrap();
    // The reference in its header: it belongs to another statement then.
    let reference = 2 + 8 + 2 + 32 + 8 + 3;
    payload[reference] ^= 1;
    lies(&founded, payload, "belongs to");
    let reader = founded.user("TZA", "viewer");
    assert_eq!(reader.state_of(&entry, part).unwrap().0, SealedState::Missing);
    founded.node_mut("COD").start();
    is_held(&reader, &entry, part);
    assert_eq!(reader.open(&entry, part), Ok(Opened::Text("what happened".into())));
}

#[test]
fn what_is_too_much_is_not_fetched_and_says_why() {
    let (mut founded, speaker, user) = four();
    let node = founded.node_mut("TZA");
    assert_eq!(node.stop(Signal::TERM), Some(0));
    let settings = node.folder.join("node.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let limited: Vec<_> = text
        .lines()
        .map(|line| match line.starts_with("sealed_bytes_per_case") {
            true => "sealed_bytes_per_case = 1000000",
            false => line,
        })
        .collect();
    fs::write(&settings, limited.join("\n")).unwrap();
    node.start();
    let large = founded.document(&speaker, 1, &["TZA"], &vec![3; 2_000_000]);
    let small = founded.remark(&speaker, 2, &["TZA"], "short");
    let (large_at, small_at) = (large.state(&user), small.state(&user));
    let reader = founded.user("TZA", "viewer");
    is_held(&reader, &small_at, small.part());
    let why = until("it is refused", SOON, || match reader.state_of(&large_at, large.part())?.0 {
        SealedState::Refused { why } => Some(why),
        SealedState::NotForUs
        | SealedState::Missing
        | SealedState::Fetching { .. }
        | SealedState::Held
        | SealedState::Erased { .. } => None,
    });
    assert!(why.contains("sealed_bytes_per_case in node.toml"), "{why}");
    // At its own node it is refused where it is handed in.
    let node = founded.node("TZA");
    let own = founded.contributor("TZA");
    let document = founded.document(&own, 3, &["COD"], &vec![3; 2_000_000]);
    let (status, said) = document.hand_in(&founded.user("TZA", "contributor"));
    assert_eq!(status, 422);
    assert!(String::from_utf8_lossy(&said).contains("1000000"), "{node:?}");
}

#[test]
fn attaching_goes_on_after_a_crash_in_the_middle() {
    let (mut founded, speaker, user) = four();
    let document = founded.document(&speaker, 1, &["TUR"], &vec![9; 5 << 20]);
    assert_eq!(document.hand_in(&user).0, 200);
    for number in [0, 3] {
        assert_eq!(document.hand_in_piece(&user, number, &document.pieces[number]).0, 204);
    }
    founded.node_mut("COD").kill();
    founded.node_mut("COD").start();
    let (status, body) = document.hand_in(&user);
    assert_eq!(status, 200);
    let pieces: Pieces = serde_json::from_slice(&body).unwrap();
    assert_eq!((pieces.held, pieces.pieces, pieces.missing), (true, 5, vec![1, 2, 4]));
    let entry = document.state(&user);
    is_held(&founded.user("TUR", "viewer"), &entry, document.part());
}

#[test]
fn granting_and_erasing_are_finished_after_crashes_in_the_middle() {
    let (mut founded, speaker, user) = four();
    let file: Vec<u8> = (0..8_000_000_u32).map(|at| at.wrapping_mul(2_654_435_761) as u8).collect();
    let document = founded.document(&speaker, 1, &["TUR"], &file);
    let entry = document.state(&user);
    is_held(&founded.user("TUR", "viewer"), &entry, document.part());
    let grant = founded.grant(&speaker, 2, entry.clone(), &document, &["TZA"]);
    let _ = grant.state(&user);
    let reader = founded.user("TZA", "viewer");
    for pause in [0, 30, 100, 200] {
        std::thread::sleep(Duration::from_millis(pause));
        founded.node_mut("TZA").kill();
        founded.node_mut("TZA").start();
    }
    is_held(&reader, &entry, document.part());
    let path = format!("/v1/sealed/COD/{}/1/file", entry.position);
    assert!(reader.get(&path) == (200, file), "another file");
    let second = founded.second("COD");
    let erasure = erasure(&speaker, &second, 3, entry.clone(), &document);
    let _ = accepted(&founded.node("COD").url(), &erasure);
    for pause in [0, 50, 150, 300] {
        std::thread::sleep(Duration::from_millis(pause));
        for code in ["TZA", "TUR"] {
            founded.node_mut(code).kill();
            founded.node_mut(code).start();
        }
    }
    until("all say that it is destroyed", SOON, || {
        let (_, by) = user.state_of(&entry, document.part())?;
        (by.len() == 3).then_some(())
    });
    for code in ["COD", "TUR", "TZA"] {
        let left = fs::read_dir(founded.node(code).folder.join("sealed")).unwrap();
        let bytes: u64 = left.map(|one| size_of(&one.unwrap().path())).sum();
        assert!(bytes < 1 << 20, "{code} still has {bytes} bytes");
    }
    founded.agree();
}

fn size_of(path: &std::path::Path) -> u64 {
    if !path.is_dir() {
        return path.metadata().unwrap().len();
    }
    fs::read_dir(path).unwrap().map(|one| size_of(&one.unwrap().path())).sum()
}
