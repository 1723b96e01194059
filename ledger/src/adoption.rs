//! Kind 3: from here on a log stands under a newer version of the charter.
//!
//! Whether a key could speak at a position must not depend on when somebody heard of an amendment.
//! So the log says it itself, with the log key that the new version lists: entries behind are judged
//! by that version, entries before by the one before. Source: `docs/spec/03-entry-and-log.md`.

use crate::authority::NotAuthorised;
use crate::charter::{Charter, Version};
use crate::codec::{self, DecodeError};
use crate::hash::{Bytes, CharterId, Reference, derive};
use crate::key::{PublicKey, SecretKey};
use crate::statement::{Kind, STATEMENT_BYTES_MAX, STATEMENT_FORMAT, SignedStatement, Statement};
use crate::text::MemberCode;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The kind of statement with which a log adopts a version of the charter.
pub const ADOPT: Kind = Kind(3);

/// The fields of kind 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adoption {
    /// Which version, by its number.
    pub version: u32,
    /// Which version, by its id.
    pub charter: CharterId,
}

impl Adoption {
    /// The fields as a statement's body.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        Bytes(codec::encode(self))
    }

    /// The fields of a statement's body.
    ///
    /// # Errors
    /// When the bytes are not in the format.
    pub fn decode(body: &Bytes) -> Result<Self, DecodeError> {
        codec::decode("an adoption of a charter", &body.0, STATEMENT_BYTES_MAX)
    }
}

/// Only the log key that the adopted version lists signs an adoption, and alone.
pub(crate) fn judge(
    version: &Version,
    member: &MemberCode,
    mut signers: impl ExactSizeIterator<Item = PublicKey>,
) -> Result<(), NotAuthorised> {
    let card = version.member(member);
    let listed = card.filter(|_| signers.len() == 1).map(|card| card.keys.log);
    match listed.is_some() && signers.next() == listed {
        true => Ok(()),
        false => Err(NotAuthorised::NeedsLogKey { version: version.version() }),
    }
}

/// The same statement whenever it is made: nobody's clock and no randomness is in it.
pub(crate) fn sign(charter: &Charter, member: &MemberCode, key: &SecretKey) -> SignedStatement {
    let (version, id) = (charter.version(), charter.id());
    let named = derive("cairn 2026-11 adoption v1", &id.0);
    let mut reference = Reference::default();
    reference.0.iter_mut().zip(named).for_each(|(byte, from)| *byte = from);
    let statement = Statement {
        format: STATEMENT_FORMAT,
        network: charter.network(),
        member: member.clone(),
        reference,
        made_at: charter.made_at(),
        kind: ADOPT,
        topics: Vec::new(),
        body: Adoption { version, charter: id }.encode(),
        sealed: Vec::new(),
    };
    statement.sign(&[key])
}
