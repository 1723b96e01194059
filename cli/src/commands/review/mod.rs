//! `cairn review`: what waits for a second person, at the node or in a draft file.

mod approve;
mod find;
mod list;
mod refuse;
mod words;

use super::Context;
use crate::failure::Outcome;
use clap::Subcommand;

/// What can be typed behind `cairn review`.
#[derive(Debug, Subcommand)]
pub(super) enum ReviewCommand {
    /// What waits for a second person at the node
    List(list::ListArgs),
    /// A statement that waits, in full, and who has signed it
    Show(list::ShowArgs),
    /// Sign a statement as the second person
    Approve(approve::ApproveArgs),
    /// Refuse to sign a statement that waits at the node, and say why
    Refuse(refuse::RefuseArgs),
}

pub(super) fn run(context: &Context, command: &ReviewCommand) -> Outcome {
    match command {
        ReviewCommand::List(args) => list::run(context, args),
        ReviewCommand::Show(args) => list::show(context, args),
        ReviewCommand::Approve(args) => approve::run(context, args),
        ReviewCommand::Refuse(args) => refuse::run(context, args),
    }
}
