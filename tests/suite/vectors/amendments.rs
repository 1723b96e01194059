//! Amendments of a charter: whose signatures they need, and what they may not change.

use super::{Vector, bad, good};
use cairn_ledger::card::MemberKind;
use cairn_ledger::charter::{Ended, PendingCharter, Rules, Witness};
use cairn_ledger::codec;
use cairn_ledger::hash::{Bytes, TreeHash};
use cairn_ledger::key::Purpose;
use cairn_ledger::statement::Timestamp;
use cairn_ledger::text::{MemberCode, NetworkName, Text};
use cairn_ledger::{Charter, SecretKey, Signature};
use cairn_tests::people::{NOON, Person, key};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Clone, Serialize, Deserialize)]
struct Signed {
    format: u16,
    body: Bytes,
    signatures: Vec<(MemberCode, Signature)>,
    proofs: Vec<(Text<120>, Signature)>,
}

/// Four members, of whom three amend and two replace keys.
struct Four {
    people: Vec<Person>,
    charter: Charter,
}

const RULES: Rules =
    Rules { amend: 3, rotate: 2, confirm: 3, secretariat_signs: true, two_people: Vec::new() };

fn card(person: &Person) -> Vec<u8> {
    let mut card = person.card();
    if person.code.as_str() == "M003" {
        card.kind = MemberKind::Secretariat;
    }
    card.sign(&person.secrets)
}

impl Four {
    fn new() -> Self {
        let people: Vec<_> = (0..4).map(Person::new).collect();
        let cards: Vec<_> = people.iter().map(card).collect();
        let name = NetworkName::new("example.org/vectors").unwrap();
        let mut charter = PendingCharter::found(name, NOON, RULES, &cards).unwrap();
        people.iter().for_each(|one| drop(charter.sign(&one.secrets.root).unwrap()));
        Self { people, charter: charter.complete().unwrap() }
    }

    fn amend(
        &self,
        people: &[Person],
        witnesses: Vec<Witness>,
        ended: Vec<Ended>,
    ) -> PendingCharter {
        let cards: Vec<_> = people.iter().map(card).collect();
        let at = Timestamp(NOON.0 + 86_400);
        PendingCharter::amend(&self.charter, at, RULES, &cards, witnesses, ended).unwrap()
    }

    fn signed(&self, mut amendment: PendingCharter, signers: &[usize]) -> PendingCharter {
        for signer in signers {
            amendment.sign(&self.people[*signer].secrets.root).unwrap();
        }
        amendment
    }

    fn input(&self, bytes: &[u8]) -> Value {
        json!({ "charter": hex::encode(self.charter.encode()), "bytes": hex::encode(bytes) })
    }
}

fn raw(amendment: &PendingCharter) -> Signed {
    codec::decode("an amendment", &amendment.encode(), 1 << 20).unwrap()
}

fn changed(amendment: &PendingCharter, change: impl FnOnce(&mut Signed)) -> Vec<u8> {
    let mut raw = raw(amendment);
    change(&mut raw);
    codec::encode(&raw)
}

pub(crate) fn make() -> Vec<Vector> {
    let four = Four::new();
    let five = [&four.people[..], &[Person::new(4)]].concat();
    let joins = four.amend(&five, Vec::new(), Vec::new());
    let whole = four.signed(joins.clone(), &[0, 1, 3]);
    let input = |amendment: &PendingCharter| four.input(&amendment.encode());
    let mut rotated = four.people.clone();
    rotated[0].secrets.log = key(700);
    let rotated = four.amend(&rotated, Vec::new(), Vec::new());
    let mut all = vec![
        good("amendment/a-member-joins", "05:18", "three of four have signed", input(&whole)),
        bad(
            "amendment/one-short-to-amend",
            "05:18",
            "two of three that are needed have signed",
            input(&four.signed(joins.clone(), &[0, 3])),
            "signed by 2 members of the version before, 3 are needed",
        ),
        good(
            "amendment/another-log-key",
            "05:18",
            "two have signed a change of keys",
            input(&four.signed(rotated.clone(), &[1, 3])),
        ),
        bad(
            "amendment/one-short-to-rotate",
            "05:18",
            "one of two that are needed has signed a change of keys",
            input(&four.signed(rotated, &[3])),
            "signed by 1 members of the version before, 2 are needed",
        ),
        bad(
            "amendment/without-the-secretariat",
            "05:19",
            "enough have signed, and the Secretariat has not",
            input(&four.signed(joins.clone(), &[0, 1, 2])),
            "not signed yet by M003",
        ),
    ];
    all.extend(signers(&four, &whole, &joins));
    all.extend(logs(&four));
    all.extend(witnesses(&four));
    all
}

