//! Two people at their terminals: what `cairn` says while a statement waits, is approved or refused.

use cairn_casebook::CaseId;
use cairn_ledger::Kind;
use cairn_ledger::administration::COMPROMISED;
use cairn_tests::nodes::{Founded, Said, cairn, cairn_node, command, still};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The kind of a note, which needs two people in these networks.
const NOTE: Kind = Kind(150);

/// A running node, and the homes of three contributors of its member.
struct Desk {
    founded: Founded,
    first: PathBuf,
    second: PathBuf,
    third: PathBuf,
}

impl Desk {
    fn open() -> Self {
        let mut founded = Founded::with_two_people(&["UNSEC", "COD"], &[COMPROMISED, NOTE]);
        founded.node_mut("UNSEC").start();
        let _ = founded.contributor("UNSEC");
        let first = founded.home("UNSEC");
        let second = authorised(&founded, "second", "Legal adviser");
        let third = authorised(&founded, "third", "Desk officer");
        Self { founded, first, second, third }
    }

    fn size(&self) -> u64 {
        self.founded.node("UNSEC").log("UNSEC").size
    }

    /// The first person states something, as typed behind `--yes note`.
    fn note(&self, more: &[&str]) -> Said {
        let case = CaseId::derived("an invented case").to_string();
        let update = ["case", "update", &case, "--mission", "MONUSCO", "--as-of", "2026-11-23"];
        let update = update.into_iter().chain(more.iter().copied());
        cairn(&self.first, update.chain(["--yes", "note", "The hearing was postponed"]))
    }

    /// The same with a case that the node knows, and the id under which it waits.
    fn waits(&self) -> String {
        let said = self.note(&["--json"]).yes();
        let told: Value = serde_json::from_str(&said).unwrap();
        told["outcomes"][0]["waits"].as_str().unwrap().to_string()
    }

    fn revoke(&self, home: &Path) {
        let node = self.founded.node("UNSEC");
        let (folder, url, key) = (node.folder.display().to_string(), node.url(), key(home));
        let args = ["revoke", "--data", &folder, "--node", &url, "--key", &key, "--reason", "left"];
        let _ = cairn_node(args).yes();
    }
}

fn key(home: &Path) -> String {
    let text = std::fs::read_to_string(home.join("contributor.key")).unwrap();
    let line = text.lines().find(|line| line.contains("public half is ")).unwrap();
    line.rsplit(' ').next().unwrap().to_string()
}

fn authorised(founded: &Founded, name: &str, office: &str) -> PathBuf {
    let (node, home) = (founded.node("UNSEC"), founded.path(name));
    let init = ["init", "--no-passphrase", "--member", "UNSEC", "--node", &node.url()];
    let _ = cairn(&home, init).yes();
    let (folder, url, key) = (node.folder.display().to_string(), node.url(), key(&home));
    let args = ["authorise", "--data", &folder, "--node", &url, "--key", &key, "--office", office];
    let _ = cairn_node(args).yes();
    home
}

#[test]
fn a_statement_waits_is_read_and_stands_when_another_person_approves_it() {
    let mut desk = Desk::open();
    let case = CaseId::derived("an invented case").to_string();
    let said = desk.note(&[]);
    assert!(said.err.contains("cairn review approve ID"), "{}", said.err);
    let said = said.yes();
    let id = said.trim().rsplit(' ').next().unwrap().to_string();
    assert_eq!(said.trim(), format!("{case} note: waits for a second person: {id}"));
    assert_eq!(desk.size(), 3);
    let drafts = std::fs::read_dir(desk.first.join("drafts")).unwrap().count();
    assert_eq!(drafts, 0, "the node keeps it");

    desk.founded.node_mut("UNSEC").kill();
    desk.founded.node_mut("UNSEC").start();
    let first_key = key(&desk.first);
    let words = [(id.as_str(), "ID"), (&id[..12], "SHORT"), (&case, "CASE"), (&first_key, "KEY")];
    let list = cairn(&desk.second, ["review", "list"]).yes();
    assert_eq!(
        still(&list, &words),
        "SHORT  note: The hearing was postponed (as of 2026-11-23, own_act, unverified)  (waits for a second person)\n    \
         CASE  signed by Focal point, since TIME until TIME"
    );
    let shown = cairn(&desk.second, ["review", "show", &id[..8]]).yes();
    assert_eq!(
        still(&shown, &words),
        "UNSEC states about CASE: note: The hearing was postponed (as of 2026-11-23, own_act, unverified)\n  \
         made at    TIME\n  statement  ID\n  topics     case/CASE, mission/MONUSCO\n  \
         signed by  Focal point, key KEY\n  since      TIME\n  until      TIME\nwaits for a second person"
    );

    let own = cairn(&desk.first, ["review", "approve", &id, "--yes"]);
    assert_eq!(own.code, 1);
    assert!(own.err.contains("a second person has to"), "{}", own.err);
    let unasked = cairn(&desk.second, ["review", "approve", &id]);
    assert_eq!((unasked.code, desk.size()), (2, 3));
    assert!(unasked.err.contains("The hearing was postponed"), "{}", unasked.err);
    assert!(unasked.err.contains("nothing was signed"), "{}", unasked.err);

    let approved = cairn(&desk.second, ["review", "approve", &id[..10], "--yes"]).yes();
    assert!(
        approved.starts_with(&format!("{case} note: accepted as UNSEC/3, entry ")),
        "{approved}"
    );
    let list = cairn(&desk.first, ["review", "list", "--all"]).yes();
    assert_eq!(list.trim(), "nothing waits for a second person");
    let late = cairn(&desk.third, ["review", "approve", &id, "--yes"]);
    assert_eq!(late.code, 1);
    assert!(late.err.contains("what was approved is in cairn log"), "{}", late.err);
    let log: Value =
        serde_json::from_str(&cairn(&desk.third, ["log", "UNSEC", "--tail", "1", "--json"]).yes())
            .unwrap();
    assert_eq!(log["entries"][0]["signers"].as_array().unwrap().len(), 2);
}

