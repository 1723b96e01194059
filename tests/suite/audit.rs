//! Archives of a real network: exported, audited, compared with a later one, tampered with.

use cairn_ledger::Kind;
use cairn_ledger::export::Header;
use cairn_ledger::hash::Bytes;
use cairn_tests::nodes::{Contributor, Founded, History, SOON, Said, cairn, copy_folder, corrupt};
use cairn_tests::nodes::{submit, until};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// Three members, two of which have said something, as the node of the third shows them.
struct Story {
    founded: Founded,
    speakers: [Contributor; 2],
}

impl Story {
    fn new() -> Self {
        let founded = Founded::running(&["UNSEC", "COD", "TZA"]);
        let speakers = ["UNSEC", "COD"].map(|code| founded.contributor(code));
        Self { founded, speakers }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.founded.path(name)
    }

    /// Both say something more, until enough members stand behind it by the account of the third.
    fn say(&self, numbers: std::ops::Range<u64>, sizes: [u64; 2]) {
        for ((speaker, code), size) in self.speakers.iter().zip(["UNSEC", "COD"]).zip(sizes) {
            let notes: Vec<_> = numbers.clone().map(|number| speaker.note(number)).collect();
            submit(&self.founded.node(code).url(), &notes).expect("an answer");
            until("confirmed", SOON, || {
                (self.founded.node("TZA").log(code).confirmed == size).then_some(())
            });
        }
    }

    fn export(&self, name: &str) {
        let (to, node) = (self.path(name).display().to_string(), self.founded.node("TZA").url());
        let said = cairn(&self.path("nobody"), ["export", "--to", &to, "--node", &node]);
        assert!(said.err.contains("nothing to export yet of TZA"), "{}", said.err);
        let _ = said.yes();
    }

    /// Types `cairn` with folders of the story, and the network's id behind them.
    fn type_in(&self, command: &str, names: &[&str], options: &[&str]) -> Said {
        let mut typed = vec![command.to_string()];
        typed.extend(names.iter().map(|name| self.path(name).display().to_string()));
        typed.extend(["--network".into(), self.founded.charter.network().to_string()]);
        typed.extend(options.iter().map(ToString::to_string));
        cairn(&self.path("nobody"), typed)
    }

    fn audit(&self, names: &[&str], options: &[&str]) -> Said {
        self.type_in("audit", names, options)
    }

    fn expect(&self, names: &[&str], code: i32, parts: &[&str]) {
        let said = self.audit(names, &[]);
        assert_eq!(said.code, code, "{}{}", said.out, said.err);
        for part in parts {
            assert!(said.out.contains(part), "no \"{part}\" in\n{}", said.out);
        }
    }
}

#[test]
fn two_archives_of_a_running_network_show_whether_a_log_changed_its_past() {
    let story = Story::new();
    story.say(0..5, [6, 6]);
    story.export("old");
    story.expect(&["old"], 0, &["true: 2 logs, 12 entries", "nothing is in", "of the logs of TZA"]);
    story.say(5..8, [9, 9]);
    story.export("new");
    story.expect(&["old", "new"], 0, &["grew by 3", "no log has changed its past"]);
    story.expect(&["new", "old"], 1, &["SHORTER by 3"]);
    let report: Value = serde_json::from_str(&story.audit(&["new"], &["--json"]).yes()).unwrap();
    let cod = &report["archives"][0]["logs"][0];
    assert_eq!((&report["result"], &cod["log"]["size"]), (&"true".into(), &9.into()));
    assert_eq!(
        (&cod["cosigned"]["members"], &cod["not_cosigned_by"]),
        (&3.into(), &[""; 0][..].into())
    );
    let recent = story.audit(&["new"], &["--max-age", "7d"]).yes();
    assert!(!recent.contains("STALE"), "{recent}");
    // A later export into the same folder replaces what is there.
    story.export("old");
    story.expect(&["new", "old"], 0, &["same"]);
    elsewhere(&story);
    alone(&story);
    tampered(&story);
    forked(&story);
}

