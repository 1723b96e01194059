//! A real node as a witness over HTTP: every status of c2sp.org/tlog-witness, races, and what outlives it.

use cairn_api::route;
use cairn_ledger::bundle::Slices;
use cairn_ledger::note::RawNote;
use cairn_ledger::proof::{TreeHead, consistency, subtree};
use cairn_ledger::tree::{leaf_hash, node_hash};
use cairn_ledger::witness::{REQUEST_BYTES_MAX, origin_hash};
use cairn_ledger::{Checkpoint, RawAddCheckpoint, SecretKey, TreeHash, WitnessKey};
use cairn_tests::nodes::{Contributor, Founded, Node, SOON, Signal, entries_file, submit, until};
use std::convert::Infallible;
use std::io::Write;
use std::net::TcpStream;

/// What a node answers.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Answer {
    status: u16,
    kind: String,
    retry: bool,
    body: String,
}

fn ask(node: &Node, body: &[u8]) -> Answer {
    let config =
        ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(SOON));
    let agent: ureq::Agent = config.build().into();
    let url = format!("{}{}", node.url(), route::ADD_CHECKPOINT);
    let mut response = agent.post(&url).send(body).expect("an answer");
    let header =
        |name: &str| response.headers().get(name).map(|it| it.to_str().expect("text").to_string());
    let (kind, retry) =
        (header("content-type").unwrap_or_default(), header("retry-after").is_some());
    let status = response.status().as_u16();
    Answer { status, kind, retry, body: response.body_mut().read_to_string().expect("text") }
}

/// The leaves of a log's tree, from the file that a node has.
struct Tree(Vec<TreeHash>);

impl Tree {
    fn read(node: &Node, log: &str) -> Self {
        let bytes = std::fs::read(entries_file(&node.folder, log)).expect("a log file");
        Self(Slices::new(&bytes).map(|entry| leaf_hash(entry.expect("an entry"))).collect())
    }

    fn node(&self, level: u32, index: u64) -> TreeHash {
        let Some(below) = level.checked_sub(1) else { return self.0[index as usize] };
        node_hash(&self.node(below, index * 2), &self.node(below, index * 2 + 1))
    }

    fn head(&self, size: u64) -> TreeHead {
        let Ok(root) = subtree(0, size, &mut |l, i| Ok::<_, Infallible>(self.node(l, i)));
        TreeHead { size, root }
    }

    fn proof(&self, old: u64, new: u64) -> Vec<TreeHash> {
        let Ok(proof) = consistency(old, new, &mut |l, i| Ok::<_, Infallible>(self.node(l, i)));
        proof
    }
}

fn sign(founded: &Founded, log: &str, head: TreeHead, key: &SecretKey) -> String {
    let origin = founded.charter.origin(&log.parse().expect("a code"));
    Checkpoint::sign(&origin, head, key).note().to_string()
}

/// The log of UNSEC says so: an honest request to cosign.
fn request(founded: &Founded, tree: &Tree, old: u64, new: u64) -> RawAddCheckpoint {
    let key = founded.secret("UNSEC", "log");
    RawAddCheckpoint {
        old,
        proof: tree.proof(old, new),
        note: sign(founded, "UNSEC", tree.head(new), &key),
    }
}

/// What COD signs with, as tools of the ecosystem know it.
fn cod(founded: &Founded) -> WitnessKey {
    let name = format!("{}/cosigner", founded.charter.origin(&"COD".parse().expect("a code")));
    WitnessKey::new(&name, founded.secret("COD", "cosign").public()).expect("a key")
}

/// The answer is COD's line on the checkpoint, alone and true.
fn is_cosigned(founded: &Founded, request: &RawAddCheckpoint, answer: &Answer) {
    assert_eq!((answer.status, answer.body.lines().count()), (200, 1), "{answer:?}");
    let note =
        RawNote::decode(format!("{}{}", request.note, answer.body).as_bytes()).expect("a note");
    let found = cod(founded).cosignature(&note).expect("its own signature");
    assert!(found.is_some_and(|it| it.time > 1_700_000_000), "{answer:?}");
}

/// Two members; COD holds and has cosigned seven entries of UNSEC.
fn founded() -> (Founded, Tree, Contributor) {
    let founded = Founded::running(&["UNSEC", "COD"]);
    let speaker = founded.contributor("UNSEC");
    let notes: Vec<_> = (0..6).map(|number| speaker.note(number)).collect();
    submit(&founded.node("UNSEC").url(), &notes).expect("accepted");
    let node = founded.node("COD");
    until("cosigned", SOON, || (node.log("UNSEC").cosigned.first()?.size == 7).then_some(()));
    let tree = Tree::read(node, "UNSEC");
    (founded, tree, speaker)
}

