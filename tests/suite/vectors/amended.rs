//! What is shown of a network whose charter was amended: its charter's file, logs that have adopted a version,
//! and exports, receipts and fork proofs under keys that were replaced.

use super::{Vector, bad, good};
use cairn_ledger::authority::Scope;
use cairn_ledger::charter::{PendingCharter, join};
use cairn_ledger::export::Header;
use cairn_ledger::fork::RawFork;
use cairn_ledger::hash::Bytes;
use cairn_ledger::statement::Timestamp;
use cairn_ledger::{
    Charter, Checkpoint, Cosigned, Entry, Log, RawReceipt, SecretKey, SignedStatement, bundle,
    codec,
};
use cairn_tests::people::{NOON, Network, Person, key};
use cairn_tests::shown::{COSIGNED_AT, path, side};
use cairn_tests::sim::Face;
use serde_json::{Value, json};
use std::sync::Arc;

/// The network of three before and after all of them have other keys: the first its root and log key, the
/// others their cosigning keys.
struct Two {
    before: Network,
    after: Network,
}

fn amend(before: &Network, people: &[Person], seconds: i64, signers: usize) -> PendingCharter {
    let cards: Vec<_> = people.iter().map(|one| one.card().sign(&one.secrets)).collect();
    let (charter, at) = (&before.charter, Timestamp(NOON.0 + seconds));
    let rules = charter.rules().clone();
    let pending = PendingCharter::amend(charter, at, rules, &cards, Vec::new(), Vec::new());
    let mut pending = pending.unwrap();
    let signers = before.people.iter().take(signers);
    signers.for_each(|one| drop(pending.sign(&one.secrets.root).unwrap()));
    pending
}

impl Two {
    fn new() -> Self {
        let before = Network::of(3);
        let mut people = before.people.clone();
        (people[0].secrets.root, people[0].secrets.log) = (key(900), key(901));
        (people[1].secrets.cosign, people[2].secrets.cosign) = (key(902), key(903));
        let charter = before.charter.with(amend(&before, &people, 60, 3)).unwrap();
        Self { before, after: Network { charter: Arc::new(charter), people } }
    }

    /// The statement with which the first member's log adopts the second version.
    fn adoption(&self) -> SignedStatement {
        let log = Log::new(&self.after.charter, &self.after.people[0].code).unwrap();
        log.adoption(&self.after.people[0].secrets.log).unwrap()
    }

    /// An authorisation and a note, the adoption, and another note.
    fn log(&self, first: u64) -> Face {
        let said = vec![
            self.before.authorise(0, &self.before.people[0].contributor, Scope::default()),
            self.before.note(0, first),
            self.adoption(),
            self.after.note(0, first + 1),
        ];
        Face::of(&self.after, 0, said)
    }

    /// The same promise, by the key that was replaced.
    fn by_old_key(&self, face: &Face) -> Checkpoint {
        let origin = self.before.charter.origin(&face.log);
        Checkpoint::sign(&origin, face.checkpoint.head(), &self.before.people[0].secrets.log)
    }
}

pub(crate) fn make() -> Vec<Vector> {
    let two = Two::new();
    [files(&two), logs(&two), exports(&two), receipts(&two), forks(&two)].concat()
}

fn files(two: &Two) -> Vec<Vector> {
    let Two { before, after } = two;
    let other = before.charter.with(amend(before, &after.people, 120, 3)).unwrap();
    let mut versions = other.signed_versions();
    versions.extend(after.charter.signed_versions().pop());
    let [first, one, other] = <[Bytes; 3]>::try_from(versions).unwrap();
    let unsigned = Bytes(amend(before, &after.people, 60, 2).encode());
    let id = |bytes: &Bytes| {
        let charter = Charter::verify(&join(&[first.clone(), bytes.clone()]), None).unwrap();
        charter.id()
    };
    let [one, other] = if id(&one) < id(&other) { [one, other] } else { [other, one] };
    let of = |versions: &[&Bytes]| -> Value {
        let versions: Vec<_> = versions.iter().copied().cloned().collect();
        let id = before.charter.network().to_string();
        json!({ "network": id, "bytes": hex::encode(join(&versions)) })
    };
    let once = "one canonical encoding";
    vec![
        good("charter/two-versions", "05:25", "a version and its successor", of(&[&first, &one])),
        good(
            "charter/two-successors",
            "05:22",
            "two successors of one version are kept, and neither has force",
            of(&[&first, &one, &other]),
        ),
        bad(
            "charter/successors-descending",
            "05:25",
            "two successors are not in ascending order of id",
            of(&[&first, &other, &one]),
            once,
        ),
        bad(
            "charter/version-repeated",
            "05:30",
            "a version stands twice",
            of(&[&first, &one, &one]),
            once,
        ),
        bad(
            "charter/several-that-are-one",
            "05:25",
            "a file of several versions has one",
            of(&[&first]),
            once,
        ),
        bad(
            "charter/version-incomplete",
            "05:30",
            "the successor lacks a signature",
            of(&[&first, &unsigned]),
            "signed by 2 members of the version before, 3 are needed",
        ),
        bad(
            "charter/successor-alone",
            "05:30",
            "the first version is missing",
            of(&[&one]),
            "format version 2",
        ),
    ]
}

