//! `cairn review approve`: signs as the second person what another contributor has signed.

use super::find::{self, Target, Waiting};
use super::words::{self, Words};
use crate::commands::Context;
use crate::commands::say::{self, Told};
use crate::failure::{Answer, Failure, Outcome};
use crate::signing::Contributor;
use crate::{drafts, print};
use cairn_api::ReviewSigner;
use cairn_ledger::SignedStatement;
use clap::Args;
use std::path::{Path, PathBuf};

/// What is typed behind `cairn review approve`.
#[derive(Debug, Args)]
pub(in crate::commands) struct ApproveArgs {
    /// The statement's id, at least its first 8 digits; or a draft file
    #[arg(value_name = "ID|FILE")]
    target: String,
    /// Write the signed draft here instead of over the old one
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Only sign the draft file, and talk to no node
    #[arg(long)]
    offline: bool,
    /// Sign also what this program cannot read
    #[arg(long)]
    unread: bool,
    /// Do not ask before signing
    #[arg(long, short)]
    yes: bool,
}

pub(super) fn run(context: &Context, args: &ApproveArgs) -> Outcome {
    match find::target(context, &args.target)? {
        Target::File(path, statements) => file(context, args, &path, statements),
        Target::Waiting(waiting) => at_node(context, args, *waiting),
    }
}

fn at_node(context: &Context, args: &ApproveArgs, waiting: Waiting) -> Outcome {
    if args.offline || args.out.is_some() {
        return Err(Failure::no("--offline and --out are for draft files")
            .hint("what waits at the node is signed there"));
    }
    if waiting.review.refusal.is_some() {
        return Err(Failure::no(format!("it was {}", words::state(&waiting)))
            .hint("whoever wants it states it anew"));
    }
    if waiting.review.trouble.is_some() {
        return Err(Failure::no(words::state(&waiting)));
    }
    let Waiting { review, signed, .. } = waiting;
    let contributor = Contributor::at(&context.home, &mut context.passphrases())?;
    contributor.may_cosign(&signed)?;
    readable(args, &signed)?;
    ask(args, &[(&signed, &review.signers)])?;
    let both = contributor.cosign(signed)?;
    let became = context.client()?.review(&both)?;
    Ok(say::report(context, &[Told::of(&both, became)]))
}

/// Signs what this key has not signed yet in a draft file; hands it in where a node is named.
fn file(
    context: &Context,
    args: &ApproveArgs,
    path: &Path,
    statements: Vec<SignedStatement>,
) -> Outcome {
    if let Some(out) = args.out.as_ref().filter(|out| out.exists()) {
        return Err(Failure::no(format!("{} exists already", out.display()))
            .hint("name a new file; drafts are not overwritten"));
    }
    let contributor = Contributor::at(&context.home, &mut context.passphrases())?;
    let mine = contributor.public();
    // Of several, some may be signed already; of none that is new, the first says why not.
    let mut new: Vec<_> = statements.iter().filter(|one| !one.is_signed_by(&mine)).collect();
    if new.is_empty() {
        new.extend(statements.first());
    }
    for signed in &new {
        contributor.may_cosign(signed)?;
        readable(args, signed)?;
    }
    let signers: Vec<_> = new.iter().map(|signed| words::signers(signed)).collect();
    let shown: Vec<_> = new.iter().zip(&signers).map(|(signed, by)| (*signed, &by[..])).collect();
    ask(args, &shown)?;
    let one = |signed: SignedStatement| {
        if signed.is_signed_by(&mine) { Ok(signed) } else { contributor.cosign(signed) }
    };
    let statements = statements.into_iter().map(one).collect::<Result<Vec<_>, _>>()?;
    let written = args.out.as_deref().unwrap_or(path);
    drafts::write(written, &statements)?;
    let named = context.node_named().is_some() || contributor.config.node.is_some();
    if args.offline || !named {
        return Ok(only_signed(context, written, &statements));
    }
    hand_in(context, written, &statements)
}

fn only_signed(context: &Context, path: &Path, statements: &[SignedStatement]) -> Answer {
    if context.json {
        let ids: Vec<_> = statements.iter().map(SignedStatement::id).collect();
        print::json(&serde_json::json!({ "draft": path, "statements": ids }));
    } else {
        let path = path.display();
        print::line(format!("signed: {path}"));
        print::line(format!("hand it in with: cairn submit {path}"));
    }
    Answer::Yes
}

/// The file is signed already: whatever happens here, `cairn submit` hands the same in.
fn hand_in(context: &Context, path: &Path, statements: &[SignedStatement]) -> Outcome {
    let client = context.client()?;
    let kept = |failure: Failure| {
        let path = path.display();
        failure.hint(format!("{path} is signed all the same: cairn submit {path} hands it in"))
    };
    let told = say::submit(&client, statements)
        .and_then(|told| say::have_reviewed(&client, statements, told))
        .map_err(kept)?;
    Ok(say::report(context, &told))
}

fn readable(args: &ApproveArgs, signed: &SignedStatement) -> Result<(), Failure> {
    match words::words(signed) {
        Words::Unread(text) if !args.unread => {
            Err(Failure::no(format!("this program cannot show all of it: {text}"))
                .hint("use a newer cairn; --unread signs what you have not read"))
        }
        Words::Unread(_) | Words::Read(_) => Ok(()),
    }
}

/// Shows all of what would be signed, and asks. Who approves has read it: without a terminal that has
/// to be said.
fn ask(args: &ApproveArgs, all: &[(&SignedStatement, &[ReviewSigner])]) -> Result<(), Failure> {
    for (signed, signers) in all {
        words::remark(&words::in_full(signed, signers));
    }
    if args.yes {
        return Ok(());
    }
    match print::ask("sign it as the second person? it cannot be deleted afterwards") {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::no("nothing was signed")),
        None => Err(Failure::unknown("nobody can be asked here, and nothing was signed")
            .hint("--yes signs what is shown")),
    }
}
