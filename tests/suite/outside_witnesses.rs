//! A node shows its log to witnesses outside of the network, and what they cosign stands in receipts.

use cairn_api::WitnessStatus;
use cairn_ledger::proof::TreeHead;
use cairn_ledger::{TreeHash, WitnessKey};
use cairn_tests::nodes::{
    Contributor, Founded, Manner, Node, Outside, SOON, Said, Signal, WITNESSED_AT, cairn,
    cairn_node, submit, until,
};
use std::fs;
use std::path::Path;

/// Two members, the first of which is to show its log to these. No node runs yet.
fn set_up(witnesses: &dyn Fn(&Founded) -> Vec<Outside>) -> (Founded, Vec<Outside>) {
    let founded = Founded::of(&["UNSEC", "COD"]);
    let witnesses = witnesses(&founded);
    let settings: String = witnesses.iter().map(Outside::setting).collect();
    let path = founded.node("UNSEC").folder.join("node.toml");
    let written = fs::read_to_string(&path).expect("settings");
    let faster = written.replace("witness_interval_s = 30", "witness_interval_s = 1");
    assert_ne!(written, faster);
    fs::write(&path, faster + &settings).expect("settings");
    (founded, witnesses)
}

/// The same, with both nodes running.
fn founded(witnesses: &dyn Fn(&Founded) -> Vec<Outside>) -> (Founded, Vec<Outside>, Contributor) {
    let (mut founded, witnesses) = set_up(witnesses);
    founded.nodes.iter_mut().for_each(Node::start);
    founded.node("UNSEC").meets("COD");
    let speaker = founded.contributor("UNSEC");
    (founded, witnesses, speaker)
}

fn witness(founded: &Founded, name: &str, seed: u8) -> Outside {
    let code = "UNSEC".parse().expect("a code");
    let log = founded.secret("UNSEC", "log").public();
    Outside::of(name, seed, &founded.charter.origin(&code), log)
}

fn says(founded: &Founded, speaker: &Contributor, number: u64) {
    let node = founded.node("UNSEC");
    submit(&node.url(), &[speaker.note(number)]).expect("accepted");
    until("confirmed", SOON, || (node.log("UNSEC").confirmed >= number + 2).then_some(()));
}

/// Waits until a witness is in some state at the node.
fn state(node: &Node, at: usize, what: &str, is: impl Fn(&WitnessStatus) -> bool) -> WitnessStatus {
    let look = || node.try_status()?.witnesses.into_iter().nth(at).filter(&is);
    until(what, SOON, look)
}

fn receipt(founded: &Founded, position: u64, file: &Path) {
    let (node, file) = (founded.node("UNSEC").url(), file.display().to_string());
    let entry = format!("UNSEC/{position}");
    let _ =
        cairn(&founded.path("nobody"), ["receipt", &entry, "--node", &node, "--out", &file]).yes();
}

fn verify(founded: &Founded, file: &Path, witnesses: &[&WitnessKey], json: bool) -> Said {
    let mut args = vec!["verify".to_string(), file.display().to_string()];
    args.extend(["--network".into(), founded.charter.network().to_string()]);
    args.extend(witnesses.iter().flat_map(|key| ["--witness".into(), key.to_string()]));
    args.extend(json.then(|| "--json".into()));
    cairn(&founded.path("nobody"), args)
}

