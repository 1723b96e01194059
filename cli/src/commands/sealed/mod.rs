//! Commands about what is sealed: attach, open, fetch, grant, erase, and who has done what.

mod amend;
mod attach;
mod fetch;
mod list;
mod vault;

pub(super) use amend::{
    AdmitArgs, EraseArgs, GrantArgs, HandOverArgs, admit, erase, grant, hand_over,
};
pub(super) use attach::{AttachArgs, attach};
pub(super) use fetch::{FetchArgs, OpenArgs, fetch, open};
pub(super) use list::{AccessArgs, ListArgs, access, list};
pub(super) use vault::{VaultCommand, vault};

use super::Context;
use super::args::place;
use super::say::DeliveryArgs;
use crate::client::{Client, PartOf};
use crate::failure::Failure;
use crate::home::cannot;
use crate::sealed::{For, Prepared, ToSeal};
use cairn_api::EntryView;
use cairn_casebook::CaseId;
use cairn_casebook::fact::{MAIN_PART, REMARK_PART};
use cairn_ledger::MemberCode;
use cairn_sealing::CONTENT_BYTES_MAX;
use clap::Args;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A confidential remark beside a statement.
#[derive(Debug, Clone, Args)]
pub(super) struct SealArgs {
    /// A confidential text beside it, which only the members named with --to can read
    #[arg(long, value_name = "TEXT", requires = "to", global = true)]
    sealed_text: Option<String>,
    /// The same, from a file; - for standard input
    #[arg(
        long,
        value_name = "FILE",
        requires = "to",
        conflicts_with = "sealed_text",
        global = true
    )]
    sealed_file: Option<PathBuf>,
    /// For whom it is sealed: members' codes with commas between, or `concerned`
    #[arg(long, value_name = "CODE,…", value_delimiter = ',', global = true)]
    to: Vec<String>,
}

impl SealArgs {
    /// Seals the remark, if there is one.
    pub(super) fn prepare(
        &self,
        context: &Context,
        delivery: &DeliveryArgs,
        cases: &[CaseId],
    ) -> Result<Option<Prepared>, Failure> {
        let content = match (&self.sealed_text, &self.sealed_file) {
            (Some(text), _) => Zeroizing::new(text.clone().into_bytes()),
            (None, Some(path)) => read(path)?,
            (None, None) if self.to.is_empty() => return Ok(None),
            (None, None) => {
                return Err(Failure::no("--to says for whom, and nothing says what is sealed")
                    .hint("add --sealed-text TEXT or --sealed-file FILE"));
            }
        };
        if std::str::from_utf8(&content).is_err() {
            return Err(Failure::no("a sealed remark is text in UTF-8")
                .hint("cairn attach takes every kind of file"));
        }
        let client = if delivery.is_offline() { None } else { Some(context.client()?) };
        let to = audience(client.as_ref(), &self.to, cases)?;
        let part = REMARK_PART;
        seal(context, client.as_ref(), cases, &ToSeal { part, to, content }).map(Some)
    }
}

/// Seals a part of a statement about these cases.
fn seal(
    context: &Context,
    client: Option<&Client>,
    cases: &[CaseId],
    to_seal: &ToSeal,
) -> Result<Prepared, Failure> {
    let config = context.home.config_needed()?;
    let (whose, case) = ((config.network, config.member), cases.first().cloned());
    Prepared::seal(&context.home, client, whose, case, to_seal)
}

/// For whom something is sealed, as it was typed.
fn audience(client: Option<&Client>, typed: &[String], cases: &[CaseId]) -> Result<For, Failure> {
    const CONCERNED: &str = "concerned";
    let mut members = Vec::new();
    for word in typed {
        if word != CONCERNED {
            let code = MemberCode::new(&word.to_ascii_uppercase());
            members.push(code.map_err(|why| Failure::no(format!("--to {word}: {why}")))?);
            continue;
        }
        let Some(client) = client else {
            return Err(Failure::unknown("who is concerned cannot be asked offline")
                .hint("name the members' codes instead"));
        };
        for case in cases {
            let found = client.case(case)?;
            members.extend(found.concerned.into_iter().map(|one| one.member));
        }
    }
    members.sort();
    members.dedup();
    if members.is_empty() {
        return Err(Failure::no("it is sealed for nobody")
            .hint("--to names members' codes, or `concerned` for those whom the case concerns"));
    }
    Ok(For::Members(members))
}

/// What is to be sealed, from a file or standard input.
fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    let most = CONTENT_BYTES_MAX as u64 + 1;
    let read = if path.as_os_str() == "-" {
        io::stdin().take(most).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    read.map_err(|error| cannot("read", path, &error))?;
    Ok(bytes)
}

/// Which sealed part.
#[derive(Debug, Clone, Args)]
pub(super) struct PartArgs {
    /// The entry, as `cairn log` and `cairn case show` name it: COD/17
    #[arg(value_name = "CODE/POSITION", value_parser = place)]
    entry: (MemberCode, u64),
    /// Which of its sealed parts; its only one when nothing is said
    #[arg(long)]
    part: Option<u16>,
}

impl PartArgs {
    /// The entry and the part of it that is meant.
    fn find(&self, client: &Client) -> Result<(EntryView, PartOf), Failure> {
        let (member, position) = self.entry.clone();
        let page = client.log(&member, position, 1)?;
        let entry = page.entries.into_iter().find(|entry| entry.position == position);
        let entry = entry.ok_or_else(|| {
            Failure::no(format!("{member} has {} entries, and none at {position}", page.size))
                .hint("cairn log lists them")
        })?;
        let parts: Vec<_> = entry.sealed.iter().map(|sealed| sealed.part).collect();
        let named = parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let part = match (self.part, &parts[..]) {
            (_, []) => {
                return Err(Failure::no(format!("{member}/{position} has no sealed part"))
                    .hint("cairn sealed lists those that there are"));
            }
            (Some(part), parts) if parts.contains(&part) => part,
            (Some(part), _) => {
                return Err(Failure::no(format!("{member}/{position} has no sealed part {part}"))
                    .hint(format!("it has {named}")));
            }
            (None, [only]) => *only,
            (None, parts) if parts.contains(&MAIN_PART) => MAIN_PART,
            (None, _) => {
                return Err(Failure::no(format!("{member}/{position} has the parts {named}"))
                    .hint("name one with --part"));
            }
        };
        Ok((entry, (member, position, part)))
    }
}
