//! `cairn import un-fatalities`: states the United Nations' casualty data, one case per mission and
//! day with malicious deaths. Doing it twice, or again after an interruption, adds what is missing.

use super::Context;
use super::interrupt::on_interrupt;
use super::say;
use crate::client::Client;
use crate::failure::{Answer, Failure, Outcome};
use crate::home::cannot;
use crate::print::{self, Rows};
use crate::signing::{Contributor, Envelope};
use crate::un_fatalities::{self, BadRow, Contents, Incident, ReadError};
use cairn_api::{Outcome as Became, Problem, Reviewed};
use cairn_casebook::fact::Says;
use cairn_casebook::vocabulary::{Basis, Verification};
use cairn_ledger::SignedStatement;
use cairn_ledger::charter::MemberKind;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the data come from, as it stands in every case.
const SOURCE: &str =
    "United Nations Peace and Security Data Hub, fatalities of peacekeeping personnel";
/// So many bad rows are shown to people; programs get all of them.
const BAD_ROWS_SHOWN: usize = 50;

/// What is typed behind `cairn import un-fatalities`.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The file, with the columns as the United Nations publish them
    file: PathBuf,
    /// Only check the file and say what would be stated
    #[arg(long)]
    dry_run: bool,
    /// State it for a member that is not the Secretariat, as what a public source says
    #[arg(long)]
    as_public_source: bool,
    /// Where you have it from, as it will stand in every case
    #[arg(long, value_name = "TEXT", default_value = SOURCE)]
    source_note: String,
    /// Keep trying for so long when the node is away
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    retry_for: u64,
}

pub(super) fn run(context: &Context, args: &ImportArgs) -> Outcome {
    let file = File::open(&args.file).map_err(|error| cannot("read", &args.file, &error))?;
    let contents = match un_fatalities::read(file) {
        Ok(contents) => contents,
        Err(ReadError::Io(error)) => return Err(cannot("read", &args.file, &error)),
        Err(ReadError::BadRows(bad)) => return Err(complain(context, &args.file, &bad)),
    };
    if args.dry_run {
        would_state(context, &contents);
        return Ok(Answer::Yes);
    }
    on_interrupt(
        Answer::Unknown,
        "interrupted: what was accepted stays; run the same command again to state the rest",
    );
    let contributor = Contributor::at(&context.home, &mut context.passphrases())?;
    let client = context.client()?.retrying_for(Duration::from_secs(args.retry_for));
    let statements = sign(&client, &contributor, &contents, args)?;
    let counted = submit(&client, &statements)?;
    report(context, &contents, &counted);
    Ok(Answer::Yes)
}

/// Bad rows, and the refusal of the whole file.
fn complain(context: &Context, file: &Path, bad: &[BadRow]) -> Failure {
    if context.json {
        print::json(&serde_json::json!({ "bad_rows": bad }));
    } else {
        for BadRow { line, reason } in bad.iter().take(BAD_ROWS_SHOWN) {
            print::remark(format!("line {line}: {reason}"));
        }
    }
    let more = bad.len().saturating_sub(BAD_ROWS_SHOWN);
    let more = if more > 0 && !context.json {
        format!(" ({more} more are not shown)")
    } else {
        String::new()
    };
    let rows = if bad.len() == 1 { "row is" } else { "rows are" };
    Failure::no(format!(
        "{} {rows} bad in {}{more}: nothing was imported",
        bad.len(),
        file.display()
    ))
    .hint("mend the file and run the same command again")
}

/// Cases and dead of each mission.
fn by_mission(contents: &Contents) -> BTreeMap<&str, (u32, u32)> {
    let mut missions = BTreeMap::<_, (u32, u32)>::new();
    for incident in &contents.incidents {
        let (cases, dead) = missions.entry(incident.mission.as_str()).or_default();
        *cases = cases.saturating_add(1);
        *dead = dead.saturating_add(incident.killed);
    }
    missions
}

fn would_state(context: &Context, contents: &Contents) {
    let Contents { rows, deaths, undetermined, incidents } = contents;
    let missions = by_mission(contents);
    if context.json {
        let missions: BTreeMap<_, _> = missions
            .iter()
            .map(|(mission, (cases, dead))| {
                (mission, serde_json::json!({ "cases": cases, "dead": dead }))
            })
            .collect();
        print::json(&serde_json::json!({
            "rows": rows,
            "bad_rows": [],
            "cases": incidents.len(),
            "dead": deaths,
            "undetermined_nationality": undetermined,
            "statements": incidents.len().saturating_mul(2),
            "missions": missions,
        }));
        return;
    }
    let mut table = Rows::new(&["MISSION", "CASES", "DEAD"]);
    for (mission, (cases, dead)) in missions {
        table.push([mission.to_owned(), cases.to_string(), dead.to_string()]);
    }
    table.print();
    print::line(format!(
        "{rows} rows read, none bad: {} cases with {deaths} dead ({undetermined} of undetermined \
         nationality) would be stated in {} statements",
        incidents.len(),
        incidents.len().saturating_mul(2)
    ));
}

