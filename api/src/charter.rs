//! Charters on their way to being signed.

use cairn_ledger::hash::Bytes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Proposals to amend the charter in force.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Proposals {
    /// The bytes of signed charters (`docs/spec/05-charter.md`), in hexadecimal.
    #[schema(value_type = Vec<String>)]
    pub proposals: Vec<Bytes>,
}

/// What a charter that was handed in has become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Offer {
    /// It was known already, with these signatures.
    Known,
    /// It waits for more signatures.
    Waits,
    /// Enough have signed: the node begins anew under it in a moment.
    InForce,
}
