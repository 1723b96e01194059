//! What a case promises, whatever members state about it.

use super::*;
use crate::fact::{Reading, Replacement};
use crate::samples::*;
use crate::vocabulary::{Basis, ClosingReason, Outcome};
use alloc::string::ToString;
use alloc::vec;
use cairn_ledger::Kind;

fn fold(statements: &[Stated]) -> Case {
    Case::fold(CaseId::derived("test"), statements.to_vec())
}

fn standing(case: &Case, member: &str, position: u64) -> Standing {
    let line = case.timeline.iter().find(|line| line.entry == entry(member, position));
    line.unwrap().standing.clone()
}

#[test]
fn the_stage_is_the_furthest_that_a_standing_statement_shows() {
    let mut all = vec![stated("UNSEC", 0, opened(day(7)))];
    assert_eq!(fold(&all).stage, Stage::Reported);
    all.push(stated("MONUSCO", 0, notified(8)));
    assert_eq!(fold(&all).stage, Stage::Notified);
    all.push(stated("COD", 0, judgment(Basis::OwnAct, 20)));
    all.push(stated("COD", 1, investigation(21)));
    let case = fold(&all);
    assert_eq!((case.stage, case.proceedings[0].stage), (Stage::JudgedFirstInstance, case.stage));
    assert_eq!(case.outcomes.convicted_in_absentia.to_string(), "1");
    all.push(stated("COD", 2, retraction_of("COD", 0)));
    let case = fold(&all);
    assert_eq!(case.stage, Stage::InvestigationOpen);
    assert_eq!(case.outcomes.convicted, Span::default());
    assert_eq!(standing(&case, "COD", 0), Standing::RetractedBy(entry("COD", 2)));
    all.push(stated("COD", 3, retraction_of("COD", 2)));
    assert_eq!(fold(&all).stage, Stage::JudgedFirstInstance, "a retraction can be taken back");
}

#[test]
fn what_stands_beyond_a_fork_counts_nowhere_and_all_else_does() {
    let beyond = |stated: Stated| Stated { beyond: Some(Beyond::Fork), ..stated };
    let case = fold(&[
        stated("UNSEC", 0, opened(day(7))),
        stated("COD", 0, investigation(8)),
        beyond(stated("COD", 1, judgment(Basis::OwnAct, 20))),
        beyond(stated("COD", 2, retraction_of("COD", 0))),
    ]);
    assert_eq!(case.stage, Stage::InvestigationOpen);
    assert_eq!(standing(&case, "COD", 0), Standing::Stands);
    assert_eq!(standing(&case, "COD", 1), Standing::BeyondFork);
    assert_eq!(standing(&case, "COD", 2), Standing::BeyondFork);
}

#[test]
fn what_a_removed_member_has_said_behind_the_end_of_its_log_counts_nowhere() {
    let case = fold(&[
        stated("UNSEC", 0, opened(day(7))),
        stated("COD", 0, investigation(8)),
        Stated { beyond: Some(Beyond::End), ..stated("COD", 1, judgment(Basis::OwnAct, 20)) },
    ]);
    assert_eq!(case.stage, Stage::InvestigationOpen);
    assert_eq!(standing(&case, "COD", 0), Standing::Stands);
    assert_eq!(standing(&case, "COD", 1), Standing::BeyondEnd);
}

#[test]
fn what_was_signed_after_a_compromise_counts_nowhere_and_can_be_said_again() {
    let marked = |stated: Stated| Stated { compromised_by: Some(9), ..stated };
    let mut all = vec![
        stated("UNSEC", 0, opened(day(7))),
        stated("COD", 0, investigation(8)),
        marked(stated("COD", 1, judgment(Basis::OwnAct, 20))),
        marked(stated("COD", 2, retraction_of("COD", 0))),
        marked(stated("UNSEC", 1, casualties(9, 14))),
    ];
    let case = fold(&all);
    assert_eq!((case.stage, case.killed), (Stage::InvestigationOpen, None));
    assert_eq!(standing(&case, "COD", 0), Standing::Stands, "the retraction has no effect");
    assert_eq!(standing(&case, "COD", 1), Standing::AfterCompromise(9));
    assert_eq!(standing(&case, "COD", 2), Standing::AfterCompromise(9));
    all.push(stated("UNSEC", 2, correction_of("UNSEC", 1, Replacement::of(&casualties(9, 15)))));
    all.push(stated("COD", 10, judgment(Basis::OwnAct, 20)));
    let case = fold(&all);
    assert_eq!((case.stage, case.killed.unwrap().most), (Stage::JudgedFirstInstance, 15));
    assert_eq!(standing(&case, "COD", 1), Standing::AfterCompromise(9), "and it stays marked");
    assert_eq!(standing(&case, "UNSEC", 1), Standing::AfterCompromise(9));
}

