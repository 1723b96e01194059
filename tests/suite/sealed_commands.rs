//! The commands about what is sealed, as contributors type them, against real nodes.

use cairn_ledger::Kind;
use cairn_tests::nodes::{Founded, SOON, Said, cairn, cairn_node, until};
use serde_json::Value;
use std::fs;

const SECRET: &str = "the witness lives by the river";
const CLOSED: &[&str] = &["--basis", "own_act", "--yes"];

/// Three running nodes; erasing needs two people. COD and TUR have contributors with tokens.
fn network() -> Founded {
    let mut founded = Founded::with_two_people(&["UNSEC", "COD", "TUR"], &[Kind(183)]);
    founded.nodes.iter_mut().for_each(|node| node.spawn(&[]));
    founded.nodes.iter_mut().for_each(cairn_tests::nodes::Node::answers);
    for code in ["COD", "TUR"] {
        let _ = founded.contributor(code);
        token(&founded, code, code);
    }
    founded
}

/// Gives a contributor's home a token of a node.
fn token(founded: &Founded, home: &str, code: &str) {
    let (data, file) = (founded.node(code).folder.display().to_string(), founded.home(home));
    let file = file.join("token").display().to_string();
    let name = format!("desk-of-{home}");
    let add = ["user", "add", &name, "--role", "contributor", "--data", &data];
    let said = cairn_node(add.into_iter().chain(["--token-file", &file])).yes();
    assert!(!said.contains("cairn_"), "{said}");
}

fn type_(founded: &Founded, home: &str, words: &[&str]) -> Said {
    let url = founded.node(home).url();
    cairn(&founded.home(home), words.iter().copied().chain(["--node", &url]))
}

fn json(founded: &Founded, home: &str, words: &[&str]) -> Value {
    let said = type_(founded, home, &[words, &["--json"]].concat()).yes();
    serde_json::from_str(&said).expect("JSON")
}

/// Opens a case as COD and gives its id.
fn case(founded: &Founded) -> String {
    let open = ["case", "open", "--title", "Attack on a patrol", "--mission", "MONUSCO"];
    let where_ = ["--host-state", "COD", "--date", "2026-11-20", "--killed", "1"];
    let said = json(founded, "COD", &[&open[..], &where_, CLOSED].concat());
    said["outcomes"][0]["cases"][0].as_str().expect("a case").to_string()
}

/// The entry of the last statement of COD.
fn last(founded: &Founded) -> String {
    format!("COD/{}", founded.node("COD").log("COD").size - 1)
}

fn opens(founded: &Founded, home: &str, entry: &str) -> String {
    until("it can be opened", SOON, || {
        let said = type_(founded, home, &["open", entry]);
        (said.code == 0).then_some(said.out)
    })
}

#[test]
fn a_remark_is_read_by_those_for_whom_it_is_and_by_nobody_else() {
    let founded = network();
    let case = case(&founded);
    let note = ["case", "update", &case, "--sealed-text", SECRET, "--to", "TUR"];
    let note = [&note[..], CLOSED, &["note", "A remark is sealed"]].concat();
    let said = type_(&founded, "COD", &note).yes();
    assert!(!said.contains(SECRET), "{said}");
    let entry = last(&founded);
    for home in ["COD", "TUR"] {
        assert_eq!(opens(&founded, home, &entry).trim_end(), SECRET);
    }
    let shown = type_(&founded, "TUR", &["case", "show", &case, "--as", "UNSEC"]).yes();
    let says = [
        "sealed for TUR and COD, up to 256 bytes  [UNSEC sees this line, and cannot read it]",
        "UNSEC       the Secretariat",
        "COD         host State",
    ];
    says.iter().for_each(|text| assert!(shown.contains(text), "{text}: {shown}"));
    assert!(!shown.contains(SECRET));
    let sees = json(&founded, "TUR", &["case", "show", &case, "--as", "TUR"]);
    assert_eq!(sees["sees"][0]["sees"], "content");
    let listed = type_(&founded, "TUR", &["sealed", "--case", &case]).yes();
    assert!(listed.contains("COD, TUR") && listed.contains("yes"), "{listed}");
    let access = json(&founded, "COD", &["access", &entry]);
    let who = |access: &Value| {
        let all = access["records"].as_array().unwrap().iter();
        let mut who: Vec<_> = all.map(|one| one["user"].as_str().unwrap().to_owned()).collect();
        who.sort();
        who.dedup();
        who
    };
    // Its author hears of everybody, a reader of those at its own node.
    assert_eq!(who(&access), ["desk-of-COD", "desk-of-TUR"]);
    assert_eq!(access["not_reached"], serde_json::json!([]));
    let access = json(&founded, "TUR", &["access", &entry]);
    assert_eq!(
        (who(&access), &access["not_reached"][0]),
        (vec!["desk-of-TUR".into()], &"COD".into())
    );
    // Without a token nothing that is sealed is shown, not even to its author.
    fs::remove_file(founded.home("COD").join("token")).unwrap();
    let refused = type_(&founded, "COD", &["open", &entry]);
    assert_eq!(refused.code, 1, "{}", refused.out);
    assert!(refused.err.contains("needs a user's token"), "{}", refused.err);
    assert!(refused.err.contains("cairn-node user add"), "{}", refused.err);
}

