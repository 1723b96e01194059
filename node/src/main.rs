//! The process: parse, run, say what went wrong.

use cairn_keyring::KeyringError;
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    cairn_keyring::memory::keep_private();
    match cairn_node::commands::execute(cairn_node::commands::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cairn-node: {error:#}");
            let of_keys = error.chain().find_map(|cause| cause.downcast_ref::<KeyringError>());
            if let Some(hint) = of_keys.and_then(KeyringError::hint) {
                eprintln!("hint: {hint}");
            }
            ExitCode::from(2)
        }
    }
}
