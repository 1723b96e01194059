//! `cairn review list | show`: what waits for a second person at the node.

use super::find::{self, Target, Waiting};
use super::words;
use crate::commands::Context;
use crate::failure::{Answer, Outcome};
use crate::print;
use cairn_casebook::{Reading, cases_of};
use cairn_ledger::SignedStatement;
use clap::Args;
use serde_json::{Value, json};

/// So many digits of an id are shown in the list.
const DIGITS: usize = 12;

/// What is typed behind `cairn review list`.
#[derive(Debug, Args)]
pub(in crate::commands) struct ListArgs {
    /// Refused ones too
    #[arg(long)]
    all: bool,
}

/// What is typed behind `cairn review show`.
#[derive(Debug, Args)]
pub(in crate::commands) struct ShowArgs {
    /// The statement's id, at least its first 8 digits; or a draft file
    #[arg(value_name = "ID|FILE")]
    target: String,
}

pub(super) fn run(context: &Context, args: &ListArgs) -> Outcome {
    let all = find::all(context)?;
    let refused = all.iter().filter(|one| one.review.refusal.is_some()).count();
    let shown: Vec<_> = all.iter().filter(|one| args.all || one.review.refusal.is_none()).collect();
    if context.json {
        let reviews: Vec<_> = shown.iter().map(|one| value(one)).collect();
        print::json(&json!({ "reviews": reviews }));
        return Ok(Answer::Yes);
    }
    if shown.is_empty() {
        print::line("nothing waits for a second person");
    }
    shown.iter().for_each(|one| two_lines(one));
    if !args.all && refused > 0 {
        print::line(format!("{refused} refused: cairn review list --all shows why"));
    }
    Ok(Answer::Yes)
}

/// One statement in two lines: what it says and whether it waits, then who signed it and until when.
fn two_lines(waiting: &Waiting) {
    let Waiting { review, signed, .. } = waiting;
    let id: String = review.id.to_string().chars().take(DIGITS).collect();
    let words = words::words(signed);
    print::line(format!("{id}  {}  ({})", words.text(), words::state(waiting)));
    let cases = crate::describe::joined(cases_of(signed.statement()));
    let cases = if cases.is_empty() { cases } else { format!("{cases}  ") };
    let (by, since) = (words::offices(&review.signers), words::second(review.since));
    let until = words::second(review.until);
    print::line(format!("    {cases}signed by {by}, since {since}, until {until}"));
}

fn value(Waiting { review, signed, .. }: &Waiting) -> Value {
    let mut value = statement(signed);
    if let (Value::Object(value), Ok(Value::Object(review))) =
        (&mut value, serde_json::to_value(review))
    {
        value.extend(review);
    }
    value
}

/// What a statement says, for programs.
fn statement(signed: &SignedStatement) -> Value {
    let said = signed.statement();
    let fact = match Reading::of(said.kind, &said.body) {
        Reading::Fact(fact) => Some(fact),
        Reading::Unknown(_) | Reading::Unreadable { .. } => None,
    };
    json!({
        "id": signed.id(),
        "member": said.member,
        "kind": said.kind,
        "made_at": said.made_at,
        "cases": cases_of(said),
        "topics": said.topics,
        "fact": fact,
        "says": words::words(signed).text(),
    })
}

pub(super) fn show(context: &Context, args: &ShowArgs) -> Outcome {
    match find::target(context, &args.target)? {
        Target::File(_, statements) if context.json => {
            let statements: Vec<_> = statements
                .iter()
                .map(|signed| {
                    let mut value = statement(signed);
                    if let Value::Object(value) = &mut value {
                        value.insert("signers".into(), json!(words::signers(signed)));
                    }
                    value
                })
                .collect();
            print::json(&json!({ "statements": statements }));
        }
        Target::File(_, statements) => {
            for signed in &statements {
                words::in_full(signed, &words::signers(signed)).iter().for_each(print::line);
            }
        }
        Target::Waiting(waiting) if context.json => print::json(&value(&waiting)),
        Target::Waiting(waiting) => {
            let Waiting { review, signed, .. } = &*waiting;
            words::in_full(signed, &review.signers).iter().for_each(print::line);
            print::line(format!("  since      {}", words::second(review.since)));
            print::line(format!("  until      {}", words::second(review.until)));
            print::line(words::state(&waiting));
        }
    }
    Ok(Answer::Yes)
}