#[test]
fn a_refusal_reaches_the_first_person_with_its_reason_and_ends_that_statement() {
    let desk = Desk::open();
    let id = desk.waits();
    let empty = cairn(&desk.second, ["review", "refuse", &id, "--reason", " "]);
    assert_eq!(empty.code, 1, "{}", empty.err);
    let reason = "It was the other hearing \u{1b}[2J";
    let acts = cairn(&desk.second, ["review", "refuse", &id, "--reason", reason]);
    assert_eq!(acts.code, 2, "a reason that acts on terminals: {}", acts.err);
    let reason = "It was the other hearing";
    let refused = cairn(&desk.second, ["review", "refuse", &id[..12], "--reason", reason]).yes();
    assert!(refused.starts_with("refused: note: The hearing was postponed"), "{refused}");

    let list = cairn(&desk.first, ["review", "list"]).yes();
    let expected =
        "nothing waits for a second person\n1 refused: cairn review list --all shows why";
    assert_eq!(list.trim(), expected);
    let by = key(&desk.second);
    let list = cairn(&desk.first, ["review", "list", "--all"]).yes();
    assert!(list.contains(&format!("(refused by Legal adviser, key {by}: {reason})")), "{list}");
    let json: Value =
        serde_json::from_str(&cairn(&desk.first, ["review", "show", &id, "--json"]).yes()).unwrap();
    assert_eq!(json["refusal"]["reason"], reason);
    for command in [vec!["approve", &id, "--yes"], vec!["refuse", &id, "--reason", "Twice"]] {
        let said = cairn(&desk.third, ["review"].into_iter().chain(command));
        assert_eq!(said.code, 1);
        assert!(said.err.contains(reason), "{}", said.err);
    }
    assert_eq!(desk.size(), 3);
    // Stated anew it is another statement.
    assert_ne!(desk.waits(), id);
}

#[test]
fn a_draft_travels_as_a_file_and_is_handed_in_by_whoever_signs_second() {
    let desk = Desk::open();
    let file = desk.founded.path("note.draft");
    let name = file.to_str().unwrap();
    let drafted = desk.note(&["--draft", name]).yes();
    assert!(drafted.contains(&format!("cairn review approve {name}")), "{drafted}");
    assert_eq!(desk.note(&["--draft", name]).code, 1, "drafts are not overwritten");

    let alone = cairn(&desk.first, ["submit", name]);
    assert_eq!(alone.code, 1);
    assert!(alone.err.contains(&format!("cairn review approve {name}")), "{}", alone.err);
    let own = cairn(&desk.first, ["review", "approve", name, "--yes"]);
    assert!(own.code == 1 && own.err.contains("a second person has to"), "{}", own.err);
    let shown = cairn(&desk.second, ["review", "show", name]).yes();
    assert!(shown.contains("The hearing was postponed"), "{shown}");

    // A changed file is no statement of anybody's.
    let text = std::fs::read_to_string(&file).unwrap();
    let changed = desk.founded.path("changed.draft");
    let at = text.trim_end().len() - 5;
    let digit = if text.as_bytes()[at] == b'0' { "1" } else { "0" };
    std::fs::write(&changed, format!("{}{digit}{}", &text[..at], &text[at + 1..])).unwrap();
    let forged = cairn(&desk.second, ["review", "approve", changed.to_str().unwrap(), "--yes"]);
    assert_eq!(forged.code, 1, "{}", forged.err);

    // Signed with no network, then handed in by a third who only carries it.
    let signed = desk.founded.path("signed.draft");
    let out = signed.to_str().unwrap();
    let args = ["review", "approve", name, "--out", out, "--offline", "--yes"];
    let said = cairn(&desk.second, args).yes();
    assert!(said.contains(&format!("hand it in with: cairn submit {out}")), "{said}");
    assert_eq!((desk.size(), std::fs::read_to_string(&file).unwrap()), (3, text));
    let said = cairn(&desk.third, ["submit", out]).yes();
    assert!(said.contains("accepted as UNSEC/3"), "{said}");
    // Where a node is named, the second person hands it in at once; twice adds nothing.
    let said = cairn(&desk.second, ["review", "approve", name, "--yes"]).yes();
    assert!(said.contains("already there as UNSEC/3"), "{said}");
    assert_eq!(desk.size(), 4);
}

