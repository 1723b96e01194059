//! Entries, and what a log admits: chain and authority.

use super::statements::replace;
use super::{Vector, bad, good};
use cairn_ledger::authority::{AUTHORISE, Authorisation, REVOKE, Scope};
use cairn_ledger::charter::Rules;
use cairn_ledger::hash::{Bytes, EntryHash};
use cairn_ledger::statement::Timestamp;
use cairn_ledger::text::Text;
use cairn_ledger::{Entry, Kind, SecretKey, SignedStatement, Statement, Topic};
use cairn_tests::people::{NOON, NOTE, Network, key};
use serde_json::{Value, json};

pub(crate) fn make_entries() -> Vec<Vector> {
    let network = Network::of(1);
    let id = network.charter.network().to_string();
    let input = |bytes: &[u8]| json!({ "network": id, "bytes": hex::encode(bytes) });
    let entry = Entry::place(3, EntryHash([9; 32]), network.note(0, 7));
    let bytes = entry.bytes();
    let with = |at: usize, value: u8| {
        let mut altered = bytes.to_vec();
        altered[at] = value;
        input(&altered)
    };
    let mut long = bytes.to_vec();
    long.resize(65_536, 0);
    let foreign = json!({ "network": "22".repeat(32), "bytes": hex::encode(bytes) });
    let said = network.note(0, 7).bytes().to_vec();
    let no_statement =
        replace(bytes, &[&(said.len() as u64).to_le_bytes()[..], &said].concat(), &[0; 8]);
    let last = bytes.len() - 1;
    vec![
        good("entry/one", "03:1", "an entry at position 3", input(bytes)),
        good(
            "entry/another-position",
            "03:4",
            "the position is not signed by the contributor: another entry with another hash",
            with(2, 4),
        ),
        bad(
            "entry/truncated",
            "01:8",
            "the last byte is missing",
            input(&bytes[..last]),
            "not in the format",
        ),
        bad(
            "entry/trailing-byte",
            "01:8",
            "a byte follows the end",
            input(&[bytes, &[0]].concat()),
            "1 bytes follow",
        ),
        bad(
            "entry/unknown-version",
            "01:9",
            "the entry has format 7",
            with(0, 7),
            "format version 7",
        ),
        bad("entry/oversized", "03:3", "65,536 bytes", input(&long), "the limit is 65535"),
        bad(
            "entry/no-statement",
            "03:1",
            "the statement is empty",
            input(&no_statement),
            "no format version",
        ),
        bad(
            "entry/bad-signature",
            "02:12",
            "one bit of the signature is flipped",
            with(last, bytes[last] ^ 1),
            "does not match",
        ),
        bad(
            "entry/wrong-network",
            "02:11",
            "it was said in another network",
            foreign,
            "belongs to network",
        ),
    ]
}

/// A log that is written entry by entry, with the last one as the vector.
pub(super) struct Book {
    pub(super) network: Network,
    before: Vec<Entry>,
}

impl Book {
    pub(super) fn new(network: Network) -> Self {
        Self { network, before: Vec::new() }
    }

    pub(super) fn then(mut self, statement: SignedStatement) -> Self {
        let entry = self.next(statement);
        self.before.push(entry);
        self
    }

    fn next(&self, statement: SignedStatement) -> Entry {
        let last = self.before.last().map_or(EntryHash::NONE, Entry::hash);
        Entry::place(self.before.len() as u64, last, statement)
    }

    /// All entries so far.
    pub(super) fn entries(&self) -> Vec<String> {
        self.before.iter().map(|entry| hex::encode(entry.bytes())).collect()
    }

    fn input(&self, entry: &Entry) -> Value {
        let before = self.entries();
        json!({
            "charter": hex::encode(self.network.charter.encode()),
            "member": self.network.people[0].code.as_str(),
            "before": before,
            "entry": hex::encode(entry.bytes()),
        })
    }

    pub(super) fn say(&self, statement: SignedStatement) -> Value {
        self.input(&self.next(statement))
    }
}

/// A log whose contributor was authorised within a scope.
fn scoped(scope: Scope) -> Book {
    let network = Network::of(1);
    let authorised = network.authorise(0, &network.people[0].contributor, scope);
    Book::new(network).then(authorised)
}

pub(crate) fn make_logs() -> Vec<Vector> {
    let mut all = chain();
    all.extend(administration());
    all.extend(scopes());
    all.extend(revocation());
    all
}

