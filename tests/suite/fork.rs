//! A log's key that signs two histories, over real libp2p: proof everywhere, frozen, nothing else stops.

use cairn_api::{Outcome, route};
use cairn_ledger::fork::RawFork;
use cairn_ledger::hash::Bytes;
use cairn_ledger::{Cosigner, Fork};
use cairn_replica::Request;
use cairn_replica::message::CosignedNote;
use cairn_tests::nodes::hostile::{Hostile, Living, Seen};
use cairn_tests::nodes::{Founded, History, Node, SOON, Signal, cairn, http, submit, until};
use std::fs;

/// The member whose key signs two histories, one that cosigns both, and those that are honest.
const CODES: [&str; 5] = ["UNSEC", "COD", "RWA", "LIAR", "BOTH"];
const SHARED: u64 = 700;

/// Two histories that part at an entry among thousands.
fn two_histories(founded: &Founded) -> [History; 2] {
    let shared = History::with_notes(founded, "LIAR", 0, SHARED - 1);
    let speaker = founded.invented("LIAR");
    [(10_000, 2_300), (20_000, 2_200)].map(|(first, notes)| {
        let mut history = shared.clone();
        (first..first + notes).for_each(|number| history.push(speaker.note(number)));
        history
    })
}

/// The liar's node as one half of the network sees it.
fn shows(founded: &Founded, history: &History, to: &Node) -> Living {
    let cosigned = history.cosigned(founded, &["BOTH"]);
    let (charter, answers) = (founded.charter.clone(), history.clone());
    let transport = founded.secret("LIAR", "transport");
    let note = cosigned.note(&charter).into_bytes();
    let mut liar = Hostile::new(&transport, charter.network())
        .answering(move |asked| Some(answers.answer(&charter, &cosigned, asked).encode()));
    liar.connect(to.port);
    liar.send(history.heads());
    liar.until("noted", |seen| matches!(seen, Seen::Answered(_)).then_some(()));
    let log = "LIAR".parse().expect("a code");
    liar.send(Request::Cosigned(vec![CosignedNote { log, note: Bytes(note) }]).encode());
    liar.until("noted", |seen| matches!(seen, Seen::Answered(_)).then_some(()));
    liar.live()
}

fn proof(node: &Node) -> Option<Vec<u8>> {
    let route = route::FORK.replace("{member}", "LIAR");
    let (code, bytes) = http(&format!("{}{route}", node.url()))?;
    (code == 200).then_some(bytes)
}

/// Every node has the proof, which convicts offline, and stands at the same place.
fn convicts(founded: &Founded, node: &Node) -> Fork {
    let what = format!("{} knows where the histories part", node.code);
    until(&what, SOON, || {
        let fork = RawFork::decode(&proof(node)?).expect("the format").verify(&founded.charter);
        let fork = fork.expect("true");
        let both = Cosigner::Member("BOTH".parse().expect("a code"));
        (fork.position() == SHARED && fork.cosigners_of_both() == [both]).then_some(fork)
    })
}

#[test]
fn two_histories_for_two_halves_end_in_one_proof_on_every_honest_node() {
    let mut founded = Founded::of(&CODES);
    let histories = two_histories(&founded);
    // Two halves that do not know each other: the third comes later.
    founded.node_mut("COD").peers.clear();
    founded.node_mut("UNSEC").start();
    founded.node_mut("COD").start();
    let lives = [("UNSEC", 0), ("COD", 1)]
        .map(|(code, side)| shows(&founded, &histories[side], founded.node(code)));
    founded.node("UNSEC").holds("LIAR", SHARED + 2_300);
    founded.node("COD").holds("LIAR", SHARED + 2_200);
    assert_eq!(founded.node("COD").status().alarms, [""; 0], "each half sees one history");
    let held = ["UNSEC", "COD"].map(|code| founded.node(code).log("LIAR").root);
    // The third joins the halves.
    let other = founded.node("COD").port;
    founded.node_mut("RWA").peers.push(other);
    founded.node_mut("RWA").start();
    for code in ["UNSEC", "COD", "RWA"] {
        let fork = convicts(&founded, founded.node(code));
        assert!(fork.encode().len() < 3_200, "{} bytes", fork.encode().len());
    }
    drop(lives);
    for (code, root) in ["UNSEC", "COD"].into_iter().zip(held) {
        assert_eq!(founded.node(code).log("LIAR").root, root, "what is held stays");
        assert_eq!(founded.node(code).status().peers_dropped, 0, "who shows a fork does no wrong");
    }
    until("what stands is everywhere", SOON, || {
        (founded.node("RWA").log("LIAR").standing == SHARED).then_some(())
    });
    is_shown(&founded);
    is_handed_out(&founded);
    goes_on(&founded);
    stays_frozen(&mut founded);
}

