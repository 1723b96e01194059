//! The malicious deaths of one mission on one day, and what is stated about them.

use cairn_casebook::fact::{ByState, CaseOpened, Casualties, Says};
use cairn_casebook::reference;
use cairn_casebook::vocabulary::{Nature, OffenceCategory, PersonnelCategory};
use cairn_casebook::{CaseId, Date, Fact, MissionCode, StateCode};
use cairn_ledger::Text;
use cairn_ledger::hash::{Reference, derive};
use cairn_ledger::statement::Timestamp;
use cairn_ledger::text::TextError;
use std::collections::BTreeMap;

/// The malicious deaths of one mission on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// The mission, by its code in the data.
    pub mission: MissionCode,
    /// The day.
    pub date: Date,
    /// When the data were updated last.
    pub last_update: Date,
    /// How many died.
    pub killed: u32,
    /// How many of them by State and category; those of undetermined nationality are missing.
    pub by_state: BTreeMap<(StateCode, PersonnelCategory), u32>,
}

impl Incident {
    /// Its name in the source, from which the case's id is derived: the same source, the same case.
    #[must_use]
    pub fn source_name(&self) -> String {
        format!("un-fatalities/{}/{}", self.mission, self.date)
    }

    /// The case.
    #[must_use]
    pub fn case(&self) -> CaseId {
        CaseId::derived(&self.source_name())
    }

    /// The beginning, UTC, of the day on which the data were updated.
    #[must_use]
    pub fn made_at(&self) -> Timestamp {
        let midnight = format!("{}T00:00:00Z", self.last_update).parse::<jiff::Timestamp>();
        Timestamp(midnight.map_or(0, |midnight| midnight.as_second()))
    }

    /// What is stated first: the case.
    ///
    /// # Errors
    /// When the source note is too long or not plain text.
    pub fn opened(&self, says: Says, source: &str) -> Result<Fact, TextError> {
        Ok(Fact::CaseOpened(CaseOpened {
            says,
            title: Text::typed(&format!(
                "Malicious act against {} personnel, {}",
                self.mission, self.date
            ))?,
            mission: self.mission.clone(),
            host_states: self.host_states(),
            date: self.date,
            place: None,
            incident_types: Vec::new(),
            offence_categories: vec![OffenceCategory::Killing],
            nature: Nature::Real,
            source: Text::typed(source)?,
        })
        .in_order())
    }

    /// What is stated second: how many died.
    #[must_use]
    pub fn casualties(&self, says: Says) -> Fact {
        let part = |((state, category), killed): (&(StateCode, PersonnelCategory), &u32)| ByState {
            state: state.clone(),
            nationality: None,
            category: *category,
            killed: *killed,
        };
        let by_state = self.by_state.iter().map(part).collect();
        let (killed, injured, detained, missing) = (Some(self.killed), None, None, None);
        Fact::Casualties(Casualties { says, killed, injured, detained, missing, by_state })
            .in_order()
    }

    /// The mission's host State, where it has had only one. The data do not say in which of
    /// several an incident took place, and a guess would name a State as concerned.
    pub(super) fn host_states(&self) -> Vec<StateCode> {
        let code = self.mission.as_str();
        let missions = reference::missions().iter();
        let mut hosts: Vec<_> = missions
            .filter(|mission| mission.acronym == code || mission.casualty_code == code)
            .flat_map(|mission| mission.host_states)
            .collect();
        hosts.sort_unstable();
        hosts.dedup();
        match hosts[..] {
            [only] => StateCode::new(only).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// The statement's number: the same incident and figures, the same number, so that importing
    /// twice adds nothing, and a newer file adds only figures that have changed.
    #[must_use]
    pub fn reference(&self, fact: &Fact) -> Reference {
        let mut source = format!("{}/{}", self.source_name(), fact.name());
        if let Fact::Casualties(casualties) = fact {
            source.push_str(&format!("/{}", self.killed));
            for part in &casualties.by_state {
                source.push_str(&format!("/{}:{}:{}", part.state, part.category, part.killed));
            }
        }
        let hash = derive("cairn 2026-11 import reference v1", source.as_bytes());
        let mut reference = Reference::default();
        for (out, byte) in reference.0.iter_mut().zip(hash) {
            *out = byte;
        }
        reference
    }
}
