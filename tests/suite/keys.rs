//! Keys that people can keep: passphrases, root keys that stay offline, successors; and no secret
//! that shows anywhere.

use cairn_keyring::{KeyFile, Passphrases};
use cairn_ledger::SecretKey;
use cairn_tests::nodes::{SOON, Said, command, free_ports, http, run, until};
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

const PASSPHRASE: &str = "seven small stones on a hill";
const OTHER: &str = "another passphrase altogether";

/// A member on its own, made by the commands; what they say is kept, to be searched.
struct Member {
    folder: TempDir,
    port: u16,
    said: String,
}

/// A node that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Member {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("passphrase", PASSPHRASE), ("other", OTHER)] {
            fs::write(folder.path().join(name), format!("{text}\n")).unwrap();
            let mode = fs::Permissions::from_mode(0o600);
            fs::set_permissions(folder.path().join(name), mode).unwrap();
        }
        Self { folder, port: free_ports(1), said: String::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn program(&self, line: &str) -> Command {
        let mut words = line.split(' ');
        let mut program = command(words.next().unwrap());
        program.args(words).current_dir(&self.folder).env("RUST_LOG", "trace");
        program
    }

    /// Types a command line in the folder.
    fn type_(&mut self, line: &str) -> Said {
        let said = run(&mut self.program(line));
        self.said += &format!("$ {line}\n{}{}", said.out, said.err);
        said
    }

    fn yes(&mut self, line: &str) -> String {
        self.type_(line).yes()
    }

    /// The charter of a network of this member alone, from a card.
    fn found(&mut self, card: &str, root_key: &str) {
        let draft = "cairn-node charter draft --name invented.example/keys --out charter";
        self.yes(&format!("{draft} {card}"));
        self.yes(&format!("cairn-node charter sign charter --root-key {root_key}"));
    }

    fn start(&mut self, options: &str) -> Running {
        let run = "cairn-node run --data cod --charter charter --listen /ip4/127.0.0.1/tcp/0";
        let mut node = self.program(&format!("{run} --http 127.0.0.1:{}{options}", self.port));
        let open = fs::File::options().create(true).append(true).open(self.path("diagnostics"));
        let open = open.unwrap();
        let node = node.stdout(open.try_clone().unwrap()).stderr(open).spawn().unwrap();
        let mut node = Running(node);
        until("the node answers", SOON, || {
            let ended = node.0.try_wait().unwrap();
            assert!(ended.is_none(), "{}", fs::read_to_string(self.path("diagnostics")).unwrap());
            http(&format!("{}/v1/status", self.url())).filter(|(code, _)| *code == 200)
        });
        node
    }

    fn secret(&self, file: &str, passphrase: &str) -> SecretKey {
        let mut passphrases = Passphrases::of(Some(self.path(passphrase)));
        cairn_keyring::read(&self.path(file), &mut passphrases).unwrap()
    }

    fn public(&self, file: &str) -> String {
        KeyFile::open(&self.path(file)).unwrap().public().unwrap().to_string()
    }
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn no_secret_shows_in_whatever_is_said_or_written() {
    let mut member = Member::new();
    let init = "cairn-node init --data cod --code COD --kind state --name Congo";
    let refused = member.type_(init);
    assert!(refused.err.contains("there is no terminal to ask"), "{}", refused.err);
    assert!(refused.err.contains("hint: say --passphrase-file FILE, or --no-passphrase"));
    assert!(!member.path("cod").exists());
    member.yes(&format!("{init} --passphrase-file passphrase"));
    let unlock = "--passphrase-file passphrase";
    member.found("cod/member.card", &format!("cod/keys/root.key {unlock}"));
    let locked = member.type_("cairn-node run --data cod --charter charter --http 127.0.0.1:0");
    assert!(
        locked.err.contains("log.key is encrypted, and there is no terminal"),
        "{}",
        locked.err
    );
    let run = "cairn-node run --data cod --http 127.0.0.1:0 --passphrase-file";
    let wrong = member.type_(&format!("{run} other"));
    assert!(wrong.err.contains("the passphrase does not open cod/keys/log.key"), "{}", wrong.err);
    assert_eq!((locked.code, wrong.code), (2, 2));
    let node = member.start(&format!(" {unlock} --log-json"));
    let url = member.url();
    let init = format!("cairn --home desk init --member COD --node {url} --json {unlock}");
    let both = member.type_(&format!("{init} --no-passphrase"));
    assert!(both.err.contains("a passphrase file is named, and --no-passphrase is said"));
    assert!(both.code == 2 && !member.path("desk").exists(), "{}", both.err);
    let made: serde_json::Value = serde_json::from_str(&member.yes(&init)).unwrap();
    assert_eq!(made["encrypted"], true);
    let key = made["key"].as_str().unwrap().to_string();
    let authorise =
        format!("cairn-node authorise --data cod --node {url} --office Desk --key {key}");
    let locked = member.type_(&authorise);
    assert!(locked.err.contains("root.key is encrypted"), "{}", locked.err);
    member.yes(&format!("{authorise} {unlock}"));
    let open = "cairn --home desk case open --yes --title Exercise --mission MONUSCO \
                --host-state COD --date 2026-11-20 --killed 0 --demonstration --json";
    let locked = member.type_(open);
    assert!(locked.err.contains("contributor.key is encrypted"), "{}", locked.err);
    assert_eq!(locked.code, 2);
    assert_eq!(member.type_(&format!("{open} --passphrase-file other")).code, 1);
    member.yes(&format!("{open} {unlock}"));
    member.yes(&format!("cairn --home desk key passphrase {unlock} --new-passphrase-file other"));
    assert_eq!(member.type_(&format!("{open} {unlock}")).code, 1);
    member.yes(&format!("{open} --passphrase-file other"));
    for line in [
        "cairn --home desk key show --json",
        "cairn --home desk status --json",
        "cairn --home desk members --keys --json",
        "cairn --home desk log COD --json",
        "cairn --home desk export --to archive --json",
        "cairn-node key show --data cod --json",
        "cairn-node key show --data cod",
        "cairn-node charter show charter",
    ] {
        member.type_(line);
    }
    drop(node);
    search(member);
}

/// Looks for every secret, in every form, in everything that was said and every file.
fn search(member: Member) {
    let diagnostics = fs::read(member.path("diagnostics")).unwrap();
    assert!(diagnostics.windows(5).any(|window| window == b"TRACE"), "trace was asked for");
    let mut secrets: Vec<Vec<u8>> = vec![PASSPHRASE.into(), OTHER.into()];
    let mut keys: Vec<_> = ["root", "log", "cosign", "transport"]
        .map(|role| member.secret(&format!("cod/keys/{role}.key"), "passphrase"))
        .into();
    keys.push(member.secret("desk/contributor.key", "other"));
    for key in &keys {
        use base64::Engine as _;
        let seed = key.seed();
        secrets.push(seed.to_vec());
        secrets.push(hex::encode(*seed).into());
        secrets.push(hex::encode_upper(*seed).into());
        secrets.push(base64::engine::general_purpose::STANDARD_NO_PAD.encode(*seed).into());
        secrets.push(format!("{:?}", *seed).trim_matches(['[', ']']).into());
    }
    let mut searched = vec![(PathBuf::from("what was typed and said"), member.said.into_bytes())];
    let own = [member.folder.path().join("passphrase"), member.folder.path().join("other")];
    let written = files(member.folder.path()).into_iter().filter(|path| !own.contains(path));
    searched.extend(written.map(|path| (path.clone(), fs::read(path).unwrap())));
    for (place, bytes) in &searched {
        for secret in &secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "a secret of {} bytes in {}", secret.len(), place.display());
        }
    }
    // The search finds what is there: public halves stand in the same places.
    let public = keys[0].public().to_string();
    assert!(searched[0].1.windows(64).any(|window| window == public.as_bytes()));
}