/// Two statements for each incident: the case, and how many died.
fn sign(
    client: &Client,
    contributor: &Contributor,
    contents: &Contents,
    args: &ImportArgs,
) -> Result<Vec<SignedStatement>, Failure> {
    let member = &contributor.config.member;
    let kind = client.members()?.iter().find(|view| view.code == *member).map(|view| view.kind);
    if kind != Some(MemberKind::Secretariat) && !args.as_public_source {
        let what = format!("{member} is not the Secretariat, whose data this is");
        return Err(Failure::no(what).hint(
            "with --as-public-source your member states all of it for good, as what a public source says",
        ));
    }
    let mut statements = Vec::new();
    for incident in &contents.incidents {
        let says = says(kind, incident);
        let opened = incident
            .opened(says, &args.source_note)
            .map_err(|error| Failure::no(format!("the source note cannot be stated: {error}")))?;
        for fact in [opened, incident.casualties(says)] {
            let envelope = Envelope {
                cases: &[incident.case()],
                mission: Some(&incident.mission),
                reference: incident.reference(&fact),
                made_at: incident.made_at(),
                sealed: &[],
            };
            statements.push(contributor.sign(fact, &envelope)?);
        }
    }
    Ok(statements)
}

/// The United Nations publish their own verified data; for everybody else it is a public source.
fn says(kind: Option<MemberKind>, incident: &Incident) -> Says {
    let (basis, verification) = match kind {
        Some(MemberKind::Secretariat) => {
            (Basis::OwnAct, Verification::ConfirmedByCompetentAuthority)
        }
        Some(MemberKind::State | MemberKind::Mission | MemberKind::RegionalOrganisation) | None => {
            (Basis::PublicSource, Verification::SingleSource)
        }
    };
    Says { basis, verification, as_of: incident.last_update }
}

/// How many statements are new to the log, and how many were there.
struct Counted {
    added: usize,
    known: usize,
}

fn submit(client: &Client, statements: &[SignedStatement]) -> Result<Counted, Failure> {
    let bar = ProgressBar::new(statements.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} {per_sec} {eta}") {
        bar.set_style(style);
    }
    bar.set_message("stating");
    let mut counted = Counted { added: 0, known: 0 };
    for batch in say::batches(statements) {
        let told =
            say::submit(client, batch).map_err(|failure| stopped(&bar, &counted, failure))?;
        for one in &told {
            match &one.became {
                Reviewed::Became(Became::Accepted { .. }) => {
                    counted.added = counted.added.saturating_add(1);
                }
                Reviewed::Became(Became::Known { .. }) => {
                    counted.known = counted.known.saturating_add(1);
                }
                // An import hands nothing in for review: thousands would wait.
                Reviewed::Waits { .. } => {}
                Reviewed::Became(Became::Refused(Problem { error, hint, .. })) => {
                    let hint = hint.clone().unwrap_or_else(|| "nothing after it was sent".into());
                    let failure = Failure::no(format!("the node refuses: {error}")).hint(hint);
                    return Err(stopped(&bar, &counted, failure));
                }
            }
        }
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();
    Ok(counted)
}

/// Stopped in the middle: what stands, stands, and running again does the rest.
fn stopped(bar: &ProgressBar, counted: &Counted, failure: Failure) -> Failure {
    bar.abandon();
    let Counted { added, known } = counted;
    let after = format!("{added} added and {known} already there before that");
    let hint = match (failure.answer, failure.hint) {
        (Answer::Unknown, _) => {
            "what was accepted stays; run the same command again to state the rest".into()
        }
        (Answer::Yes | Answer::No, hint) => hint.unwrap_or_default(),
    };
    Failure { hint: None, what: format!("{} ({after})", failure.what), ..failure }.hint(hint)
}

fn report(context: &Context, contents: &Contents, counted: &Counted) {
    let Counted { added, known } = counted;
    let (cases, dead) = (contents.incidents.len(), contents.deaths);
    if context.json {
        print::json(&serde_json::json!({
            "rows": contents.rows,
            "cases": cases,
            "dead": dead,
            "added": added,
            "known": known,
        }));
    } else {
        print::line(format!("{cases} cases, {dead} dead: {added} added, {known} already there"));
    }
}
