//! A dismissed official, a stolen key, two people: real nodes, and what people read of it.

use crate::other_language::both_of_export;
use cairn_api::{Outcome, Problem};
use cairn_casebook::fact::{InvestigationOpened, Judgment, Says};
use cairn_casebook::vocabulary::{Basis, Level, Verification};
use cairn_casebook::{Case, CaseId, Fact, Stage, Standing};
use cairn_ledger::statement::Timestamp;
use cairn_ledger::{SignedStatement, Statement};
use cairn_tests::nodes::{Contributor, Founded, Said, cairn, cairn_node, submit};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Types a command of the operator of COD, on its folder.
fn operator(founded: &Founded, command: &str, args: &[&str]) -> Said {
    let folder = founded.node("COD").folder.display().to_string();
    let url = founded.node("COD").url();
    cairn_node([&[command, "--data", &folder, "--node", &url], args].concat())
}

/// Another contributor of COD, whom nobody has authorised yet, and where its key is.
fn newcomer(founded: &Founded, name: &str) -> (Contributor, PathBuf) {
    let home = founded.path(name);
    let init = ["init", "--no-passphrase", "--member", "COD", "--node"];
    let _ = cairn(&home, init.into_iter().chain([founded.node("COD").url().as_str()])).yes();
    let key = founded.key(&home.join("contributor.key"));
    (Contributor { key, ..founded.invented("COD") }, home)
}

fn key_of(speaker: &Contributor) -> String {
    speaker.key.public().to_string()
}

/// Text in which this key is called KEY, by however many digits.
fn named(speaker: &Contributor, text: &str) -> String {
    let key = key_of(speaker);
    text.replace(&key, "KEY").replace(&key[..8], "KEY")
}

/// Why the node of COD refuses a statement.
fn refused(founded: &Founded, signed: SignedStatement) -> Problem {
    let result = submit(&founded.node("COD").url(), &[signed]).expect("an answer");
    match &result.outcomes[..] {
        [Outcome::Refused(problem)] => problem.clone(),
        other => panic!("{other:?}"),
    }
}

fn accepted(founded: &Founded, signed: SignedStatement) -> u64 {
    let result = submit(&founded.node("COD").url(), &[signed]).expect("an answer");
    match &result.outcomes[..] {
        [Outcome::Accepted { position, .. }] => *position,
        other => panic!("{other:?}"),
    }
}

/// Both the sentence and the code with which a command refused.
fn no(said: &Said) -> String {
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    format!("{}{}", said.out, said.err)
}

fn update(home: &Path, case: &str, mission: &str, args: &[&str]) -> Said {
    let head = ["case", "update", case, "--mission", mission, "--yes"];
    cairn(home, [&head, args].concat())
}

fn opened(home: &Path, title: &str, mission: &str) -> String {
    let args = ["case", "open", "--title", title, "--mission", mission, "--date", "2026-11-20"];
    let said = cairn(home, args.into_iter().chain(["--demonstration", "--yes", "--json"])).yes();
    let value: Value = serde_json::from_str(&said).expect("JSON");
    value["outcomes"][0]["cases"][0].as_str().expect("a case").to_string()
}