#[test]
fn what_outside_witnesses_cosign_stands_in_receipts_and_is_checked_by_their_keys() {
    let both = |founded: &Founded| {
        vec![witness(founded, "w.example/one", 1), witness(founded, "w.example/two", 2)]
    };
    let (mut founded, witnesses, speaker) = founded(&both);
    says(&founded, &speaker, 0);
    says(&founded, &speaker, 1);
    for (at, witness) in witnesses.iter().enumerate() {
        let cosigned = state(founded.node("UNSEC"), at, "cosigned", |it| it.size == Some(3));
        assert_eq!((cosigned.time, cosigned.trouble), (Some(WITNESSED_AT), None));
        assert_eq!(witness.last().size, 3);
        assert!(witness.answered().iter().all(|status| *status == 200));
    }
    let file = founded.path("UNSEC-1.tlog-proof");
    receipt(&founded, 1, &file);
    let [one, two] = [witnesses[0].key(), witnesses[1].key()];
    let stranger =
        WitnessKey::new("w.example/one", founded.secret("COD", "root").public()).unwrap();
    let said = verify(&founded, &file, &[&one, &two], false).yes();
    let seen = "the outside witness w.example/two had seen the log with these 3 entries at 2027-01-15T08:00:00Z";
    assert!(
        said.contains(seen)
            && said.contains("w.example/one")
            && said.contains("confirmed: 2 members"),
        "{said}"
    );
    let missing = verify(&founded, &file, &[&one, &stranger], false);
    assert_eq!(missing.code, 1);
    assert!(
        missing.out.contains("NOT WITNESSED  by w.example/one: the receipt carries no line"),
        "{missing:?}"
    );
    let value: serde_json::Value =
        serde_json::from_str(&verify(&founded, &file, &[&one, &stranger], true).out).unwrap();
    assert_eq!(value["witnesses"][0]["time"], WITNESSED_AT);
    assert_eq!(value["witnesses"][1]["result"], "missing");
    let _ = verify(&founded, &file, &[], false).yes();
    spoilt_lines_are_noticed(&founded, &file, &one, &two);
    let status = cairn(&founded.path("nobody"), ["status", "--node", &founded.node("UNSEC").url()]);
    assert!(
        status.out.contains("OUTSIDE WITNESS") && status.out.contains("2027-01-15"),
        "{status:?}"
    );
    what_was_cosigned_outlives_a_restart(&mut founded, &witnesses, &speaker);
}

/// The date inside of one witness's line is changed: whoever names that witness is told, and nobody else.
fn spoilt_lines_are_noticed(founded: &Founded, file: &Path, one: &WitnessKey, two: &WitnessKey) {
    let text = fs::read_to_string(file).expect("a receipt");
    let line = text.lines().find(|line| line.contains("w.example/one ")).expect("its line");
    let (name, blob) = line.rsplit_once(' ').expect("a blob");
    let end = blob.len() - 8;
    let letter = if &blob[end..=end] == "A" { "B" } else { "A" };
    let spoilt = format!("{name} {}{letter}{}", &blob[..end], &blob[end + 1..]);
    let other = founded.path("spoilt.tlog-proof");
    fs::write(&other, text.replacen(line, &spoilt, 1)).expect("a file");
    let wrong = verify(founded, &other, &[one, two], false);
    assert_eq!(wrong.code, 1);
    assert!(
        wrong.out.contains("NOT WITNESSED  by w.example/one: the line under its name was not made"),
        "{wrong:?}"
    );
    let _ = verify(founded, &other, &[two], false).yes();
}

fn what_was_cosigned_outlives_a_restart(
    founded: &mut Founded,
    witnesses: &[Outside],
    speaker: &Contributor,
) {
    let before: Vec<_> = witnesses.iter().map(|witness| witness.answered().len()).collect();
    assert_eq!(founded.node_mut("UNSEC").stop(Signal::TERM), Some(0));
    // What is kept of the second is damaged: it is learnt again from the witness itself.
    let key = &witnesses[1].key().key().to_string()[..16];
    let kept = founded.node("UNSEC").folder.join(format!("logs/UNSEC/witnessed-{key}"));
    let note = fs::read_to_string(&kept).expect("what is kept");
    fs::write(&kept, note.replace("UNSEC\n3\n", "UNSEC\n4\n")).expect("a file");
    founded.node_mut("UNSEC").start();
    founded.node("UNSEC").meets("COD");
    let held = state(founded.node("UNSEC"), 0, "kept", |_| true);
    assert_eq!((held.size, held.time), (Some(3), Some(WITNESSED_AT)));
    says(founded, speaker, 2);
    for (at, witness) in witnesses.iter().enumerate() {
        state(founded.node("UNSEC"), at, "cosigned again", |it| it.size == Some(4));
        let answered = witness.answered().split_off(before[at]);
        let told = answered.contains(&409);
        assert_eq!(told, at == 1, "{answered:?}");
    }
}

