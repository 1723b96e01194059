//! Says in one line of plain words what a fact says, who somebody is, and when something was.

use crate::signing;
use cairn_api::EntryView;
use cairn_api::words::kind_words;
use cairn_casebook::fact::{
    Authority, CaseOpened, Casualties, Correction, JudgmentResult, Notified, Retraction,
};
use cairn_casebook::vocabulary::{Nature, PersonRole, Presence, Sentence};
use cairn_casebook::{Fact, Reading};
use cairn_ledger::statement::Timestamp;
use cairn_ledger::{Charter, Cosigner, Kind, MemberCode};
use std::fmt::Display;

/// How a demonstration is marked, wherever it shows.
pub const DEMONSTRATION: &str = "DEMONSTRATION";

/// What a fact says, in one line.
#[must_use]
pub fn fact(fact: &Fact) -> String {
    match fact {
        Fact::CaseOpened(said) => opened(said),
        Fact::Casualties(said) => casualties(said),
        Fact::Notified(said) => notified(said),
        Fact::Acknowledged(said) => {
            format!(
                "{} acknowledges on {}{}",
                authority(&said.authority),
                said.date,
                reference(said.reference.as_str())
            )
        }
        Fact::InvestigationOpened(said) => {
            format!("investigation {} opened on {}", said.proceeding, said.date)
        }
        Fact::SuspectsIdentified(said) => {
            let word = if said.number == 1 { "suspect" } else { "suspects" };
            format!("{} {word} identified in {}", said.number, said.proceeding)
        }
        Fact::Charged(said) => {
            let with = listed(" with ", &said.offences);
            format!(
                "charged in {} on {}: {}{with}",
                said.proceeding,
                said.date,
                joined(&said.accused)
            )
        }
        Fact::TrialOpened(said) => {
            let of = listed(" of ", &said.accused);
            format!("trial{of} opened in {} on {}", said.proceeding, said.date)
        }
        Fact::Judgment(said) => {
            let results = listed(": ", &grouped(&said.results));
            format!("judgment ({}) in {} on {}{results}", said.level, said.proceeding, said.date)
        }
        Fact::NoChange(said) => format!("no change since {}", said.since),
        Fact::Note(said) => format!("note: {}", said.text),
        Fact::Correction(said) => correction(said),
        Fact::Retraction(said) => retraction(said),
        Fact::Closed(said) => format!("case closed on {}: {}", said.date, said.reason),
        Fact::Reopened(said) => format!("case reopened on {}", said.date),
        Fact::Document(said) if said.label.is_empty() => {
            format!("{} attached ({})", said.class, said.purpose)
        }
        Fact::Document(said) => {
            format!("{} attached ({}): {}", said.class, said.purpose, said.label)
        }
        Fact::HandedOver(said) => {
            format!("document {} handed over on {}", said.document, said.date)
        }
        Fact::Granted(said) => format!("access granted to part {} of {}", said.part, said.target),
        Fact::Erased(said) => format!(
            "part {} of {} erased: {}, by {}",
            said.part, said.target, said.reason, said.authority
        ),
        Fact::Identity(said) => match said.role {
            PersonRole::Victim => format!("identity of V-{} is held", said.number),
            PersonRole::Accused => format!("identity of A-{} is held", said.number),
        },
        Fact::Admitted(said) => format!("{} admitted to the case: {}", said.member, said.decision),
    }
}

/// What an entry says, in one line, whether this program knows its kind or not.
#[must_use]
pub fn entry(entry: &EntryView) -> String {
    match &entry.fact {
        Some(said) => fact(said),
        None => entry.words.as_ref().unwrap_or(&entry.kind_name).clone(),
    }
}

/// The name of a kind of statement, or its number.
#[must_use]
pub fn kind(kind: Kind) -> String {
    kind_words(kind)
}

/// A member by name and code, as far as the charter knows it.
#[must_use]
pub fn member(charter: &Charter, code: &MemberCode) -> String {
    let card = charter.log(code);
    card.map_or_else(|| code.to_string(), |card| format!("{} ({code})", card.name))
}

/// Who has cosigned.
#[must_use]
pub fn cosigner(charter: &Charter, cosigner: &Cosigner) -> String {
    match cosigner {
        Cosigner::Member(code) => format!("the node of {}", member(charter, code)),
        Cosigner::Witness(name) => format!("the witness {name}"),
    }
}

