//! Statements that wait for a second person.

use crate::submit::Outcome;
use cairn_ledger::hash::Bytes;
use cairn_ledger::refusal::Refusal;
use cairn_ledger::{PublicKey, StatementId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A signed statement that needs more people, or one more signature on one that waits.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReviewRequest {
    /// The bytes of one signed statement (`docs/spec/02-statement.md`), in hexadecimal.
    #[schema(value_type = String)]
    pub statement: Bytes,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Reviewed {
    /// Enough people have signed: what became of the statement.
    Became(Outcome),
    /// It waits, on the node's disk, for somebody else to sign.
    Waits {
        /// The statement's id, by which it is found.
        #[schema(value_type = String)]
        waits: StatementId,
    },
}

/// Statements that wait, and those that were refused lately.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReviewList {
    /// In order of arrival.
    pub reviews: Vec<Review>,
}

/// A statement that waits for a second person, or was refused by one.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Review {
    /// The statement's id.
    #[schema(value_type = String)]
    pub id: StatementId,
    /// When it was handed in, by the node's clock: seconds since 1970.
    pub since: u64,
    /// Until when the node keeps it: seconds since 1970.
    pub until: u64,
    /// The signed statement, in hexadecimal: what it says is read from this.
    #[schema(value_type = String)]
    pub statement: Bytes,
    /// Who has signed, as the log knows them now.
    pub signers: Vec<ReviewSigner>,
    /// Why nobody can approve it any more, where its signers may not state it now.
    pub trouble: Option<String>,
    /// Who has refused it and why, if somebody has.
    #[schema(value_type = Object)]
    pub refusal: Option<Refusal>,
}

/// Somebody who has signed a statement that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReviewSigner {
    /// The key.
    #[schema(value_type = String)]
    pub key: PublicKey,
    /// The office, where the log knows the key.
    pub office: Option<String>,
}

/// What has happened to a statement that waits for a second person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewState {
    /// It was handed in.
    Waits,
    /// It was signed by enough people and stands in the log.
    Approved,
    /// Somebody has refused it.
    Refused,
}