#[test]
fn the_root_key_signs_card_and_charter_without_ever_being_at_the_node() {
    let mut member = Member::new();
    let made = member.yes("cairn-node key root stick.key --passphrase-file other");
    let root = made.trim().rsplit(' ').next().unwrap().to_string();
    assert_eq!(root, member.public("stick.key"));
    let init = "cairn-node init --data cod --code COD --kind state --name Congo --no-passphrase";
    member.yes(&format!("{init} --root {root}"));
    assert!(!member.path("cod/keys/root.key").exists());
    let draft = "cairn-node charter draft --name invented.example/keys --out charter";
    let refused = member.type_(&format!("{draft} cod/member.card"));
    assert!(refused.err.contains("root key of COD has not signed the card"), "{}", refused.err);
    member.yes("cairn-node key root wrong.key --no-passphrase");
    let sign = "cairn-node key sign-card cod/member.card --root-key";
    let refused = member.type_(&format!("{sign} wrong.key"));
    assert!(refused.err.contains("is not the root key on the card"), "{}", refused.err);
    let complete = member.yes(&format!("{sign} stick.key --passphrase-file other"));
    assert!(complete.contains("complete: cod/member.card"), "{complete}");
    member.found("cod/member.card", "stick.key --passphrase-file other");
    let shown = member.yes("cairn-node key show --data cod");
    assert!(shown.contains(&format!("{root}  not here")), "{shown}");
    let node = member.start("");
    let key = SecretKey::from_seed([3; 32]).public();
    let url = member.url();
    let authorise =
        format!("cairn-node authorise --data cod --node {url} --office Desk --key {key}");
    assert_eq!(member.type_(&authorise).code, 2);
    member.yes(&format!("{authorise} --root-key stick.key --passphrase-file other"));
    drop(node);
}

