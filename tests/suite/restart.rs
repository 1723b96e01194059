//! What a node finds when it starts again: damage, an old copy, another process; and how it stops.

use cairn_api::Outcome;
use cairn_ledger::text::MemberCode;
use cairn_replica::message::{Request, Response};
use cairn_tests::nodes::hostile::{Hostile, Seen};
use cairn_tests::nodes::{
    Contributor, Founded, Node, SOON, Signal, copy_folder, corrupt, entries_file, submit, until,
};
use std::fs;

/// Notes of the Secretariat beside its authorisation: enough for several blocks of the disk.
const NOTES: u64 = 80;

/// Three nodes that hold the same log of the Secretariat.
fn network() -> (Founded, Contributor) {
    let founded = Founded::running(&["UNSEC", "COD", "TZA"]);
    let speaker = founded.contributor("UNSEC");
    state(founded.node("UNSEC"), &speaker, 0..NOTES);
    founded.nodes.iter().for_each(|node| node.holds("UNSEC", 1 + NOTES));
    (founded, speaker)
}

fn state(node: &Node, speaker: &Contributor, numbers: std::ops::Range<u64>) {
    let notes: Vec<_> = numbers.map(|number| speaker.note(number)).collect();
    let result = submit(&node.url(), &notes).expect("an answer");
    for outcome in result.outcomes {
        assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
    }
}

/// Stops the Secretariat's node, damages its folder, starts it again, and expects that it says so,
/// holds what it held, and goes on.
fn repairs(what: &str, damage: impl FnOnce(&Node), says: &str) {
    let (mut founded, speaker) = network();
    let before = founded.identical("UNSEC");
    let node = founded.node_mut("UNSEC");
    assert_eq!(node.stop(Signal::TERM), Some(0));
    let told = node.diagnostics().len();
    damage(node);
    node.start();
    let said = node.diagnostics().split_off(told);
    assert!(said.contains(says), "{what}: no \"{says}\" in\n{said}");
    node.holds("UNSEC", 1 + NOTES);
    state(founded.node("UNSEC"), &speaker, NOTES..NOTES + 1);
    founded.nodes.iter().for_each(|node| node.holds("UNSEC", 2 + NOTES));
    let after = founded.identical("UNSEC");
    assert_eq!(after[..before.len()], before[..], "{what}");
    for node in &founded.nodes {
        assert_eq!(node.status().alarms, [""; 0], "{what}, {}", node.code);
        assert_eq!(node.log("UNSEC").frozen, None, "{what}, {}", node.code);
    }
}

fn own_log(node: &Node) -> std::path::PathBuf {
    entries_file(&node.folder, &node.code)
}

#[test]
fn a_torn_tail_is_reported_and_comes_back_from_the_second_copy() {
    let tear = |node: &Node| corrupt(&own_log(node), |bytes| bytes.truncate(bytes.len() - 7));
    repairs("torn tail", tear, "repaired");
}

#[test]
fn a_flipped_bit_is_reported_with_its_place_and_repaired() {
    let flip = |node: &Node| {
        corrupt(&own_log(node), |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x10;
        });
    };
    repairs("flipped bit", flip, "at byte");
}

#[test]
fn a_zeroed_block_is_reported_and_repaired() {
    let zero = |node: &Node| corrupt(&own_log(node), |bytes| bytes[4096..8192].fill(0));
    repairs("zeroed block", zero, "repaired");
}

#[test]
fn a_deleted_log_file_comes_back_from_the_second_copy() {
    let delete = |node: &Node| fs::remove_file(own_log(node)).expect("a log file");
    repairs("deleted log file", delete, "came back from the second copy");
}

