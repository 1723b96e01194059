//! A true log is believed; whatever is done to its bytes is noticed.

use super::{Against, Failure, Reason, Refutation, Verified, peek, verify};
use cairn_ledger::authority::{AUTHORISE, Authorisation, Scope};
use cairn_ledger::card::{Card, MemberSecrets};
use cairn_ledger::charter::{MemberKind, PendingCharter, Rules};
use cairn_ledger::export::Header;
use cairn_ledger::hash::{Bytes, NetworkId, Reference};
use cairn_ledger::statement::{STATEMENT_FORMAT, Timestamp};
use cairn_ledger::{
    Charter, Checkpoint, Cosigned, Entry, Kind, Log, MemberCode, SecretKey, SignedStatement,
    Statement, Text, bundle,
};
use std::collections::BTreeSet;

/// A network of States, and the log of the first of them, which has one contributor.
pub(crate) struct Village {
    pub(crate) charter: Charter,
    members: Vec<(MemberCode, MemberSecrets)>,
    contributor: SecretKey,
    log: Log,
    entries: Vec<Entry>,
}

impl Village {
    pub(crate) fn new(seed: u8, statements: u16) -> Self {
        Self::among(&["COD"], "COD", seed, statements)
    }

    /// The log of `author`. Villages of the same members and seed are one network.
    pub(crate) fn among(codes: &[&str], author: &str, seed: u8, statements: u16) -> Self {
        let key = |n: usize| SecretKey::from_seed([seed.wrapping_add(n as u8); 32]);
        let member = |(n, code): (usize, &&str)| {
            let (root, log, cosign, transport) =
                (key(5 * n + 1), key(5 * n + 2), key(5 * n + 3), key(5 * n + 4));
            (MemberCode::new(code).unwrap(), MemberSecrets { root, log, cosign, transport })
        };
        let mut members: Vec<_> = codes.iter().enumerate().map(member).collect();
        let card = |(code, secrets): &(MemberCode, MemberSecrets)| {
            let card = Card {
                format: cairn_ledger::card::CARD_FORMAT,
                code: code.clone(),
                name: Text::new(&format!("Invented State {code}")).unwrap(),
                kind: MemberKind::State,
                keys: secrets.public(),
                sealing: Vec::new(),
            };
            card.sign(secrets)
        };
        let cards: Vec<_> = members.iter().map(card).collect();
        let (name, rules) =
            ("test.example/cases".parse().unwrap(), Rules::two_thirds_of(codes.len()));
        let mut charter = PendingCharter::found(name, Timestamp(0), rules, &cards).unwrap();
        for (_, secrets) in &members {
            charter.sign(&secrets.root).unwrap();
        }
        let charter = charter.complete().unwrap();
        let at = codes.iter().position(|code| *code == author).unwrap();
        members.swap(0, at);
        let log = Log::new(&charter, &members[0].0).unwrap();
        let contributor = key(200);
        let mut village = Self { charter, members, contributor, log, entries: Vec::new() };
        village.authorise();
        (0..statements).for_each(|n| village.say(n));
        village
    }

    pub(crate) fn code(&self) -> &MemberCode {
        &self.members[0].0
    }

    fn secrets(&self) -> &MemberSecrets {
        &self.members[0].1
    }

    pub(crate) fn checkpoint(&self) -> Checkpoint {
        let origin = self.charter.origin(self.code());
        Checkpoint::sign(&origin, self.log.head(), &self.secrets().log)
    }

    /// The newest checkpoint, cosigned by so many of the others at this time and each a second later.
    pub(crate) fn cosigned(&self, others: usize, time: u64) -> Cosigned {
        let others = self.members[1..].iter().zip(time..).take(others);
        others.fold(Cosigned::new(self.checkpoint()), |cosigned, ((code, secrets), time)| {
            cosigned.sign(&self.charter, code, time, &secrets.cosign)
        })
    }

