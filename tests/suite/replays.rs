//! What is true in another network of the same members, with the same keys: worth nothing in this one.

use cairn_ledger::codec;
use cairn_ledger::fork::RawFork;
use cairn_ledger::hash::Bytes;
use cairn_ledger::text::MemberCode;
use cairn_replica::Request;
use cairn_replica::message::{CosignedNote, Response};
use cairn_tests::nodes::hostile::Hostile;
use cairn_tests::nodes::{
    Contributor, Founded, History, Node, SOON, Said, cairn, cairn_node, grown, submit, until,
};
use std::fs;

const CODES: [&str; 9] = ["UNSEC", "COD", "LI-0", "LI-1", "LI-2", "LI-3", "LI-4", "LI-5", "LI-6"];
const NAME: &str = "other.example/tests";

fn code(code: &str) -> MemberCode {
    code.parse().expect("a code")
}

/// Two histories of a member's log in a network, and the true proof that both were signed.
fn fork(network: &Founded, log: &str) -> RawFork {
    let side = |first| History::with_notes(network, log, first, 9).side(network, 5, &["COD"]);
    RawFork::new(code(log), 5, side(0), side(500))
}

#[test]
fn what_peers_replay_from_another_network_drops_them_and_convicts_nobody() {
    let mut here = Founded::of(&CODES);
    here.nodes[..2].iter_mut().for_each(Node::start);
    let mut there = here.again(NAME);
    assert_ne!(here.charter.network(), there.charter.network());
    let log = |n: usize| CODES[2 + n];
    let history = |n: usize| History::with_notes(&there, log(n), 0, 9);
    // The same statements, promised in this network by a key that is the same in both.
    let mixed = |n: usize| {
        let mut mixed = History::new(&here, log(n));
        history(n).entries().iter().for_each(|entry| mixed.push(entry.signed().clone()));
        mixed
    };
    let cosigned = history(4).cosigned(&there, &["COD", "UNSEC"]).note(&there.charter);
    let cosigned = CosignedNote { log: code(log(4)), note: Bytes(cosigned.into()) };
    let (expected, belongs) = ("expected invented.example", "belongs to network");
    let nothing = Response::Nothing.encode();
    let lies: [(&str, Vec<u8>, Vec<u8>, &str); 7] = [
        ("a promise", history(0).heads(), nothing.clone(), expected),
        ("a whole log", mixed(1).heads(), history(1).response(0), expected),
        ("its statements", mixed(2).heads(), mixed(2).response(0), belongs),
        ("pushed", grown(mixed(3).range(0)), nothing.clone(), belongs),
        ("cosignatures", Request::Cosigned(vec![cosigned]).encode(), nothing.clone(), expected),
        ("a proof", Request::Forked(fork(&there, log(5))).encode(), nothing.clone(), expected),
        (
            "a proof against others",
            Request::Forked(fork(&there, "UNSEC")).encode(),
            nothing,
            expected,
        ),
    ];
    for (number, (what, told, served, says)) in lies.into_iter().enumerate() {
        let transport = here.secret(log(number), "transport");
        let mut liar = Hostile::new(&transport, here.charter.network()).serving(served);
        liar.connect(here.node("COD").port);
        liar.send(told);
        liar.until_closed();
        let dropped = || here.node("COD").peer(log(number)).dropped;
        let why = until(&format!("{what}: {} is dropped", log(number)), SOON, dropped);
        assert!(why.contains(says), "{what}: {why}");
        assert_eq!(here.node("COD").status().peers_dropped, number as u64 + 1, "{what}");
    }
    let speaker = here.contributor("UNSEC");
    goes_on(&here, &speaker, 1);
    a_node_that_runs_there(&here, &mut there);
    goes_on(&here, &speaker, 2);
}

/// Nobody is accused, and the honest ones replicate.
fn goes_on(here: &Founded, speaker: &Contributor, notes: u64) {
    let result = submit(&here.node("UNSEC").url(), &[speaker.note(notes)]).expect("an answer");
    assert!(matches!(result.outcomes[..], [cairn_api::Outcome::Accepted { .. }]), "{result:?}");
    for node in &here.nodes[..2] {
        node.holds("UNSEC", 1 + notes);
        let status = node.status();
        assert_eq!(status.alarms, [""; 0], "{}", node.code);
        for log in status.logs.iter().filter(|log| log.member.as_str() != "UNSEC") {
            assert_eq!((log.size, &log.frozen), (0, &None), "{}", log.member);
        }
    }
}

