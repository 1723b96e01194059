//! A second implementation, in Python and written from `docs/spec/` alone, believes and refuses what ours does.

use crate::vectors::check::receipt_values;
use crate::vectors::{folder, published};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use cairn_ledger::export::Header;
use cairn_ledger::fork::{RawFork, RawSide};
use cairn_ledger::hash::Bytes;
use cairn_ledger::{
    Charter, Checkpoint, Cosigned, DecodeError, MemberCode, RawReceipt, SecretKey, codec,
};
use cairn_tests::nodes::{Founded, History, SOON, cairn, cairn_node, submit, until};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

/// Vectors of what nodes say to each other, and of what statements say of cases: whoever checks a file does
/// not need to read them.
const NOT_READ: [&str; 5] = ["add-checkpoint", "fact", "range", "request", "witness"];

/// Where a vector names one sentence and the reader in Python another that says it more nearly, or more widely.
const OTHER_SENTENCES: [(&str, &[&str]); 32] = [
    ("01:9", &["01:8"]),
    ("01:10", &["01:8"]),
    ("01:11", &["01:14"]),
    ("01:19", &["02:12"]),
    ("01:20", &["02:12", "05:3"]),
    ("01:21", &["02:12", "05:6", "05:11"]),
    ("02:8", &["02:12"]),
    ("03:1", &["01:8"]),
    ("03:22", &["01:8"]),
    ("03:29", &["01:8"]),
    ("03:30", &["03:18"]),
    ("03:34", &["03:13"]),
    ("03:37", &["07:28"]),
    ("04:7", &["05:3"]),
    ("04:9", &["04:10"]),
    ("05:9", &["05:11"]),
    ("05:30", &["05:18", "05:25"]),
    ("07:3", &["05:2"]),
    ("07:4", &["04:10"]),
    ("07:5", &["03:6", "03:23"]),
    ("07:29", &["05:27"]),
    ("09:2", &["09:5"]),
    ("09:3", &["09:5"]),
    ("09:4", &["09:5"]),
    ("10:3", &["10:1"]),
    ("10:4", &["05:2"]),
    ("10:5", &["02:12"]),
    ("10:6", &["04:10", "09:5"]),
    ("10:7", &["03:9"]),
    ("11:4", &["04:10", "09:5"]),
    ("11:5", &["03:10"]),
    ("11:13", &["04:10"]),
];

/// True when a sentence is the one that a vector names, or says the same.
fn says_the_same(named: &Value, found: &Value) -> bool {
    let mut others = OTHER_SENTENCES.iter().filter(|(one, _)| named == one);
    named == found || others.any(|(_, others)| others.iter().any(|other| found == other))
}

/// A Python with the pinned libraries. Made once and kept until they change.
static PYTHON: LazyLock<PathBuf> = LazyLock::new(|| {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (venv, stamp) = (place.join("python"), place.join("python-made-from"));
    let lock = File::create(place.join("python-lock")).unwrap();
    lock.lock().unwrap();
    let version = run(Command::new("python3").arg("--version"), "Python 3.11 or newer is needed");
    let wanted = fs::read_to_string(scripts().join("requirements.txt")).unwrap();
    let wanted = format!("{}{wanted}", String::from_utf8_lossy(&version.stdout));
    let python = venv.join("bin/python");
    if fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) && python.exists() {
        return python;
    }
    let _ = fs::remove_dir_all(&venv);
    let make = ["-m", "venv"];
    run(Command::new("python3").args(make).arg(&venv), "Python's venv module is needed");
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    let from = ["--only-binary", ":all:", "--requirement", "requirements.txt"];
    let mut pip = Command::new(&python);
    pip.current_dir(scripts()).args(install).args(from);
    run(&mut pip, "pip has to reach a registry for the libraries in tests/python/requirements.txt");
    fs::write(&stamp, wanted).unwrap();
    python
});

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python")
}

