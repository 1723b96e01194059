//! Sealed parts between real nodes: who has them, who opens them, and what becomes of them.

use cairn_api::{Opened, SealedState};
use cairn_casebook::EntryRef;
use cairn_ledger::text::MemberCode;
use cairn_replica::message::{Request, Response, SealedWanted};
use cairn_tests::nodes::hostile::{Hostile, Seen};
use cairn_tests::nodes::{
    Contributor, Founded, SOON, SealedStatement, Signal, User, accepted, erasure, until,
};
use std::fs;
use std::path::Path;

const FIVE: [&str; 5] = ["UNSEC", "COD", "TUR", "TZA", "RWA"];
const SECRET: &str = "the bearer of bad news wore a green scarf";

fn code(code: &str) -> MemberCode {
    MemberCode::new(code).unwrap()
}

/// Five nodes, a contributor of COD and a user of its node.
fn five() -> (Founded, Contributor, User) {
    let founded = Founded::running(&FIVE);
    let speaker = founded.contributor("COD");
    let user = founded.user("COD", "contributor");
    (founded, speaker, user)
}

fn is_held(user: &User, entry: &EntryRef, part: u16) {
    until("the part is held", SOON, || {
        matches!(user.state_of(entry, part), Some((SealedState::Held, _))).then_some(())
    });
}

/// Every file below a folder, whole.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else if let Ok(bytes) = fs::read(entry.path()) {
                found.push((entry.path().display().to_string(), bytes));
            }
        }
    }
    found
}

/// Fails when any file of a node has the text, or any of these windows of bytes.
fn has_nothing(founded: &Founded, member: &str, texts: &[&[u8]]) {
    for (path, bytes) in files(&founded.node(member).folder) {
        for text in texts {
            let found = bytes.windows(text.len()).any(|window| window == *text);
            assert!(!found, "{path} of {member} has something that is sealed for others");
        }
    }
}

/// Windows of the payload that nobody would have by chance.
fn windows(sealed: &SealedStatement) -> Vec<&[u8]> {
    let payload = &sealed.sealed.payload;
    let pieces = sealed.pieces.iter().map(Vec::as_slice);
    let all = [payload.as_slice()].into_iter().chain(pieces);
    all.flat_map(|bytes| [&bytes[bytes.len() / 2..][..32], &bytes[bytes.len() - 40..][..32]])
        .collect()
}

#[test]
fn what_is_sealed_for_two_is_with_them_and_nowhere_else() {
    let (founded, speaker, user) = five();
    let sealed = founded.remark(&speaker, 1, &["TUR"], SECRET);
    let file: Vec<u8> =
        (0..1_500_000_u32).flat_map(|at| at.wrapping_mul(31).to_le_bytes()).collect();
    let document = founded.document(&speaker, 2, &["TUR"], &file);
    let vault = founded.remark(&speaker, 3, &[], "a name that stays in the vault");
    let entry = sealed.state(&user);
    let attached = document.state(&user);
    let kept = vault.state(&user);
    let reader = founded.user("TUR", "viewer");
    is_held(&reader, &entry, sealed.part());
    is_held(&reader, &attached, document.part());
    founded.nodes.iter().for_each(|node| node.holds("COD", 4));
    for user in [&user, &reader] {
        assert_eq!(user.open(&entry, sealed.part()), Ok(Opened::Text(SECRET.into())));
        let path = format!("/v1/sealed/COD/{}/{}/file", attached.position, document.part());
        let (status, bytes) = user.get(&path);
        assert!(status == 200 && bytes == file, "{status}, {} bytes", bytes.len());
    }
    let text = "a name that stays in the vault";
    assert_eq!(user.open(&kept, vault.part()), Ok(Opened::Text(text.into())));
    let refused = reader.open(&kept, vault.part()).unwrap_err();
    assert!(refused.contains("is sealed for COD"), "{refused}");
    let mut outside = windows(&sealed);
    outside.extend(windows(&document));
    outside.push(SECRET.as_bytes());
    outside.push(&file[..40]);
    for member in ["UNSEC", "TZA", "RWA"] {
        has_nothing(&founded, member, &outside);
        let stranger = founded.user(member, "administrator");
        let refused = stranger.open(&entry, sealed.part()).unwrap_err();
        assert!(refused.contains("403") && refused.contains("COD, TUR"), "{refused}");
        let state = stranger.state_of(&entry, sealed.part()).unwrap().0;
        assert_eq!(state, SealedState::NotForUs);
    }
    let mut of_vault = windows(&vault);
    of_vault.push(text.as_bytes());
    for member in ["UNSEC", "TUR", "TZA", "RWA"] {
        has_nothing(&founded, member, &of_vault);
    }
    // Nothing that was opened lies in the clear anywhere, not even with those who may read it.
    for member in ["COD", "TUR"] {
        has_nothing(&founded, member, &[SECRET.as_bytes(), &file[..40], text.as_bytes()]);
    }
}

