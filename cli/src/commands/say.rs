//! Says something for a member: checks, shows, signs, keeps, submits.
//!
//! What is signed is kept as a draft until the node has said what became of it: whatever happens
//! in between, `cairn submit` sends the same statement again, and the node recognises it.

use super::{Context, log};
use crate::client::Client;
use crate::failure::{Answer, Failure, Outcome};
use crate::sealed::{Handed, Prepared, prepared};
use crate::signing::{Contributor, Envelope};
use crate::{describe, drafts, personal, print, signing};
use cairn_api::route::{SUBMISSION_BYTES_MAX, SUBMISSION_STATEMENTS_MAX};
use cairn_api::words::kind_words;
use cairn_api::{Outcome as Became, Problem, Reviewed};
use cairn_casebook::{CaseId, Date, Fact, MissionCode, cases_of, may_state_as};
use cairn_ledger::SignedStatement;
use cairn_ledger::hash::Reference;
use cairn_ledger::statement::Timestamp;
use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use serde::Serialize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How often is looked whether an entry is confirmed.
const LOOK: Duration = Duration::from_millis(50);

/// How statements are delivered.
#[derive(Debug, Clone, Args)]
pub(super) struct DeliveryArgs {
    /// Only sign: write a draft file and talk to no network
    #[arg(long, global = true)]
    offline: bool,
    /// The draft file; one in your drafts when nothing is said
    #[arg(long, value_name = "FILE", requires = "offline", global = true)]
    out: Option<PathBuf>,
    /// Do not hand it in: write it to this file, for a second person to sign
    #[arg(long, value_name = "FILE", conflicts_with_all = ["offline", "wait"], global = true)]
    draft: Option<PathBuf>,
    /// State dates that lie in the future or before the United Nations were founded all the same
    #[arg(long, global = true)]
    any_date: bool,
    /// Wait until enough members stand behind it: `confirmed`
    #[arg(long, value_name = "STATE", value_enum, conflicts_with = "offline", global = true)]
    wait: Option<Wait>,
    /// How long to wait
    #[arg(long, value_name = "SECONDS", default_value_t = 60, requires = "wait", global = true)]
    wait_for: u64,
    /// State texts all the same that look like names, addresses, telephone numbers or coordinates
    #[arg(long, global = true)]
    yes_it_may_be_public: bool,
    /// Do not ask before signing
    #[arg(long, short, global = true)]
    yes: bool,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Wait {
    /// As many members as the charter asks for have the entry, and have signed that they do.
    Confirmed,
}

impl DeliveryArgs {
    /// True when no node may be asked.
    pub(super) fn is_offline(&self) -> bool {
        self.offline
    }
}

/// Facts about the same cases.
pub(super) struct Saying {
    pub(super) facts: Vec<Fact>,
    pub(super) cases: Vec<CaseId>,
    pub(super) mission: Option<MissionCode>,
    /// What is sealed beside the first of them.
    pub(super) prepared: Option<Prepared>,
}

impl Saying {
    fn parts(&self) -> &[Handed] {
        self.prepared.as_ref().map(|prepared| prepared.parts.as_slice()).unwrap_or_default()
    }
}

/// Says it, or signs it for later.
pub(super) fn say(context: &Context, delivery: &DeliveryArgs, saying: &Saying) -> Outcome {
    let contributor = Contributor::at(&context.home, &mut context.passphrases())?;
    if !delivery.any_date {
        saying.facts.iter().try_for_each(check_dates)?;
    }
    if !delivery.yes_it_may_be_public {
        saying.facts.iter().try_for_each(personal::check)?;
    }
    if delivery.offline {
        return sign_for_later(context, delivery, saying, &contributor);
    }
    let client = context.client()?;
    check_rules(&client, &contributor, &saying.facts).map_err(or_offline)?;
    if delivery.draft.is_some() {
        return sign_for_later(context, delivery, saying, &contributor);
    }
    confirm(delivery, saying, &contributor)?;
    let statements = sign(saying, &contributor)?;
    let draft = drafts::keep(&context.home, &statements)?;
    prepared::keep(&draft, saying.parts())?;
    let kept = |failure: Failure| {
        failure.hint(format!("it is signed and kept in {}: cairn submit sends it", draft.display()))
    };
    let told = prepared::hand_in(&client, saying.parts());
    let told = told.and_then(|()| submit(&client, &statements));
    let told = told.and_then(|told| have_reviewed(&client, &statements, told));
    let told = told.map_err(|failure| match failure.answer {
        Answer::Unknown => kept(failure),
        Answer::Yes | Answer::No => {
            drafts::forget(&draft);
            failure
        }
    })?;
    let answer = report(context, &told);
    if told.iter().any(|one| one.refused().is_some_and(|problem| problem.needs_second)) {
        print::remark(format!("it is signed and kept in {}", draft.display()));
    } else {
        // What the node accepted, keeps for review or refused needs no second sending.
        drafts::forget(&draft);
    }
    match delivery.wait {
        Some(Wait::Confirmed) if answer == Answer::Yes => confirmed(&client, delivery, &told),
        _ => Ok(answer),
    }
}

/// Waits until enough members stand behind what was accepted.
fn confirmed(client: &Client, delivery: &DeliveryArgs, told: &[Told]) -> Outcome {
    let last = told.iter().filter_map(|one| match &one.became {
        Reviewed::Became(
            Became::Accepted { member, position, .. } | Became::Known { member, position, .. },
        ) => Some((member, *position)),
        Reviewed::Became(Became::Refused(_)) | Reviewed::Waits { .. } => None,
    });
    let Some((member, position)) = last.max_by_key(|(_, position)| *position) else {
        return Ok(Answer::Yes);
    };
    let spinner = ProgressBar::new_spinner();
    spinner.enable_steady_tick(Duration::from_millis(100));
    let (limit, began) = (Duration::from_secs(delivery.wait_for), Instant::now());
    loop {
        let log = client.log(member, position, 1)?;
        let by = log::cosigners(&log, position);
        if log.confirmed > position {
            spinner.finish_and_clear();
            print::remark(format!("{member}/{position} is confirmed, cosigned by {by} others"));
            return Ok(Answer::Yes);
        }
        if began.elapsed() >= limit {
            spinner.finish_and_clear();
            let what = format!(
                "{member}/{position} is accepted and not confirmed yet: cosigned by {by} others"
            );
            return Err(Failure::unknown(what)
                .hint("it stands all the same; cairn status shows when enough members have it"));
        }
        spinner.set_message(format!("{member}/{position}: cosigned by {by} others"));
        std::thread::sleep(LOOK);
    }
}

/// Refuses what is most likely a slip of the hand: it could not be taken back, and would outweigh
/// every later statement.
fn check_dates(fact: &Fact) -> Result<(), Failure> {
    const DAY_SECONDS: i64 = 86_400;
    // Somewhere on Earth it is tomorrow already.
    let latest = Date::of(Timestamp(signing::now().0.saturating_add(DAY_SECONDS)));
    let odd = |date: &Date| date.year() < 1945 || (*date > latest && !date.agrees_with(latest));
    match fact.dates().into_iter().find(odd) {
        None => Ok(()),
        Some(date) => Err(Failure::no(format!(
            "{date} lies in the future, or before the United Nations were founded"
        ))
        .hint("look at the year, and at this machine's clock; --any-date states it all the same")),
    }
}

/// What else can be done when the node cannot say what is needed before signing.
pub(super) fn or_offline(failure: Failure) -> Failure {
    let other = "or sign now and submit later: add --offline";
    match (failure.answer, &failure.hint) {
        (Answer::Yes | Answer::No, _) => failure,
        (Answer::Unknown, Some(hint)) => {
            let hint = format!("{hint}; {other}");
            failure.hint(hint)
        }
        (Answer::Unknown, None) => failure.hint(other),
    }
}

/// Refuses early what the casebook does not let this kind of member state.
fn check_rules(client: &Client, contributor: &Contributor, facts: &[Fact]) -> Result<(), Failure> {
    let member = &contributor.config.member;
    let members = client.members()?;
    let Some(kind) = members.iter().find(|view| view.code == *member).map(|view| view.kind) else {
        return Err(Failure::no(format!("{member} is not a member of the node's network"))
            .hint("cairn members lists them; your settings name another network or member"));
    };
    for fact in facts {
        may_state_as(member, kind, fact)
            .map_err(|refused| Failure::no(refused.to_string()).hint(refused.hint))?;
    }
    Ok(())
}

/// Shows what is about to be signed. Without a terminal nobody can be asked, and whoever wrote
/// the script has decided.
fn confirm(
    delivery: &DeliveryArgs,
    saying: &Saying,
    contributor: &Contributor,
) -> Result<(), Failure> {
    if delivery.yes {
        return Ok(());
    }
    let question = |fact: &Fact| {
        let says = fact.says();
        let (cases, what) = (describe::joined(&saying.cases), describe::fact(fact));
        let how = format!("as of {}, {}, {}", says.as_of, says.basis, says.verification);
        print::remark(format!(
            "{} states about {cases}: {what} ({how})",
            contributor.config.member
        ));
    };
    use std::io::IsTerminal as _;
    if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        saying.facts.iter().for_each(question);
        let sealed = saying.prepared.iter().flat_map(Prepared::words);
        sealed.for_each(print::remark);
        if print::ask("sign it? it cannot be deleted afterwards") == Some(false) {
            return Err(Failure::no("nothing was signed"));
        }
    }
    Ok(())
}