#[test]
fn a_dismissed_official_is_limited_suspended_and_revoked_and_every_refusal_says_why() {
    let mut founded = Founded::of(&["UNSEC", "COD"]);
    founded.node_mut("COD").start();
    let _ = founded.contributor("COD");
    let desk = founded.home("COD");
    let [here, there] = [("A patrol", "UNMISS"), ("A convoy", "MONUSCO")]
        .map(|(title, mission)| opened(&desk, title, mission));

    let (speaker, home) = newcomer(&founded, "ministry");
    let key = key_of(&speaker);
    let whoami = no(&cairn(&home, ["whoami"]));
    assert!(whoami.contains("none: the log of COD does not name it"), "{whoami}");
    let authorise = ["--key", &key, "--office", "Focal point, Ministry of Justice"];
    let limited = [&authorise[..], &["--kind", "note,no_change", "--mission", "UNMISS"]].concat();
    let _ = operator(&founded, "authorise", &limited).yes();
    let at = founded.node("COD").log("COD").size - 1;

    let _ = update(&home, &here, "UNMISS", &["note", "seen"]).yes();
    let problem = refused(&founded, speaker.note(1));
    let office = "(Focal point, Ministry of Justice) of COD";
    let only = format!(
        "not authorised: signed by key KEY {office}, which was authorised for no_change, note on \
         mission/UNMISS only (entry COD/{at})"
    );
    assert_eq!(named(&speaker, &problem.error), format!("{only}: that does not cover its topics"));
    assert_eq!((problem.signer, problem.decided_at), (Some(speaker.key.public()), Some(at)));
    let said = no(&update(&home, &here, "UNMISS", &["investigation", "--proceeding", "COD/P-1"]));
    assert!(
        named(&speaker, &said).contains(&format!("{only}: that does not cover its kind")),
        "{said}"
    );
    // The topic alone would satisfy the log; the node knows whose case it is.
    let said = no(&update(&home, &there, "UNMISS", &["note", "seen"]));
    let other = format!("{only}: {there} is another case of MONUSCO");
    assert!(named(&speaker, &said).contains(&other), "{said}");
    let whoami = cairn(&home, ["whoami"]).yes();
    let may = format!("may state   no_change, note on mission/UNMISS (entry COD/{at})");
    assert!(whoami.contains(&may) && whoami.contains("may not     case_opened, "), "{whoami}");

    let _ = operator(&founded, "suspend", &["--key", &key, "--reason", "Under inquiry"]).yes();
    let said = no(&update(&home, &here, "UNMISS", &["note", "again"]));
    let suspended = at + 2;
    let why = format!("which was suspended (entry COD/{suspended}): Under inquiry");
    assert!(named(&speaker, &said).contains(&why), "{said}");
    let whoami = no(&cairn(&home, ["whoami"]));
    assert!(whoami.contains(&format!("suspended at COD/{suspended}: Under inquiry")), "{whoami}");

    let _ = operator(&founded, "authorise", &authorise).yes();
    let _ = update(&home, &there, "MONUSCO", &["note", "cleared, and not limited any more"]).yes();
    let _ = operator(&founded, "revoke", &["--key", &key, "--reason", "Dismissed"]).yes();
    let said = no(&update(&home, &here, "UNMISS", &["note", "once more"]));
    let why =
        format!("signed by key KEY {office}, which was revoked (entry COD/{}): Dismissed", at + 5);
    assert!(named(&speaker, &said).contains(&why), "{said}");
    let case: Case =
        serde_json::from_str(&cairn(&desk, ["case", "show", &there, "--json"]).yes()).unwrap();
    assert!(
        case.timeline.iter().all(|line| line.standing == Standing::Stands),
        "what was rightly said"
    );

    told(&speaker, &desk, &here);
}

/// What everybody reads of it afterwards.
fn told(speaker: &Contributor, desk: &Path, case: &str) {
    let key = key_of(speaker);
    let history = named(speaker, &cairn(desk, ["authority", &key[..8]]).yes());
    let steps = [
        "authorised as Focal point, Ministry of Justice for no_change, note on mission/UNMISS",
        "suspended: Under inquiry",
        "authorised as Focal point, Ministry of Justice for all kinds of statement",
        "revoked: Dismissed",
    ];
    let places =
        steps.map(|step| history.find(step).unwrap_or_else(|| panic!("{step}: {history}")));
    assert!(places.is_sorted(), "{history}");
    let log = named(speaker, &cairn(desk, ["log", "COD"]).yes());
    assert!(log.contains("contributor suspended: key KEY: Under inquiry"), "{log}");
    let may = cairn(desk, ["authority", "--case", case]).yes();
    assert!(may.contains("Focal point  (entry COD/0)") && !may.contains("Ministry"), "{may}");
    let unknown = cairn(desk, ["authority", "abcdef012345"]);
    assert_eq!(unknown.code, 1, "{unknown:?}");
}

