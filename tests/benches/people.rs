//! Statements whose entries have 512 bytes, signed before anything is measured.

use cairn_casebook::fact::{Note, Says};
use cairn_casebook::vocabulary::{Basis, Verification};
use cairn_casebook::{CaseId, Date, Fact, topics};
use cairn_ledger::authority::{AUTHORISE, Authorisation, Scope};
use cairn_ledger::hash::{Bytes, Reference};
use cairn_ledger::statement::{Kind, STATEMENT_FORMAT, Timestamp};
use cairn_ledger::text::{MemberCode, Text};
use cairn_ledger::{Entry, EntryHash, NetworkId, SecretKey, SignedStatement, Statement};
use rayon::prelude::*;

/// The size of an entry in all measurements.
pub(crate) const ENTRY_BYTES: usize = 512;
/// Statements are about so many cases.
const CASES: u64 = 1000;

/// A contributor of a member.
#[derive(Clone)]
pub(crate) struct Contributor {
    pub(crate) network: NetworkId,
    pub(crate) member: MemberCode,
    pub(crate) root: SecretKey,
    pub(crate) key: SecretKey,
}

impl Contributor {
    fn statement(&self, number: u64, kind: Kind, body: Bytes, key: &SecretKey) -> SignedStatement {
        let mut reference = Reference::default();
        reference.0[..8].copy_from_slice(&number.to_be_bytes());
        let case = CaseId::derived(&(number % CASES).to_string());
        let statement = Statement {
            format: STATEMENT_FORMAT,
            network: self.network,
            member: self.member.clone(),
            reference,
            made_at: Timestamp(1_700_000_000),
            kind,
            topics: if kind == AUTHORISE { Vec::new() } else { topics(&[case], None) },
            body,
            sealed: Vec::new(),
        };
        statement.sign(&[key])
    }

    /// The statement with which the member lets this contributor speak.
    pub(crate) fn authorisation(&self) -> SignedStatement {
        let (key, scope) = (self.key.public(), Scope::default());
        let office = Text::new("focal point").expect("a short text");
        let body = Authorisation { key, office, scope }.encode();
        self.statement(u64::MAX, AUTHORISE, body, &self.root)
    }

    fn note(&self, number: u64, length: usize) -> SignedStatement {
        let says = Says {
            basis: Basis::Observation,
            verification: Verification::SingleSource,
            as_of: Date::new(2026, 11, 20).expect("a date"),
        };
        let text = format!("{number:0>length$}");
        let fact = Fact::Note(Note { says, text: Text::new(&text).expect("digits") });
        self.statement(number, fact.kind(), fact.encode(), &self.key)
    }

    /// Notes with these numbers, each of which makes an entry of 512 bytes.
    pub(crate) fn notes(&self, numbers: std::ops::Range<u64>) -> Vec<SignedStatement> {
        let short = Entry::place(1, EntryHash::NONE, self.note(0, 20)).bytes().len();
        let length = 20 + ENTRY_BYTES - short;
        numbers.into_par_iter().map(|number| self.note(number, length)).collect()
    }
}

/// Places statements one after the other.
pub(crate) fn chain(statements: Vec<SignedStatement>) -> Vec<Entry> {
    let mut previous = EntryHash::NONE;
    let place = |(position, statement)| {
        let entry = Entry::place(position, previous, statement);
        previous = entry.hash();
        entry
    };
    (0..).zip(statements).map(place).collect()
}