#[test]
fn contradicting_statements_both_stand_and_show() {
    let case = fold(&[
        stated("UNSEC", 0, opened(day(7))),
        stated("UNSEC", 1, casualties(9, 14)),
        stated("UNSEC", 2, casualties(22, 15)),
        stated("TZA", 0, casualties(22, 16)),
        stated("COD", 0, opened(day(8))),
    ]);
    assert_eq!(case.killed.unwrap().to_string(), "15-16");
    assert_eq!(case.casualties[1].figures.len(), 2, "the earlier figure is kept");
    let about: Vec<_> = case.contradictions.iter().map(|found| found.about.clone()).collect();
    assert_eq!(about, [Subject::IncidentDate, Subject::Killed]);
    let sides: Vec<_> = case.contradictions[1].sides.iter().map(|side| &side.says).collect();
    assert_eq!(sides, ["15", "16"]);
    assert!(case.timeline.iter().all(|line| line.standing == Standing::Stands));
}

#[test]
fn a_date_known_less_precisely_is_no_contradiction() {
    let month = Date::new(2017, 12, 0).unwrap();
    let case = fold(&[stated("UNSEC", 0, opened(day(7))), stated("COD", 0, opened(month))]);
    assert_eq!(case.contradictions, []);
    assert_eq!(case.incident_dates, [month, day(7)]);
}

#[test]
fn different_outcomes_for_one_accused_both_count() {
    let case = fold(&[
        stated("COD", 0, judgment_with(Basis::OwnAct, 20, Outcome::Acquitted)),
        stated("UNSEC", 0, judgment_with(Basis::PublicSource, 20, Outcome::Convicted)),
    ]);
    assert_eq!(case.outcomes.convicted, Span { least: 0, most: 1 });
    assert_eq!(case.outcomes.acquitted, Span { least: 0, most: 1 });
    assert!(matches!(case.contradictions[0].about, Subject::Outcome { .. }));
    assert_eq!(case.title, None, "opened by nobody here, and still a case");
}

#[test]
fn a_case_is_closed_until_somebody_goes_on_or_whoever_closed_it_takes_it_up() {
    let mut all = vec![
        stated("UNSEC", 0, opened(day(7))),
        stated("COD", 0, investigation(8)),
        stated("COD", 1, closed(10, ClosingReason::NoSuspect)),
    ];
    let case = fold(&all);
    assert_eq!((case.stage, case.closings.len()), (Stage::Closed, 1));
    assert_eq!(case.proceedings[0].stage, Stage::InvestigationOpen);
    let mut later = all.clone();
    later.push(stated("COD", 2, judgment(Basis::OwnAct, 20)));
    let case = fold(&later);
    assert_eq!((case.stage, case.closings.len()), (Stage::JudgedFirstInstance, 0), "it went on");
    later.push(stated("COD", 3, closed(21, ClosingReason::FinalAcquittal)));
    assert_eq!(fold(&later).stage, Stage::Closed);
    later.push(stated("COD", 4, reopened(22)));
    let case = fold(&later);
    assert_eq!((case.stage, case.closings.len()), (Stage::InvestigationOpen, 0));
    assert_eq!(case.proceedings[0].stage, Stage::JudgedFirstInstance, "the judgment stands");
    assert!(case.timeline.iter().all(|line| line.standing == Standing::Stands));
    all.push(stated("COD", 2, retraction_of("COD", 1)));
    assert_eq!(fold(&all).stage, Stage::InvestigationOpen, "a closing can be taken back");
}

