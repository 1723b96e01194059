//! `cairn charter show | history`: what a charter says, and what an amendment changes.

use super::super::Context;
use super::paper::{Paper, is_id};
use crate::failure::{Answer, Outcome};
use crate::{describe, print, signing};
use cairn_ledger::card::Card;
use cairn_ledger::charter::{PendingCharter, Rules, Version};
use cairn_ledger::statement::Kind;
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// What is shown.
#[derive(Args)]
pub(in crate::commands) struct ShowArgs {
    /// A file, or the beginning of the id of an amendment; the node's charter when nothing is said
    #[arg(value_name = "FILE|ID")]
    what: Option<String>,
}

/// What is shown.
#[derive(Args)]
pub(in crate::commands) struct HistoryArgs {
    /// A file of charters; the node's when nothing is said
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

fn paper(context: &Context, file: Option<&Path>) -> Result<Paper, crate::failure::Failure> {
    match file {
        Some(file) => Paper::of_file(context, file),
        None => Paper::of_node(context),
    }
}

pub(super) fn run(context: &Context, args: &ShowArgs) -> Outcome {
    if let Some(id) = args.what.as_deref().filter(|what| is_id(what)) {
        let paper = Paper::of_node(context)?;
        let proposal = paper.proposal(Some(id))?;
        if context.json {
            print::json(&value(&proposal));
        } else {
            change(paper.charter.current(), &proposal);
        }
        return Ok(Answer::Yes);
    }
    let paper = paper(context, args.what.as_deref().map(Path::new))?;
    let (charter, proposals) = (&paper.charter, &paper.proposals);
    if context.json {
        let waiting: Vec<_> = proposals.iter().map(value).collect();
        print::json(&json!({
            "network": charter.network(),
            "charter": value(charter),
            "disputed": disputed(&paper),
            "proposals": waiting,
        }));
        return Ok(Answer::Yes);
    }
    print::line(format!("network {}", charter.network()));
    print::line(format!("{}, version {}, {}", charter.name(), charter.version(), charter.id()));
    print::line(rules(charter.rules()));
    charter.members().iter().for_each(card);
    for witness in charter.witnesses() {
        print::line(format!("witness {}  {}", witness.name, witness.key));
    }
    for ended in charter.ended() {
        print::line(format!(
            "{} was removed: its log ends after {} entries",
            ended.member, ended.size
        ));
    }
    if !disputed(&paper).is_empty() {
        print::heading("two successors of this version were signed: neither has force");
        disputed(&paper).iter().for_each(|id| print::line(format!("  {id}")));
    }
    for proposal in proposals {
        print::line("");
        change(charter.current(), proposal);
    }
    Ok(Answer::Yes)
}

fn disputed(paper: &Paper) -> Vec<String> {
    let fork = paper.charter.fork().into_iter().flatten();
    fork.map(|version| version.id().to_string()).collect()
}

pub(super) fn history(context: &Context, args: &HistoryArgs) -> Outcome {
    let paper = paper(context, args.file.as_deref())?;
    let versions: Vec<_> = paper.charter.history().collect();
    if context.json {
        let all: Vec<_> = versions.iter().map(|version| value(version)).collect();
        let disputed = disputed(&paper);
        print::json(
            &json!({ "network": paper.charter.network(), "versions": all, "disputed": disputed }),
        );
        return Ok(Answer::Yes);
    }
    let mut before: Option<&Version> = None;
    for version in versions {
        match before {
            None => print::line(format!(
                "version 1, {}: {} founds the network {}",
                signing::moment(version.made_at()),
                describe::joined(version.signers()),
                version.id()
            )),
            Some(before) => {
                print::line("");
                change(before, version);
            }
        }
        before = Some(version);
    }
    for version in paper.charter.fork().into_iter().flatten() {
        print::line("");
        print::heading("without force, because there is another successor of the same version:");
        change(paper.charter.current(), version);
    }
    Ok(Answer::Yes)
}

/// What an amendment changes, and who has signed it.
pub(super) fn change(before: &Version, after: &PendingCharter) {
    print::heading(format!("version {} of the charter, {}", after.version(), after.id()));
    print::line(format!("drafted {}", signing::moment(after.made_at())));
    for now in after.members() {
        match before.member(&now.code) {
            None => {
                print::line(format!("+ {} joins: {}, {}", now.code, now.kind, now.name));
                keys(now);
            }
            Some(was) if was != now => changed(was, now),
            Some(_) => {}
        }
    }
    for was in before.members().iter().filter(|was| after.member(&was.code).is_none()) {
        let ended = after.ended().iter().find(|ended| ended.member == was.code);
        let size = ended.map_or(0, |ended| ended.size);
        print::line(format!("- {} is removed: its log ends after {size} entries", was.code));
    }
    for now in after.witnesses().iter().filter(|now| !before.witnesses().contains(now)) {
        print::line(format!("+ witness {}  {}", now.name, now.key));
    }
    for was in before.witnesses().iter().filter(|was| !after.witnesses().contains(was)) {
        print::line(format!("- witness {}  {}", was.name, was.key));
    }
    if before.rules() != after.rules() {
        print::line(format!("- {}", rules(before.rules())));
        print::line(format!("+ {}", rules(after.rules())));
    }
    let signers: Vec<_> = after.signers().collect();
    print::line(format!(
        "signed by {} of {} that are needed: {}",
        signers.len(),
        after.needed(),
        describe::joined(signers)
    ));
    if let Err(why) = after.check_complete() {
        print::line(why.to_string());
    }
}

fn changed(was: &Card, now: &Card) {
    if was.name != now.name {
        print::line(format!("~ {} is now called {}", now.code, now.name));
    }
    for ((role, was), (_, now_key)) in was.keys.by_role().iter().zip(now.keys.by_role()) {
        if *was != now_key {
            print::line(format!("~ {} has another {role} key", now.code));
            print::line(format!("    - {was}"));
            print::line(format!("    + {now_key}"));
        }
    }
    if was.sealing != now.sealing {
        print::line(format!("~ {} has other sealing keys", now.code));
    }
}

fn card(card: &Card) {
    print::line(format!("{}  {}, {}", card.code, card.kind, card.name));
    keys(card);
}

fn keys(card: &Card) {
    for (role, key) in card.keys.by_role() {
        print::line(format!("    {role:<10} {key}"));
    }
}

fn rules(rules: &Rules) -> String {
    let secretariat = if rules.secretariat_signs { ", the Secretariat among them" } else { "" };
    let two = describe::joined(rules.two_people.iter().map(|Kind(number)| number));
    let two = if two.is_empty() { "no kind".into() } else { format!("kinds {two}") };
    format!(
        "rules: {} members amend, {} replace keys{secretariat}; {} confirm; two people for {two}",
        rules.amend, rules.rotate, rules.confirm
    )
}

/// A charter, or an amendment, as JSON.
pub(super) fn value(charter: &PendingCharter) -> Value {
    let members: Vec<_> = charter
        .members()
        .iter()
        .map(|card| {
            json!({
                "code": card.code, "name": card.name, "kind": card.kind, "keys": card.keys,
            })
        })
        .collect();
    let witnesses: Vec<_> = charter
        .witnesses()
        .iter()
        .map(|one| {
            json!({
                "name": one.name, "key": one.key,
            })
        })
        .collect();
    let ended: Vec<_> = charter
        .ended()
        .iter()
        .map(|one| {
            json!({
                "member": one.member, "size": one.size, "root": one.root,
            })
        })
        .collect();
    json!({
        "id": charter.id(),
        "version": charter.version(),
        "previous": charter.previous(),
        "made_at": charter.made_at(),
        "rules": charter.rules(),
        "members": members,
        "witnesses": witnesses,
        "ended": ended,
        "signers": charter.signers().collect::<Vec<_>>(),
        "needed": charter.needed(),
        "complete": charter.check_complete().is_ok(),
        "missing": charter.check_complete().err().map(|why| why.to_string()),
    })
}
