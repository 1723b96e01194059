//! `cairn case open`: one incident, and how many were harmed if that is known.

use super::Context;
use super::args::{CasualtiesArgs, OpenedArgs, SaysArgs};
use super::say::{DeliveryArgs, Saying, say};
use super::sealed::SealArgs;
use crate::failure::Outcome;
use crate::signing;
use cairn_casebook::CaseId;
use clap::Args;

/// What is typed behind `cairn case open`.
#[derive(Debug, Args)]
pub(super) struct OpenArgs {
    #[command(flatten)]
    opened: OpenedArgs,
    #[command(flatten)]
    casualties: CasualtiesArgs,
    #[command(flatten)]
    says: SaysArgs,
    #[command(flatten)]
    delivery: DeliveryArgs,
    #[command(flatten)]
    seal: SealArgs,
}

pub(super) fn run(context: &Context, args: &OpenArgs) -> Outcome {
    let says = args.says.says();
    let mut facts = vec![args.opened.fact(says)];
    facts.extend(args.casualties.fact(says));
    let cases = vec![CaseId::from_random(signing::random()?)];
    let mission = Some(args.opened.mission().clone());
    let prepared = args.seal.prepare(context, &args.delivery, &cases)?;
    say(context, &args.delivery, &Saying { facts, cases, mission, prepared })
}
