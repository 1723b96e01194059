//! `cairn key`: where the contributor's key is, and its passphrase.

use super::Context;
use crate::failure::{Answer, Failure, Outcome};
use crate::print;
use cairn_keyring::{Agent, Passphrases, Protection};
use cairn_ledger::PublicKey;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What is typed behind `cairn key`.
#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Show your key: its public half, where it is, whether it is encrypted
    Show,
    /// Encrypt your key, change its passphrase, or take it away
    Passphrase(PassphraseArgs),
}

/// What is typed behind `cairn key passphrase`.
#[derive(Debug, Args)]
pub(super) struct PassphraseArgs {
    /// Take the new passphrase from the first line of this file instead of asking
    #[arg(long, value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,
    /// Leave the key in the clear: whoever has the file can speak in your name
    #[arg(long, conflicts_with = "new_passphrase_file")]
    no_passphrase: bool,
}

pub(super) fn run(context: &Context, command: &KeyCommand) -> Outcome {
    match (command, context.home.config_needed()?.agent) {
        (KeyCommand::Show, Some(public)) => show_agent(context, public),
        (KeyCommand::Show, None) => show_file(context),
        (KeyCommand::Passphrase(_), Some(_)) => {
            Err(Failure::no("your key is in an ssh-agent, which keeps it in its own way")
                .hint("ssh-keygen -p changes the passphrase of an OpenSSH key file"))
        }
        (KeyCommand::Passphrase(args), None) => change(context, args),
    }
}

fn show_file(context: &Context) -> Outcome {
    let file = context.home.key_file_opened()?;
    let (public, encrypted) = (context.home.public_key()?, file.is_encrypted());
    if context.json {
        print::json(&serde_json::json!({
            "key": public, "key_file": file.path(), "encrypted": encrypted,
        }));
    } else {
        print::line(format!("your key: {public}"));
        let how = if encrypted { "encrypted" } else { "in the clear" };
        print::line(format!("kept in {}, {how}", file.path().display()));
    }
    Ok(Answer::Yes)
}

/// Yes when the agent shows the key now, no when it does not.
fn show_agent(context: &Context, public: PublicKey) -> Outcome {
    let keys = Agent::of_environment()?.keys()?;
    let held = keys.iter().find(|key| key.public == Some(public));
    let fingerprint = held.map(|key| &key.fingerprint);
    if context.json {
        print::json(&serde_json::json!({ "key": public, "agent_key": fingerprint }));
    } else {
        print::line(format!("your key: {public}"));
        print::line(match fingerprint {
            Some(fingerprint) => format!("in your ssh-agent as {fingerprint}"),
            None => {
                "not in your ssh-agent now: ssh-add FILE puts it back, ssh-add -X unlocks".into()
            }
        });
    }
    Ok(if held.is_some() { Answer::Yes } else { Answer::No })
}

fn change(context: &Context, args: &PassphraseArgs) -> Outcome {
    let (file, mut old) = (context.home.key_file_opened()?, context.passphrases());
    let secret = file.secret(&mut old)?;
    let protection = if args.no_passphrase {
        Protection::Clear
    } else {
        Passphrases::of(args.new_passphrase_file.clone()).choose("your key")?
    };
    file.protect(&secret, &protection)?;
    let encrypted = protection != Protection::Clear;
    if context.json {
        print::json(&serde_json::json!({ "key_file": file.path(), "encrypted": encrypted }));
    } else {
        let how = if encrypted { "encrypted" } else { "in the clear" };
        print::line(format!("{} is {how}", file.path().display()));
    }
    Ok(Answer::Yes)
}
