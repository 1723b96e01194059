//! What a statement is worth follows from the entries alone: from no clock and no order of arrival.

use cairn_casebook::case::Line;
use cairn_casebook::fact::{Casualties, EntryRef, Fact, Retraction, Says};
use cairn_casebook::vocabulary::{Basis, Reason, Verification};
use cairn_casebook::{Case, CaseId, Date, Stated, topics};
use cairn_ledger::authority::Scope;
use cairn_ledger::charter::MemberKind;
use cairn_ledger::statement::Timestamp;
use cairn_ledger::{Entry, Log, PublicKey, SecretKey, SignedStatement, Statement};
use cairn_tests::people::{NOON, Network, key};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::sync::LazyLock;

const MEMBERS: usize = 3;

static NETWORK: LazyLock<Network> = LazyLock::new(|| Network::of(MEMBERS));

/// What somebody attempts at a member's node; whoever may not is refused.
#[derive(Debug, Clone)]
enum Act {
    /// This contributor states how many were killed.
    Say(usize, u8),
    /// This contributor takes back what stands so many entries before.
    Retract(usize, u8),
    Authorise(usize),
    Suspend(usize),
    Revoke(usize),
    /// Compromised since so many seconds after noon.
    Compromised(usize, i64),
}

fn act() -> impl Strategy<Value = Act> {
    let who = 0..3_usize;
    prop_oneof![
        6 => (who.clone(), any::<u8>()).prop_map(|(who, killed)| Act::Say(who, killed)),
        3 => (who.clone(), 1..6_u8).prop_map(|(who, back)| Act::Retract(who, back)),
        2 => who.clone().prop_map(Act::Authorise),
        1 => who.clone().prop_map(Act::Suspend),
        1 => who.clone().prop_map(Act::Revoke),
        1 => (who, -9..109_i64).prop_map(|(who, since)| Act::Compromised(who, since)),
    ]
}

/// Whose log, when by the author's own word, and what.
fn acts() -> impl Strategy<Value = Vec<(usize, i64, Act)>> {
    prop::collection::vec((0..MEMBERS, 0..100_i64, act()), 5..60)
}

fn contributor(member: usize, who: usize) -> SecretKey {
    key(1_000 + (member * 10 + who) as u64)
}

fn says() -> Says {
    let (basis, verification) = (Basis::Observation, Verification::Unverified);
    Says { basis, verification, as_of: Date::of(NOON) }
}

fn case() -> CaseId {
    CaseId::derived("a case of which everybody speaks")
}

/// One member's log, written by whoever may.
struct Book {
    member: usize,
    log: Log,
    entries: Vec<Entry>,
}

impl Book {
    fn new(member: usize) -> Self {
        let log = Log::new(&NETWORK.charter, &NETWORK.people[member].code).unwrap();
        let mut book = Self { member, log, entries: Vec::new() };
        (0..2).for_each(|who| book.attempt(0, &Act::Authorise(who)));
        book
    }

    fn attempt(&mut self, seconds: i64, act: &Act) {
        let signed = match act {
            Act::Say(who, killed) => self.state(*who, seconds, self.casualties(*killed)),
            Act::Retract(who, back) => {
                let Some(fact) = self.retraction(*back) else { return };
                self.state(*who, seconds, fact)
            }
            Act::Authorise(who) => {
                let key = contributor(self.member, *who);
                self.by_root(seconds, NETWORK.authorise(self.member, &key, Scope::default()))
            }
            Act::Suspend(who) => {
                let key = contributor(self.member, *who);
                self.by_root(seconds, NETWORK.suspend(self.member, &key))
            }
            Act::Revoke(who) => {
                let key = contributor(self.member, *who);
                self.by_root(seconds, NETWORK.revoke(self.member, &key))
            }
            Act::Compromised(who, since) => {
                let (key, since) = (contributor(self.member, *who), Timestamp(NOON.0 + since));
                let said = NETWORK.compromised(self.member, &key, since);
                self.by_root(seconds, said.sign(&[&NETWORK.people[self.member].secrets.root]))
            }
        };
        if self.log.judge(&signed).is_ok() {
            let entry = Entry::place(self.log.size(), self.log.last(), signed);
            self.log.admit(&entry, |_| None).unwrap();
            self.entries.push(entry);
        }
    }

    fn casualties(&self, killed: u8) -> Fact {
        let (injured, detained, missing, by_state) = (None, None, None, Vec::new());
        let (says, killed) = (says(), Some(killed.into()));
        Fact::Casualties(Casualties { says, killed, injured, detained, missing, by_state })
    }

    fn retraction(&self, back: u8) -> Option<Fact> {
        let at = self.entries.len().checked_sub(back.into())?;
        let (entry, member) = (&self.entries[at], NETWORK.people[self.member].code.clone());
        let target = EntryRef { member, position: entry.position(), hash: entry.hash() };
        let (reason, text) = (Reason::MadeInError, Default::default());
        Some(Fact::Retraction(Retraction { says: says(), target, reason, text }))
    }

    fn state(&self, who: usize, seconds: i64, fact: Fact) -> SignedStatement {
        let number = 1_000 + self.entries.len() as u64;
        let statement = Statement {
            made_at: Timestamp(NOON.0 + seconds),
            topics: topics(&[case()], None),
            ..NETWORK.statement(self.member, number, fact.kind(), fact.encode())
        };
        statement.sign(&[&contributor(self.member, who)])
    }