#[test]
fn who_reads_states_nothing_and_a_term_ends_without_a_clock() {
    let mut founded = Founded::of(&["UNSEC", "COD"]);
    founded.node_mut("COD").start();
    let (speaker, home) = newcomer(&founded, "observer");
    let key = key_of(&speaker);
    let base = ["--key", &key, "--office", "Observer"];
    let _ = operator(&founded, "authorise", &[&base[..], &["--read-only"]].concat()).yes();
    let problem = refused(&founded, speaker.note(1));
    let says = "which was authorised for reading only (entry COD/0): that does not cover its kind";
    assert!(problem.error.ends_with(says), "{problem:?}");
    let whoami = no(&cairn(&home, ["whoami"]));
    assert!(whoami.contains("may state   nothing: for reading only"), "{whoami}");
    let term = ["--not-before", "2026-11-01", "--not-after", "2026-11-17"];
    let _ = operator(&founded, "authorise", &[&base[..], &term].concat()).yes();
    // Notes of the tests are made on 18 November, by their own word.
    let problem = refused(&founded, speaker.note(2));
    let says = "for all kinds of statement from 2026-11-01 until 2026-11-17 only (entry COD/1): \
        that does not cover its time";
    assert!(problem.error.ends_with(says), "{problem:?}");
    accepted(&founded, made(&speaker, speaker.note(3).statement(), 1_794_950_000));
    let odd = operator(&founded, "authorise", &[&base[..], &["--kind", "guilty"]].concat());
    assert!(odd.err.contains("expected a number, or one of case_opened, "), "{}", odd.err);
}

/// The same statement, made at this time by its author's word.
fn made(speaker: &Contributor, statement: &Statement, second: i64) -> SignedStatement {
    Statement { made_at: Timestamp(second), ..statement.clone() }.sign(&[&speaker.key])
}

fn says() -> Says {
    let (basis, verification) = (Basis::OwnAct, Verification::ConfirmedByCompetentAuthority);
    Says { basis, verification, as_of: "2026-11-23".parse().expect("a date") }
}

fn fact(speaker: &Contributor, number: u64, fact: &Fact, second: i64) -> SignedStatement {
    made(speaker, speaker.statement(number, fact.kind(), fact.encode()).statement(), second)
}

fn investigation() -> Fact {
    let (says, proceeding) = (says(), "COD/P-1".parse().expect("a file"));
    Fact::InvestigationOpened(InvestigationOpened { says, proceeding, date: says.as_of })
}

fn judgment() -> Fact {
    let (says, proceeding) = (says(), "COD/P-1".parse().expect("a file"));
    let (level, results) = (Level::Final, Vec::new());
    Fact::Judgment(Judgment { says, proceeding, level, date: says.as_of, results })
}

fn shown(founded: &Founded, member: &str, case: &CaseId) -> Case {
    let node = founded.node(member).url();
    let args = ["case", "show", case.as_str(), "--node", &node, "--json"];
    serde_json::from_str(&cairn(&founded.path("nobody"), args).yes()).expect("a case")
}

