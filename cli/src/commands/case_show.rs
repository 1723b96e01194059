//! `cairn case show`: everything that every member has stated about a case, side by side.

use super::Context;
use crate::describe::{self, DEMONSTRATION, joined};
use crate::failure::{Answer, Outcome};
use crate::print::{self, Rows};
use cairn_casebook::case::{
    Closing, ConcernBasis, Concerned, Contradiction, Erasure, Line, MemberFigures, OutcomeVector,
    ProceedingRecord, SealedLine, Sees, Source, Span, Subject,
};
use cairn_casebook::fact::Casualties;
use cairn_casebook::vocabulary::Nature;
use cairn_casebook::{Case, CaseId, Standing};
use cairn_ledger::MemberCode;
use clap::Args;

/// What is typed behind `cairn case show`.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The case: C-7K3QX2MB0F5T
    case: CaseId,
    /// Say of each sealed part what this member can see
    #[arg(long = "as", value_name = "CODE")]
    seen_by: Option<MemberCode>,
}

pub(super) fn run(context: &Context, args: &ShowArgs) -> Outcome {
    let case = context.client()?.case(&args.case)?;
    if context.json {
        match &args.seen_by {
            None => print::json(&case),
            Some(member) => print::json(&serde_json::json!({
                "as": member, "sees": seen(&case, member), "case": case,
            })),
        }
        return Ok(Answer::Yes);
    }
    head(&case);
    if !case.casualties.is_empty() {
        section("figures, as each member states them today");
        figures(&case.casualties);
    }
    if !case.contradictions.is_empty() {
        section("contradictions: all sides stand");
        case.contradictions.iter().for_each(contradiction);
    }
    if !case.proceedings.is_empty() {
        section("proceedings");
        case.proceedings.iter().for_each(proceeding);
        print::line(format!("  accused in all: {}", outcomes(&case.outcomes)));
    }
    if !case.concerned.is_empty() {
        section("whom it concerns");
        case.concerned.iter().for_each(concerned);
    }
    section("timeline");
    for one in &case.timeline {
        line(one);
        sealed(one, args.seen_by.as_ref());
    }
    Ok(Answer::Yes)
}

fn section(title: &str) {
    print::line("");
    print::heading(title);
}

fn head(case: &Case) {
    if case.nature == Some(Nature::Demonstration) {
        print::banner(format!("{DEMONSTRATION}: not a real case"));
    }
    let title = case.title.as_ref().map_or("(nobody has opened it here)", |title| title.as_str());
    print::heading(format!("{}  {title}", case.id));
    let facts = [
        ("stage", format!("{} ({})", case.stage, case.stage.code())),
        ("closed", joined(case.closings.iter().map(closing))),
        ("mission", joined(&case.missions)),
        ("host State", joined(&case.host_states)),
        ("date", joined(&case.incident_dates)),
        ("place", places(case)),
        ("type", words(case, |opened| joined(&opened.incident_types))),
        ("offence", words(case, |opened| joined(&opened.offence_categories))),
        ("source", words(case, |opened| opened.source.to_string())),
        ("harmed", harmed(case)),
    ];
    for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        print::line(format!("  {name:<11} {value}"));
    }
}

fn concerned(one: &Concerned) {
    let basis = |(basis, sources): (&ConcernBasis, &Vec<Source>)| match &sources[..] {
        [] => basis.to_string(),
        sources => format!("{basis} ({})", joined(sources.iter().map(|source| &source.entry))),
    };
    print::line(format!("  {:<11} {}", one.member, joined(one.basis.iter().map(basis))));
}

/// What one member can see of each sealed part.
fn seen(case: &Case, member: &MemberCode) -> Vec<serde_json::Value> {
    let of = |line: &Line, sealed: &SealedLine| {
        let sees = sealed.seen_by(&line.entry.member, member);
        serde_json::json!({ "entry": line.entry, "part": sealed.part, "sees": sees })
    };
    let lines = case.timeline.iter();
    lines.flat_map(|line| line.sealed.iter().map(move |sealed| of(line, sealed))).collect()
}

