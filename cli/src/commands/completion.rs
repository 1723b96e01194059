//! `cairn completion`: a script by which a shell completes commands.

use super::Cli;
use crate::failure::Answer;
use crate::print;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

/// What is typed behind `cairn completion`.
#[derive(Debug, Args)]
pub(super) struct CompletionArgs {
    /// Your shell
    shell: Shell,
}

pub(super) fn run(args: &CompletionArgs) -> Answer {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "cairn", &mut script);
    print::raw(&script);
    Answer::Yes
}