#[test]
fn a_signed_draft_is_not_lost_when_the_node_is_away_and_can_be_left_there_to_wait() {
    let mut desk = Desk::open();
    let (one, other) = (desk.founded.path("one.draft"), desk.founded.path("other.draft"));
    let (one, other) = (one.to_str().unwrap(), other.to_str().unwrap());
    for file in [one, other] {
        let _ = desk.note(&["--draft", file]).yes();
    }
    let said = cairn(&desk.first, ["submit", "--review", other]).yes();
    assert!(said.contains("waits for a second person"), "{said}");

    desk.founded.node_mut("UNSEC").kill();
    let away = cairn(&desk.second, ["review", "approve", one, "--yes"]);
    assert_eq!(away.code, 2);
    assert!(away.err.contains(&format!("cairn submit {one}")), "{}", away.err);
    desk.founded.node_mut("UNSEC").start();
    let said = cairn(&desk.first, ["submit", one]).yes();
    assert!(said.contains("accepted as UNSEC/3"), "{said}");
    // The other one waits at the node, and whoever signs the file approves it there too.
    let said = cairn(&desk.third, ["review", "approve", other, "--yes"]).yes();
    assert!(said.contains("accepted as UNSEC/4"), "{said}");
    let list = cairn(&desk.first, ["review", "list", "--json"]).yes();
    assert_eq!(serde_json::from_str::<Value>(&list).unwrap()["reviews"], serde_json::json!([]));
}

#[test]
fn what_a_key_signed_that_was_revoked_meanwhile_is_shown_and_not_approved() {
    let desk = Desk::open();
    let id = desk.waits();
    desk.revoke(&desk.first);
    let list = cairn(&desk.second, ["review", "list"]).yes();
    assert!(list.contains("cannot be approved: ") && list.contains("was revoked"), "{list}");
    let said = cairn(&desk.second, ["review", "approve", &id, "--yes"]);
    assert!(said.code == 1 && said.err.contains("was revoked"), "{}", said.err);
    // A second person without authority changes nothing either.
    let desk = Desk::open();
    let id = desk.waits();
    desk.revoke(&desk.second);
    let said = cairn(&desk.second, ["review", "approve", &id, "--yes"]);
    assert!(said.code == 1 && said.err.contains("was revoked"), "{}", said.err);
    let said = cairn(&desk.second, ["review", "refuse", &id, "--reason", "No"]);
    assert!(said.code == 1 && said.err.contains("was revoked"), "{}", said.err);
    let said = cairn(&desk.third, ["review", "approve", &id, "--yes"]).yes();
    assert!(said.contains("accepted as UNSEC/4"), "{said}");
}

#[test]
fn the_root_keys_statement_waits_for_a_contributor_beside_it_who_is_not_its_subject() {
    let desk = Desk::open();
    let stolen = key(&desk.first);
    let (node, file) = (desk.founded.node("UNSEC"), desk.founded.path("stolen.draft"));
    let (folder, name) = (node.folder.display().to_string(), file.to_str().unwrap());
    let args = ["revoke", "--data", &folder, "--key", &stolen, "--reason", "Laptop stolen"];
    let since = ["--compromised-since", "2026-11-20", "--out", name];
    let _ = cairn_node(args.into_iter().chain(since)).yes();
    let alone = cairn(&desk.second, ["submit", name]);
    assert!(alone.err.contains(&format!("cairn review approve {name}")), "{}", alone.err);

    let said = cairn(&desk.second, ["submit", "--review", name]).yes();
    let id = said.trim().rsplit(' ').next().unwrap();
    let list = cairn(&desk.second, ["review", "list"]).yes();
    let words = format!(
        "key {stolen} was stolen, and since 2026-11-20T00:00:00Z somebody else may have used it: \
         Laptop stolen  (waits for a second person)"
    );
    assert!(list.contains(&words) && list.contains("signed by the root key"), "{list}");
    let own = cairn(&desk.first, ["review", "approve", id, "--yes"]);
    assert!(own.code == 1 && own.err.contains("cannot be the second"), "{}", own.err);
    let said = cairn(&desk.second, ["review", "approve", id, "--yes"]).yes();
    assert!(said.contains("accepted as UNSEC/3"), "{said}");
}

#[test]
fn what_is_no_id_and_no_file_is_told_apart_and_help_is_there() {
    let desk = Desk::open();
    for (typed, code) in [("abc", 2), ("nothing.draft", 2), ("0123456789", 1)] {
        let said = cairn(&desk.second, ["review", "show", typed]);
        assert_eq!(said.code, code, "{typed}: {}", said.err);
    }
    let _ = desk.waits();
    let mut help = command("cairn");
    let help = help.args(["review", "--help"]).output().unwrap();
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    for command in ["list", "show", "approve", "refuse"] {
        assert!(help.contains(command), "{help}");
    }
}
