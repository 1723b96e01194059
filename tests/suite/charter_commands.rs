//! Operators amend the charter at their terminals: what `cairn charter` and `cairn status` say then.

use cairn_tests::nodes::{Founded, SOON, Said, cairn, cairn_node, still, until};
use serde_json::Value;
use std::path::PathBuf;

/// Three members whose nodes run, and whoever types for them.
struct Office {
    founded: Founded,
    home: PathBuf,
}

impl Office {
    fn open(codes: &[&str]) -> Self {
        let founded = Founded::running(codes);
        let home = founded.path("nobody");
        Self { founded, home }
    }

    /// Types `cairn charter …` at a member's node.
    fn type_(&self, member: &str, args: &[&str]) -> Said {
        let url = self.founded.node(member).url();
        let args = ["charter"].into_iter().chain(args.iter().copied());
        cairn(&self.home, args.chain(["--node", &url]))
    }

    fn status(&self, member: &str) -> Said {
        cairn(&self.home, ["status", "--node", &self.founded.node(member).url()])
    }

    fn file(&self, name: &str) -> String {
        self.founded.path(name).display().to_string()
    }

    fn root_key(&self, member: &str) -> String {
        self.founded.node(member).folder.join("keys/root.key").display().to_string()
    }

    /// Each of these signs an amendment in a file, with no network.
    fn sign(&self, file: &str, members: &[&str]) {
        for member in members {
            let key = self.root_key(member);
            let _ =
                self.type_(member, &["sign", file, "--root-key", &key, "--offline", "--yes"]).yes();
        }
    }

    /// Waits until a node runs under a version, and its member's log stands under another or the same.
    fn under(&self, member: &str, version: u32, log: u32) {
        let what = format!("{member} runs under version {version}, its log under {log}");
        until(&what, SOON, || {
            let status = self.founded.node(member).try_status()?;
            let own = status.logs.iter().find(|log| log.member == status.member)?;
            (status.charter == version && own.charter == log).then_some(())
        });
    }

    /// The text, with the network, the members' keys and one amendment called by their names.
    fn still(&self, text: &str, amendment: &Value) -> String {
        let network = self.founded.charter.network().to_string();
        let mut words = vec![(network, "NETWORK".to_string())];
        words.push((string(&amendment["id"]), "ID".into()));
        let known = self.type_("UNSEC", &["show", "--json"]).json();
        let members = [&known["charter"]["members"], &amendment["members"]];
        for member in members.into_iter().filter_map(Value::as_array).flatten() {
            for (role, key) in member["keys"].as_object().expect("keys by role") {
                words.push((string(key), format!("{}-{role}", string(&member["code"]))));
            }
        }
        words.push((self.founded.path("").display().to_string(), "./".into()));
        let words: Vec<_> = words.iter().map(|(found, word)| (&**found, &**word)).collect();
        still(text, &words)
    }
}

fn string(value: &Value) -> String {
    value.as_str().expect("a text").to_string()
}