#[test]
fn a_stranger_who_asks_in_every_way_gets_nothing() {
    let (mut founded, speaker, user) = five();
    let sealed = founded.remark(&speaker, 1, &["TUR"], SECRET);
    let document = founded.document(&speaker, 2, &["TUR"], &vec![7; 5_000_000]);
    let vault = founded.remark(&speaker, 3, &[], SECRET);
    let parts = [
        (&sealed, sealed.state(&user)),
        (&document, document.state(&user)),
        (&vault, vault.state(&user)),
    ];
    founded.nodes.iter().for_each(|node| node.holds("COD", 4));
    is_held(&founded.user("TUR", "viewer"), &parts[1].1, document.part());
    let ask = |founded: &Founded, liar: &str, asked: &str| {
        let mut hostile =
            Hostile::new(&founded.secret(liar, "transport"), founded.charter.network());
        hostile.connect(founded.node(asked).port);
        for (part, entry) in &parts {
            for piece in [None, Some(0), Some(1), Some(u32::MAX)] {
                let (log, position, part) = (entry.member.clone(), entry.position, part.part());
                hostile.send(Request::Sealed(SealedWanted { log, position, part, piece }).encode());
                let answer = hostile.until("an answer", |seen| match seen {
                    Seen::Answered(bytes) => Some(Response::decode(&bytes).unwrap()),
                    Seen::Connected | Seen::Closed | Seen::Unanswered | Seen::Asked(_) => None,
                });
                let may = liar == "TUR" && entry.position != parts[2].1.position;
                let is_file = entry.position == parts[1].1.position;
                let exists = piece.is_none() || (is_file && piece < Some(5));
                if may && exists {
                    assert!(matches!(answer, Response::Sealed(_)), "{liar} {entry} {piece:?}");
                } else {
                    assert_eq!(answer, Response::Nothing, "{liar} {entry} {piece:?}");
                }
            }
        }
    };
    for node in ["RWA", "TUR"] {
        assert_eq!(founded.node_mut(node).stop(Signal::TERM), Some(0));
    }
    ask(&founded, "RWA", "COD");
    ask(&founded, "TUR", "COD");
    founded.node_mut("TUR").start();
    ask(&founded, "RWA", "TUR");
    // Whoever copies a commitment into a statement of its own gets no payload by it.
    founded.node_mut("RWA").start();
    let thief = founded.contributor("RWA");
    let mut copied = sealed.signed.statement().clone();
    (copied.member, copied.reference.0[0]) = (code("RWA"), 9);
    let copied = copied.sign(&[&thief.key]);
    let refused = cairn_tests::nodes::submit(&founded.node("RWA").url(), &[copied]).unwrap();
    assert!(format!("{refused:?}").contains("is not here"), "{refused:?}");
}

#[test]
fn a_member_that_was_away_fetches_later_from_whoever_has_it_and_goes_on_where_it_stopped() {
    let (mut founded, speaker, user) = five();
    let file: Vec<u8> =
        (0..5_000_000_u32).flat_map(|at| at.wrapping_mul(77).to_le_bytes()).collect();
    assert_eq!(founded.node_mut("TZA").stop(Signal::TERM), Some(0));
    let document = founded.document(&speaker, 1, &["TUR", "TZA"], &file);
    let attached = document.state(&user);
    is_held(&founded.user("TUR", "viewer"), &attached, document.part());
    // Its author is gone for good.
    assert_eq!(founded.node_mut("COD").stop(Signal::KILL), None);
    let reader = founded.user("TZA", "viewer");
    let node = founded.node_mut("TZA");
    node.start();
    until("some pieces are there", SOON, || {
        let state = reader.state_of(&attached, document.part())?.0;
        matches!(state, SealedState::Fetching { .. } | SealedState::Held).then_some(())
    });
    assert_eq!(node.stop(Signal::KILL), None);
    node.start();
    is_held(&reader, &attached, document.part());
    let path = format!("/v1/sealed/COD/{}/1/file", attached.position);
    assert!(reader.get(&path) == (200, file), "the file is another");
}

