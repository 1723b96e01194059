//! The middle of a log changed and both its ends kept, over real libp2p and in files: always refused.

use cairn_api::route;
use cairn_ledger::export::Header;
use cairn_ledger::fork::RawFork;
use cairn_ledger::{RawReceipt, SignedStatement};
use cairn_replica::Request;
use cairn_replica::message::{RawRange, Response};
use cairn_tests::nodes::hostile::{Hostile, Living};
use cairn_tests::nodes::{Contributor, Founded, History, SOON, Said, cairn, http, until};
use cairn_tests::shown::path;
use std::fs;

/// One honest node that runs, the member whose log is told by others, and those who change it.
const CODES: [&str; 10] =
    ["UNSEC", "COD", "LI-0", "LI-1", "LI-2", "LI-3", "LI-4", "LI-5", "LI-6", "LI-7"];
const NOTES: u64 = 12;
const SIZE: u64 = NOTES + 1;
const CHANGED: u64 = 5;

/// The true log of the Secretariat, and what its contributor has signed besides.
struct Story {
    founded: Founded,
    truth: History,
    speaker: Contributor,
}

/// What a liar answers to a fetch from this position.
type Serve = Box<dyn Fn(&History, u64) -> RawRange + Send>;

impl Story {
    fn new() -> Self {
        let mut founded = Founded::of(&CODES);
        founded.node_mut("COD").peers.clear();
        founded.node_mut("COD").start();
        let truth = History::with_notes(&founded, "UNSEC", 0, NOTES);
        let speaker = founded.invented("UNSEC");
        Self { founded, truth, speaker }
    }

    fn other(&self) -> SignedStatement {
        self.speaker.note(900)
    }

    /// A peer that says it has the Secretariat's log as its key has promised it, and serves something else.
    fn serves(&self, number: usize, serve: Serve) -> Hostile {
        let transport = self.founded.secret(CODES[2 + number], "transport");
        let truth = self.truth.clone();
        let answer = move |asked: &Request| match asked {
            Request::Fetch { start, .. } => Response::Range(serve(&truth, *start)),
            Request::Prove { .. } | Request::Sealed(_) | Request::Opened(_) => Response::Nothing,
            Request::Charters(_) => Response::Charters(Vec::new()),
            Request::Heads(_)
            | Request::Addresses(_)
            | Request::Grown { .. }
            | Request::Cosigned(_)
            | Request::Forked(_) => Response::Noted,
        };
        let mut liar = Hostile::new(&transport, self.founded.charter.network())
            .answering(move |asked| Some(answer(asked).encode()));
        liar.connect(self.founded.node("COD").port);
        liar.send(self.truth.heads());
        liar
    }

    /// The honest node has dropped the liar for this reason, and holds so much of the true log.
    fn dropped(&self, number: usize, mut liar: Hostile, says: &str, holds: u64) {
        liar.until_closed();
        let (node, code) = (self.founded.node("COD"), CODES[2 + number]);
        let why = until(&format!("{code} is dropped"), SOON, || node.peer(code).dropped);
        assert!(why.contains(says), "{code}: {why}");
        assert_eq!(node.log("UNSEC").size, holds, "{code}");
        assert_eq!(node.status().peers_dropped, number as u64 + 1, "{code}");
    }

    /// The author itself is reached: its log arrives whole.
    fn author_comes(&self) -> Living {
        let cosigned = self.truth.cosigned(&self.founded, &["LI-0"]);
        let (charter, truth) = (self.founded.charter.clone(), self.truth.clone());
        let transport = self.founded.secret("UNSEC", "transport");
        let mut author = Hostile::new(&transport, charter.network())
            .answering(move |asked| Some(truth.answer(&charter, &cosigned, asked).encode()));
        author.connect(self.founded.node("COD").port);
        author.send(self.truth.heads());
        let author = author.live();
        self.founded.node("COD").holds("UNSEC", SIZE);
        author
    }

    /// Types `cairn` with a file or folder of the test, and the network's id behind it.
    fn type_in(&self, command: &str, name: &str) -> Said {
        let file = self.founded.path(name).display().to_string();
        let id = self.founded.charter.network().to_string();
        cairn(&self.founded.path("nobody"), [command, &file, "--network", &id])
    }

    fn refuted(&self, command: &str, name: &str, says: &str) {
        let said = self.type_in(command, name);
        assert_eq!(said.code, 1, "{name}: {}{}", said.out, said.err);
        assert!(said.out.contains("REFUTED") && said.out.contains(says), "{name}: {}", said.out);
    }
}

/// True up to `end`; the range that ends there has what was changed in it.
fn ending_with(changed: &History, end: u64) -> Serve {
    let changed = changed.clone();
    Box::new(move |truth, start| truth.part_with(&changed, start, most(start, end)))
}

/// One range that ends before `start` and is true, and one that begins there and is not.
fn beginning_with(changed: &History, begin: u64) -> Serve {
    let changed = changed.clone();
    Box::new(move |truth, start| {
        let from = if start < begin { truth } else { &changed };
        truth.part_with(from, start, most(start, begin))
    })
}

/// How many entries from `start` up to `end`, or all behind it.
fn most(start: u64, end: u64) -> u32 {
    end.checked_sub(start).filter(|most| *most > 0).map_or(99, |most| most as u32)
}

