//! `cairn export`: an archive, a folder with everything that an offline verifier needs.

use super::Context;
use super::interrupt::on_interrupt;
use crate::audit::{CHARTER, COSIGNED, FORK, LOG, read_bounded};
use crate::client::Client;
use crate::failure::{Answer, Failure, Outcome};
use crate::home::{cannot, part_of, put_in_place, replace};
use crate::{describe, print};
use cairn_api::Status;
use cairn_ledger::charter::CHARTERS_BYTES_MAX;
use cairn_ledger::{Charter, MemberCode, NetworkId};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// What is typed behind `cairn export`.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Whose log; all of them when nobody is named
    member: Option<MemberCode>,
    /// The folder to write to
    #[arg(long, value_name = "PATH")]
    to: PathBuf,
}

pub(super) fn run(context: &Context, args: &ExportArgs) -> Outcome {
    let client = context.client()?;
    let status = client.status()?;
    let members = match &args.member {
        Some(member) => vec![member.clone()],
        None => written(&status),
    };
    fs::create_dir_all(&args.to).map_err(|error| cannot("create", &args.to, &error))?;
    on_interrupt(Answer::Unknown, "interrupted: no file was left half written; run it again");
    charter(&client, &args.to, status.network)?;
    let (mut files, total) = (Vec::new(), members.len());
    for (member, number) in members.iter().zip(1_usize..) {
        let exported = export(&client, member, &args.to, &format!("{number}/{total} {member}"))?;
        if !context.json {
            print::line(exported.line());
        }
        files.push(exported.value());
    }
    if context.json {
        print::json(&serde_json::json!({ "network": status.network, "files": files }));
    } else {
        let (folder, network) = (args.to.display(), status.network);
        print::remark(format!("check them with: cairn audit {folder} --network {network}"));
    }
    Ok(Answer::Yes)
}

/// Puts the charter first. A folder of another network is not touched.
fn charter(client: &Client, folder: &Path, network: NetworkId) -> Result<(), Failure> {
    let path = folder.join(CHARTER);
    let there = read_bounded(&path, CHARTERS_BYTES_MAX);
    let other = there.ok().and_then(|bytes| Charter::verify(&bytes, None).ok());
    if let Some(other) = other.filter(|other| other.network() != network) {
        let (folder, other) = (folder.display(), other.network());
        return Err(Failure::no(format!("{folder} is an archive of network {other}"))
            .hint("name another folder with --to"));
    }
    let bytes = client.charter()?;
    Charter::verify(&bytes, Some(network))
        .map_err(|why| Failure::no(format!("the node's charter is refused: {why}")))?;
    replace(&path, &bytes)
}

/// What was written of one member.
struct Exported {
    member: MemberCode,
    bytes: u64,
    log: PathBuf,
    cosigned: Option<PathBuf>,
    fork: Option<PathBuf>,
}

impl Exported {
    fn line(&self) -> String {
        let Self { member, bytes, log, .. } = self;
        let cosigned = if self.cosigned.is_some() { "" } else { "  not cosigned" };
        let fork = if self.fork.is_some() { "  FORKED" } else { "" };
        format!("{member}  {bytes} bytes  {}{cosigned}{fork}", log.display())
    }

    fn value(&self) -> serde_json::Value {
        let Self { member, bytes, log, cosigned, fork } = self;
        serde_json::json!({
            "member": member, "bytes": bytes, "path": log, "cosigned": cosigned, "fork": fork,
        })
    }
}

/// Writes all that is held of one member. The cosigned checkpoint is asked for before the log and put
/// beside it afterwards: whenever this is interrupted, the log that is here reaches as far.
fn export(
    client: &Client,
    member: &MemberCode,
    folder: &Path,
    what: &str,
) -> Result<Exported, Failure> {
    let file = |ending: &str| folder.join(format!("{member}.{ending}"));
    let (log, cosigned_at, fork_at) = (file(LOG), file(COSIGNED), file(FORK));
    let (fork, cosigned) = (client.fork(member)?, client.cosigned(member)?);
    if let Some(fork) = &fork {
        replace(&fork_at, fork)?;
    }
    let bytes = download(client, member, &log, what)?;
    match &cosigned {
        Some(note) => replace(&cosigned_at, note)?,
        // One from an earlier export may promise more than the log that is here now.
        None => remove(&cosigned_at)?,
    }
    let (cosigned, fork) = (cosigned.map(|_| cosigned_at), fork.map(|_| fork_at));
    Ok(Exported { member: member.clone(), bytes, log, cosigned, fork })
}

fn remove(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(cannot("remove", path, &error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The members whose logs have begun. An empty log has no checkpoint, so nothing could be verified.
fn written(status: &Status) -> Vec<MemberCode> {
    let (begun, empty): (Vec<_>, Vec<_>) = status.logs.iter().partition(|log| log.size > 0);
    if !empty.is_empty() {
        let empty = describe::joined(empty.iter().map(|log| &log.member));
        print::remark(format!("nothing to export yet of {empty}"));
    }
    begun.into_iter().map(|log| log.member.clone()).collect()
}

/// Downloads one log beside its name, and gives it the name when it is whole and on the disk.
fn download(client: &Client, member: &MemberCode, path: &Path, what: &str) -> Result<u64, Failure> {
    let (source, length) = client.export(member)?;
    let bar = byte_bar(length, what);
    let part = part_of(path);
    let mut file = File::create(&part).map_err(|error| cannot("write", &part, &error))?;
    let copied = io::copy(&mut bar.wrap_read(source), &mut file).and_then(|bytes| {
        file.sync_all()?;
        Ok(bytes)
    });
    bar.finish_and_clear();
    let written = match copied {
        Ok(bytes) if length.is_none_or(|length| length == bytes) => Ok(bytes),
        Ok(bytes) => {
            Err(Failure::unknown(format!("the log of {member} broke off after {bytes} bytes")))
        }
        Err(error) => {
            Err(Failure::unknown(format!("the log of {member} could not be downloaded: {error}")))
        }
    };
    match written {
        Ok(bytes) => put_in_place(&part, path).map(|()| bytes),
        Err(failure) => {
            // The old file, if there is one, stays; what is half is worth nothing.
            let _ = fs::remove_file(&part);
            Err(failure.hint("run it again; nothing that was whole before has changed"))
        }
    }
}

/// A bar over bytes on standard error, which hides itself where there is no terminal.
pub(super) fn byte_bar(length: Option<u64>, what: &str) -> ProgressBar {
    let bar = match length {
        Some(length) => ProgressBar::new(length),
        None => ProgressBar::no_length(),
    };
    let style = "{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar.with_message(print::safe(what))
}
