//! `cairn charter sign | submit`: signatures on an amendment, at the node or in a file.

use super::super::Context;
use super::paper::{self, Paper};
use super::{show, text};
use crate::failure::{Answer, Failure, Outcome};
use crate::home::replace;
use crate::print;
use cairn_api::Offer;
use cairn_ledger::charter::PendingCharter;
use clap::Args;
use std::path::{Path, PathBuf};

/// Whose signature, and whether to ask first.
#[derive(Args)]
pub(super) struct KeyArgs {
    /// The file of the member's root key, or of a new witness's key
    #[arg(long, value_name = "FILE")]
    root_key: Option<PathBuf>,
    /// Write the signed amendment, and hand nothing in
    #[arg(long)]
    offline: bool,
    /// Do not ask before signing
    #[arg(long, short)]
    yes: bool,
}

impl KeyArgs {
    pub(super) fn any(&self) -> bool {
        self.root_key.is_some()
    }
}

/// What is signed.
#[derive(Args)]
pub(in crate::commands) struct SignArgs {
    /// A file, or the beginning of the id of an amendment that the node holds
    #[arg(value_name = "FILE|ID")]
    what: String,
    /// Which amendment of the file, where it has several
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Where to write it; the file itself when nothing is said
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    signing: KeyArgs,
}

/// What is handed in.
#[derive(Args)]
pub(in crate::commands) struct SubmitArgs {
    /// A file of charters
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(context: &Context, args: &SignArgs) -> Outcome {
    if paper::is_id(&args.what) {
        let paper = Paper::of_node(context)?;
        return sign(context, paper, Some(&args.what), &args.signing, args.out.as_deref());
    }
    let file = PathBuf::from(&args.what);
    let paper = Paper::of_file(context, &file)?;
    let out = args.out.as_deref().unwrap_or(&file);
    sign(context, paper, args.id.as_deref(), &args.signing, Some(out))
}

/// Signs one amendment of a paper, writes it where it is to be written, and hands it in.
pub(super) fn sign(
    context: &Context,
    mut paper: Paper,
    id: Option<&str>,
    args: &KeyArgs,
    out: Option<&Path>,
) -> Outcome {
    let mut proposal = paper.proposal(id)?;
    let key = args.root_key.as_ref().ok_or_else(|| {
        Failure::unknown("no key is named").hint("name the member's root key with --root-key FILE")
    })?;
    if !context.json {
        text::change(paper.charter.current(), &proposal);
    }
    if !args.yes {
        let question = "sign this in the name of the member?";
        match print::ask(question) {
            Some(true) => {}
            Some(false) => return Err(Failure::no("nothing was signed")),
            None => return Err(Failure::unknown("nobody can be asked").hint("say it with --yes")),
        }
    }
    let key = cairn_keyring::read(key, &mut context.passphrases())?;
    let signer = proposal.sign(&key).map_err(|why| {
        Failure::no(why.to_string()).hint("members sign with the root key of the version in force")
    })?;
    let after = proposal.clone();
    paper.proposals = vec![proposal];
    if let Some(out) = out {
        replace(out, &paper.encode())?;
    }
    let offer = if args.offline { None } else { Some(context.client()?.offer(&paper.encode())?) };
    report(context, &after, &signer, offer);
    Ok(Answer::Yes)
}

fn report(context: &Context, proposal: &PendingCharter, signer: &str, offer: Option<Offer>) {
    if context.json {
        let mut value = show::value(proposal);
        value["signed_by"] = signer.into();
        value["node"] = serde_json::json!(offer);
        print::json(&value);
        return;
    }
    print::line(format!("signed by {signer}"));
    match proposal.check_complete() {
        Ok(()) => print::line(format!(
            "all signatures are there: version {} of the charter, {}",
            proposal.version(),
            proposal.id()
        )),
        Err(why) => print::line(why.to_string()),
    }
    say_offer(offer);
}

fn say_offer(offer: Option<Offer>) {
    match offer {
        None => print::line("nothing was handed in: `cairn charter submit FILE` does that"),
        Some(Offer::Known) => print::line("the node had it already"),
        Some(Offer::Waits) => print::line("the node holds it, and tells the others"),
        Some(Offer::InForce) => {
            print::line("it is in force: the node begins anew under it, and tells the others");
        }
    }
}

pub(super) fn submit(context: &Context, args: &SubmitArgs) -> Outcome {
    let offer = context.client()?.offer(&paper::read(&args.file)?)?;
    if context.json {
        print::json(&serde_json::json!({ "node": offer }));
    } else {
        say_offer(Some(offer));
    }
    Ok(Answer::Yes)
}
