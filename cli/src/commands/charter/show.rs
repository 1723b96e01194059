//! `cairn charter show | history`: what a charter says, and what an amendment changes.

use super::super::Context;
use super::paper::{Paper, is_id};
use super::text;
use crate::failure::{Answer, Outcome};
use crate::print;
use cairn_ledger::charter::PendingCharter;
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
            text::change(paper.charter.current(), &proposal);
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
    text::in_force(charter);
    text::dispute(charter);
    for proposal in proposals {
        print::line("");
        text::change(charter.current(), proposal);
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
    text::versions(&paper.charter);
    for (before, after) in versions.iter().zip(versions.iter().skip(1)) {
        print::line("");
        text::change(before, after);
    }
    if text::dispute(&paper.charter) {
        for version in paper.charter.fork().into_iter().flatten() {
            print::line("");
            text::change(paper.charter.current(), version);
        }
    }
    Ok(Answer::Yes)
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
