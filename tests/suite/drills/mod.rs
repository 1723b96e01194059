//! What goes wrong among members, tried with real nodes: amendments that compete, and a member that has to go.

mod lost;
mod removed;
mod stolen;

use cairn_api::{Outcome, route};
use cairn_ledger::Charter;
use cairn_tests::nodes::{
    Contributor, Founded, Node, SOON, Signal, cairn, cairn_node, http, submit, until,
};
use serde_json::Value;

/// Members of whom three sign an amendment or confirm an entry, the Secretariat among the signers.
const FOUR: [&str; 4] = ["UNSEC", "COD", "RWA", "TZA"];

/// What a node signs with.
const KEYS: [&str; 3] = ["log", "cosign", "transport"];

/// Hands a note in at the member's own node, and says at which position it stands.
fn states(founded: &Founded, speaker: &Contributor, number: u64) -> u64 {
    let node = founded.node(speaker.member.as_str());
    let result = submit(&node.url(), &[speaker.note(number)]).expect("an answer");
    match &result.outcomes[..] {
        [Outcome::Accepted { position, .. }] => *position,
        other => panic!("{other:?}\n{}", node.diagnostics()),
    }
}

/// Waits until these nodes hold so many entries of a log, and say that enough members stand behind them.
fn confirmed(founded: &Founded, codes: &[&str], log: &str, size: u64) {
    for code in codes {
        until(&format!("{size} entries of {log} are confirmed at {code}"), SOON, || {
            let logs = founded.node(code).try_status()?.logs;
            logs.into_iter().find(|one| one.member.as_str() == log && one.confirmed >= size)
        });
    }
}

/// A note of the member is taken, held and confirmed at all of these nodes.
fn goes_on(founded: &Founded, codes: &[&str], speaker: &Contributor, number: u64) {
    let size = states(founded, speaker, number) + 1;
    confirmed(founded, codes, speaker.member.as_str(), size);
}

/// Makes the keys and the card of a State, and says where its card is.
fn newcomer(founded: &Founded, code: &str) -> String {
    let data = founded.path(code).display().to_string();
    let init = ["init", "--no-passphrase", "--kind", "state", "--name", "Invented newcomer"];
    let _ = cairn_node([&init[..], &["--code", code, "--data", &data]].concat()).yes();
    format!("{data}/member.card")
}

/// The charter that a node hands out: the version in force and whatever else it knows.
fn charter(node: &Node) -> Charter {
    let (code, bytes) = http(&format!("{}{}", node.url(), route::CHARTER)).expect("an answer");
    assert_eq!(code, 200);
    Charter::verify(&bytes, None).expect("a charter")
}

/// A network of two halves that do not know each other, each with a contributor.
fn two_halves() -> (Founded, [Contributor; 2]) {
    let mut founded = Founded::of(&FOUR);
    founded.node_mut("RWA").peers.clear();
    founded.node_mut("TZA").peers = vec![founded.node("RWA").port];
    founded.nodes.iter_mut().for_each(|node| node.spawn(&[]));
    founded.nodes.iter_mut().for_each(Node::answers);
    founded.node("UNSEC").meets("COD");
    founded.node("RWA").meets("TZA");
    let speakers = ["COD", "TZA"].map(|code| founded.contributor(code));
    (founded, speakers)
}

/// The halves meet: a node of the one is told where one of the other is.
fn meet(founded: &mut Founded) {
    let other = founded.node("COD").port;
    let node = founded.node_mut("RWA");
    assert_eq!(node.stop(Signal::TERM), Some(0));
    node.peers.push(other);
    node.start();
}

/// Under a new version, the own log of each of these nodes has said so.
fn adopted(founded: &Founded, version: u32, codes: &[&str]) {
    founded.under(version, codes);
    for code in codes {
        until(&format!("the log of {code} adopts version {version}"), SOON, || {
            let logs = founded.node(code).try_status()?.logs;
            logs.into_iter().find(|log| log.member.as_str() == *code && log.charter == version)
        });
    }
}

