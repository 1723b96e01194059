//! Receipts and fork proofs: what is right verifies, and nothing that was touched does.

use crate::village::FIVE;
use cairn_ledger::fork::{ForkError, RawFork};
use cairn_ledger::{Cosigner, Fork, NetworkId, RawReceipt, TreeHash};
use cairn_tests::nodes::{Founded, Node};
use cairn_tests::shown;
use cairn_tests::sim::Face;
use std::io::{Read, Write};

fn history(author: usize, first: u64, notes: u64) -> Face {
    shown::history(&FIVE, author, first, notes)
}

fn receipt(face: &Face, position: u64, by: &[usize]) -> RawReceipt {
    shown::receipt(&FIVE, face, position, by)
}

#[test]
fn a_receipt_proves_its_entry_and_who_stands_behind_it() {
    let face = history(0, 10, 36);
    for position in [0, 1, 17, 36] {
        let text = receipt(&face, position, &[1, 3, 4]).encode();
        let raw = RawReceipt::decode(text.as_bytes()).expect("the format");
        let receipt = raw.verify(FIVE.charter.network()).expect("true");
        assert_eq!(receipt.entry, *face.entries[position as usize]);
        let author = &FIVE.people[0].code;
        assert_eq!(receipt.cosigned.members(author), 4);
        assert!(receipt.cosigned.is_confirmed(&FIVE.charter, author));
        raw.verify(NetworkId([7; 32])).expect_err("another network");
    }
    let few = receipt(&face, 1, &[2, 4]).verify(FIVE.charter.network()).expect("true");
    assert!(!few.cosigned.is_confirmed(&FIVE.charter, &FIVE.people[0].code));
}

/// Every byte of the file belongs to something that is checked.
#[test]
fn a_receipt_with_any_byte_changed_is_refused_or_says_the_same_of_fewer() {
    let network = FIVE.charter.network();
    let text = receipt(&history(0, 10, 5), 3, &[1, 3]).encode();
    let right = RawReceipt::decode(text.as_bytes()).unwrap().verify(network).unwrap();
    for at in 0..text.len() {
        for flip in [1, 0x20] {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= flip;
            let Ok(raw) = RawReceipt::decode(&bytes) else { continue };
            // A line under an unknown name or key is no one's, and is ignored, as the format wants it.
            if let Ok(read) = raw.verify(network) {
                assert_eq!(read.entry, right.entry, "byte {at}");
                assert_eq!(read.cosigned.checkpoint(), right.cosigned.checkpoint(), "byte {at}");
                let kept = read.cosigned.cosignatures();
                assert_eq!(kept.len() + 1, right.cosigned.cosignatures().len(), "byte {at}");
            }
        }
    }
    for end in 0..text.len() {
        // Cut behind a whole line, fewer stand behind it; everywhere else nothing is left to believe.
        let cut = RawReceipt::decode(&text.as_bytes()[..end]).ok();
        if let Some(Ok(read)) = cut.map(|raw| raw.verify(network)) {
            assert_eq!(read.entry, right.entry, "cut at {end}");
            assert!(text.as_bytes()[end - 1] == b'\n', "cut at {end}");
        }
    }
}

/// A note of the right size is shown for the proof: at a million entries and three cosignatures.
#[test]
fn the_proof_part_of_a_receipt_is_small() {
    let face = history(0, 10, 3);
    let proof = vec![TreeHash([0xff; 32]); 20];
    let raw = RawReceipt::new(
        &FIVE.charter,
        &face.entries[1],
        proof,
        &shown::cosigned(&FIVE, &face, &[1, 2, 3]),
    );
    let bytes = raw.encode_proof().len();
    assert!(bytes < 1_600 - "c2sp.org/tlog-proof@v1\n".len() - 12, "{bytes} bytes");
}

fn fork(one: &Face, other: &Face, size: u64) -> RawFork {
    shown::fork(&FIVE, size, (one, &[1, 2]), (other, &[2, 3]))
}

fn verify(raw: RawFork) -> Result<Fork, ForkError> {
    let raw = RawFork::decode(&cairn_ledger::codec::encode(&raw))?;
    raw.verify(&FIVE.charter)
}

#[test]
fn a_fork_convicts_the_log_and_whoever_cosigned_both_sides() {
    // The authorisation at position 0 is the same; what follows differs.
    for (one, other) in [(5, 5), (5, 9), (64, 17)] {
        let (one, other) = (history(0, 10, one), history(0, 500, other));
        for size in [2, 3, 6] {
            let fork = verify(fork(&one, &other, size)).expect("a fork");
            assert_eq!(fork.position(), size - 1);
            assert_eq!(fork.cosigners_of_both(), [Cosigner::Member(FIVE.people[2].code.clone())]);
        }
        verify(fork(&one, &other, 1)).expect_err("the first entry is the same in both");
        verify(fork(&one, &one, 2)).expect_err("one history is no fork");
    }
}

