//! Contributors whose key is in an ssh-agent: a real one, and some that lie.

use cairn_keyring::{Agent, AgentError};
use cairn_ledger::{PublicKey, SecretKey};
use cairn_tests::nodes::{Founded, SOON, Said, command, run, until};
use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A real ssh-agent in a folder of its own. It ends with the test.
struct RealAgent {
    folder: TempDir,
    process: Child,
}

impl Drop for RealAgent {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl RealAgent {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let mut agent = Command::new("ssh-agent");
        agent.arg("-D").arg("-a").arg(&socket).stdin(Stdio::null()).stdout(Stdio::null());
        let process = agent.spawn().expect("ssh-agent (the package openssh-client)");
        let agent = Self { folder, process };
        until("the agent listens", SOON, || UnixStream::connect(agent.socket()).ok());
        agent
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// Makes a key of a kind and gives it to the agent.
    fn add(&self, kind: &str, comment: &str) -> PathBuf {
        let file = self.folder.path().join(comment);
        let mut keygen = Command::new("ssh-keygen");
        keygen.args(["-q", "-t", kind, "-N", "", "-C", comment, "-f"]).arg(&file);
        assert!(keygen.status().unwrap().success());
        self.ssh_add(&[file.to_str().unwrap()], "");
        file
    }

