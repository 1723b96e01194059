//! `cairn audit`: checks a whole archive with nothing but the network's id, and what has become of its
//! logs since an older one.

mod findings;
mod json;
mod text;

use super::Context;
use super::args::id;
use super::export::byte_bar;
use super::interrupt::on_interrupt;
use super::verify::network;
use crate::audit::{Archive, Audited, FORK, audit, prove};
use crate::failure::{Answer, Failure, Outcome};
use crate::home::{cannot, replace};
use crate::{print, signing};
use cairn_ledger::{Charter, Fork, MemberCode, NetworkId};
use clap::Args;
use findings::Findings;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What is typed behind `cairn audit`.
#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    /// An archive: the folder that `cairn export` writes
    archive: PathBuf,
    /// A newer archive of the same network: has a log changed its past?
    newer: Option<PathBuf>,
    /// The network's id; the one of your settings when nothing is said
    #[arg(long, value_name = "ID", value_parser = id::<NetworkId>)]
    network: Option<NetworkId>,
    /// Ask also that enough members have cosigned each log within this time: 90m, 36h or 7d
    #[arg(long, value_name = "AGE", value_parser = age)]
    max_age: Option<u64>,
    /// Write a proof of each fork that is found between signed checkpoints into this folder
    #[arg(long, value_name = "DIR")]
    fork_proofs: Option<PathBuf>,
}

/// What came of writing a proof.
type Proof = Result<(PathBuf, Fork), Failure>;

pub(super) fn run(context: &Context, args: &AuditArgs) -> Outcome {
    let (network, from) = network(context, args.network)?;
    on_interrupt(Answer::Unknown, "interrupted: nothing is known of what was not read");
    let folders = [Some(&args.archive), args.newer.as_ref()];
    let open = |folder: &PathBuf| Archive::open(folder, network);
    let archives = folders.into_iter().flatten().map(open).collect::<Result<Vec<_>, _>>()?;
    let bytes = archives.iter().map(Archive::bytes).fold(0, u64::saturating_add);
    let bar = byte_bar(Some(bytes), "audit");
    let audited = audit(&archives, &|bytes| bar.inc(bytes));
    bar.finish_and_clear();
    let proofs = match &args.fork_proofs {
        Some(folder) => prove_all(&audited, &archives, folder)?,
        None => BTreeMap::new(),
    };
    let now = u64::try_from(signing::now().0).unwrap_or_default();
    let since = args.max_age.map(|age| now.saturating_sub(age));
    let findings = Findings { network, archives, audited, proofs, now, since };
    let answer = findings.answer();
    if context.json {
        print::json(&json::report(&findings, from, answer));
    } else {
        print::remark(format!("network {network} ({from})"));
        text::report(&findings, answer);
    }
    Ok(answer)
}

/// Proves every contradiction, so that whoever has the file and the charter needs no archive.
fn prove_all(
    audited: &[Audited],
    archives: &[Archive],
    folder: &Path,
) -> Result<BTreeMap<MemberCode, Proof>, Failure> {
    let mut proofs = BTreeMap::new();
    let Some(charter) = archives.last().map(|archive| &archive.charter) else { return Ok(proofs) };
    for one in audited.iter().filter(|one| one.contradiction().is_some()) {
        fs::create_dir_all(folder).map_err(|error| cannot("create", folder, &error))?;
        proofs.insert(one.member.clone(), write_proof(one, charter, folder));
    }
    Ok(proofs)
}

fn write_proof(one: &Audited, charter: &Charter, folder: &Path) -> Proof {
    let contradiction = one.contradiction().ok_or_else(|| Failure::unknown("there is no fork"))?;
    let fork = prove(contradiction, &one.member, charter)?;
    let path = folder.join(format!("{}.{FORK}", one.member));
    replace(&path, &fork.encode())?;
    Ok((path, fork))
}

/// A length of time as people type it, in seconds.
fn age(text: &str) -> Result<u64, String> {
    let wrong = || format!("\"{text}\" is not a length of time, as in 90m, 36h or 7d");
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let number = number.parse::<u32>().map_err(|_| wrong())?;
    Ok(u64::from(number).saturating_mul(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_as_typed() {
        assert_eq!(
            (age("90m"), age("36h"), age("7d"), age("0s")),
            (Ok(5_400), Ok(129_600), Ok(604_800), Ok(0))
        );
        for text in ["", "7", "d", "-1d", "1.5h", "7 d", "7é", "99999999999d"] {
            assert!(age(text).is_err(), "{text}");
        }
    }
}
