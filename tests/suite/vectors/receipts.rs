//! Cosigned checkpoints, and receipts.

use super::charters::witnessed;
use super::statements::replace;
use super::{Vector, bad, good};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use cairn_ledger::charter::Witness;
use cairn_ledger::hash::Bytes;
use cairn_ledger::note::{Algorithm, SignatureLine, key_id};
use cairn_ledger::text::Text;
use cairn_ledger::{SecretKey, codec};
use cairn_tests::people::{Network, Person, key};
use cairn_tests::shown::{COSIGNED_AT, cosigned, history, path, receipt};
use cairn_tests::sim::Face;
use serde_json::{Value, json};

/// A dated line, whoever makes it.
fn line(name: &str, text: &str, time: u64, key: &SecretKey) -> String {
    let message = format!("cosignature/v1\ntime {time}\n{text}");
    let mut signature = time.to_be_bytes().to_vec();
    signature.extend(key.sign_bytes(message.as_bytes()).0);
    encoded(name, key, signature)
}

fn encoded(name: &str, key: &SecretKey, signature: Vec<u8>) -> String {
    let key_id = key_id(name, Algorithm::Cosignature, &key.public());
    SignatureLine { name: name.into(), key_id, signature }.encode()
}

fn name_of(person: &Person) -> String {
    format!("example.org/village/{}/cosigner", person.code)
}

pub(crate) fn make_cosigned() -> Vec<Vector> {
    let network = Network::of(3);
    let face = history(&network, 0, 7, 1);
    let input = |note: &str| -> Value {
        let charter = hex::encode(network.charter.encode());
        json!({ "charter": charter, "member": "M000", "note": note })
    };
    let by = |who: &[usize]| cosigned(&network, &face, who).note(&network.charter);
    let alone = face.checkpoint.note();
    let text = face.checkpoint.text();
    let [author, one, two] = [&network.people[0], &network.people[1], &network.people[2]];
    let with = |lines: &[String]| input(&format!("{alone}{}", lines.concat()));
    let dated = |who: &Person, time| line(&name_of(who), text, time, &who.secrets.cosign);
    let stranger = line("stranger.example/w", text, COSIGNED_AT, &key(99));
    let other_key = line(&name_of(one), text, COSIGNED_AT, &key(99));
    let mut all = vec![
        good("cosigned/by-two", "09:1", "two members have cosigned", input(&by(&[1, 2]))),
        good("cosigned/by-nobody", "09:9", "the log alone stands behind it", input(alone)),
        good(
            "cosigned/by-its-author",
            "09:9",
            "the author's cosignature adds nothing to the log's own",
            with(&[dated(author, COSIGNED_AT)]),
        ),
        good(
            "cosigned/unknown-name",
            "09:5",
            "a line of nobody listed is ignored",
            with(&[stranger, dated(two, COSIGNED_AT)]),
        ),
        good(
            "cosigned/unknown-key",
            "09:5",
            "a member's name over another key is ignored",
            with(&[other_key]),
        ),
        good(
            "cosigned/twice",
            "09:5",
            "two lines of one cosigner count once",
            with(&[dated(one, COSIGNED_AT + 1), dated(one, COSIGNED_AT)]),
        ),
        witness(&network, text, alone),
    ];
    all.extend(bad_cosigned(&network, &face));
    all
}

/// A witness that is named as a member's code is, beside the log.
fn witness(network: &Network, text: &str, alone: &str) -> Vector {
    let [name, by] = ["M001", "court.example/w"];
    let listed = [(name, 97), (by, 98)];
    let listed = listed.map(|(name, number)| Witness {
        name: Text::new(name).unwrap(),
        key: key(number).public(),
    });
    let lines = [(name, 97), (by, 98)].map(|(name, n)| line(name, text, COSIGNED_AT, &key(n)));
    let charter = hex::encode(witnessed(&network.people, listed.into()));
    let note = format!("{alone}{}", lines.concat());
    let input = json!({ "charter": charter, "member": "M000", "note": note });
    good("cosigned/by-witnesses", "09:9", "witnesses do not count, one is named as a member", input)
}

