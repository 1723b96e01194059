//! Log exports, and what goes over the wire.

use super::{Vector, bad, good};
use cairn_ledger::authority::Scope;
use cairn_ledger::export::Header;
use cairn_ledger::hash::Bytes;
use cairn_ledger::proof::TreeHead;
use cairn_ledger::{Checkpoint, Entry, TreeHash, bundle};
use cairn_replica::message::{CosignedNote, Head, RawRange};
use cairn_replica::{Request, Response};
use cairn_tests::people::{Network, Person};
use cairn_tests::sim::Face;
use cairn_tests::sim::talk::{range_of, raw_range};
use serde_json::{Value, json};

fn history(network: &Network) -> Face {
    let own = &network.people[0].contributor;
    let said =
        vec![network.authorise(0, own, Scope::default()), network.note(0, 7), network.note(0, 8)];
    Face::of(network, 0, said)
}

fn bundle_of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Vec<u8> {
    let mut out = Vec::new();
    entries.into_iter().for_each(|entry| bundle::write(&mut out, entry.bytes()).unwrap());
    out
}

pub(crate) fn make() -> Vec<Vector> {
    let network = Network::of(1);
    let face = history(&network);
    let entries: Vec<&Entry> = face.entries.iter().map(AsRef::as_ref).collect();
    let id = network.charter.network().to_string();
    let input = |bytes: &[u8]| json!({ "network": id, "bytes": hex::encode(bytes) });
    let header = |checkpoint: &Checkpoint| {
        let checkpoint = checkpoint.note().as_bytes().to_vec();
        Header { charter: network.charter.encode(), checkpoint }.encode()
    };
    let with = |entries: &[&Entry]| {
        input(&[header(&face.checkpoint), bundle_of(entries.iter().copied())].concat())
    };
    let whole = [header(&face.checkpoint), bundle_of(entries.iter().copied())].concat();
    let magic = [b"cairn/log-export/v2\n", &whole[20..]].concat();
    let mut long = whole.clone();
    long[20..24].copy_from_slice(&u32::MAX.to_be_bytes());
    let head = TreeHead { size: 3, root: TreeHash([1; 32]) };
    let origin = network.charter.origin(&face.log);
    let lying = Checkpoint::sign(&origin, head, &network.people[0].secrets.log);
    let stranger = Checkpoint::sign("example.org/village/M001", head, &Person::new(1).secrets.log);
    let forged = Checkpoint::sign(&origin, face.checkpoint.head(), &Person::new(1).secrets.log);
    let under =
        |checkpoint| input(&[header(checkpoint), bundle_of(entries.iter().copied())].concat());
    let mut elsewhere = input(&whole);
    elsewhere["network"] = json!("44".repeat(32));
    vec![
        good("export/three-entries", "07:1", "a log of three entries", input(&whole)),
        bad(
            "export/other-first-line",
            "07:1",
            "the first line names another version",
            input(&magic),
            "does not begin with",
        ),
        bad(
            "export/long-charter",
            "07:2",
            "the charter claims four gigabytes",
            input(&long),
            "the limit is",
        ),
        bad(
            "export/truncated-header",
            "07:1",
            "it ends inside the charter",
            input(&whole[..100]),
            "ends early",
        ),
        bad(
            "export/truncated-entry",
            "07:5",
            "it ends inside the last entry",
            input(&whole[..whole.len() - 1]),
            "ends inside an entry",
        ),
        bad(
            "export/entry-missing",
            "07:5",
            "the last entry is missing",
            with(&entries[..2]),
            "another number",
        ),
        bad(
            "export/entry-missing-inside",
            "07:5",
            "the entry in the middle is missing",
            with(&[entries[0], entries[2]]),
            "the next free one is 1",
        ),
        bad(
            "export/trailing-byte",
            "07:5",
            "a byte follows the last entry",
            input(&[&whole[..], &[0]].concat()),
            "ends inside an entry",
        ),
        bad(
            "export/other-network",
            "07:3",
            "the charter founds another network than the one asked for",
            elsewhere,
            "founds network",
        ),
        bad(
            "export/unknown-log",
            "07:4",
            "the checkpoint is of a log of nobody in the charter",
            under(&stranger),
            "no member has the log",
        ),
        bad(
            "export/forged-checkpoint",
            "07:4",
            "another key signed the checkpoint",
            under(&forged),
            "no valid signature",
        ),
        bad(
            "export/other-root",
            "07:5",
            "the entries do not lead to the checkpoint's root",
            under(&lying),
            "another root",
        ),
    ]
}

