//! An audit's report for people.

use super::findings::Findings;
use crate::audit::{Archive, Audited, Change, Gap, LogCopy, Part};
use crate::commands::fork::{convicted, sentence};
use crate::commands::verify::unknown_kinds;
use crate::failure::Answer;
use crate::print::{self, Rows};
use crate::{describe, verify};
use cairn_api::authority::marked;
use cairn_api::words::marked_words;
use cairn_ledger::MemberCode;
use std::fmt::Display;
use std::path::Path;

/// More names than this in one line help nobody; `--json` has them all.
const NAMES_MAX: usize = 8;

pub(super) fn report(findings: &Findings, answer: Answer) {
    for (number, archive) in findings.archives.iter().enumerate() {
        let (folder, name) = (archive.folder.display(), archive.charter.name());
        let charter = archive.charter_file.display();
        print::line(format!("{folder}: an archive of {name}, by the charter in {charter}"));
        table(findings, archive, number);
        print::line("");
    }
    if findings.archives.len() > 1 {
        changes(findings);
        print::line("");
    }
    for one in &findings.audited {
        one.copies.iter().for_each(|copy| faults(&one.member, copy));
        contradiction(findings, one);
    }
    findings.archives.iter().for_each(absent);
    cosigners(findings);
    print::line(verdict(findings, answer));
}

fn table(findings: &Findings, archive: &Archive, number: usize) {
    let mut rows = Rows::new(&[
        "MEMBER",
        "ENTRIES",
        "CONFIRMED",
        "MEMBERS (NEEDED)",
        "OLDEST COSIGNATURE",
        "UNKNOWN KINDS",
        "ROOT",
    ]);
    for one in &findings.audited {
        let Some(copy) = one.copies.get(number).filter(|copy| copy.size() != Some(0)) else {
            continue;
        };
        let needed = archive.charter.rules().confirm;
        let cosigned = copy.cosigned.held();
        let behind = cosigned.map_or(1, |cosigned| cosigned.members(&one.member));
        let confirmed =
            cosigned.filter(|cosigned| cosigned.is_confirmed(&archive.charter, &one.member));
        let times = cosigned.map(|cosigned| cosigned.cosignatures().values());
        let oldest = times.and_then(|times| times.map(|cosignature| cosignature.time).min());
        let log = copy.log.held();
        let ends = log.and_then(verify::Verified::ends).unwrap_or(u64::MAX);
        let root = log.map(|log| log.root.to_string().chars().take(16).collect::<String>());
        rows.push([
            one.member.to_string(),
            or_dash(log.map(|log| log.size)),
            confirmed
                .map_or_else(|| "NO".into(), |it| it.checkpoint().size().min(ends).to_string()),
            format!("{behind} ({needed})"),
            or_dash(oldest.map(describe::second)),
            or_dash(log.map(unknown)),
            or_dash(root),
        ]);
    }
    if archive.files.is_empty() {
        print::line("no logs");
    } else {
        rows.print();
    }
}

fn or_dash(value: Option<impl Display>) -> String {
    value.map_or_else(|| "-".into(), |value| value.to_string())
}

fn unknown(log: &verify::Verified) -> String {
    let kinds: Vec<_> = unknown_kinds(log).collect();
    let count: u64 = kinds.iter().map(|(_, count)| count).sum();
    if kinds.is_empty() {
        return "0".into();
    }
    format!("{count} ({})", names(kinds.iter().map(|(kind, _)| kind.0)))
}

/// Some names, and how many more there are.
fn names<T: Display>(all: impl ExactSizeIterator<Item = T>) -> String {
    let more = all.len().saturating_sub(NAMES_MAX);
    let names = describe::joined(all.take(NAMES_MAX));
    if more == 0 { names } else { format!("{names} and {more} more") }
}

fn changes(findings: &Findings) {
    let mut rows = Rows::new(&["MEMBER", "OLD", "NEW", "CHANGE"]);
    for one in &findings.audited {
        let (Some(change), [old, new]) = (one.change(), one.copies.as_slice()) else { continue };
        let (before, now) = (old.size().unwrap_or(0), new.size().unwrap_or(0));
        let text = match change {
            Change::Nothing => continue,
            Change::Began => "new".into(),
            Change::Same => "same".into(),
            Change::Grew => format!("grew by {}", now.saturating_sub(before)),
            Change::Shorter => format!("SHORTER by {}", before.saturating_sub(now)),
            Change::Gone => "GONE".into(),
            Change::PastChanged => "PAST CHANGED".into(),
            Change::Unknown => "could not tell".into(),
        };
        rows.push([one.member.to_string(), or_dash(old.size()), or_dash(new.size()), text]);
    }
    rows.print();
    if let [old, new] = findings.archives.as_slice() {
        for (one, other) in [(old, new), (new, old)] {
            let codes = one.charter.members().iter().map(|card| &card.code);
            let alone: Vec<_> = codes.filter(|code| other.charter.member(code).is_none()).collect();
            if !alone.is_empty() {
                let (names, folder) = (names(alone.into_iter()), one.folder.display());
                print::line(format!("members only by the charter of {folder}: {names}"));
            }
        }
    }
}

