//! Corrections and retractions: nothing is deleted, a later statement changes what an earlier one says.

use super::fields::{FactError, Fields, Says};
use super::{Fact, Reading};
use crate::vocabulary::Reason;
use alloc::boxed::Box;
use alloc::format;
use cairn_ledger::hash::Bytes;
use cairn_ledger::text::Text;
use cairn_ledger::{EntryHash, Kind, MemberCode};
use core::fmt;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// An entry of a member's log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryRef {
    /// Whose log.
    pub member: MemberCode,
    /// Its position there, from 0.
    pub position: u64,
    /// Its hash.
    pub hash: EntryHash,
}

impl fmt::Display for EntryRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.member, self.position))
    }
}

/// A fact inside a correction, kept as bytes so that a kind that is not known here survives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    kind: Kind,
    body: Bytes,
}

impl Replacement {
    /// What shall be read in place of the corrected statement.
    #[must_use]
    pub fn of(fact: &Fact) -> Self {
        Self { kind: fact.kind(), body: fact.encode() }
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What this program makes of it.
    #[must_use]
    pub fn reading(&self) -> Reading {
        Reading::of(self.kind, &self.body)
    }
}

/// The form in which people and programs read it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Shown {
    Fact(Box<Fact>),
    Bytes { kind: Kind, body: Bytes },
}

impl Serialize for Replacement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return (self.kind, &self.body).serialize(serializer);
        }
        let shown = match self.reading() {
            Reading::Fact(fact) => Shown::Fact(Box::new(fact)),
            Reading::Unknown(_) | Reading::Unreadable { .. } => {
                Shown::Bytes { kind: self.kind, body: self.body.clone() }
            }
        };
        shown.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Replacement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            let (kind, body) = <(Kind, Bytes)>::deserialize(deserializer)?;
            return Ok(Self { kind, body });
        }
        match Shown::deserialize(deserializer)? {
            Shown::Fact(fact) => {
                fact.check().map_err(D::Error::custom)?;
                Ok(Self::of(&fact))
            }
            Shown::Bytes { kind, body } => Ok(Self { kind, body }),
        }
    }
}

/// A member reads something else in place of an own statement, from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    /// Basis, verification, as-of date.
    pub says: Says,
    /// The statement, or an earlier correction of it, in the same member's log.
    pub target: EntryRef,
    /// Why.
    pub reason: Reason,
    /// What it says now: all of it, of the same kind.
    pub replacement: Replacement,
}

impl Fields for Correction {
    fn check(&self) -> Result<(), FactError> {
        // looked at before it is decoded: a correction inside a correction would recurse
        if kind_amends(self.replacement.kind) {
            return Err(FactError::AtOdds("a correction replaces by a correction or a retraction"));
        }
        match self.replacement.reading() {
            Reading::Fact(_) | Reading::Unknown(_) => Ok(()),
            Reading::Unreadable { .. } => {
                Err(FactError::AtOdds("the replacement is not readable as its kind"))
            }
        }
    }
}

/// True for the kinds that speak of other statements.
fn kind_amends(kind: Kind) -> bool {
    matches!(kind.0, 160 | 161)
}

/// A member takes back an own statement. It stays in the log, and shows as taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retraction {
    /// Basis, verification, as-of date.
    pub says: Says,
    /// The statement, correction or retraction, in the same member's log.
    pub target: EntryRef,
    /// Why.
    pub reason: Reason,
    /// A word of explanation; may be empty.
    pub text: Text<500>,
}

impl Fields for Retraction {
    fn check(&self) -> Result<(), FactError> {
        Ok(())
    }
}