#[test]
fn a_witness_that_does_not_answer_as_it_should_is_told_and_asked_again() {
    let one = |founded: &Founded| {
        let silent = witness(founded, "silent.example", 7);
        silent.set(Manner::Silent);
        vec![witness(founded, "w.example", 1), silent]
    };
    let (founded, witnesses, speaker) = founded(&one);
    let (node, witness) = (founded.node("UNSEC"), &witnesses[0]);
    says(&founded, &speaker, 0);
    state(node, 0, "cosigned, whatever the silent one does", |it| it.size == Some(2));
    let manners = [
        (Manner::Says(500, "", b"out of \x1b[31morder".to_vec()), "status 500"),
        (
            Manner::Says(404, "", b"unknown log".to_vec()),
            "its operator needs the key invented.example/tests/UNSEC+",
        ),
        (Manner::Says(200, "", b"hello\n".to_vec()), "no signature line"),
        (Manner::Says(200, "", "\u{2014} w.example AAAA\n".into()), "no signature line"),
        (Manner::Says(200, "", vec![b'x'; 1 << 20]), "breaks off"),
        (Manner::Says(301, "location: http://127.0.0.1:1/\r\n", Vec::new()), "status 301"),
        (Manner::Says(409, "", b"2\n".to_vec()), "does not say what it has cosigned"),
        (Manner::Forges, "not made with its key"),
    ];
    for (number, (manner, says_why)) in (1..).zip(manners) {
        witness.set(manner);
        says(&founded, &speaker, number);
        let failing = state(node, 0, says_why, |it| it.trouble.is_some());
        let why = failing.trouble.expect("a reason");
        assert!(why.contains(says_why) && !why.contains('\u{1b}'), "{why}");
        assert_eq!(
            (failing.size, failing.refuses),
            (Some(number + 1), false),
            "what is held stays"
        );
        witness.set(Manner::Honest);
        state(node, 0, "cosigned again", |it| it.size == Some(number + 2) && it.trouble.is_none());
    }
    let silent = state(node, 1, "gives up waiting", |it| it.trouble.is_some());
    assert!(!silent.refuses && silent.size.is_none(), "{silent:?}");
    assert!(node.status().alarms.is_empty(), "that is no alarm");
}

#[test]
fn a_witness_that_was_shown_another_history_is_an_alarm_until_it_cosigns_again() {
    let one = |founded: &Founded| vec![witness(founded, "w.example", 1)];
    let (founded, witnesses, speaker) = founded(&one);
    let (node, witness) = (founded.node("UNSEC"), &witnesses[0]);
    says(&founded, &speaker, 0);
    state(node, 0, "cosigned", |it| it.size == Some(2));
    let right = witness.last();
    let other = |size| TreeHead { size, root: TreeHash([7; 32]) };
    let (same, larger) =
        ("shown a history that ours", "it has cosigned 99 entries, this folder holds 4");
    for (number, (last, says_why)) in (1..).zip([(other(2), same), (other(99), larger)]) {
        witness.remember(last);
        says(&founded, &speaker, number);
        let refuses = state(node, 0, "refuses", |it| it.refuses);
        assert!(refuses.trouble.is_some_and(|why| why.contains(says_why)));
        let status = cairn(&founded.path("nobody"), ["status", "--node", &node.url()]);
        assert_eq!(status.code, 1, "somebody has to look");
        assert!(
            status.out.contains("ALARM: outside witness w.example refuses our log: "),
            "{status:?}"
        );
        assert!(node.diagnostics().contains("outside witness w.example refuses our log"));
        witness.remember(right);
        state(node, 0, "cosigned again", |it| it.size == Some(number + 2) && !it.refuses);
        assert!(node.status().alarms.is_empty());
    }
    // A witness that was set back, but to what we did show it, is helped on.
    assert!(witness.answered().contains(&409) && witness.answered().contains(&422));
}