#[test]
fn a_deleted_second_copy_is_made_anew_and_can_repair_again() {
    let (mut founded, _) = network();
    let before = founded.identical("UNSEC");
    let node = founded.node_mut("UNSEC");
    node.stop(Signal::TERM);
    fs::remove_dir_all(node.folder.join("second")).expect("a second copy");
    node.start();
    let said = node.diagnostics();
    assert!(said.contains("the second copy lacks entries: copying them"), "{said}");
    node.stop(Signal::TERM);
    corrupt(&own_log(node), |bytes| bytes[5000] ^= 1);
    node.start();
    assert!(node.status().faults_repaired >= 1, "{}", node.diagnostics());
    assert_eq!(founded.identical("UNSEC"), before);
}

#[test]
fn an_own_log_of_which_both_copies_are_cut_is_fetched_back_and_not_forked() {
    let cut = |node: &Node| {
        fs::remove_dir_all(node.folder.join("second")).expect("a second copy");
        corrupt(&own_log(node), |bytes| bytes.truncate(bytes.len() / 3));
    };
    repairs("both copies cut", cut, "UNSEC");
}

#[test]
fn a_folder_with_nothing_but_its_keys_gets_everything_back_from_peers() {
    let (mut founded, speaker) = network();
    let before = founded.identical("UNSEC");
    let node = founded.node_mut("UNSEC");
    node.stop(Signal::TERM);
    for lost in ["logs", "second"] {
        fs::remove_dir_all(node.folder.join(lost)).expect("a folder");
    }
    node.start();
    node.holds("UNSEC", 1 + NOTES);
    let said = node.diagnostics();
    assert!(said.contains("entries of our own log"), "{said}");
    assert_eq!(node.status().alarms, [""; 0], "the alarm is over once it has caught up");
    state(founded.node("UNSEC"), &speaker, NOTES..NOTES + 1);
    founded.nodes.iter().for_each(|node| node.holds("UNSEC", 2 + NOTES));
    assert_eq!(founded.identical("UNSEC")[..before.len()], before[..]);
}

#[test]
fn an_old_copy_of_a_data_folder_appends_nothing_until_it_has_caught_up() {
    let (mut founded, speaker) = network();
    let old = founded.path("old copy");
    let node = founded.node_mut("UNSEC");
    node.stop(Signal::TERM);
    copy_folder(&node.folder, &old);
    node.start();
    state(founded.node("UNSEC"), &speaker, NOTES..NOTES + 5);
    founded.nodes.iter().for_each(|node| node.holds("UNSEC", NOTES + 6));
    let before = founded.identical("UNSEC");
    let newest = fs::read(founded.path("COD/logs/UNSEC/checkpoint")).expect("a checkpoint");
    let newest = newest_note(&newest);
    // The folder is restored, and the only peer that is there has heard of more and holds nothing.
    founded.nodes.iter_mut().for_each(|node| assert_eq!(node.stop(Signal::INT), Some(0)));
    let (charter, transport) = (founded.charter.network(), founded.secret("COD", "transport"));
    let node = founded.node_mut("UNSEC");
    fs::remove_dir_all(&node.folder).expect("a data folder");
    copy_folder(&old, &node.folder);
    node.start();
    let mut rumour = Hostile::new(&transport, charter).answering(|request| {
        let fetch = matches!(request, Request::Fetch { .. });
        Some(if fetch { Response::Nothing } else { Response::Noted }.encode())
    });
    rumour.connect(node.port);
    rumour.tell(&[(&MemberCode::new("UNSEC").expect("a code"), &newest)]);
    rumour.until("noted", |seen| matches!(seen, Seen::Answered(_)).then_some(()));
    until("the old copy knows that it is old", SOON, || {
        (node.log("UNSEC").promised == NOTES + 6).then_some(())
    });
    let refused = submit(&node.url(), &[speaker.note(900)]).expect("an answer");
    let Outcome::Refused(problem) = &refused.outcomes[0] else { panic!("{refused:?}") };
    assert!(problem.error.contains("until they are fetched back"), "{}", problem.error);
    assert!(node.status().alarms[0].contains("restored from an old copy"));
    // The real peers come back, and with them what was lost.
    drop(rumour);
    founded.node_mut("TZA").start();
    founded.node("UNSEC").holds("UNSEC", NOTES + 6);
    founded.node_mut("COD").start();
    state(founded.node("UNSEC"), &speaker, 900..901);
    founded.nodes.iter().for_each(|node| node.holds("UNSEC", NOTES + 7));
    assert_eq!(founded.identical("UNSEC")[..before.len()], before[..]);
}

