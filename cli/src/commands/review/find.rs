//! Finds what is to be reviewed: at the node by its id, or in a draft file. Nothing is believed of a
//! node: what it shows is read from the signed bytes.

use crate::commands::Context;
use crate::drafts;
use crate::failure::Failure;
use cairn_api::Review;
use cairn_ledger::entry::Verifier;
use cairn_ledger::{NetworkId, RawStatement, SignedStatement};
use std::path::PathBuf;

/// Fewer digits of an id than this are more likely a slip of the hand.
const DIGITS_MIN: usize = 8;

/// A statement that waits at the node, its signatures checked.
pub(super) struct Waiting {
    /// What the node says of it.
    pub(super) review: Review,
    /// What was signed.
    pub(super) signed: SignedStatement,
    /// The office of whoever refused it, as the node knows it.
    pub(super) refused_by: Option<String>,
}

/// What was typed: a file, or the beginning of an id.
pub(super) enum Target {
    /// A draft file with its statements.
    File(PathBuf, Vec<SignedStatement>),
    /// A statement that waits at the node.
    Waiting(Box<Waiting>),
}

/// The network: that of the settings, or the node's.
pub(super) fn network(context: &Context) -> Result<NetworkId, Failure> {
    match context.config()? {
        Some(config) => Ok(config.network),
        None => Ok(context.client()?.status()?.network),
    }
}

/// Everything that the node keeps for review, in order of arrival.
pub(super) fn all(context: &Context) -> Result<Vec<Waiting>, Failure> {
    let client = context.client()?;
    let (reviews, mut verifier) = (client.reviews()?, Verifier::new(network(context)?));
    // Offices are asked for only where somebody has refused something.
    let members = if reviews.iter().any(|one| one.refusal.is_some()) {
        client.members()?
    } else {
        Vec::new()
    };
    let one = |review: Review| {
        let (review, signed) = verified(review, &mut verifier)?;
        let own = members.iter().find(|view| view.code == signed.statement().member);
        let refused_by = review.refusal.as_ref().zip(own).and_then(|(refusal, own)| {
            let found = own.contributors.iter().find(|one| one.key == refusal.key);
            found.map(|one| one.office.clone())
        });
        Ok(Waiting { review, signed, refused_by })
    };
    reviews.into_iter().map(one).collect()
}

fn verified(review: Review, verifier: &mut Verifier) -> Result<(Review, SignedStatement), Failure> {
    let raw = RawStatement::decode(&review.statement.0).map_err(|why| why.to_string());
    let signed = raw.and_then(|raw| raw.verify(verifier).map_err(|why| why.to_string()));
    let signed = signed.map_err(|why| {
        Failure::no(format!("what the node shows as statement {} is not true: {why}", review.id))
    })?;
    let refusal = review.refusal.as_ref().map_or(Ok(()), |refusal| refusal.verify(&review.id));
    refusal.map_err(|why| {
        Failure::no(format!("what the node shows as a refusal of {}: {why}", review.id))
    })?;
    if signed.id() == review.id {
        Ok((review, signed))
    } else {
        let (found, asked) = (signed.id(), review.id);
        Err(Failure::no(format!("the node shows statement {found} in place of {asked}")))
    }
}

/// The statement that waits at the node under an id that begins so.
pub(super) fn waiting(context: &Context, beginning: &str) -> Result<Waiting, Failure> {
    let begins = beginning.to_ascii_lowercase();
    if begins.len() < DIGITS_MIN || !begins.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Failure::unknown(format!(
            "{beginning} is neither a file nor {DIGITS_MIN} or more digits of a statement's id"
        ))
        .hint("cairn review list shows what waits"));
    }
    let found = all(context)?.into_iter();
    let mut found = found.filter(|one| one.review.id.to_string().starts_with(&begins));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(Failure::no(format!("no statement {beginning} waits at the node")).hint(
            "cairn review list --all shows what it keeps; what was approved is in cairn log",
        )),
        (Some(_), Some(_)) => Err(Failure::unknown(format!("several ids begin with {beginning}"))
            .hint("name more of its digits")),
    }
}

/// What was typed: a file that is there, or an id.
pub(super) fn target(context: &Context, typed: &str) -> Result<Target, Failure> {
    let path = PathBuf::from(typed);
    if path.is_file() {
        let statements = drafts::read(&path, network(context)?)?;
        return Ok(Target::File(path, statements));
    }
    waiting(context, typed).map(|waiting| Target::Waiting(Box::new(waiting)))
}
