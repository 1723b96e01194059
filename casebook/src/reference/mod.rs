//! What is the same for everybody: States with their codes, and missions with their host States.
//!
//! A statement may use a code that is not in these tables (a new State, a new mission), and stays
//! readable. They are for names, for suggestions and for warnings.

mod missions;
mod states;

use missions::MISSIONS;
use states::STATES;

/// What a State is to the United Nations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateKind {
    /// A Member State.
    Member,
    /// A non-member observer State.
    Observer,
    /// An area with a code of its own. The code says nothing about its status.
    SpecialCode,
    /// A State that no longer exists, and still stands in older casualty data.
    Former,
}

/// A State, or an area with a code of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// ISO 3166-1 alpha-3.
    pub iso3: &'static str,
    /// The number of the United Nations Statistics Division, where there is one.
    pub m49: Option<u16>,
    /// Its English name.
    pub name: &'static str,
    /// What it is to the United Nations.
    pub kind: StateKind,
}

/// What a mission is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissionKind {
    /// A peacekeeping operation.
    Peacekeeping,
    /// The roof over several operations, or a part of one.
    UmbrellaOrComponent,
    /// A special political mission.
    SpecialPolitical,
    /// Any other presence.
    OtherPresence,
}

/// A mission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mission {
    /// Its acronym in English.
    pub acronym: &'static str,
    /// Its code in the United Nations' casualty data; several missions may share one; or empty.
    pub casualty_code: &'static str,
    /// The States that host or have hosted it. A case names its own, which may be others.
    pub host_states: &'static [&'static str],
    /// What it is.
    pub kind: MissionKind,
    /// Its English name.
    pub name: &'static str,
}

/// Every State, in ascending order of code.
#[must_use]
pub fn states() -> &'static [State] {
    STATES
}

/// Every mission, in ascending order of acronym.
#[must_use]
pub fn missions() -> &'static [Mission] {
    MISSIONS
}

/// The State with this ISO 3166-1 alpha-3 code.
#[must_use]
pub fn state(iso3: &str) -> Option<&'static State> {
    let found = STATES.binary_search_by(|state| state.iso3.cmp(iso3)).ok()?;
    STATES.get(found)
}

/// The State with this number of the United Nations Statistics Division.
#[must_use]
pub fn state_by_m49(m49: u16) -> Option<&'static State> {
    STATES.iter().find(|state| state.m49 == Some(m49))
}

/// The mission with this acronym, or else the first one with this code in the casualty data.
#[must_use]
pub fn mission(acronym: &str) -> Option<&'static Mission> {
    let by_acronym = MISSIONS.binary_search_by(|mission| mission.acronym.cmp(acronym));
    let by_code = || {
        let has_code = |mission: &&Mission| !acronym.is_empty() && mission.casualty_code == acronym;
        MISSIONS.iter().find(has_code)
    };
    by_acronym.ok().and_then(|found| MISSIONS.get(found)).or_else(by_code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MissionCode, StateCode};

    #[test]
    fn the_tables_are_complete_and_in_order() {
        let members = states().iter().filter(|state| state.kind == StateKind::Member).count();
        assert_eq!((members, missions().len()), (193, 85));
        assert!(states().is_sorted_by(|a, b| a.iso3 < b.iso3));
        assert!(missions().is_sorted_by(|a, b| a.acronym < b.acronym));
    }

    #[test]
    fn every_code_may_stand_in_a_statement_and_every_host_is_a_state() {
        for state in states() {
            StateCode::new(state.iso3).unwrap();
        }
        for mission in missions() {
            MissionCode::new(mission.acronym).unwrap();
            assert!(mission.host_states.iter().all(|host| state(host).is_some()));
        }
    }

    #[test]
    fn states_and_missions_are_found_by_any_of_their_codes() {
        assert_eq!(state("COD").unwrap().name, "Democratic Republic of the Congo");
        assert_eq!(state_by_m49(180).unwrap().iso3, "COD");
        assert_eq!(mission("MONUSCO").unwrap().host_states, ["COD"]);
        assert_eq!(mission("UNEF").unwrap().acronym, "UNEF I");
        assert!(mission("").is_none() && state("XXX").is_none());
    }
}
