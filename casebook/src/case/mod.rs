//! A case: what follows from everything that every member has stated about one incident.

mod closing;
mod concerned;
mod contradictions;
mod figures;
mod proceedings;
mod sealed;
mod standing;
mod stated;
mod summary;

pub use closing::Closing;
pub use concerned::{Basis as ConcernBasis, Concerned};
pub use contradictions::{Contradiction, Side, Subject};
pub use figures::{Figure, MemberFigures, Span};
pub use proceedings::{AccusedRecord, OutcomeVector, ProceedingRecord, Step, ToldResult};
pub use sealed::{Erasure, SealedLine, Sees};
pub use standing::{Line, Source, Standing};
pub use stated::{Beyond, Stated};
pub use summary::Summary;

use crate::case_id::CaseId;
use crate::codes::{MissionCode, StateCode};
use crate::date::Date;
use crate::fact::{CaseOpened, Fact};
use crate::stage::Stage;
use crate::vocabulary::Nature;
use alloc::vec::Vec;
use cairn_ledger::MemberCode;
use cairn_ledger::charter::MemberKind;
use cairn_ledger::text::Text;
use closing::Court;
use serde::{Deserialize, Serialize};
use standing::Live;

/// How one member opened the case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Who says so.
    pub source: Source,
    /// What it says.
    pub opened: CaseOpened,
}

/// One incident, and all that every member has ever stated about it.
///
/// A case that nobody has opened here (only updates of it are held) has no title, mission, date
/// or nature, and still is a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// The title of the first opening: a label, not a finding.
    pub title: Option<Text<200>>,
    /// Every mission that a standing opening names, in ascending order.
    pub missions: Vec<MissionCode>,
    /// Every host State that a standing opening names, in ascending order.
    pub host_states: Vec<StateCode>,
    /// Every incident date that a standing opening names, in ascending order.
    pub incident_dates: Vec<Date>,
    /// Real as soon as one standing opening says so: no real case is hidden as a demonstration.
    pub nature: Option<Nature>,
    /// The furthest stage that a standing statement shows, unless the case was reopened since.
    pub stage: Stage,
    /// The closings that have force, in order of date.
    #[serde(default)]
    pub closings: Vec<Closing>,
    /// Whom it concerns, and why, in ascending order.
    #[serde(default)]
    pub concerned: Vec<Concerned>,
    /// The standing openings, in order of as-of date, member and position.
    pub openings: Vec<Opening>,
    /// The casualty figures of each member, with their history.
    pub casualties: Vec<MemberFigures>,
    /// From the least to the most dead that members state today.
    pub killed: Option<Span>,
    /// The same for injured.
    pub injured: Option<Span>,
    /// The same for detained.
    pub detained: Option<Span>,
    /// The same for missing.
    pub missing: Option<Span>,
    /// Every proceeding that a standing statement names, in ascending order.
    pub proceedings: Vec<ProceedingRecord>,
    /// How many accused were convicted, acquitted and so on.
    pub outcomes: OutcomeVector,
    /// Where members say different things. All of them stand.
    pub contradictions: Vec<Contradiction>,
    /// Every statement, with what became of it, in order of as-of date, member and position.
    pub timeline: Vec<Line>,
}

impl Case {
    /// The case that follows from `statements`, which the caller has chosen by the case's topic.
    /// The order in which they come, and statements that come twice, make no difference.
    #[must_use]
    pub fn fold(id: CaseId, statements: impl IntoIterator<Item = Stated>) -> Self {
        let (mut timeline, live) = standing::settle(statements);
        sealed::amend(&mut timeline);
        let openings = openings(&live);
        let casualties = figures::by_member(&live);
        let proceedings = proceedings::of(&live);
        let host_states = set(openings.iter().flat_map(|o| o.opened.host_states.clone()));
        let court = Court::of(&live, &host_states);
        let (closings, stage) = (court.closings(), court.stage());
        let opened =
            |pick: fn(&CaseOpened) -> Nature| openings.iter().map(move |o| pick(&o.opened));
        Self {
            title: openings.first().map(|opening| opening.opened.title.clone()),
            missions: set(openings.iter().map(|opening| opening.opened.mission.clone())),
            host_states,
            incident_dates: set(openings.iter().map(|opening| opening.opened.date)),
            nature: opened(|opened| opened.nature).min(),
            stage,
            closings,
            concerned: concerned::of(&live),
            killed: figures::span(&casualties, |said| said.killed),
            injured: figures::span(&casualties, |said| said.injured),
            detained: figures::span(&casualties, |said| said.detained),
            missing: figures::span(&casualties, |said| said.missing),
            outcomes: OutcomeVector::of(&proceedings),
            contradictions: contradictions::among(&openings, &casualties, &proceedings),
            id,
            openings,
            casualties,
            proceedings,
            timeline,
        }
    }

    /// The same with those only of whom it concerns that are members, and the Secretariat.
    #[must_use]
    pub fn among(mut self, members: &[(MemberCode, MemberKind)]) -> Self {
        concerned::among(&mut self.concerned, members);
        self
    }

    /// The members who have stated anything about it, in ascending order.
    #[must_use]
    pub fn members(&self) -> Vec<MemberCode> {
        set(self.timeline.iter().map(|line| line.entry.member.clone()))
    }

    /// The few fields that a list shows.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary::of(self)
    }
}

fn openings(live: &[Live]) -> Vec<Opening> {
    let mut openings: Vec<_> = live
        .iter()
        .filter_map(|live| match &live.fact {
            Fact::CaseOpened(opened) => {
                Some(Opening { source: live.source.clone(), opened: opened.clone() })
            }
            Fact::Casualties(_)
            | Fact::Notified(_)
            | Fact::Acknowledged(_)
            | Fact::InvestigationOpened(_)
            | Fact::SuspectsIdentified(_)
            | Fact::Charged(_)
            | Fact::TrialOpened(_)
            | Fact::Judgment(_)
            | Fact::NoChange(_)
            | Fact::Note(_)
            | Fact::Correction(_)
            | Fact::Retraction(_)
            | Fact::Closed(_)
            | Fact::Reopened(_)
            | Fact::Document(_)
            | Fact::HandedOver(_)
            | Fact::Granted(_)
            | Fact::Erased(_)
            | Fact::Identity(_)
            | Fact::Admitted(_) => None,
        })
        .collect();
    openings.sort_by(|a, b| a.source.cmp(&b.source));
    openings
}

fn set<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort_unstable();
    items.dedup();
    items
}

#[cfg(test)]
mod tests;