fn bad_cosigned(network: &Network, face: &Face) -> Vec<Vector> {
    let charter = hex::encode(network.charter.encode());
    let input = |note: &str| json!({ "charter": charter, "member": "M000", "note": note });
    let (alone, text) = (face.checkpoint.note(), face.checkpoint.text());
    let one = &network.people[1];
    let name = name_of(one);
    let with = |line: &str| input(&format!("{alone}{line}"));
    let right = line(&name, text, COSIGNED_AT, &one.secrets.cosign);
    let signature = |message: &str, time: u64, by: &SecretKey| {
        let mut signature = time.to_be_bytes().to_vec();
        signature.extend(by.sign_bytes(message.as_bytes()).0);
        encoded(&name, &one.secrets.cosign, signature)
    };
    let message = |time: u64| format!("cosignature/v1\ntime {time}\n{text}");
    let later = signature(&message(COSIGNED_AT), COSIGNED_AT + 1, &one.secrets.cosign);
    let undated = signature(text, COSIGNED_AT, &one.secrets.cosign);
    let log_key = signature(&message(COSIGNED_AT), COSIGNED_AT, &one.secrets.log);
    let other = history(network, 0, 7, 2);
    let other = line(&name, other.checkpoint.text(), COSIGNED_AT, &one.secrets.cosign);
    let short = encoded(&name, &one.secrets.cosign, COSIGNED_AT.to_be_bytes().to_vec());
    let elsewhere = history(network, 2, 7, 1);
    let does_not = "the cosignature of example.org/village/M001/cosigner does not match";
    vec![
        bad("cosigned/other-time", "09:4", "it is dated a second later", with(&later), does_not),
        bad("cosigned/undated", "09:4", "it is over the text alone", with(&undated), does_not),
        bad(
            "cosigned/other-checkpoint",
            "09:4",
            "it is of another checkpoint of the log",
            with(&other),
            does_not,
        ),
        bad(
            "cosigned/with-the-log-key",
            "09:2",
            "the member signed with its log key",
            with(&log_key),
            does_not,
        ),
        bad("cosigned/time-alone", "09:3", "the signature is missing", with(&short), does_not),
        bad(
            "cosigned/true-and-false-line",
            "09:5",
            "of two lines of one cosigner one does not verify",
            with(&format!("{right}{later}")),
            does_not,
        ),
        bad(
            "cosigned/without-the-log",
            "04:10",
            "the log's own line is missing",
            input(&format!("{text}\n{right}")),
            "no valid signature",
        ),
        bad(
            "cosigned/other-log",
            "04:10",
            "it is a checkpoint of another member's log",
            input(elsewhere.checkpoint.note()),
            "expected example.org/village/M000",
        ),
    ]
}

pub(crate) fn make_receipts() -> Vec<Vector> {
    let network = Network::of(3);
    let face = history(&network, 0, 7, 4);
    let id = network.charter.network().to_string();
    let input = |text: &str| -> Value { json!({ "network": id, "text": text }) };
    let plain = receipt(&network, &face, 2, &[1, 2]).encode();
    let first = history(&network, 1, 7, 0);
    let mut elsewhere = input(&plain);
    elsewhere["network"] = json!("55".repeat(32));
    let mut all = vec![
        good("receipt/confirmed", "10:1", "the third of five entries, confirmed", input(&plain)),
        good(
            "receipt/only-entry",
            "03:9",
            "the only entry of a log needs no hashes",
            input(&receipt(&network, &first, 0, &[0]).encode()),
        ),
        good(
            "receipt/last-entry",
            "10:8",
            "the last entry, with nobody but the log behind it",
            input(&receipt(&network, &face, 4, &[]).encode()),
        ),
        bad(
            "receipt/other-network",
            "10:4",
            "its charter founds another network than the one asked for",
            elsewhere,
            "founds network",
        ),
    ];
    all.extend(bad_texts(&plain, &input));
    all.extend(bad_extras(&network, &face, &input));
    all.extend(bad_proofs(&network, &face, &plain, &input));
    all
}

/// A receipt's text with one thing in it replaced.
fn put(text: &str, old: &str, new: &str) -> String {
    String::from_utf8(replace(text.as_bytes(), old.as_bytes(), new.as_bytes())).unwrap()
}

fn bad_texts(plain: &str, input: &impl Fn(&str) -> Value) -> Vec<Vector> {
    let extra = plain.lines().nth(1).unwrap();
    let index = |other: &str| input(&put(plain, "index 2\n", other));
    let form = "not in the format";
    let once = "not in its one canonical encoding";
    vec![
        bad(
            "receipt/other-first-line",
            "10:1",
            "the first line names another version",
            input(&put(plain, "@v1", "@v2")),
            "does not begin with",
        ),
        bad(
            "receipt/no-extra",
            "10:1",
            "it is a proof without its entry",
            input(&put(plain, &format!("{extra}\n"), "")),
            "without its leaf",
        ),
        bad("receipt/no-index", "10:1", "the index is missing", index(""), form),
        bad("receipt/index-leading-zero", "10:3", "the index is 02", index("index 02\n"), once),
        bad("receipt/index-plus-sign", "10:3", "the index is +2", index("index +2\n"), once),
        bad(
            "receipt/index-beyond-64-bits",
            "10:1",
            "the index is 2^64",
            index("index 18446744073709551616\n"),
            form,
        ),
        bad(
            "receipt/carriage-return",
            "10:3",
            "a carriage return ends the line of the index",
            index("index 2\r\n"),
            form,
        ),
        bad(
            "receipt/no-checkpoint",
            "10:1",
            "it ends behind the hashes",
            input(plain.split("\n\n").next().unwrap()),
            "no checkpoint",
        ),
        bad(
            "receipt/hash-of-31-bytes",
            "10:1",
            "a hash has 31 bytes",
            input(&put(plain, plain.lines().nth(3).unwrap(), &BASE64.encode([7; 31]))),
            "32 bytes",
        ),
    ]
}

