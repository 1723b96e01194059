//! Where members say different things about the same thing. All of them stand, and none wins.
//!
//! Each member is taken at its latest word, by as-of date and position: that somebody changes its
//! own figures is history, not contradiction.

use super::Opening;
use super::figures::MemberFigures;
use super::proceedings::ProceedingRecord;
use super::standing::Source;
use crate::codes::{Accused, Proceeding};
use crate::date::Date;
use crate::fact::{Casualties, JudgmentResult};
use crate::vocabulary::Level;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What members say different things about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The mission.
    Mission,
    /// The host States.
    HostStates,
    /// The date of the incident.
    IncidentDate,
    /// Whether the case is real.
    Nature,
    /// The number of dead.
    Killed,
    /// The number of injured.
    Injured,
    /// The number of detained.
    Detained,
    /// The number of missing.
    Missing,
    /// The number of suspects.
    Suspects {
        /// Of which proceeding.
        proceeding: Proceeding,
    },
    /// The date of a judgment.
    JudgmentDate {
        /// Of which proceeding.
        proceeding: Proceeding,
        /// At what level.
        level: Level,
    },
    /// What was decided about an accused.
    Outcome {
        /// Of which proceeding.
        proceeding: Proceeding,
        /// At what level.
        level: Level,
        /// About whom.
        accused: Accused,
    },
}

/// One side of a contradiction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// What it says.
    pub says: String,
    /// Who says so.
    pub sources: Vec<Source>,
}

/// A contradiction: at least two sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contradiction {
    /// What it is about.
    pub about: Subject,
    /// The sides, in order of what they say.
    pub sides: Vec<Side>,
}

pub(super) fn among(
    openings: &[Opening],
    casualties: &[MemberFigures],
    proceedings: &[ProceedingRecord],
) -> Vec<Contradiction> {
    let mut found = vec![];
    found.extend(about_incident(openings));
    found.extend(about_figures(casualties));
    found.extend(proceedings.iter().flat_map(about_proceeding));
    found
}

fn about_incident(openings: &[Opening]) -> impl Iterator<Item = Contradiction> {
    let mission = claims(openings, |opening| opening.opened.mission.clone());
    let hosts = claims(openings, |opening| {
        let codes: Vec<_> = opening.opened.host_states.iter().map(|s| s.as_str()).collect();
        codes.join(", ")
    });
    let dates = claims(openings, |opening| opening.opened.date);
    let nature = claims(openings, |opening| opening.opened.nature);
    [
        compare(Subject::Mission, mission, PartialEq::eq, ToString::to_string),
        compare(Subject::HostStates, hosts, PartialEq::eq, Clone::clone),
        compare(Subject::IncidentDate, dates, dates_agree, ToString::to_string),
        compare(Subject::Nature, nature, PartialEq::eq, ToString::to_string),
    ]
    .into_iter()
    .flatten()
}

fn claims<V>(openings: &[Opening], value: impl Fn(&Opening) -> V) -> Vec<(Source, V)> {
    openings.iter().map(|opening| (opening.source.clone(), value(opening))).collect()
}

fn dates_agree(a: &Date, b: &Date) -> bool {
    a.agrees_with(*b)
}

/// How to find one of the numbers.
type Number = fn(&Casualties) -> Option<u32>;

fn about_figures(casualties: &[MemberFigures]) -> impl Iterator<Item = Contradiction> {
    let numbers: [(Subject, Number); 4] = [
        (Subject::Killed, |said| said.killed),
        (Subject::Injured, |said| said.injured),
        (Subject::Detained, |said| said.detained),
        (Subject::Missing, |said| said.missing),
    ];
    numbers.into_iter().filter_map(|(subject, number)| {
        let latest = casualties.iter().filter_map(|member| member.latest(number));
        let claims = latest.map(|(source, said)| (source.clone(), said)).collect();
        compare(subject, claims, PartialEq::eq, ToString::to_string)
    })
}

fn about_proceeding(record: &ProceedingRecord) -> Vec<Contradiction> {
    let proceeding = &record.proceeding;
    let suspects =
        record.steps.iter().filter_map(|step| Some((step.source.clone(), step.suspects?)));
    let subject = Subject::Suspects { proceeding: proceeding.clone() };
    let mut found: Vec<_> =
        compare(subject, suspects.collect(), PartialEq::eq, ToString::to_string)
            .into_iter()
            .collect();
    for level in Level::ALL.iter().copied() {
        found.extend(about_judgment(record, level));
    }
    found
}

fn about_judgment(record: &ProceedingRecord, level: Level) -> Vec<Contradiction> {
    let of = || record.proceeding.clone();
    let stage = crate::stage::Stage::of_level(level);
    let judged = record.steps.iter().filter(|step| step.stage == stage);
    let dates = judged.map(|step| (step.source.clone(), step.date)).collect();
    let subject = Subject::JudgmentDate { proceeding: of(), level };
    let mut found: Vec<_> =
        compare(subject, dates, dates_agree, ToString::to_string).into_iter().collect();
    for record in &record.accused {
        let told = record.results.iter().filter(|told| told.level == level);
        let results = told.map(|told| (told.source.clone(), told.result)).collect();
        let subject = Subject::Outcome { proceeding: of(), level, accused: record.accused };
        found.extend(compare(subject, results, JudgmentResult::agrees_with, show_result));
    }
    found
}

fn show_result(result: &JudgmentResult) -> String {
    format!("{}, {}, {}", result.outcome, result.presence, result.sentence)
}

/// The contradiction among the members' latest words, if there is one.
fn compare<V: Ord>(
    about: Subject,
    mut claims: Vec<(Source, V)>,
    agree: fn(&V, &V) -> bool,
    show: fn(&V) -> String,
) -> Option<Contradiction> {
    claims.sort();
    // in ascending order of source: the last of a member's words stays
    let latest: BTreeMap<_, _> = claims
        .into_iter()
        .map(|(source, value)| (source.entry.member.clone(), (source, value)))
        .collect();
    let differ = |(_, a): &&(Source, V)| latest.values().any(|(_, b)| !agree(a, b));
    latest.values().find(differ)?;
    let mut sides: BTreeMap<&V, Vec<Source>> = BTreeMap::new();
    for (source, value) in latest.values() {
        sides.entry(value).or_default().push(source.clone());
    }
    let side = |(value, sources): (&V, Vec<Source>)| Side { says: show(value), sources };
    Some(Contradiction { about, sides: sides.into_iter().map(side).collect() })
}
