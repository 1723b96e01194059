//! How far a case has come: derived from what members state, never typed.

use crate::fact::Fact;
use crate::vocabulary::{Level, Verification};
use crate::words::vocabulary;
use cairn_ledger::charter::MemberKind;

vocabulary!(
    /// The stages of a case, in the order in which justice usually proceeds. Some have no kind of
    /// statement yet that leads there; they keep their place and their code.
    Stage, "stage", {
        Reported = "reported",
        Confirmed = "confirmed",
        Notified = "notified",
        Acknowledged = "acknowledged",
        InvestigationOpen = "investigation_open",
        SuspectsIdentified = "suspects_identified",
        CustodyOrWarrant = "custody_or_warrant",
        Charged = "charged",
        OnTrial = "on_trial",
        JudgedFirstInstance = "judged_first_instance",
        OnAppeal = "on_appeal",
        JudgedFinal = "judged_final",
        Enforcement = "enforcement",
        Closed = "closed",
    }
);

impl Stage {
    /// The code by which reports know the stage.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::Reported => 0,
            Self::Confirmed => 10,
            Self::Notified => 20,
            Self::Acknowledged => 30,
            Self::InvestigationOpen => 40,
            Self::SuspectsIdentified => 50,
            Self::CustodyOrWarrant => 60,
            Self::Charged => 70,
            Self::OnTrial => 80,
            Self::JudgedFirstInstance => 90,
            Self::OnAppeal => 100,
            Self::JudgedFinal => 110,
            Self::Enforcement => 120,
            Self::Closed => 900,
        }
    }

    /// The stage that a judgment at this level shows. A judgment on appeal that is not said to be
    /// final leaves the case on appeal.
    #[must_use]
    pub const fn of_level(level: Level) -> Self {
        match level {
            Level::FirstInstance => Self::JudgedFirstInstance,
            Level::Appeal => Self::OnAppeal,
            Level::Final => Self::JudgedFinal,
        }
    }

    /// The stage that a standing statement of a member shows the case to have reached.
    #[must_use]
    pub fn shown_by(member: Option<MemberKind>, fact: &Fact) -> Self {
        match fact {
            Fact::CaseOpened(opened) => {
                let confirms = match member {
                    Some(MemberKind::Secretariat | MemberKind::Mission) => true,
                    Some(MemberKind::State | MemberKind::RegionalOrganisation) | None => false,
                };
                let confirmed = Verification::ConfirmedByCompetentAuthority;
                if confirms && opened.says.verification == confirmed {
                    Self::Confirmed
                } else {
                    Self::Reported
                }
            }
            Fact::Notified(_) => Self::Notified,
            Fact::Acknowledged(_) => Self::Acknowledged,
            Fact::InvestigationOpened(_) => Self::InvestigationOpen,
            Fact::SuspectsIdentified(_) => Self::SuspectsIdentified,
            Fact::Charged(_) => Self::Charged,
            Fact::TrialOpened(_) => Self::OnTrial,
            Fact::Judgment(judgment) => Self::of_level(judgment.level),
            Fact::Closed(_) => Self::Closed,
            Fact::Reopened(_) => Self::InvestigationOpen,
            Fact::Casualties(_)
            | Fact::NoChange(_)
            | Fact::Note(_)
            | Fact::Correction(_)
            | Fact::Retraction(_)
            | Fact::Document(_)
            | Fact::HandedOver(_)
            | Fact::Granted(_)
            | Fact::Erased(_)
            | Fact::Identity(_)
            | Fact::Admitted(_) => Self::Reported,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_in_the_order_of_their_codes() {
        assert!(Stage::ALL.is_sorted_by(|a, b| a.code() < b.code() && a < b));
    }
}
