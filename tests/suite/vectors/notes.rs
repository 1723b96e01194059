//! Checkpoints as signed notes.

use super::{Vector, bad, good};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use cairn_ledger::note;
use cairn_ledger::proof::TreeHead;
use cairn_ledger::{Checkpoint, PublicKey, SecretKey, TreeHash};
use cairn_tests::people::key;
use serde_json::{Value, json};

const ORIGIN: &str = "example.org/village/M000";

fn input(note: &str) -> Value {
    json!({ "origin": ORIGIN, "key": key(1).public().to_string(), "note": note })
}

/// A note whose text may be anything, truly signed as the log.
fn signed(text: &str) -> Value {
    input(&note::sign(text, ORIGIN, &key(1)))
}

pub(crate) fn make() -> Vec<Vector> {
    let head = TreeHead { size: 12, root: TreeHash([3; 32]) };
    let checkpoint = Checkpoint::sign(ORIGIN, head, &key(1));
    let plain = checkpoint.note();
    let empty = TreeHead { size: 0, root: cairn_ledger::tree::empty_root() };
    let empty = Checkpoint::sign(ORIGIN, empty, &key(1));
    let line = |name: &str, by: &SecretKey| {
        note::sign(checkpoint_text(plain), name, by).rsplit_once("\n\n").unwrap().1.to_string()
    };
    let witnessed = format!("{plain}{}", line("example.org/witness", &key(2)));
    let mut all = vec![
        good("checkpoint/one", "04:1", "a checkpoint of twelve entries", input(plain)),
        good("checkpoint/empty-log", "03:8", "a checkpoint of an empty log", input(empty.note())),
        good(
            "checkpoint/with-a-witness",
            "04:11",
            "a line of somebody else is ignored, and not kept",
            input(&witnessed),
        ),
    ];
    all.extend(bad_texts(plain));
    all.extend(bad_notes(plain));
    all.extend(bad_signers(plain, line));
    all
}

fn checkpoint_text(note: &str) -> &str {
    let end = note.rfind("\n\n").unwrap();
    &note[..=end]
}

fn bad_texts(plain: &str) -> Vec<Vector> {
    let text = checkpoint_text(plain);
    let with_size = |size: &str| signed(&text.replace("\n12\n", &format!("\n{size}\n")));
    let root = BASE64.encode([3; 32]);
    let with_root = |root_text: &str| signed(&text.replace(&root, root_text));
    let unpadded = root.trim_end_matches('=');
    let short = BASE64.encode([3; 31]);
    // The last digit carries bits that belong to no byte.
    let loose = root.replace("M=", "N=");
    assert_ne!(loose, root);
    let other = text.replace("M000", "M001");
    let size = "the size is not a decimal number";
    let base = "the root is not 32 bytes of base64";
    vec![
        bad(
            "checkpoint/extension-line",
            "04:1",
            "a fourth line",
            signed(&format!("{text}more\n")),
            "three lines",
        ),
        bad(
            "checkpoint/two-lines",
            "04:1",
            "the root is missing",
            signed(&text.replace(&format!("{root}\n"), "")),
            "three lines",
        ),
        bad(
            "checkpoint/wrong-origin",
            "04:10",
            "the log's key signed another log's origin",
            signed(&other),
            "expected example.org/village/M000",
        ),
        bad("checkpoint/leading-zero", "04:3", "the size is 012", with_size("012"), size),
        bad("checkpoint/plus-sign", "04:3", "the size is +12", with_size("+12"), size),
        bad("checkpoint/no-size", "04:3", "the size is empty", with_size(""), size),
        bad(
            "checkpoint/size-beyond-64-bits",
            "04:3",
            "the size is 2 to the 64th",
            with_size("18446744073709551616"),
            size,
        ),
        bad(
            "checkpoint/root-without-padding",
            "04:4",
            "the base64 of the root lacks its padding",
            with_root(unpadded),
            base,
        ),
        bad("checkpoint/root-too-short", "04:4", "the root has 31 bytes", with_root(&short), base),
        bad(
            "checkpoint/root-loose-bits",
            "04:4",
            "the base64 of the root is not the one encoding",
            with_root(&loose),
            base,
        ),
    ]
}

