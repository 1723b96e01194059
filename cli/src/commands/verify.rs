//! `cairn verify`: believes exported logs or refutes them, with nothing but the network's id.

use super::Context;
use super::args::id;
use super::export::byte_bar;
use super::{fork, opening, receipt};
use crate::audit::{LOG, open_file};
use crate::describe;
use crate::failure::{Answer, Failure, Outcome};
use crate::home::cannot;
use crate::print::{self, Rows};
use crate::verify::{self, Against, Failure as NotVerified, Verified};
use cairn_api::authority::marked;
use cairn_api::words::marked_words;
use cairn_casebook::fact::kind_row;
use cairn_ledger::{Kind, MemberCode, NetworkId, WitnessKey};
use clap::Args;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// Reading in large pieces costs nothing beside checking signatures.
const BUFFER_BYTES: usize = 1 << 20;

/// What is typed behind `cairn verify`.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// An exported log, a folder of them, a receipt, or a fork proof
    path: PathBuf,
    /// The network's id; the one of your settings when nothing is said
    #[arg(long, value_name = "ID", value_parser = id::<NetworkId>)]
    network: Option<NetworkId>,
    /// The charter that a fork proof is judged by; the one in the proof's folder when nothing is said
    #[arg(long, value_name = "FILE")]
    charter: Option<PathBuf>,
    /// A witness outside of the network, by its key (name+id+key), that has to have seen the receipt's
    /// entry in the log; may be repeated
    #[arg(long, value_name = "VKEY")]
    witness: Vec<WitnessKey>,
    /// What a sealed part of the receipt's entry is said to be: whether it has committed to that
    #[arg(long, value_name = "FILE")]
    opening: Option<PathBuf>,
}

/// One file and what came of it.
struct Checked {
    path: PathBuf,
    result: Result<Verified, NotVerified>,
}

pub(super) fn run(context: &Context, args: &VerifyArgs) -> Outcome {
    let (network, from) = network(context, args.network)?;
    if fork::is_fork(&args.path) {
        return fork::verify(context, &args.path, args.charter.as_deref(), network);
    }
    if let Some(opening) = &args.opening {
        return opening::verify(context, &args.path, opening, network);
    }
    if receipt::is_receipt(&args.path) {
        return receipt::verify(context, &args.path, network, &args.witness);
    }
    if !args.witness.is_empty() {
        let path = args.path.display();
        return Err(Failure::unknown(format!(
            "{path} is no receipt, and --witness is about receipts"
        ))
        .hint("cairn receipt CODE/POSITION makes one"));
    }
    let files = files(&args.path)?;
    let sizes = promised_sizes(&files, network);
    let checked: Vec<_> = files.into_iter().map(|path| check(path, network, &sizes)).collect();
    let forks = forks(&checked);
    let missing = missing(&checked);
    let answer = answer(&checked, &forks);
    if context.json {
        report_json((network, from), &checked, &forks, &missing, answer);
    } else {
        print::remark(format!("network {network} ({from})"));
        report(&checked, &forks);
        verdict(&checked, &missing, answer);
    }
    Ok(answer)
}

/// The network that files should be of, and where that is known from.
pub(super) fn network(
    context: &Context,
    named: Option<NetworkId>,
) -> Result<(NetworkId, &'static str), Failure> {
    if let Some(network) = named {
        return Ok((network, "as named with --network"));
    }
    match context.config()? {
        Some(config) => Ok((config.network, "as in your settings")),
        None => Err(Failure::unknown("which network the logs should be of is not known").hint(
            "name it with --network ID: take the id from somebody you trust, not from the file",
        )),
    }
}

fn files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !fs::metadata(path).map_err(|error| cannot("read", path, &error))?.is_dir() {
        return Ok(vec![path.into()]);
    }
    let listed = fs::read_dir(path).map_err(|error| cannot("read", path, &error))?;
    let mut files = Vec::new();
    for entry in listed {
        let file = entry.map_err(|error| cannot("read", path, &error))?.path();
        if file.extension().is_some_and(|extension| extension == LOG) {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Failure::unknown(format!("{} holds no exported log", path.display()))
            .hint(format!("exported logs are files that end in .{LOG}")));
    }
    Ok(files)
}

