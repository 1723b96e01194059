//! `cairn open` and `cairn fetch`: what is sealed for your member, read or taken away.

use super::super::Context;
use super::super::export::byte_bar;
use super::PartArgs;
use crate::failure::{Answer, Failure, Outcome};
use crate::home::{cannot, part_of, put_in_place, replace};
use crate::sealed::file;
use crate::{print, signing};
use cairn_api::{FileView, Opened};
use clap::Args;
use std::fs::{self, File};
use std::path::PathBuf;

/// What is typed behind `cairn open`.
#[derive(Debug, Args)]
pub(in crate::commands) struct OpenArgs {
    #[command(flatten)]
    which: PartArgs,
}

/// What is typed behind `cairn fetch`.
#[derive(Debug, Args)]
pub(in crate::commands) struct FetchArgs {
    #[command(flatten)]
    which: PartArgs,
    /// Where to: a file, or a folder, in which it gets a harmless name
    #[arg(long, short, value_name = "FILE|DIR")]
    output: PathBuf,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
    /// Take the proof that this was committed to, instead of the file: `cairn verify` checks it beside a receipt
    #[arg(long)]
    opening: bool,
}

pub(in crate::commands) fn open(context: &Context, args: &OpenArgs) -> Outcome {
    let client = context.client()?;
    let (_, part) = args.which.find(&client)?;
    let opened = client.open_sealed(&part)?;
    if context.json {
        let (member, position, part) = part;
        print::json(&serde_json::json!({
            "member": member, "position": position, "part": part, "opened": opened,
        }));
        return Ok(Answer::Yes);
    }
    match &opened {
        Opened::Text(text) => text.lines().for_each(print::line),
        Opened::File(file) => show(file),
        Opened::Grant => print::line("the key of another part, granted to those who may read this"),
    }
    print::remark("the node has recorded that you have opened it");
    Ok(Answer::Yes)
}

fn show(file: &FileView) {
    print::line(format!("file         {}", file.name));
    print::line(format!("bytes        {}", file.size));
    print::line(format!("SHA-256      {}", file.sha256));
    print::line(format!("acquired at  {}", signing::moment(file.acquired_at)));
    let optional = [("acquired by", &file.acquired_by), ("source", &file.source)];
    for (what, text) in optional.into_iter().filter(|(_, text)| !text.is_empty()) {
        print::line(format!("{what:<12} {text}"));
    }
    print::remark("cairn fetch takes it away");
}

pub(in crate::commands) fn fetch(context: &Context, args: &FetchArgs) -> Outcome {
    let client = context.client()?;
    let (_, part) = args.which.find(&client)?;
    let (member, position, number) = &part;
    let otherwise = format!("{member}-{position}-{number}");
    if args.opening {
        let path = target(args, &format!("{otherwise}.opening"), &otherwise)?;
        replace(&path, &client.opening(&part)?)?;
        return written(context, &path, None);
    }
    let Opened::File(view) = client.open_sealed(&part)? else {
        return Err(Failure::no(format!("part {number} of {member}/{position} is no file"))
            .hint("cairn open shows what it says"));
    };
    let path = target(args, &view.name, &otherwise)?;
    let source = client.sealed_file(&part)?;
    let (bar, beside) = (byte_bar(Some(view.size), "fetching"), part_of(&path));
    let mut options = File::options();
    let made = options.write(true).create(true).truncate(true).open(&beside);
    let mut to = made.map_err(|error| cannot("write", &beside, &error))?;
    let copied = file::copy(source, &mut to, &bar);
    bar.finish_and_clear();
    let whole = copied.map_err(|error| format!("it broke off: {error}")).and_then(|sha256| {
        let found: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        if found == view.sha256 {
            return Ok(found);
        }
        Err(format!("its SHA-256 is {found}, its acquirer says {}", view.sha256))
    });
    match whole {
        Ok(sha256) => {
            put_in_place(&beside, &path)?;
            written(context, &path, Some(&sha256))
        }
        Err(why) => {
            let _ = fs::remove_file(&beside);
            Err(Failure::unknown(why).hint("nothing was written; run it again"))
        }
    }
}

/// Where it is written: never over something else unasked, never where its name leads.
fn target(args: &FetchArgs, name: &str, otherwise: &str) -> Result<PathBuf, Failure> {
    let path = if args.output.is_dir() {
        args.output.join(file::harmless(name, otherwise))
    } else {
        args.output.clone()
    };
    if path.exists() && !args.force {
        return Err(Failure::no(format!("{} exists already", path.display()))
            .hint("name another with --output, or replace it with --force"));
    }
    Ok(path)
}

fn written(context: &Context, path: &std::path::Path, sha256: Option<&str>) -> Outcome {
    if context.json {
        print::json(&serde_json::json!({ "path": path, "sha256": sha256 }));
    } else {
        print::line(format!("written to {}", path.display()));
        print::remark("the node has recorded that you have taken it");
    }
    Ok(Answer::Yes)
}
