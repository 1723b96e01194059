//! What can be typed, and where each command's work begins.

mod args;
mod audit;
mod authority;
mod case_list;
mod case_open;
mod case_show;
mod case_update;
mod charter;
mod completion;
mod export;
mod fork;
mod import;
mod init;
mod interrupt;
mod key;
mod log;
mod members;
mod opening;
mod receipt;
mod review;
mod say;
mod sealed;
mod status;
mod submit;
mod verify;
mod watch;
mod whoami;
mod witness;

use crate::client::Client;
use crate::failure::{Answer, Failure, Outcome};
use crate::home::{Config, Home};
use crate::print;
use cairn_keyring::Passphrases;
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use std::path::PathBuf;

/// The command line.
#[derive(Parser)]
#[command(
    name = "cairn",
    version,
    about = "State, follow and verify progress on crimes against peacekeepers",
    after_help = "Exit codes: 0 yes, done, true; 1 no, refused, refuted; 2 could not tell."
)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Options of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// The folder with your key, settings and drafts
    #[arg(long, value_name = "DIR", env = "CAIRN_HOME", global = true)]
    home: Option<PathBuf>,
    /// The node to talk to, instead of the one in your settings
    #[arg(long, value_name = "URL", env = "CAIRN_NODE", global = true)]
    node: Option<String>,
    /// Take your key's passphrase from the first line of this file instead of asking
    #[arg(long, value_name = "FILE", env = "CAIRN_PASSPHRASE_FILE", global = true)]
    passphrase_file: Option<PathBuf>,
    /// The file with your token for what is sealed, instead of the one in your home; or its text in CAIRN_TOKEN
    #[arg(long, value_name = "FILE", env = "CAIRN_TOKEN_FILE", global = true)]
    token_file: Option<PathBuf>,
    /// Believe a node on another machine by the certificates in this file, instead of the public ones
    #[arg(long, value_name = "FILE", env = "CAIRN_TLS_CA", global = true)]
    tls_ca: Option<PathBuf>,
    /// Answer in JSON, for programs
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Make your contributor's key and settings
    Init(init::InitArgs),
    /// Show your key, or change its passphrase
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Open, update and read cases
    #[command(subcommand)]
    Case(Box<CaseCommand>),
    /// Hand in statements that were signed earlier
    Submit(submit::SubmitArgs),
    /// What waits for a second person: read it, approve it, refuse it
    #[command(subcommand)]
    Review(review::ReviewCommand),
    /// Seal a file for members, beside a case
    Attach(Box<sealed::AttachArgs>),
    /// Read what is sealed for your member
    Open(sealed::OpenArgs),
    /// Take a sealed file away, or the proof of what was sealed
    Fetch(sealed::FetchArgs),
    /// What is sealed, for whom, and what your node holds of it
    Sealed(sealed::ListArgs),
    /// Who has opened something that is sealed
    Access(sealed::AccessArgs),
    /// Let further members read what your member has sealed
    Grant(Box<sealed::GrantArgs>),
    /// Have everybody destroy what your member has sealed: two people sign that
    Erase(Box<sealed::EraseArgs>),
    /// Say that a sealed document has changed hands
    HandOver(Box<sealed::HandOverArgs>),
    /// Keep who victims and accused are, at your own member's node
    #[command(subcommand)]
    Vault(Box<sealed::VaultCommand>),
    /// Read a member's log, entry by entry
    Log(log::LogArgs),
    /// The members of the network and who speaks for them
    Members(members::MembersArgs),
    /// Who may say what for whom, and why
    Authority(authority::AuthorityArgs),
    /// For whom your key speaks, and what it may state
    Whoami,
    /// Who is in the network, by which rules, and how that is changed
    #[command(subcommand)]
    Charter(charter::CharterCommand),
    /// Is all well at the node? Is it replicating, is any log forked?
    Status,
    /// Follow what happens, as it happens; Ctrl-C ends it
    Watch,
    /// State many things at once from a file
    #[command(subcommand)]
    Import(ImportCommand),
    /// Download an archive: all logs as files that anybody can verify
    Export(export::ExportArgs),
    /// Take one entry away as a file that anybody can verify
    Receipt(receipt::ReceiptArgs),
    /// Check exported logs, receipts and fork proofs with nothing but the network's id
    Verify(verify::VerifyArgs),
    /// Check a whole archive, or what has become of its logs since an older one
    Audit(audit::AuditArgs),
    /// Print a script that completes commands in your shell
    Completion(completion::CompletionArgs),
}

#[derive(Subcommand)]
enum CaseCommand {
    /// Open a case: one incident
    Open(case_open::OpenArgs),
    /// State something new about cases
    Update(case_update::UpdateArgs),
    /// Say that a case concerns another member as well
    Admit(sealed::AdmitArgs),
    /// Everything that every member has stated about a case
    Show(case_show::ShowArgs),
    /// The cases, in short
    List(case_list::ListArgs),
}

#[derive(Subcommand)]
enum ImportCommand {
    /// The United Nations' casualty data: one case per mission and day with malicious deaths
    UnFatalities(import::ImportArgs),
}

