//! `cairn review refuse`: says why a statement that waits is not signed by a second person.

use super::find::{self, Waiting};
use super::words;
use crate::commands::Context;
use crate::failure::{Answer, Failure, Outcome};
use crate::print;
use crate::signing::Contributor;
use cairn_ledger::refusal::Reason;
use clap::Args;
use std::path::Path;

/// What is typed behind `cairn review refuse`.
#[derive(Debug, Args)]
pub(in crate::commands) struct RefuseArgs {
    /// The statement's id, at least its first 8 digits
    #[arg(value_name = "ID")]
    id: String,
    /// Why, for the contributors of your member to read
    #[arg(long, value_name = "TEXT")]
    reason: Reason,
}

pub(super) fn run(context: &Context, args: &RefuseArgs) -> Outcome {
    if args.reason.is_empty() {
        return Err(Failure::no("a refusal says why: the reason is empty"));
    }
    if Path::new(&args.id).is_file() {
        return Err(Failure::no(format!("{} is a draft file", args.id))
            .hint("a draft is refused by not signing it; tell whoever gave it to you"));
    }
    let waiting = find::waiting(context, &args.id)?;
    if waiting.review.refusal.is_some() {
        return Err(Failure::no(format!("it was {}", words::state(&waiting))));
    }
    let Waiting { review, signed, .. } = waiting;
    let contributor = Contributor::at(&context.home, &mut context.passphrases())?;
    let refusal = contributor.refuse(&review.id, args.reason.clone())?;
    let review = context.client()?.refuse(&review.id, &refusal)?;
    if context.json {
        print::json(&review);
    } else {
        print::line(format!("refused: {}", words::words(&signed).text()));
        print::line("whoever signed it sees why: cairn review list --all");
    }
    Ok(Answer::Yes)
}
