//! Proceedings and accused, put together from what all members state about them.

use super::figures::Span;
use super::standing::{Live, Source};
use crate::codes::{Accused, Proceeding};
use crate::date::Date;
use crate::fact::{Charged, Fact, Judgment, JudgmentResult};
use crate::stage::Stage;
use crate::vocabulary::{Level, Outcome, Presence};
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use cairn_ledger::MemberCode;
use serde::{Deserialize, Serialize};

/// A step of a proceeding that somebody states.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Step {
    /// When it was taken; for a number of suspects, the as-of date.
    pub date: Date,
    /// The stage that it shows.
    pub stage: Stage,
    /// Who says so.
    pub source: Source,
    /// The number of suspects, where the step is about one.
    pub suspects: Option<u32>,
}

/// What somebody says that a court decided about an accused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ToldResult {
    /// When it was decided.
    pub date: Date,
    /// At what level.
    pub level: Level,
    /// Who says so.
    pub source: Source,
    /// What was decided.
    pub result: JudgmentResult,
}

/// An accused, by number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccusedRecord {
    /// The number.
    pub accused: Accused,
    /// Who says that charges were brought or a trial opened.
    pub charged: Vec<Source>,
    /// Every standing result, in order of date and level.
    pub results: Vec<ToldResult>,
}

impl AccusedRecord {
    /// Each member's latest word on the outcome, by date of judgment, then level.
    #[must_use]
    pub fn latest_by_member(&self) -> BTreeMap<&MemberCode, &ToldResult> {
        self.results.iter().map(|told| (&told.source.entry.member, told)).collect()
    }
}

/// A proceeding: one file before one forum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProceedingRecord {
    /// Which.
    pub proceeding: Proceeding,
    /// The furthest stage that a standing statement about it shows.
    pub stage: Stage,
    /// Its steps, in order of date.
    pub steps: Vec<Step>,
    /// Its accused, in order of number.
    pub accused: Vec<AccusedRecord>,
}

/// How many accused of all proceedings are where. A span where members tell it differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OutcomeVector {
    /// Convicted.
    pub convicted: Span,
    /// Of the convicted, those in absentia.
    pub convicted_in_absentia: Span,
    /// Convicted of something else only.
    pub convicted_of_other_offence: Span,
    /// Acquitted.
    pub acquitted: Span,
    /// Charges dismissed.
    pub dismissed: Span,
    /// Sent to another court.
    pub transferred: Span,
    /// Died before a judgment.
    pub deceased: Span,
    /// Charged or on trial, and no outcome is stated.
    pub pending: Span,
}

impl OutcomeVector {
    pub(super) fn of(proceedings: &[ProceedingRecord]) -> Self {
        let all = || proceedings.iter().flat_map(|proceeding| &proceeding.accused);
        let count = |counts: &dyn Fn(&JudgmentResult) -> bool| {
            let mut span = Span::default();
            for record in all() {
                let said = record.latest_by_member();
                let agree = said.values().filter(|told| counts(&told.result)).count();
                if agree > 0 {
                    span.most = span.most.saturating_add(1);
                }
                if agree > 0 && agree == said.len() {
                    span.least = span.least.saturating_add(1);
                }
            }
            span
        };
        let pending = all().filter(|record| record.results.is_empty()).count();
        let pending = u32::try_from(pending).unwrap_or(u32::MAX);
        Self {
            convicted: count(&|result| result.outcome == Outcome::Convicted),
            convicted_in_absentia: count(&|result| {
                result.outcome == Outcome::Convicted && result.presence == Presence::InAbsentia
            }),
            convicted_of_other_offence: count(&|result| {
                result.outcome == Outcome::ConvictedOfOtherOffence
            }),
            acquitted: count(&|result| result.outcome == Outcome::Acquitted),
            dismissed: count(&|result| result.outcome == Outcome::Dismissed),
            transferred: count(&|result| result.outcome == Outcome::Transferred),
            deceased: count(&|result| result.outcome == Outcome::Deceased),
            pending: Span { least: pending, most: pending },
        }
    }
}

/// A proceeding, while its parts are collected.
#[derive(Default)]
struct Parts {
    steps: Vec<Step>,
    accused: BTreeMap<Accused, (Vec<Source>, Vec<ToldResult>)>,
}

pub(super) fn of(live: &[Live]) -> Vec<ProceedingRecord> {
    let mut all: BTreeMap<Proceeding, Parts> = BTreeMap::new();
    for live in live {
        if let Some((proceeding, date)) = step_of(&live.fact) {
            all.entry(proceeding.clone()).or_default().add(live, date);
        }
    }
    all.into_iter().map(|(proceeding, parts)| parts.into_record(proceeding)).collect()
}

/// The proceeding that a fact is about, and when its step was taken.
pub(super) fn step_of(fact: &Fact) -> Option<(&Proceeding, Date)> {
    match fact {
        Fact::InvestigationOpened(said) => Some((&said.proceeding, said.date)),
        Fact::SuspectsIdentified(said) => Some((&said.proceeding, said.says.as_of)),
        Fact::Charged(said) => Some((&said.proceeding, said.date)),
        Fact::TrialOpened(said) => Some((&said.proceeding, said.date)),
        Fact::Judgment(said) => Some((&said.proceeding, said.date)),
        Fact::CaseOpened(_)
        | Fact::Casualties(_)
        | Fact::Notified(_)
        | Fact::Acknowledged(_)
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
    }
}

impl Parts {
    fn add(&mut self, live: &Live, date: Date) {
        let source = &live.source;
        let mut suspects = None;
        match &live.fact {
            Fact::SuspectsIdentified(said) => suspects = Some(said.number),
            Fact::Charged(Charged { accused, .. }) => self.charge(accused, source),
            Fact::TrialOpened(said) => self.charge(&said.accused, source),
            Fact::Judgment(judgment) => self.judge(judgment, source),
            Fact::InvestigationOpened(_)
            | Fact::CaseOpened(_)
            | Fact::Casualties(_)
            | Fact::Notified(_)
            | Fact::Acknowledged(_)
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
            | Fact::Admitted(_) => {}
        }
        self.steps.push(Step { date, stage: live.stage(), source: source.clone(), suspects });
    }

    fn charge(&mut self, accused: &[Accused], source: &Source) {
        for accused in accused {
            self.accused.entry(*accused).or_default().0.push(source.clone());
        }
    }

    fn judge(&mut self, judgment: &Judgment, source: &Source) {
        for result in &judgment.results {
            let Judgment { date, level, .. } = *judgment;
            let told = ToldResult { date, level, source: source.clone(), result: *result };
            self.accused.entry(result.accused).or_insert_with(|| (vec![], vec![])).1.push(told);
        }
    }

    fn into_record(self, proceeding: Proceeding) -> ProceedingRecord {
        let Self { mut steps, accused } = self;
        steps.sort();
        let record =
            |(accused, (mut charged, mut results)): (_, (Vec<Source>, Vec<ToldResult>))| {
                charged.sort();
                results.sort();
                AccusedRecord { accused, charged, results }
            };
        ProceedingRecord {
            stage: steps.iter().map(|step| step.stage).max().unwrap_or(Stage::Reported),
            accused: accused.into_iter().map(record).collect(),
            proceeding,
            steps,
        }
    }
}
