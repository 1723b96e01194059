//! A member that was removed while its node was away, and goes on with its old folder and charter.

use super::{FOUR, adopted, confirmed, is_verified, states};
use cairn_api::{Outcome, route};
use cairn_casebook::{Case, CaseId, Standing};
use cairn_ledger::export::Header;
use cairn_ledger::hash::Bytes;
use cairn_ledger::{Checkpoint, Cosigned};
use cairn_replica::message::{CosignedNote, Head, KnownCharters, Request};
use cairn_tests::nodes::hostile::{Hostile, Seen};
use cairn_tests::nodes::{
    Contributor, Founded, History, Node, SOON, Said, Signal, cairn, http, submit, until,
};
use std::fs;
use std::path::Path;

/// Those who stay.
const THREE: [&str; 3] = ["UNSEC", "COD", "RWA"];

/// A log's newest checkpoint, as its author's node hands it out.
pub(super) fn promise(founded: &Founded, code: &str) -> Checkpoint {
    let (node, member) = (founded.node(code), code.parse().expect("a code"));
    let path = route::TLOG_CHECKPOINT.replace("{member}", code);
    let (status, note) = http(&format!("{}{path}", node.url())).expect("an answer");
    assert_eq!(status, 200);
    let cosigned = Cosigned::verify(&note, &founded.charter, &member, None).expect("true");
    cosigned.checkpoint().clone()
}

/// The same with the cosignature of a member, which its key has truly made.
fn cosigned_by(founded: &Founded, checkpoint: &Checkpoint, code: &str) -> Request {
    let (charter, key) = (&founded.charter, founded.secret(code, "cosign"));
    let by = code.parse().expect("a code");
    let cosigned = Cosigned::new(checkpoint.clone()).sign(charter, &by, 1_800_000_000, &key);
    assert_eq!(cosigned.cosignatures().len(), 1);
    let (log, note) = ("COD".parse().expect("a code"), cosigned.note(charter));
    Request::Cosigned(vec![CosignedNote { log, note: Bytes(note.into_bytes()) }])
}

/// A peer with the transport key of a member that runs under the version of the charter of the node at
/// which it arrives.
pub(super) fn colluder(founded: &Founded, code: &str, to: &Node) -> Hostile {
    let current = super::charter(to).id();
    let mut peer = Hostile::new(&founded.secret(code, "transport"), founded.charter.network());
    peer.connect(to.port);
    tells(&mut peer, &Request::Charters(KnownCharters { current, names: vec![current.0] }));
    peer
}

/// Sends something and waits for the answer.
pub(super) fn tells(peer: &mut Hostile, request: &Request) {
    peer.send(request.encode());
    peer.until("answered", |seen| matches!(seen, Seen::Answered(_)).then_some(()));
}

#[test]
fn a_removed_member_that_goes_on_is_heard_by_nobody_and_its_log_stands_up_to_its_end() {
    let mut founded = Founded::running(&FOUR);
    let [here, gone] = ["COD", "TZA"].map(|code| founded.contributor(code));
    let end = states(&founded, &gone, 1) + 1;
    confirmed(&founded, &FOUR, "TZA", end);
    founded.propose("UNSEC", "removal", &["--remove", "TZA"]);
    // It states something else while the others sign, and all of them hold that.
    states(&founded, &gone, 2);
    confirmed(&founded, &FOUR, "TZA", end + 1);
    assert_eq!(founded.node_mut("TZA").stop(Signal::TERM), Some(0));
    founded.sign("UNSEC", "removal", &THREE);
    adopted(&founded, 2, &THREE);

    let node = founded.node_mut("TZA");
    fs::write(node.folder.join("node.toml"), "standstill_s = 1\n").expect("settings");
    node.start();
    assert_eq!(states(&founded, &gone, 3), end + 1, "it does not know better");
    let alone = format!("{} of {} entries of TZA are confirmed", end + 1, end + 2);
    let node = founded.node("TZA");
    until("it is told that nobody cosigns", SOON, || {
        node.status().alarms.into_iter().find(|alarm| alarm.contains(&alone))
    });
    assert!(node.status().peers.iter().all(|peer| !peer.connected));
    for code in THREE {
        let status = founded.node(code).status();
        assert!(status.peers.iter().all(|peer| peer.member.as_str() != "TZA"), "{code}");
        stands_up_to(&founded, code, end);
    }
    super::stolen::is_turned_away(&founded, &founded.secret("TZA", "transport"), "RWA", "TZA");
    does_not_count(&mut founded, &here, end);
    is_read(&founded, end);
    is_told(&founded, &gone);
}

/// What all hold of the removed member's log stands up to its end.
fn stands_up_to(founded: &Founded, code: &str, end: u64) {
    let log = founded.node(code).log("TZA");
    assert_eq!((log.ends, log.standing, log.size), (Some(end), end, end + 1), "{code}");
}