fn bad_notes(plain: &str) -> Vec<Vector> {
    let mut not_utf8 = plain.as_bytes().to_vec();
    not_utf8[0] = 0xff;
    let mut raw = input("");
    raw["bytes"] = json!(hex::encode(not_utf8));
    let blob = plain.rsplit_once(' ').unwrap().1.trim_end();
    let lines = format!("\u{2014} w {blob}\n").repeat(601);
    let long = format!("{}{}", plain, format!("\u{2014} {} {blob}\n", "w".repeat(200)).repeat(450));
    assert!(long.len() > 131_072);
    let just_id = BASE64.encode([1, 2, 3, 4]);
    vec![
        bad("checkpoint/not-utf8", "04:6", "the note is not UTF-8", raw, "not UTF-8"),
        bad(
            "checkpoint/carriage-return",
            "04:6",
            "lines end in CR LF",
            input(&plain.replace('\n', "\r\n")),
            "a control character",
        ),
        bad(
            "checkpoint/no-empty-line",
            "04:5",
            "no line is empty",
            input(&plain.replace("\n\n", "\n")),
            "no blank line",
        ),
        bad(
            "checkpoint/no-final-line-feed",
            "04:5",
            "the last line does not end",
            input(plain.trim_end()),
            "no final line break",
        ),
        bad(
            "checkpoint/hyphen-for-dash",
            "04:5",
            "the signature line begins with a hyphen",
            input(&plain.replace('\u{2014}', "-")),
            "no signature line",
        ),
        bad(
            "checkpoint/broken-base64",
            "04:5",
            "the signature is not base64",
            input(&plain.replace(blob, "!!!!")),
            "not base64",
        ),
        bad(
            "checkpoint/key-id-alone",
            "04:5",
            "a key id without a signature",
            input(&plain.replace(blob, &just_id)),
            "without a signature",
        ),
        bad(
            "checkpoint/name-with-plus",
            "04:7",
            "the signer's name contains a plus",
            input(&plain.replace("\u{2014} example", "\u{2014} ex+mple")),
            "not a key name",
        ),
        bad(
            "checkpoint/too-many-lines",
            "04:6",
            "602 signature lines",
            input(&format!("{plain}{lines}").replace("w ", "w ")),
            "too many signatures",
        ),
        bad(
            "checkpoint/too-long",
            "04:6",
            "more than 131,072 bytes",
            input(&long),
            "the limit is 131072",
        ),
    ]
}

fn bad_signers(plain: &str, line: impl Fn(&str, &SecretKey) -> String) -> Vec<Vector> {
    let only = |lines: &str| input(&format!("{}\n{lines}", checkpoint_text(plain)));
    let blob = plain.rsplit_once(' ').unwrap().1.trim_end();
    let mut flipped = BASE64.decode(blob).unwrap();
    flipped[20] ^= 1;
    let flipped = plain.replace(blob, &BASE64.encode(&flipped));
    let (_, bad_line) = flipped.rsplit_once("\n\n").unwrap();
    let altered = plain.replace("\n12\n", "\n13\n");
    let mut weak = input(plain);
    let mut identity = [0; 32];
    identity[0] = 1;
    weak["key"] = json!(PublicKey(identity).to_string());
    let why = "carries no valid signature";
    vec![
        bad(
            "checkpoint/other-size",
            "04:9",
            "the size was changed after signing",
            input(&altered),
            why,
        ),
        bad(
            "checkpoint/bad-signature",
            "04:10",
            "one bit of the signature is flipped",
            input(&flipped),
            why,
        ),
        bad(
            "checkpoint/true-and-false-line",
            "04:10",
            "two lines of the log's key, one of them false",
            input(&format!("{plain}{bad_line}")),
            why,
        ),
        bad(
            "checkpoint/other-key",
            "04:10",
            "another key signed under the log's name",
            only(&line(ORIGIN, &key(2))),
            why,
        ),
        bad(
            "checkpoint/other-name",
            "04:10",
            "the log's key signed under another name",
            only(&line("example.org/village/M001", &key(1))),
            why,
        ),
        bad("checkpoint/weak-key", "01:20", "the log's key is of small order", weak, why),
    ]
}
