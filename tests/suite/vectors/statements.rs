//! Statements, good and bad.

use super::{Vector, bad, good};
use cairn_ledger::codec;
use cairn_ledger::hash::{Bytes, Commitment};
use cairn_ledger::key::Purpose;
use cairn_ledger::statement::{Audience, ContributorSignature, SealedPart};
use cairn_ledger::{PublicKey, SecretKey, Signature, Statement, Topic};
use cairn_tests::people::{NOTE, Network, key};
use serde::Serialize;
use serde_json::{Value, json};

/// The identity: a point of small order.
pub(crate) const WEAK: PublicKey = {
    let mut bytes = [0; 32];
    bytes[0] = 1;
    PublicKey(bytes)
};

#[derive(Serialize)]
struct Draft {
    format: u16,
    statement: Bytes,
    signatures: Vec<ContributorSignature>,
}

/// A signed statement with whatever signatures.
pub(crate) fn draft(statement: &Statement, signatures: Vec<ContributorSignature>) -> Vec<u8> {
    let statement = Bytes(statement.encode());
    codec::encode(&Draft { format: 1, statement, signatures })
}

pub(crate) fn signature(
    statement: &Statement,
    by: &SecretKey,
    purpose: Purpose,
) -> ContributorSignature {
    let id = Statement::id_of(&statement.encode());
    ContributorSignature { key: by.public(), signature: by.sign(purpose, &id.0) }
}

/// A second encoding of a point that is not of small order: y plus the field's prime.
fn not_canonical() -> PublicKey {
    let mut bytes = [0; 32];
    let found = (2..19).find(|y| {
        bytes[0] = *y;
        PublicKey(bytes).check().is_ok()
    });
    let mut shifted = [0xff; 32];
    (shifted[0], shifted[31]) = (0xed + found.expect("a point"), 0x7f);
    PublicKey(shifted)
}