/// Runs what has to succeed: these tests are never skipped.
fn run(command: &mut Command, needs: &str) -> Output {
    let output = command.output().unwrap_or_else(|why| panic!("{needs}: {command:?}: {why}"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{needs}: {command:?}: {said}");
    output
}

fn python(script: &str) -> Command {
    let mut command = Command::new(&*PYTHON);
    command.args(["-B", "-E", "-s"]).arg(scripts().join(script));
    command
}

#[test]
fn another_language_has_our_answer_for_every_published_vector() {
    let said = run(python("check_vectors.py").arg(folder()), "every vector is read").stdout;
    let mut found = BTreeMap::new();
    for line in String::from_utf8(said).unwrap().lines() {
        let said: Value = serde_json::from_str(line).unwrap();
        found.insert(said["name"].as_str().unwrap().to_string(), said);
    }
    for (name, file) in published() {
        let said = found.remove(&name);
        if NOT_READ.contains(&name.split('/').next().unwrap()) {
            continue;
        }
        let said = said.unwrap_or_else(|| panic!("{name} was not read"));
        if file["accepted"].is_null() {
            let why = says_the_same(&file["spec"], &said["sentence"]);
            assert!(why, "{name} is refused by {}, there: {said}", file["spec"]);
        }
        assert_eq!(said["accepted"], file["accepted"], "{name}: {said}");
    }
    assert!(found.is_empty(), "nobody published {:?}", found.keys());
}

/// What both say of a file: the exit code, and what they know of it.
fn both(founded: &Founded, path: &Path, network: &str) -> (i32, Value) {
    let shown = path.display().to_string();
    let args = ["verify", &shown, "--network", network, "--json"];
    let ours = cairn(&founded.path("nobody"), args);
    let theirs = python("verify_receipt.py").args(&args[1..]).output().unwrap();
    let read = |text: &str| -> Value {
        let value: Value = serde_json::from_str(text).unwrap_or_else(|_| panic!("{text}"));
        // Each refuses in words of its own.
        if value["result"] == "true" { value } else { value["result"].clone() }
    };
    let said = read(&String::from_utf8_lossy(&theirs.stdout));
    assert_eq!((Some(ours.code), read(&ours.out)), (theirs.status.code(), said.clone()), "{shown}");
    (ours.code, said)
}

/// What both say of an exported log.
pub(crate) fn both_of_export(founded: &Founded, path: &Path) -> (i32, Value) {
    let shown = path.display().to_string();
    let network = founded.charter.network().to_string();
    let args = ["verify", &shown, "--network", &network, "--json"];
    let ours = cairn(&founded.path("nobody"), args);
    let theirs = python("verify_receipt.py").args(&args[1..]).output().unwrap();
    let read = |text: &[u8]| -> Value { serde_json::from_slice(text).expect("JSON") };
    let (said, known) = (read(&theirs.stdout), read(ours.out.as_bytes()));
    assert_eq!(Some(ours.code), theirs.status.code(), "{said} {known}");
    for field in ["result", "member", "size", "root", "last", "signatures", "compromised"] {
        assert_eq!(said[field], known["files"][0][field], "{field}");
    }
    (ours.code, said)
}

#[test]
fn another_language_has_our_answer_for_a_log_that_a_node_has_just_exported() {
    let founded = Founded::running(&["UNSEC", "COD"]);
    let speaker = founded.contributor("COD");
    let notes: Vec<_> = (0..40).map(|number| speaker.note(number)).collect();
    submit(&founded.node("COD").url(), &notes).expect("accepted");
    founded.node("UNSEC").holds("COD", 41);
    let (folder, node) = (founded.path("exported"), founded.node("UNSEC").url());
    let to = folder.display().to_string();
    let _ = cairn(&founded.path("nobody"), ["export", "COD", "--to", &to, "--node", &node]).yes();
    let path = folder.join("COD.cairnlog");
    let (code, said) = both_of_export(&founded, &path);
    assert_eq!((code, &said["signatures"]), (0, &json!(41)), "{said}");
    let whole = fs::read(&path).unwrap();
    let last = whole.len() - 1;
    let flipped = [40, last - 5_000, last].map(|at| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x20;
        bytes
    });
    let cut = [whole[..100].to_vec(), whole[..last].to_vec(), [&whole[..], &[0]].concat()];
    for (number, bytes) in flipped.into_iter().chain(cut).enumerate() {
        fs::write(&path, bytes).unwrap();
        assert_eq!(both_of_export(&founded, &path).0, 1, "alteration {number}");
    }
}

type Alteration = (&'static str, fn(&str) -> String);

/// One thing of a receipt is another.
const ALTERATIONS: [Alteration; 9] = [
    ("the index", |text| text.replacen("index 1", "index 2", 1)),
    ("the extra", |text| text.replacen("extra AQ", "extra AR", 1)),
    ("a statement's byte", |text| {
        let line = text.lines().nth(1).unwrap();
        let (head, tail) = line.split_at(line.len() - 200);
        let other = if tail.starts_with('A') { "B" } else { "A" };
        text.replacen(line, &format!("{head}{other}{}", &tail[1..]), 1)
    }),
    ("a hash", |text| {
        let line = text.lines().nth(3).unwrap();
        text.replacen(line, "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=", 1)
    }),
    ("a hash too few", |text| text.replacen(&format!("{}\n", text.lines().nth(3).unwrap()), "", 1)),
    ("the origin", |text| {
        text.replace("\ninvented.example/tests/UNSEC\n", "\ninvented.example/tests/COD\n")
    }),
    ("the last cosignature", |text| {
        let at = text.len() - 10;
        let other = if &text[at..=at] == "A" { "B" } else { "A" };
        format!("{}{other}{}", &text[..at], &text[at + 1..])
    }),
    ("the final line feed", |text| text.trim_end().into()),
    ("the line feeds", |text| text.replace('\n', "\r\n")),
];

#[test]
fn another_language_has_our_answer_for_receipts_that_a_node_has_just_made() {
    let founded = Founded::running(&["UNSEC", "COD", "TZA"]);
    let speaker = founded.contributor("UNSEC");
    let notes: Vec<_> = (0..3).map(|number| speaker.note(number)).collect();
    submit(&founded.node("UNSEC").url(), &notes).expect("accepted");
    let node = founded.node("COD");
    until("confirmed", SOON, || (node.log("UNSEC").confirmed >= 4).then_some(()));
    let network = founded.charter.network().to_string();
    for position in 0..4 {
        let path = founded.path(&format!("UNSEC-{position}.tlog-proof"));
        let entry = format!("UNSEC/{position}");
        let shown = path.display().to_string();
        let make = ["receipt", &entry, "--node", &node.url(), "--out", &shown];
        let _ = cairn(&founded.path("nobody"), make).yes();
        let (code, said) = both(&founded, &path, &network);
        assert_eq!((code, &said["confirmed"]), (0, &json!(true)), "{said}");
        let raw = RawReceipt::decode(&fs::read(&path).unwrap()).unwrap();
        let known = receipt_values(&raw.verify(founded.charter.network()).unwrap());
        known.as_object().unwrap().iter().for_each(|(name, it)| assert_eq!(said[name], *it));
    }
    let right = founded.path("UNSEC-1.tlog-proof");
    assert_eq!(both(&founded, &right, &"7".repeat(64)).0, 1, "another network");
    let text = fs::read_to_string(&right).unwrap();
    for (what, alter) in ALTERATIONS {
        let path = founded.path("altered.tlog-proof");
        assert_ne!(alter(&text), text, "{what}");
        fs::write(&path, alter(&text)).unwrap();
        assert_eq!(both(&founded, &path, &network).0, 1, "{what}");
    }
    // Without its last line fewer stand behind the entry; the rest is as true as before.
    let last = text.trim_end().rfind('\n').unwrap() + 1;
    fs::write(&right, &text[..last]).unwrap();
    assert_eq!(both(&founded, &right, &network).0, 0);
    let said = python("verify_receipt.py").args(["nowhere", "--network", &network]).output();
    assert_eq!(said.unwrap().status.code(), Some(2), "could not tell");
}

/// Has the charter amended at the first member's node, with the signatures of these members.
fn amend(founded: &Founded, options: &[&str], signers: &[&str]) {
    let (home, url) = (founded.path("nobody"), founded.nodes[0].url());
    let file = founded.path(&format!("amendment{}", options.concat().replace('/', "-")));
    let file = file.to_str().unwrap();
    let propose = ["charter", "propose", "--node", &url, "--out", file];
    let _ = cairn(&home, propose.iter().chain(options)).yes();
    for code in signers {
        let key = founded.path(code).join("keys/root.key").display().to_string();
        let sign = ["charter", "sign", file, "--node", &url, "--yes", "--root-key", &key];
        let _ = cairn(&home, sign).yes();
    }
}

/// Three members: one has other keys from its third entry on, and then another is removed.
fn amended() -> Founded {
    let founded = Founded::running(&["UNSEC", "COD", "TZA"]);
    let (cod, unsec) = (founded.node("COD"), founded.node("UNSEC"));
    let speaker = founded.contributor("COD");
    submit(&cod.url(), &[speaker.note(1)]).expect("accepted");
    unsec.holds("COD", 2);
    let data = cod.folder.to_str().unwrap();
    let new_keys = ["key", "new", "--no-passphrase", "--data", data, "log", "cosign"];
    let _ = cairn_node(new_keys).yes();
    let card = format!("{data}/member.new.card");
    amend(&founded, &["--card", &card], &["UNSEC", "COD", "TZA"]);
    ["UNSEC", "TZA"].iter().for_each(|code| unsec.holds(code, 1));
    unsec.holds("COD", 3);
    submit(&cod.url(), &[speaker.note(2)]).expect("accepted");
    unsec.confirms("COD", 4);
    unsec.confirms("TZA", 1);
    let rules = ["--amend", "2", "--rotate", "2", "--confirm", "2"];
    amend(&founded, &[&["--remove", "TZA"][..], &rules].concat(), &["UNSEC", "COD", "TZA"]);
    unsec.confirms("COD", 5);
    founded
}

#[test]
fn another_language_has_our_answer_under_an_amended_charter() {
    let founded = amended();
    let (nobody, url) = (founded.path("nobody"), founded.node("UNSEC").url());
    let network = founded.charter.network().to_string();
    for entry in ["COD/1", "COD/2", "COD/3", "COD/4", "TZA/0", "UNSEC/1"] {
        let path = founded.path(&format!("{}.tlog-proof", entry.replace('/', "-")));
        let make = ["receipt", entry, "--node", &url, "--out", path.to_str().unwrap()];
        let _ = cairn(&nobody, make).yes();
        let (code, said) = both(&founded, &path, &network);
        assert_eq!((code, &said["confirmed"]), (0, &json!(true)), "{entry}: {said}");
    }
    let archive = founded.path("archive");
    let export = ["export", "--to", archive.to_str().unwrap(), "--node", &url];
    let _ = cairn(&nobody, export).yes();
    for (code, size) in [("COD", 5), ("TZA", 1), ("UNSEC", 2)] {
        let path = archive.join(format!("{code}.cairnlog"));
        let (code, said) = both_of_export(&founded, &path);
        assert_eq!((code, &said["size"]), (0, &json!(size)), "{said}");
    }
    // A signature of the amendment is altered.
    let text = fs::read_to_string(founded.path("COD-3.tlog-proof")).unwrap();
    let (path, charter) = (founded.path("altered"), fs::read(archive.join("charter")).unwrap());
    let charter = Charter::verify(&charter, None).unwrap();
    assert_eq!(charter.version(), 3);
    let extra =
        BASE64.decode(text.lines().nth(1).unwrap().strip_prefix("extra ").unwrap()).unwrap();
    let last = charter.signed_versions().pop().unwrap().0;
    let end = extra.windows(last.len()).position(|part| part == last).unwrap() + last.len();
    let mut other = extra.clone();
    other[end - 20] ^= 1;
    fs::write(&path, text.replace(&BASE64.encode(&extra), &BASE64.encode(&other))).unwrap();
    assert_eq!(both(&founded, &path, &network).0, 1, "an altered amendment");
    // Whoever has the key that was replaced promises the same entries once more.
    let old = founded.key(&founded.path("COD/keys/log.old.key"));
    fs::write(&path, promised_by(&fs::read(archive.join("COD.cairnlog")).unwrap(), &old)).unwrap();
    let (code, said) = both_of_export(&founded, &path);
    assert_eq!((code, &said["sentence"]), (1, &json!("05:27")), "{said}");
}

/// An export whose checkpoint is signed by another key.
fn promised_by(export: &[u8], key: &SecretKey) -> Vec<u8> {
    let mut rest = export;
    let mut header = Header::read::<DecodeError>(|buffer| {
        let (taken, left) = rest.split_at(buffer.len());
        buffer.copy_from_slice(taken);
        rest = left;
        Ok(())
    })
    .unwrap();
    let charter = Charter::verify(&header.charter, None).unwrap();
    let cod = MemberCode::new("COD").unwrap();
    let (origin, keys) = (charter.origin(&cod), charter.log_keys(&cod));
    let promise = Checkpoint::verify(&header.checkpoint, &origin, &keys).unwrap();
    assert_ne!(*promise.key(), key.public());
    let other = Checkpoint::sign(&origin, promise.head(), key);
    header.checkpoint = other.note().as_bytes().to_vec();
    [header.encode().as_slice(), rest].concat()
}

#[test]
fn another_language_is_convinced_by_a_fork_proof_and_by_no_altered_one() {
    let founded = Founded::of(&["UNSEC", "COD"]);
    let [cosigner, log] = ["UNSEC", "COD"].map(|code| MemberCode::new(code).unwrap());
    let side = |first: u64| {
        let checkpoint = History::with_notes(&founded, "COD", first, 2).checkpoint(None);
        let root = checkpoint.head().root;
        let key = founded.secret("UNSEC", "cosign");
        let cosigned = Cosigned::new(checkpoint).sign(&founded.charter, &cosigner, 7, &key);
        RawSide {
            root,
            proof: Vec::new(),
            checkpoint: Bytes(cosigned.note(&founded.charter).into()),
        }
    };
    let right = RawFork::new(log, 3, side(1), side(11));
    let fork = right.clone().verify(&founded.charter).expect("a fork");
    let [folder, charter] = ["evidence", "charter"].map(|name| founded.path(name));
    let path = folder.join("COD.fork");
    fs::create_dir(&folder).unwrap();
    let network = founded.charter.network().to_string();
    let answer = |raw: &RawFork, charter: &[&Path]| {
        fs::write(&path, codec::encode(raw)).unwrap();
        let mut command = python("verify_receipt.py");
        command.arg(&path).args(["--network", &network, "--json"]);
        for path in charter {
            command.arg("--charter").arg(path);
        }
        let said = command.output().unwrap();
        let value: Value = serde_json::from_slice(&said.stdout).unwrap();
        (said.status.code(), value)
    };
    let (code, said) = answer(&right, &[&charter]);
    assert_eq!((code, &said["position"]), (Some(0), &json!(fork.position())), "{said}");
    assert_eq!(said["cosigners_of_both"], json!(["UNSEC"]));
    assert_eq!(answer(&right, &[]).0, Some(2), "without a charter nobody can tell");
    fs::copy(&charter, folder.join("charter")).unwrap();
    assert_eq!(answer(&right, &[]).0, Some(0), "the charter beside it");
    let alterations: [fn(&mut RawFork); 5] = [
        |raw| raw.size = 2,
        |raw| raw.sides.swap(0, 1),
        |raw| raw.sides[0].root.0[31] ^= 1,
        |raw| raw.sides[1].checkpoint = raw.sides[0].checkpoint.clone(),
        |raw| *raw.sides[1].checkpoint.0.last_mut().unwrap() ^= 1,
    ];
    for (number, alter) in alterations.into_iter().enumerate() {
        let mut raw = right.clone();
        alter(&mut raw);
        assert_eq!(answer(&raw, &[&charter]).0, Some(1), "alteration {number}");
        raw.verify(&founded.charter).expect_err("ours refuses it as well");
    }
}