/// A folder of another network is not written to, and not taken for one of ours.
fn elsewhere(story: &Story) {
    let (other, folder) = (Founded::of(&["UNSEC"]), story.path("elsewhere"));
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("charter"), other.charter.encode()).expect("a charter");
    let (to, node) = (folder.display().to_string(), story.founded.node("TZA").url());
    let said = cairn(&story.path("nobody"), ["export", "--to", &to, "--node", &node]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.err.contains("is an archive of network"), "{}", said.err);
    assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 1);
    let audited = story.audit(&["elsewhere"], &[]);
    assert_eq!((audited.code, audited.err.contains("is refused")), (1, true), "{}", audited.err);
}

/// Without the others' lines nobody shows that they hold the same history.
fn alone(story: &Story) {
    copy_folder(&story.path("new"), &story.path("alone"));
    corrupt(&story.path("alone/COD.cosigned"), |bytes| {
        let lines = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let own = lines.map(|(at, _)| at + 1).nth(4).expect("three lines, an empty one, the log's");
        bytes.truncate(own);
    });
    story.expect(
        &["alone"],
        0,
        &["; not confirmed: COD", "not cosigned by TZA: COD", "not cosigned by UNSEC: COD"],
    );
    let said = story.audit(&["alone"], &["--max-age", "7d"]);
    assert_eq!((said.code, said.out.contains("STALE    COD")), (2, true), "{}", said.out);
}

/// Both ends of the file are as they were, and so is everything but one byte.
fn tampered(story: &Story) {
    copy_folder(&story.path("new"), &story.path("tampered"));
    corrupt(&story.path("tampered/COD.cairnlog"), |bytes| {
        let middle = bytes.len() * 2 / 3;
        bytes[middle] ^= 1;
    });
    story.expect(&["tampered"], 1, &["REFUTED", "COD.cairnlog: entry ", ", at byte "]);
    copy_folder(&story.path("new"), &story.path("holes"));
    fs::remove_file(story.path("holes/COD.cairnlog")).expect("a log");
    story.expect(&["holes"], 2, &["GAP      COD: there is no log", "promises 9 entries"]);
    fs::remove_file(story.path("holes/COD.cosigned")).expect("a note");
    story.expect(&["holes"], 0, &["of the logs of COD, TZA"]);
    story.expect(&["new", "holes"], 1, &["GONE"]);
}

/// The key of COD's log signs another history, with a kind that nobody knows at its end: the proof of
/// it stands on its own.
fn forked(story: &Story) {
    let founded = &story.founded;
    let mut history = History::with_notes(founded, "COD", 70, 20);
    history.push(founded.invented("COD").statement(99, Kind(9_999), Bytes(vec![7])));
    let range = history.range(0);
    let header = Header { charter: founded.charter.encode(), checkpoint: range.checkpoint.0 };
    copy_folder(&story.path("new"), &story.path("rewritten"));
    fs::remove_file(story.path("rewritten/COD.cosigned")).expect("a note");
    let log = [header.encode(), range.bundle.0].concat();
    fs::write(story.path("rewritten/COD.cairnlog"), log).expect("a log");
    story.expect(&["rewritten"], 0, &["1 (9999)", "true: 2 logs, 31 entries"]);
    let proofs = story.path("proofs").display().to_string();
    let said = story.audit(&["new", "rewritten"], &["--fork-proofs", &proofs]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    for part in ["PAST CHANGED", "FORKED   COD", "PROOF", "the first 0 entries are the same"] {
        assert!(said.out.contains(part), "no \"{part}\" in\n{}", said.out);
    }
    let without = story.type_in("verify", &["proofs/COD.fork"], &[]);
    assert_eq!(without.code, 2, "the charter has to be named: {}", without.out);
    let charter = story.path("new/charter").display().to_string();
    let proven = story.type_in("verify", &["proofs/COD.fork"], &["--charter", &charter]).yes();
    let sentence =
        "the log key of COD has signed two histories that differ within the first 1 entries";
    assert!(proven.contains(sentence), "{proven}");
    assert!(proven.contains("the node of Invented member UNSEC (UNSEC) cosigned it"), "{proven}");
    fs::copy(story.path("proofs/COD.fork"), story.path("new/COD.fork")).expect("a proof");
    story.expect(
        &["new"],
        1,
        &["FORKED   the log key of COD", "nobody is shown to have cosigned both"],
    );
    corrupt(&story.path("new/COD.fork"), |bytes| bytes[90] ^= 1);
    let refuted = story.type_in("verify", &["new/COD.fork"], &[]);
    assert_eq!((refuted.code, refuted.out.contains("REFUTED")), (1, true), "{}", refuted.err);
}
