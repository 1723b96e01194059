//! `cairn log`: a member's log, entry by entry.

use super::Context;
use crate::client::Client;
use crate::failure::{Answer, Failure, Outcome};
use crate::print;
use crate::{describe, signing};
use cairn_api::route::LIMIT_MAX;
use cairn_api::{EntryList, EntryView};
use cairn_ledger::MemberCode;
use clap::Args;

/// What is typed behind `cairn log`.
#[derive(Debug, Args)]
pub(super) struct LogArgs {
    /// Whose log; your own member's when nobody is named
    member: Option<MemberCode>,
    /// The first position to show
    #[arg(long, default_value_t = 0, conflicts_with = "tail")]
    start: u64,
    /// How many entries at most; all when nothing is said
    #[arg(long)]
    limit: Option<u64>,
    /// Only the last N
    #[arg(long, value_name = "N", conflicts_with = "limit")]
    tail: Option<u64>,
}

pub(super) fn run(context: &Context, args: &LogArgs) -> Outcome {
    let client = context.client()?;
    let own = || -> Result<_, Failure> { Ok(context.config()?.map(|config| config.member)) };
    let member = match args.member.clone().map_or_else(own, |named| Ok(Some(named)))? {
        Some(member) => member,
        None => {
            return Err(Failure::unknown("whose log is not said")
                .hint("name a member: cairn log CODE; cairn members lists them"));
        }
    };
    let start = match args.tail {
        Some(tail) => client.log(&member, 0, 1)?.size.saturating_sub(tail),
        None => args.start,
    };
    let (cosigned, entries) = (Vec::new(), Vec::new());
    let mut list = EntryList { size: 0, confirmed: 0, standing: 0, ends: None, cosigned, entries };
    let wanted = args.tail.or(args.limit).unwrap_or(u64::MAX);
    range(&client, &member, start, wanted, |page, entry| {
        if context.json {
            list.entries.push(entry);
            (list.size, list.confirmed, list.standing) = (page.size, page.confirmed, page.standing);
            list.ends = page.ends;
            list.cosigned.clone_from(&page.cosigned);
        } else {
            show(&entry, Some(&state(page, entry.position)));
        }
    })?;
    if context.json {
        print::json(&list);
    }
    Ok(Answer::Yes)
}

/// Calls `each` with what is known of the log and every entry from `start` on, page by page.
pub(super) fn range(
    client: &Client,
    member: &MemberCode,
    start: u64,
    wanted: u64,
    mut each: impl FnMut(&EntryList, EntryView),
) -> Result<(), Failure> {
    let end = start.saturating_add(wanted);
    let mut next = start;
    while next < end {
        let mut page =
            client.log(member, next, (LIMIT_MAX as u64).min(end.saturating_sub(next)))?;
        let before = next;
        for entry in std::mem::take(&mut page.entries) {
            next = next.max(entry.position.saturating_add(1));
            each(&page, entry);
        }
        if next == before || next >= page.size {
            return Ok(());
        }
    }
    Ok(())
}

/// How many others have cosigned a log with this entry in it.
pub(super) fn cosigners(log: &EntryList, position: u64) -> usize {
    log.cosigned.iter().filter(|one| one.size > position).count()
}

/// How far an entry has come: logged by its author, held by others, confirmed.
fn state(log: &EntryList, position: u64) -> String {
    // What arrived since the log's state was asked for is beyond it as well, and beyond no fork.
    if log.ends.is_some_and(|ends| position >= ends) {
        return "behind the end: the charter has removed its member, and it stands for nothing"
            .into();
    }
    if position >= log.standing && log.standing < log.size {
        return "beyond the fork: its author has signed another history".into();
    }
    match (log.confirmed > position, cosigners(log, position)) {
        (true, others) => format!("confirmed, cosigned by {others}"),
        (false, 0) => "logged".into(),
        (false, others) => format!("replicated, cosigned by {others}"),
    }
}

/// One entry in two lines: what it says and how far it has come, then how it can be found.
pub(super) fn show(entry: &EntryView, state: Option<&str>) {
    let about = describe::joined(&entry.topics);
    let EntryView { member, position, hash, made_at, .. } = entry;
    let state = state.map_or(String::new(), |state| format!("  ({state})"));
    let mark = entry.compromised_by.map_or(String::new(), |by| {
        format!("  [signed after the key was compromised (entry {member}/{by})]")
    });
    print::line(format!("{member}/{position}  {}{mark}{state}", describe::entry(entry)));
    print::line(format!("    {}  {}  entry {hash}", signing::moment(*made_at), about));
}