#[test]
fn a_remark_can_be_sealed_without_a_node_and_handed_in_later() {
    let founded = network();
    let case = case(&founded);
    let seal = ["case", "update", &case, "--sealed-text", SECRET, "--to", "TUR"];
    let note = ["note", "A remark is sealed"];
    let offline = [&seal[..], &["--offline"], CLOSED, &note].concat();
    let early = type_(&founded, "COD", &offline);
    assert!(early.err.contains("there is no charter here"), "{}", early.err);
    let _ = type_(&founded, "COD", &[&seal[..], CLOSED, &note].concat()).yes();
    let _ = type_(&founded, "COD", &offline).yes();
    for entry in fs::read_dir(founded.home("COD").join("drafts")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            assert!(!fs::read_to_string(path).unwrap().contains(&hex::encode(SECRET)));
        }
    }
    let _ = type_(&founded, "COD", &["submit"]).yes();
    assert_eq!(opens(&founded, "TUR", &last(&founded)).trim_end(), SECRET);
}

#[test]
fn a_file_is_attached_handed_over_fetched_proven_granted_and_erased() {
    let founded = network();
    let case = case(&founded);
    let file: Vec<u8> = (0..700_000_u32).flat_map(|at| at.wrapping_mul(13).to_le_bytes()).collect();
    let path = founded.path("photo graph.jpg");
    fs::write(&path, &file).unwrap();
    let path = path.display().to_string();
    let attach = ["attach", &path, "--case", &case, "--to", "COD", "--class", "image"];
    let _ = type_(&founded, "COD", &[&attach[..], CLOSED].concat()).yes();
    let document = last(&founded);
    let drafts = fs::read_dir(founded.home("COD").join("drafts")).unwrap();
    assert_eq!(drafts.count(), 0, "nothing of it stays here");
    let over = ["hand-over", &document, "--date", "2026-11-21", "--text", "to the registry"];
    let _ = type_(&founded, "COD", &[&over[..], CLOSED].concat()).yes();
    assert!(opens(&founded, "COD", &last(&founded)).contains("to the registry"));
    // It is for COD alone until TUR is let in.
    assert!(type_(&founded, "TUR", &["open", &document]).err.contains("sealed for COD"));
    let grant = ["grant", &document, "--to", "TUR"];
    let _ = type_(&founded, "COD", &[&grant[..], CLOSED].concat()).yes();
    let granted = last(&founded);
    assert!(opens(&founded, "TUR", &document).contains("photo graph.jpg"));
    let folder = founded.path("fetched");
    fs::create_dir(&folder).unwrap();
    let to = folder.display().to_string();
    until("all pieces are there", SOON, || {
        let said = type_(&founded, "TUR", &["fetch", &document, "--output", &to]);
        (said.code == 0).then_some(())
    });
    assert!(fs::read(folder.join("photo graph.jpg")).unwrap() == file, "another file");
    let again = type_(&founded, "TUR", &["fetch", &document, "--output", &to]);
    assert!(again.err.contains("exists already"), "{}", again.err);
    // Two people erase it.
    let erase = ["erase", &document, "--reason", "personal_data", "--authority", "an order"];
    let said = type_(&founded, "COD", &[&erase[..], CLOSED].concat()).yes();
    let id = said.split_once("second person: ").expect("it waits").1;
    let second = founded.path("second");
    let url = founded.node("COD").url();
    let init = ["init", "--no-passphrase", "--member", "COD", "--node", &url];
    let _ = cairn(&second, init).yes();
    let key = founded.key(&second.join("contributor.key")).public().to_string();
    let data = founded.node("COD").folder.display().to_string();
    let authorise = ["authorise", "--data", &data, "--node", &url, "--key", &key];
    let _ = cairn_node(authorise.into_iter().chain(["--office", "Second desk"])).yes();
    let approve = ["review", "approve", id.trim(), "--yes", "--node", &url];
    let _ = cairn(&second, approve).yes();
    for home in ["COD", "TUR"] {
        for entry in [&document, &granted] {
            let refused = until("it is gone", SOON, || {
                let said = type_(&founded, home, &["open", entry]);
                said.err.contains("was erased by").then_some(said)
            });
            assert_eq!(refused.code, 1);
        }
    }
    let shown = until("both say so", SOON, || {
        let shown = type_(&founded, "COD", &["case", "show", &case]).yes();
        shown.contains("destroyed, as they say, by COD, TUR").then_some(shown)
    });
    assert!(shown.contains("personal_data, by an order"), "{shown}");
}

