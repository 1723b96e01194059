//! Member cards and charters.

use super::statements::{WEAK, replace};
use super::{Vector, bad, good};
use cairn_ledger::card::{Card, MemberSecrets, SealingKey};
use cairn_ledger::charter::{Rules, Witness};
use cairn_ledger::codec;
use cairn_ledger::hash::{Bytes, CharterId, derive};
use cairn_ledger::key::Purpose;
use cairn_ledger::statement::Timestamp;
use cairn_ledger::text::{MemberCode, NetworkName, Text};
use cairn_ledger::{Kind, PublicKey, SecretKey, Signature};
use cairn_tests::people::{NOON, Person, key};
use serde::Serialize;
use serde_json::{Value, json};

#[derive(Serialize)]
struct SignedCard {
    format: u16,
    card: Bytes,
    proofs: [Signature; 4],
}

fn prove(card: &Card, keys: [&SecretKey; 4], purpose: Purpose) -> Vec<u8> {
    let bytes = codec::encode(card);
    let hash = derive("cairn 2026-11 card v1", &bytes);
    let proofs = keys.map(|key| key.sign(purpose, &hash));
    codec::encode(&SignedCard { format: 1, card: Bytes(bytes), proofs })
}

fn input(bytes: &[u8]) -> Value {
    json!({ "bytes": hex::encode(bytes) })
}

pub(crate) fn make_cards() -> Vec<Vector> {
    let person = Person::new(0);
    let MemberSecrets { root, log, cosign, transport } = &person.secrets;
    let card = person.card();
    let plain = card.sign(&person.secrets);
    let mut version = plain.clone();
    version[0] = 9;
    let mut same = card.clone();
    same.keys.transport = same.keys.log;
    let same = prove(&same, [root, log, cosign, log], Purpose::Card);
    let mut weak = card.clone();
    weak.keys.cosign = WEAK;
    let weak = prove(&weak, [root, log, cosign, transport], Purpose::Card);
    let swapped = prove(&card, [root, cosign, log, transport], Purpose::Card);
    let foreign = prove(&card, [root, log, cosign, &key(95)], Purpose::Card);
    let purpose = prove(&card, [root, log, cosign, transport], Purpose::Charter);
    let sealing = |keys: &[(u16, usize)]| {
        let list = |(algorithm, bytes): &(u16, usize)| SealingKey {
            algorithm: *algorithm,
            key: Bytes(vec![7; *bytes]),
        };
        let card = Card { sealing: keys.iter().map(list).collect(), ..card.clone() };
        input(&prove(&card, [root, log, cosign, transport], Purpose::Card))
    };
    let kind = replace(&plain, b"member M000\0\0\0\0", b"member M000\x04\0\0\0");
    let name = replace(&plain, b"Invented member M000", "Invent\u{202e} member M00".as_bytes());
    let decomposed =
        replace(&plain, b"Invented member M000", "Invente\u{301} membr M000".as_bytes());
    vec![
        good("card/one", "05:9", "a card that every key has signed", input(&plain)),
        good("card/sealing-key", "05:31", "a sealing key of algorithm 1", sealing(&[(1, 1216)])),
        good(
            "card/sealing-keys-to-come",
            "05:31",
            "and two of an algorithm that is not assigned",
            sealing(&[(1, 1216), (9, 3), (9, 4)]),
        ),
        bad(
            "card/sealing-key-short",
            "05:31",
            "a sealing key of algorithm 1 with 1,215 bytes",
            sealing(&[(1, 1215)]),
            "has not 1216 bytes",
        ),
        bad(
            "card/sealing-keys-two",
            "05:31",
            "two sealing keys of algorithm 1",
            sealing(&[(1, 1216), (1, 1216)]),
            "at most one",
        ),
        bad(
            "card/truncated",
            "01:8",
            "the last byte is missing",
            input(&plain[..plain.len() - 1]),
            "not in the format",
        ),
        bad(
            "card/trailing-byte",
            "01:8",
            "a byte follows the end",
            input(&[&plain[..], &[0]].concat()),
            "1 bytes follow",
        ),
        bad(
            "card/unknown-version",
            "01:9",
            "the card has format 9",
            input(&version),
            "format version 9",
        ),
        bad(
            "card/unknown-kind",
            "01:8",
            "the member is of kind 4",
            input(&kind),
            "not in the format",
        ),
        bad(
            "card/name-right-to-left",
            "01:12",
            "the name turns the direction of what follows",
            input(&name),
            "U+202E",
        ),
        bad(
            "card/name-not-normalised",
            "01:11",
            "the name is not in normalisation form C",
            input(&decomposed),
            "normalisation form C",
        ),
        bad(
            "card/key-twice",
            "05:11",
            "log and transport key are one",
            input(&same),
            "one key for two purposes",
        ),
        bad(
            "card/weak-key",
            "05:11",
            "the cosigning key is of small order",
            input(&weak),
            "small order",
        ),
        bad(
            "card/proofs-swapped",
            "05:9",
            "the proofs of log and cosigning key are swapped",
            input(&swapped),
            "the log key of M000 has not signed",
        ),
        bad(
            "card/proof-of-another",
            "05:11",
            "another key signed for the transport key",
            input(&foreign),
            "the transport key of M000",
        ),
        bad(
            "card/signed-as-charter",
            "01:21",
            "the keys signed for another purpose",
            input(&purpose),
            "the root key of M000",
        ),
        bad(
            "card/too-long",
            "05:9",
            "more than 16,384 bytes",
            input(&[0x01, 0x00].repeat(8_193)),
            "the limit is 16384",
        ),
    ]
}