#[test]
fn nobody_closes_or_reopens_a_case_of_others() {
    let mut all = vec![
        stated("UNSEC", 0, opened(day(7))),
        stated("COD", 0, judgment(Basis::OwnAct, 20)),
        stated("ZAF", 0, closed(21, ClosingReason::Amnesty)),
        stated("ZAF", 1, reopened(22)),
    ];
    assert_eq!((fold(&all).stage, fold(&all).closings.len()), (Stage::JudgedFirstInstance, 0));
    all.push(stated("COD", 1, closed(21, ClosingReason::SentenceServed)));
    assert_eq!(fold(&all).stage, Stage::Closed, "what ZAF reopens is its own");
    all.push(stated("UNSEC", 1, closed(23, ClosingReason::Duplicate)));
    all.push(stated("COD", 2, reopened(24)));
    let case = fold(&all);
    assert_eq!(case.closings[0].source.entry, entry("UNSEC", 1), "the Secretariat's stays");
    assert_eq!(case.stage, Stage::Closed);
    all.push(stated("UNSEC", 2, reopened(25)));
    assert_eq!(fold(&all).stage, Stage::InvestigationOpen);
    let (expected, size) = (fold(&all), all.len());
    permute(&mut all, size, &mut |order| assert_eq!(fold(order), expected));
}

fn everything() -> [Stated; 7] {
    [
        stated("UNSEC", 0, opened(day(7))),
        stated("UNSEC", 1, casualties(9, 14)),
        stated("UNSEC", 2, correction_of("UNSEC", 1, Replacement::of(&casualties(9, 15)))),
        stated("UNSEC", 3, correction_of("UNSEC", 2, Replacement::of(&casualties(9, 16)))),
        stated("COD", 0, judgment(Basis::OwnAct, 20)),
        stated("COD", 1, retraction_of("COD", 0)),
        read("COD", 2, Reading::Unknown(Kind(999))),
    ]
}

/// Calls `each` with every order of `items` (Heap's algorithm).
fn permute(items: &mut [Stated], size: usize, each: &mut impl FnMut(&[Stated])) {
    if size <= 1 {
        return each(items);
    }
    for index in 0..size {
        permute(items, size - 1, each);
        items.swap(if size.is_multiple_of(2) { index } else { 0 }, size - 1);
    }
}

#[test]
fn the_order_of_arrival_makes_no_difference() {
    let mut all = everything();
    let expected = fold(&all);
    let (size, mut orders) = (all.len(), 0);
    permute(&mut all, size, &mut |order| {
        orders += 1;
        assert_eq!(fold(order), expected);
    });
    assert_eq!(orders, 5040);
    let twice: Vec<_> = everything().into_iter().chain(everything()).collect();
    assert_eq!(fold(&twice), expected, "nor do statements that arrive twice");
}

#[test]
fn the_latest_correction_stands_in_place_of_the_statement() {
    let case = fold(&everything());
    assert_eq!(case.killed.unwrap().to_string(), "16");
    assert_eq!(standing(&case, "UNSEC", 1), Standing::CorrectedBy(entry("UNSEC", 3)));
    assert_eq!(standing(&case, "UNSEC", 2), Standing::CorrectedBy(entry("UNSEC", 3)));
    assert_eq!(standing(&case, "UNSEC", 3), Standing::Stands);
    let mut all = everything().to_vec();
    all.push(stated("UNSEC", 4, retraction_of("UNSEC", 3)));
    let case = fold(&all);
    assert_eq!(case.killed.unwrap().to_string(), "15", "a retracted correction falls away");
    all.push(stated("UNSEC", 5, retraction_of("UNSEC", 1)));
    let case = fold(&all);
    assert_eq!(case.killed, None);
    assert_eq!(standing(&case, "UNSEC", 2), Standing::RetractedBy(entry("UNSEC", 5)));
}