#[test]
fn an_honest_log_that_grows_is_no_fork_and_no_altered_proof_convicts() {
    let (short, long) = (history(0, 10, 5), history(0, 10, 12));
    verify(fork(&short, &long, 3)).expect_err("a log and its beginning");
    let (one, other) = (history(0, 10, 6), history(0, 500, 11));
    let right = fork(&one, &other, 4);
    verify(right.clone()).expect("a fork");
    let alterations: [fn(&mut RawFork); 6] = [
        |raw| raw.size += 1,
        |raw| raw.size = 0,
        |raw| raw.sides.swap(0, 1),
        |raw| raw.log = FIVE.people[1].code.clone(),
        |raw| raw.sides[0].checkpoint = raw.sides[1].checkpoint.clone(),
        |raw| raw.sides[1].checkpoint.0[40] ^= 1,
    ];
    for (number, alter) in alterations.into_iter().enumerate() {
        let mut raw = right.clone();
        alter(&mut raw);
        verify(raw).expect_err(&format!("alteration {number}"));
    }
    for which in 0..2 {
        for at in 0..right.sides[which].proof.len() {
            let mut raw = right.clone();
            raw.sides[which].proof[at].0[9] ^= 1;
            verify(raw).expect_err("an altered hash");
            let mut raw = right.clone();
            raw.sides[which].proof.remove(at);
            verify(raw).expect_err("a missing hash");
        }
        let mut raw = right.clone();
        raw.sides[which].proof.push(TreeHash([1; 32]));
        verify(raw).expect_err("a hash too many");
        let mut raw = right.clone();
        raw.sides[which].root.0[0] ^= 1;
        verify(raw).expect_err("another root");
    }
}

/// The real commands: a receipt from one node, verified with nothing but the file and the id.
#[test]
fn a_receipt_of_a_running_node_is_verified_anywhere() {
    let founded = Founded::running(&["UNSEC", "COD", "TZA"]);
    let speaker = founded.contributor("UNSEC");
    let node: &Node = founded.node("COD");
    cairn_tests::nodes::submit(&founded.node("UNSEC").url(), &[speaker.note(0)]).expect("accepted");
    node.holds("UNSEC", 2);
    cairn_tests::nodes::until("confirmed", cairn_tests::nodes::SOON, || {
        (node.log("UNSEC").confirmed >= 2).then_some(())
    });
    let log = ["log", "UNSEC", "--tail", "1", "--node", &node.url()];
    let log = cairn_tests::nodes::cairn(&founded.path("nobody"), log).yes();
    assert!(log.contains("(confirmed, cosigned by 2)"), "{log}");
    let (home, file) = (founded.path("nobody"), founded.path("UNSEC-1.tlog-proof"));
    let (path, id) = (file.display().to_string(), founded.charter.network().to_string());
    let made = cairn_tests::nodes::cairn(
        &home,
        ["receipt", "UNSEC/1", "--node", &node.url(), "--out", &path],
    );
    assert!(made.yes().contains("confirmed: 3 members stand behind it"));
    let verified = cairn_tests::nodes::cairn(&home, ["verify", &path, "--network", &id]).yes();
    assert!(verified.contains("true: every signature"), "{verified}");
    let other = cairn_tests::nodes::cairn(&home, ["verify", &path, "--network", &"7".repeat(64)]);
    assert_eq!(other.code, 1);
    let text = std::fs::read_to_string(&file).expect("a receipt");
    another_receipt_is_not_taken(&founded, &text);
    let text = text.replacen("index 1", "index 0", 1);
    std::fs::write(&file, text).expect("a file");
    let refuted = cairn_tests::nodes::cairn(&home, ["verify", &path, "--network", &id]);
    assert_eq!((refuted.code, refuted.out.contains("REFUTED")), (1, true), "{}", refuted.err);
}