    fn by_root(&self, seconds: i64, signed: SignedStatement) -> SignedStatement {
        let mut statement = signed.statement().clone();
        statement.made_at = Timestamp(NOON.0 + seconds);
        statement.reference.0[8..].copy_from_slice(&(self.entries.len() as u64).to_le_bytes());
        statement.sign(&[&NETWORK.people[self.member].secrets.root])
    }
}

fn books(acts: &[(usize, i64, Act)]) -> Vec<Book> {
    let mut books: Vec<_> = (0..MEMBERS).map(Book::new).collect();
    acts.iter().for_each(|(member, seconds, act)| books[*member].attempt(*seconds, act));
    books
}

/// The entries by which an entry is marked, from the sentence of the specification word by word (03:31).
fn marked_by(book: &Book, entry: &Entry) -> Option<u64> {
    let signers: Vec<PublicKey> = entry.signed().signatures().iter().map(|one| one.key).collect();
    let marks = |by: &&Entry| {
        let Ok(said) = cairn_ledger::administration::Compromise::decode(&by.statement().body)
        else {
            return false;
        };
        let compromises = by.statement().kind == cairn_ledger::administration::COMPROMISED;
        let until = &book.entries[..=usize::try_from(by.position()).unwrap()];
        let from = until.iter().position(|one| one.statement().made_at >= said.since);
        let from = from.map_or(by.position(), |from| from as u64);
        let within = from <= entry.position() && entry.position() < by.position();
        compromises && within && signers.contains(&said.key)
    };
    let is_statement = !entry.statement().kind.is_administrative();
    book.entries.iter().filter(|_| is_statement).find(marks).map(Entry::position)
}

/// The case as whoever holds these logs computes it, taking the statements in this order.
fn fold(books: &[Book], logs: &[Log], order: impl Iterator<Item = usize>) -> Vec<Line> {
    let all: Vec<_> = books.iter().flat_map(|book| &book.entries).collect();
    let about = |entry: &&&Entry| !entry.statement().topics.is_empty();
    let stated = |at: usize| {
        let entry = all[at];
        let log = logs.iter().find(|log| *log.member() == entry.statement().member).unwrap();
        let compromised_by = log.authority().mark_of(entry);
        let kind = Some(MemberKind::State);
        about(&&entry).then(|| Stated { compromised_by, ..Stated::read(entry, kind) })
    };
    let statements: Vec<_> = order.filter_map(stated).collect();
    Case::fold(case(), statements).timeline
}

fn config() -> ProptestConfig {
    let (failure_persistence, rng_seed) = (None, RngSeed::Fixed(0xca12));
    ProptestConfig { failure_persistence, rng_seed, ..ProptestConfig::with_cases(96) }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn marks_are_those_of_the_specification_and_a_later_entry_takes_none_away(acts in acts()) {
        for book in books(&acts) {
            let mut log = Log::new(&NETWORK.charter, &NETWORK.people[book.member].code).unwrap();
            let mut before: Vec<u64> = Vec::new();
            for (size, entry) in book.entries.iter().enumerate() {
                log.admit(entry, |_| None).unwrap();
                let marked = book.entries[..=size].iter();
                let marked = marked.filter(|one| log.authority().mark_of(one).is_some());
                let marked: Vec<_> = marked.map(Entry::position).collect();
                prop_assert!(before.iter().all(|position| marked.contains(position)));
                before = marked;
            }
            for entry in &book.entries {
                prop_assert_eq!(log.authority().mark_of(entry), marked_by(&book, entry));
            }
        }
    }

    #[test]
    fn every_standing_is_the_same_in_whatever_order_logs_and_statements_arrive(
        acts in acts(),
        turns in prop::collection::vec(0..MEMBERS, 0..80),
        order in Just((0..200_usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let books = books(&acts);
        let total: usize = books.iter().map(|book| book.entries.len()).sum();
        let logs: Vec<_> = books.iter().map(|book| book.log.clone()).collect();
        let expected = fold(&books, &logs, 0..total);
        // Somebody else hears of the logs an entry at a time, in turns of chance.
        let mut heard: Vec<_> = books.iter().map(|book| Book::new(book.member).log).collect();
        let rest = (0..MEMBERS).flat_map(|member| std::iter::repeat_n(member, total));
        for member in turns.into_iter().chain(rest) {
            let next = usize::try_from(heard[member].size()).unwrap();
            if let Some(entry) = books[member].entries.get(next) {
                heard[member].admit(entry, |_| None).unwrap();
            }
        }
        let shuffled = order.into_iter().filter(|at| *at < total);
        prop_assert_eq!(fold(&books, &heard, shuffled), expected);
    }
}

#[test]
fn the_acts_of_chance_do_compromise_and_mark_something() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::new(config());
    let (mut marked, mut refused) = (0, 0);
    for _ in 0..40 {
        let acts = acts().new_tree(&mut runner).unwrap().current();
        let books = books(&acts);
        let entries = books.iter().map(|book| book.entries.len()).sum::<usize>();
        refused += acts.len() + 2 * MEMBERS - entries;
        marked += books
            .iter()
            .flat_map(|book| book.entries.iter().map(move |one| (book, one)))
            .filter(|(book, entry)| book.log.authority().mark_of(entry).is_some())
            .count();
    }
    assert!(marked > 20 && refused > 20, "{marked} {refused}");
}
