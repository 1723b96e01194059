//! Static tiles as a node serves them: what is there, what is not, and never anything damaged.

use cairn_api::Problem;
use cairn_ledger::bundle::Slices;
use cairn_ledger::tree::leaf_hash;
use cairn_tests::nodes::hostile::{Hostile, Seen};
use cairn_tests::nodes::{
    Contributor, Founded, History, Node, SOON, Signal, cairn, corrupt, entries_file, http, submit,
    until,
};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

/// Notes beside the authorisation: one full tile and a part of the next.
const NOTES: u64 = 299;

/// Nodes that all hold the same log of the Secretariat, and a signed checkpoint of all of it.
fn network(codes: &[&str]) -> (Founded, Contributor) {
    let founded = Founded::running(codes);
    let speaker = founded.contributor("UNSEC");
    for numbers in [1..150, 150..1 + NOTES] {
        let notes: Vec<_> = numbers.map(|number| speaker.note(number)).collect();
        submit(&founded.node("UNSEC").url(), &notes).expect("an answer");
    }
    founded.nodes.iter().for_each(|node| covers(node, 1 + NOTES));
    (founded, speaker)
}

/// Waits until the checkpoint of the Secretariat's log that a node serves has so many entries.
fn covers(node: &Node, size: u64) {
    until(&format!("{} serves {size} entries", node.code), SOON, || {
        let (status, body) = http(&format!("{}/tlog/UNSEC/checkpoint", node.url()))?;
        let line = format!("\n{size}\n");
        (status == 200 && String::from_utf8_lossy(&body).contains(&line)).then_some(())
    });
}

/// Asks by these bytes; answers with the head of the answer, in lower case, and its body.
fn asked(node: &Node, method: &str, path: &str) -> (String, Vec<u8>) {
    let mut socket = TcpStream::connect(("127.0.0.1", node.http)).expect("a node");
    socket.set_read_timeout(Some(SOON)).expect("a socket");
    let request =
        format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).expect("a node");
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).expect("an answer");
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let body = answer.split_off(end + 4);
    (String::from_utf8_lossy(&answer).to_lowercase(), body)
}

fn tile(node: &Node, path: &str) -> Vec<u8> {
    let (status, body) = http(&format!("{}/tlog/UNSEC/tile/{path}", node.url())).expect("answer");
    let said = String::from_utf8_lossy(&body);
    assert_eq!(status, 200, "{path}: {said}\n{}", node.diagnostics());
    body
}

#[test]
fn a_log_is_served_as_static_files_would_be() {
    let (founded, _) = network(&["UNSEC", "COD"]);
    let file = fs::read(entries_file(&founded.node("UNSEC").folder, "UNSEC")).expect("a log");
    // Every member's node serves every log.
    for node in &founded.nodes {
        let bundles = [tile(node, "entries/000"), tile(node, "entries/001.p/44")].concat();
        assert_eq!(bundles, file, "the bundles are the file, cut");
        let leaves = Slices::new(&file).flat_map(|entry| leaf_hash(entry.expect("an entry")).0);
        let hashes = [tile(node, "0/000"), tile(node, "0/001.p/44")].concat();
        assert_eq!(hashes, leaves.collect::<Vec<_>>());
        assert_eq!(tile(node, "1/000.p/1").len(), 32);
    }
    let node = founded.node("COD");
    for (path, length, kind, cache) in [
        ("checkpoint", None, "text/plain; charset=utf-8", "max-age=1"),
        ("tile/0/000", Some(8192), "application/octet-stream", "immutable"),
        ("tile/0/001.p/44", Some(44 * 32), "application/octet-stream", "immutable"),
        ("tile/entries/000", None, "application/octet-stream", "immutable"),
    ] {
        let path = format!("/tlog/UNSEC/{path}");
        let (head, body) = asked(node, "GET", &path);
        assert!(head.starts_with("http/1.1 200 "), "{path}: {head}");
        assert!(head.contains(&format!("content-type: {kind}\r\n")), "{path}: {head}");
        assert!(head.contains("cache-control: public, ") && head.contains(cache), "{path}: {head}");
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{path}: {head}");
        assert_eq!(length.unwrap_or(body.len()), body.len(), "{path}");
        let (without, nothing) = asked(node, "HEAD", &path);
        assert_eq!(nothing, b"", "{path}");
        let lines = |head: &str| {
            let lines = head.lines().filter(|line| !line.starts_with("date:"));
            let mut lines: Vec<_> = lines.map(String::from).collect();
            lines.sort();
            lines
        };
        assert_eq!(lines(&without), lines(&head), "{path}");
    }
}

