//! `cairn export`: logs as files, each with everything that an offline verifier needs.

use super::Context;
use super::interrupt::on_interrupt;
use crate::client::Client;
use crate::failure::{Answer, Failure, Outcome};
use crate::home::{cannot, part_of, put_in_place};
use crate::{describe, print};
use cairn_api::Status;
use cairn_ledger::MemberCode;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// How an exported log's file name ends.
pub(super) const EXTENSION: &str = "cairnlog";

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
    let mut files = Vec::new();
    for member in &members {
        let path = args.to.join(format!("{member}.{EXTENSION}"));
        let bytes = download(&client, member, &path)?;
        if !context.json {
            print::line(format!("{member}  {bytes} bytes  {}", path.display()));
        }
        files.push(serde_json::json!({ "member": member, "bytes": bytes, "path": path }));
    }
    if context.json {
        print::json(&serde_json::json!({ "network": status.network, "files": files }));
    } else {
        let (folder, network) = (args.to.display(), status.network);
        print::remark(format!("check them with: cairn verify {folder} --network {network}"));
    }
    Ok(Answer::Yes)
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
fn download(client: &Client, member: &MemberCode, path: &Path) -> Result<u64, Failure> {
    let (source, length) = client.export(member)?;
    let bar = byte_bar(length, member.as_str());
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