/// The sizes at which copies of one log can be compared: those that the files themselves promise.
fn promised_sizes(files: &[PathBuf], network: NetworkId) -> BTreeMap<MemberCode, BTreeSet<u64>> {
    let mut sizes = BTreeMap::<_, BTreeSet<u64>>::new();
    for path in files {
        // What cannot be read or believed here is told when the whole file is checked.
        let Ok(file) = open_file(path) else { continue };
        if let Ok(peek) = verify::peek(BufReader::new(file), &Against::network(network)) {
            sizes.entry(peek.member).or_default().insert(peek.size);
        }
    }
    sizes
}

fn check(
    path: PathBuf,
    network: NetworkId,
    sizes: &BTreeMap<MemberCode, BTreeSet<u64>>,
) -> Checked {
    let all = sizes.values().flatten().copied().collect();
    let against = Against::network(network);
    let result = open_file(&path).map_err(NotVerified::from).and_then(|file| {
        let length = file.metadata().ok().map(|metadata| metadata.len());
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let bar = byte_bar(length, &name);
        let reader = BufReader::with_capacity(BUFFER_BYTES, file);
        let result =
            verify::verify(reader, &against, &all, |progress| bar.set_position(progress.bytes));
        bar.finish_and_clear();
        result
    });
    Checked { path, result }
}

/// Two copies of one log, both signed, of which neither is the beginning of the other.
fn forks(checked: &[Checked]) -> Vec<String> {
    let believed: Vec<_> = checked
        .iter()
        .filter_map(|one| Some((one.path.display(), one.result.as_ref().ok()?)))
        .collect();
    let mut forks = Vec::new();
    for (index, (path, log)) in believed.iter().enumerate() {
        for (other_path, other) in believed.iter().skip(index.saturating_add(1)) {
            let size = log.size.min(other.size);
            if log.member == other.member && log.roots.get(&size) != other.roots.get(&size) {
                let member = &log.member;
                forks.push(format!(
                    "{member} has signed two histories: {path} and {other_path} differ within the \
                     first {size} entries"
                ));
            }
        }
    }
    forks
}

fn answer(checked: &[Checked], forks: &[String]) -> Answer {
    let mut answer = if forks.is_empty() { Answer::Yes } else { Answer::No };
    for one in checked {
        answer = match (&one.result, answer) {
            (Err(NotVerified::Refuted(_)), _) | (_, Answer::No) => Answer::No,
            (Err(NotVerified::Unreadable(_)), _) => Answer::Unknown,
            (Ok(_), before) => before,
        };
    }
    answer
}

/// How many statements are of kinds that this program does not know.
fn unknown(log: &Verified) -> u64 {
    unknown_kinds(log).map(|(_, count)| count).sum()
}

/// The kinds that this program does not know, and how many statements are of each.
pub(super) fn unknown_kinds(log: &Verified) -> impl Iterator<Item = (Kind, u64)> {
    let known = |kind: Kind| kind.is_administrative() || kind_row(kind).is_some();
    log.kinds.iter().map(|(kind, count)| (*kind, *count)).filter(move |(kind, _)| !known(*kind))
}

fn report(checked: &[Checked], forks: &[String]) {
    let mut rows = Rows::new(&["MEMBER", "ENTRIES", "SIGNATURES", "UNKNOWN KINDS", "ROOT", "FILE"]);
    let mut any = false;
    for Checked { path, result } in checked {
        if let Ok(log) = result {
            any = true;
            rows.push([
                log.member.to_string(),
                log.size.to_string(),
                log.signatures.to_string(),
                unknown(log).to_string(),
                log.root.to_string(),
                path.display().to_string(),
            ]);
        }
    }
    if any {
        rows.print();
    }
    for Checked { path, result } in checked {
        match result {
            Ok(log) => {
                let ranges = marked(&log.authority);
                ranges.iter().for_each(|one| print::line(marked_words(&log.member, one)));
                log.behind_its_end().into_iter().for_each(print::line);
            }
            Err(NotVerified::Refuted(refuted)) => {
                print::line(format!("REFUTED  {}: {refuted}", path.display()));
            }
            Err(NotVerified::Unreadable(error)) => {
                print::line(format!("UNKNOWN  {}: {error}", path.display()));
            }
        }
    }
    forks.iter().for_each(|fork| print::line(format!("REFUTED  {fork}")));
}

/// The largest copy of each log that was believed.
fn logs(checked: &[Checked]) -> BTreeMap<&MemberCode, u64> {
    let mut logs = BTreeMap::new();
    for log in checked.iter().filter_map(|one| one.result.as_ref().ok()) {
        let size = logs.entry(&log.member).or_default();
        *size = log.size.max(*size);
    }
    logs
}