/// In the status, the log, and to whoever asks for the proof as a file.
fn is_shown(founded: &Founded) {
    let node = founded.node("RWA");
    let home = founded.path("nobody");
    let status = cairn(&home, ["status", "--node", &node.url()]);
    assert_eq!(status.code, 1, "somebody has to look");
    let part = format!("part at or after position {SHARED}");
    assert!(
        status.out.contains(&part) && status.out.contains("cosigned by BOTH"),
        "{}",
        status.out
    );
    let alarms = node.status().alarms;
    assert!(alarms.iter().any(|alarm| alarm.contains("the log of LIAR is forked")), "{alarms:?}");
    let (node, start) = (founded.node("COD").url(), (SHARED - 1).to_string());
    let log =
        cairn(&home, ["log", "LIAR", "--node", &node, "--start", &start, "--limit", "2"]).yes();
    let lines: Vec<_> = log.lines().filter(|line| line.starts_with("LIAR/")).collect();
    let beyond = lines.iter().map(|line| line.contains("beyond the fork")).collect::<Vec<_>>();
    assert_eq!(beyond, [false, true], "{log}");
}

/// The proof travels as a file: whoever has it and the charter needs nobody.
fn is_handed_out(founded: &Founded) {
    let (home, folder) = (founded.path("nobody"), founded.path("taken away"));
    let (to, id) = (folder.display().to_string(), founded.charter.network().to_string());
    let _ = cairn(&home, ["export", "--to", &to, "--node", &founded.node("COD").url()]).yes();
    let proof = folder.join("LIAR.fork").display().to_string();
    let proven = cairn(&home, ["verify", &proof, "--network", &id]).yes();
    assert!(proven.contains("two histories") && proven.contains("BOTH"), "{proven}");
    let audited = cairn(&home, ["audit", &to, "--network", &id]);
    assert!(audited.code == 1 && audited.out.contains("FORKED"), "{}{}", audited.out, audited.err);
}

/// All other logs go on.
fn goes_on(founded: &Founded) {
    let speaker = founded.contributor("COD");
    let others = submit(&founded.node("COD").url(), &[speaker.note(1)]).expect("an answer");
    assert!(matches!(others.outcomes[..], [Outcome::Accepted { .. }]), "{others:?}");
    founded.node("RWA").holds("COD", 2);
    founded.node("UNSEC").holds("COD", 2);
}

/// A restart forgets neither the proof nor what follows from it, whichever copy of it was lost.
fn stays_frozen(founded: &mut Founded) {
    let node = founded.node_mut("COD");
    let (file, second) = (node.folder.join("logs/LIAR/fork"), node.folder.join("second"));
    let losses: [&dyn Fn(); 4] = [
        &|| {},
        &|| fs::remove_dir_all(&second).expect("a second copy"),
        &|| fs::remove_file(&file).expect("a proof"),
        &|| fs::write(&file, "no proof").expect("a file"),
    ];
    for lose in losses {
        assert_eq!(node.stop(Signal::TERM), Some(0));
        lose();
        node.start();
        assert!(node.log("LIAR").frozen.is_some(), "{}", node.diagnostics());
        assert!(node.status().alarms.iter().any(|alarm| alarm.contains("LIAR is forked")));
    }
    assert!(RawFork::decode(&fs::read(&file).expect("it came back")).is_ok());
}

