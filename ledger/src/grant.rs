//! What a log has said of one contributor's key: what it may state, whether that has force, and how
//! it came about.

use crate::authority::Authorisation;
use crate::statement::Timestamp;
use crate::text::Text;
use alloc::collections::VecDeque;
use alloc::sync::Arc;

/// How many of the steps of one key are remembered: the newest. The log has all of them.
pub const STEPS_MAX: usize = 64;

/// Why a key does not speak for the member any more, and where that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// Where it stands.
    pub position: u64,
    /// Why, as the root key said.
    pub reason: Text<200>,
}

/// Whether an authorisation has force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Force {
    /// It has.
    InForce,
    /// Not until the key is authorised again.
    Suspended(Withdrawal),
    /// Not any more; the key may be authorised again.
    Revoked(Withdrawal),
    /// Never again: somebody else may have used the key.
    Compromised(Withdrawal),
}

/// What the root key did to a contributor's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Let it speak, within a scope.
    Authorised(Arc<Authorisation>),
    /// Suspended it.
    Suspended {
        /// Why.
        reason: Text<200>,
    },
    /// Revoked it.
    Revoked {
        /// Why.
        reason: Text<200>,
    },
    /// Revoked it as one that somebody else may have used.
    Compromised {
        /// Why.
        reason: Text<200>,
        /// Since when.
        since: Timestamp,
        /// The first position of which its statements are marked.
        from: u64,
    },
}

/// One step of a key's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where it stands in the log.
    pub position: u64,
    /// When it was said, as the root key's holder claims.
    pub made_at: Timestamp,
    /// What was done.
    pub act: Act,
}

/// What the log has said of one key so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What was granted last.
    pub authorisation: Arc<Authorisation>,
    /// Where that stands.
    pub granted_at: u64,
    /// Whether it has force.
    pub force: Force,
    /// The newest steps, in order of position.
    pub steps: VecDeque<Step>,
    /// How many steps before them are not remembered.
    pub forgotten: u64,
}

impl Grant {
    pub(crate) fn new(authorisation: Arc<Authorisation>, granted_at: u64) -> Self {
        let (force, steps) = (Force::InForce, VecDeque::new());
        Self { authorisation, granted_at, force, steps, forgotten: 0 }
    }

    /// Why it has no force, if it has none.
    #[must_use]
    pub fn withdrawal(&self) -> Option<&Withdrawal> {
        match &self.force {
            Force::Suspended(withdrawal)
            | Force::Revoked(withdrawal)
            | Force::Compromised(withdrawal) => Some(withdrawal),
            Force::InForce => None,
        }
    }

    /// Where it was revoked, if it was.
    #[must_use]
    pub fn revoked_at(&self) -> Option<u64> {
        match &self.force {
            Force::Revoked(withdrawal) | Force::Compromised(withdrawal) => {
                Some(withdrawal.position)
            }
            Force::InForce | Force::Suspended(_) => None,
        }
    }

    pub(crate) fn remember(&mut self, step: Step) {
        self.steps.push_back(step);
        while self.steps.len() > STEPS_MAX {
            self.steps.pop_front();
            self.forgotten = self.forgotten.saturating_add(1);
        }
    }
}
