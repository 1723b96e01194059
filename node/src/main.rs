//! The process: parse, run, say what went wrong.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    match cairn_node::commands::execute(cairn_node::commands::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cairn-node: {error:#}");
            ExitCode::from(2)
        }
    }
}
