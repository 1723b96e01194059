//! What a contributor who is limited to missions or cases may speak about: what the ledger cannot judge,
//! because other members say in other logs of which mission a case is.

use crate::case_id::{CaseId, cases_of};
use crate::codes::MissionCode;
use crate::fact::Fact;
use alloc::vec::Vec;
use cairn_ledger::{Statement, Topic};

/// A case that the scope does not cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideOfScope {
    /// The case.
    pub case: CaseId,
    /// The missions that it is known to be of; none where the scope is of cases alone.
    pub missions: Vec<MissionCode>,
}

/// Whether a statement speaks only of cases that a scope of these topics covers. A scope that lists
/// neither missions nor cases covers all of them; one that lists missions covers cases that nobody has
/// opened yet. `missions_of` finds the missions that a case is of, as far as they are known.
///
/// # Errors
/// Names the first case that is not covered; whatever `missions_of` says when it cannot tell.
pub fn check_scope<E>(
    scope: &[Topic],
    statement: &Statement,
    fact: &Fact,
    missions_of: impl Fn(&CaseId) -> Result<Vec<MissionCode>, E>,
) -> Result<Result<(), OutsideOfScope>, E> {
    let missions: Vec<_> = scope.iter().filter_map(MissionCode::from_topic).collect();
    let cases: Vec<_> = scope.iter().filter_map(CaseId::from_topic).collect();
    if missions.is_empty() && cases.is_empty() {
        return Ok(Ok(()));
    }
    for case in cases_of(statement) {
        if cases.contains(&case) {
            continue;
        }
        let known = match (missions.is_empty(), fact) {
            (true, _) => Vec::new(),
            (false, Fact::CaseOpened(opened)) => Vec::from([opened.mission.clone()]),
            (false, _) => missions_of(&case)?,
        };
        let unopened = known.is_empty() && !missions.is_empty();
        // In topics `_` stands for a space too.
        let listed = |mission: &MissionCode| scope.contains(&mission.topic());
        if !unopened && !known.iter().any(listed) {
            return Ok(Err(OutsideOfScope { case, missions: known }));
        }
    }
    Ok(Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case_id::topics;
    use crate::samples::{casualties, day, opened};
    use alloc::vec;
    use cairn_ledger::hash::{NetworkId, Reference};
    use cairn_ledger::statement::{STATEMENT_FORMAT, Timestamp};
    use core::convert::Infallible;

    fn case(name: &str) -> CaseId {
        CaseId::derived(name)
    }

    fn mission(code: &str) -> MissionCode {
        MissionCode::new(code).unwrap()
    }

    /// Of the cases a and b somebody has said the mission; c was not opened yet.
    fn covered(scope: &[Topic], cases: &[&str], fact: &Fact) -> bool {
        let cases: Vec<_> = cases.iter().map(|name| case(name)).collect();
        let statement = Statement {
            format: STATEMENT_FORMAT,
            network: NetworkId([7; 32]),
            member: "COD".parse().unwrap(),
            reference: Reference([0; 16]),
            made_at: Timestamp(0),
            kind: fact.kind(),
            topics: topics(&cases, Some(&mission("MONUSCO"))),
            body: fact.encode(),
            sealed: vec![],
        };
        let known = |found: &CaseId| {
            let known = [("a", "MONUSCO"), ("b", "UNEF II")];
            let known = known.iter().filter(|(name, _)| case(name) == *found);
            Ok::<_, Infallible>(known.map(|(_, code)| mission(code)).collect())
        };
        let Ok(found) = check_scope(scope, &statement, fact, known);
        found.is_ok()
    }

    #[test]
    fn the_topic_that_a_statement_carries_does_not_open_other_cases() {
        let figures = casualties(9, 3);
        let monusco = [mission("MONUSCO").topic()];
        assert!(covered(&[], &["a", "b", "c"], &figures));
        assert!(covered(&monusco, &["a"], &figures));
        assert!(covered(&monusco, &["a", "c"], &figures), "c is nobody's yet");
        assert!(!covered(&monusco, &["b"], &figures));
        assert!(!covered(&monusco, &["a", "b"], &figures));
        assert!(covered(&[mission("UNEF II").topic()], &["b"], &figures));
        assert!(covered(&["files/7".parse().unwrap()], &["b"], &figures));
    }

    #[test]
    fn a_scope_of_cases_covers_these_and_beside_missions_theirs() {
        let figures = casualties(9, 3);
        let only_b = [case("b").topic()];
        assert!(covered(&only_b, &["b"], &figures));
        assert!(!covered(&only_b, &["a"], &figures));
        assert!(!covered(&only_b, &["c"], &figures), "not opened, and not listed");
        assert!(!covered(&only_b, &["a", "b"], &figures));
        let mut both = vec![case("b").topic(), mission("MONUSCO").topic()];
        both.sort();
        assert!(covered(&both, &["a", "b"], &figures));
    }

    #[test]
    fn a_case_is_opened_only_for_a_mission_of_the_scope() {
        assert!(covered(&[mission("MONUSCO").topic()], &["c"], &opened(day(7))));
        assert!(!covered(&[mission("UNMISS").topic()], &["c"], &opened(day(7))));
        assert!(!covered(&[mission("UNMISS").topic()], &["a"], &opened(day(7))));
    }
}
