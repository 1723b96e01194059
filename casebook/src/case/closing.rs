//! How far a case has come, by all that stands: closings and reopenings are judged by their dates.
//!
//! Source: `docs/spec/06-kinds.md`, section 6.10.

use super::proceedings::step_of;
use super::standing::{Live, Source};
use crate::codes::StateCode;
use crate::date::Date;
use crate::fact::{Closed, Fact};
use crate::stage::Stage;
use crate::vocabulary::ClosingReason;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use cairn_ledger::charter::MemberKind;
use serde::{Deserialize, Serialize};

/// A closing that has force.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Closing {
    /// When the case was closed.
    pub date: Date,
    /// Who says so.
    pub source: Source,
    /// Why.
    pub reason: ClosingReason,
}

/// What decides whether a closing has force.
pub(super) struct Court<'a> {
    live: &'a [Live],
    /// When each member said last that it takes the case up again.
    reopened: BTreeMap<&'a str, Date>,
    /// The host States, and the forums before which somebody states a proceeding.
    jurisdiction: BTreeSet<&'a str>,
    /// The date of the last step of a proceeding.
    last_step: Option<Date>,
}

impl<'a> Court<'a> {
    pub(super) fn of(live: &'a [Live], host_states: &'a [StateCode]) -> Self {
        let mut reopened = BTreeMap::new();
        for one in live {
            if let Fact::Reopened(said) = &one.fact {
                let date = reopened.entry(member(one)).or_insert(said.date);
                *date = said.date.max(*date);
            }
        }
        let steps = || live.iter().filter_map(|live| forum_of(&live.fact));
        let forums = steps().map(|(forum, _)| forum);
        let jurisdiction = host_states.iter().map(StateCode::as_str).chain(forums).collect();
        let last_step = steps().map(|(_, date)| date).max();
        Self { live, reopened, jurisdiction, last_step }
    }

    /// The closings that have force, in order of date.
    pub(super) fn closings(&self) -> Vec<Closing> {
        let mut closings: Vec<_> = self.live.iter().filter_map(|live| self.closing(live)).collect();
        closings.sort();
        closings
    }

    /// The furthest stage that is shown by what nobody has reopened since.
    pub(super) fn stage(&self) -> Stage {
        let shown = self.live.iter().map(|live| self.shown_by(live)).max();
        shown.unwrap_or(Stage::Reported)
    }

    fn shown_by(&self, live: &Live) -> Stage {
        let overtaken = forum_of(&live.fact).is_some_and(|(by, date)| self.is_reopened(by, date));
        let closes = matches!(live.fact, Fact::Closed(_));
        let reopens = matches!(live.fact, Fact::Reopened(_));
        let in_vain =
            (closes && self.closing(live).is_none()) || (reopens && !self.has_jurisdiction(live));
        if overtaken || in_vain { Stage::Reported } else { live.stage() }
    }

    fn closing(&self, live: &Live) -> Option<Closing> {
        let Fact::Closed(Closed { date, reason, .. }) = live.fact else { return None };
        let may = live.member_kind == Some(MemberKind::Secretariat) || self.has_jurisdiction(live);
        // A step of a later day shows that it goes on.
        let goes_on = self.last_step.is_some_and(|step| step > date);
        let holds = may && !goes_on && !self.is_reopened(member(live), date);
        holds.then(|| Closing { date, source: live.source.clone(), reason })
    }

    /// Whether this member has taken the case up again on that day or later.
    fn is_reopened(&self, by: &str, date: Date) -> bool {
        self.reopened.get(by).is_some_and(|again| date <= *again)
    }

    fn has_jurisdiction(&self, live: &Live) -> bool {
        self.jurisdiction.contains(member(live))
    }
}

/// Before which forum a step was taken, and when.
fn forum_of(fact: &Fact) -> Option<(&str, Date)> {
    step_of(fact).map(|(proceeding, date)| (proceeding.forum.as_str(), date))
}

fn member(live: &Live) -> &str {
    live.source.entry.member.as_str()
}
