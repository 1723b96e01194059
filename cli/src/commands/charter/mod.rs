//! `cairn charter`: who is in the network, and how that is changed.

mod paper;
mod propose;
mod show;
mod sign;
mod text;

use super::Context;
use crate::failure::Outcome;
use clap::Subcommand;

/// What is done with the charter.
#[derive(Subcommand)]
pub(super) enum CharterCommand {
    /// Draft an amendment: members, witnesses, keys, thresholds
    Propose(Box<propose::ProposeArgs>),
    /// Sign an amendment with a root key, or a new witness's key; the machine may be offline
    Sign(sign::SignArgs),
    /// Hand in an amendment, or newer versions, from a file
    Submit(sign::SubmitArgs),
    /// The charter in force, and the amendments that wait for signatures
    Show(show::ShowArgs),
    /// Every version from the first on: what it changed, and who has signed it
    History(show::HistoryArgs),
}

pub(super) fn run(context: &Context, command: &CharterCommand) -> Outcome {
    match command {
        CharterCommand::Propose(args) => propose::run(context, args),
        CharterCommand::Sign(args) => sign::run(context, args),
        CharterCommand::Submit(args) => sign::submit(context, args),
        CharterCommand::Show(args) => show::run(context, args),
        CharterCommand::History(args) => show::history(context, args),
    }
}
