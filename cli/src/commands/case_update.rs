//! `cairn case update`: states something new about one or more cases, or amends what was stated.

use super::Context;
use super::args::{KindArgs, OpenedArgs, SaysArgs, id, place, word};
use super::say::{DeliveryArgs, Saying, or_offline, say};
use super::sealed::SealArgs;
use crate::failure::{Answer, Failure, Outcome};
use cairn_casebook::fact::{Correction, EntryRef, Replacement, Retraction};
use cairn_casebook::vocabulary::Reason;
use cairn_casebook::{CaseId, Fact, MissionCode};
use cairn_ledger::{EntryHash, MemberCode, Text};
use clap::{Args, Subcommand};

/// What is typed behind `cairn case update`.
#[derive(Debug, Args)]
#[command(subcommand_precedence_over_arg = true)]
pub(super) struct UpdateArgs {
    /// The cases it is about: C-7K3QX2MB0F5T
    #[arg(required = true, value_name = "CASE")]
    cases: Vec<CaseId>,
    /// Their mission, where it is not asked from the node: for keys that are limited to missions
    #[arg(long = "mission", id = "case_mission", value_name = "CODE")]
    mission: Option<MissionCode>,
    #[command(flatten)]
    says: SaysArgs,
    #[command(flatten)]
    delivery: DeliveryArgs,
    #[command(flatten)]
    seal: SealArgs,
    #[command(subcommand)]
    update: UpdateKind,
}

#[derive(Debug, Clone, Subcommand)]
enum UpdateKind {
    #[command(flatten)]
    Kind(KindArgs),
    /// Say something else in place of an own statement, which stays in the log
    Correction {
        #[command(flatten)]
        target: TargetArgs,
        /// What it says now: all of it, of the same kind
        #[command(subcommand)]
        now: ReplacementKind,
    },
    /// Take back an own statement, which stays in the log
    Retraction {
        #[command(flatten)]
        target: TargetArgs,
        /// A word of explanation
        #[arg(long, default_value = "")]
        text: Text<500>,
    },
}

#[derive(Debug, Clone, Subcommand)]
enum ReplacementKind {
    #[command(flatten)]
    Kind(KindArgs),
    /// What a case is about, as typed behind `cairn case open`
    Opened(OpenedArgs),
}

/// Which statement is amended, and why.
#[derive(Debug, Clone, Args)]
struct TargetArgs {
    /// The entry, as `cairn log` and `cairn case show` name it: COD/17
    #[arg(long, value_name = "CODE/POSITION", value_parser = place)]
    entry: (MemberCode, u64),
    /// The entry's hash; asked from the node when nothing is said
    #[arg(long, value_name = "HASH", value_parser = id::<EntryHash>)]
    entry_hash: Option<EntryHash>,
    /// Why
    #[arg(long, value_name = "WORD", value_parser = word!(Reason))]
    reason: Reason,
}

pub(super) fn run(context: &Context, args: &UpdateArgs) -> Outcome {
    let says = args.says.says();
    let fact = match args.update.clone() {
        UpdateKind::Kind(kind) => kind.fact(says)?,
        UpdateKind::Correction { target, now } => {
            let now = match now {
                ReplacementKind::Kind(kind) => kind.fact(says)?,
                ReplacementKind::Opened(opened) => opened.fact(says),
            };
            correction(context, args, &target, &now)?
        }
        UpdateKind::Retraction { target, text } => {
            let (reason, target) = (target.reason, entry(context, args, &target)?);
            Fact::Retraction(Retraction { says, target, reason, text })
        }
    };
    let mission = match &args.mission {
        None if !args.delivery.is_offline() => mission_of(context, &args.cases)?,
        named => named.clone(),
    };
    let (facts, cases) = (vec![fact], args.cases.clone());
    let prepared = args.seal.prepare(context, &args.delivery, &cases)?;
    say(context, &args.delivery, &Saying { facts, cases, mission, prepared })
}

fn correction(
    context: &Context,
    args: &UpdateArgs,
    target: &TargetArgs,
    now: &Fact,
) -> Result<Fact, Failure> {
    // Put in order first: the replacement is kept as bytes, and is not put in order again.
    let now = now.clone().in_order();
    now.check().map_err(|error| Failure::no(format!("this cannot be stated: {error}")))?;
    let (replacement, reason) = (Replacement::of(&now), target.reason);
    let (says, target) = (args.says.says(), entry(context, args, target)?);
    Ok(Fact::Correction(Correction { says, target, reason, replacement }))
}

/// The statement that is amended: one of the own member's.
fn entry(context: &Context, args: &UpdateArgs, target: &TargetArgs) -> Result<EntryRef, Failure> {
    let (member, position) = target.entry.clone();
    let own = context.home.config_needed()?.member;
    if member != own {
        return Err(Failure::no(format!("{member}/{position} is not a statement of {own}"))
            .hint("only its own member corrects or retracts it; state your own view beside it"));
    }
    if let Some(hash) = target.entry_hash {
        return Ok(EntryRef { member, position, hash });
    }
    if args.delivery.is_offline() {
        return Err(Failure::unknown(format!(
            "which entry {member}/{position} is cannot be asked offline"
        ))
        .hint("name its hash too with --entry-hash; cairn log shows it"));
    }
    let page = context.client()?.log(&member, position, 1)?;
    match page.entries.first().filter(|entry| entry.position == position) {
        Some(found) => Ok(EntryRef { member, position, hash: found.hash }),
        None => {
            Err(Failure::no(format!("{member} has {} entries, and none at {position}", page.size))
                .hint("cairn log lists them"))
        }
    }
}

/// The mission that all these cases share. A case that the node does not know is refused.
fn mission_of(context: &Context, cases: &[CaseId]) -> Result<Option<MissionCode>, Failure> {
    let client = context.client()?;
    let mut missions = Vec::new();
    for case in cases {
        let found = client.case(case).map_err(|failure| match failure.answer {
            Answer::No => failure.hint(
                "look at the id; a case that was opened elsewhere may not have arrived here yet",
            ),
            Answer::Yes | Answer::Unknown => or_offline(failure),
        })?;
        missions.extend(found.openings.first().map(|opening| opening.opened.mission.clone()));
    }
    missions.dedup();
    Ok(if missions.len() == 1 { missions.pop() } else { None })
}