#[test]
fn an_old_copy_that_is_asked_at_once_waits_for_its_peers_and_signs_no_second_history() {
    let (mut founded, speaker) = network();
    let old = founded.path("old copy");
    let node = founded.node_mut("UNSEC");
    node.stop(Signal::TERM);
    copy_folder(&node.folder, &old);
    node.start();
    state(founded.node("UNSEC"), &speaker, NOTES..NOTES + 5);
    founded.nodes.iter().for_each(|node| node.holds("UNSEC", NOTES + 6));
    let before = founded.identical("UNSEC");
    let node = founded.node_mut("UNSEC");
    node.stop(Signal::TERM);
    fs::remove_dir_all(&node.folder).expect("a data folder");
    copy_folder(&old, &node.folder);
    node.start();
    // At once, before any peer can have said a word. It may be refused, never put in an old place.
    let first = submit(&node.url(), &[speaker.note(900)]).expect("an answer");
    if let [Outcome::Accepted { position, .. }] = first.outcomes[..] {
        assert_eq!(position, NOTES + 6);
    }
    node.holds("UNSEC", NOTES + 6);
    state(founded.node("UNSEC"), &speaker, 901..902);
    let size = founded.node("UNSEC").log("UNSEC").size;
    founded.nodes.iter().for_each(|node| node.holds("UNSEC", size));
    assert_eq!(founded.identical("UNSEC")[..before.len()], before[..]);
    assert!(founded.nodes.iter().all(|node| node.log("UNSEC").frozen.is_none()));
}

/// It went on while nobody could be reached: it says so, convicts itself of nothing, and the operator's
/// command brings it back with nothing lost.
#[test]
fn an_old_copy_that_went_on_alone_is_set_right_by_its_operator() {
    let (mut founded, speaker) = network();
    let old = founded.path("old copy");
    let node = founded.node_mut("UNSEC");
    node.stop(Signal::TERM);
    copy_folder(&node.folder, &old);
    node.start();
    state(founded.node("UNSEC"), &speaker, NOTES..NOTES + 5);
    founded.nodes.iter().for_each(|node| node.holds("UNSEC", NOTES + 6));
    let before = founded.identical("UNSEC");
    founded.nodes.iter_mut().for_each(|node| assert_eq!(node.stop(Signal::TERM), Some(0)));
    let node = founded.node_mut("UNSEC");
    fs::remove_dir_all(&node.folder).expect("a data folder");
    copy_folder(&old, &node.folder);
    node.start();
    state(node, &speaker, 900..903);
    assert_eq!(node.log("UNSEC").size, NOTES + 4, "nobody could tell it better");
    let nothing = cairn_tests::nodes::cairn_node(["set-aside", "--data", &path(node)]);
    assert!(nothing.code == 2 && nothing.err.contains("in use by another"), "{}", nothing.err);
    founded.node_mut("COD").start();
    founded.node_mut("TZA").start();
    let node = founded.node("UNSEC");
    let alarm = until("it knows", SOON, || {
        node.status().alarms.into_iter().find(|alarm| alarm.contains("no peer has the entries"))
    });
    assert!(alarm.contains(&format!("from position {} on", NOTES + 1)), "{alarm}");
    let refused = submit(&node.url(), &[speaker.note(950)]).expect("an answer");
    let Outcome::Refused(problem) = &refused.outcomes[0] else { panic!("{refused:?}") };
    assert!(problem.error.contains("until they are set aside"), "{}", problem.error);
    for other in ["COD", "TZA"] {
        founded.node(other).holds("UNSEC", NOTES + 6);
        assert_eq!(founded.node(other).log("UNSEC").frozen, None, "nobody is accused");
    }
    let node = founded.node_mut("UNSEC");
    assert_eq!(node.stop(Signal::TERM), Some(0));
    let said = cairn_tests::nodes::cairn_node(["set-aside", "--data", &path(node)]).yes();
    assert!(said.contains(&format!("3 entries of UNSEC from position {} on", NOTES + 1)), "{said}");
    let again = cairn_tests::nodes::cairn_node(["set-aside", "--data", &path(node)]);
    assert!(again.code == 2 && again.err.contains("no peer has shown"), "{}", again.err);
    node.start();
    node.holds("UNSEC", NOTES + 6);
    // What it had said alone is said again, behind what peers hold.
    let draft = said.rsplit_once("cairn submit ").expect("a file").1.trim().to_string();
    let url = node.url();
    let home = founded.home("UNSEC");
    let _ = cairn_tests::nodes::cairn(&home, ["submit", &draft, "--node", &url]).yes();
    founded.nodes.iter().for_each(|node| node.holds("UNSEC", NOTES + 9));
    assert_eq!(founded.identical("UNSEC")[..before.len()], before[..]);
    for node in &founded.nodes {
        assert_eq!(node.log("UNSEC").frozen, None);
        assert!(!node.status().alarms.iter().any(|alarm| alarm.contains("no peer has")));
    }
}