/// While the other member is away nothing is confirmed: the newest checkpoint is shown. Once it is
/// confirmed, the line stands on the confirmed one.
#[test]
fn what_nobody_has_confirmed_yet_is_witnessed_all_the_same() {
    let one = |founded: &Founded| vec![witness(founded, "w.example", 1)];
    let (mut founded, witnesses) = set_up(&one);
    founded.node_mut("UNSEC").start();
    let speaker = founded.contributor("UNSEC");
    submit(&founded.node("UNSEC").url(), &[speaker.note(0)]).expect("accepted");
    state(founded.node("UNSEC"), 0, "cosigned", |it| it.size == Some(2));
    let key = witnesses[0].key();
    let (alone, confirmed) = (founded.path("alone"), founded.path("confirmed"));
    receipt(&founded, 1, &alone);
    let said = verify(&founded, &alone, &[&key], false).yes();
    assert!(
        said.contains("NOT confirmed: 1 members") && said.contains("w.example had seen"),
        "{said}"
    );
    founded.node_mut("COD").start();
    let node = founded.node("UNSEC");
    until("confirmed", SOON, || (node.log("UNSEC").confirmed == 2).then_some(()));
    receipt(&founded, 1, &confirmed);
    let said = verify(&founded, &confirmed, &[&key], false).yes();
    assert!(
        said.contains("  confirmed: 2 members") && said.contains("w.example had seen"),
        "{said}"
    );
    assert!(witnesses[0].answered().iter().all(|status| *status == 200));
}

/// The two sides speak with each other: one node's log, and another node as its witness over HTTP.
#[test]
fn a_node_can_be_the_outside_witness_of_another_log() {
    let mut founded = Founded::of(&["UNSEC", "COD"]);
    let cod = "COD".parse().expect("a code");
    let name = format!("{}/cosigner", founded.charter.origin(&cod));
    let key = WitnessKey::new(&name, founded.secret("COD", "cosign").public()).unwrap();
    let path = founded.node("UNSEC").folder.join("node.toml");
    let settings = fs::read_to_string(&path).expect("settings").replace("_s = 30", "_s = 1");
    let url = format!("{}/tlog", founded.node("COD").url());
    let witness =
        format!("[[witness]]\nname = \"COD over HTTP\"\nvkey = \"{key}\"\nurl = \"{url}\"\n");
    fs::write(&path, settings + &witness).expect("settings");
    founded.nodes.iter_mut().for_each(Node::start);
    founded.node("UNSEC").meets("COD");
    let speaker = founded.contributor("UNSEC");
    says(&founded, &speaker, 0);
    let cosigned = state(founded.node("UNSEC"), 0, "cosigned", |it| it.size == Some(2));
    assert_eq!(cosigned.trouble, None);
    let file = founded.path("receipt");
    receipt(&founded, 1, &file);
    let said = verify(&founded, &file, &[&key], false).yes();
    assert!(said.contains(&format!("the outside witness {name} had seen")), "{said}");
}

#[test]
fn settings_that_name_no_witness_are_refused_at_the_start() {
    let founded = Founded::of(&["UNSEC"]);
    let folder = &founded.node("UNSEC").folder;
    let path = folder.join("node.toml");
    let written = fs::read_to_string(&path).expect("settings");
    let setting = witness(&founded, "w.example", 1).setting();
    let run = || {
        let (folder, charter) = (folder.display().to_string(), founded.path("charter"));
        let charter = charter.display().to_string();
        let said =
            cairn_node(["run", "--http", "127.0.0.1:1", "--data", &folder, "--charter", &charter]);
        assert_eq!(said.code, 2, "{said:?}");
        said.err
    };
    for (changed, says) in [
        (setting.replace("http://", "gopher://"), "is not an address such as https://"),
        (setting.replace("+B", "+C"), "not a witness's key"),
        (setting.replace("vkey", "key"), "unknown field"),
        (setting.repeat(2), "two witnesses in node.toml have one name or one key"),
    ] {
        fs::write(&path, format!("{written}{changed}")).expect("settings");
        let why = run();
        assert!(why.contains(says), "{changed}: {why}");
    }
}
