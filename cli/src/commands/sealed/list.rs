//! `cairn sealed` and `cairn access`: what is sealed and where it is, and who has opened it.

use super::super::Context;
use super::PartArgs;
use crate::failure::{Answer, Outcome};
use crate::{describe, print};
use cairn_api::{AccessKind, SealedState, SealedView};
use cairn_casebook::CaseId;
use clap::Args;

/// What is typed behind `cairn sealed`.
#[derive(Debug, Args)]
pub(in crate::commands) struct ListArgs {
    /// Only what is sealed about this case
    #[arg(long)]
    case: Option<CaseId>,
}

/// What is typed behind `cairn access`.
#[derive(Debug, Args)]
pub(in crate::commands) struct AccessArgs {
    #[command(flatten)]
    which: PartArgs,
}

pub(in crate::commands) fn list(context: &Context, args: &ListArgs) -> Outcome {
    let list = context.client()?.sealed(args.case.as_ref())?;
    if context.json {
        print::json(&list);
        return Ok(Answer::Yes);
    }
    if list.parts.is_empty() {
        print::line("nothing is sealed");
        return Ok(Answer::Yes);
    }
    let mut table = print::Rows::new(&["ENTRY", "PART", "READ BY", "BYTES", "HERE"]);
    for part in &list.parts {
        let SealedView { member, position, part: number, readers, size_class, .. } = part;
        let by = if part.vault { "vault".into() } else { describe::joined(readers) };
        let bytes = 1_u64.checked_shl(u32::from(*size_class)).unwrap_or(0);
        table.push([
            format!("{member}/{position}"),
            number.to_string(),
            by,
            format!("up to {bytes}"),
            state(part),
        ]);
    }
    table.print();
    Ok(Answer::Yes)
}

fn state(part: &SealedView) -> String {
    match &part.state {
        SealedState::NotForUs => "for others".into(),
        SealedState::Missing => "not yet".into(),
        SealedState::Fetching { held, pieces } => format!("{held} of {pieces} pieces"),
        SealedState::Held => "yes".into(),
        SealedState::Refused { why } => format!("no: {why}"),
        SealedState::Erased { by } => {
            let destroyed = describe::joined(&part.destroyed_by);
            let destroyed = match part.destroyed_by[..] {
                [] => String::new(),
                _ => format!(", destroyed by {destroyed}"),
            };
            format!("erased by {}/{by}{destroyed}", part.member)
        }
    }
}

pub(in crate::commands) fn access(context: &Context, args: &AccessArgs) -> Outcome {
    let client = context.client()?;
    let (_, part) = args.which.find(&client)?;
    let list = client.access(&part)?;
    if context.json {
        print::json(&list);
        return Ok(Answer::Yes);
    }
    if list.records.is_empty() {
        print::line("nobody has opened it, as far as is known here");
    } else {
        let mut table = print::Rows::new(&["WHEN", "AT", "WHO", "WHAT"]);
        for record in &list.records {
            let what = match record.what {
                AccessKind::Opened => "opened",
                AccessKind::File => "took the file",
                AccessKind::Opening => "took the proof",
                AccessKind::Key => "took the key, to grant it",
            };
            let when = describe::second(record.at);
            table.push([when, record.member.to_string(), record.user.clone(), what.into()]);
        }
        table.print();
    }
    if !list.not_reached.is_empty() {
        print::remark(format!("not known of: {}", describe::joined(&list.not_reached)));
    }
    Ok(Answer::Yes)
}