fn path(node: &Node) -> String {
    node.folder.display().to_string()
}

/// The note with the largest size in a checkpoint file with its two slots.
fn newest_note(file: &[u8]) -> String {
    let text = String::from_utf8_lossy(file);
    let notes = text.match_indices("invented.example/tests/").map(|(at, _)| &text[at..]);
    let note = |rest: &str| {
        let end = rest.match_indices('\n').nth(4).map_or(rest.len(), |(at, _)| at + 1);
        rest[..end].to_string()
    };
    let size = |note: &String| note.lines().nth(1).and_then(|size| size.parse::<u64>().ok());
    // The name stands a second time in the signature line, without a size behind it.
    notes.map(note).filter(|note| size(note).is_some()).max_by_key(size).expect("a checkpoint")
}

#[test]
fn a_second_process_does_not_get_the_folder() {
    let mut founded = Founded::of(&["UNSEC", "COD"]);
    let ports = cairn_tests::nodes::free_ports(2);
    let node = founded.node_mut("UNSEC");
    node.start();
    let (http, listen) =
        (format!("127.0.0.1:{ports}"), format!("/ip4/127.0.0.1/tcp/{}", ports + 1));
    let folder = node.folder.display().to_string();
    let run = ["run", "--data", &folder, "--http", &http, "--listen", &listen];
    let said = cairn_tests::nodes::cairn_node(run);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("in use by another cairn-node"), "{}", said.err);
    assert!(node.try_status().is_some());
}

/// Two nodes that come to a third at the same moment were not there when the other was told of.
#[test]
fn nodes_that_arrive_together_hear_of_each_other() {
    let mut founded = Founded::of(&["UNSEC", "COD", "TZA"]);
    founded.nodes[0].start();
    founded.nodes[0].signal(Signal::STOP);
    founded.nodes[1..].iter_mut().for_each(|node| node.spawn(&[]));
    founded.nodes[1..].iter_mut().for_each(Node::answers);
    founded.nodes[0].signal(Signal::CONT);
    founded.node("COD").meets("TZA");
    founded.node("TZA").meets("COD");
}

#[test]
fn both_signals_stop_a_node_cleanly() {
    let mut founded = Founded::of(&["UNSEC", "COD"]);
    for signal in [Signal::TERM, Signal::INT] {
        let node = founded.node_mut("UNSEC");
        node.start();
        assert_eq!(node.stop(signal), Some(0));
        assert!(node.diagnostics().contains("stopped; everything acknowledged is on the disk"));
    }
}