#[test]
fn what_a_thief_signed_is_marked_everywhere_though_backdated_and_is_said_again() {
    let founded = Founded::running(&["UNSEC", "COD"]);
    let owner = founded.contributor("COD");
    let (colleague, home) = newcomer(&founded, "colleague");
    let office = ["--key", &key_of(&colleague), "--office", "Prosecutor"];
    let _ = operator(&founded, "authorise", &office).yes();
    // Times of statements are claims; the root key's are those of this machine's clock.
    let day = now() + 86_400;
    let case = CaseId::derived("an invented case");
    accepted(&founded, fact(&owner, 10, &investigation(), day));
    accepted(&founded, made(&colleague, colleague.note(11).statement(), day + 100));
    let stolen = accepted(&founded, fact(&owner, 12, &judgment(), day + 5));
    assert_eq!(shown(&founded, "COD", &case).stage, Stage::JudgedFinal);

    let since = typed(day + 50);
    let (key, file) = (key_of(&owner), home.join("contributor.key").display().to_string());
    let own = founded.home("COD").join("contributor.key").display().to_string();
    let revoke = ["--key", &key, "--reason", "Laptop stolen", "--compromised-since", &since];
    let alone = operator(&founded, "revoke", &revoke);
    assert!(
        alone.err.contains("needs the signature of a contributor beside the root key's"),
        "{}",
        alone.err
    );
    let by_itself = operator(&founded, "revoke", &[&revoke[..], &["--second-key", &own]].concat());
    assert!(by_itself.err.contains("cannot be the second"), "{}", by_itself.err);
    // The second may sign elsewhere: the draft that the root key signed is handed in with both.
    let draft = founded.path("compromised.draft").display().to_string();
    let _ = operator(&founded, "revoke", &[&revoke[..], &["--out", &draft]].concat()).yes();
    let both =
        operator(&founded, "revoke", &[&revoke[..], &["--second-key", &file]].concat()).yes();
    let by = stolen + 1;
    let marked = format!(
        "what key KEY signed from COD/{} to before COD/{by} counts for nothing: signed after the key was \
         compromised (entry COD/{by})",
        stolen - 1
    );
    assert!(named(&owner, &both).contains(&marked), "{both}");

    founded.agree();
    for member in ["COD", "UNSEC"] {
        let case = shown(&founded, member, &case);
        assert_eq!(case.stage, Stage::InvestigationOpen, "{member}");
        let standing = |position: u64| {
            let line = case.timeline.iter().find(|line| line.entry.position == position);
            line.expect("a statement").standing.clone()
        };
        assert_eq!(standing(stolen), Standing::AfterCompromise(by));
        assert_eq!(standing(stolen - 1), Standing::Stands, "the colleague's");
        assert_eq!(standing(stolen - 2), Standing::Stands, "from before");
        let (home, node) = (founded.path("nobody"), founded.node(member).url());
        let log = cairn(&home, ["log", "COD", "--node", &node]).yes();
        let mark = format!("[signed after the key was compromised (entry COD/{by})]");
        assert_eq!(log.matches(&mark).count(), 1, "{log}");
        let text = cairn(&home, ["case", "show", case.id.as_str(), "--node", &node]).yes();
        assert!(text.contains(&format!("(entry COD/{by}): counted nowhere")), "{text}");
    }
    let problem = refused(&founded, owner.note(20));
    assert!(
        problem.error.contains("revoked as compromised")
            && problem.error.ends_with("Laptop stolen")
    );
    let again = operator(&founded, "authorise", &["--key", &key, "--office", "Focal point"]);
    assert!(again.err.contains("revoked as compromised"), "a compromised key never speaks again");
    accepted(&founded, fact(&colleague, 13, &judgment(), day + 200));
    assert_eq!(
        shown(&founded, "COD", &case).stage,
        Stage::JudgedFinal,
        "said again with another key"
    );
    exported(&founded, &owner, &marked);
}

/// The marks are in the exported log for whoever has nothing but that.
fn exported(founded: &Founded, owner: &Contributor, marked: &str) {
    let (folder, node) = (founded.path("archive"), founded.node("COD").url());
    let (to, home) = (folder.display().to_string(), founded.path("nobody"));
    let _ = cairn(&home, ["export", "--to", &to, "--node", &node]).yes();
    let network = founded.charter.network().to_string();
    let path = folder.join("COD.cairnlog");
    let verify = ["verify", &path.display().to_string(), "--network", &network];
    let said = cairn(&home, verify).yes();
    assert!(named(owner, &said).contains(marked), "{said}");
    let audit = cairn(&home, ["audit", &to, "--network", &network]).yes();
    assert!(named(owner, &audit).contains(&format!("MARKED   {marked}")), "{audit}");
    let (code, said) = both_of_export(founded, &path);
    assert_eq!((code, said["compromised"].as_array().map(Vec::len)), (0, Some(1)), "{said}");
}

