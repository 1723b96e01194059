//! What an operator types. One file for each command.

mod authorise;
mod charter;
mod dates;
mod init;
mod key;
mod name;
mod root;
mod run;
mod set_aside;
mod unlock;
mod user;
mod withdraw;

pub use init::make as init_make;
pub use root::submit;

use clap::{Parser, Subcommand};

/// Runs a member's node of a Cairn network: a replicated ledger for accountability.
#[derive(Parser)]
#[command(name = "cairn-node", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a member's keys and card.
    Init(init::Init),
    /// Make new keys, change passphrases, and show what is there.
    #[command(subcommand)]
    Key(key::Key),
    /// Draft, sign, merge and show the charter that founds a network.
    #[command(subcommand)]
    Charter(charter::Charter),
    /// Run the node.
    Run(run::Run),
    /// Let a contributor's key speak for the member, with the root key.
    Authorise(authorise::Authorise),
    /// Let a contributor's key not speak for the member until it is authorised again.
    Suspend(withdraw::Suspend),
    /// Let a contributor's key speak for the member no longer, or say that it was stolen.
    Revoke(withdraw::Revoke),
    /// Say which kinds of statement need two people for this member.
    TwoPeople(withdraw::NeedsTwo),
    /// Let somebody use the API for what is sealed, and take that back.
    #[command(subcommand)]
    User(user::UserCommand),
    /// Take entries of the own log that no peer has ever seen out of it.
    SetAside(set_aside::SetAsideCommand),
    /// Found a demonstration network of five members on this machine and run it.
    Demo(crate::demo::Demo),
    /// Print the script that completes commands in your shell.
    Completion {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

/// Carries out the command.
///
/// # Errors
/// With what the operator has to know.
pub fn execute(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Init(init) => init.execute(),
        Command::Key(key) => key.execute(),
        Command::Charter(charter) => charter.execute(),
        Command::Run(run) => run.execute(),
        Command::Authorise(authorise) => authorise.execute(),
        Command::Suspend(suspend) => suspend.execute(),
        Command::Revoke(revoke) => revoke.execute(),
        Command::TwoPeople(needs_two) => needs_two.execute(),
        Command::User(user) => user.execute(),
        Command::SetAside(set_aside) => set_aside.execute(),
        Command::Demo(demo) => demo.execute(),
        Command::Completion { shell } => {
            let mut command = <Cli as clap::CommandFactory>::command();
            clap_complete::generate(shell, &mut command, "cairn-node", &mut std::io::stdout());
            Ok(())
        }
    }
}