fn bad_extras(network: &Network, face: &Face, input: &impl Fn(&str) -> Value) -> Vec<Vector> {
    let plain = receipt(network, face, 2, &[1, 2]).encode();
    let line = plain.lines().nth(1).unwrap();
    let bytes = BASE64.decode(line.strip_prefix("extra ").unwrap()).unwrap();
    let with = |extra: &[u8]| input(&put(&plain, line, &format!("extra {}", BASE64.encode(extra))));
    let of = |charters: &[Vec<u8>], entry: &[u8]| {
        let charters: Vec<_> = charters.iter().cloned().map(Bytes).collect();
        with(&codec::encode(&(1_u16, charters, Bytes(entry.to_vec()))))
    };
    let (charter, entry) = (network.charter.encode(), face.entries[2].bytes());
    let mut version = bytes.clone();
    version[0] = 2;
    let mut flipped = entry.to_vec();
    *flipped.last_mut().unwrap() ^= 1;
    // A member of no charter says so in the name of this network.
    let more = Network { charter: network.charter.clone(), people: Network::of(4).people };
    let stranger = Person::new(3);
    let said = more.statement(3, 8, cairn_tests::people::NOTE, Bytes(Vec::new()));
    let said = said.sign(&[&stranger.contributor]);
    let said = cairn_ledger::Entry::place(2, face.entries[1].hash(), said);
    vec![
        bad(
            "receipt/unknown-version",
            "01:9",
            "the bytes behind extra have format 2",
            with(&version),
            "format version 2",
        ),
        bad(
            "receipt/trailing-byte",
            "01:8",
            "a byte follows the entry",
            with(&[&bytes[..], &[0]].concat()),
            "1 bytes follow",
        ),
        bad("receipt/no-charter", "10:2", "there is no charter", of(&[], entry), "charter"),
        bad(
            "receipt/entry-of-a-stranger",
            "10:5",
            "the statement is for nobody in the charter",
            of(std::slice::from_ref(&charter), said.bytes()),
            "no member M003",
        ),
        bad(
            "receipt/entry-with-bad-signature",
            "10:5",
            "one bit of the contributor's signature is flipped",
            of(std::slice::from_ref(&charter), &flipped),
            "the entry is refused",
        ),
        bad(
            "receipt/entry-of-another-position",
            "10:5",
            "the entry stands at another position than the index says",
            of(&[charter], face.entries[3].bytes()),
            "it is at 3",
        ),
    ]
}

fn bad_proofs(
    network: &Network,
    face: &Face,
    plain: &str,
    input: &impl Fn(&str) -> Value,
) -> Vec<Vector> {
    let raw = |proof, cosigned: &cairn_ledger::Cosigned| {
        let receipt =
            cairn_ledger::RawReceipt::new(&network.charter, &face.entries[2], proof, cosigned);
        input(&receipt.encode())
    };
    let right = cosigned(network, face, &[1, 2]);
    let with = |change: &dyn Fn(&mut Vec<cairn_ledger::TreeHash>)| {
        let mut proof = path(face, 2);
        change(&mut proof);
        raw(proof, &right)
    };
    let shorter = history(network, 0, 7, 1);
    let other = history(network, 0, 500, 4);
    let elsewhere = history(network, 1, 7, 4);
    let signed = plain.split("\n\n").last().unwrap();
    let last = signed.lines().last().unwrap().rsplit_once(' ').unwrap().1;
    let mut altered = BASE64.decode(last).unwrap();
    altered[40] ^= 1;
    let length = "another number";
    vec![
        bad(
            "receipt/hash-changed",
            "10:7",
            "one bit of a hash is flipped",
            with(&|proof| proof[1].0[5] ^= 1),
            "another root",
        ),
        bad(
            "receipt/hashes-swapped",
            "10:7",
            "two hashes are swapped",
            with(&|proof| proof.swap(0, 1)),
            "another root",
        ),
        bad(
            "receipt/hash-missing",
            "10:7",
            "the last hash is missing",
            with(&|proof| proof.truncate(2)),
            length,
        ),
        bad(
            "receipt/hash-too-many",
            "10:7",
            "a hash follows the last",
            with(&|proof| proof.push(proof[0])),
            length,
        ),
        bad(
            "receipt/checkpoint-before-it",
            "10:7",
            "the checkpoint covers two entries, this is the third",
            raw(path(face, 2), &cosigned(network, &shorter, &[1, 2])),
            "positions that the tree does not have",
        ),
        bad(
            "receipt/checkpoint-of-another-history",
            "10:7",
            "the log's key has signed the checkpoint, over other entries",
            raw(path(face, 2), &cosigned(network, &other, &[1, 2])),
            "another root",
        ),
        bad(
            "receipt/checkpoint-of-another-log",
            "10:6",
            "the checkpoint is another member's",
            raw(path(face, 2), &cosigned(network, &elsewhere, &[])),
            "expected example.org/village/M000",
        ),
        bad(
            "receipt/bad-cosignature",
            "10:6",
            "one bit of a cosignature is flipped",
            input(&put(plain, last, &BASE64.encode(altered))),
            "does not match",
        ),
    ]
}