#[test]
fn a_grant_lets_a_third_member_in_and_an_erasure_leaves_nothing_behind() {
    let (mut founded, speaker, user) = five();
    let sealed = founded.remark(&speaker, 1, &["TUR"], SECRET);
    let entry = sealed.state(&user);
    let (tur, tza) = (founded.user("TUR", "viewer"), founded.user("TZA", "viewer"));
    is_held(&tur, &entry, sealed.part());
    let grant = founded.grant(&speaker, 2, entry.clone(), &sealed, &["TZA"]);
    let granted = grant.state(&user);
    is_held(&tza, &entry, sealed.part());
    assert_eq!(tza.open(&entry, sealed.part()), Ok(Opened::Text(SECRET.into())));
    // One of them is away when it is erased.
    assert_eq!(founded.node_mut("TUR").stop(Signal::TERM), Some(0));
    let second = founded.second("COD");
    let erasure = erasure(&speaker, &second, 3, entry.clone(), &sealed);
    let erased = accepted(&founded.node("COD").url(), &erasure);
    let by = |user: &User| {
        let (state, by) = user.state_of(&entry, sealed.part())?;
        (state == SealedState::Erased { by: erased.position }).then_some(by)
    };
    until("two have destroyed it", SOON, || {
        (by(&user)? == [code("COD"), code("TZA")]).then_some(())
    });
    let left = windows(&sealed);
    has_nothing(&founded, "COD", &left);
    has_nothing(&founded, "TZA", &left);
    has_nothing(&founded, "TZA", &windows(&grant));
    founded.node_mut("TUR").start();
    until("all have destroyed it", SOON, || {
        (by(&user)? == [code("COD"), code("TUR"), code("TZA")]).then_some(())
    });
    has_nothing(&founded, "TUR", &left);
    for user in [&user, &tur, &tza] {
        let refused = user.open(&entry, sealed.part()).unwrap_err();
        assert!(refused.contains("was erased by the statement COD/"), "{refused}");
        assert!(user.open(&granted, grant.part()).is_err());
    }
    founded.agree();
    let _ = founded.identical("COD");
}

#[test]
fn nothing_is_accepted_whose_parts_are_not_here_or_are_something_else() {
    let (founded, speaker, user) = five();
    let sealed = founded.remark(&speaker, 1, &["TUR"], SECRET);
    let url = founded.node("COD").url();
    let refused = cairn_tests::nodes::submit(&url, std::slice::from_ref(&sealed.signed)).unwrap();
    assert!(format!("{refused:?}").contains("the sealed part 100 is not here"), "{refused:?}");
    for (who, status) in [(founded.user("COD", "viewer"), 403), (user.with_token("cairn_00"), 401)]
    {
        assert_eq!(sealed.hand_in(&who).0, status);
    }
    let mut changed = sealed.clone();
    let last = changed.sealed.payload.len() - 1;
    changed.sealed.payload[last] ^= 1;
    let (status, said) = changed.hand_in(&user);
    assert_eq!((status, String::from_utf8_lossy(&said).contains("does not decrypt")), (422, true));
    let mut other = founded.remark(&speaker, 1, &["TUR", "RWA"], SECRET);
    other.sealed.payload.clone_from(&sealed.sealed.payload);
    assert_eq!(other.hand_in(&user).0, 422);
    // A file is here when all of its pieces are.
    let document = founded.document(&speaker, 2, &["TUR"], &vec![1; 3_000_000]);
    assert_eq!(document.hand_in(&user).0, 200);
    let (status, said) = document.hand_in_piece(&user, 1, &document.pieces[0]);
    assert_eq!(
        (status, String::from_utf8_lossy(&said).contains("piece 1 is another")),
        (422, true)
    );
    assert_eq!(document.hand_in_piece(&user, 0, &document.pieces[0]).0, 204);
    let refused = cairn_tests::nodes::submit(&url, std::slice::from_ref(&document.signed)).unwrap();
    assert!(format!("{refused:?}").contains("2 pieces of the file are not here"), "{refused:?}");
    let _ = document.state(&user);
    let _ = sealed.state(&user);
}