#[test]
fn a_member_asks_for_two_people_in_its_own_log() {
    let mut founded = Founded::of(&["UNSEC", "COD"]);
    founded.node_mut("COD").start();
    let one = founded.contributor("COD");
    let (other, home) = newcomer(&founded, "colleague");
    let office = ["--key", &key_of(&other), "--office", "Prosecutor"];
    let _ = operator(&founded, "authorise", &office).yes();
    let _ = operator(&founded, "two-people", &["--kind", "note"]).yes();
    let problem = refused(&founded, one.note(1));
    assert_eq!(problem.error, "not authorised: \"note\" needs the signatures of two contributors");
    accepted(&founded, one.note(1).statement().clone().sign(&[&one.key, &other.key]));
    let whoami = cairn(&home, ["whoami"]).yes();
    assert!(
        whoami.contains("not alone   note, closed, erased: a second contributor signs too"),
        "{whoami}"
    );
    let odd = operator(&founded, "two-people", &["--kind", "1"]);
    assert!(
        odd.err.contains("\"contributor authorised\" is for the root key alone"),
        "{}",
        odd.err
    );
    let _ = operator(&founded, "two-people", &["--none"]).yes();
    accepted(&founded, one.note(2));
}

#[test]
fn the_second_person_signs_the_draft_of_the_root_key_elsewhere() {
    let mut founded = Founded::of(&["UNSEC", "COD"]);
    founded.node_mut("COD").start();
    let owner = founded.contributor("COD");
    let (other, home) = newcomer(&founded, "colleague");
    let office = ["--key", &key_of(&other), "--office", "Prosecutor"];
    let seconds = ["--kind", "compromised"];
    let _ = operator(&founded, "authorise", &[&office[..], &seconds].concat()).yes();
    let (key, draft) = (key_of(&owner), founded.path("stolen.draft").display().to_string());
    let revoke = ["--key", &key, "--reason", "Laptop stolen", "--compromised-since", "2026-11-20"];
    let _ = operator(&founded, "revoke", &[&revoke[..], &["--out", &draft]].concat()).yes();
    let approved = cairn(&home, ["review", "approve", &draft, "--yes"]);
    assert_eq!(approved.code, 0, "{approved:?}");
    let said = named(&owner, &format!("{}{}", approved.out, approved.err));
    assert!(
        said.contains("key KEY was stolen") && said.contains("Laptop stolen"),
        "shown in full: {said}"
    );
    let history = cairn(&home, ["authority", &key]).yes();
    let step = "revoked as compromised since 2026-11-20T00:00:00Z: Laptop stolen";
    assert!(history.contains(step), "{history}");
}

#[test]
fn a_case_is_closed_by_two_people_and_opened_again_by_one() {
    let mut founded = Founded::of(&["UNSEC", "COD"]);
    founded.node_mut("COD").start();
    let one = founded.contributor("COD");
    let (other, home) = newcomer(&founded, "colleague");
    let office = ["--key", &key_of(&other), "--office", "Prosecutor"];
    let _ = operator(&founded, "authorise", &office).yes();
    let case = CaseId::derived("an invented case");
    accepted(&founded, fact(&one, 1, &investigation(), now()));
    let close = ["closed", "--reason", "no_suspect", "--date", "2026-11-23"];
    let waits = update(&home, case.as_str(), "MONUSCO", &close).yes();
    let id = waits.split("waits for a second person: ").nth(1).expect("an id").trim();
    assert_eq!(shown(&founded, "COD", &case).stage, Stage::InvestigationOpen, "one is not enough");
    let _ = cairn(&founded.home("COD"), ["review", "approve", id, "--yes"]).yes();
    let shut = shown(&founded, "COD", &case);
    assert_eq!((shut.stage, shut.closings.len()), (Stage::Closed, 1));
    let text = cairn(&home, ["case", "show", case.as_str()]).yes();
    assert!(text.contains("  closed      no_suspect on 2026-11-23 (COD/3)"), "{text}");
    let _ = update(&home, case.as_str(), "MONUSCO", &["reopened", "--date", "2026-11-24"]).yes();
    assert_eq!(shown(&founded, "COD", &case).stage, Stage::InvestigationOpen);
}

fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(now.expect("a clock").as_secs()).expect("a time")
}

/// The time as an operator types it.
fn typed(second: i64) -> String {
    let date = cairn_casebook::Date::of(Timestamp(second));
    let seconds = second.rem_euclid(86_400);
    format!("{date}T{:02}:{:02}:{:02}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