fn signers(four: &Four, whole: &PendingCharter, joins: &PendingCharter) -> Vec<Vector> {
    let twice = changed(whole, |raw| raw.signatures[1] = raw.signatures[0].clone());
    let sign = |key: &SecretKey| key.sign(Purpose::Charter, &joins.id().0);
    let new = MemberCode::new("M004").unwrap();
    let itself = sign(&Person::new(4).secrets.root);
    let new = changed(whole, |raw| raw.signatures.push((new, itself)));
    let log_key = sign(&four.people[0].secrets.log);
    let log_key = changed(whole, |raw| raw.signatures[0].1 = log_key);
    let elsewhere = changed(whole, |raw| raw.body.0[6] ^= 1);
    let counted = changed(whole, |raw| raw.body.0[2] = 3);
    vec![
        bad(
            "amendment/one-member-twice",
            "05:18",
            "a member has signed twice",
            four.input(&twice),
            "the signature of M000",
        ),
        bad(
            "amendment/by-the-new-member",
            "05:18",
            "a member signs that the version before does not list",
            four.input(&new),
            "the signature of M004",
        ),
        bad(
            "amendment/by-another-key",
            "05:18",
            "a member has signed with its log key",
            four.input(&log_key),
            "the signature of M000",
        ),
        bad(
            "amendment/another-predecessor",
            "05:14",
            "it amends a charter that is not at hand",
            four.input(&elsewhere),
            "which is not at hand",
        ),
        bad(
            "amendment/one-version-left-out",
            "05:14",
            "version 3 amends version 1",
            four.input(&counted),
            "does not follow version 1",
        ),
    ]
}

fn logs(four: &Four) -> Vec<Vector> {
    let three = [&four.people[..1], &four.people[2..]].concat();
    let ended = Ended { member: four.people[1].code.clone(), size: 7, root: TreeHash([7; 32]) };
    let leaves = four.signed(four.amend(&three, Vec::new(), vec![ended]), &[0, 2, 3]);
    // The last 8 + 4 + 8 + 8 + 32 bytes of the body are the one log that has ended.
    let open = changed(&leaves, |raw| {
        let length = raw.body.0.len() - (8 + 4 + 8 + 8 + 32);
        raw.body.0.truncate(length);
        raw.body.0.extend(0_u64.to_le_bytes());
    });
    vec![
        good(
            "amendment/a-member-leaves",
            "05:17",
            "the log of the removed member ends after seven entries",
            four.input(&leaves.encode()),
        ),
        bad(
            "amendment/a-log-without-an-end",
            "05:17",
            "a member is removed, and nothing says where its log ends",
            four.input(&open),
            "may not leave open where the log ends",
        ),
    ]
}

fn witnesses(four: &Four) -> Vec<Vector> {
    let secret = key(710);
    let witness = Witness { name: Text::new("court.example.org").unwrap(), key: secret.public() };
    let without = four.signed(four.amend(&four.people, vec![witness], Vec::new()), &[0, 1, 3]);
    let mut with = without.clone();
    with.sign(&secret).unwrap();
    let proven = |name: &str, by: &SecretKey| {
        let proof = (Text::new(name).unwrap(), by.sign(Purpose::Charter, &with.id().0));
        four.input(&changed(&with, |raw| raw.proofs = vec![proof]))
    };
    vec![
        good(
            "amendment/a-witness",
            "05:20",
            "a new witness has signed as well",
            four.input(&with.encode()),
        ),
        bad(
            "amendment/a-witness-without-its-signature",
            "05:20",
            "a new witness has not signed",
            four.input(&without.encode()),
            "not signed yet by court.example.org",
        ),
        bad(
            "amendment/a-witness-with-a-signature-by-another-key",
            "05:20",
            "a new witness's proof is by another key",
            proven("court.example.org", &key(711)),
            "the signature of court.example.org",
        ),
        bad(
            "amendment/a-proof-of-no-new-witness",
            "05:20",
            "somebody else has signed in the place of the new witness",
            proven("other.example.org", &key(711)),
            "the signature of other.example.org",
        ),
    ]
}
