//! `cairn`: parses what was typed, does it, prints what failed, and answers with an exit code.

use cairn_cli::{commands, print};
use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    cairn_keyring::memory::keep_private();
    let typed = commands::Cli::parse();
    let as_json = typed.global.json;
    let answer = commands::run(typed).unwrap_or_else(|failure| {
        print::failure(&failure, as_json);
        failure.answer
    });
    ExitCode::from(answer.code())
}