/// The sealed parts of a statement, and what one member can see of them.
fn sealed(line: &Line, seen_by: Option<&MemberCode>) {
    for sealed in &line.sealed {
        let bytes = 1_u64.checked_shl(u32::from(sealed.size_class)).unwrap_or(0);
        let whom = match sealed.vault {
            true => format!("in the vault of {}", line.entry.member),
            false => format!("sealed for {} and {}", joined(&sealed.audience), line.entry.member),
        };
        let granted = match sealed.granted[..] {
            [] => String::new(),
            _ => format!(", granted to {}", joined(&sealed.granted)),
        };
        let seen = seen_by.map_or(String::new(), |member| {
            match sealed.seen_by(&line.entry.member, member) {
                Sees::Content => format!("  [{member} can read it]"),
                Sees::Existence => format!("  [{member} sees this line, and cannot read it]"),
                Sees::Erased => format!("  [{member} sees that it was erased]"),
            }
        });
        let part = sealed.part;
        print::line(format!(
            "  {:<26} part {part}: {whom}{granted}, up to {bytes} bytes{seen}",
            ""
        ));
        if let Some(Erasure { entry, reason, authority }) = &sealed.erased {
            print::line(format!("  {:<26} erased by {entry}: {reason}, by {authority}", ""));
            let by = match sealed.destroyed_by[..] {
                [] => "nobody has said yet that it is destroyed".into(),
                _ => format!("destroyed, as they say, by {}", joined(&sealed.destroyed_by)),
            };
            print::line(format!("  {:<26} {by}", ""));
        }
    }
}

/// When and why a case was closed, and who says so.
fn closing(closing: &Closing) -> String {
    format!("{} on {} ({})", closing.reason, closing.date, closing.source.entry)
}

fn places(case: &Case) -> String {
    words(case, |opened| opened.place.as_ref().map_or(String::new(), ToString::to_string))
}

/// What the openings say, each different answer once.
fn words(case: &Case, pick: fn(&cairn_casebook::fact::CaseOpened) -> String) -> String {
    let mut said: Vec<_> = case.openings.iter().map(|opening| pick(&opening.opened)).collect();
    said.retain(|text| !text.is_empty());
    said.dedup();
    said.join(" / ")
}

fn harmed(case: &Case) -> String {
    let numbers = [
        (case.killed, "killed"),
        (case.injured, "injured"),
        (case.detained, "detained"),
        (case.missing, "missing"),
    ];
    joined(numbers.iter().filter_map(|(span, word)| Some(format!("{} {word}", (*span)?))))
}

type Pick = fn(&Casualties) -> Option<u32>;

/// The numbers that a statement of figures can have.
const NUMBERS: [Pick; 4] =
    [|said| said.killed, |said| said.injured, |said| said.detained, |said| said.missing];

fn figures(members: &[MemberFigures]) {
    let mut rows =
        Rows::new(&["MEMBER", "KILLED", "INJURED", "DETAINED", "MISSING", "AS OF", "ENTRY"]);
    for member in members {
        // A row is what one entry says; a number that a later one replaces is left out.
        let today = NUMBERS.map(|pick| member.latest(pick).map(|(source, _)| &source.entry));
        for figure in &member.figures {
            let source = &figure.source;
            let number = |(pick, today): (&Pick, &Option<&cairn_casebook::EntryRef>)| {
                let said = pick(&figure.casualties).filter(|_| *today == Some(&source.entry));
                said.map(|said| said.to_string())
            };
            let said: Vec<_> = NUMBERS.iter().zip(&today).map(number).collect();
            if said.iter().all(Option::is_none) {
                continue;
            }
            let numbers = said.into_iter().map(|said| said.unwrap_or_else(|| "-".into()));
            let ends = [source.as_of.to_string(), source.entry.to_string()];
            rows.push([member.member.to_string()].into_iter().chain(numbers).chain(ends));
        }
    }
    rows.print();
}

fn contradiction(found: &Contradiction) {
    print::line(format!("  {}", subject(&found.about)));
    for side in &found.sides {
        let sources = side.sources.iter().map(source);
        print::line(format!("    {:<24} {}", side.says, joined(sources)));
    }
}

