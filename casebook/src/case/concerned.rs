//! Whom a case concerns, and why: the members for whom what is sealed about it is meant.
//!
//! It follows from the standing statements of all members, like everything else about a case. Whether
//! somebody is a member is for the caller to say: a State that is none is concerned all the same.

use super::standing::{Live, Source};
use crate::fact::{ByState, Fact};
use crate::vocabulary::PersonnelCategory;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use cairn_ledger::MemberCode;
use cairn_ledger::charter::MemberKind;
use core::fmt;
use serde::{Deserialize, Serialize};

/// Why a case concerns somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// It hosted the mission at that place and date.
    HostState,
    /// It contributed uniformed personnel who were killed.
    ContributingCountry,
    /// Civilians who were killed were its nationals.
    Nationality,
    /// A proceeding is before its courts.
    Jurisdiction,
    /// Its authorities were notified.
    Notified,
    /// The mission that was attacked.
    Mission,
    /// The Secretariat is concerned by every case.
    Secretariat,
    /// By a decision.
    Admitted,
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::HostState => "host State",
            Self::ContributingCountry => "contributing country",
            Self::Nationality => "nationality of a victim",
            Self::Jurisdiction => "proceeding before its courts",
            Self::Notified => "its authorities were notified",
            Self::Mission => "the mission",
            Self::Secretariat => "the Secretariat",
            Self::Admitted => "admitted",
        })
    }
}

/// Somebody whom a case concerns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Concerned {
    /// Who: a member's code, as the State or mission would have it.
    pub member: MemberCode,
    /// Why, each with the statements that say so.
    pub basis: BTreeMap<Basis, Vec<Source>>,
}

/// Everybody whom the standing statements show to be concerned.
pub(super) fn of(live: &[Live]) -> Vec<Concerned> {
    let mut found: BTreeMap<MemberCode, BTreeMap<Basis, BTreeSet<Source>>> = BTreeMap::new();
    for live in live {
        let mut add = |code: &str, basis: Basis| {
            // A mission's code may have spaces, a member's has none.
            let code: alloc::string::String =
                code.chars().map(|c| if c == ' ' { '-' } else { c.to_ascii_uppercase() }).collect();
            if let Ok(member) = MemberCode::new(&code) {
                let sources = found.entry(member).or_default().entry(basis).or_default();
                sources.insert(live.source.clone());
            }
        };
        match &live.fact {
            Fact::CaseOpened(said) => {
                said.host_states.iter().for_each(|state| add(state.as_str(), Basis::HostState));
                add(said.mission.as_str(), Basis::Mission);
            }
            Fact::Casualties(said) => said.by_state.iter().for_each(|row| victims(row, &mut add)),
            Fact::Notified(said) => add(said.authority.state.as_str(), Basis::Notified),
            Fact::Acknowledged(said) => add(said.authority.state.as_str(), Basis::Notified),
            Fact::InvestigationOpened(said) => {
                add(said.proceeding.forum.as_str(), Basis::Jurisdiction);
            }
            Fact::SuspectsIdentified(said) => {
                add(said.proceeding.forum.as_str(), Basis::Jurisdiction);
            }
            Fact::Charged(said) => add(said.proceeding.forum.as_str(), Basis::Jurisdiction),
            Fact::TrialOpened(said) => add(said.proceeding.forum.as_str(), Basis::Jurisdiction),
            Fact::Judgment(said) => add(said.proceeding.forum.as_str(), Basis::Jurisdiction),
            Fact::Admitted(said) => add(said.member.as_str(), Basis::Admitted),
            Fact::NoChange(_)
            | Fact::Note(_)
            | Fact::Correction(_)
            | Fact::Retraction(_)
            | Fact::Closed(_)
            | Fact::Reopened(_)
            | Fact::Document(_)
            | Fact::HandedOver(_)
            | Fact::Granted(_)
            | Fact::Erased(_)
            | Fact::Identity(_) => {}
        }
    }
    let basis =
        |(basis, sources): (Basis, BTreeSet<Source>)| (basis, sources.into_iter().collect());
    let one = |(member, all): (MemberCode, BTreeMap<_, _>)| {
        let basis = all.into_iter().map(basis).collect();
        Concerned { member, basis }
    };
    found.into_iter().map(one).collect()
}

/// Uniformed victims concern the country that sent them, all others the State whose nationals they were.
fn victims(row: &ByState, add: &mut impl FnMut(&str, Basis)) {
    if is_uniformed(row.category) {
        add(row.state.as_str(), Basis::ContributingCountry);
        return;
    }
    let national = row.nationality.as_ref().unwrap_or(&row.state);
    add(national.as_str(), Basis::Nationality);
}

