//! One statement as the fold takes it: who said it, where it stands, and what could be read of it.

use super::sealed::SealedLine;
use crate::date::Date;
use crate::fact::{EntryRef, Fact, Reading};
use alloc::vec::Vec;
use cairn_ledger::charter::MemberKind;
use cairn_ledger::statement::Timestamp;
use cairn_ledger::{Entry, EntryHash, MemberCode, PublicKey};

/// A statement at its place in a member's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// Whose log.
    pub member: MemberCode,
    /// What the member is by the charter. `None` when no charter at hand says so, as for a member
    /// that has since left: what it stated is then not held against any rule.
    pub member_kind: Option<MemberKind>,
    /// Its position in the log.
    pub position: u64,
    /// The entry's hash.
    pub hash: EntryHash,
    /// When it was made, as its contributor claims.
    pub made_at: Timestamp,
    /// Who signed it.
    pub signers: Vec<PublicKey>,
    /// What could be read of it.
    pub reading: Reading,
    /// When the node of the State that it notifies first held it, by that node's own cosignature: seconds
    /// since 1970. Nothing where it is no notification, or that node has not cosigned it.
    pub noticed_at: Option<u64>,
    /// Its sealed parts, with who has said that they destroyed them.
    pub sealed: Vec<SealedLine>,
    /// Whether it stands behind the place up to which its log stands, and why that is so.
    pub beyond: Option<Beyond>,
    /// The position of the entry of the same log by which its key was compromised before it was signed.
    pub compromised_by: Option<u64>,
}

/// Why a log stands only up to some place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beyond {
    /// It is forked there: others were shown another statement.
    Fork,
    /// Its member was removed, and the charter lets it end there.
    End,
}

impl Stated {
    /// Reads a verified entry.
    #[must_use]
    pub fn read(entry: &Entry, member_kind: Option<MemberKind>) -> Self {
        let statement = entry.statement();
        Self {
            member: statement.member.clone(),
            member_kind,
            position: entry.position(),
            hash: entry.hash(),
            made_at: statement.made_at,
            signers: entry.signed().signatures().iter().map(|signature| signature.key).collect(),
            reading: Reading::of(statement.kind, &statement.body),
            noticed_at: None,
            sealed: statement.sealed.iter().map(SealedLine::of).collect(),
            beyond: None,
            compromised_by: None,
        }
    }

    /// The entry that carries it.
    #[must_use]
    pub fn entry(&self) -> EntryRef {
        EntryRef { member: self.member.clone(), position: self.position, hash: self.hash }
    }

    /// The date as of which it holds; the day on which it was made, where it cannot be read.
    #[must_use]
    pub fn as_of(&self) -> Date {
        self.reading.fact().map_or_else(|| Date::of(self.made_at), |fact| fact.says().as_of)
    }

    /// The member whose authorities it notifies, if it is a notification.
    #[must_use]
    pub fn notifies(&self) -> Option<MemberCode> {
        self.fact().and_then(Fact::notifies)
    }

    /// The fact, when it could be read.
    #[must_use]
    pub fn fact(&self) -> Option<&Fact> {
        self.reading.fact()
    }
}