#[test]
fn whoever_keeps_both_ends_and_changes_the_middle_is_refused_by_nodes_and_in_files() {
    let story = Story::new();
    let changed = story.truth.clone().with(CHANGED as usize, story.other());
    let linked = changed.clone().linked();
    let cases: [(Serve, &str, u64); 4] = [
        // Its neighbours are the true ones, and its contributor has truly signed it.
        (ending_with(&changed, SIZE), "do not fit", 0),
        (ending_with(&linked, SIZE), "do not lead to", 0),
        // A range ends with it; and one ends before it that is true, and the next begins with it.
        (ending_with(&linked, CHANGED + 1), "do not lead to", 0),
        (beginning_with(&linked, CHANGED), "do not lead to", CHANGED),
    ];
    for (number, (serve, says, holds)) in cases.into_iter().enumerate() {
        let liar = story.serves(number, serve);
        story.dropped(number, liar, says, holds);
    }
    // It is never sent: what is sent next follows it, and not what is held.
    let liar = story.serves(4, beginning_with(&linked, CHANGED + 1)).live();
    let node = story.founded.node("COD");
    let says = format!("that does not continue the {} entries held here", CHANGED + 1);
    until("an alarm", SOON, || node.status().alarms.into_iter().find(|one| one.contains(&says)));
    let author = story.author_comes();
    let held = node.log("UNSEC");
    assert_eq!((held.frozen, held.root), (None, story.truth.checkpoint(None).head().root));
    assert_eq!(node.status().peers_dropped, 4);
    drop((liar, author));
    refuted_as_files(&story, &changed, &linked);
    two_middles_under_one_key(&story);
}

/// The same as an exported log, in an archive, and as a receipt, with nothing but the files.
fn refuted_as_files(story: &Story, changed: &History, linked: &History) {
    let (founded, truth) = (&story.founded, &story.truth);
    let archive = founded.path("archive").display().to_string();
    let url = founded.node("COD").url();
    let _ = cairn(&founded.path("nobody"), ["export", "--to", &archive, "--node", &url]).yes();
    let _ = story.type_in("audit", "archive").yes();
    let (file, true_log) = (founded.path("archive/UNSEC.cairnlog"), "archive/UNSEC.cairnlog");
    let promise = truth.range(0).checkpoint.0;
    let header = Header { charter: founded.charter.encode(), checkpoint: promise }.encode();
    let whole = [header.clone(), truth.range(0).bundle.0].concat();
    assert_eq!(whole, fs::read(&file).expect("a log"), "what the node exports");
    let last = truth.clone().with(SIZE as usize - 1, story.other());
    let link = format!("entry {}", CHANGED + 1);
    for (history, says) in [(changed, link.as_str()), (linked, "the root"), (&last, "the root")] {
        fs::write(&file, [header.clone(), history.range(0).bundle.0].concat()).expect("a log");
        story.refuted("verify", true_log, says);
        story.refuted("audit", "archive", says);
    }
    let place = format!("UNSEC/{CHANGED}");
    let out = founded.path("true.tlog-proof").display().to_string();
    let receipt = ["receipt", &place, "--node", &url, "--out", &out];
    let _ = cairn(&founded.path("nobody"), receipt).yes();
    let _ = story.type_in("verify", "true.tlog-proof").yes();
    let cosigned = truth.cosigned(founded, &["COD"]);
    for (name, history) in [("changed", changed), ("linked", linked)] {
        // The entry behind it as well: in the second history it follows another one.
        for at in [CHANGED, CHANGED + 1] {
            let entry = &history.entries()[at as usize];
            let way = path(&truth.face(), at);
            let receipt = RawReceipt::new(&founded.charter, entry, way, &cosigned).encode();
            let name = format!("{name}-{at}.tlog-proof");
            fs::write(founded.path(&name), receipt).expect("a file");
            let same = entry.hash() == truth.entries()[at as usize].hash();
            match same {
                true => drop(story.type_in("verify", &name).yes()),
                false => story.refuted("verify", &name, ""),
            }
        }
    }
}

/// The author's own key promises both: the proof names the entry, on the node and in its archive.
fn two_middles_under_one_key(story: &Story) {
    let (founded, node) = (&story.founded, story.founded.node("COD"));
    let one = History::with_notes(founded, "LI-7", 0, NOTES);
    let other = one.clone().with(CHANGED as usize, founded.invented("LI-7").note(900)).linked();
    for history in [&one, &other] {
        let cosigned = history.cosigned(founded, &[]);
        let (charter, answers) = (founded.charter.clone(), history.clone());
        let transport = founded.secret("LI-7", "transport");
        let mut liar = Hostile::new(&transport, charter.network())
            .answering(move |asked| Some(answers.answer(&charter, &cosigned, asked).encode()));
        liar.connect(node.port);
        liar.send(history.heads());
        let liar = liar.live();
        node.holds("LI-7", SIZE);
        let fork = || {
            let (code, bytes) =
                http(&format!("{}{}", node.url(), route::FORK.replace("{member}", "LI-7")))?;
            let fork = (code == 200).then(|| RawFork::decode(&bytes).expect("the format"))?;
            let fork = fork.verify(&founded.charter).expect("true");
            (fork.position() == CHANGED).then_some(())
        };
        if history.entries()[CHANGED as usize] == other.entries()[CHANGED as usize] {
            until("it is known where they part", SOON, fork);
        }
        drop(liar);
        until("it is gone", SOON, || (!node.peer("LI-7").connected).then_some(()));
    }
    assert_eq!(node.log("LI-7").root, one.checkpoint(None).head().root, "what is held stays");
    assert_eq!(node.log("LI-7").standing, CHANGED);
    let archive = founded.path("convicting").display().to_string();
    let exported = ["export", "--to", &archive, "--node", &node.url()];
    let _ = cairn(&founded.path("nobody"), exported).yes();
    let audited = story.type_in("audit", "convicting");
    assert_eq!((audited.code, audited.out.contains("FORKED")), (1, true), "{}", audited.out);
    let proven = story.type_in("verify", "convicting/LI-7.fork").yes();
    let says = format!("differ within the first {} entries", CHANGED + 1);
    assert!(proven.contains(&says), "{proven}");
}