fn subject(about: &Subject) -> String {
    match about {
        Subject::Mission => "mission".into(),
        Subject::HostStates => "host States".into(),
        Subject::IncidentDate => "date of the incident".into(),
        Subject::Nature => "whether the case is real".into(),
        Subject::Killed => "killed".into(),
        Subject::Injured => "injured".into(),
        Subject::Detained => "detained".into(),
        Subject::Missing => "missing".into(),
        Subject::Suspects { proceeding } => format!("suspects in {proceeding}"),
        Subject::JudgmentDate { proceeding, level } => {
            format!("date of the judgment ({level}) in {proceeding}")
        }
        Subject::Outcome { proceeding, level, accused } => {
            format!("outcome for {accused} ({level}) in {proceeding}")
        }
    }
}

/// Who says so, as of when, on what basis.
fn source(source: &Source) -> String {
    format!("{} as of {} ({})", source.entry, source.as_of, source.basis)
}

fn proceeding(record: &ProceedingRecord) {
    print::line(format!("  {}  {}", record.proceeding, record.stage));
    for step in &record.steps {
        let suspects = step.suspects.map_or(String::new(), |number| format!(" ({number})"));
        print::line(format!(
            "    {}  {}{suspects}  {}",
            step.date,
            step.stage,
            source(&step.source)
        ));
    }
    for accused in &record.accused {
        let told = accused.results.iter().map(|told| {
            let (said, by) = (describe::result(&told.result), &told.source.entry);
            format!("{said}, {} {}, {by}", told.level, told.date)
        });
        let told = joined(told);
        let charged = joined(accused.charged.iter().map(|source| &source.entry));
        let charged = if charged.is_empty() { charged } else { format!("charged ({charged}); ") };
        let told = if told.is_empty() { "no outcome stated".into() } else { told };
        print::line(format!("    {}: {charged}{told}", accused.accused));
    }
}

fn outcomes(vector: &OutcomeVector) -> String {
    let named = [
        (vector.convicted, "convicted"),
        (vector.convicted_in_absentia, "of them in absentia"),
        (vector.convicted_of_other_offence, "convicted of another offence only"),
        (vector.acquitted, "acquitted"),
        (vector.dismissed, "dismissed"),
        (vector.transferred, "sent to another court"),
        (vector.deceased, "deceased"),
        (vector.pending, "pending"),
    ];
    let some = named.iter().filter(|(span, _)| *span != Span::default());
    let text = joined(some.map(|(span, word)| format!("{span} {word}")));
    if text.is_empty() { "none named".into() } else { text }
}

fn line(line: &Line) {
    let what = match &line.fact {
        Some(fact) => describe::fact(fact),
        None => format!("kind {}", line.kind.0),
    };
    let how = line.fact.as_ref().map_or(String::new(), |fact| {
        format!("{}, {}", fact.says().basis, fact.says().verification)
    });
    let mark = match &line.standing {
        Standing::Stands => String::new(),
        Standing::CorrectedBy(entry) => format!("  [corrected by {entry}]"),
        Standing::RetractedBy(entry) => format!("  [retracted by {entry}]"),
        Standing::NotForThisMember(why) => format!("  [not for this member: {why}]"),
        Standing::BeyondEnd => {
            "  [behind the end of its log, its member was removed: counted nowhere]".into()
        }
        Standing::BeyondFork => "  [beyond the fork of its log: counted nowhere]".into(),
        Standing::AfterCompromise(by) => {
            let by = format!("{}/{by}", line.entry.member);
            format!("  [signed after the key was compromised (entry {by}): counted nowhere]")
        }
        Standing::NoEffect(why) => format!("  [without effect: {why}]"),
        Standing::Unreadable(why) => format!("  [unreadable: {why}]"),
        Standing::UnknownKind => "  [a kind that this program does not know]".into(),
    };
    print::line(format!("  {:<10}  {:<14} {what}{mark}", line.as_of, line.entry));
    if !how.is_empty() {
        print::line(format!("  {:<26} {how}", ""));
    }
    let notified = line.fact.as_ref().and_then(cairn_casebook::Fact::notifies);
    if let (Some(notified), Some(time)) = (notified, line.noticed_at) {
        let (at, entry) = (describe::second(time), &line.entry);
        print::line(format!(
            "  {:<26} the node of {notified} held it at {at}, by its own clock;",
            ""
        ));
        let proof = format!("proof: cairn receipt {entry} --held-by {notified}");
        print::line(format!("  {:<26} {proof}", ""));
    }
}
