//! Requests to cosign, and the keys and lines of outside witnesses.

use super::{Vector, bad, good};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use cairn_ledger::note::{Algorithm, SignatureLine, key_id, verifier_key};
use cairn_ledger::proof::TreeHead;
use cairn_ledger::{Checkpoint, SecretKey, TreeHash};
use cairn_tests::people::key;
use serde_json::{Value, json};

const ORIGIN: &str = "example.org/village/M000";
const WITNESS: &str = "example.org/witness";

fn checkpoint() -> Checkpoint {
    Checkpoint::sign(ORIGIN, TreeHead { size: 12, root: TreeHash([3; 32]) }, &key(1))
}

pub(crate) fn make() -> Vec<Vector> {
    let mut all = requests();
    all.extend(keys());
    all.extend(lines());
    all
}

fn requests() -> Vec<Vector> {
    let hash = format!("{}\n", BASE64.encode([1; 32]));
    let note = checkpoint().note().to_string();
    let body = |head: &str| json!({ "body": format!("{head}\n{note}") });
    let first = "the first line is not \"old\" and a size";
    let base = "a line of the proof is not 32 bytes of base64";
    let short = BASE64.encode([1; 31]);
    vec![
        good("add-checkpoint/first", "13:1", "nothing was cosigned before", body("old 0\n")),
        good(
            "add-checkpoint/proof",
            "13:1",
            "seven entries were cosigned before, and two hashes prove",
            body(&format!("old 7\n{hash}{hash}")),
        ),
        good(
            "add-checkpoint/longest-proof",
            "13:2",
            "sixty-three hashes",
            body(&format!("old 7\n{}", hash.repeat(63))),
        ),
        bad("add-checkpoint/no-old", "13:1", "no old size", body(&hash), first),
        bad("add-checkpoint/leading-zero", "13:2", "the size is 07", body("old 07\n"), first),
        bad("add-checkpoint/plus-sign", "13:2", "the size is +7", body("old +7\n"), first),
        bad(
            "add-checkpoint/too-many-hashes",
            "13:2",
            "sixty-four hashes",
            body(&format!("old 7\n{}", hash.repeat(64))),
            "more than 63 hashes",
        ),
        bad(
            "add-checkpoint/short-hash",
            "13:1",
            "a hash of 31 bytes",
            body(&format!("old 7\n{short}\n")),
            base,
        ),
        bad(
            "add-checkpoint/no-checkpoint",
            "13:1",
            "nothing follows the proof",
            json!({ "body": "old 7\n" }),
            "no checkpoint",
        ),
        bad(
            "add-checkpoint/unsigned",
            "13:1",
            "what follows is no note",
            json!({ "body": "old 7\n\nexample.org/village/M000\n12\n" }),
            "no blank line",
        ),
    ]
}

fn vkey() -> String {
    verifier_key(WITNESS, Algorithm::Cosignature, &key(2).public())
}

fn input(vkey: &str, lines: &str) -> Value {
    json!({ "vkey": vkey, "note": format!("{}{lines}", checkpoint().note()) })
}

fn keys() -> Vec<Vector> {
    // A key in whose base64 a + stands.
    let plus = (3..).map(|number| key(number).public());
    let plus = plus.map(|key| verifier_key(WITNESS, Algorithm::Cosignature, &key));
    let plus = plus.into_iter().find(|vkey| vkey.matches('+').count() == 3).unwrap();
    let log = verifier_key(WITNESS, Algorithm::Ed25519, &key(2).public());
    let of_other = vkey().replacen(WITNESS, "example.org/other", 1);
    vec![
        good(
            "witness/plus",
            "13:11",
            "the base64 of the key has a plus of its own",
            input(&plus, ""),
        ),
        bad(
            "witness/key-of-a-log",
            "13:11",
            "the key is one for checkpoints",
            input(&log, ""),
            "its type is 0x01",
        ),
        bad(
            "witness/other-name",
            "13:11",
            "the key id belongs to another name",
            input(&of_other, ""),
            "is not the one of this name and key",
        ),
        bad(
            "witness/no-key",
            "13:11",
            "a name and an id",
            input("example.org/witness+01234567", ""),
            "expected NAME+ID+KEY",
        ),
    ]
}

fn line(name: &str, time: u64, by: &SecretKey) -> String {
    let message = format!("cosignature/v1\ntime {time}\n{}", checkpoint().text());
    let signature = by.sign_bytes(message.as_bytes());
    let signature = [&time.to_be_bytes()[..], &signature.0].concat();
    let key_id = key_id(name, Algorithm::Cosignature, &key(2).public());
    SignatureLine { name: name.into(), key_id, signature }.encode()
}

fn lines() -> Vec<Vector> {
    let (early, late) =
        (line(WITNESS, 1_790_000_000, &key(2)), line(WITNESS, 1_790_000_060, &key(2)));
    let other = line("example.org/other", 1_790_000_000, &key(2));
    let forged = line(WITNESS, 1_790_000_000, &key(3));
    let vkey = vkey();
    vec![
        good("witness/seen", "13:12", "one line", input(&vkey, &early)),
        good(
            "witness/newest",
            "13:12",
            "of two lines the newest counts",
            input(&vkey, &format!("{late}{early}")),
        ),
        good(
            "witness/missing",
            "13:12",
            "a line under another name says nothing",
            input(&vkey, &other),
        ),
        bad(
            "witness/true-and-false-line",
            "13:12",
            "two lines, one of them false",
            input(&vkey, &format!("{early}{forged}")),
            "not one by this key",
        ),
    ]
}
