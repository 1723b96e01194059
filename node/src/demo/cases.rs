//! Loading the demonstration cases: each member's statements, signed by its contributor.
//!
//! Every statement has a reference made from its line, so that a second run adds nothing.

use super::found::{DemoMember, Members};
use crate::commands::submit;
use anyhow::{Context, anyhow, bail};
use cairn_api::{Outcome, route};
use cairn_casebook::fact::{Correction, EntryRef, Replacement};
use cairn_casebook::vocabulary::Reason;
use cairn_casebook::{CaseId, Fact, MissionCode, topics};
use cairn_ledger::authority::{AUTHORISE, Authorisation, Scope};
use cairn_ledger::hash::{Bytes, Reference, derive};
use cairn_ledger::statement::{Kind, STATEMENT_FORMAT, Timestamp};
use cairn_ledger::text::{MemberCode, Text, Topic};
use cairn_ledger::{NetworkId, SecretKey, SignedStatement, Statement};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

const CASES: &str = include_str!("../../demo/cases.jsonl");
/// The case that the guide shows: figures that differ and were corrected.
const EXAMPLE: &str = "DEMO-0041";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    member: MemberCode,
    case: String,
    #[serde(default)]
    also: Vec<String>,
    made_at: String,
    name: Option<String>,
    corrects: Option<String>,
    reason: Option<Reason>,
    fact: Fact,
}

/// What was loaded.
pub(super) struct Loaded {
    pub(super) cases: usize,
    pub(super) statements: usize,
    pub(super) example: CaseId,
}

/// Authorises the contributors and hands all statements in.
pub(super) async fn load(members: &Members) -> anyhow::Result<Loaded> {
    let lines: Vec<Line> = CASES
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()
        .context("the demonstration cases")?;
    let lines = std::sync::Arc::new(lines);
    let missions = missions(&lines);
    for member in &members.list {
        let loader = Loader {
            network: members.network,
            code: member.code.clone(),
            url: member.url(),
            contributor: member.contributor.clone(),
            missions: missions.clone(),
        };
        let (lines, authorisation) = (lines.clone(), loader.authorisation(member)?);
        tokio::task::spawn_blocking(move || loader.load(&lines, authorisation)).await??;
    }
    let cases: BTreeSet<_> = lines.iter().map(|line| &line.case).collect();
    Ok(Loaded {
        cases: cases.len(),
        statements: lines.len(),
        example: case_id(members.network, EXAMPLE),
    })
}

/// The id of a demonstration case: another one in every network.
fn case_id(network: NetworkId, key: &str) -> CaseId {
    CaseId::derived(&format!("{network}/{key}"))
}

/// The mission of each case, from its first opening.
fn missions(lines: &[Line]) -> BTreeMap<String, MissionCode> {
    let mut missions = BTreeMap::new();
    for line in lines {
        if let Fact::CaseOpened(opened) = &line.fact {
            missions.entry(line.case.clone()).or_insert_with(|| opened.mission.clone());
        }
    }
    missions
}

struct Loader {
    network: NetworkId,
    code: MemberCode,
    url: String,
    contributor: SecretKey,
    missions: BTreeMap<String, MissionCode>,
}

impl Loader {
    fn authorisation(&self, member: &DemoMember) -> anyhow::Result<SignedStatement> {
        let root = cairn_keyring::read(
            &member.folder.key("root"),
            &mut cairn_keyring::Passphrases::none(),
        )?;
        let office = Text::new("Demonstration focal point")?;
        let fields =
            Authorisation { key: self.contributor.public(), office, scope: Scope::default() };
        let made_at = Timestamp(jiff::Timestamp::now().as_second());
        Ok(self.statement("authorisation", AUTHORISE, made_at, Vec::new(), fields.encode(), &root))
    }

    fn load(&self, lines: &[Line], authorisation: SignedStatement) -> anyhow::Result<()> {
        submit(&self.url, &[authorisation]).and_then(accepted)?;
        let mut named: BTreeMap<&str, EntryRef> = BTreeMap::new();
        let mut waiting: Vec<(&Line, SignedStatement)> = Vec::new();
        let ours = lines.iter().enumerate().filter(|(_, line)| line.member == self.code);
        for (number, line) in ours {
            // A correction names the entry that it corrects, so that has to stand first.
            if line.corrects.is_some() || waiting.len() == route::SUBMISSION_STATEMENTS_MAX {
                self.hand_in(&mut waiting, &mut named)?;
            }
            waiting.push((line, self.sign(number, line, &named)?));
        }
        self.hand_in(&mut waiting, &mut named)
    }

    fn hand_in<'a>(
        &self,
        waiting: &mut Vec<(&'a Line, SignedStatement)>,
        named: &mut BTreeMap<&'a str, EntryRef>,
    ) -> anyhow::Result<()> {
        if waiting.is_empty() {
            return Ok(());
        }
        let (lines, statements): (Vec<_>, Vec<_>) = waiting.drain(..).unzip();
        let entries = submit(&self.url, &statements).and_then(accepted)?;
        for (line, entry) in lines.into_iter().zip(entries) {
            if let Some(name) = &line.name {
                named.insert(name, entry);
            }
        }
        Ok(())
    }

    fn sign(
        &self,
        number: usize,
        line: &Line,
        named: &BTreeMap<&str, EntryRef>,
    ) -> anyhow::Result<SignedStatement> {
        let fact = match (&line.corrects, line.reason) {
            (Some(name), Some(reason)) => {
                let target = named.get(name.as_str()).cloned();
                let target = target.with_context(|| format!("no statement is named {name}"))?;
                let says = *line.fact.says();
                let replacement = Replacement::of(&line.fact);
                Fact::Correction(Correction { says, target, reason, replacement })
            }
            (None, None) => line.fact.clone(),
            _ => bail!("line {}: corrects and reason go together", number + 1),
        };
        let cases: Vec<_> = std::iter::once(&line.case)
            .chain(&line.also)
            .map(|key| case_id(self.network, key))
            .collect();
        let topics = topics(&cases, self.missions.get(&line.case));
        let made_at: jiff::Timestamp = format!("{}T00:00:00Z", line.made_at).parse()?;
        let source = format!("demonstration/{number}");
        let (kind, body) = (fact.kind(), fact.encode());
        Ok(self.statement(
            &source,
            kind,
            Timestamp(made_at.as_second()),
            topics,
            body,
            &self.contributor,
        ))
    }

    fn statement(
        &self,
        source: &str,
        kind: Kind,
        made_at: Timestamp,
        topics: Vec<Topic>,
        body: Bytes,
        key: &SecretKey,
    ) -> SignedStatement {
        let hash = derive("cairn 2026-11 demonstration reference v1", source.as_bytes());
        let mut reference = Reference::default();
        reference.0.copy_from_slice(&hash[..16]);
        let statement = Statement {
            format: STATEMENT_FORMAT,
            network: self.network,
            member: self.code.clone(),
            reference,
            made_at,
            kind,
            topics,
            body,
            sealed: Vec::new(),
        };
        statement.sign(&[key])
    }
}

/// The entries in which statements stand now, whether new or known.
fn accepted(outcomes: Vec<Outcome>) -> anyhow::Result<Vec<EntryRef>> {
    let entry = |outcome| match outcome {
        Outcome::Accepted { member, position, entry }
        | Outcome::Known { member, position, entry } => {
            Ok(EntryRef { member, position, hash: entry })
        }
        Outcome::Refused(problem) => Err(anyhow!("a demonstration statement: {}", problem.error)),
    };
    outcomes.into_iter().map(entry).collect()
}
