//! What is sealed: documents and their custody, identities, grants, erasures, and who else is concerned.

use super::amendment::EntryRef;
use super::fields::{FactError, Fields, Says, check_text};
use crate::date::Date;
use crate::vocabulary::{DocumentClass, DocumentUse, ErasureReason, PersonRole};
use cairn_ledger::MemberCode;
use cairn_ledger::text::Text;
use serde::{Deserialize, Serialize};

/// The part of a statement that its kind is about: a document's manifest, a granted key, an identity.
pub const MAIN_PART: u16 = 1;
/// A confidential text beside what a statement says in the clear, whatever its kind.
pub const REMARK_PART: u16 = 100;

/// A file, sealed for the members of its audience.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Basis, verification, as-of date.
    pub says: Says,
    /// What everybody may know of it; may be empty.
    pub label: Text<120>,
    /// What it is.
    pub class: DocumentClass,
    /// Whether it is the original that may be shown to a court, or something to work with.
    pub purpose: DocumentUse,
}

impl Fields for Document {
    fn check(&self) -> Result<(), FactError> {
        Ok(())
    }
}

/// A document changed hands. From whom, to whom and why is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandedOver {
    /// Basis, verification, as-of date.
    pub says: Says,
    /// The document.
    pub document: EntryRef,
    /// When.
    pub date: Date,
}

impl Fields for HandedOver {
    fn check(&self) -> Result<(), FactError> {
        Ok(())
    }
}

/// Members who may read a part of an earlier statement from now on: the audience of this one's part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Granted {
    /// Basis, verification, as-of date.
    pub says: Says,
    /// The statement, in the log of the same member.
    pub target: EntryRef,
    /// Which of its parts.
    pub part: u16,
}

impl Fields for Granted {
    fn check(&self) -> Result<(), FactError> {
        Ok(())
    }
}

/// A sealed part is to be destroyed by everybody who holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erased {
    /// Basis, verification, as-of date.
    pub says: Says,
    /// The statement, in the log of the same member.
    pub target: EntryRef,
    /// Which of its parts.
    pub part: u16,
    /// Why.
    pub reason: ErasureReason,
    /// By whose decision or order.
    pub authority: Text<300>,
}

impl Fields for Erased {
    fn check(&self) -> Result<(), FactError> {
        check_text("authority", &self.authority)
    }
}

/// Somebody's identity, which never leaves the member that holds it: its commitment alone is public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Basis, verification, as-of date.
    pub says: Says,
    /// What they are in the case. Never a witness.
    pub role: PersonRole,
    /// Their pseudonym's number: `V-1`, `A-1`.
    pub number: u16,
}

impl Fields for Identity {
    fn check(&self) -> Result<(), FactError> {
        if self.number == 0 { Err(FactError::Empty("number")) } else { Ok(()) }
    }
}

/// A member is concerned by the case, by a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admitted {
    /// Basis, verification, as-of date.
    pub says: Says,
    /// Who.
    pub member: MemberCode,
    /// By which decision.
    pub decision: Text<300>,
}

impl Fields for Admitted {
    fn check(&self) -> Result<(), FactError> {
        check_text("decision", &self.decision)
    }
}