    pub(crate) fn network(&self) -> NetworkId {
        self.charter.network()
    }

    fn statement(&self, n: u16, kind: Kind, body: Vec<u8>) -> Statement {
        let mut reference = Reference::default();
        reference.0[..2].copy_from_slice(&n.to_be_bytes());
        Statement {
            format: STATEMENT_FORMAT,
            network: self.network(),
            member: self.code().clone(),
            reference,
            made_at: Timestamp(n.into()),
            kind,
            topics: Vec::new(),
            body: Bytes(body),
            sealed: Vec::new(),
        }
    }

    fn authorise(&mut self) {
        let office = Text::new("Focal point").unwrap();
        let key = self.contributor.public();
        let body = Authorisation { key, office, scope: Scope::default() }.encode();
        let statement = self.statement(0xffff, AUTHORISE, body.0).sign(&[&self.secrets().root]);
        self.place(statement);
    }

    pub(crate) fn say(&mut self, n: u16) {
        let statement = self.statement(n, Kind(9_999), vec![7; usize::from(n % 40)]);
        self.place(statement.sign(&[&self.contributor]));
    }

    fn place(&mut self, statement: SignedStatement) {
        let entry = Entry::place(self.log.size(), self.log.last(), statement);
        self.log.admit(&entry, |_| None).unwrap();
        self.entries.push(entry);
    }

    fn header(&self) -> Vec<u8> {
        let checkpoint = self.checkpoint().note().as_bytes().to_vec();
        Header { charter: self.charter.encode(), checkpoint }.encode()
    }

    pub(crate) fn file(&self) -> Vec<u8> {
        self.file_of(&self.entries)
    }

    fn file_of<'a>(&self, entries: impl IntoIterator<Item = &'a Entry>) -> Vec<u8> {
        let mut out = self.header();
        for entry in entries {
            bundle::write(&mut out, entry.bytes()).unwrap();
        }
        out
    }
}

fn check(bytes: &[u8], network: NetworkId) -> Result<Verified, Failure> {
    verify(bytes, &Against::network(network), &BTreeSet::new(), |_| {})
}

fn refutation(bytes: &[u8], network: NetworkId) -> Refutation {
    match check(bytes, network) {
        Err(Failure::Refuted(refutation)) => refutation,
        Err(Failure::Unreadable(error)) => panic!("unreadable: {error}"),
        Ok(_) => panic!("believed"),
    }
}

#[test]
fn a_true_log_is_believed_whatever_its_size() {
    for statements in [0, 1, 31, 200, 5_000] {
        let village = Village::new(10, statements);
        let file = village.file();
        let verified = check(&file, village.network()).unwrap();
        assert_eq!(verified.size, u64::from(statements) + 1);
        assert_eq!((verified.root, verified.last), (village.log.head().root, village.log.last()));
        assert_eq!(verified.bytes, file.len() as u64);
        assert_eq!(verified.signatures, verified.size);
        assert_eq!(verified.kinds.get(&AUTHORISE), Some(&1));
        let peeked = peek(&file[..], &Against::network(village.network())).unwrap();
        assert_eq!((peeked.member, peeked.size), (village.code().clone(), verified.size));
    }
}

#[test]
fn an_empty_log_is_believed() {
    let mut village = Village::new(10, 0);
    village.log = Log::new(&village.charter, village.code()).unwrap();
    let verified = check(&village.header(), village.network()).unwrap();
    assert_eq!((verified.size, verified.root), (0, cairn_ledger::tree::empty_root()));
}

#[test]
fn a_file_cut_anywhere_is_refuted() {
    let village = Village::new(20, 9);
    let file = village.file();
    for length in 0..file.len() {
        refutation(&file[..length], village.network());
    }
}