/// Members that the charter lists and of whose logs there is no copy.
fn missing(checked: &[Checked]) -> Vec<MemberCode> {
    let logs = logs(checked);
    let listed = checked.iter().find_map(|one| one.result.as_ref().ok());
    let listed = listed.map(|log| log.charter.members()).unwrap_or_default();
    let missing = listed.iter().map(|card| &card.code).filter(|code| !logs.contains_key(code));
    missing.cloned().collect()
}

fn verdict(checked: &[Checked], missing: &[MemberCode], answer: Answer) {
    let logs = logs(checked);
    let (files, entries) = (logs.len(), logs.values().sum::<u64>());
    let logs = if files == 1 { "log" } else { "logs" };
    if !missing.is_empty() && checked.len() > 1 {
        print::line(format!("not here: the logs of {}", describe::joined(missing)));
    }
    print::line(match answer {
        Answer::Yes => format!(
            "true: {files} {logs}, {entries} entries, every signature, link and root checked"
        ),
        Answer::No => "refuted: see above".into(),
        Answer::Unknown => "could not tell: see above".into(),
    });
}

fn report_json(
    (network, from): (NetworkId, &str),
    checked: &[Checked],
    forks: &[String],
    missing: &[MemberCode],
    answer: Answer,
) {
    let file = |one: &Checked| match &one.result {
        Ok(log) => serde_json::json!({
            "path": one.path,
            "result": "true",
            "member": log.member,
            "size": log.size,
            "ends": log.ends(),
            "root": log.root,
            "last": log.last,
            "signatures": log.signatures,
            "unknown_kinds": unknown(log),
            "compromised": marked(&log.authority),
            "bytes": log.bytes,
        }),
        Err(NotVerified::Refuted(refuted)) => serde_json::json!({
            "path": one.path,
            "result": "refuted",
            "position": refuted.position,
            "offset": refuted.offset,
            "reason": refuted.reason.to_string(),
        }),
        Err(NotVerified::Unreadable(error)) => serde_json::json!({
            "path": one.path,
            "result": "unknown",
            "reason": error.to_string(),
        }),
    };
    let result = match answer {
        Answer::Yes => "true",
        Answer::No => "refuted",
        Answer::Unknown => "unknown",
    };
    print::json(&serde_json::json!({
        "network": network,
        "network_from": from,
        "result": result,
        "files": checked.iter().map(file).collect::<Vec<_>>(),
        "forks": forks,
        "logs": logs(checked).len(),
        "logs_not_here": missing,
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::tests::Village;

    #[test]
    fn two_histories_are_told_from_an_older_copy() {
        let folder = tempfile::tempdir().unwrap();
        let (mut older, mut newer, mut other) =
            (Village::new(1, 3), Village::new(1, 3), Village::new(1, 3));
        older.say(4);
        newer.say(4);
        newer.say(5);
        other.say(6);
        other.say(7);
        other.say(8);
        let network = older.network();
        let verdict = |files: &[(&str, &Village)]| {
            let write = |(name, village): &(&str, &Village)| {
                let path = folder.path().join(name);
                fs::write(&path, village.file()).unwrap();
                path
            };
            let paths: Vec<_> = files.iter().map(write).collect();
            let sizes = promised_sizes(&paths, network);
            let checked: Vec<_> = paths.into_iter().map(|p| check(p, network, &sizes)).collect();
            let forks = forks(&checked);
            (answer(&checked, &forks), forks.len())
        };
        assert_eq!(verdict(&[("a", &older), ("b", &newer)]), (Answer::Yes, 0));
        assert_eq!(verdict(&[("a", &older), ("b", &other)]), (Answer::No, 1));
        assert_eq!(verdict(&[("a", &older), ("b", &newer), ("c", &other)]), (Answer::No, 2));
        assert_eq!(verdict(&[("a", &older), ("b", &Village::new(9, 3))]), (Answer::No, 0));
    }

    #[test]
    fn nobody_waits_for_a_pipe_that_is_named_like_a_log() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("COD.cairnlog");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(!receipt::is_receipt(&pipe));
        let (paths, network) = (files(folder.path()).unwrap(), Village::new(1, 0).network());
        let sizes = promised_sizes(&paths, network);
        let checked: Vec<_> = paths.into_iter().map(|p| check(p, network, &sizes)).collect();
        assert_eq!((checked.len(), answer(&checked, &[])), (1, Answer::Unknown));
    }
}