fn is_uniformed(category: PersonnelCategory) -> bool {
    match category {
        PersonnelCategory::MilitaryContingent
        | PersonnelCategory::MilitaryStaffOfficer
        | PersonnelCategory::MilitaryObserver
        | PersonnelCategory::PoliceFpu
        | PersonnelCategory::PoliceIndividual
        | PersonnelCategory::GovernmentProvidedPersonnel
        | PersonnelCategory::ExpertOnMission
        | PersonnelCategory::Military
        | PersonnelCategory::Police => true,
        PersonnelCategory::CivilianInternational
        | PersonnelCategory::CivilianNational
        | PersonnelCategory::UnVolunteerInternational
        | PersonnelCategory::UnVolunteerNational
        | PersonnelCategory::ConsultantContractor
        | PersonnelCategory::AssociatedPersonnel
        | PersonnelCategory::Other => false,
    }
}

/// Of those whom a case concerns, the members of a network, and its Secretariat.
pub(super) fn among(concerned: &mut Vec<Concerned>, members: &[(MemberCode, MemberKind)]) {
    concerned.retain(|one| members.iter().any(|(code, _)| *code == one.member));
    let secretariats = members.iter().filter(|(_, kind)| *kind == MemberKind::Secretariat);
    for (code, _) in secretariats {
        match concerned.iter_mut().find(|one| one.member == *code) {
            Some(one) => drop(one.basis.entry(Basis::Secretariat).or_default()),
            None => {
                let basis = [(Basis::Secretariat, Vec::new())].into();
                concerned.push(Concerned { member: code.clone(), basis });
            }
        }
    }
    concerned.sort();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Case, Stated};
    use crate::fact::Says;
    use crate::samples::{day, investigation, notified, opened};
    use alloc::string::ToString;
    use alloc::vec;

    fn stated(member: &str, position: u64, fact: Fact) -> Stated {
        crate::samples::stated(member, position, fact)
    }

    fn killed() -> Fact {
        let row = |state: &str, category| ByState {
            state: state.parse().unwrap(),
            nationality: None,
            category,
            killed: 1,
        };
        let by_state = vec![
            row("FRA", PersonnelCategory::CivilianInternational),
            row("TZA", PersonnelCategory::MilitaryContingent),
        ];
        let (killed, none) = (Some(2), None);
        let says = crate::samples::says(9);
        let (injured, detained, missing) = (none, none, none);
        Fact::Casualties(crate::fact::Casualties {
            says,
            killed,
            injured,
            detained,
            missing,
            by_state,
        })
    }

    #[test]
    fn who_is_concerned_follows_from_the_facts_in_whatever_order_they_come() {
        let admitted = Fact::Admitted(crate::fact::Admitted {
            says: Says { basis: crate::vocabulary::Basis::OwnAct, ..crate::samples::says(9) },
            member: "TUR".parse().unwrap(),
            decision: "on request".parse().unwrap(),
        });
        let all = vec![
            stated("UNSEC", 1, opened(day(7))),
            stated("UNSEC", 2, killed()),
            stated("UNSEC", 3, notified(8)),
            stated("COD", 1, investigation(21)),
            stated("COD", 2, admitted),
        ];
        let id = crate::CaseId::derived("a");
        let case = Case::fold(id.clone(), all.clone());
        let mut turned = all;
        turned.reverse();
        assert_eq!(Case::fold(id, turned).concerned, case.concerned);
        let kinds = |kind| move |code: &str| (code.parse::<MemberCode>().unwrap(), kind);
        let mut members: Vec<_> = ["COD", "TUR", "TZA", "FRA"].map(kinds(MemberKind::State)).into();
        members.push(kinds(MemberKind::Secretariat)("UNSEC"));
        let said = |one: &Concerned| {
            let basis: Vec<_> = one.basis.keys().map(ToString::to_string).collect();
            alloc::format!("{}: {}", one.member, basis.join(", "))
        };
        let shown: Vec<_> = case.among(&members).concerned.iter().map(said).collect();
        assert_eq!(
            shown,
            [
                "COD: host State, proceeding before its courts, its authorities were notified",
                "FRA: nationality of a victim",
                "TUR: admitted",
                "TZA: contributing country",
                "UNSEC: the Secretariat",
            ]
        );
    }
}
