//! A log's key that signs two histories: seen, said, frozen, and nothing else stops.

use cairn_api::Outcome;
use cairn_tests::nodes::hostile::{Hostile, Seen};
use cairn_tests::nodes::{Founded, History, SOON, Signal, submit, until};
use std::fs;

#[test]
fn a_fork_is_an_alarm_and_freezes_that_log_alone() {
    let mut founded = Founded::of(&["UNSEC", "COD", "RWA", "LIAR"]);
    founded.nodes[..3].iter_mut().for_each(cairn_tests::nodes::Node::start);
    founded.nodes[0].meets("COD");
    founded.nodes[0].meets("RWA");
    let (forking, honest) = (founded.contributor("RWA"), founded.contributor("UNSEC"));
    let said = submit(&founded.node("RWA").url(), &[forking.note(1), forking.note(2)]);
    assert_eq!(said.expect("an answer").outcomes.len(), 2);
    founded.node("COD").holds("RWA", 3);
    let held = founded.node("COD").log("RWA");
    // Another history of as many entries, under the true log key, shown by somebody else.
    let other = History::with_notes(&founded, "RWA", 10, 2);
    let transport = founded.secret("LIAR", "transport");
    let mut liar = Hostile::new(&transport, founded.charter.network());
    liar.connect(founded.node("COD").port);
    liar.send(other.heads());
    liar.until("noted", |seen| matches!(seen, Seen::Answered(_)).then_some(()));
    let node = founded.node("COD");
    let alarm = until("an alarm", SOON, || node.status().alarms.pop());
    assert!(alarm.contains("the log of RWA is forked"), "{alarm}");
    let frozen = node.log("RWA");
    assert!(frozen.frozen.is_some_and(|why| why.contains("another history of 3 entries")));
    assert_eq!((frozen.size, frozen.root), (held.size, held.root), "what is held stays");
    // Its author goes on; here nothing more of it is taken. All other logs go on.
    let more = submit(&founded.node("RWA").url(), &[forking.note(3)]).expect("an answer");
    assert!(matches!(more.outcomes[..], [Outcome::Accepted { position: 3, .. }]));
    let others = submit(&founded.node("UNSEC").url(), &[honest.note(1)]).expect("an answer");
    assert!(matches!(others.outcomes[..], [Outcome::Accepted { .. }]));
    founded.node("COD").holds("UNSEC", 2);
    founded.node("UNSEC").holds("RWA", 4);
    assert_eq!(founded.node("COD").log("RWA").size, 3);
    assert_eq!(founded.node("COD").status().peers_dropped, 0, "who shows a fork does no wrong");
    let diagnostics = founded.node("COD").diagnostics();
    assert!(diagnostics.contains("the log of RWA is forked"), "{diagnostics}");
    stays_frozen(&mut founded);
}

/// A restart forgets neither the proof nor what follows from it, whichever copy of it was lost.
fn stays_frozen(founded: &mut Founded) {
    let node = founded.node_mut("COD");
    let (notes, second) = (node.folder.join("logs/RWA"), node.folder.join("second"));
    let lose_notes = |side: &str| fs::remove_file(notes.join(side)).expect("a note");
    let losses: [&dyn Fn(); 4] = [
        &|| {},
        &|| fs::remove_dir_all(&second).expect("a second copy"),
        &|| ["fork-held", "fork-shown"].into_iter().for_each(lose_notes),
        &|| fs::write(notes.join("fork-shown"), "no note").expect("a file"),
    ];
    for lose in losses {
        assert_eq!(node.stop(Signal::TERM), Some(0));
        lose();
        node.start();
        assert!(node.log("RWA").frozen.is_some(), "{}", node.diagnostics());
        assert!(node.status().alarms.iter().any(|alarm| alarm.contains("RWA is forked")));
    }
    node.meets("UNSEC");
    let own = founded.contributor("COD");
    let said = submit(&founded.node("COD").url(), &[own.note(1)]).expect("an answer");
    assert!(matches!(said.outcomes[..], [Outcome::Accepted { .. }]), "{said:?}");
    founded.node("UNSEC").holds("COD", 2);
    assert_eq!(founded.node("COD").log("RWA").size, 3);
}