fn sign(saying: &Saying, contributor: &Contributor) -> Result<Vec<SignedStatement>, Failure> {
    let made_at = signing::now();
    let said: Vec<_> = saying.parts().iter().map(|handed| handed.said.clone()).collect();
    let one = |(index, fact): (usize, &Fact)| {
        let prepared = saying.prepared.as_ref().filter(|_| index == 0);
        let reference = match prepared {
            Some(prepared) => prepared.reference,
            None => Reference(signing::random()?),
        };
        let envelope = Envelope {
            cases: &saying.cases,
            mission: saying.mission.as_ref(),
            reference,
            made_at,
            sealed: if prepared.is_some() { &said } else { &[] },
        };
        contributor.sign(fact.clone(), &envelope)
    };
    saying.facts.iter().enumerate().map(one).collect()
}

fn sign_for_later(
    context: &Context,
    delivery: &DeliveryArgs,
    saying: &Saying,
    contributor: &Contributor,
) -> Outcome {
    confirm(delivery, saying, contributor)?;
    let statements = sign(saying, contributor)?;
    let named = delivery.draft.as_ref().or(delivery.out.as_ref());
    let path = match named {
        Some(path) if path.exists() => {
            return Err(Failure::no(format!("{} exists already", path.display()))
                .hint("name a new file; drafts are not overwritten"));
        }
        Some(path) => drafts::write(path, &statements).map(|()| path.clone())?,
        None => drafts::keep(&context.home, &statements)?,
    };
    prepared::keep(&path, saying.parts())?;
    if context.json {
        let ids: Vec<_> = statements.iter().map(SignedStatement::id).collect();
        print::json(
            &serde_json::json!({ "draft": path, "cases": saying.cases, "statements": ids }),
        );
    } else {
        print::line(format!("signed for {}: {}", describe::joined(&saying.cases), path.display()));
        let shown = path.display();
        match named {
            Some(_) if delivery.draft.is_some() => {
                print::line(format!("a second person signs it with: cairn review approve {shown}"));
            }
            Some(_) => print::line(format!("hand it in with: cairn submit {shown}")),
            None => print::line("hand it in with: cairn submit"),
        }
    }
    Ok(Answer::Yes)
}

