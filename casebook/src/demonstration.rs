//! Holds the demonstration cases (`node/demo/cases.jsonl`) to the rules that real ones obey.

use crate::fact::{Correction, EntryRef, Replacement};
use crate::samples::{entry, stated};
use crate::vocabulary::{Nature, Reason};
use crate::{Case, CaseId, Date, Fact, Stage, Standing, Stated, may_state_as, reference};
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::Deserialize;

const FILE: &str = include_str!("../../node/demo/cases.jsonl");

/// A line of the file: see `node/demo/README.md`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    member: String,
    case: String,
    #[serde(default)]
    also: Vec<String>,
    made_at: Date,
    name: Option<String>,
    corrects: Option<String>,
    reason: Option<Reason>,
    fact: Fact,
}

fn lines() -> Vec<Line> {
    FILE.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect()
}

/// The statements of the file by case, as a demonstration network would hold them.
fn statements() -> BTreeMap<String, Vec<Stated>> {
    let mut positions: BTreeMap<String, u64> = BTreeMap::new();
    let mut names: BTreeMap<String, EntryRef> = BTreeMap::new();
    let mut cases: BTreeMap<String, Vec<Stated>> = BTreeMap::new();
    for line in lines() {
        let position = positions.entry(line.member.clone()).or_default();
        let here = entry(&line.member, *position);
        let mut fact = line.fact;
        if let Some(corrected) = line.corrects {
            fact = Fact::Correction(Correction {
                says: *fact.says(),
                target: names[&corrected].clone(),
                reason: line.reason.unwrap(),
                replacement: Replacement::of(&fact),
            });
        }
        let stated = stated(&line.member, *position, fact);
        for case in core::iter::once(line.case).chain(line.also) {
            cases.entry(case).or_default().push(stated.clone());
        }
        names.extend(line.name.map(|name| (name, here)));
        *position += 1;
    }
    cases
}

fn cases() -> BTreeMap<String, Case> {
    let fold = |(key, statements): (String, _)| {
        let case = Case::fold(CaseId::derived(&key), statements);
        (key, case)
    };
    statements().into_iter().map(fold).collect()
}

#[test]
fn every_line_is_a_fact_that_its_member_may_state() {
    for stated in statements().into_values().flatten() {
        let fact = stated.fact().unwrap();
        fact.check().unwrap();
        may_state_as(&stated.member, stated.member_kind.unwrap(), fact).unwrap();
    }
    assert!(lines().is_sorted_by_key(|line| line.made_at));
}

#[test]
fn every_case_is_opened_and_marked_as_a_demonstration() {
    let cases = cases();
    assert_eq!(cases.len(), 82);
    for case in cases.values() {
        assert_eq!(case.nature, Some(Nature::Demonstration), "{:?}", case.title);
        assert!(case.missions.iter().all(|code| reference::mission(code.as_str()).is_some()));
        assert!(case.host_states.iter().all(|code| reference::state(code.as_str()).is_some()));
        for line in &case.timeline {
            let fine = matches!(line.standing, Standing::Stands | Standing::CorrectedBy(_));
            assert!(fine, "{:?}", line.standing);
        }
    }
}

#[test]
fn the_demonstration_shows_what_cases_are_like() {
    let cases = cases();
    let semuliki = &cases["DEMO-0041"];
    assert_eq!(semuliki.killed.unwrap().to_string(), "14-16");
    assert_eq!(semuliki.injured.unwrap().to_string(), "43-44");
    assert_eq!((semuliki.contradictions.len(), semuliki.stage), (2, Stage::InvestigationOpen));
    assert_eq!(cases["DEMO-0026"].detained.unwrap().to_string(), "45");
    let bangui = &cases["DEMO-0038"];
    assert_eq!(bangui.outcomes.convicted.to_string(), "28");
    assert_eq!(bangui.stage, Stage::JudgedFirstInstance);
    assert_eq!(cases["DEMO-0005"].stage, Stage::JudgedFinal);
    assert_eq!(cases["DEMO-0011"].contradictions.len(), 2);
    assert_eq!(cases["DEMO-0064"].outcomes.pending.to_string(), "1");
}