fn chain() -> Vec<Vector> {
    let book = scoped(Scope::default());
    let note = |n| book.network.note(0, n);
    let book = scoped(Scope::default()).then(note(7));
    let last = book.before[1].hash();
    let place = |position, previous, n| book.input(&Entry::place(position, previous, note(n)));
    let two = Network::of(2);
    let mut foreign = two.statement(1, 8, NOTE, Bytes(Vec::new()));
    foreign.network = book.network.charter.network();
    let foreign = book.say(foreign.sign(&[&book.network.people[0].contributor]));
    vec![
        good("log/next-entry", "03:5", "the entry follows the last one", place(2, last, 8)),
        good(
            "log/same-reference",
            "02:7",
            "that a reference stands twice is for the node to notice, not for the log",
            place(2, last, 7),
        ),
        bad(
            "log/wrong-previous",
            "03:6",
            "the entry names another one before it",
            place(2, EntryHash([1; 32]), 8),
            "the log ends in",
        ),
        bad(
            "log/gap",
            "03:6",
            "the entry is one position too far",
            place(3, last, 8),
            "the next free one is 2",
        ),
        bad(
            "log/known",
            "03:6",
            "the entry is held already",
            book.input(&book.before[1]),
            "held already",
        ),
        bad(
            "log/fork",
            "03:6",
            "another entry stands at that position",
            place(1, book.before[0].hash(), 8),
            "already holds entry",
        ),
        bad(
            "log/wrong-member",
            "03:6",
            "the statement is for another member",
            foreign,
            "for member M001",
        ),
    ]
}

fn administration() -> Vec<Vector> {
    let network = Network::of(1);
    let (root, own) = (&network.people[0].secrets.root, &network.people[0].contributor);
    let empty = || Book::new(network.clone());
    let one = || empty().then(network.authorise(0, own, Scope::default()));
    let kind = |kind: u16, keys: &[&SecretKey]| {
        network.statement(0, 9, Kind(kind), Bytes(vec![1])).sign(keys)
    };
    let said = network.authorise(0, own, Scope::default()).statement().clone();
    let other = key(91);
    let weak = Authorisation {
        key: super::statements::WEAK,
        office: Text::new("Nobody").unwrap(),
        scope: Scope::default(),
    };
    let weak = network.statement(0, 9, AUTHORISE, weak.encode()).sign(&[root]);
    let unordered = Scope { kinds: vec![Kind(200), Kind(100)], ..Scope::default() };
    let early = empty().say(network.note(0, 7));
    vec![
        good(
            "log/authorisation",
            "03:14",
            "the root key authorises a contributor",
            empty().say(network.authorise(0, own, Scope::default())),
        ),
        good(
            "log/unknown-administrative-kind",
            "03:17",
            "the root key says a kind below 100 that is not defined yet",
            one().say(kind(99, &[root])),
        ),
        good(
            "log/unknown-kind",
            "00:5",
            "a contributor says a kind that no reader knows",
            one().say(kind(65_535, &[own])),
        ),
        bad(
            "log/not-authorised",
            "03:18",
            "the log has not said that this key speaks for the member",
            early,
            "is not authorised",
        ),
        bad(
            "log/authorised-by-contributor",
            "03:13",
            "a contributor authorises itself",
            one().say(said.clone().sign(&[own])),
            "root key alone",
        ),
        bad(
            "log/authorised-by-two",
            "03:13",
            "root key and contributor sign an authorisation together",
            one().say(said.clone().sign(&[root, own])),
            "root key alone",
        ),
        bad(
            "log/root-says-a-kind",
            "03:13",
            "the root key says an ordinary kind",
            one().say(kind(60_000, &[root])),
            "root key does not make",
        ),
        bad(
            "log/root-beside-contributor",
            "03:13",
            "the root key signs an ordinary kind beside a contributor",
            one().say(kind(60_000, &[root, own])),
            "root key does not make",
        ),
        bad(
            "log/one-of-two-unknown",
            "03:18",
            "the second of two signers is not authorised",
            one().say(kind(60_000, &[own, &other])),
            "is not authorised",
        ),
        bad(
            "log/weak-key-authorised",
            "03:15",
            "a key of small order is authorised",
            one().say(weak),
            "is not authorised",
        ),
        bad(
            "log/authorisation-unreadable",
            "03:22",
            "an authorisation whose fields end early",
            one().say(kind(1, &[root])),
            "cannot be read",
        ),
        bad(
            "log/scope-descending",
            "03:14",
            "a scope's kinds are not in ascending order",
            one().say(network.authorise(0, own, unordered)),
            "ascending",
        ),
        bad(
            "log/revocation-unreadable",
            "03:22",
            "a revocation whose fields end early",
            one().say(kind(2, &[root])),
            "cannot be read",
        ),
    ]
}

