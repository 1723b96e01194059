//! Kind 7: a member's node has destroyed what an erasure names.
//!
//! The node says it by itself, with the log key: that something is gone can only be said by whoever
//! held it. Source: `docs/spec/03-entry-and-log.md`.

use crate::authority::NotAuthorised;
use crate::codec::{self, DecodeError};
use crate::entry::Entry;
use crate::hash::{Bytes, EntryHash, Reference, derive};
use crate::key::{PublicKey, SecretKey};
use crate::statement::{
    Kind, STATEMENT_BYTES_MAX, STATEMENT_FORMAT, SignedStatement, Statement, Timestamp,
};
use crate::text::MemberCode;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The kind of statement with which a node says that it has destroyed something.
pub const DESTROYED: Kind = Kind(7);

/// The fields of kind 7: the erasure that was carried out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Destroyed {
    /// Whose erasure.
    pub member: MemberCode,
    /// Where it stands in that log.
    pub position: u64,
    /// Its hash.
    pub entry: EntryHash,
}

impl Destroyed {
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
        codec::decode("a report of destruction", &body.0, STATEMENT_BYTES_MAX)
    }

    /// The statement of `member` that it has carried out `erasure`. Its reference is always the same, so
    /// that a log says it once.
    #[must_use]
    pub fn sign(
        erasure: &Entry,
        member: &MemberCode,
        made_at: Timestamp,
        key: &SecretKey,
    ) -> SignedStatement {
        let said = erasure.statement();
        let (position, entry) = (erasure.position(), erasure.hash());
        let body = Self { member: said.member.clone(), position, entry }.encode();
        let mut reference = Reference::default();
        let named = derive("cairn 2026-11 destroyed v1", &body.0);
        reference.0.iter_mut().zip(named).for_each(|(byte, from)| *byte = from);
        let statement = Statement {
            format: STATEMENT_FORMAT,
            network: said.network,
            member: member.clone(),
            reference,
            made_at,
            kind: DESTROYED,
            topics: said.topics.clone(),
            body,
            sealed: Vec::new(),
        };
        statement.sign(&[key])
    }
}

/// Only the log's key signs it, and alone.
pub(crate) fn judge(
    statement: &Statement,
    log_key: Option<PublicKey>,
    mut signers: impl ExactSizeIterator<Item = PublicKey>,
) -> Result<(), NotAuthorised> {
    Destroyed::decode(&statement.body)?;
    let alone = signers.len() == 1 && log_key.is_some();
    if alone && signers.next() == log_key { Ok(()) } else { Err(NotAuthorised::NotTheLogKey) }
}