#[derive(Clone, Serialize)]
struct Body {
    format: u16,
    version: u32,
    previous: CharterId,
    name: NetworkName,
    made_at: Timestamp,
    rules: Rules,
    members: Vec<Bytes>,
    witnesses: Vec<Witness>,
}

#[derive(Serialize)]
struct Signed {
    format: u16,
    body: Bytes,
    signatures: Vec<(MemberCode, Signature)>,
}

fn body(people: &[Person]) -> Body {
    Body {
        format: 1,
        version: 1,
        previous: CharterId::default(),
        name: NetworkName::new("example.org/village").unwrap(),
        made_at: NOON,
        rules: Rules {
            secretariat_signs: false,
            two_people: Vec::new(),
            ..Rules::two_thirds_of(people.len())
        },
        members: people.iter().map(|one| Bytes(one.card().sign(&one.secrets))).collect(),
        witnesses: Vec::new(),
    }
}

/// A charter that founds a network with witnesses.
pub(crate) fn witnessed(people: &[Person], witnesses: Vec<Witness>) -> Vec<u8> {
    let roots: Vec<_> = people.iter().map(|one| (one.code.as_str(), &one.secrets.root)).collect();
    let input = sign(&Body { witnesses, ..body(people) }, &roots, Purpose::Charter);
    hex::decode(input["bytes"].as_str().unwrap()).unwrap()
}

fn sign(body: &Body, signers: &[(&str, &SecretKey)], purpose: Purpose) -> Value {
    let bytes = codec::encode(body);
    let id = derive("cairn 2026-11 charter v1", &bytes);
    let one =
        |(code, key): &(&str, &SecretKey)| (MemberCode::new(code).unwrap(), key.sign(purpose, &id));
    let signatures = signers.iter().map(one).collect();
    input(&codec::encode(&Signed { format: 1, body: Bytes(bytes), signatures }))
}

