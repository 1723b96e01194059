//! What investigators and courts do: every step names its proceeding, nobody is named.

use super::fields::{FactError, Fields, Says, check_set, check_some, order_set};
use crate::codes::{Accused, Proceeding};
use crate::date::Date;
use crate::vocabulary::{Level, OffenceCategory, Outcome, Presence, Sentence};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The most accused that one statement names.
const ACCUSED_MAX: usize = 512;
/// The most offences of one statement.
const OFFENCES_MAX: usize = 16;

/// An investigation was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvestigationOpened {
    /// Basis, verification, as-of date.
    pub says: Says,
    /// The file.
    pub proceeding: Proceeding,
    /// When it was opened.
    pub date: Date,
}

impl Fields for InvestigationOpened {
    fn check(&self) -> Result<(), FactError> {
        Ok(())
    }
}

/// So many suspects have been identified. Only the number is stated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuspectsIdentified {
    /// Basis, verification, as-of date.
    pub says: Says,
    /// The file.
    pub proceeding: Proceeding,
    /// How many in all, as of the date; at least 1.
    pub number: u32,
}

impl Fields for SuspectsIdentified {
    fn check(&self) -> Result<(), FactError> {
        if self.number == 0 { Err(FactError::Empty("number")) } else { Ok(()) }
    }
}

/// Accused were charged or referred to trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Charged {
    /// Basis, verification, as-of date.
    pub says: Says,
    /// The file.
    pub proceeding: Proceeding,
    /// When.
    pub date: Date,
    /// The accused, by number; 1 to 512.
    pub accused: Vec<Accused>,
    /// With what; at most 16, or none where it is not known.
    pub offences: Vec<OffenceCategory>,
}

impl Fields for Charged {
    fn check(&self) -> Result<(), FactError> {
        check_some("accused", &self.accused, ACCUSED_MAX)?;
        check_set("offences", &self.offences, OFFENCES_MAX)
    }

    fn order(&mut self) {
        order_set(&mut self.accused);
        order_set(&mut self.offences);
    }
}

/// Hearings opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialOpened {
    /// Basis, verification, as-of date.
    pub says: Says,
    /// The file.
    pub proceeding: Proceeding,
    /// When.
    pub date: Date,
    /// The accused, by number; at most 512, or none where they are not known.
    pub accused: Vec<Accused>,
}

impl Fields for TrialOpened {
    fn check(&self) -> Result<(), FactError> {
        check_set("accused", &self.accused, ACCUSED_MAX)
    }

    fn order(&mut self) {
        order_set(&mut self.accused);
    }
}

/// What a judgment says about one accused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgmentResult {
    /// The accused, by number.
    pub accused: Accused,
    /// What the court decided.
    pub outcome: Outcome,
    /// Whether the accused was there.
    pub presence: Presence,
    /// The sentence, in classes.
    pub sentence: Sentence,
}

impl JudgmentResult {
    /// True when the two may be the same decision, one of them told in less detail.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        let presence = self.presence == other.presence
            || self.presence == Presence::NotStated
            || other.presence == Presence::NotStated;
        let sentence = self.sentence == other.sentence
            || self.sentence == Sentence::NotStated
            || other.sentence == Sentence::NotStated;
        self.accused == other.accused && self.outcome == other.outcome && presence && sentence
    }
}

/// A court judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgment {
    /// Basis, verification, as-of date.
    pub says: Says,
    /// The file.
    pub proceeding: Proceeding,
    /// At what level.
    pub level: Level,
    /// When.
    pub date: Date,
    /// One for each accused of whom it is known; at most 512, or none.
    pub results: Vec<JudgmentResult>,
}

impl Fields for Judgment {
    fn check(&self) -> Result<(), FactError> {
        check_set("results", &self.results, ACCUSED_MAX)?;
        let each_once = self.results.is_sorted_by(|a, b| a.accused < b.accused);
        if !each_once {
            return Err(FactError::NotInOrder("results"));
        }
        let acquitted_with_sentence = self.results.iter().any(|result| {
            result.outcome == Outcome::Acquitted
                && !matches!(result.sentence, Sentence::NotStated | Sentence::NoSentence)
        });
        if acquitted_with_sentence {
            return Err(FactError::AtOdds("an acquitted accused has a sentence"));
        }
        Ok(())
    }

    fn order(&mut self) {
        order_set(&mut self.results);
    }
}
