//! `cairn submit`: hands in what was signed earlier. Doing it twice adds nothing.

use super::Context;
use super::say::{self, Told};
use crate::drafts;
use crate::failure::{Answer, Failure, Outcome};
use crate::print;
use crate::sealed::prepared;
use clap::Args;
use std::path::{Path, PathBuf};

/// What is typed behind `cairn submit`.
#[derive(Debug, Args)]
pub(super) struct SubmitArgs {
    /// Draft files; all of your drafts when none is named
    files: Vec<PathBuf>,
    /// Have what lacks a second person's signature wait at the node for one
    #[arg(long)]
    review: bool,
}

pub(super) fn run(context: &Context, args: &SubmitArgs) -> Outcome {
    let network = match context.config()? {
        Some(config) => config.network,
        None => context.client()?.status()?.network,
    };
    let waiting = drafts::waiting(&context.home)?;
    let files = if args.files.is_empty() { waiting.clone() } else { args.files.clone() };
    if files.is_empty() {
        if context.json {
            print::json(&serde_json::json!({ "outcomes": [] }));
        } else {
            print::line(format!("no drafts in {}", context.home.drafts().display()));
        }
        return Ok(Answer::Yes);
    }
    let client = context.client()?;
    let mut all: Vec<Told> = Vec::new();
    for path in &files {
        let statements = drafts::read(path, network)?;
        prepared::hand_in(&client, &prepared::of_draft(path, &statements)?)?;
        let mut told = say::submit(&client, &statements)?;
        if args.review {
            told = say::have_reviewed(&client, &statements, told)?;
        }
        let refused: Vec<_> = told.iter().filter_map(Told::refused).collect();
        let needs_second = refused.iter().all(|problem| problem.needs_second);
        let refused = !refused.is_empty();
        all.extend(told);
        if !refused && waiting.iter().any(|held| same_file(held, path)) {
            drafts::settle(&context.home, path)?;
        } else if refused {
            say::report(context, &all);
            let path = path.display();
            let hint = if needs_second {
                format!(
                    "a second person signs it with: cairn review approve {path}; or it waits at the \
                     node for one: cairn submit --review {path}"
                )
            } else {
                "the files after it were not tried; mend what the node names, or delete the draft"
                    .into()
            };
            let what = format!("{path} was not accepted and stays where it is");
            return Err(Failure::no(what).hint(hint));
        }
    }
    Ok(say::report(context, &all))
}

fn same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}