/// A notification: the notified State's own node proves by its cosignature since when it has it.
#[test]
fn a_notified_state_is_shown_to_have_held_the_notification() {
    use cairn_tests::nodes::{SOON, Signal, cairn, until};
    let mut founded = Founded::of(&["UNSEC", "COD", "TZA"]);
    ["UNSEC", "TZA"].iter().for_each(|code| founded.node_mut(code).start());
    let node = founded.node("UNSEC");
    node.meets("TZA");
    let _ = founded.contributor("UNSEC");
    let (home, url) = (founded.home("UNSEC"), node.url());
    let type_in = |line: &str| cairn(&home, line.split(' ')).yes();
    type_in(
        "case open --title Ambush --mission MONUSCO --host-state COD --date 2026-11-20 --killed 2",
    );
    let cases = type_in("case list --json");
    let cases: serde_json::Value = serde_json::from_str(&cases).expect("JSON");
    let case = cases["cases"][0]["id"].as_str().expect("a case").to_string();
    type_in(&format!("case update {case} notified --state COD --sent 2026-11-21T09:30Z"));
    let place = format!("UNSEC/{}", node.log("UNSEC").size - 1);
    let nobody = founded.path("nobody");
    let show = |node: &Node| cairn(&nobody, ["case", "show", &case, "--node", &node.url()]);
    // The notified State's node is away: nothing is shown of it, and nobody can prove it.
    founded.node("TZA").holds("UNSEC", node.log("UNSEC").size);
    assert!(!show(founded.node("TZA")).yes().contains("the node of COD held it"));
    let file = founded.path("proof").display().to_string();
    let ask = ["receipt", &place, "--held-by", "COD", "--out", &file, "--node", &url];
    let refused = cairn(&nobody, ask);
    assert!(refused.code != 0 && refused.err.contains("is known to hold"), "{}", refused.err);
    founded.node_mut("COD").start();
    let first = until("its cosignature is shown", SOON, || {
        let shown = show(founded.node("TZA")).out;
        shown.lines().find(|line| line.contains("the node of COD held it")).map(String::from)
    });
    // What comes later does not move the date, nor does a restart.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    type_in(&format!("case update {case} note More"));
    let size = founded.node("UNSEC").log("UNSEC").size;
    until("cosigned again", SOON, || {
        let cosigned = founded.node("TZA").log("UNSEC").cosigned;
        cosigned.iter().any(|one| one.cosigner == "COD" && one.size == size).then_some(())
    });
    let node = founded.node_mut("TZA");
    assert_eq!(node.stop(Signal::TERM), Some(0));
    node.start();
    let again = show(founded.node("TZA")).yes();
    assert!(again.contains(&first), "{first} in {again}");
    // It is proven to whoever trusts nobody.
    let url = founded.node("TZA").url();
    let ask = ["receipt", &place, "--held-by", "COD", "--out", &file, "--node", &url];
    let _ = cairn(&nobody, ask).yes();
    let id = founded.charter.network().to_string();
    let proven = cairn(&nobody, ["verify", &file, "--network", &id]).yes();
    assert!(proven.contains("it is the State that this notifies"), "{proven}");
    let date = first.split(" at ").nth(1).and_then(|rest| rest.split(',').next()).expect("a date");
    assert!(proven.contains(date), "{date} in {proven}");
}

/// A node that answers with a true receipt of another entry than the one that was asked for.
fn another_receipt_is_not_taken(founded: &Founded, receipt: &str) {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let node = format!("http://{}", listener.local_addr().expect("an address"));
    let length = receipt.len();
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{receipt}");
    // Ends with the test process.
    std::thread::spawn(move || {
        for mut socket in listener.incoming().map_while(Result::ok) {
            // It asks before it is answered.
            if socket.read(&mut [0; 4096]).is_ok_and(|bytes| bytes > 0) {
                socket.write_all(answer.as_bytes()).ok();
            }
        }
    });
    let (home, id) = (founded.path("somebody"), founded.charter.network().to_string());
    let made = cairn_tests::nodes::cairn(
        &home,
        ["init", "--no-passphrase", "--member", "UNSEC", "--network", &id],
    );
    assert_eq!(made.code, 0, "{}", made.err);
    let get = |entry: &str| {
        let path = founded.path("got.tlog-proof").display().to_string();
        let said =
            cairn_tests::nodes::cairn(&home, ["receipt", entry, "--node", &node, "--out", &path]);
        (said, std::fs::remove_file(path).is_ok())
    };
    let (said, written) = get("UNSEC/0");
    assert_eq!((said.code, written), (1, false), "{}{}", said.out, said.err);
    assert!(
        said.err.contains("gave the receipt of UNSEC/1, UNSEC/0 was asked for"),
        "{}",
        said.err
    );
    let (said, written) = get("UNSEC/1");
    assert_eq!((said.code, written), (0, true), "{}{}", said.out, said.err);
}