/// What became of one statement.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    statement: cairn_ledger::StatementId,
    kind: String,
    cases: Vec<CaseId>,
    #[serde(flatten)]
    pub(super) became: Reviewed,
}

impl Told {
    /// What became of a statement.
    pub(super) fn of(signed: &SignedStatement, became: Reviewed) -> Self {
        let (statement, cases) = (signed.id(), cases_of(signed.statement()));
        Self { statement, kind: kind_of(signed), cases, became }
    }

    /// Why it was not accepted, if so.
    pub(super) fn refused(&self) -> Option<&Problem> {
        match &self.became {
            Reviewed::Became(Became::Refused(problem)) => Some(problem),
            Reviewed::Became(Became::Accepted { .. } | Became::Known { .. })
            | Reviewed::Waits { .. } => None,
        }
    }
}

/// Has those statements wait at the node to which nothing is missing but a second person.
pub(super) fn have_reviewed(
    client: &Client,
    statements: &[SignedStatement],
    told: Vec<Told>,
) -> Result<Vec<Told>, Failure> {
    let one = |(told, signed): (Told, &SignedStatement)| {
        if !told.refused().is_some_and(|problem| problem.needs_second) {
            return Ok(told);
        }
        match client.review(signed) {
            Ok(became) => Ok(Told { became, ..told }),
            Err(Failure { answer: Answer::No, what: error, hint }) => {
                let problem = Problem { needs_second: true, ..Problem::new(error, hint) };
                Ok(Told { became: Reviewed::Became(Became::Refused(problem)), ..told })
            }
            Err(away) => Err(away),
        }
    };
    told.into_iter().zip(statements).map(one).collect()
}