pub(crate) fn make_charters() -> Vec<Vector> {
    let people: Vec<_> = (0..3).map(Person::new).collect();
    let roots: Vec<_> = people.iter().map(|one| (one.code.as_str(), &one.secrets.root)).collect();
    let plain = body(&people);
    let whole = sign(&plain, &roots, Purpose::Charter);
    let bytes = hex::decode(whole["bytes"].as_str().unwrap()).unwrap();
    let mut elsewhere = whole.clone();
    elsewhere["network"] = json!("33".repeat(32));
    let mut version = bytes.clone();
    version[0] = 2;
    let mut all = vec![
        good("charter/three-members", "05:8", "three members, all of whom signed", whole.clone()),
        bad(
            "charter/truncated",
            "01:8",
            "the last byte is missing",
            input(&bytes[..bytes.len() - 1]),
            "not in the format",
        ),
        bad(
            "charter/trailing-byte",
            "01:8",
            "a byte follows the end",
            input(&[&bytes[..], &[0]].concat()),
            "1 bytes follow",
        ),
        bad(
            "charter/unknown-version",
            "01:9",
            "the charter has format 2",
            input(&version),
            "format version 2",
        ),
        bad(
            "charter/another-network",
            "05:2",
            "it founds another network than the one asked for",
            elsewhere,
            "founds network",
        ),
    ];
    all.extend(charter_signatures(&plain, &roots));
    all.extend(charter_members(&people));
    all.extend(charter_rules(&plain, &roots));
    all.extend(charter_witnesses(&people));
    all
}

fn charter_signatures(plain: &Body, roots: &[(&str, &SecretKey)]) -> Vec<Vector> {
    let by = |signers: &[(&str, &SecretKey)]| sign(plain, signers, Purpose::Charter);
    let [a, b, c] = [roots[0], roots[1], roots[2]];
    let stranger = key(96);
    let log = Person::new(1).secrets.log;
    vec![
        bad(
            "charter/signature-missing",
            "05:8",
            "one member has not signed",
            by(&[a, c]),
            "not signed yet by M001",
        ),
        bad("charter/nobody-signed", "05:8", "nobody has signed", by(&[]), "M000, M001, M002"),
        bad(
            "charter/signature-of-a-stranger",
            "05:6",
            "a key that is not listed signed for a member",
            by(&[a, (b.0, &stranger), c]),
            "the signature of M001",
        ),
        bad(
            "charter/signature-of-nobody-listed",
            "05:6",
            "somebody signed who is no member",
            by(&[a, b, c, ("M003", &stranger)]),
            "the signature of M003",
        ),
        bad(
            "charter/signed-with-the-log-key",
            "05:6",
            "a member signed with its log key",
            by(&[a, (b.0, &log), c]),
            "the signature of M001",
        ),
        bad(
            "charter/signatures-descending",
            "05:6",
            "signatures are not in ascending order",
            by(&[b, a, c]),
            "the signature of M000",
        ),
        bad(
            "charter/signature-twice",
            "05:6",
            "a member signed twice",
            by(&[a, b, b, c]),
            "the signature of M001",
        ),
        bad(
            "charter/signed-as-card",
            "01:21",
            "the signatures were made for cards",
            sign(plain, roots, Purpose::Card),
            "the signature of M000",
        ),
    ]
}

fn charter_members(people: &[Person]) -> Vec<Vector> {
    let with = |members: Vec<Vec<u8>>, signers: &[&Person]| {
        let members = members.into_iter().map(Bytes).collect();
        let roots: Vec<_> =
            signers.iter().map(|one| (one.code.as_str(), &one.secrets.root)).collect();
        sign(&Body { members, ..body(people) }, &roots, Purpose::Charter)
    };
    let card = |one: &Person| one.card().sign(&one.secrets);
    let [a, b, c] = [&people[0], &people[1], &people[2]];
    let mut borrowed = Person::new(2);
    borrowed.secrets.log = a.secrets.cosign.clone();
    let mut unproven = card(c);
    let last = unproven.len() - 1;
    unproven[last] ^= 1;
    vec![
        bad(
            "charter/members-descending",
            "05:3",
            "members are not in ascending order",
            with(vec![card(b), card(a), card(c)], &[a, b, c]),
            "member M000",
        ),
        bad(
            "charter/member-twice",
            "05:5",
            "a member stands twice",
            with(vec![card(a), card(b), card(b)], &[a, b]),
            "member M001",
        ),
        bad(
            "charter/key-of-another",
            "05:5",
            "two members share a key in different roles",
            with(vec![card(a), card(b), card(&borrowed)], &[a, b, c]),
            "member M002",
        ),
        bad("charter/no-members", "05:5", "nobody is listed", with(Vec::new(), &[]), "no members"),
        bad(
            "charter/card-not-proven",
            "05:11",
            "a card carries a false proof",
            with(vec![card(a), card(b), unproven], &[a, b, c]),
            "the transport key of M002",
        ),
    ]
}