    /// `ssh-add`, told a passphrase where it asks for one.
    fn ssh_add(&self, args: &[&str], passphrase: &str) {
        let ask = self.folder.path().join("ask");
        std::fs::write(&ask, format!("#!/bin/sh\necho '{passphrase}'\n")).unwrap();
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(&ask, executable).unwrap();
        let mut add = Command::new("ssh-add");
        add.args(args).env("SSH_AUTH_SOCK", self.socket()).stdin(Stdio::null());
        add.env("SSH_ASKPASS", ask).env("SSH_ASKPASS_REQUIRE", "force").env("DISPLAY", ":0");
        let output = add.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Types `cairn` with an agent.
fn cairn(home: &Path, socket: &Path, args: &[&str]) -> Said {
    run(command("cairn").arg("--home").arg(home).args(args).env("SSH_AUTH_SOCK", socket))
}

const OPEN: [&str; 15] = [
    "case",
    "open",
    "--yes",
    "--title",
    "An exercise",
    "--mission",
    "MONUSCO",
    "--host-state",
    "COD",
    "--date",
    "2026-11-20",
    "--killed",
    "0",
    "--demonstration",
    "--json",
];

#[test]
fn a_contributor_signs_through_a_real_agent_and_has_no_key_file() {
    let founded = Founded::running(&["COD"]);
    let (node, home, agent) = (founded.node("COD").url(), founded.home("COD"), RealAgent::start());
    agent.add("ed25519", "desk");
    let file = agent.add("ecdsa", "of-another-kind");
    let typed = |args: &[&str]| cairn(&home, &agent.socket(), args);
    let made = typed(&["init", "--member", "COD", "--node", &node, "--agent", "--json"]).yes();
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    let key: PublicKey = made["key"].as_str().unwrap().parse().unwrap();
    assert!(made["agent_key"].as_str().unwrap().starts_with("SHA256:"), "{made}");
    assert!(!home.join("contributor.key").exists());
    assert_eq!(typed(&["init", "--member", "COD", "--node", &node, "--agent"]).code, 1);
    let data = founded.node("COD").folder.display().to_string();
    let authorise = ["authorise", "--data", &data, "--node", &node, "--office", "Focal point"];
    let authorise = authorise.into_iter().map(String::from);
    let authorise = authorise.chain(["--key".into(), key.to_string()]);
    let _ = cairn_tests::nodes::cairn_node(authorise).yes();
    let stated = typed(&OPEN).yes();
    assert!(stated.contains("\"accepted\""), "{stated}");
    // Every node checks the agent's signature like any other.
    let log = typed(&["log", "COD", "--json"]).yes();
    assert!(log.contains(&key.to_string()), "{log}");
    let _ = typed(&["key", "show"]).yes();
    let passphrase = typed(&["key", "passphrase", "--no-passphrase"]);
    assert_eq!(passphrase.code, 1, "{}", passphrase.err);

    agent.ssh_add(&["-x"], "locked away");
    let locked = typed(&OPEN);
    assert!(locked.err.contains("shows no keys: it has none or is locked"), "{}", locked.err);
    assert_eq!((locked.code, typed(&["key", "show"]).code), (2, 1));
    agent.ssh_add(&["-X"], "locked away");
    let _ = typed(&OPEN).yes();
    let desk = agent.folder.path().join("desk");
    agent.ssh_add(&["-d", desk.to_str().unwrap()], "");
    let gone = typed(&OPEN);
    assert!(gone.err.contains(&format!("has no key {key}")), "{}", gone.err);
    assert!(gone.err.contains("ssh-add -L lists its keys"), "{}", gone.err);
    // A key that asks before each use, and somebody who says no: `ask` prints no "yes".
    agent.ssh_add(&["-c", desk.to_str().unwrap()], "");
    let refused = typed(&OPEN);
    assert!(refused.err.contains("the ssh-agent refuses to sign"), "{}", refused.err);
    assert_eq!(refused.code, 1);
    let nobody = run(command("cairn").arg("--home").arg(&home).args(OPEN));
    assert!(nobody.err.contains("SSH_AUTH_SOCK is not set"), "{}", nobody.err);
    assert!(file.exists());
}

#[test]
fn only_one_plain_ed25519_key_is_taken_from_an_agent() {
    let folder = tempfile::tempdir().unwrap();
    let agent = RealAgent::start();
    let init = |home: &str, more: &[&str]| {
        let id = "07".repeat(32);
        let args = [&["init", "--member", "COD", "--network", &id, "--agent"], more].concat();
        cairn(&folder.path().join(home), &agent.socket(), &args)
    };
    let none = init("none", &[]);
    assert!(none.err.contains("it has none or is locked"), "{}", none.err);
    agent.add("rsa", "old");
    let rsa = init("rsa", &[]);
    assert!(rsa.err.contains("is of the kind ssh-rsa, only ssh-ed25519"), "{}", rsa.err);
    assert_eq!(rsa.code, 1);
    agent.add("ed25519", "one");
    let _ = init("one", &[]).yes();
    agent.add("ed25519", "two");
    let several = init("several", &[]);
    assert!(several.err.contains("2 keys that could be meant"), "{}", several.err);
    let named = init("two", &["--agent-key", "two", "--json"]).yes();
    let named: serde_json::Value = serde_json::from_str(&named).unwrap();
    let by_print = init("print", &["--agent-key", named["agent_key"].as_str().unwrap(), "--json"]);
    let by_print: serde_json::Value = serde_json::from_str(&by_print.yes()).unwrap();
    assert_eq!(by_print["key"], named["key"]);
    assert_eq!(init("old", &["--agent-key", "old"]).code, 1);
    assert!(init("three", &["--agent-key", "three"]).err.contains("has no key three"));
    for refused in ["none", "rsa", "several", "old", "three"] {
        assert!(!folder.path().join(refused).exists(), "{refused}");
    }
}

/// What an agent of ours answers, for the first byte of each request; nothing at all is silence.
type Answers = fn(u8) -> Option<Vec<u8>>;

/// An agent that answers as it likes, until the test process ends.
fn lying(folder: &TempDir, answers: Answers) -> PathBuf {
    let socket = folder.path().join("lying");
    let listener = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut length = [0; 4];
            while stream.read_exact(&mut length).is_ok() {
                let mut request = vec![0; u32::from_be_bytes(length) as usize];
                stream.read_exact(&mut request).unwrap();
                match answers(request[0]) {
                    Some(answer) => drop(stream.write_all(&answer)),
                    None => std::thread::sleep(Duration::from_secs(60)),
                }
            }
        }
    });
    socket
}

