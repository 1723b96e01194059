//! What a member's root key says in the member's log beside authorising and revoking: that a key is
//! suspended, that it was stolen, and what needs two people.
//!
//! Source: `docs/spec/03-entry-and-log.md`, section "Authority".

use crate::codec::{self, DecodeError};
use crate::hash::Bytes;
use crate::key::PublicKey;
use crate::statement::{Kind, STATEMENT_BYTES_MAX, Timestamp};
use crate::text::Text;
use alloc::vec::Vec;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The kind of statement that suspends a contributor.
pub const SUSPEND: Kind = Kind(4);
/// The kind of statement that revokes a key that somebody else may have used.
pub const COMPROMISED: Kind = Kind(5);
/// The kind of statement that says which kinds need two people in this log.
pub const TWO_PEOPLE: Kind = Kind(6);
/// The kind that a scope of nobody's statements lists: an authorisation to read and no more. No
/// contributor can make a statement of it, because it lies below 100.
pub const NOTHING: Kind = Kind(0);
/// The most kinds that one statement about two people names.
const KINDS_MAX: usize = 1024;

/// Whether a contributor may have to sign a kind below 100 beside the root key. Not the kinds 1 and 2:
/// whoever has nobody to second them must still be able to authorise somebody, and to stop a key at once.
#[must_use]
pub fn may_need_second(kind: Kind) -> bool {
    matches!(kind, SUSPEND | COMPROMISED | TWO_PEOPLE)
}

/// The fields of kind 4: this key does not speak for the member until it is authorised again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// Whose key.
    pub key: PublicKey,
    /// Why, for everybody to read.
    pub reason: Text<200>,
}

/// The fields of kind 5: this key speaks for the member no longer, and since that time somebody else
/// may have used it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compromise {
    /// Whose key.
    pub key: PublicKey,
    /// Why, for everybody to read.
    pub reason: Text<200>,
    /// Since when.
    pub since: Timestamp,
}

/// The fields of kind 6: from here on these kinds need two people in this log, beside those of the
/// charter's rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TwoPeople {
    /// The kinds, in ascending order. They take the place of those that the log listed before.
    pub kinds: Vec<Kind>,
}

impl Suspension {
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
        fields("a suspension", body)
    }
}

impl Compromise {
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
        fields("a revocation of a compromised key", body)
    }
}

impl TwoPeople {
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
        const WHAT: &str = "a list of kinds that need two people";
        let read: Self = fields(WHAT, body)?;
        if read.kinds.len() > KINDS_MAX || !read.kinds.is_sorted_by(|a, b| a < b) {
            let why = "kinds are too many or not in ascending order".into();
            return Err(DecodeError::Malformed { what: WHAT, why });
        }
        Ok(read)
    }
}

fn fields<T: Serialize + DeserializeOwned>(
    what: &'static str,
    body: &Bytes,
) -> Result<T, DecodeError> {
    codec::decode(what, &body.0, STATEMENT_BYTES_MAX)
}
