//! `cairn members`: who takes part, and whose keys speak for whom.

use super::Context;
use crate::failure::{Answer, Outcome};
use crate::print::{self, Rows};
use cairn_api::{Contributor, KeyState};
use clap::Args;

/// What to show of the members.
#[derive(Args)]
pub(super) struct MembersArgs {
    /// The keys of logs and cosigners, as lines of a C2SP tlog-policy for other tools
    #[arg(long)]
    keys: bool,
}

pub(super) fn run(context: &Context, args: &MembersArgs) -> Outcome {
    let members = context.client()?.members()?;
    if context.json {
        print::json(&members);
        return Ok(Answer::Yes);
    }
    if args.keys {
        for member in &members {
            print::line(format!("log {}", member.vkey));
            print::line(format!("witness {} {}", member.code, member.cosigner_vkey));
        }
        return Ok(Answer::Yes);
    }
    let mut rows = Rows::new(&["MEMBER", "KIND", "NAME", "ENTRIES", "CONTRIBUTORS"]);
    for member in &members {
        let active = member.contributors.iter().filter(|one| one.revoked_at.is_none()).count();
        let revoked = member.contributors.len().saturating_sub(active);
        let revoked = if revoked > 0 { format!(", {revoked} revoked") } else { String::new() };
        rows.push([
            member.code.to_string(),
            member.kind.to_string(),
            member.name.clone(),
            member.size.to_string(),
            format!("{active}{revoked}"),
        ]);
    }
    rows.print();
    for member in members.iter().filter(|member| !member.contributors.is_empty()) {
        print::line("");
        print::heading(format!("who speaks for {}", member.code));
        member.contributors.iter().for_each(contributor);
    }
    Ok(Answer::Yes)
}

fn contributor(one: &Contributor) {
    let scope = &one.scope;
    let limited = !scope.kinds.is_empty()
        || !scope.topics.is_empty()
        || scope.not_before.is_some()
        || scope.not_after.is_some();
    let limited = if limited { ", limited" } else { "" };
    let state = match (one.state, one.revoked_at) {
        (KeyState::Compromised, Some(position)) => format!("revoked as compromised at {position}"),
        (_, Some(position)) => format!("revoked at {position}"),
        (KeyState::Suspended, None) => format!("suspended{limited}"),
        (KeyState::InForce | KeyState::Revoked | KeyState::Compromised, None) => {
            format!("since position {}{limited}", one.granted_at)
        }
    };
    print::line(format!("  {}  {}  ({state})", one.key, one.office));
}
