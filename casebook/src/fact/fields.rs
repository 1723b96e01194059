//! What all facts have in common: the header, and the bounds of lists and texts.

use crate::date::Date;
use crate::vocabulary::{Basis, Verification};
use alloc::vec::Vec;
use cairn_ledger::text::Text;
use serde::{Deserialize, Serialize};

/// The first field of every fact. Who says it stands in the envelope: the member and the signers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Says {
    /// What the member bases it on.
    pub basis: Basis,
    /// How far it has been verified.
    pub verification: Verification,
    /// The date as of which it holds.
    pub as_of: Date,
}

/// Why a fact may not be stated as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FactError {
    /// A list with too many elements.
    #[error("{field} has {found} elements, the limit is {limit}")]
    TooMany {
        /// The list.
        field: &'static str,
        /// Elements found.
        found: usize,
        /// Elements allowed.
        limit: usize,
    },
    /// A list that is not in ascending order, or has an element twice.
    #[error("{0} is not in ascending order, or has an element twice")]
    NotInOrder(&'static str),
    /// A field that may not be empty.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// Fields that cannot both be true.
    #[error("{0}")]
    AtOdds(&'static str),
    /// More bytes than a statement carries.
    #[error("it has {found} bytes, the limit is {}", super::FACT_BYTES_MAX)]
    TooLong {
        /// Bytes found.
        found: usize,
    },
}

/// The bounds of a kind's fields.
pub(super) trait Fields {
    /// Refuses fields out of their bounds.
    fn check(&self) -> Result<(), FactError>;

    /// Puts lists in ascending order.
    fn order(&mut self) {}
}

/// A list that is a set: bounded, in ascending order, nothing twice.
pub(super) fn check_set<T: Ord>(
    field: &'static str,
    list: &[T],
    limit: usize,
) -> Result<(), FactError> {
    if list.len() > limit {
        return Err(FactError::TooMany { field, found: list.len(), limit });
    }
    if list.is_sorted_by(|a, b| a < b) { Ok(()) } else { Err(FactError::NotInOrder(field)) }
}

/// A list that is a set with at least one element.
pub(super) fn check_some<T: Ord>(
    field: &'static str,
    list: &[T],
    limit: usize,
) -> Result<(), FactError> {
    if list.is_empty() { Err(FactError::Empty(field)) } else { check_set(field, list, limit) }
}

/// A text that says something.
pub(super) fn check_text<const MAX: usize>(
    field: &'static str,
    text: &Text<MAX>,
) -> Result<(), FactError> {
    if text.is_empty() { Err(FactError::Empty(field)) } else { Ok(()) }
}

/// Ascending order, nothing twice.
pub(super) fn order_set<T: Ord>(list: &mut Vec<T>) {
    list.sort_unstable();
    list.dedup();
}