/// A node of the other network that was told that a peer of this one is its own: it is let in by its key,
/// which is the same in both, and the two do not speak one protocol.
fn a_node_that_runs_there(here: &Founded, there: &mut Founded) {
    let stray = there.node_mut("LI-6");
    stray.peers = vec![here.node("COD").port];
    stray.start();
    let speaker = there.contributor("LI-6");
    let said = [speaker.note(1), speaker.note(2)];
    submit(&there.node("LI-6").url(), &said).expect("an answer");
    there.node("LI-6").meets("COD");
    here.node("COD").meets("LI-6");
    assert_eq!(there.node("LI-6").log("UNSEC").promised, 0, "nothing of ours goes there");
    assert_eq!(here.node("COD").status().peers_dropped, 7, "nobody has lied");
}

/// A folder, an archive, a receipt and a proof of the other network, with the id of this one.
#[test]
fn no_file_of_another_network_is_believed_in_this_one() {
    let mut here = Founded::of(&["UNSEC", "COD"]);
    let mut there = here.again(NAME);
    for network in [&mut here, &mut there] {
        network.nodes.iter_mut().for_each(Node::start);
        let speaker = network.contributor("UNSEC");
        submit(&network.node("UNSEC").url(), &[speaker.note(1)]).expect("an answer");
        let archive = network.path("archive").display().to_string();
        let (home, url) = (network.path("nobody"), network.node("UNSEC").url());
        until("it is confirmed", SOON, || {
            (network.node("UNSEC").log("UNSEC").size == 2).then_some(())
        });
        let _ = cairn(&home, ["export", "--to", &archive, "--node", &url]).yes();
        let receipt = network.path("one.tlog-proof").display().to_string();
        let _ = cairn(&home, ["receipt", "UNSEC/1", "--node", &url, "--out", &receipt]).yes();
        fs::write(network.path("UNSEC.fork"), codec::encode(&fork(network, "UNSEC")))
            .expect("a file");
    }
    believed_at_home_only(&here, &there);
    mixed_into_our_archive(&here, &there);
    takes_no_charter_of_another(&mut here, &there);
}

fn type_in(command: &[&str], of: &Founded, name: &str, network: &Founded) -> Said {
    let (file, id) = (of.path(name).display().to_string(), network.charter.network().to_string());
    let typed = command.iter().copied().chain([file.as_str(), "--network", id.as_str()]);
    cairn(&of.path("nobody"), typed)
}

fn believed_at_home_only(here: &Founded, there: &Founded) {
    let charter = there.path("charter").display().to_string();
    let ours = here.path("charter").display().to_string();
    for (command, name) in [
        (&["verify"][..], "one.tlog-proof"),
        (&["verify"], "archive/UNSEC.cairnlog"),
        (&["audit"], "archive"),
        (&["verify", "--charter", &charter], "UNSEC.fork"),
    ] {
        let at_home = type_in(command, there, name, there);
        assert_eq!(at_home.code, 0, "{name}: {}{}", at_home.out, at_home.err);
        let elsewhere = type_in(command, there, name, here);
        assert_eq!(elsewhere.code, 1, "{name}: {}{}", elsewhere.out, elsewhere.err);
    }
    // By our charter it is about a log of another name.
    let refuted = type_in(&["verify", "--charter", &ours], there, "UNSEC.fork", here);
    assert_eq!((refuted.code, refuted.out.contains("REFUTED")), (1, true), "{}", refuted.err);
    assert!(refuted.out.contains("expected invented.example"), "{}", refuted.out);
}

/// One file of theirs among ours: it is refuted, and the others are what they were.
fn mixed_into_our_archive(here: &Founded, there: &Founded) {
    for name in ["UNSEC.cairnlog", "UNSEC.cosigned", "UNSEC.fork"] {
        let (ours, mixed) = (here.path("archive"), here.path("mixed"));
        cairn_tests::nodes::copy_folder(&ours, &mixed);
        let from =
            if name == "UNSEC.fork" { there.path(name) } else { there.path("archive").join(name) };
        fs::copy(from, mixed.join(name)).expect("a copy");
        let audited = type_in(&["audit"], here, "mixed", here);
        assert_eq!(audited.code, 1, "{name}: {}{}", audited.out, audited.err);
        assert!(audited.out.contains("REFUTED"), "{name}: {}", audited.out);
        fs::remove_dir_all(mixed).expect("a folder");
    }
    let _ = type_in(&["audit"], here, "archive", here).yes();
}

/// A data folder stays with its network.
fn takes_no_charter_of_another(here: &mut Founded, there: &Founded) {
    let node = here.node_mut("COD");
    assert_eq!(node.stop(cairn_tests::nodes::Signal::TERM), Some(0));
    let (folder, charter) =
        (node.folder.display().to_string(), there.path("charter").display().to_string());
    let said = cairn_node(["run", "--data", &folder, "--charter", &charter]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("belongs to network"), "{}", said.err);
    node.start();
    here.node("COD").holds("UNSEC", 2);
}
