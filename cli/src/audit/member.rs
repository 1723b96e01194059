//! What an audit finds of one member: its copies, what is missing, what has changed in between.

use super::copy::{LogCopy, Part};
use super::promise::Contradiction;
use cairn_ledger::MemberCode;

/// One member, in one archive or in two of different times.
#[derive(Debug)]
pub struct Audited {
    /// Who.
    pub member: MemberCode,
    /// What each archive holds, in the order in which the archives were named.
    pub copies: Vec<LogCopy>,
    /// Signed promises of this log that cannot both be true.
    pub contradictions: Vec<Contradiction>,
}

/// What an archive promises and does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// There is a cosigned checkpoint and no log.
    NoLog {
        /// What the checkpoint promises.
        promised: u64,
    },
    /// The log has fewer entries than its cosigned checkpoint.
    Short {
        /// How many there are.
        found: u64,
        /// What the checkpoint promises.
        promised: u64,
    },
}

/// What has become of a log between two archives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Neither has anything of it.
    Nothing,
    /// The newer one has its first entries.
    Began,
    /// Both have the same.
    Same,
    /// The newer one has more, behind the same beginning.
    Grew,
    /// The newer one has fewer entries. That is no proof of anything: the older ones were signed.
    Shorter,
    /// The newer one has nothing of it any more.
    Gone,
    /// The two have different beginnings, both signed: a fork.
    PastChanged,
    /// A copy is not true or could not be read.
    Unknown,
}

impl LogCopy {
    /// What is missing here by the archive's own account.
    #[must_use]
    pub fn gap(&self) -> Option<Gap> {
        let promised = self.cosigned.held()?.checkpoint().size();
        match &self.log {
            Part::Missing if promised > 0 => Some(Gap::NoLog { promised }),
            Part::True(log) if log.size < promised => {
                Some(Gap::Short { found: log.size, promised })
            }
            Part::Missing | Part::True(_) | Part::Refuted(_) | Part::Unreadable(_) => None,
        }
    }

    /// How many entries of the log are shown here, by themselves or by a cosigned checkpoint.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        match (&self.log, &self.cosigned) {
            (Part::True(log), _) => Some(log.size),
            (Part::Missing, Part::True(cosigned)) => Some(cosigned.checkpoint().size()),
            (Part::Missing, Part::Missing) => Some(0),
            (Part::Missing | Part::Refuted(_) | Part::Unreadable(_), _) => None,
        }
    }
}

impl Audited {
    /// The contradiction between two archives, or within one of them, that proves most.
    #[must_use]
    pub fn contradiction(&self) -> Option<&Contradiction> {
        self.contradictions.first()
    }

    /// What has become of the log, where two archives are compared.
    #[must_use]
    pub fn change(&self) -> Option<Change> {
        let [old, new] = self.copies.as_slice() else { return None };
        let across = |one: &Contradiction| {
            let [one, other] = &one.sides;
            one.archive != other.archive
        };
        if self.contradictions.iter().any(across) {
            return Some(Change::PastChanged);
        }
        let (Some(before), Some(now)) = (old.size(), new.size()) else {
            return Some(Change::Unknown);
        };
        Some(match (before, now) {
            (0, 0) => Change::Nothing,
            (0, _) => Change::Began,
            (_, 0) => Change::Gone,
            _ if new.log.is_missing() => Change::Unknown,
            _ if before > now => Change::Shorter,
            _ if before == now => Change::Same,
            _ => Change::Grew,
        })
    }
}