#[test]
fn the_vault_keeps_who_somebody_is_and_can_prove_it() {
    let founded = network();
    let case = case(&founded);
    let (name, url) = (founded.path("name"), founded.node("COD").url());
    fs::write(&name, "An Invented Name, born in an invented town").unwrap();
    let name = name.display().to_string();
    let put = ["vault", "put", &case, "--role", "victim", "--number", "1", "--file", &name];
    let _ = type_(&founded, "COD", &[&put[..], CLOSED].concat()).yes();
    let entry = last(&founded);
    assert!(opens(&founded, "COD", &entry).contains("An Invented Name"));
    let listed = type_(&founded, "COD", &["vault", "list"]).yes();
    assert!(listed.contains(&format!("{entry}  identity of V-1 is held")), "{listed}");
    founded.agree();
    let refused = type_(&founded, "TUR", &["open", &entry]);
    assert!(refused.err.contains("sealed for COD"), "{}", refused.err);
    let (proof, receipt) = (founded.path("V-1.opening"), founded.path("V-1.tlog-proof"));
    let (proof, receipt) = (proof.display().to_string(), receipt.display().to_string());
    let fetch = ["fetch", &entry, "--opening", "--output", &proof];
    let _ = type_(&founded, "COD", &fetch).yes();
    let _ = type_(&founded, "COD", &["receipt", &entry, "--out", &receipt]).yes();
    let id = founded.charter.network().to_string();
    let verify = ["verify", &receipt, "--opening", &proof, "--network", &id];
    let nobody = founded.path("nobody");
    let said = cairn(&nobody, verify).yes();
    assert!(said.contains("An Invented Name") && said.contains("committed to"), "{said}");
    let mut bytes = fs::read(&proof).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&proof, bytes).unwrap();
    let refuted = cairn(&nobody, verify);
    assert_eq!(refuted.code, 1, "{}", refuted.out);
    let _ = url;
}

#[test]
fn who_a_contributor_is_can_be_kept_in_the_vault() {
    let founded = network();
    let (name, node) = (founded.path("who"), founded.node("COD"));
    fs::write(&name, "An Invented Officer").unwrap();
    let (name, data, url) =
        (name.display().to_string(), node.folder.display().to_string(), node.url());
    let token = founded.home("COD").join("token").display().to_string();
    let key = founded.invented("COD").key.public().to_string();
    let authorise = ["authorise", "--data", &data, "--node", &url, "--key", &key];
    let who = ["--office", "Second desk", "--name", &name, "--token-file", &token];
    let _ = cairn_node(authorise.into_iter().chain(who)).yes();
    let entry = last(&founded);
    assert_eq!(opens(&founded, "COD", &entry).trim_end(), "An Invented Officer");
    founded.agree();
    let refused = type_(&founded, "TUR", &["open", &entry]);
    assert!(refused.err.contains("sealed for COD"), "{}", refused.err);
}
