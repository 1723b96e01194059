//! Who may state what. The ledger decides whose key may speak for a member; this decides what a
//! member of its kind may say.

use crate::codes::Proceeding;
use crate::fact::{Fact, Reading};
use crate::reference;
use crate::vocabulary::{Basis, ClosingReason};
use cairn_ledger::charter::MemberKind;
use cairn_ledger::{Kind, MemberCode};

/// The kinds of statement that need two contributors in a network that is founded today, beside those
/// of the ledger.
pub const TWO_PEOPLE: [Kind; 2] = [Kind(170), Kind(183)];

/// A fact that this member may not state, or not like this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{who} may not state \"{title}\" like this: {why}")]
pub struct NotForThisMember {
    /// The kind of member.
    pub who: &'static str,
    /// The kind of statement, for people.
    pub title: &'static str,
    /// The rule.
    pub why: &'static str,
    /// What to do instead.
    pub hint: &'static str,
}

/// Why not, and what to do instead.
type Refusal = (&'static str, &'static str);

/// Whether a member of this kind may state this fact. [`may_state_as`] knows more: use it where
/// the member is known.
///
/// # Errors
/// Says which rule forbids it and what to do instead.
pub fn may_state(member: MemberKind, fact: &Fact) -> Result<(), NotForThisMember> {
    check(None, member, fact)
}

/// Whether this member, of this kind, may state this fact: also that a State speaks as its own
/// act only of its own courts.
///
/// # Errors
/// Says which rule forbids it and what to do instead.
pub fn may_state_as(
    member: &MemberCode,
    kind: MemberKind,
    fact: &Fact,
) -> Result<(), NotForThisMember> {
    check(Some(member), kind, fact)
}

fn check(
    member: Option<&MemberCode>,
    kind: MemberKind,
    fact: &Fact,
) -> Result<(), NotForThisMember> {
    let refused =
        |(why, hint): Refusal| NotForThisMember { who: who(kind), title: fact.title(), why, hint };
    let basis = fact.says().basis;
    let verdict = match fact {
        Fact::CaseOpened(_) | Fact::Casualties(_) => incident(kind),
        Fact::Notified(_) => notification(kind),
        Fact::Acknowledged(said) => {
            step(kind, basis).and_then(|()| own_state(member, kind, said.authority.state.as_str()))
        }
        Fact::InvestigationOpened(said) => justice(member, kind, basis, &said.proceeding),
        Fact::SuspectsIdentified(said) => justice(member, kind, basis, &said.proceeding),
        Fact::Charged(said) => justice(member, kind, basis, &said.proceeding),
        Fact::TrialOpened(said) => justice(member, kind, basis, &said.proceeding),
        Fact::Judgment(said) => justice(member, kind, basis, &said.proceeding),
        Fact::NoChange(_) => step(kind, basis),
        Fact::Note(_)
        | Fact::Retraction(_)
        | Fact::Document(_)
        | Fact::HandedOver(_)
        | Fact::Granted(_)
        | Fact::Erased(_)
        | Fact::Identity(_) => Ok(()),
        Fact::Admitted(_) => admission(kind, basis),
        Fact::Closed(said) => closing(kind, basis, Some(said.reason)),
        Fact::Reopened(_) => closing(kind, basis, None),
        Fact::Correction(said) => {
            return match said.replacement.reading() {
                Reading::Fact(Fact::Correction(_) | Fact::Retraction(_)) => Ok(()),
                Reading::Fact(fact) => check(member, kind, &fact),
                Reading::Unknown(_) | Reading::Unreadable { .. } => Ok(()),
            };
        }
    };
    verdict.map_err(refused)
}

/// Whether a member of this kind may ever state something of this kind of statement: with the right
/// basis, of the right authorities.
#[must_use]
pub fn may_ever_state(member: MemberKind, kind: Kind) -> bool {
    let verdict = match kind.0 {
        100 | 101 => incident(member),
        110 => notification(member),
        111 | 120..=122 | 130..=132 | 140 => {
            step(member, Basis::OwnAct).or_else(|_| step(member, Basis::OfficialCommunication))
        }
        170 | 171 => closing(member, Basis::OwnAct, None),
        185 => admission(member, Basis::OwnAct),
        _ => Ok(()),
    };
    verdict.is_ok()
}

