//! `cairn vault`: identities that never leave the own member's node.

use super::super::Context;
use super::super::args::{SaysArgs, word};
use super::super::say::{DeliveryArgs, Saying, say};
use super::{read, seal};
use crate::failure::{Answer, Failure, Outcome};
use crate::print;
use crate::sealed::{For, ToSeal};
use cairn_casebook::fact::{Identity, MAIN_PART};
use cairn_casebook::vocabulary::PersonRole;
use cairn_casebook::{CaseId, Fact};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Keep identities at your own member's node
///
/// Who a victim or an accused is stays with the member that knows it; everybody sees a salted commitment, by
/// which it can be shown to a court later that nothing was changed. Witnesses have no place here: not even that
/// there is one may stand in a log.
#[derive(Debug, Subcommand)]
pub(in crate::commands) enum VaultCommand {
    /// Keep who a victim or an accused of a case is
    Put(PutArgs),
    /// List what your member's vault holds; cairn open shows one, cairn fetch --opening proves it
    List,
}

/// What is typed behind `cairn vault put`.
#[derive(Debug, Args)]
pub(in crate::commands) struct PutArgs {
    /// The case: C-7K3QX2MB0F5T
    case: CaseId,
    /// What they are in the case
    #[arg(long, value_name = "WORD", value_parser = word!(PersonRole))]
    role: PersonRole,
    /// Their pseudonym's number: 1 for V-1 or A-1
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    number: u16,
    /// Who they are: a text file; - for standard input
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    says: SaysArgs,
    #[command(flatten)]
    delivery: DeliveryArgs,
}

pub(in crate::commands) fn vault(context: &Context, command: &VaultCommand) -> Outcome {
    match command {
        VaultCommand::Put(args) => put(context, args),
        VaultCommand::List => list(context),
    }
}

fn put(context: &Context, args: &PutArgs) -> Outcome {
    let content = read(&args.file)?;
    if std::str::from_utf8(&content).is_err() {
        return Err(Failure::no("an identity is text in UTF-8"));
    }
    let offline = args.delivery.is_offline();
    let client = if offline { None } else { Some(context.client()?) };
    let cases = vec![args.case.clone()];
    let to_seal = ToSeal { part: MAIN_PART, to: For::Vault, content };
    let prepared = Some(seal(context, client.as_ref(), &cases, &to_seal)?);
    let (role, number) = (args.role, args.number);
    let fact = Fact::Identity(Identity { says: args.says.says(), role, number });
    say(context, &args.delivery, &Saying { facts: vec![fact], cases, mission: None, prepared })
}

fn list(context: &Context) -> Outcome {
    let (client, own) = (context.client()?, context.home.config_needed()?.member);
    let mut list = client.sealed(None)?;
    list.parts.retain(|part| part.vault && part.member == own);
    if context.json {
        print::json(&list);
        return Ok(Answer::Yes);
    }
    if list.parts.is_empty() {
        print::line("the vault is empty");
    }
    for part in &list.parts {
        let page = client.log(&part.member, part.position, 1)?;
        let what = page.entries.first().and_then(|entry| entry.fact.as_ref());
        let what = what.map(crate::describe::fact).unwrap_or_default();
        print::line(format!("{}/{}  {what}", part.member, part.position));
    }
    Ok(Answer::Yes)
}
