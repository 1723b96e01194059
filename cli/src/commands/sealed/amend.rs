//! Statements about what is sealed: grants, erasures, hand-overs, and who else is concerned.

use super::super::Context;
use super::super::args::{SaysArgs, word};
use super::super::say::{DeliveryArgs, Saying, say};
use super::{PartArgs, audience, seal};
use crate::client::{Client, PartOf};
use crate::failure::{Failure, Outcome};
use crate::print;
use crate::sealed::{For, ToSeal};
use cairn_api::EntryView;
use cairn_casebook::fact::{Admitted, EntryRef, Erased, Granted, HandedOver, MAIN_PART};
use cairn_casebook::vocabulary::ErasureReason;
use cairn_casebook::{CaseId, Date, Fact};
use cairn_ledger::{MemberCode, Text};
use clap::Args;
use zeroize::Zeroizing;

/// What is typed behind `cairn grant`.
#[derive(Debug, Args)]
pub(in crate::commands) struct GrantArgs {
    #[command(flatten)]
    which: PartArgs,
    /// Who may read it from now on: members' codes with commas between, or `concerned`
    #[arg(long, value_name = "CODE,…", value_delimiter = ',', required = true)]
    to: Vec<String>,
    #[command(flatten)]
    says: SaysArgs,
    #[command(flatten)]
    delivery: DeliveryArgs,
}

/// What is typed behind `cairn erase`.
#[derive(Debug, Args)]
pub(in crate::commands) struct EraseArgs {
    #[command(flatten)]
    which: PartArgs,
    /// Why
    #[arg(long, value_name = "WORD", value_parser = word!(ErasureReason))]
    reason: ErasureReason,
    /// By whose decision or order, for everybody to read
    #[arg(long)]
    authority: Text<300>,
    #[command(flatten)]
    says: SaysArgs,
    #[command(flatten)]
    delivery: DeliveryArgs,
}

/// What is typed behind `cairn hand-over`.
#[derive(Debug, Args)]
pub(in crate::commands) struct HandOverArgs {
    #[command(flatten)]
    which: PartArgs,
    /// When
    #[arg(long)]
    date: Date,
    /// From which office to which, and why: sealed for whom the document is sealed
    #[arg(long)]
    text: String,
    #[command(flatten)]
    says: SaysArgs,
    #[command(flatten)]
    delivery: DeliveryArgs,
}

/// What is typed behind `cairn case admit`.
#[derive(Debug, Args)]
pub(in crate::commands) struct AdmitArgs {
    /// The case: C-7K3QX2MB0F5T
    case: CaseId,
    /// Whom it concerns as well
    member: MemberCode,
    /// By which decision, for everybody to read
    #[arg(long)]
    decision: Text<300>,
    #[command(flatten)]
    says: SaysArgs,
    #[command(flatten)]
    delivery: DeliveryArgs,
}

/// The entry that is meant, as a statement names it, with the cases it is about.
struct Target {
    entry: EntryRef,
    part: PartOf,
    view: EntryView,
    cases: Vec<CaseId>,
}

fn target(context: &Context, client: &Client, which: &PartArgs) -> Result<Target, Failure> {
    let (view, part) = which.find(client)?;
    let own = context.home.config_needed()?.member;
    if view.member != own {
        return Err(Failure::no(format!("{} has sealed it, and you speak for {own}", view.member))
            .hint("only the member that sealed something grants, hands over or erases it"));
    }
    let entry = EntryRef { member: own, position: view.position, hash: view.hash };
    let cases = view.topics.iter().filter_map(CaseId::from_topic).collect();
    Ok(Target { entry, part, view, cases })
}

fn online(delivery: &DeliveryArgs) -> Result<(), Failure> {
    match delivery.is_offline() {
        true => Err(Failure::no("this needs the node, which has what is sealed")
            .hint("leave --offline out")),
        false => Ok(()),
    }
}

pub(in crate::commands) fn grant(context: &Context, args: &GrantArgs) -> Outcome {
    online(&args.delivery)?;
    let client = context.client()?;
    let Target { entry, part, cases, .. } = target(context, &client, &args.which)?;
    let to = audience(Some(&client), &args.to, &cases)?;
    let content = client.content_key(&part)?;
    let to_seal = ToSeal { part: MAIN_PART, to, content };
    let prepared = Some(seal(context, Some(&client), &cases, &to_seal)?);
    let fact = Fact::Granted(Granted { says: args.says.says(), target: entry, part: part.2 });
    say(context, &args.delivery, &Saying { facts: vec![fact], cases, mission: None, prepared })
}

pub(in crate::commands) fn erase(context: &Context, args: &EraseArgs) -> Outcome {
    let client = context.client()?;
    let Target { entry, part, cases, .. } = target(context, &client, &args.which)?;
    print::remark(
        "every node that holds it destroys it and says so; whoever has opened it may have kept a copy, \
         and copies of disks that were made before are not reached",
    );
    let (reason, authority) = (args.reason, args.authority.clone());
    let says = args.says.says();
    let fact = Fact::Erased(Erased { says, target: entry, part: part.2, reason, authority });
    let (facts, prepared) = (vec![fact], None);
    say(context, &args.delivery, &Saying { facts, cases, mission: None, prepared })
}

pub(in crate::commands) fn hand_over(context: &Context, args: &HandOverArgs) -> Outcome {
    online(&args.delivery)?;
    let client = context.client()?;
    let Target { entry, part, view, cases } = target(context, &client, &args.which)?;
    if !matches!(view.fact, Some(Fact::Document(_))) {
        return Err(Failure::no(format!("{entry} is no document"))
            .hint("cairn attach makes one; its hand-overs are its chain of custody"));
    }
    let list = client.sealed(cases.first())?;
    let is_it = |one: &&cairn_api::SealedView| {
        (&one.member, one.position, one.part) == (&part.0, part.1, part.2)
    };
    let readers = list.parts.iter().find(is_it).map(|one| one.readers.clone());
    let to = For::Members(readers.unwrap_or_default());
    let content = Zeroizing::new(args.text.clone().into_bytes());
    let to_seal = ToSeal { part: MAIN_PART, to, content };
    let prepared = Some(seal(context, Some(&client), &cases, &to_seal)?);
    let (says, date) = (args.says.says(), args.date);
    let fact = Fact::HandedOver(HandedOver { says, document: entry, date });
    say(context, &args.delivery, &Saying { facts: vec![fact], cases, mission: None, prepared })
}

pub(in crate::commands) fn admit(context: &Context, args: &AdmitArgs) -> Outcome {
    let (member, decision) = (args.member.clone(), args.decision.clone());
    let fact = Fact::Admitted(Admitted { says: args.says.says(), member, decision });
    let (facts, cases) = (vec![fact], vec![args.case.clone()]);
    say(context, &args.delivery, &Saying { facts, cases, mission: None, prepared: None })
}