/// Whom a case concerns beside those whom it concerns by its facts.
fn admission(kind: MemberKind, basis: Basis) -> Result<(), Refusal> {
    match (kind, basis) {
        (MemberKind::State | MemberKind::Secretariat, Basis::OwnAct) => Ok(()),
        (
            MemberKind::State | MemberKind::Secretariat,
            Basis::OfficialCommunication | Basis::Observation | Basis::PublicSource,
        ) => Err(("admits as its own act alone", "use --basis own_act")),
        (MemberKind::Mission | MemberKind::RegionalOrganisation, _) => {
            Err(("does not decide whom a case concerns", "the host State or the Secretariat does"))
        }
    }
}

fn who(kind: MemberKind) -> &'static str {
    match kind {
        MemberKind::State => "a State",
        MemberKind::Secretariat => "the Secretariat",
        MemberKind::Mission => "a mission",
        MemberKind::RegionalOrganisation => "a regional organisation",
    }
}

fn incident(kind: MemberKind) -> Result<(), Refusal> {
    match kind {
        MemberKind::State | MemberKind::Secretariat | MemberKind::Mission => Ok(()),
        MemberKind::RegionalOrganisation => Err((
            "incidents are reported by States, missions and the Secretariat",
            "state a note instead, or inform the mission",
        )),
    }
}

fn notification(kind: MemberKind) -> Result<(), Refusal> {
    match kind {
        MemberKind::Secretariat | MemberKind::Mission => Ok(()),
        MemberKind::State | MemberKind::RegionalOrganisation => Err((
            "the United Nations notify, a mission or the Secretariat (resolution 2589, paragraph 8)",
            "a State that was notified states an acknowledgement",
        )),
    }
}

/// A step of national authorities: theirs to state, others only report it.
fn step(kind: MemberKind, basis: Basis) -> Result<(), Refusal> {
    match (kind, basis) {
        (MemberKind::State, Basis::OwnAct) => Ok(()),
        (
            MemberKind::State,
            Basis::OfficialCommunication | Basis::Observation | Basis::PublicSource,
        ) => Err((
            "a State states the acts of its own authorities, as its own act",
            "use the basis own_act, or state a note about somebody else's act",
        )),
        (MemberKind::Secretariat | MemberKind::Mission, Basis::OwnAct) => Err((
            "it is an act of national authorities, which the United Nations only report",
            "use the basis official_communication, observation or public_source",
        )),
        (
            MemberKind::Secretariat | MemberKind::Mission,
            Basis::OfficialCommunication | Basis::Observation | Basis::PublicSource,
        ) => Ok(()),
        (
            MemberKind::RegionalOrganisation,
            Basis::OwnAct | Basis::OfficialCommunication | Basis::Observation | Basis::PublicSource,
        ) => Err((
            "it is an act of national authorities, stated by them or reported by the United Nations",
            "state a note instead",
        )),
    }
}

/// Closing a case and taking it up again: the act of whoever has jurisdiction, and of the Secretariat
/// where the case should not have been one.
fn closing(kind: MemberKind, basis: Basis, reason: Option<ClosingReason>) -> Result<(), Refusal> {
    let classifies = match reason {
        None
        | Some(ClosingReason::NotHostile | ClosingReason::Duplicate | ClosingReason::OutOfScope) => {
            true
        }
        Some(
            ClosingReason::FinalAcquittal
            | ClosingReason::SentenceServed
            | ClosingReason::NoSuspect
            | ClosingReason::InsufficientEvidence
            | ClosingReason::TimeBarred
            | ClosingReason::Amnesty
            | ClosingReason::SuspectDeceased
            | ClosingReason::Transferred,
        ) => false,
    };
    match (kind, basis) {
        (_, Basis::OfficialCommunication | Basis::Observation | Basis::PublicSource) => Err((
            "a case is closed and reopened as an own act, and not on somebody else's word",
            "use the basis own_act, or state a note about what others have done",
        )),
        (MemberKind::State, Basis::OwnAct) => Ok(()),
        (MemberKind::Secretariat, Basis::OwnAct) if classifies => Ok(()),
        (MemberKind::Secretariat, Basis::OwnAct) => Err((
            "only whoever has jurisdiction closes a case for such a reason",
            "the Secretariat closes as not_hostile, duplicate or out_of_scope",
        )),
        (MemberKind::Mission | MemberKind::RegionalOrganisation, Basis::OwnAct) => Err((
            "cases are closed by States that have jurisdiction, and by the Secretariat",
            "state a note instead",
        )),
    }
}

fn justice(
    member: Option<&MemberCode>,
    kind: MemberKind,
    basis: Basis,
    proceeding: &Proceeding,
) -> Result<(), Refusal> {
    step(kind, basis)?;
    own_state(member, kind, proceeding.forum.as_str())
}