fn charter_rules(plain: &Body, roots: &[(&str, &SecretKey)]) -> Vec<Vector> {
    let with = |change: fn(&mut Body)| {
        let mut body = plain.clone();
        change(&mut body);
        sign(&body, roots, Purpose::Charter)
    };
    let cannot = "cannot work with 3 members";
    vec![
        bad(
            "charter/amend-by-nobody",
            "05:7",
            "nobody is needed to amend",
            with(|body| body.rules.amend = 0),
            cannot,
        ),
        bad(
            "charter/rotate-by-too-many",
            "05:7",
            "more members than there are rotate a key",
            with(|body| body.rules.rotate = 4),
            cannot,
        ),
        bad(
            "charter/confirm-by-too-many",
            "05:7",
            "more members than there are confirm an entry",
            with(|body| body.rules.confirm = 65_535),
            cannot,
        ),
        bad(
            "charter/two-people-descending",
            "05:7",
            "kinds for two people are not in ascending order",
            with(|body| body.rules.two_people = vec![Kind(2), Kind(1)]),
            "ascending",
        ),
        bad(
            "charter/version-two",
            "05:4",
            "a second version",
            with(|body| body.version = 2),
            "charter version 2",
        ),
        bad(
            "charter/first-with-predecessor",
            "05:4",
            "a first version that names a predecessor",
            with(|body| body.previous = CharterId([1; 32])),
            "without a predecessor",
        ),
        bad(
            "charter/inner-version",
            "01:9",
            "the body has format 3",
            with(|body| body.format = 3),
            "format version 3",
        ),
    ]
}

fn charter_witnesses(people: &[Person]) -> Vec<Vector> {
    let of = |names: &[(&str, PublicKey)]| {
        let witness =
            |&(name, key): &(&str, PublicKey)| Witness { name: Text::new(name).unwrap(), key };
        input(&witnessed(people, names.iter().map(witness).collect()))
    };
    let (one, two) = (key(97).public(), key(98).public());
    let name = "cannot stand on a signature line";
    vec![
        good(
            "charter/two-witnesses",
            "05:3",
            "a university and a court",
            of(&[("university.example/w", one), ("court.example/w", two)]),
        ),
        bad("charter/witness-without-a-name", "04:7", "the name is empty", of(&[("", one)]), name),
        bad(
            "charter/witness-with-plus",
            "04:7",
            "the name contains a plus sign",
            of(&[("a+b", one)]),
            name,
        ),
        bad(
            "charter/witness-with-space",
            "04:7",
            "the name contains a space",
            of(&[("a b", one)]),
            name,
        ),
        bad(
            "charter/witness-as-member",
            "05:3",
            "the name begins as the members' names do",
            of(&[("example.org/village/court", one)]),
            "the name of a member",
        ),
        bad(
            "charter/witness-twice",
            "05:3",
            "one name stands twice",
            of(&[("court.example/w", one), ("court.example/w", two)]),
            "share a name or a key",
        ),
        bad(
            "charter/witness-with-a-members-key",
            "05:5",
            "the key of a witness is a member's transport key",
            of(&[("court.example/w", people[1].secrets.transport.public())]),
            "share a name or a key",
        ),
        bad(
            "charter/witness-with-weak-key",
            "01:20",
            "the key is of small order",
            of(&[("court.example/w", WEAK)]),
            "may not be used",
        ),
    ]
}