#[test]
fn new_keys_wait_until_a_charter_lists_them_and_are_then_put_in_use() {
    let mut member = Member::new();
    let init = "cairn-node init --data cod --code COD --kind state --name Congo";
    member.yes(&format!("{init} --passphrase-file passphrase"));
    fs::rename(member.path("cod/keys/root.key"), member.path("root.key")).unwrap();
    let before =
        ["log", "cosign", "transport"].map(|role| member.public(&format!("cod/keys/{role}.key")));
    let unlock = "--passphrase-file passphrase";
    let wrong = member.type_("cairn-node key new --data cod log --passphrase-file other");
    assert!(wrong.err.contains("does not open cod/keys/cosign.key"), "{}", wrong.err);
    assert_eq!(files(&member.path("cod/keys")).len(), 4, "nothing was made");
    let made = member.yes(&format!("cairn-node key new --data cod log transport {unlock}"));
    assert!(made.contains("still to sign: root"), "{made}");
    let again = member.type_(&format!("cairn-node key new --data cod cosign {unlock}"));
    assert!(again.err.contains("waits for a charter already"), "{}", again.err);
    let new = ["log", "transport"].map(|role| member.public(&format!("cod/keys/{role}.new.key")));
    let sign = "cairn-node key sign-card cod/member.new.card --root-key root.key";
    member.yes(&format!("{sign} {unlock}"));
    // A charter with the old card: nothing changes.
    member.found("cod/member.card", &format!("root.key {unlock}"));
    let node = member.start(&format!(" {unlock}"));
    assert_eq!(member.public("cod/keys/log.key"), before[0]);
    assert!(member.path("cod/member.new.card").exists());
    // An amendment with the new one: the node changes the keys while it runs.
    let propose = "cairn charter propose --yes --out amendment --card cod/member.new.card";
    let signed = format!("--root-key root.key {unlock} --node {}", member.url());
    member.yes(&format!("{propose} {signed}"));
    until("the new keys are in use", SOON, || {
        (!member.path("cod/member.new.card").exists()).then_some(())
    });
    assert_eq!(member.public("cod/keys/log.key"), new[0]);
    assert_eq!(member.public("cod/keys/transport.key"), new[1]);
    assert_eq!(member.public("cod/keys/cosign.key"), before[1]);
    assert_eq!(member.public("cod/keys/log.old.key"), before[0]);
    assert_eq!(member.public("cod/keys/transport.old.key"), before[2]);
    assert_eq!(files(&member.path("cod/keys")).len(), 6);
    assert!(!member.path("cod/member.new.card").exists());
    let keys = member.yes(&format!("cairn members --keys --json --node {}", member.url()));
    assert!(keys.contains("invented.example/keys"), "{keys}");
    drop(node);
    drop(member.start(&format!(" {unlock}")));
    // Without the key that the charter lists, it says which one is missing.
    fs::remove_file(member.path("cod/keys/log.key")).unwrap();
    let run = "cairn-node run --data cod --http 127.0.0.1:0";
    let missing = member.type_(&format!("{run} {unlock}"));
    let says = format!("no file in keys/ has the log key of the member card, {}", new[0]);
    assert!(missing.err.contains(&says), "{}", missing.err);
}