/// A State speaks for itself. Members whose code is no State's code are not compared.
fn own_state(
    member: Option<&MemberCode>,
    kind: MemberKind,
    concerned: &str,
) -> Result<(), Refusal> {
    let elsewhere = |member: &MemberCode| {
        reference::state(member.as_str()).is_some() && member.as_str() != concerned
    };
    match kind {
        MemberKind::State if member.is_some_and(elsewhere) => Err((
            "it concerns the authorities or courts of somebody else",
            "name an authority or proceeding of your own State, or state a note",
        )),
        MemberKind::State
        | MemberKind::Secretariat
        | MemberKind::Mission
        | MemberKind::RegionalOrganisation => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{Closed, Note, Reopened, Replacement, Says};
    use crate::samples::{casualties, correction_of, day, judgment, notified, opened, says};
    use alloc::string::ToString;

    const KINDS: [MemberKind; 4] = [
        MemberKind::State,
        MemberKind::Secretariat,
        MemberKind::Mission,
        MemberKind::RegionalOrganisation,
    ];

    fn allowed(fact: &Fact) -> [bool; 4] {
        KINDS.map(|kind| may_state(kind, fact).is_ok())
    }

    #[test]
    fn only_the_united_nations_notify() {
        assert_eq!(allowed(&notified(1)), [false, true, true, false]);
        let refused = may_state(MemberKind::State, &notified(1)).unwrap_err();
        assert!(refused.to_string().starts_with("a State may not state"), "{refused}");
        assert!(refused.hint.contains("acknowledgement"));
    }

    #[test]
    fn judgments_are_a_states_own_act_or_reported_by_others() {
        assert_eq!(allowed(&judgment(Basis::OwnAct, 1)), [true, false, false, false]);
        assert_eq!(allowed(&judgment(Basis::PublicSource, 1)), [false, true, true, false]);
    }

    #[test]
    fn cases_are_closed_as_an_own_act_and_by_the_secretariat_for_three_reasons() {
        let closed = |basis, reason| {
            let says = Says { basis, ..says(1) };
            allowed(&Fact::Closed(Closed { says, date: day(1), reason }))
        };
        for reason in ClosingReason::ALL.iter().copied() {
            let classifies = matches!(
                reason,
                ClosingReason::NotHostile | ClosingReason::Duplicate | ClosingReason::OutOfScope
            );
            assert_eq!(closed(Basis::OwnAct, reason), [true, classifies, false, false], "{reason}");
            assert_eq!(closed(Basis::PublicSource, reason), [false; 4], "{reason}");
        }
    }

    #[test]
    fn what_somebody_may_ever_state_is_what_it_may_state_on_one_basis_or_another() {
        let bases = [Basis::OwnAct, Basis::OfficialCommunication];
        let note = Fact::Note(Note { says: says(1), text: "seen".parse().unwrap() });
        let (date, reason) = (day(1), ClosingReason::Duplicate);
        let own = || Says { basis: Basis::OwnAct, ..says(1) };
        let closed = Fact::Closed(Closed { says: own(), date, reason });
        let reopened = Fact::Reopened(Reopened { says: own(), date });
        let facts = [opened(day(7)), casualties(1, 3), notified(1), note, closed, reopened];
        for fact in facts.into_iter().chain(bases.map(|basis| judgment(basis, 1))) {
            for member in KINDS {
                let may = bases.iter().any(|basis| {
                    let on_basis = matches!(fact, Fact::Judgment(_)).then(|| judgment(*basis, 1));
                    let fact = on_basis.unwrap_or_else(|| fact.clone());
                    may_state(member, &fact).is_ok()
                });
                assert_eq!(may_ever_state(member, fact.kind()), may, "{member:?} {}", fact.name());
            }
        }
    }

    #[test]
    fn a_state_speaks_only_of_its_own_courts() {
        let fact = judgment(Basis::OwnAct, 1);
        let as_member =
            |code| may_state_as(&MemberCode::new(code).unwrap(), MemberKind::State, &fact);
        assert!(as_member("COD").is_ok());
        assert!(as_member("ZAF").is_err());
    }

    #[test]
    fn everybody_may_note_and_correct_but_only_what_they_may_state() {
        let note = Fact::Note(Note { says: says(1), text: "seen".parse().unwrap() });
        assert_eq!(allowed(&note), [true; 4]);
        let correction = correction_of("COD", 0, Replacement::of(&notified(1)));
        assert_eq!(allowed(&correction), [false, true, true, false]);
        let correction = correction_of("COD", 0, Replacement::of(&casualties(1, 3)));
        assert_eq!(allowed(&correction), [true, true, true, false]);
    }
}