#[test]
fn every_status_is_the_one_of_the_specification() {
    let (founded, tree, _) = founded();
    let node = founded.node("COD");
    let right = request(&founded, &tree, 7, 7);
    is_cosigned(&founded, &right, &ask(node, right.encode().as_bytes()));
    let status = |request: &RawAddCheckpoint| ask(node, request.encode().as_bytes()).status;
    // 409: with the size, as its own type
    for old in [0, 3] {
        let answer = ask(node, request(&founded, &tree, old, 7).encode().as_bytes());
        let told = (answer.status, answer.kind.as_str(), answer.body.as_str());
        assert_eq!(told, (409, "text/x.tlog.size", "7\n"));
    }
    // 404: nobody's log, another network's, and the node's own
    let key = founded.secret("COD", "log");
    let own = RawAddCheckpoint {
        note: sign(&founded, "COD", tree.head(0), &key),
        ..request(&founded, &tree, 0, 0)
    };
    assert_eq!(status(&own), 404);
    for other in ["invented.example/other/UNSEC", "invented.example/tests/ZZZ", "UNSEC"] {
        let note = right.note.replacen("invented.example/tests/UNSEC", other, 1);
        assert_eq!(status(&RawAddCheckpoint { note, ..right.clone() }), 404);
    }
    // 403: another key, nobody's line, a line of the log that is not true
    let stranger = sign(&founded, "UNSEC", tree.head(7), &SecretKey::from_seed([9; 32]));
    let forged = right.note.replacen("\n7\n", "\n8\n", 1);
    for note in [stranger, forged] {
        assert_eq!(status(&RawAddCheckpoint { note, ..right.clone() }), 403);
    }
    // Lines of others are ignored.
    let more = format!("{}\u{2014} stranger.example AAAAAAAA\n", right.note);
    assert_eq!(status(&RawAddCheckpoint { note: more, ..right.clone() }), 200);
    // 400: larger than itself, and what is no request
    assert_eq!(status(&RawAddCheckpoint { old: 9, ..right.clone() }), 400);
    let text = right.encode();
    let extended = right.note.replacen("\n\n", "\nextension\n\n", 1);
    for body in [
        Vec::new(),
        b"old 7\n".to_vec(),
        text.replacen("old 7", "old 07", 1).into_bytes(),
        text.replacen("old 7\n", "old 7\nAAAA\n", 1).into_bytes(),
        text.replacen("\u{2014}", "-", 1).into_bytes(),
        RawAddCheckpoint { note: extended, ..right.clone() }.encode().into_bytes(),
        vec![b'o'; REQUEST_BYTES_MAX + 1],
    ] {
        let answer = ask(node, &body);
        assert_eq!(answer.status, 400, "{answer:?}");
    }
    // 422: a proof where nothing is to be proven
    let proof = vec![TreeHash([1; 32])];
    assert_eq!(status(&RawAddCheckpoint { proof, ..right.clone() }), 422);
    assert!(node.status().alarms.is_empty());
    a_contradiction_freezes(&founded, &tree);
}

/// The true log key signs another root of the same size: 422, an alarm, and nothing more of that log.
fn a_contradiction_freezes(founded: &Founded, tree: &Tree) {
    let (node, key) = (founded.node("COD"), founded.secret("UNSEC", "log"));
    let right = request(founded, tree, 7, 7);
    let other = TreeHead { root: TreeHash([5; 32]), ..tree.head(7) };
    let note = sign(founded, "UNSEC", other, &key);
    let answer = ask(node, RawAddCheckpoint { note, ..right.clone() }.encode().as_bytes());
    assert_eq!(answer.status, 422, "{answer:?}");
    let alarm = until("an alarm", SOON, || node.status().alarms.pop());
    assert!(alarm.contains("the log of UNSEC is forked"), "{alarm}");
    let answer = ask(node, right.encode().as_bytes());
    assert_eq!(answer.status, 422, "{answer:?}");
    assert!(answer.body.contains("frozen"), "{answer:?}");
}