#[test]
fn two_amendments_of_two_halves_have_no_force_once_they_meet_and_everything_goes_on() {
    let (mut founded, [here, there]) = two_halves();
    let cards = ["KEN", "BDI"].map(|code| newcomer(&founded, code));
    founded.propose("COD", "here", &["--card", &cards[0]]);
    founded.propose("TZA", "there", &["--card", &cards[1]]);
    // Two members sign both.
    founded.sign("COD", "here", &["UNSEC", "COD", "RWA"]);
    founded.sign("TZA", "there", &["UNSEC", "RWA", "TZA"]);
    adopted(&founded, 2, &FOUR);
    let [one, other] = ["COD", "TZA"].map(|code| charter(founded.node(code)).id());
    assert_ne!(one, other);
    meet(&mut founded);
    founded.under(1, &FOUR);
    let mut both = [one, other];
    both.sort();
    for code in FOUR {
        let node = founded.node(code);
        let held =
            until("both are there", SOON, || Some(charter(node)).filter(|it| it.fork().is_some()));
        assert_eq!(held.fork().map(|two| two.map(|version| version.id())), Some(both), "{code}");
        assert_eq!((held.version(), held.id()), (1, founded.charter.id()), "{code}");
        is_shown(&founded, code, &both.map(|id| id.to_string()));
    }
    goes_on(&founded, &FOUR, &here, 1);
    goes_on(&founded, &FOUR, &there, 1);
    let node = founded.node_mut("TZA");
    assert_eq!(node.stop(Signal::TERM), Some(0));
    node.start();
    is_shown(&founded, "TZA", &both.map(|id| id.to_string()));
    goes_on(&founded, &FOUR, &there, 2);
    is_verified(&founded, "UNSEC");
}

/// A member had taken new keys by an amendment that has no force now: its node goes back to the transport and
/// cosigning key that count, and its log goes on under the log key that it has adopted.
#[test]
fn whoever_has_changed_keys_by_an_amendment_without_force_goes_on() {
    let (mut founded, [_, there]) = two_halves();
    let data = founded.path("TZA").display().to_string();
    let new = ["key", "new", "--no-passphrase", "--data", &data, "log", "cosign", "transport"];
    let _ = cairn_node(new).yes();
    let cards = [newcomer(&founded, "KEN"), format!("{data}/member.new.card")];
    let before = KEYS.map(|role| founded.secret("TZA", role).public());
    founded.propose("COD", "here", &["--card", &cards[0]]);
    founded.propose("TZA", "there", &["--card", &cards[1]]);
    founded.sign("COD", "here", &["UNSEC", "COD", "RWA"]);
    founded.sign("TZA", "there", &["UNSEC", "RWA", "TZA"]);
    adopted(&founded, 2, &FOUR);
    let new = KEYS.map(|role| founded.secret("TZA", role).public());
    assert!(new.iter().all(|key| !before.contains(key)));
    states(&founded, &there, 1);
    meet(&mut founded);
    founded.under(1, &FOUR);
    goes_on(&founded, &FOUR, &there, 2);
    let now = KEYS.map(|role| founded.secret("TZA", role).public());
    assert_eq!(now, [new[0], before[1], before[2]]);
    // And once more from the disk.
    let node = founded.node_mut("TZA");
    assert_eq!(node.stop(Signal::TERM), Some(0));
    node.start();
    goes_on(&founded, &FOUR, &there, 3);
    is_verified(&founded, "UNSEC");
}

/// What a person and a program read of two amendments that contradict each other.
fn is_shown(founded: &Founded, code: &str, both: &[String; 2]) {
    let status = founded.at(code, &["status"]);
    let alarm = "ALARM: enough members have signed two successors of version 1 of the charter";
    assert!(status.code == 1 && status.out.contains(alarm), "{code}: {}{}", status.out, status.err);
    let shown = founded.at(code, &["charter", "show", "--json"]).yes();
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown["charter"]["version"], 1, "{code}");
    assert_eq!(shown["disputed"], serde_json::json!(both), "{code}");
    let history = founded.at(code, &["charter", "history"]).yes();
    let says =
        ["neither has force", "+ KEN joins", "+ BDI joins", "COD, RWA, UNSEC", "RWA, TZA, UNSEC"];
    for part in says.into_iter().chain(both.iter().map(String::as_str)) {
        assert!(history.contains(part), "{code}: {part}: {history}");
    }
}

/// Whoever has no node believes the logs, those that have adopted what has no force among them.
fn is_verified(founded: &Founded, code: &str) {
    let (to, home) = (founded.path("archive").display().to_string(), founded.path("nobody"));
    let _ = founded.at(code, &["export", "--to", &to]).yes();
    let id = founded.charter.network().to_string();
    for command in ["verify", "audit"] {
        let _ = cairn(&home, [command, &to, "--network", &id]).yes();
    }
}