fn logs(two: &Two) -> Vec<Vector> {
    let Two { before, after } = two;
    let face = two.log(7);
    let person = &after.people[0];
    let input = |charter: &Charter, held: usize, said: Option<SignedStatement>| {
        let held_entries = &face.entries[..held];
        let last = held_entries.last().unwrap().hash();
        let entry = said.map(|said| Entry::place(held as u64, last, said));
        let entry = entry.as_ref().unwrap_or_else(|| &face.entries[held]);
        let hex = |entry: &Entry| hex::encode(entry.bytes());
        let earlier: Vec<_> = held_entries.iter().map(|one| hex(one)).collect();
        let charter = hex::encode(charter.encode());
        json!({ "charter": charter, "member": person.code, "before": earlier, "entry": hex(entry) })
    };
    let adoption = before.statement(0, 9, two.adoption().statement().kind, Bytes(Vec::new()));
    let adopts = |keys: &[&SecretKey]| {
        let body = two.adoption().statement().body.clone();
        Some(cairn_ledger::Statement { body, ..adoption.clone() }.sign(keys))
    };
    let own = &person.secrets;
    let authorise = |network: &Network| Some(network.authorise(0, &key(950), Scope::default()));
    let alone = "adopted by the log key that it lists";
    vec![
        good("log/adoption", "03:34", "the log adopts a version", input(&after.charter, 2, None)),
        bad(
            "log/adoption-by-the-key-before",
            "03:35",
            "the log key that was replaced adopts the version",
            input(&after.charter, 2, adopts(&[&before.people[0].secrets.log])),
            alone,
        ),
        bad(
            "log/adoption-by-two",
            "03:35",
            "the root key signs beside the log key",
            input(&after.charter, 2, adopts(&[&own.log, &own.root])),
            alone,
        ),
        bad(
            "log/adoption-again",
            "03:35",
            "the log has adopted that version already",
            input(&after.charter, 3, adopts(&[&own.log])),
            "behind version 2",
        ),
        bad(
            "log/adoption-of-what-is-not-at-hand",
            "03:37",
            "only the first version is at hand",
            input(&before.charter, 2, None),
            "not at hand",
        ),
        good(
            "log/root-key-after-adoption",
            "03:34",
            "the new root key authorises behind the adoption",
            input(&after.charter, 3, authorise(after)),
        ),
        bad(
            "log/root-key-before-adoption",
            "03:34",
            "the new root key authorises before the adoption",
            input(&after.charter, 2, authorise(after)),
            "root key",
        ),
        bad(
            "log/root-key-replaced",
            "03:34",
            "the old root key authorises behind the adoption",
            input(&after.charter, 3, authorise(before)),
            "root key",
        ),
    ]
}

fn exports(two: &Two) -> Vec<Vector> {
    let face = two.log(7);
    let id = two.before.charter.network().to_string();
    let input = |charter: &Charter, checkpoint: &Checkpoint| {
        let checkpoint = checkpoint.note().as_bytes().to_vec();
        let mut bytes = Header { charter: charter.encode(), checkpoint }.encode();
        face.entries.iter().for_each(|one| bundle::write(&mut bytes, one.bytes()).unwrap());
        json!({ "network": id, "bytes": hex::encode(bytes) })
    };
    vec![
        good(
            "export/adopted",
            "07:29",
            "the log has another key from its third entry on",
            input(&two.after.charter, &face.checkpoint),
        ),
        bad(
            "export/by-the-key-before",
            "07:29",
            "the promise is by the log key that was replaced",
            input(&two.after.charter, &two.by_old_key(&face)),
            "which is not the log's there",
        ),
        bad(
            "export/adopted-version-missing",
            "07:28",
            "the charter lacks the version that the log has adopted",
            input(&two.before.charter, &two.by_old_key(&face)),
            "not at hand",
        ),
    ]
}

fn receipts(two: &Two) -> Vec<Vector> {
    let (face, id) = (two.log(7), two.before.charter.network().to_string());
    let charter = &two.after.charter;
    let input = |checkpoint: &Checkpoint, cosigners: &Network| -> Value {
        // Each signs under the version that lists its key.
        let alone = Cosigned::new(checkpoint.clone());
        let sign = |cosigned: Cosigned, one: &Person| {
            cosigned.sign(&cosigners.charter, &one.code, COSIGNED_AT, &one.secrets.cosign)
        };
        let cosigned = cosigners.people[1..].iter().fold(alone, sign);
        let receipt = RawReceipt::new(charter, &face.entries[1], path(&face, 1), &cosigned);
        json!({ "network": id, "text": receipt.encode() })
    };
    vec![
        good(
            "receipt/two-versions",
            "10:10",
            "promised and cosigned with the keys of the second version",
            input(&face.checkpoint, &two.after),
        ),
        good(
            "receipt/under-the-version-before",
            "10:10",
            "promised and cosigned with the keys of the first version",
            input(&two.by_old_key(&face), &two.before),
        ),
        good(
            "receipt/cosigned-with-keys-replaced",
            "05:29",
            "promised with the key of the second version, and confirmed by nobody that it lists",
            input(&face.checkpoint, &two.before),
        ),
    ]
}

fn forks(two: &Two) -> Vec<Vector> {
    let (one, mut other) = (two.log(7), two.log(500));
    other.checkpoint = two.by_old_key(&other);
    let network = &two.after;
    let (one_side, other_side) = (side(network, 2, (&one, &[1])), side(network, 2, (&other, &[1])));
    let proof = RawFork::new(one.log.clone(), 2, one_side, other_side);
    let bytes = hex::encode(codec::encode(&proof));
    let input = |charter: &Charter| -> Value {
        json!({ "charter": hex::encode(charter.encode()), "bytes": bytes })
    };
    vec![
        good(
            "fork/by-two-keys",
            "11:13",
            "one side is by the log key that was replaced, the other by the new one",
            input(&network.charter),
        ),
        bad(
            "fork/by-a-key-not-listed-yet",
            "11:13",
            "the charter lists one of the two keys",
            input(&two.before.charter),
            "no valid signature",
        ),
    ]
}