/// What an amendment that admits RWA and removes TZA changes, up to who has signed it.
const CHANGES: &str = "  \
  + RWA joins: State, Republic of Rwanda
    root       RWA-root
    log        RWA-log
    cosigning  RWA-cosign
    transport  RWA-transport
  - TZA is removed: its log ends after 0 entries, root e3b0c44298fc1c14
  ~ an entry is confirmed: 2 members cosign (before: 3 members cosign)
  ~ two people sign: judgment, closed (before: contributor's key compromised, closed, erased)";

/// The screen about such an amendment, signed by so many.
fn amendment(signed: &str) -> String {
    format!(
        "version 2 of the charter\n  id          ID\n  drafted     TIME\n  signed by   {signed}\n{CHANGES}"
    )
}

const IN_FORCE: &str = "\
charter of invented.example/tests, version 2 in force
network     NETWORK
id          ID
drafted     TIME
signed by   COD, TZA, UNSEC: 3 of 3 that are needed

 RULE                                 WHAT IT ASKS FOR
 members, witnesses and rules change  3 members sign, the Secretariat among them
 keys change                          3 members sign, the Secretariat among them
 an entry is confirmed                2 members cosign
 two people sign                      judgment, closed

 MEMBER  KIND         NAME
 COD     State        Invented member COD
 RWA     State        Republic of Rwanda
 UNSEC   Secretariat  Invented member UNSEC

keys of COD
    root       COD-root
    log        COD-log
    cosigning  COD-cosign
    transport  COD-transport

keys of RWA
    root       RWA-root
    log        RWA-log
    cosigning  RWA-cosign
    transport  RWA-transport

keys of UNSEC
    root       UNSEC-root
    log        UNSEC-log
    cosigning  UNSEC-cosign
    transport  UNSEC-transport

 REMOVED  LOG ENDS AFTER  ROOT
 TZA      0 entries       e3b0c44298fc1c14";

#[test]
fn an_amendment_is_read_signed_and_in_force_and_the_removed_member_is_told_what_to_do() {
    let office = Office::open(&["UNSEC", "COD", "TZA"]);
    let (file, new) = (office.file("amendment"), office.file("rwa"));
    let name = ["--name", "Republic of Rwanda", "--kind", "state", "--data", &new];
    let init = ["init", "--no-passphrase", "--code", "RWA"].into_iter().chain(name);
    let _ = cairn_node(init).yes();
    let card = office.file("rwa/member.card");
    let status = office.status("COD").out;
    assert!(status.contains("\ncharter       version 1 is in force\n"), "{status}");

    let propose = ["propose", "--card", &card, "--remove", "TZA", "--out", &file];
    let rules = ["--confirm", "2", "--two-people", "132,170"];
    let proposed = office.type_("UNSEC", &[&propose[..], &rules].concat()).yes();
    let drafted = office.type_("UNSEC", &["show", &file, "--json"]).json()["proposals"][0].clone();
    let still = |text: &str| office.still(text, &drafted);
    let next = "written to ./amendment; next: `cairn charter sign ./amendment --root-key FILE`, by 3 members";
    let nobody = amendment("nobody: 0 of 3 that are needed");
    assert_eq!(still(&proposed), format!("{nobody}\n\n{next}"));

    let key = office.root_key("UNSEC");
    let unasked = office.type_("UNSEC", &["sign", &file, "--root-key", &key]);
    assert_eq!((unasked.code, still(&unasked.out)), (2, nobody.clone()));
    let signed = office.type_("UNSEC", &["sign", &file, "--root-key", &key, "--yes"]).yes();
    let more = "signed by UNSEC\nsigned by 1 members of the version before, 3 are needed\n\
        the node holds it, and tells the others";
    assert_eq!(still(&signed), format!("{nobody}\n{more}"));
    let id = string(&drafted["id"]);
    let shown = office.type_("UNSEC", &["show", &id[..8]]).yes();
    assert_eq!(still(&shown), amendment("UNSEC: 1 of 3 that are needed"));
    let waits = office.type_("UNSEC", &["show"]).yes();
    assert!(still(&waits).ends_with(&amendment("UNSEC: 1 of 3 that are needed")), "{waits}");
    let again = office.type_("UNSEC", &["submit", &file]).yes();
    assert_eq!(again, "the node had it already\n");

    office.sign(&file, &["COD", "TZA"]);
    let handed_in = office.type_("UNSEC", &["submit", &file]).yes();
    assert_eq!(handed_in, "it is in force: the node begins anew under it, and tells the others\n");
    office.under("UNSEC", 2, 2);
    assert_eq!(still(&office.type_("UNSEC", &["show"]).yes()), IN_FORCE);
    let history = "charter of invented.example/tests\nnetwork     NETWORK\n\n \
        VERSION  DRAFTED               MEMBERS  SIGNED BY\n \
        1        TIME  3        COD, TZA, UNSEC\n 2        TIME  3        COD, TZA, UNSEC\n\n";
    let all = amendment("COD, TZA, UNSEC: 3 of 3 that are needed");
    assert_eq!(still(&office.type_("UNSEC", &["history"]).yes()), format!("{history}{all}"));
    removed(&office);
}

/// What the node of TZA says once it has heard of it.
fn removed(office: &Office) {
    office.under("TZA", 2, 1);
    let status = office.status("TZA");
    assert_eq!(status.code, 1, "somebody has to look");
    let says = "ALARM: TZA is no member any more: version 2 of the charter has ended its log at 0 entries, and \
        this node takes nothing more; ";
    assert!(status.out.contains(says) && status.out.contains("cairn export"), "{}", status.out);
    assert!(status.out.contains("charter       version 2 is in force\n"), "{}", status.out);
    let told = office.founded.node("TZA").status();
    assert_eq!(told.logs.iter().filter(|log| log.ends == Some(0)).count(), 1);
    assert_eq!((told.charter, told.alarms.len()), (2, 1), "{:?}", told.alarms);
    let other = office.founded.node("COD").status();
    assert!(!other.alarms.iter().any(|alarm| alarm.contains("no member any more")));
}

#[test]
fn two_successors_have_no_force_and_the_status_says_so_and_who_has_signed_both() {
    let office = Office::open(&["UNSEC", "COD"]);
    let [one, other] = ["one", "other"].map(|name| office.file(name));
    for (file, rule) in [(&one, ["--confirm", "1"]), (&other, ["--two-people", "none"])] {
        let propose = [&["propose", "--out", file][..], &rule].concat();
        let _ = office.type_("UNSEC", &propose).yes();
        office.sign(file, &["UNSEC", "COD"]);
    }
    let _ = office.type_("UNSEC", &["submit", &one]).yes();
    for member in ["UNSEC", "COD"] {
        office.under(member, 2, 2);
    }
    let status = office.status("COD").out;
    assert!(status.contains("\ncharter       version 2 is in force\n"), "{status}");
    let told = office.type_("COD", &["submit", &other]);
    assert_eq!(told.code, 0, "{}", told.err);
    for member in ["UNSEC", "COD"] {
        office.under(member, 1, 2);
        let status = office.status(member);
        assert_eq!(status.code, 1);
        let charter = format!(
            "charter       version 1 is in force; the log of {member} has adopted version 2, which has no \
             force any more\n"
        );
        assert!(status.out.contains(&charter), "{}", status.out);
        let alarm = "ALARM: enough members have signed two successors of version 1 of the charter: neither has \
            force, version 1 has; `cairn charter history` shows who has signed both";
        assert!(status.out.contains(alarm), "{}", status.out);
    }
    let disputed = office.type_("COD", &["history", "--json"]).json()["disputed"].clone();
    let [first, second] = [0, 1].map(|place| string(&disputed[place]));
    let words = format!(
        "two successors of version 1 were signed: neither has force \n  {first}\n  {second}\n\
         signed both: COD, UNSEC\n"
    );
    for command in ["show", "history"] {
        let said = office.type_("UNSEC", &[command]).yes();
        assert!(said.contains(&words), "{said}");
    }
}