pub(crate) fn make_wire() -> Vec<Vector> {
    let network = Network::of(1);
    let face = history(&network);
    let checkpoint = Bytes(face.checkpoint.note().into());
    let head = Head { log: face.log.clone(), checkpoint, cosigned: 7 };
    let fetch = Request::Fetch { log: face.log.clone(), start: 5, entries_max: 100 }.encode();
    let plain = |bytes: &[u8]| json!({ "bytes": hex::encode(bytes) });
    let mut variant = fetch.clone();
    variant[0] = 99;
    let note = Bytes(face.checkpoint.note().into());
    let cosigned = Request::Cosigned(vec![CosignedNote { log: face.log.clone(), note }]);
    let many = Request::Heads(vec![Head { checkpoint: Bytes(Vec::new()), ..head.clone() }; 2_049]);
    let mut all = vec![
        good("request/heads", "08:5", "one head", plain(&Request::Heads(vec![head]).encode())),
        good("request/cosigned", "08:24", "one cosigned checkpoint", plain(&cosigned.encode())),
        good("request/fetch", "08:6", "a hundred entries from position 5", plain(&fetch)),
        bad(
            "request/unknown-variant",
            "01:8",
            "the request is of an unknown variant",
            plain(&variant),
            "not in the format",
        ),
        bad(
            "request/truncated",
            "01:8",
            "the last byte is missing",
            plain(&fetch[..fetch.len() - 1]),
            "not in the format",
        ),
        bad(
            "request/trailing-byte",
            "01:8",
            "a byte follows the end",
            plain(&[&fetch[..], &[0]].concat()),
            "1 bytes follow",
        ),
        bad(
            "request/too-many-heads",
            "08:5",
            "2,049 heads",
            plain(&many.encode()),
            "the limit is 2048",
        ),
    ];
    let range = range_of(&face.log, &face.entries, &face.checkpoint, 2, 1).unwrap();
    let mut grown = raw_range(range);
    let pushed =
        |raw: &RawRange| plain(&Request::Grown { range: raw.clone(), cosign: true }.encode());
    all.push(good("request/grown", "08:8", "a log has grown by one entry", pushed(&grown)));
    grown.bundle.0.resize((64 << 10) + 1, 0);
    let why = "the limit is 65536";
    all.push(bad("request/grown-by-much", "08:8", "too much to be pushed", pushed(&grown), why));
    all.extend(ranges(&network, &face));
    all
}

fn ranges(network: &Network, face: &Face) -> Vec<Vector> {
    let charter = hex::encode(network.charter.encode());
    let response =
        |bytes: Vec<u8>| -> Value { json!({ "charter": charter, "bytes": hex::encode(bytes) }) };
    let range = || range_of(&face.log, &face.entries, &face.checkpoint, 1, 2).unwrap();
    let with = |change: &dyn Fn(&mut RawRange)| {
        let mut raw = raw_range(range());
        change(&mut raw);
        response(Response::Range(raw).encode())
    };
    let first = face.entries[1].bytes().len() + 2;
    let stranger = Person::new(1);
    let forged = Checkpoint::sign(
        &network.charter.origin(&face.log),
        face.checkpoint.head(),
        &stranger.secrets.log,
    );
    vec![
        good(
            "range/two-entries",
            "08:11",
            "two entries under a checkpoint of three",
            with(&|_| {}),
        ),
        good("range/nothing", "08:10", "nothing is there", response(Response::Nothing.encode())),
        bad(
            "range/misplaced",
            "08:13",
            "it claims to begin one position later",
            with(&|raw| raw.start = 2),
            "says that it is at 1",
        ),
        bad(
            "range/swapped",
            "08:13",
            "the two entries are swapped",
            with(&|raw| raw.bundle.0.rotate_left(first)),
            "says that it is at 2",
        ),
        bad(
            "range/empty",
            "08:12",
            "no entries",
            with(&|raw| raw.bundle.0.clear()),
            "expected 1 to 1024",
        ),
        bad(
            "range/cut",
            "03:23",
            "the bundle ends inside an entry",
            with(&|raw| raw.bundle.0.truncate(raw.bundle.0.len() - 1)),
            "ends inside an entry",
        ),
        bad(
            "range/flipped",
            "02:12",
            "one bit of the last signature is flipped",
            with(&|raw| *raw.bundle.0.last_mut().unwrap() ^= 1),
            "entry 2: the signature",
        ),
        bad(
            "range/stranger",
            "05:3",
            "the log is of nobody in the charter",
            with(&|raw| raw.log = stranger.code.clone()),
            "M001 is no member",
        ),
        bad(
            "range/forged-checkpoint",
            "08:14",
            "another key signed the checkpoint",
            with(&|raw| raw.checkpoint = Bytes(forged.note().into())),
            "no valid signature",
        ),
        bad(
            "range/long-proof",
            "08:12",
            "66 hashes",
            with(&|raw| raw.proof = vec![TreeHash([0; 32]); 66]),
            "the limit is 65",
        ),
    ]
}