fn string(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

fn held() -> PublicKey {
    SecretKey::from_seed([9; 32]).public()
}

fn listing(algorithm: &str, key: &[u8]) -> Vec<u8> {
    let blob = [string(algorithm.as_bytes()), string(key)].concat();
    let keys = [&1_u32.to_be_bytes()[..], &string(&blob), &string(b"a\x1b[2Jkey")].concat();
    string(&[&[12], &keys[..]].concat())
}

fn signature_of(algorithm: &str, signature: &[u8]) -> Vec<u8> {
    let inside = [string(algorithm.as_bytes()), string(signature)].concat();
    string(&[&[14], &string(&inside)[..]].concat())
}

#[test]
fn what_a_lying_agent_signs_is_never_used() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let socket = lying(&folder, |request| {
        let other = SecretKey::from_seed([9; 32]).sign_bytes(b"something else");
        Some(match request {
            11 => listing("ssh-ed25519", &held().0),
            _ => signature_of("ssh-ed25519", &other.0),
        })
    });
    let id = "07".repeat(32);
    let init = cairn(&home, &socket, &["init", "--member", "COD", "--network", &id, "--agent"]);
    assert!(init.clone().yes().contains("a\\u{1b}[2Jkey"), "{}", init.out);
    let open = [&OPEN[..], &["--offline"]].concat();
    let said = cairn(&home, &socket, &open);
    assert!(said.err.contains("not one by this key over the statement"), "{}", said.err);
    assert_eq!(said.code, 1);
    assert!(!home.join("drafts").exists());
}

fn asked(answers: Answers) -> (Result<usize, AgentError>, AgentError) {
    let folder = tempfile::tempdir().unwrap();
    let agent = Agent::at(&lying(&folder, answers), Duration::from_millis(300));
    let began = Instant::now();
    let keys = agent.keys().map(|keys| keys.len());
    let refused = agent.sign(&held(), b"bytes").unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(20));
    (keys, refused)
}

#[test]
fn what_an_agent_answers_has_a_bound_in_bytes_and_time() {
    let (keys, sign) = asked(|_| None);
    assert!(matches!(keys, Err(AgentError::Slow(_))), "{keys:?}");
    assert!(matches!(sign, AgentError::Slow(_)), "{sign}");
    let (keys, sign) = asked(|_| Some(u32::MAX.to_be_bytes().into()));
    assert!(matches!(keys, Err(AgentError::TooLarge { found: u32::MAX })), "{keys:?}");
    assert!(matches!(sign, AgentError::TooLarge { .. }), "{sign}");
    // As many bytes as it announces, and no more than a part of them comes.
    let (keys, _) = asked(|_| Some([&1000_u32.to_be_bytes()[..], &[12; 10]].concat()));
    assert!(matches!(keys, Err(AgentError::Slow(_))), "{keys:?}");
    let malformed: [Answers; 8] = [
        |_| Some(string(b"")),
        |_| Some(string(&[99, 0, 0])),
        |_| Some(string(&[12, 0xff, 0xff, 0xff, 0xff])),
        |_| Some(string(&[12, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff])),
        |_| Some(string(&[12, 0, 0, 0, 0, 7])),
        |_| Some(listing("ssh-ed25519", &[1; 31])),
        |_| Some(signature_of("ssh-rsa", &[1; 64])),
        |_| Some(signature_of("ssh-ed25519", &[1; 65])),
    ];
    for (number, answers) in malformed.into_iter().enumerate() {
        let (keys, sign) = asked(answers);
        assert!(matches!(keys, Err(AgentError::Malformed(_))), "{number}: {keys:?}");
        assert!(matches!(sign, AgentError::Malformed(_)), "{number}: {sign}");
    }
}

#[test]
fn keys_of_fido_tokens_and_weak_keys_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let choose = |answers: Answers| {
        let folder = tempfile::tempdir_in(&folder).unwrap();
        Agent::at(&lying(&folder, answers), SOON).choose(None).unwrap_err()
    };
    let token = choose(|_| Some(listing("sk-ssh-ed25519@openssh.com", &held().0)));
    assert!(matches!(token, AgentError::OtherAlgorithm { .. }), "{token}");
    assert!(token.hint().unwrap().contains("a FIDO token signs a message of its own"));
    let weak = choose(|_| Some(listing("ssh-ed25519", &[0; 32])));
    assert!(matches!(weak, AgentError::BadKey { .. }), "{weak}");
}
