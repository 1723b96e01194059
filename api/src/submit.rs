//! Handing statements in, and being refused with a reason.

use cairn_ledger::hash::{Bytes, EntryHash};
use cairn_ledger::key::PublicKey;
use cairn_ledger::text::MemberCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Signed statements, in the order in which they are to be appended.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Submission {
    /// The bytes of signed statements (`docs/spec/02-statement.md`), in hexadecimal.
    #[schema(value_type = Vec<String>)]
    pub statements: Vec<Bytes>,
}

/// What became of each statement of a submission, in its order.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SubmissionResult {
    /// One outcome for each statement.
    pub outcomes: Vec<Outcome>,
}

/// What became of one statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It is on the node's disk. Peers hear of it from now on.
    Accepted {
        /// Whose log it stands in.
        #[schema(value_type = String)]
        member: MemberCode,
        /// Where.
        position: u64,
        /// The entry's hash.
        #[schema(value_type = String)]
        entry: EntryHash,
    },
    /// A statement with the same reference stands in the log already; nothing was added.
    Known {
        /// Whose log it stands in.
        #[schema(value_type = String)]
        member: MemberCode,
        /// Where.
        position: u64,
        /// The entry's hash.
        #[schema(value_type = String)]
        entry: EntryHash,
    },
    /// It was not appended.
    Refused(Problem),
}

/// Why something was refused, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// One sentence: what was found and what was expected.
    pub error: String,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
    /// The key whose authority decides it, where that is what it is about.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<PublicKey>,
    /// The position of the entry that decides it, in the log of the member for which it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<u64>,
    /// True when nothing is missing but a second person's signature: it may wait for that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_second: bool,
}

impl Problem {
    /// A sentence and a hint.
    #[must_use]
    pub fn new(error: impl Into<String>, hint: Option<String>) -> Self {
        Self { error: error.into(), hint, signer: None, decided_at: None, needs_second: false }
    }
}