/// Submits statements in order, in batches that the node takes.
pub(super) fn submit(
    client: &Client,
    statements: &[SignedStatement],
) -> Result<Vec<Told>, Failure> {
    let mut told = Vec::with_capacity(statements.len());
    for batch in batches(statements) {
        let result = client.submit(batch)?;
        let became = result.outcomes.into_iter().map(Reviewed::Became);
        told.extend(batch.iter().zip(became).map(|(signed, became)| Told::of(signed, became)));
    }
    Ok(told)
}

pub(super) fn kind_of(signed: &SignedStatement) -> String {
    kind_words(signed.statement().kind)
}

/// Runs of statements within the limits of one submission.
pub(super) fn batches(statements: &[SignedStatement]) -> impl Iterator<Item = &[SignedStatement]> {
    let mut rest = statements;
    std::iter::from_fn(move || {
        let (mut count, mut bytes) = (0_usize, 64_usize);
        for signed in rest.iter().take(SUBMISSION_STATEMENTS_MAX) {
            // hexadecimal, quotes, comma; signatures and framing stay below this
            let more = signed.bytes().len().saturating_mul(2).saturating_add(3072);
            bytes = bytes.saturating_add(more);
            if count > 0 && bytes > SUBMISSION_BYTES_MAX {
                break;
            }
            count = count.saturating_add(1);
        }
        let (batch, after) = rest.split_at_checked(count)?;
        rest = after;
        (!batch.is_empty()).then_some(batch)
    })
}

/// Prints what became of statements: yes when all of them stand in the log.
pub(super) fn report(context: &Context, told: &[Told]) -> Answer {
    let refused = told.iter().any(|one| one.refused().is_some());
    if context.json {
        print::json(&serde_json::json!({ "outcomes": told }));
    } else {
        told.iter().for_each(line);
    }
    if refused { Answer::No } else { Answer::Yes }
}

fn line(told: &Told) {
    let about = format!("{} {}", describe::joined(&told.cases), told.kind);
    let about = about.trim_start();
    match &told.became {
        Reviewed::Waits { waits } => {
            print::line(format!("{about}: waits for a second person: {waits}"));
            print::remark("hint: another contributor of your member: cairn review approve ID");
        }
        Reviewed::Became(Became::Accepted { member, position, entry }) => {
            print::line(format!("{about}: accepted as {member}/{position}, entry {entry}"));
        }
        Reviewed::Became(Became::Known { member, position, entry }) => {
            print::line(format!("{about}: already there as {member}/{position}, entry {entry}"));
        }
        Reviewed::Became(Became::Refused(Problem { error, hint, .. })) => {
            print::remark(format!("{about}: refused: {error}"));
            if let Some(hint) = hint {
                print::remark(format!("hint: {hint}"));
            }
        }
    }
}