#[test]
fn a_flipped_bit_anywhere_is_refuted() {
    let village = Village::new(30, 4);
    let file = village.file();
    for (index, bit) in (0..file.len()).zip((0..8).cycle()) {
        let mut flipped = file.clone();
        flipped[index] ^= 1 << bit;
        refutation(&flipped, village.network());
    }
}

#[test]
fn a_fault_is_told_with_its_position_and_byte() {
    let village = Village::new(40, 6_000);
    let mut file = village.file();
    let before: usize = village.entries[..4_500].iter().map(|entry| entry.bytes().len() + 2).sum();
    let entry_at = village.header().len() + before + 2;
    let signature_at = entry_at + village.entries[4_500].bytes().len() - 1;
    file[signature_at] ^= 1;
    // A second fault behind it does not hide the first.
    let end = file.len() - 1;
    file[end] ^= 1;
    let refutation = refutation(&file, village.network());
    assert_eq!(refutation.position, Some(4_500));
    assert_eq!(refutation.offset, entry_at as u64);
    assert!(matches!(refutation.reason, Reason::Verify(_)), "{refutation}");
}

#[test]
fn bytes_that_nobody_signed_are_refuted() {
    let village = Village::new(50, 3);
    for extra in [&[0][..], &[0, 0], &[0, 1, 7]] {
        let file = [&village.file(), extra].concat();
        let refutation = refutation(&file, village.network());
        assert_eq!(refutation.reason, Reason::Trailing { promised: 4 });
    }
}

#[test]
fn missing_and_reordered_entries_are_refuted() {
    let village = Village::new(60, 5);
    let (all, network) = (&village.entries, village.network());
    let missing = refutation(&village.file_of(&all[..5]), network);
    assert_eq!(missing.reason, Reason::TooFew { found: 5, promised: 6 });
    let skipped = village.file_of(all[..2].iter().chain(&all[3..]));
    assert!(matches!(refutation(&skipped, network).reason, Reason::Admit(_)));
    let swapped = village.file_of([0, 1, 3, 2, 4, 5].map(|index: usize| &all[index]));
    let swapped = refutation(&swapped, network);
    assert_eq!(swapped.position, Some(2));
    assert!(matches!(swapped.reason, Reason::Admit(_)));
}

#[test]
fn another_network_is_refuted() {
    let (village, other) = (Village::new(70, 2), Village::new(80, 2));
    let refused = refutation(&village.file(), other.network());
    assert!(matches!(refused.reason, Reason::Charter(_)), "{refused}");
    let mixed = village.file_of(&other.entries);
    assert!(matches!(refutation(&mixed, village.network()).reason, Reason::Verify(_)));
}

#[test]
fn a_contributor_that_the_log_does_not_know_is_refuted() {
    let mut village = Village::new(90, 1);
    village.contributor = SecretKey::from_seed([1; 32]);
    let signed = village.statement(7, Kind(9_999), Vec::new()).sign(&[&village.contributor]);
    let entry = Entry::place(village.log.size(), village.log.last(), signed);
    village.log.replay(&entry);
    village.entries.push(entry);
    let refused = refutation(&village.file(), village.network());
    assert_eq!(refused.position, Some(2));
    assert!(matches!(refused.reason, Reason::Admit(_)), "{refused}");
}

#[test]
fn a_rewritten_history_has_another_root() {
    let village = Village::new(100, 5);
    let sizes = BTreeSet::from([0, 3, 6, 99]);
    let file = village.file();
    let verified = verify(&file[..], &Against::network(village.network()), &sizes, |_| {}).unwrap();
    assert_eq!(verified.roots.keys().copied().collect::<Vec<_>>(), [0, 3, 6]);
    assert_eq!(verified.roots.get(&6), Some(&verified.root));
    let mut other = Village::new(100, 4);
    other.say(77);
    let forked = [village.header(), other.file()[other.header().len()..].to_vec()].concat();
    let refused = refutation(&forked, village.network());
    assert!(matches!(refused.reason, Reason::WrongRoot { .. }), "{refused}");
}
