//! What is said between the United Nations and national authorities, and free notes.

use super::fields::{FactError, Fields, Says, check_text};
use crate::codes::StateCode;
use crate::date::{Date, Moment};
use crate::vocabulary::Channel;
use cairn_ledger::text::{MemberCode, Text};
use serde::{Deserialize, Serialize};

/// An authority of a State, by its office. Never a person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// The State.
    pub state: StateCode,
    /// The office; may be empty.
    pub office: Text<120>,
}

/// National authorities were formally notified (resolution 2589, paragraph 8). Two clocks: when
/// the United Nations received its first report, and when it notified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notified {
    /// Basis, verification, as-of date.
    pub says: Says,
    /// When the first report was received, if that is known.
    pub received_at: Option<Moment>,
    /// When the notification was sent.
    pub sent_at: Moment,
    /// To whom.
    pub authority: Authority,
    /// How.
    pub channel: Channel,
    /// The sender's reference; may be empty.
    pub reference: Text<80>,
}

impl Fields for Notified {
    fn check(&self) -> Result<(), FactError> {
        let sent = self.sent_at;
        // what is known less precisely is not known to be later
        let after = |received: Moment| match (received.minute(), sent.minute()) {
            (Some(_), Some(_)) => received > sent,
            _ => received.date() > sent.date() && !received.date().agrees_with(sent.date()),
        };
        if self.received_at.is_some_and(after) {
            return Err(FactError::AtOdds("sent_at is before received_at"));
        }
        Ok(())
    }
}

impl crate::fact::Fact {
    /// The member whose authorities this notifies. Where that member's own node has cosigned a log with it,
    /// the node held the notification then.
    #[must_use]
    pub fn notifies(&self) -> Option<MemberCode> {
        if let Self::Notified(notified) = self {
            MemberCode::new(notified.authority.state.as_str()).ok()
        } else {
            None
        }
    }
}

/// National authorities confirm that the notification reached them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledged {
    /// Basis, verification, as-of date.
    pub says: Says,
    /// Who acknowledges.
    pub authority: Authority,
    /// When it was acknowledged.
    pub date: Date,
    /// The reference of the notification or of the answer; may be empty.
    pub reference: Text<80>,
}

impl Fields for Acknowledged {
    fn check(&self) -> Result<(), FactError> {
        Ok(())
    }
}

/// Nothing has changed since a date: something else than silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoChange {
    /// Basis, verification, as-of date.
    pub says: Says,
    /// Since when.
    pub since: Date,
}

impl Fields for NoChange {
    fn check(&self) -> Result<(), FactError> {
        let before = self.says.as_of < self.since && !self.says.as_of.agrees_with(self.since);
        if before { Err(FactError::AtOdds("as_of is before since")) } else { Ok(()) }
    }
}

/// A short text for which there is no kind. Without names of persons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// Basis, verification, as-of date.
    pub says: Says,
    /// The text.
    pub text: Text<2000>,
}

impl Fields for Note {
    fn check(&self) -> Result<(), FactError> {
        check_text("text", &self.text)
    }
}