#[test]
fn what_is_not_held_yet_is_not_cosigned_yet() {
    let (mut founded, _, speaker) = founded();
    assert_eq!(founded.node_mut("COD").stop(Signal::TERM), Some(0));
    let notes: Vec<_> = (10..13).map(|number| speaker.note(number)).collect();
    submit(&founded.node("UNSEC").url(), &notes).expect("accepted");
    let tree = Tree::read(founded.node("UNSEC"), "UNSEC");
    assert_eq!(founded.node_mut("UNSEC").stop(Signal::TERM), Some(0));
    founded.node_mut("COD").start();
    let (node, longer) = (founded.node("COD"), request(&founded, &tree, 7, 10));
    let answer = ask(node, longer.encode().as_bytes());
    assert_eq!((answer.status, answer.retry), (503, true), "{answer:?}");
    assert!(answer.body.contains("this node holds 7 entries"), "{answer:?}");
    // Without the proof it is refused, whether it is held or not.
    let bad = RawAddCheckpoint { proof: tree.proof(6, 10), ..longer.clone() };
    assert_eq!(ask(node, bad.encode().as_bytes()).status, 422);
    assert_eq!(node.log("UNSEC").promised, 10, "it has heard of it");
    founded.node_mut("UNSEC").start();
    let node = founded.node("COD");
    let last = until("held and cosigned", SOON, || {
        let answer = ask(node, longer.encode().as_bytes());
        (answer.status != 503).then_some(answer)
    });
    match last.status {
        200 => is_cosigned(&founded, &longer, &last),
        // its author, who is there again, was quicker
        status => assert_eq!((status, last.body.as_str()), (409, "10\n")),
    }
}

#[test]
fn of_many_who_race_one_is_cosigned_and_it_is_remembered() {
    let (mut founded, tree, _) = founded();
    assert_eq!(founded.node_mut("UNSEC").stop(Signal::TERM), Some(0));
    assert_eq!(founded.node_mut("COD").stop(Signal::TERM), Some(0));
    // As if it had never cosigned anything.
    let cosigned = founded.node("COD").folder.join("logs/UNSEC/cosigned");
    std::fs::remove_file(&cosigned).expect("what was cosigned");
    std::fs::remove_dir_all(founded.node("COD").folder.join("second")).expect("a second copy");
    founded.node_mut("COD").start();
    let node = founded.node("COD");
    // One who goes away before the answer does no harm.
    let mut gone = TcpStream::connect(("127.0.0.1", node.http)).expect("a node");
    let path = route::ADD_CHECKPOINT;
    write!(gone, "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 900\r\n\r\nold 0\n")
        .expect("sent");
    drop(gone);
    let requests: Vec<_> = (1..=7).map(|size| request(&founded, &tree, 0, size)).collect();
    let answers: Vec<_> = std::thread::scope(|scope| {
        let ask = |one: &RawAddCheckpoint| (one.clone(), ask(node, one.encode().as_bytes()));
        let asking: Vec<_> = requests.iter().map(|one| scope.spawn(move || ask(one))).collect();
        asking.into_iter().map(|asked| asked.join().expect("an answer")).collect()
    });
    let (won, lost): (Vec<_>, Vec<_>) =
        answers.iter().partition(|(_, answer)| answer.status == 200);
    let [(winner, answer)] = &won[..] else { panic!("{answers:?}") };
    is_cosigned(&founded, winner, answer);
    let text = RawNote::decode(winner.note.as_bytes()).expect("a note").text().to_string();
    let size = text.lines().nth(1).expect("a size");
    for (_, answer) in lost {
        assert_eq!((answer.status, answer.body.trim_end()), (409, size));
    }
    is_remembered(&mut founded, &text, size);
}

/// What was cosigned can be read by anybody, and a kill forgets nothing of it.
fn is_remembered(founded: &mut Founded, text: &str, size: &str) {
    let origin = founded.charter.origin(&"UNSEC".parse().expect("a code"));
    let path = route::WITNESSED.replace("{origin}", &origin_hash(&origin).to_string());
    for _ in 0..2 {
        let node = founded.node("COD");
        let (status, note) =
            cairn_tests::nodes::http(&format!("{}{path}", node.url())).expect("an answer");
        let note = RawNote::decode(&note).expect("a note");
        assert_eq!((status, note.text()), (200, text));
        assert!(cod(founded).cosignature(&note).expect("its own").is_some());
        let tree = Tree::read(node, "UNSEC");
        let again = ask(node, request(founded, &tree, 0, 7).encode().as_bytes());
        assert_eq!((again.status, again.body.trim_end()), (409, size), "a replay");
        founded.node_mut("COD").kill();
        founded.node_mut("COD").start();
    }
    let node = founded.node("COD");
    let none = origin_hash(&founded.charter.origin(&"COD".parse().expect("a code")));
    for (origin, status) in [(none.to_string(), 404), ("7".repeat(64), 404), ("x".into(), 400)] {
        let path = route::WITNESSED.replace("{origin}", &origin);
        let found = cairn_tests::nodes::http(&format!("{}{path}", node.url())).expect("an answer");
        assert_eq!(found.0, status, "{path}");
    }
}