#[test]
fn what_is_no_tile_or_not_there_yet_is_refused_with_a_reason() {
    let (founded, _) = network(&["UNSEC", "COD"]);
    let node = founded.node("UNSEC");
    for (path, code, says) in [
        ("UNSEC/tile/0/001", 404, "a log of 300 entries, as UNSEC, has no tile 0/001"),
        ("UNSEC/tile/0/001.p/45", 404, "no tile"),
        ("UNSEC/tile/entries/001.p/45", 404, "no tile"),
        ("UNSEC/tile/0/002.p/1", 404, "no tile"),
        ("UNSEC/tile/1/000.p/2", 404, "no tile"),
        ("UNSEC/tile/2/000.p/1", 404, "no tile"),
        ("UNSEC/tile/63/x999/999", 404, "no tile"),
        ("UNSEC/tile/0/0", 400, "\"0/0\" is not the address of a tile, expected one such as"),
        ("UNSEC/tile/8/0/000", 400, "not the address of a tile"),
        ("UNSEC/tile/0/%30%30%30", 400, "not the address of a tile"),
        ("UNSEC/tile/0/..%2f..%2fkeys", 400, "not the address of a tile"),
        ("UNSEC/tile/0/000.p/256", 400, "not the address of a tile"),
        ("UNSEC/tile/0/%ff", 400, "not the address of a tile"),
        ("COD/tile/0/000.p/1", 404, "as COD, has no tile"),
        ("ZZZ/checkpoint", 404, "no member"),
        ("ZZZ/tile/0/000", 404, "no member"),
        ("unsec/tile/0/000", 400, ""),
        ("%ff/checkpoint", 400, ""),
    ] {
        let (head, body) = asked(node, "GET", &format!("/tlog/{path}"));
        assert!(head.starts_with(&format!("http/1.1 {code} ")), "{path}: {head}");
        assert!(!head.contains("cache-control"), "a refusal is not kept: {path}: {head}");
        let problem: Problem = serde_json::from_slice(&body).expect(path);
        assert!(problem.error.contains(says), "{path}: {}", problem.error);
    }
    let (head, _) = asked(node, "POST", "/tlog/UNSEC/tile/0/000");
    assert!(head.starts_with("http/1.1 405 "), "{head}");
}

type Damage<'a> = &'a dyn Fn(&mut Vec<u8>);

/// Under a running node: a block of zeros, and a length that leads astray.
#[test]
fn damage_is_repaired_before_it_is_served() {
    let (mut founded, _) = network(&["UNSEC", "COD"]);
    let node = founded.node_mut("UNSEC");
    // The second copy follows at leisure: a node that has stopped has all of it.
    assert_eq!(node.stop(Signal::TERM), Some(0));
    node.start();
    let node = founded.node("UNSEC");
    let file = entries_file(&node.folder, "UNSEC");
    let sound = fs::read(&file).expect("a log");
    let tiles = ["0/000", "0/001.p/44", "entries/000", "entries/001.p/44"];
    let before = tiles.map(|path| tile(node, path));
    let length_of = |entry: usize| {
        let before = Slices::new(&sound).take(entry).map(|entry| 2 + entry.unwrap().len());
        before.sum::<usize>()
    };
    let damages: [(&str, Damage); 3] = [
        ("zeros", &|bytes| bytes[8192..12_288].fill(0)),
        ("a length", &|bytes| bytes[length_of(70)] ^= 1),
        ("the last entry", &|bytes| *bytes.last_mut().unwrap() ^= 1),
    ];
    let mut repaired = 0;
    for (what, damage) in damages {
        for path in tiles.iter().zip(&before) {
            corrupt(&file, damage);
            assert!(tile(node, path.0) == *path.1, "{what}, {}", path.0);
        }
        // One entry far behind the damage: what is repaired is the damage and nothing else.
        corrupt(&file, damage);
        let receipt = format!("{}/v1/logs/UNSEC/receipts/100", node.url());
        assert_eq!(http(&receipt).expect("an answer").0, 200, "{what}");
        tiles.iter().for_each(|path| drop(tile(node, path)));
        assert!(fs::read(&file).expect("a log") == sound, "{what}");
        let now = node.status().faults_repaired;
        assert!(now > repaired, "{what}: counted");
        repaired = now;
    }
}

#[test]
fn a_forked_log_is_served_as_it_is_held() {
    let mut founded = Founded::of(&["UNSEC", "COD", "LIAR"]);
    founded.nodes[..2].iter_mut().for_each(Node::start);
    founded.node("UNSEC").meets("COD");
    let speaker = founded.contributor("UNSEC");
    submit(&founded.node("UNSEC").url(), &[speaker.note(1), speaker.note(2)]).expect("an answer");
    let node = founded.node("COD");
    covers(node, 3);
    let held = [tile(node, "0/000.p/3"), tile(node, "entries/000.p/3")];
    let other = History::with_notes(&founded, "UNSEC", 10, 2);
    let transport = founded.secret("LIAR", "transport");
    let mut liar = Hostile::new(&transport, founded.charter.network());
    liar.connect(node.port);
    liar.send(other.heads());
    liar.until("noted", |seen| matches!(seen, Seen::Answered(_)).then_some(()));
    until("the fork is seen", SOON, || node.log("UNSEC").frozen);
    covers(node, 3);
    assert!(held == [tile(node, "0/000.p/3"), tile(node, "entries/000.p/3")]);
}

/// What `cairn members --keys` prints are lines of a policy as other tools read it.
#[test]
fn an_operator_can_hand_out_the_keys() {
    let founded = Founded::running(&["UNSEC", "COD"]);
    let url = founded.node("COD").url();
    let said = cairn(&founded.path("nobody"), ["members", "--keys", "--node", &url]).yes();
    let lines: Vec<Vec<_>> = said.lines().map(|line| line.split(' ').collect()).collect();
    let [log, cosigner, ..] = &lines[..] else { panic!("{said}") };
    assert_eq!(lines.len(), 4, "{said}");
    let name = |vkey: &str| vkey.split('+').next().map(String::from);
    assert_eq!((log[0], name(log[1]).as_deref()), ("log", Some("invented.example/tests/COD")));
    assert_eq!((cosigner[0], cosigner[1]), ("witness", "COD"));
    let expected = Some("invented.example/tests/COD/cosigner");
    assert_eq!(name(cosigner[2]).as_deref(), expected);
}