/// What is wrong with one copy, a line each.
fn faults(member: &MemberCode, copy: &LogCopy) {
    fault(copy.files.log.as_deref(), &copy.log);
    fault(copy.files.cosigned.as_deref(), &copy.cosigned);
    fault(copy.files.fork.as_deref(), &copy.fork);
    if let (Some(path), Some(fork)) = (&copy.files.fork, copy.fork.held()) {
        let path = path.display();
        print::line(format!("FORKED   {}; {} ({path})", sentence(fork), convicted(fork)));
    }
    let ranges = copy.log.held().map(|log| marked(&log.authority)).unwrap_or_default();
    ranges.iter().for_each(|one| print::line(format!("MARKED   {}", marked_words(member, one))));
    let behind = copy.log.held().and_then(verify::Verified::behind_its_end);
    behind.iter().for_each(|said| print::line(format!("ENDED    {said}")));
    match copy.gap() {
        Some(Gap::NoLog { promised }) => print::line(format!(
            "GAP      {member}: there is no log, its cosigned checkpoint promises {promised} entries"
        )),
        Some(Gap::Short { found, promised }) => print::line(format!(
            "GAP      {member}: the log has {found} entries, its cosigned checkpoint promises \
             {promised}"
        )),
        None => {}
    }
}

fn fault<T, R: Display>(path: Option<&Path>, part: &Part<T, R>) {
    let path = path.map(Path::display);
    match (path, part) {
        (None, _) | (_, Part::Missing | Part::True(_)) => {}
        (Some(path), Part::Refuted(why)) => print::line(format!("REFUTED  {path}: {why}")),
        (Some(path), Part::Unreadable(why)) => print::line(format!("UNKNOWN  {path}: {why}")),
    }
}

fn contradiction(findings: &Findings, one: &Audited) {
    let Some(contradiction) = one.contradiction() else { return };
    let [left, right] = &contradiction.sides;
    let sizes = [left, right].map(|side| side.cosigned.checkpoint().size());
    let [left, right] = [left, right].map(|side| {
        let archive = findings.archives.get(side.archive);
        archive.map(|archive| archive.folder.display().to_string()).unwrap_or_default()
    });
    print::line(format!(
        "FORKED   {}: its log key has signed two histories that differ within the first {} entries: \
         the checkpoint of {} entries in {left} and that of {} in {right}",
        one.member, contradiction.size, sizes[0], sizes[1]
    ));
    match findings.proofs.get(&one.member) {
        Some(Ok((path, fork))) => {
            let (path, stands) = (path.display(), fork.position());
            print::line(format!(
                "PROOF    {path}: the first {stands} entries are the same; {}",
                convicted(fork)
            ));
        }
        Some(Err(failure)) => print::line(format!("UNKNOWN  no proof was written: {failure}")),
        None => print::remark("--fork-proofs DIR writes the proof of it"),
    }
}

/// What is not there at all, and what is there and was not looked at.
fn absent(archive: &Archive) {
    let (missing, folder) = (archive.missing(), archive.folder.display());
    if !missing.is_empty() {
        let names = names(missing.iter());
        print::line(format!("GAP      nothing is in {folder} of the logs of {names}"));
    }
    for stranger in archive.strangers.iter().take(NAMES_MAX) {
        let path = stranger.display();
        print::line(format!("UNKNOWN  {path}: named for no member, so it was not looked at"));
    }
}

fn cosigners(findings: &Findings) {
    for one in findings.audited.iter().filter(|one| findings.is_stale(one)) {
        let since = describe::second(findings.since.unwrap_or_default());
        print::line(format!("STALE    {}: too few have cosigned it since {since}", one.member));
    }
    for (cosigner, logs) in findings.not_cosigned() {
        let logs = names(logs.into_iter());
        print::line(format!("not cosigned by {cosigner}: {logs}"));
    }
    if let Some(oldest) = findings.oldest() {
        let (at, ago) = (describe::second(oldest.time), ago(findings.now, oldest.time));
        print::line(format!(
            "oldest cosignature: {at}, {ago}, of {} on {}",
            oldest.cosigner, oldest.log
        ));
    }
}

fn ago(now: u64, time: u64) -> String {
    let Some(seconds) = now.checked_sub(time) else { return "in the future".into() };
    let (count, unit) = match seconds {
        0..120 => (seconds, "seconds"),
        120..7_200 => (seconds / 60, "minutes"),
        7_200..172_800 => (seconds / 3_600, "hours"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{count} {unit} ago")
}

fn verdict(findings: &Findings, answer: Answer) -> String {
    let held = findings.copies().filter_map(|(_, copy)| copy.log.held());
    let (logs, entries) =
        held.fold((0_usize, 0_u64), |(n, sum), log| (n + 1, sum.saturating_add(log.size)));
    let what = format!("{logs} {}, {entries} entries", if logs == 1 { "log" } else { "logs" });
    let but = match findings.unconfirmed().as_slice() {
        [] => String::new(),
        some => format!("; not confirmed: {}", names(some.iter())),
    };
    match answer {
        Answer::Yes if findings.archives.len() > 1 => {
            format!("true: {what}, all of them checked; no log has changed its past{but}")
        }
        Answer::Yes => format!("true: {what}, every signature, link and root checked{but}"),
        Answer::No => "no: see above".into(),
        Answer::Unknown => "could not tell: see above".into(),
    }
}