/// A member that stays shows what the removed one has signed since: longer promises and cosignatures.
fn does_not_count(founded: &mut Founded, here: &Contributor, end: u64) {
    assert_eq!(founded.node_mut("RWA").stop(Signal::TERM), Some(0));
    let size = states(founded, here, 1) + 1;
    let node = founded.node("UNSEC");
    node.holds("COD", size);
    let (own, longer) = (promise(founded, "COD"), promise(founded, "TZA"));
    assert_eq!((own.size(), longer.size()), (size, end + 2));
    let mut peer = colluder(founded, "RWA", node);
    let checkpoint = Bytes(longer.note().as_bytes().to_vec());
    let head = Head { log: "TZA".parse().expect("a code"), checkpoint, cosigned: 0 };
    tells(&mut peer, &Request::Heads(vec![head]));
    tells(&mut peer, &cosigned_by(founded, &own, "TZA"));
    stands_up_to(founded, "UNSEC", end);
    assert!(node.log("TZA").promised <= end, "what it promises since is nothing");
    assert!(node.log("COD").confirmed < size, "one is lacking");
    tells(&mut peer, &cosigned_by(founded, &own, "RWA"));
    confirmed(founded, &["UNSEC"], "COD", size);
    assert_eq!(node.peer("RWA").dropped, None);
    drop(peer);
    founded.node_mut("RWA").start();
    confirmed(founded, &THREE, "COD", size);
}

/// Its log is read, and believed by whoever has no node: up to its end.
fn is_read(founded: &Founded, end: u64) {
    let log = founded.at("RWA", &["log", "TZA"]).yes();
    let lines: Vec<_> = log.lines().filter(|line| line.starts_with("TZA/")).collect();
    let behind: Vec<_> = lines.iter().map(|line| line.contains("behind the end")).collect();
    assert_eq!(behind, [false, false, true], "{log}");
    assert!(lines[1].contains("confirmed") && !log.contains("fork"), "{log}");
    let case = CaseId::derived("an invented case").to_string();
    let case = founded.at("UNSEC", &["case", "show", &case, "--json"]).yes();
    let case: Case = serde_json::from_str(&case).expect("JSON");
    let lines = case.timeline.iter().filter(|line| line.entry.member.as_str() == "TZA");
    let standings: Vec<_> = lines.map(|line| &line.standing).collect();
    assert_eq!(standings, [&Standing::Stands, &Standing::BeyondEnd]);
    is_verified(founded, "RWA");
    let said =
        format!("its log ended after {end} entries, and the 1 behind them stand for nothing");
    let archive = founded.path("archive");
    for command in ["verify", "audit"] {
        let told = read(founded, command, &archive).yes();
        assert!(told.contains(&said), "{command}: {told}");
    }
    receipts(founded, end);
    // Another history under the same log key is not the one that the members have let stand.
    let other = History::with_notes(founded, "TZA", 50, 3);
    let header = Header {
        charter: super::charter(founded.node("RWA")).encode(),
        checkpoint: other.range(0).checkpoint.0,
    };
    let file = archive.join("TZA.cairnlog");
    fs::write(&file, [header.encode(), other.range(0).bundle.0].concat()).expect("a file");
    let told = read(founded, "verify", &file);
    let says = format!("the charter ended the log with {}", root_at_end(founded));
    assert!(told.code == 1 && told.out.contains(&says), "{}{}", told.out, told.err);
}

/// Types `cairn verify` or `audit`, with no node.
fn read(founded: &Founded, command: &str, path: &Path) -> Said {
    let id = founded.charter.network().to_string();
    let args = [command, &path.display().to_string(), "--network", &id];
    cairn(&founded.path("nobody"), args)
}

fn root_at_end(founded: &Founded) -> String {
    let charter = super::charter(founded.node("RWA"));
    let ended = charter.ends(&"TZA".parse().expect("a code")).expect("it has ended");
    ended.root.to_string()
}

/// A receipt of what is behind the end says that it stands for nothing, whoever has cosigned it.
fn receipts(founded: &Founded, end: u64) {
    for (position, stands) in [(end - 1, true), (end, false)] {
        let file = founded.path(&format!("{position}.tlog-proof"));
        let (out, entry) = (file.display().to_string(), format!("TZA/{position}"));
        let _ = founded.at("RWA", &["receipt", &entry, "--out", &out]).yes();
        let told = read(founded, "verify", &file).yes();
        assert_eq!(told.contains("its log had ended before it"), !stands, "{told}");
        assert_eq!(told.contains("NOT confirmed"), !stands, "{told}");
    }
}

/// Its own node says so as soon as it is given the charter.
fn is_told(founded: &Founded, gone: &Contributor) {
    let file = founded.path("removal").display().to_string();
    let _ = founded.at("TZA", &["charter", "submit", &file]).yes();
    founded.under(2, &["TZA"]);
    let result = submit(&founded.node("TZA").url(), &[gone.note(4)]).expect("an answer");
    let [Outcome::Refused(problem)] = &result.outcomes[..] else { panic!("{result:?}") };
    assert!(problem.error.contains("TZA is no member any more"), "{problem:?}");
}
