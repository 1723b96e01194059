//! Users of the API: tokens, roles, TLS, and what nobody gets without them.

use cairn_tests::nodes::{Founded, Said, Signal, User, cairn, cairn_node};
use std::fs;
use std::path::Path;

/// One node of two members, with a contributor.
fn node() -> Founded {
    let mut founded = Founded::of(&["UNSEC", "COD"]);
    founded.node_mut("COD").start();
    let _ = founded.contributor("COD");
    founded
}

fn user(founded: &Founded, args: &[&str]) -> Said {
    let data = founded.node("COD").folder.display().to_string();
    cairn_node([&["user"], args, &["--data", &data]].concat())
}

fn status_of(user: &User, path: &str) -> u16 {
    user.get(path).0
}

#[test]
fn a_token_is_good_for_its_role_until_it_is_revoked_and_lies_nowhere() {
    let mut founded = node();
    let viewer = founded.user("COD", "viewer");
    let nobody = viewer.with_token("");
    assert_eq!(status_of(&viewer, "/v1/sealed"), 200);
    assert_eq!(status_of(&nobody, "/v1/sealed"), 401);
    assert_eq!(status_of(&nobody, "/v1/status"), 200, "what is public needs none");
    let cut = &viewer.token()[..viewer.token().len() - 2];
    let changed = viewer.token().replace("cairn_", "cairn_0");
    for token in [cut, &changed, "cairn_", "x"] {
        let (status, body) = viewer.with_token(token).get("/v1/sealed");
        let said = String::from_utf8_lossy(&body).into_owned();
        assert!(status == 401 && said.contains("not a token, or not a whole one"), "{said}");
    }
    let limited = user(&founded, &["add", "desk-9", "--role", "viewer", "--case", "C-00000001"]);
    let limited = viewer.with_token(limited.yes().trim());
    assert_eq!(status_of(&limited, "/v1/sealed"), 200);
    let taken = user(&founded, &["add", "desk-9", "--role", "viewer"]);
    assert!(taken.err.contains("there is a user desk-9 already"), "{}", taken.err);
    let listed = user(&founded, &["list"]).yes();
    assert!(listed.contains("viewer-of-COD") && listed.contains("only C-00000001"), "{listed}");
    assert!(!listed.contains("cairn_"), "{listed}");
    let _ = user(&founded, &["revoke", "viewer-of-COD"]).yes();
    let (status, body) = viewer.get("/v1/sealed");
    assert!(status == 401 && String::from_utf8_lossy(&body).contains("nobody's"));
    assert_eq!(user(&founded, &["revoke", "viewer-of-COD"]).code, 2);
    let node = founded.node_mut("COD");
    assert_eq!(node.stop(Signal::TERM), Some(0));
    let digits = &viewer.token()[6..70];
    assert!(!node.diagnostics().contains(digits));
    is_nowhere(&node.folder.clone(), digits.as_bytes());
}

fn is_nowhere(folder: &Path, text: &[u8]) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            is_nowhere(&path, text);
        } else {
            let bytes = fs::read(&path).unwrap();
            let found = bytes.windows(text.len()).any(|window| window == text);
            assert!(!found, "{}", path.display());
        }
    }
}

#[test]
fn beyond_this_machine_there_is_tls_and_everybody_is_a_user() {
    let mut founded = node();
    let data = founded.node("COD").folder.clone();
    let refused = cairn_node(["run", "--data", data.to_str().unwrap(), "--http", "192.0.2.1:1"]);
    assert!(refused.err.contains("tls_cert and tls_key"), "{}", refused.err);
    let names = ["node.example".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let (cert, key) = (founded.path("cert.pem"), founded.path("key.pem"));
    fs::write(&cert, made.cert.pem()).unwrap();
    fs::write(&key, made.key_pair.serialize_pem()).unwrap();
    let settings = format!(
        "only_users = true\ntls_cert = {cert:?}\ntls_key = {key:?}\nhttp_names = [\"node.example\"]\n"
    );
    let viewer = founded.user("COD", "viewer");
    let contributor = founded.user("COD", "contributor");
    let (home, plain) = (founded.home("COD"), founded.node("COD").url());
    let node = founded.node_mut("COD");
    assert_eq!(node.stop(Signal::TERM), Some(0));
    let before = fs::read_to_string(data.join("node.toml")).unwrap();
    let before = before.replace("only_users = false\n", "");
    fs::write(data.join("node.toml"), format!("{settings}{before}")).unwrap();
    node.spawn(&[]);
    let url = plain.replace("http://", "https://");
    let ca = cert.display().to_string();
    let type_ = |token: &str, words: &[&str]| {
        fs::write(home.join("token"), token).unwrap();
        cairn(&home, [words, &["--node", &url, "--tls-ca", &ca]].concat())
    };
    cairn_tests::nodes::until("it answers over TLS", cairn_tests::nodes::SOON, || {
        (type_(viewer.token(), &["members"]).code == 0).then_some(())
    });
    // Nothing is read or said without a token, and a viewer states nothing.
    let nobody = type_("", &["members"]);
    assert!(nobody.err.contains("not a token") || nobody.err.contains("needs a user's token"));
    let open = ["case", "open", "--title", "Attack on a patrol", "--mission", "MONUSCO", "--yes"];
    let open = [&open[..], &["--host-state", "COD", "--date", "2026-11-20"]].concat();
    let refused = type_(viewer.token(), &open);
    assert!(refused.err.contains("this is for a contributor"), "{}", refused.err);
    let _ = type_(contributor.token(), &open).yes();
    // A certificate that nobody vouches for is not believed, and no token is sent in the clear.
    fs::write(home.join("token"), contributor.token()).unwrap();
    let distrusted = cairn(&home, ["members", "--node", &url]);
    assert_eq!(distrusted.code, 2, "{}", distrusted.out);
    assert_eq!(cairn(&home, ["members", "--node", &plain]).code, 2);
}