#[test]
fn passphrases_of_a_member_are_put_changed_and_taken_away() {
    let mut member = Member::new();
    let init = "cairn-node init --data cod --code COD --kind state --name Congo";
    member.yes(&format!("{init} --no-passphrase"));
    let change = "cairn-node key passphrase --data cod";
    member.yes(&format!("{change} --new-passphrase-file passphrase"));
    member.yes(&format!("{change} root --passphrase-file passphrase --new-passphrase-file other"));
    let shown = member.yes("cairn-node key show --data cod");
    assert_eq!(shown.matches("  encrypted").count(), 5, "{shown}");
    // Not all of them open: none is changed.
    let refused = member.type_(&format!("{change} --passphrase-file other --no-passphrase"));
    assert!(refused.err.contains("does not open cod/keys/log.key"), "{}", refused.err);
    member.secret("cod/keys/root.key", "other");
    let one = "cairn-node key passphrase --key-file cod/keys/root.key";
    member.yes(&format!("{one} --passphrase-file other --no-passphrase"));
    member.yes(&format!("{change} log --passphrase-file passphrase --no-passphrase"));
    let shown = member.yes("cairn-node key show --data cod");
    assert_eq!(shown.matches("  in the clear").count(), 2, "{shown}");
    fs::set_permissions(member.path("cod/keys"), fs::Permissions::from_mode(0o777)).unwrap();
    let open = member.type_("cairn-node key show --data cod");
    assert!(open.err.contains("others can write in cod/keys"), "{}", open.err);
    assert!(open.err.contains("hint: chmod go-w cod/keys"), "{}", open.err);
}

const CTRL_C: &str = "\u{3}";

/// Types a command on a terminal of its own, answers its questions, and returns what it showed.
fn on_a_terminal(member: &Member, line: &str, answers: &[&str]) -> (String, bool) {
    let mut script = Command::new("script");
    let programs = cairn_tests::nodes::programs().display();
    script.args(["-qec", &format!("{programs}/{line}"), "/dev/null"]).current_dir(&member.folder);
    script.env_remove("CAIRN_PASSPHRASE_FILE");
    script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = script.spawn().expect("script (the package bsdutils)");
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut shown, mut asked, mut answers) = (String::new(), 0, answers.iter());
    let mut bytes = [0; 1024];
    while let Ok(count @ 1..) = stdout.read(&mut bytes) {
        shown += &String::from_utf8_lossy(&bytes[..count]);
        let line = shown.lines().last().unwrap_or_default();
        let asks = line.contains("passphrase of ") || line.starts_with("the same again");
        if asks && shown.ends_with(": ") && shown.len() > asked {
            asked = shown.len();
            let answer = answers.next().expect("no more questions than answers");
            let end = if *answer == CTRL_C { "" } else { "\n" };
            stdin.write_all(format!("{answer}{end}").as_bytes()).unwrap();
        }
    }
    (shown, child.wait().unwrap().success())
}

#[test]
fn on_a_terminal_passphrases_are_asked_for_and_not_shown() {
    let member = Member::new();
    let init = "cairn-node init --data cod --code COD --kind state --name Congo";
    let (shown, done) = on_a_terminal(&member, init, &["short"]);
    assert!(!done && shown.contains("has 5 characters, at least 12 are needed"), "{shown}");
    let (shown, done) = on_a_terminal(&member, init, &[PASSPHRASE, OTHER]);
    assert!(!done && shown.contains("the two passphrases are not the same"), "{shown}");
    assert!(!member.path("cod").exists());
    let (shown, done) = on_a_terminal(&member, init, &[PASSPHRASE, PASSPHRASE]);
    assert!(done && shown.contains("new passphrase of the keys of COD: "), "{shown}");
    assert!(!shown.contains(PASSPHRASE), "{shown}");
    member.secret("cod/keys/log.key", "passphrase");
    // One question opens all that have the same; another one is asked for by the name of its file.
    let change = "cairn-node key passphrase --data cod --no-passphrase log cosign";
    let (shown, done) = on_a_terminal(&member, change, &["wrong", PASSPHRASE]);
    assert!(done && shown.matches("passphrase of cod/keys/log.key: ").count() == 2, "{shown}");
    assert!(!shown.contains("passphrase of cod/keys/cosign.key: "), "{shown}");
    let change = "cairn-node key passphrase --data cod transport";
    let (shown, done) = on_a_terminal(&member, change, &["1", "2", "3"]);
    assert!(!done && shown.contains("does not open cod/keys/transport.key"), "{shown}");
    let (shown, done) = on_a_terminal(&member, change, &[CTRL_C]);
    assert!(!done && shown.contains("/dev/tty: interrupted"), "{shown}");
}