/// An author that shows less than its key has promised, and one that gives nothing of what it promises:
/// alarms of their own, and no accusation.
#[test]
fn going_back_and_withholding_are_alarms_and_no_proof() {
    let mut founded = Founded::of(&["UNSEC", "LIAR", "MUTE"]);
    let node = founded.node_mut("UNSEC");
    fs::write(node.folder.join("node.toml"), "standstill_s = 1\n").expect("settings");
    node.start();
    let node = founded.node("UNSEC");
    let (short, long) =
        (History::with_notes(&founded, "LIAR", 0, 4), History::with_notes(&founded, "LIAR", 0, 9));
    let mute = History::with_notes(&founded, "MUTE", 0, 3);
    let peer = |code: &str, history: &History| {
        let cosigned = history.cosigned(&founded, &[]);
        let (charter, answers) = (founded.charter.clone(), history.clone());
        let peer = Hostile::new(&founded.secret(code, "transport"), charter.network());
        peer.answering(move |asked| Some(answers.answer(&charter, &cosigned, asked).encode()))
    };
    let mut liar = peer("LIAR", &long);
    liar.connect(node.port);
    liar.send(long.heads());
    until("all of it is here", SOON, || {
        liar.until("asked", |seen| matches!(seen, Seen::Asked(_)).then_some(()));
        (node.log("LIAR").size == 10).then_some(())
    });
    let mut silent = peer("MUTE", &History::new(&founded, "MUTE"));
    silent.connect(node.port);
    silent.send(mute.heads());
    let silent = silent.live();
    let alarm = |says: &str| {
        until(says, SOON, || node.status().alarms.into_iter().find(|alarm| alarm.contains(says)))
    };
    let stalled = alarm("nobody has given the entries of MUTE from 0 to 4");
    assert!(stalled.contains("its key has promised"), "{stalled}");
    // Nobody else is there to cosign.
    alarm("of 10 entries of LIAR are confirmed");
    until("it shows less than before", SOON, || {
        liar.send(short.heads());
        liar.until("noted", |seen| matches!(seen, Seen::Answered(_)).then_some(()));
        std::thread::sleep(std::time::Duration::from_millis(200));
        node.status().alarms.into_iter().find(|alarm| alarm.contains("shows 5 entries of its own"))
    });
    assert!(founded.nodes[0].status().logs.iter().all(|log| log.frozen.is_none()), "no proof");
    // It shows all again: the alarm is over.
    liar.send(long.heads());
    liar.until("noted", |seen| matches!(seen, Seen::Answered(_)).then_some(()));
    until("the alarm is over", SOON, || {
        let alarms = node.status().alarms;
        (!alarms.iter().any(|alarm| alarm.contains("of its own log"))).then_some(())
    });
    drop(silent);
}

/// Whoever listens hears of it when it is found.
#[test]
fn a_fork_is_told_to_whoever_watches() {
    let mut founded = Founded::of(&["UNSEC", "COD", "LIAR"]);
    founded.nodes[..2].iter_mut().for_each(Node::start);
    let node = founded.node("COD");
    let heard = founded.path("heard");
    let mut watch = cairn_tests::nodes::command("cairn");
    watch.arg("--home").arg(founded.path("nobody")).args(["watch", "--node", &node.url()]);
    let mut watch = watch
        .stdout(fs::File::create(&heard).expect("a file"))
        .stderr(fs::File::create(founded.path("said")).expect("a file"))
        .spawn()
        .expect("it runs");
    until("it listens", SOON, || {
        fs::read_to_string(founded.path("said")).ok().filter(|said| said.contains("watching"))
    });
    // Listening begins a moment after that; a fork is told of again and again until it is heard.
    let mut liar = Hostile::new(&founded.secret("LIAR", "transport"), founded.charter.network());
    liar.connect(node.port);
    let mut size = 30;
    until("it is told", SOON, || {
        for first in [0, 100] {
            liar.send(History::with_notes(&founded, "LIAR", first, size).heads());
            liar.until("noted", |seen| matches!(seen, Seen::Answered(_)).then_some(()));
        }
        size -= 1;
        let heard = fs::read_to_string(&heard).ok()?;
        heard.contains("the log of LIAR is forked").then_some(())
    });
    watch.kill().expect("a child of ours");
    watch.wait().expect("it ends");
}