/// The signature with the group's order added to S: the same under a loose rule.
fn not_reduced(signature: Signature) -> Signature {
    let order = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    let order = hex::decode(order).unwrap();
    let (mut bytes, mut carry) = (signature.0, 0);
    for (byte, add) in bytes[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
    Signature(bytes)
}

pub(crate) fn replace(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let at = bytes.windows(old.len()).position(|window| window == old).expect("to replace");
    [&bytes[..at], new, &bytes[at + old.len()..]].concat()
}

pub(crate) fn make() -> Vec<Vector> {
    let network = Network::of(1);
    let input = |bytes: &[u8]| -> Value {
        json!({ "network": network.charter.network().to_string(), "bytes": hex::encode(bytes) })
    };
    let mut plain = network.statement(0, 7, NOTE, Bytes(b"said".to_vec()));
    plain.topics = vec![Topic::new("case/C-0000000000AA").unwrap()];
    let (one, two) = (&network.people[0].contributor, &key(90));
    let signed = plain.clone().sign(&[one]).encode();
    let both = plain.clone().sign(&[one, two]);
    let sealed = SealedPart {
        part: 1,
        audience: Audience::Members(vec![network.people[0].code.clone()]),
        size_class: 10,
        commitment: Commitment([5; 32]),
    };
    let with_sealed = Statement { sealed: vec![sealed], ..plain.clone() }.sign(&[one]).encode();
    let mut all = vec![
        good(
            "statement/one-signature",
            "02:1",
            "a statement with one topic and one signature",
            input(&signed),
        ),
        good(
            "statement/two-signatures",
            "02:9",
            "two contributors sign one statement",
            input(&both.encode()),
        ),
        good(
            "statement/sealed-part",
            "02:5",
            "a statement names a sealed part for one member",
            input(&with_sealed),
        ),
    ];
    all.extend(bad_bytes(&input, &signed));
    all.extend(bad_fields(&input, &plain, one));
    all.extend(bad_signatures(&input, &plain, one, two));
    let other = json!({ "network": "11".repeat(32), "bytes": hex::encode(&signed) });
    all.push(bad(
        "statement/wrong-network",
        "02:11",
        "it was said in another network",
        other,
        "belongs to network",
    ));
    all
}

fn bad_bytes(input: &impl Fn(&[u8]) -> Value, signed: &[u8]) -> Vec<Vector> {
    let mut version = signed.to_vec();
    version[0] = 2;
    let mut inner = signed.to_vec();
    inner[10] = 2;
    let mut long = signed.to_vec();
    long[2..10].copy_from_slice(&(1_u64 << 40).to_le_bytes());
    let spaced = replace(signed, b"case/C-0000000000AA", b"case/C 0000000000AA");
    let not_utf8 = replace(signed, b"case/C-0000000000AA", b"case/C\xff0000000000AA");
    let lower = replace(signed, b"M000", b"m000");
    vec![
        bad("statement/empty", "01:9", "nothing is there", input(&[]), "no format version"),
        bad(
            "statement/truncated",
            "01:8",
            "the last byte is missing",
            input(&signed[..signed.len() - 1]),
            "not in the format",
        ),
        bad(
            "statement/trailing-byte",
            "01:8",
            "a byte follows the end",
            input(&[signed, &[0]].concat()),
            "1 bytes follow",
        ),
        bad(
            "statement/unknown-version",
            "01:9",
            "the signed statement has format 2",
            input(&version),
            "format version 2",
        ),
        bad(
            "statement/unknown-inner-version",
            "01:9",
            "the statement in it has format 2",
            input(&inner),
            "a statement has format version 2",
        ),
        bad(
            "statement/length-of-a-terabyte",
            "01:10",
            "a length claims a terabyte",
            input(&long),
            "not in the format",
        ),
        bad(
            "statement/topic-with-space",
            "01:14",
            "a topic contains a space",
            input(&spaced),
            "expected 1 to 64 of A-Z",
        ),
        bad(
            "statement/topic-not-utf8",
            "01:11",
            "a topic is not UTF-8",
            input(&not_utf8),
            "not in the format",
        ),
        bad(
            "statement/code-in-lower-case",
            "01:13",
            "the member's code is in lower case",
            input(&lower),
            "expected 2 to 16",
        ),
    ]
}

fn bad_fields(input: &impl Fn(&[u8]) -> Value, plain: &Statement, one: &SecretKey) -> Vec<Vector> {
    let sign = |statement: Statement| input(&statement.sign(&[one]).encode());
    let topic = |text: &str| Topic::new(text).unwrap();
    let with_topics = |topics: Vec<Topic>| sign(Statement { topics, ..plain.clone() });
    let many = (0..65).map(|n| topic(&format!("t{n:02}"))).collect();
    let audience = |codes: Vec<_>| {
        let (part, size_class, commitment) = (1, 0, Commitment([0; 32]));
        let audience = Audience::Members(codes);
        sign(Statement {
            sealed: vec![SealedPart { part, audience, size_class, commitment }],
            ..plain.clone()
        })
    };
    let code = &plain.member;
    let large = Statement { body: Bytes(vec![0; 60_000]), ..plain.clone() };
    vec![
        bad(
            "statement/topics-descending",
            "02:4",
            "topics are not in ascending order",
            with_topics(vec![topic("b"), topic("a")]),
            "ascending",
        ),
        bad(
            "statement/topic-twice",
            "02:4",
            "a topic stands twice",
            with_topics(vec![topic("a"), topic("a")]),
            "repeated",
        ),
        bad("statement/too-many-topics", "02:4", "65 topics", with_topics(many), "more than 64"),
        bad(
            "statement/audience-empty",
            "02:6",
            "a list of readers is empty",
            audience(Vec::new()),
            "audience is empty",
        ),
        bad(
            "statement/audience-twice",
            "02:6",
            "a reader stands twice",
            audience(vec![code.clone(), code.clone()]),
            "ascending",
        ),
        bad("statement/too-long", "02:3", "more than 60,000 bytes", sign(large), "the limit is"),
    ]
}

fn bad_signatures(
    input: &impl Fn(&[u8]) -> Value,
    plain: &Statement,
    one: &SecretKey,
    two: &SecretKey,
) -> Vec<Vector> {
    let with = |signatures: Vec<ContributorSignature>| input(&draft(plain, signatures));
    let true_one = signature(plain, one, Purpose::Statement);
    let mut pair = vec![true_one, signature(plain, two, Purpose::Statement)];
    pair.sort();
    pair.reverse();
    let keyed = |key: PublicKey| ContributorSignature { key, ..true_one };
    let mut flipped = true_one;
    flipped.signature.0[40] ^= 1;
    let stretched = ContributorSignature { signature: not_reduced(true_one.signature), ..true_one };
    // R is the identity and S is zero: under the identity as key it fits any message.
    let mut constant = [0; 64];
    constant[0] = 1;
    let for_anything = ContributorSignature { key: WEAK, signature: Signature(constant) };
    let no_point = PublicKey([2; 32]);
    assert!(no_point.check().is_err());
    let nine = (100..109).map(|n| signature(plain, &key(n), Purpose::Statement));
    let mut nine: Vec<_> = nine.collect();
    nine.sort();
    let moved = Statement { made_at: cairn_ledger::statement::Timestamp(1), ..plain.clone() };
    vec![
        bad(
            "statement/no-signature",
            "02:9",
            "nobody signed",
            with(Vec::new()),
            "signatures are none",
        ),
        bad(
            "statement/signatures-descending",
            "02:9",
            "signatures are not in ascending order of key",
            with(pair),
            "ascending",
        ),
        bad(
            "statement/signer-twice",
            "02:9",
            "one contributor signed twice",
            with(vec![true_one; 2]),
            "repeated",
        ),
        bad("statement/nine-signatures", "02:9", "nine signatures", with(nine), "more than 8"),
        bad(
            "statement/bad-signature",
            "02:12",
            "one bit of the signature is flipped",
            with(vec![flipped]),
            "does not match",
        ),
        bad(
            "statement/signature-not-reduced",
            "01:19",
            "S has the group's order added",
            with(vec![stretched]),
            "does not match",
        ),
        bad(
            "statement/signature-of-another",
            "02:12",
            "the signature is another key's",
            with(vec![keyed(two.public())]),
            "does not match",
        ),
        bad(
            "statement/signature-of-other-words",
            "02:8",
            "the signature is over other words",
            with(vec![signature(&moved, one, Purpose::Statement)]),
            "does not match",
        ),
        bad(
            "statement/signed-as-charter",
            "01:21",
            "the signature was made for a charter",
            with(vec![signature(plain, one, Purpose::Charter)]),
            "does not match",
        ),
        bad(
            "statement/signed-as-card",
            "01:21",
            "the signature was made for a card",
            with(vec![signature(plain, one, Purpose::Card)]),
            "does not match",
        ),
        bad(
            "statement/weak-key",
            "01:20",
            "the key is of small order, the signature fits any message",
            with(vec![for_anything]),
            "small order",
        ),
        bad(
            "statement/key-not-canonical",
            "01:20",
            "the key is a second encoding of a point",
            with(vec![keyed(not_canonical())]),
            "not an Ed25519",
        ),
        bad(
            "statement/key-no-point",
            "01:20",
            "the key is no point",
            with(vec![keyed(no_point)]),
            "not an Ed25519",
        ),
    ]
}
