//! Fork proofs.

use super::{Vector, bad, good};
use cairn_ledger::fork::RawFork;
use cairn_ledger::{Checkpoint, MemberCode, TreeHash, codec};
use cairn_tests::people::{Network, key};
use cairn_tests::shown::{fork, history, side};
use serde_json::{Value, json};

pub(crate) fn make() -> Vec<Vector> {
    let network = Network::of(3);
    let input = |bytes: &[u8]| -> Value {
        json!({ "charter": hex::encode(network.charter.encode()), "bytes": hex::encode(bytes) })
    };
    let (one, other) = (history(&network, 0, 10, 3), history(&network, 0, 500, 5));
    let same = history(&network, 0, 500, 3);
    let right = fork(&network, 2, (&one, &[1]), (&other, &[2]));
    let plain = codec::encode(&right);
    let mut version = plain.clone();
    version[0] = 2;
    let both = codec::encode(&fork(&network, 3, (&one, &[1, 2]), (&other, &[2])));
    let sizes = codec::encode(&fork(&network, 4, (&one, &[]), (&same, &[])));
    let form = "not in the format";
    let mut all = vec![
        good("fork/two-histories", "11:1", "they differ from position 1 on", input(&plain)),
        good("fork/cosigner-of-both", "11:7", "M002 has cosigned both sides", input(&both)),
        good("fork/one-size", "04:14", "two checkpoints of one size need no hashes", input(&sizes)),
        bad(
            "fork/unknown-version",
            "01:9",
            "the proof has format 2",
            input(&version),
            "format version 2",
        ),
        bad(
            "fork/truncated",
            "01:8",
            "the last byte is missing",
            input(&plain[..plain.len() - 1]),
            form,
        ),
        bad(
            "fork/trailing-byte",
            "01:8",
            "a byte follows the end",
            input(&[&plain[..], &[0]].concat()),
            "1 bytes follow",
        ),
    ];
    all.extend(bad_sides(&network, &right, &input));
    all.extend(bad_signers(&network, &right, &input));
    all
}

fn bad_sides(network: &Network, right: &RawFork, input: &impl Fn(&[u8]) -> Value) -> Vec<Vector> {
    let with = |change: &dyn Fn(&mut RawFork)| {
        let mut raw = right.clone();
        change(&mut raw);
        input(&codec::encode(&raw))
    };
    let (short, long) = (history(network, 0, 10, 3), history(network, 0, 10, 5));
    let grown = fork(network, 2, (&short, &[]), (&long, &[]));
    // An honest log, and a beginning of it that was made up.
    let mut invented = grown.clone();
    invented.sides[0].root = TreeHash([0; 32]);
    let contradict = "do not contradict";
    let (length, wrong) = ("another number", "another root");
    vec![
        bad(
            "fork/sides-swapped",
            "11:3",
            "the larger root stands first",
            with(&|raw| raw.sides.swap(0, 1)),
            contradict,
        ),
        bad(
            "fork/log-that-grew",
            "11:5",
            "both sides tell one history",
            input(&codec::encode(&grown)),
            contradict,
        ),
        bad(
            "fork/invented-root",
            "11:5",
            "an honest log is said to have another beginning",
            input(&codec::encode(&invented)),
            wrong,
        ),
        bad("fork/size-zero", "11:5", "the size is 0", with(&|raw| raw.size = 0), contradict),
        bad("fork/other-size", "11:5", "the size is 3", with(&|raw| raw.size = 3), "hashes"),
        bad(
            "fork/size-beyond",
            "11:5",
            "the size is above both checkpoints'",
            with(&|raw| raw.size = 7),
            "does not have",
        ),
        bad(
            "fork/hash-changed",
            "11:5",
            "one bit of a hash is flipped",
            with(&|raw| raw.sides[1].proof[0].0[31] ^= 1),
            wrong,
        ),
        bad(
            "fork/hash-missing",
            "11:5",
            "a hash is missing",
            with(&|raw| raw.sides[0].proof.truncate(0)),
            length,
        ),
        bad(
            "fork/hash-too-many",
            "11:5",
            "a hash follows the last",
            with(&|raw| raw.sides[1].proof.push(TreeHash([9; 32]))),
            length,
        ),
        bad(
            "fork/one-checkpoint",
            "11:5",
            "both sides carry one checkpoint",
            with(&|raw| raw.sides[1].checkpoint = raw.sides[0].checkpoint.clone()),
            "hashes",
        ),
    ]
}

fn bad_signers(network: &Network, right: &RawFork, input: &impl Fn(&[u8]) -> Value) -> Vec<Vector> {
    let with = |change: &dyn Fn(&mut RawFork)| {
        let mut raw = right.clone();
        change(&mut raw);
        input(&codec::encode(&raw))
    };
    let face = history(network, 0, 900, 3);
    let forged = Checkpoint::sign("example.org/village/M000", face.checkpoint.head(), &key(99));
    let forged = side(network, 2, (&cairn_tests::sim::Face { checkpoint: forged, ..face }, &[]));
    let honest = side(network, 2, (&history(network, 0, 10, 3), &[]));
    let forged = RawFork::new(right.log.clone(), 2, honest, forged);
    let named = |code: &str| MemberCode::new(code).unwrap();
    vec![
        bad(
            "fork/forged-checkpoint",
            "11:4",
            "another key signed one of the checkpoints",
            input(&codec::encode(&forged)),
            "no valid signature",
        ),
        bad(
            "fork/other-log",
            "11:4",
            "another member is accused with these checkpoints",
            with(&|raw| raw.log = named("M001")),
            "expected example.org/village/M001",
        ),
        bad(
            "fork/stranger",
            "11:4",
            "the charter lists no such member",
            with(&|raw| raw.log = named("M009")),
            "M009 is no member",
        ),
        bad(
            "fork/bad-cosignature",
            "11:4",
            "a letter of a cosignature is another",
            with(&|raw| {
                let note = &mut raw.sides[0].checkpoint.0;
                let at = note.len() - 10;
                note[at] = if note[at] == b'A' { b'Q' } else { b'A' };
            }),
            "cosign",
        ),
    ]
}
