//! What happened and to how many: the facts of the incident.

use super::fields::{FactError, Fields, Says, check_set, check_text, order_set};
use crate::codes::{MissionCode, StateCode};
use crate::date::Date;
use crate::vocabulary::{IncidentType, Nature, OffenceCategory, PersonnelCategory};
use alloc::vec::Vec;
use cairn_ledger::text::Text;
use serde::{Deserialize, Serialize};

/// A case is opened: one incident, as one member first states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseOpened {
    /// Basis, verification, as-of date.
    pub says: Says,
    /// Short, neutral, without names of persons.
    pub title: Text<200>,
    /// The mission concerned.
    pub mission: MissionCode,
    /// The States that host or hosted it at that place and date; at most 8, or none.
    pub host_states: Vec<StateCode>,
    /// When the incident took place or began.
    pub date: Date,
    /// Where, as far as it may be public.
    pub place: Option<Text<120>>,
    /// At most 16.
    pub incident_types: Vec<IncidentType>,
    /// At most 16.
    pub offence_categories: Vec<OffenceCategory>,
    /// Real, or a demonstration.
    pub nature: Nature,
    /// Where the member has it from; may be empty.
    pub source: Text<300>,
}

impl Fields for CaseOpened {
    fn check(&self) -> Result<(), FactError> {
        check_text("title", &self.title)?;
        check_set("host_states", &self.host_states, 8)?;
        check_set("incident_types", &self.incident_types, 16)?;
        check_set("offence_categories", &self.offence_categories, 16)
    }

    fn order(&mut self) {
        order_set(&mut self.host_states);
        order_set(&mut self.incident_types);
        order_set(&mut self.offence_categories);
    }
}

/// A part of the killed, by contributing country and category.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByState {
    /// The contributing country of uniformed personnel; the nationality of everybody else.
    pub state: StateCode,
    /// The nationality, where it is another than `state`.
    pub nationality: Option<StateCode>,
    /// The category of personnel.
    pub category: PersonnelCategory,
    /// How many of them were killed.
    pub killed: u32,
}

/// How many were harmed, as of a date. A later figure of the same member takes its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Casualties {
    /// Basis, verification, as-of date.
    pub says: Says,
    /// Dead. Nothing said is not zero.
    pub killed: Option<u32>,
    /// Injured.
    pub injured: Option<u32>,
    /// Detained, abducted or held hostage.
    pub detained: Option<u32>,
    /// Missing.
    pub missing: Option<u32>,
    /// The killed by contributing country and category, as far as they are known; at most 128.
    pub by_state: Vec<ByState>,
}

impl Fields for Casualties {
    fn check(&self) -> Result<(), FactError> {
        check_set("by_state", &self.by_state, 128)?;
        let keys = |row: &ByState| (row.state.clone(), row.nationality.clone(), row.category);
        if !self.by_state.is_sorted_by(|a, b| keys(a) < keys(b)) {
            return Err(FactError::NotInOrder("by_state"));
        }
        if [self.killed, self.injured, self.detained, self.missing].iter().all(Option::is_none) {
            return Err(FactError::Empty("every one of killed, injured, detained and missing"));
        }
        let counted =
            self.by_state.iter().map(|row| u64::from(row.killed)).fold(0, u64::saturating_add);
        if counted > u64::from(self.killed.unwrap_or(0)) {
            return Err(FactError::AtOdds("by_state counts more dead than killed says"));
        }
        Ok(())
    }

    fn order(&mut self) {
        order_set(&mut self.by_state);
    }
}
