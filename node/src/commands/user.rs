//! `cairn-node user`: who may use the API for what is sealed.

use crate::config::Folder;
use crate::process::own_card;
use crate::users::{Role, User, Users};
use anyhow::{Context, ensure};
use cairn_casebook::CaseId;
use clap::{Args, Subcommand};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Let somebody use the API for what is sealed, and take that back.
#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// Add a user, and make the token by which the node knows them. It is shown once.
    Add(Add),
    /// List the users. Their tokens are nowhere.
    List {
        /// The member's data folder.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// Answer in JSON, for programs.
        #[arg(long)]
        json: bool,
    },
    /// Take a user's token back. A running node lets nobody in with it from then on.
    Revoke {
        /// The user.
        name: String,
        /// The member's data folder.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
}

/// Add a user.
#[derive(Args)]
pub(super) struct Add {
    /// A name for the access record: an office or desk, as everybody may know it.
    name: String,
    /// The member's data folder.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// What they may do: viewer (open what is sealed for the member), contributor (also hand in
    /// sealed parts), administrator.
    #[arg(long)]
    role: Role,
    /// After so many days the token ends.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=3650))]
    expires_days: Option<u64>,
    /// Only what is sealed about this case; may be said several times.
    #[arg(long = "case", value_name = "CASE", value_parser = CaseId::typed)]
    cases: Vec<CaseId>,
    /// Write the token into this new file, which nobody else can read, instead of showing it.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl UserCommand {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        match self {
            Self::Add(add) => add.execute(),
            Self::List { data, json } => list(&data, json),
            Self::Revoke { name, data } => {
                Users::change(&data, |users| {
                    let known = users.revoke(&name);
                    ensure!(known, "there is no user {name}: `cairn-node user list` names them");
                    Ok(())
                })?;
                say!("revoked the token of {name}");
                Ok(())
            }
        }
    }
}

impl Add {
    fn execute(self) -> anyhow::Result<()> {
        // A folder that is no member's would get a file that nobody reads.
        own_card(&Folder(self.data.clone()))?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
        let expires_at = self.expires_days.map(|days| now.saturating_add(days * 24 * 3600));
        let (name, role, cases) = (&self.name, self.role, self.cases);
        let add = |users: &mut Users| users.add(name, role, now, expires_at, cases);
        match &self.token_file {
            None => {
                let token = Users::change(&self.data, add)?;
                say!("{}", *token.text());
            }
            Some(path) => {
                let mut options = OpenOptions::new();
                let file = options.write(true).create_new(true).mode(0o600).open(path);
                let mut file = file.with_context(|| format!("cannot make {}", path.display()))?;
                let token = Users::change(&self.data, add)?;
                writeln!(file, "{}", *token.text())?;
                file.sync_all()?;
                say!("added {name} ({role}); the token is in {}", path.display());
            }
        }
        Ok(())
    }
}

/// A user without their token's hash.
#[derive(serde::Serialize)]
struct Shown<'a> {
    name: &'a str,
    role: Role,
    made_at: u64,
    expires_at: Option<u64>,
    cases: &'a [CaseId],
}

fn list(data: &Path, json: bool) -> anyhow::Result<()> {
    let users = Users::read(data)?;
    let shown = |user: &'_ User| {
        let User { role, made_at, expires_at, .. } = *user;
        (role, made_at, expires_at)
    };
    if json {
        let all: Vec<_> = users
            .all()
            .iter()
            .map(|user| {
                let (role, made_at, expires_at) = shown(user);
                Shown { name: &user.name, role, made_at, expires_at, cases: &user.cases }
            })
            .collect();
        say!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    if users.all().is_empty() {
        say!("no users: `cairn-node user add NAME --role viewer` adds one");
    }
    for user in users.all() {
        let moment = |at: u64| super::dates::shown(at);
        let end = user.expires_at.map(|at| format!(", until {}", moment(at))).unwrap_or_default();
        let cases: Vec<_> = user.cases.iter().map(ToString::to_string).collect();
        let cases =
            if cases.is_empty() { String::new() } else { format!(", only {}", cases.join(", ")) };
        say!("{:<24} {:<14} since {}{end}{cases}", user.name, user.role, moment(user.made_at));
    }
    Ok(())
}