/// The time of a cosignature, in seconds since 1970.
#[must_use]
pub fn second(time: u64) -> String {
    let known = i64::try_from(time);
    known.map_or_else(|_| time.to_string(), |second| signing::moment(Timestamp(second)))
}

/// Things with commas between them.
#[must_use]
pub fn joined<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

fn listed<T: Display>(before: &str, items: &[T]) -> String {
    if items.is_empty() { String::new() } else { format!("{before}{}", joined(items)) }
}

fn reference(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(", reference {text}") }
}

fn authority(authority: &Authority) -> String {
    match authority.office.as_str() {
        "" => authority.state.to_string(),
        office => format!("{} ({office})", authority.state),
    }
}

fn opened(said: &CaseOpened) -> String {
    let mark = match said.nature {
        Nature::Real => String::new(),
        Nature::Demonstration => format!("{DEMONSTRATION} "),
    };
    let host = listed(", host ", &said.host_states);
    let place = said.place.as_ref().map_or(String::new(), |place| format!(", {place}"));
    let offences = listed(", ", &said.offence_categories);
    format!(
        "{mark}case opened: {} ({}, {}{place}{host}{offences})",
        said.title, said.mission, said.date
    )
}

fn casualties(said: &Casualties) -> String {
    let numbers = [
        (said.killed, "killed"),
        (said.injured, "injured"),
        (said.detained, "detained"),
        (said.missing, "missing"),
    ];
    let numbers =
        numbers.iter().filter_map(|(number, word)| Some(format!("{} {word}", (*number)?)));
    let parts: Vec<_> = said
        .by_state
        .iter()
        .map(|part| {
            let of = part.nationality.as_ref().map_or(String::new(), |other| format!("/{other}"));
            format!("{} {}{of} {}", part.killed, part.state, part.category)
        })
        .collect();
    let parts = if parts.is_empty() { String::new() } else { format!(" ({})", joined(parts)) };
    format!("{}{parts}", joined(numbers))
}

fn notified(said: &Notified) -> String {
    let received = said.received_at.map_or(String::new(), |at| format!(", first report {at}"));
    format!(
        "{} notified by {} on {}{received}{}",
        authority(&said.authority),
        said.channel,
        said.sent_at,
        reference(said.reference.as_str())
    )
}

/// Results with their accused, runs of the same result together: `A-1 to A-22 convicted (life)`.
fn grouped(results: &[JudgmentResult]) -> Vec<String> {
    let follows = |a: &JudgmentResult, b: &JudgmentResult| {
        let next = a.accused.number().checked_add(1) == Some(b.accused.number());
        next && (a.outcome, a.presence, a.sentence) == (b.outcome, b.presence, b.sentence)
    };
    let run = |run: &[JudgmentResult]| match run {
        [] => String::new(),
        [one] => format!("{} {}", one.accused, result(one)),
        [first, .., last] => format!("{} to {} {}", first.accused, last.accused, result(last)),
    };
    results.chunk_by(follows).map(run).collect()
}

/// What a judgment decides about one accused.
#[must_use]
pub fn result(result: &JudgmentResult) -> String {
    let JudgmentResult { outcome, presence, sentence, .. } = result;
    let presence = match presence {
        Presence::NotStated => String::new(),
        Presence::Present | Presence::InAbsentia => format!(" {presence}"),
    };
    let sentence = match sentence {
        Sentence::NotStated => String::new(),
        Sentence::NoSentence
        | Sentence::Fine
        | Sentence::Suspended
        | Sentence::PrisonUnder5Years
        | Sentence::Prison5ToUnder10Years
        | Sentence::Prison10YearsOrMore
        | Sentence::Life
        | Sentence::Capital => format!(" ({sentence})"),
    };
    format!("{outcome}{presence}{sentence}")
}

fn correction(said: &Correction) -> String {
    let now = match said.replacement.reading() {
        Reading::Fact(now) => fact(&now),
        Reading::Unknown(kind) => format!("kind {}, which this program does not know", kind.0),
        Reading::Unreadable { kind, .. } => format!("kind {}, which cannot be read", kind.0),
    };
    format!("corrects {} ({}): {now}", said.target, said.reason)
}

fn retraction(said: &Retraction) -> String {
    let text = if said.text.is_empty() { String::new() } else { format!(": {}", said.text) };
    format!("retracts {} ({}){text}", said.target, said.reason)
}
