//! That a case is closed, why, and that it is opened again.

use super::fields::{FactError, Fields, Says};
use crate::date::Date;
use crate::vocabulary::ClosingReason;
use serde::{Deserialize, Serialize};

/// Whoever has jurisdiction, or the Secretariat, has closed the case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closed {
    /// Basis, verification, as-of date.
    pub says: Says,
    /// When it was closed.
    pub date: Date,
    /// Why.
    pub reason: ClosingReason,
}

impl Fields for Closed {
    fn check(&self) -> Result<(), FactError> {
        Ok(())
    }
}

/// Whoever has closed the case, or whose courts have judged, takes it up again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reopened {
    /// Basis, verification, as-of date.
    pub says: Says,
    /// When.
    pub date: Date,
}

impl Fields for Reopened {
    fn check(&self) -> Result<(), FactError> {
        Ok(())
    }
}