fn scopes() -> Vec<Vector> {
    let network = Network::of(1);
    let own = &network.people[0].contributor;
    let say = |scope: Scope, kind: Kind, topics: &[&str], made_at: i64| {
        let statement = Statement {
            topics: topics.iter().map(|text| Topic::new(text).unwrap()).collect(),
            made_at: Timestamp(made_at),
            ..network.statement(0, 9, kind, Bytes(Vec::new()))
        };
        scoped(scope).say(statement.sign(&[own]))
    };
    let noon = NOON.0;
    let kinds = Scope { kinds: vec![Kind(100), NOTE], ..Scope::default() };
    let topics = Scope { topics: vec![Topic::new("case/A").unwrap()], ..Scope::default() };
    let times = || Scope {
        not_before: Some(NOON),
        not_after: Some(Timestamp(noon + 9)),
        ..Scope::default()
    };
    let rules =
        Rules { two_people: vec![NOTE], secretariat_signs: false, ..Rules::two_thirds_of(1) };
    let ruled = Network::ruled(1, rules);
    let other = key(92);
    let mut second = ruled.authorise(0, &other, Scope::default()).statement().clone();
    second.reference.0[0] = 2;
    let both = Book::new(ruled.clone())
        .then(ruled.authorise(0, own, Scope::default()))
        .then(second.sign(&[&ruled.people[0].secrets.root]));
    let note = ruled.note(0, 7).statement().clone();
    vec![
        good(
            "log/kind-in-scope",
            "03:18",
            "the kind is among those authorised",
            say(kinds.clone(), NOTE, &[], noon),
        ),
        good(
            "log/topic-in-scope",
            "03:18",
            "one of two topics is among those authorised",
            say(topics.clone(), NOTE, &["case/A", "case/B"], noon),
        ),
        good(
            "log/time-at-the-end",
            "03:18",
            "made at the last second of the authorisation",
            say(times(), NOTE, &[], noon + 9),
        ),
        good(
            "log/two-people",
            "03:21",
            "two contributors sign a kind that needs two",
            both.say(note.clone().sign(&[own, &other])),
        ),
        bad(
            "log/kind-out-of-scope",
            "03:18",
            "the kind is not among those authorised",
            say(kinds, Kind(101), &[], noon),
            "cover its kind",
        ),
        bad(
            "log/topic-out-of-scope",
            "03:18",
            "no topic is among those authorised",
            say(topics.clone(), NOTE, &["case/B"], noon),
            "cover its topics",
        ),
        bad(
            "log/no-topic-in-scope",
            "03:18",
            "a scope names topics and the statement has none",
            say(topics, NOTE, &[], noon),
            "cover its topics",
        ),
        bad(
            "log/too-early",
            "03:18",
            "made a second before the authorisation begins",
            say(times(), NOTE, &[], noon - 1),
            "cover its time",
        ),
        bad(
            "log/too-late",
            "03:18",
            "made a second after the authorisation ends",
            say(times(), NOTE, &[], noon + 10),
            "cover its time",
        ),
        bad(
            "log/one-of-two-people",
            "03:21",
            "one contributor signs a kind that needs two",
            both.say(note.sign(&[own])),
            "two contributors",
        ),
    ]
}

fn revocation() -> Vec<Vector> {
    let network = Network::of(1);
    let own = &network.people[0].contributor;
    let revoked = || {
        let before = scoped(Scope::default()).then(network.note(0, 7));
        before.then(network.revoke(0, own))
    };
    let stranger =
        network.statement(0, 9, REVOKE, network.revoke(0, &key(93)).statement().body.clone());
    let stranger = stranger.sign(&[&network.people[0].secrets.root]);
    let again = || revoked().then(network.authorise(0, own, Scope::default()));
    vec![
        good(
            "log/revocation",
            "03:16",
            "the root key revokes a contributor",
            scoped(Scope::default()).say(network.revoke(0, own)),
        ),
        good(
            "log/revocation-leaves-what-was-said",
            "03:20",
            "the log goes on behind a revocation, with what was said before it",
            revoked().say(network.authorise(0, &key(94), Scope::default())),
        ),
        good(
            "log/authorised-again",
            "03:19",
            "a revoked key is authorised again and speaks",
            again().say(network.note(0, 8)),
        ),
        bad(
            "log/revoked",
            "03:18",
            "the key was revoked before",
            revoked().say(network.note(0, 8)),
            "was revoked at position 2",
        ),
        bad(
            "log/revokes-a-stranger",
            "03:16",
            "a key is revoked that the log never authorised",
            scoped(Scope::default()).say(stranger),
            "is not authorised",
        ),
    ]
}