/// Where a command works: the home, the settings in it, the node.
pub(crate) struct Context {
    pub(crate) home: Home,
    pub(crate) json: bool,
    node: Option<String>,
    passphrase_file: Option<PathBuf>,
    token_file: Option<PathBuf>,
    tls_ca: Option<PathBuf>,
}

impl Context {
    /// The address that was typed or stands in the environment.
    pub(crate) fn node_named(&self) -> Option<&str> {
        self.node.as_deref()
    }

    /// Whether a file with a passphrase was named.
    pub(crate) fn has_passphrase_file(&self) -> bool {
        self.passphrase_file.is_some()
    }

    /// What opens an encrypted key.
    pub(crate) fn passphrases(&self) -> Passphrases {
        Passphrases::of(self.passphrase_file.clone())
    }

    /// The settings, if there are any.
    pub(crate) fn config(&self) -> Result<Option<Config>, Failure> {
        self.home.config()
    }

    /// The node: the one that was named, else the one of the settings.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        let set = match &self.node {
            Some(_) => None,
            None => self.config()?.and_then(|config| config.node),
        };
        let address = self.node.clone().or(set).ok_or_else(|| {
            Failure::unknown("no node is named").hint(
                "name one with --node http://127.0.0.1:8420, the variable CAIRN_NODE or cairn init",
            )
        })?;
        self.client_at(&address)
    }

    /// The node at an address, as this user.
    pub(crate) fn client_at(&self, address: &str) -> Result<Client, Failure> {
        let token = self.home.token(self.token_file.as_deref())?;
        Ok(Client::trusting(address, self.tls_ca.as_deref())?.with_token(token))
    }
}

/// Does what was typed.
///
/// # Errors
/// When it cannot be done or is refused.
pub fn run(cli: Cli) -> Outcome {
    let Cli { global: Global { home, node, passphrase_file, token_file, tls_ca, json }, command } =
        cli;
    let home = Home::locate(home.as_deref())?;
    let context = Context { home, json, node, passphrase_file, token_file, tls_ca };
    let Some(command) = command else { return first_steps(&context) };
    match command {
        Command::Init(args) => init::run(&context, &args),
        Command::Key(command) => key::run(&context, &command),
        Command::Case(command) => run_case(&context, &command),
        Command::Submit(args) => submit::run(&context, &args),
        Command::Review(command) => review::run(&context, &command),
        Command::Attach(args) => sealed::attach(&context, &args),
        Command::Open(args) => sealed::open(&context, &args),
        Command::Fetch(args) => sealed::fetch(&context, &args),
        Command::Sealed(args) => sealed::list(&context, &args),
        Command::Access(args) => sealed::access(&context, &args),
        Command::Grant(args) => sealed::grant(&context, &args),
        Command::Erase(args) => sealed::erase(&context, &args),
        Command::HandOver(args) => sealed::hand_over(&context, &args),
        Command::Vault(command) => sealed::vault(&context, &command),
        Command::Log(args) => log::run(&context, &args),
        Command::Members(args) => members::run(&context, &args),
        Command::Charter(command) => charter::run(&context, &command),
        Command::Authority(args) => authority::run(&context, &args),
        Command::Whoami => whoami::run(&context),
        Command::Status => status::run(&context),
        Command::Watch => watch::run(&context),
        Command::Import(ImportCommand::UnFatalities(args)) => import::run(&context, &args),
        Command::Export(args) => export::run(&context, &args),
        Command::Receipt(args) => receipt::run(&context, &args),
        Command::Verify(args) => verify::run(&context, &args),
        Command::Audit(args) => audit::run(&context, &args),
        Command::Completion(args) => Ok(completion::run(&args)),
    }
}

fn run_case(context: &Context, command: &CaseCommand) -> Outcome {
    match command {
        CaseCommand::Open(args) => case_open::run(context, args),
        CaseCommand::Update(args) => case_update::run(context, args),
        CaseCommand::Admit(args) => sealed::admit(context, args),
        CaseCommand::Show(args) => case_show::run(context, args),
        CaseCommand::List(args) => case_list::run(context, args),
    }
}

/// `cairn` alone: what to do first, or what can be done.
fn first_steps(context: &Context) -> Outcome {
    if context.config()?.is_some() {
        print::line(Cli::command().render_help().to_string());
        return Ok(Answer::Unknown);
    }
    print::line(format!(
        "There is no contributor's key in {} yet.\n\n\
         To state things for a member, make a key first:\n\
         \x20   cairn init --member CODE --node http://127.0.0.1:8420\n\
         To read what a node holds, no key is needed:\n\
         \x20   cairn case list --node http://127.0.0.1:8420\n\
         To verify exported logs, neither key nor node is needed:\n\
         \x20   cairn verify PATH --network ID\n\n\
         Everything else: cairn --help",
        context.home.folder().display()
    ));
    Ok(Answer::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_fit_together() {
        Cli::command().debug_assert();
    }
}
