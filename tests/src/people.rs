//! An invented network: members with keys that follow from their numbers, and what they can say.

use cairn_ledger::administration::{COMPROMISED, Compromise, SUSPEND, Suspension};
use cairn_ledger::authority::{AUTHORISE, Authorisation, REVOKE, Revocation, Scope};
use cairn_ledger::card::{Card, MemberKind, MemberSecrets};
use cairn_ledger::charter::{Charter, PendingCharter, Rules};
use cairn_ledger::hash::{Bytes, Reference};
use cairn_ledger::statement::Timestamp;
use cairn_ledger::text::{MemberCode, NetworkName, Text};
use cairn_ledger::{Kind, SecretKey, SignedStatement, Statement};
use std::sync::Arc;

/// The kind of the statements that invented contributors make: the ledger does not read them.
pub const NOTE: Kind = Kind(60_000);
/// When everything in an invented network is said to happen.
pub const NOON: Timestamp = Timestamp(1_790_000_000);

/// A member with all its secrets.
#[derive(Debug, Clone)]
pub struct Person {
    /// Its code.
    pub code: MemberCode,
    /// Its own keys.
    pub secrets: MemberSecrets,
    /// The key of its one contributor.
    pub contributor: SecretKey,
}

/// Members and the charter that they all signed.
#[derive(Debug, Clone)]
pub struct Network {
    /// The charter in force.
    pub charter: Arc<Charter>,
    /// The members, in the order of the charter.
    pub people: Vec<Person>,
}

/// Two thirds for everything, and nothing that needs two people.
fn plain(members: usize) -> Rules {
    let two_people = Vec::new();
    Rules { secretariat_signs: false, two_people, ..Rules::two_thirds_of(members) }
}

/// The secret key that belongs to a number.
#[must_use]
pub fn key(number: u64) -> SecretKey {
    let mut seed = [0x43; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    SecretKey::from_seed(seed)
}

impl Person {
    /// The member with this number.
    #[must_use]
    pub fn new(number: usize) -> Self {
        let first = number as u64 * 8;
        let [root, log, cosign, transport] = [0, 1, 2, 3].map(|n| key(first + n));
        Self {
            code: MemberCode::new(&format!("M{number:03}")).expect("a code"),
            secrets: MemberSecrets { root, log, cosign, transport },
            contributor: key(first + 4),
        }
    }

    /// Its card, unsigned.
    #[must_use]
    pub fn card(&self) -> Card {
        Card {
            format: 1,
            code: self.code.clone(),
            name: Text::new(&format!("Invented member {}", self.code)).expect("a name"),
            kind: MemberKind::State,
            keys: self.secrets.public(),
            sealing: Vec::new(),
        }
    }
}

impl Network {
    /// A network of so many members; the same one every time.
    #[must_use]
    pub fn of(members: usize) -> Self {
        Self::ruled(members, plain(members))
    }

    /// The same with other rules.
    #[must_use]
    pub fn ruled(members: usize, rules: Rules) -> Self {
        Self::of_people((0..members).map(Person::new).collect(), rules)
    }

    /// A network of these people, ascending by code.
    #[must_use]
    pub fn of_people(people: Vec<Person>, rules: Rules) -> Self {
        let cards: Vec<_> = people.iter().map(|one| one.card().sign(&one.secrets)).collect();
        let name = NetworkName::new("example.org/village").expect("a name");
        let mut charter = PendingCharter::found(name, NOON, rules, &cards).expect("a charter");
        for one in &people {
            charter.sign(&one.secrets.root).expect("a member");
        }
        Self { charter: Arc::new(charter.complete().expect("all signed")), people }
    }

    /// A statement of a member, without signatures.
    #[must_use]
    pub fn statement(&self, who: usize, reference: u64, kind: Kind, body: Bytes) -> Statement {
        let mut number = [0; 16];
        number[..8].copy_from_slice(&reference.to_le_bytes());
        Statement {
            format: 1,
            network: self.charter.network(),
            member: self.people[who].code.clone(),
            reference: Reference(number),
            made_at: NOON,
            kind,
            topics: Vec::new(),
            body,
            sealed: Vec::new(),
        }
    }

    /// "This contributor speaks for us", by the root key.
    #[must_use]
    pub fn authorise(&self, who: usize, contributor: &SecretKey, scope: Scope) -> SignedStatement {
        let office = Text::new("Focal point").expect("an office");
        let body = Authorisation { key: contributor.public(), office, scope }.encode();
        self.statement(who, 0, AUTHORISE, body).sign(&[&self.people[who].secrets.root])
    }

    /// "This contributor speaks for us no longer", by the root key.
    #[must_use]
    pub fn revoke(&self, who: usize, contributor: &SecretKey) -> SignedStatement {
        let reason = Text::new("Left the office").expect("a reason");
        let body = Revocation { key: contributor.public(), reason }.encode();
        self.statement(who, 1, REVOKE, body).sign(&[&self.people[who].secrets.root])
    }

    /// "This contributor does not speak for us until we say so", by the root key.
    #[must_use]
    pub fn suspend(&self, who: usize, contributor: &SecretKey) -> SignedStatement {
        let reason = Text::new("On leave").expect("a reason");
        let body = Suspension { key: contributor.public(), reason }.encode();
        self.statement(who, 2, SUSPEND, body).sign(&[&self.people[who].secrets.root])
    }

    /// "This key may have been used by somebody else", without signatures.
    #[must_use]
    pub fn compromised(&self, who: usize, contributor: &SecretKey, since: Timestamp) -> Statement {
        let reason = Text::new("Stolen").expect("a reason");
        let body = Compromise { key: contributor.public(), reason, since }.encode();
        self.statement(who, 3, COMPROMISED, body)
    }

    /// A note of a member's contributor.
    #[must_use]
    pub fn note(&self, who: usize, reference: u64) -> SignedStatement {
        let body = Bytes(reference.to_le_bytes().to_vec());
        self.statement(who, reference, NOTE, body).sign(&[&self.people[who].contributor])
    }
}
