//! Payloads of sealed parts, pieces of files, and openings.

use super::{Vector, bad, good};
use cairn_ledger::card::Card;
use cairn_ledger::codec;
use cairn_ledger::hash::{Bytes, NetworkId, Reference};
use cairn_ledger::statement::Timestamp;
use cairn_ledger::text::{MemberCode, Text};
use cairn_sealing::piece::PieceKey;
use cairn_sealing::{
    MANIFEST_FORMAT, Manifest, Payload, Place, Randomness, Recipient, Sealed, SealingSecret,
    seal_with,
};
use cairn_tests::people::{Person, key};
use serde_json::{Value, json};

/// The number of the key file from which the sealing key of M000 is derived.
const FIRST: u64 = 900;

fn recipient(number: usize) -> Recipient {
    let secret = SealingSecret::of(&key(FIRST + number as u64));
    Recipient::of(&Card { sealing: vec![secret.public()], ..Person::new(number).card() })
        .expect("a card with a sealing key")
}

fn place() -> Place {
    let (network, reference) = (NetworkId([1; 32]), Reference([2; 16]));
    Place { network, member: MemberCode::new("M000").unwrap(), reference, part: 1 }
}

fn input(sealed: &Sealed, place: &Place, audience: &[&str], member: usize) -> Value {
    json!({
        "payload": hex::encode(&sealed.payload),
        "network": place.network.to_string(),
        "member": place.member.as_str(),
        "reference": place.reference.to_string(),
        "part": place.part,
        "audience": audience,
        "size_class": sealed.size_class,
        "commitment": sealed.commitment.to_string(),
        "reader": format!("M{member:03}"),
        "key": hex::encode(*key(FIRST + member as u64).seed()),
    })
}

fn with(input: &Value, field: &str, value: Value) -> Value {
    let mut input = input.clone();
    input[field] = value;
    input
}

pub(crate) fn make() -> Vec<Vector> {
    let randomness = || Randomness::of(&[7; 32]);
    let (place, both) = (place(), [recipient(1), recipient(0)]);
    let text = "Соглашение о статусе сил, § 4".as_bytes();
    let sealed = seal_with(&mut randomness(), place.clone(), &both, text).unwrap();
    let two = ["M000", "M001"];
    let plain = input(&sealed, &place, &two, 1);
    let empty = seal_with(&mut randomness(), place.clone(), &both[1..], b"").unwrap();
    let changed = |at: usize| {
        let mut payload = sealed.payload.clone();
        payload[at] ^= 1;
        with(&plain, "payload", json!(hex::encode(payload)))
    };
    let (last, wrapped) = (sealed.payload.len() - 1, 2 + 8 + 2 + 32 + 8 + 4 + 16 + 2 + 8 + 30);
    let decoded = Payload::decode(&sealed.payload).unwrap();
    let content_key = decoded.key(&place.member, &[SealingSecret::of(&key(FIRST))]).unwrap();
    let opening = decoded.open(&content_key, sealed.size_class, &sealed.commitment).unwrap();
    let shown = |bytes: &[u8]| json!({ "opening": hex::encode(bytes), "commitment": sealed.commitment.to_string() });
    let mut vectors = vec![
        good("sealed/for-two", "15:8", "the second of two members opens it", plain.clone()),
        good(
            "sealed/for-its-author",
            "15:5",
            "the statement's member opens it",
            input(&sealed, &place, &two, 0),
        ),
        good("sealed/nothing", "15:8", "no content, for one", input(&empty, &place, &two[..1], 0)),
        good("sealed/opening", "15:11", "what it says, without a key", shown(&opening.encode())),
    ];
    vectors.extend(refused(&plain, &sealed, &changed, last, wrapped));
    let mut lying = opening.encode().to_vec();
    let at = lying.len() - 1;
    lying[at] ^= 1;
    vectors.push(bad(
        "sealed/opening-changed",
        "15:9",
        "another content",
        shown(&lying),
        "not what the statement has committed to",
    ));
    vectors.extend(make_pieces());
    vectors
}

fn refused(
    plain: &Value,
    sealed: &Sealed,
    changed: &dyn Fn(usize) -> Value,
    last: usize,
    wrapped: usize,
) -> Vec<Vector> {
    let cut = hex::encode(&sealed.payload[..last]);
    vec![
        bad(
            "sealed/cut",
            "01:8",
            "a byte is missing",
            with(plain, "payload", json!(cut)),
            "not in the format",
        ),
        bad(
            "sealed/body-changed",
            "15:8",
            "the last byte is another",
            changed(last),
            "does not decrypt",
        ),
        bad(
            "sealed/wrap-changed",
            "15:8",
            "a byte of what is for another member",
            changed(wrapped),
            "does not decrypt",
        ),
        bad(
            "sealed/other-part",
            "15:10",
            "the statement's part 2",
            with(plain, "part", json!(2)),
            "belongs to",
        ),
        bad(
            "sealed/other-network",
            "15:10",
            "of another network",
            with(plain, "network", json!(NetworkId([3; 32]).to_string())),
            "belongs to",
        ),
        bad(
            "sealed/other-audience",
            "15:16",
            "the statement lists a third member",
            with(plain, "audience", json!(["M000", "M001", "M002"])),
            "is sealed for M000, M001",
        ),
        bad(
            "sealed/other-class",
            "15:10",
            "the statement says twice the size",
            with(plain, "size_class", json!(9)),
            "size class 9",
        ),
        bad(
            "sealed/other-commitment",
            "15:9",
            "the statement has committed to something else",
            with(plain, "commitment", json!("00".repeat(32))),
            "not what the statement has committed to",
        ),
        bad(
            "sealed/for-others",
            "15:5",
            "a member for whom it is not",
            with(plain, "reader", json!("M002")),
            "not sealed to a key",
        ),
        bad(
            "sealed/other-key",
            "15:3",
            "another key of the member",
            with(plain, "key", json!(hex::encode(*key(77).seed()))),
            "not sealed to a key",
        ),
    ]
}

fn make_pieces() -> Vec<Vector> {
    let key: PieceKey = codec::decode("a key", &[9; 32], 32).unwrap();
    let file: Vec<u8> = (0..5000_u32).map(|at| (at % 251) as u8).collect();
    let mut piece = file.clone();
    let id = key.seal(0, &mut piece);
    let manifest = Manifest {
        format: MANIFEST_FORMAT,
        name: Text::new("photograph.jpg").unwrap(),
        media_type: Text::new("image/jpeg").unwrap(),
        size: 5000,
        sha256: [4; 32],
        acquired_at: Timestamp(1_700_000_000),
        acquired_by: Text::new("military police").unwrap(),
        source: Text::default(),
        key,
        pieces: vec![id],
    };
    let input = |manifest: &Manifest, piece: &[u8]| {
        json!({
            "manifest": hex::encode(manifest.encode()),
            "number": 0,
            "piece": hex::encode(Bytes(piece.to_vec()).0),
        })
    };
    let mut changed = piece.clone();
    changed[17] ^= 1;
    let longer = Manifest { size: 1 << 21, ..manifest.clone() };
    vec![
        good("piece/one", "15:13", "the only piece of a small file", input(&manifest, &piece)),
        bad(
            "piece/changed",
            "15:14",
            "a byte is another",
            input(&manifest, &changed),
            "another than the manifest says",
        ),
        bad(
            "piece/too-few",
            "15:15",
            "one piece for 2 MiB",
            input(&longer, &piece),
            "1 pieces for 2097152 bytes",
        ),
    ]
}