#[test]
fn nobody_corrects_or_retracts_what_another_member_said() {
    let case = fold(&[
        stated("UNSEC", 0, casualties(9, 14)),
        stated("TZA", 5, correction_of("UNSEC", 0, Replacement::of(&casualties(9, 3)))),
        stated("TZA", 6, retraction_of("UNSEC", 0)),
    ]);
    assert_eq!(case.killed.unwrap().to_string(), "14");
    assert_eq!(standing(&case, "UNSEC", 0), Standing::Stands);
    for position in [5, 6] {
        let Standing::NoEffect(why) = standing(&case, "TZA", position) else { panic!() };
        assert_eq!(why, "it is aimed at a statement of UNSEC");
    }
}

#[test]
fn one_person_does_not_undo_what_two_have_signed() {
    let people = |stated: Stated, count: u8| Stated {
        signers: (0..count).map(|n| cairn_ledger::PublicKey([n; 32])).collect(),
        ..stated
    };
    let correction = || correction_of("UNSEC", 0, Replacement::of(&casualties(9, 3)));
    let first = people(stated("UNSEC", 0, casualties(9, 14)), 2);
    let alone = [
        first.clone(),
        people(stated("UNSEC", 1, correction()), 1),
        people(stated("UNSEC", 2, retraction_of("UNSEC", 0)), 1),
    ];
    let case = fold(&alone);
    assert_eq!(case.killed.unwrap().to_string(), "14");
    for position in [1, 2] {
        let Standing::NoEffect(why) = standing(&case, "UNSEC", position) else { panic!() };
        assert_eq!(why, "two people have signed UNSEC/0, and one has signed this");
    }
    let both = fold(&[first, people(stated("UNSEC", 1, correction()), 2)]);
    assert_eq!(both.killed.unwrap().to_string(), "3");
}

#[test]
fn a_correction_of_another_kind_or_of_the_future_has_no_effect() {
    let case = fold(&[
        stated("UNSEC", 0, casualties(9, 14)),
        stated("UNSEC", 1, correction_of("UNSEC", 0, Replacement::of(&opened(day(7))))),
        stated("UNSEC", 2, correction_of("UNSEC", 3, Replacement::of(&casualties(9, 1)))),
        stated("UNSEC", 3, casualties(9, 14)),
    ]);
    assert_eq!((case.killed.unwrap().to_string(), case.openings.len()), ("14".into(), 0));
    assert!(matches!(standing(&case, "UNSEC", 1), Standing::NoEffect(_)));
    assert!(matches!(standing(&case, "UNSEC", 2), Standing::NoEffect(_)));
}

#[test]
fn what_cannot_be_read_is_kept_and_shown_as_such() {
    let why = "cut short".to_string();
    let case = fold(&[
        read("COD", 2, Reading::Unknown(Kind(999))),
        read("COD", 3, Reading::Unreadable { kind: Kind(101), why: why.clone() }),
    ]);
    assert_eq!(standing(&case, "COD", 2), Standing::UnknownKind);
    assert_eq!(standing(&case, "COD", 3), Standing::Unreadable(why));
    assert_eq!(case.summary().statements, 2);
    assert_eq!(case.timeline[0].as_of, day(7), "dated by the day on which it was made");
}

#[test]
fn what_a_member_may_not_state_counts_nowhere() {
    let case =
        fold(&[stated("COD", 0, notified(8)), stated("ZAF", 0, judgment(Basis::OwnAct, 20))]);
    assert_eq!((case.stage, case.proceedings.len()), (Stage::Reported, 0));
    assert!(matches!(standing(&case, "COD", 0), Standing::NotForThisMember(_)));
    assert!(matches!(standing(&case, "ZAF", 0), Standing::NotForThisMember(_)));
}

#[test]
fn a_case_and_its_summary_survive_json() {
    let case = fold(&everything());
    let json = serde_json::to_string(&case).unwrap();
    assert_eq!(serde_json::from_str::<Case>(&json).unwrap(), case);
    let summary = case.summary();
    let json = serde_json::to_string(&summary).unwrap();
    assert_eq!(serde_json::from_str::<Summary>(&json).unwrap(), summary);
    assert_eq!(summary.members.len(), 2);
}
