//! Says a statement that waits in plain words: all of it, since whoever approves it signs all of it.

use super::find::Waiting;
use crate::commands::say::kind_of;
use crate::print;
use crate::{describe, signing};
use cairn_api::ReviewSigner;
use cairn_api::words::kind_words;
use cairn_casebook::{Reading, cases_of};
use cairn_ledger::SignedStatement;
use cairn_ledger::administration::{
    COMPROMISED, Compromise, SUSPEND, Suspension, TWO_PEOPLE, TwoPeople,
};
use cairn_ledger::authority::{AUTHORISE, Authorisation, REVOKE, Revocation, Scope};
use cairn_ledger::statement::{Kind, Statement, Timestamp};

/// What a statement says, as far as this program can read it.
pub(super) enum Words {
    /// All of it.
    Read(String),
    /// It cannot be read here: whoever signs it does not know what.
    Unread(String),
}

impl Words {
    /// The words, whether they are all or not.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Read(text) | Self::Unread(text) => text,
        }
    }
}

/// What a statement says, in one line.
pub(super) fn words(signed: &SignedStatement) -> Words {
    let statement = signed.statement();
    let body = &statement.body;
    let known = match statement.kind {
        AUTHORISE => Authorisation::decode(body).ok().map(|said| {
            format!("key {} speaks for it as {}{}", said.key, said.office, scope(&said.scope))
        }),
        REVOKE => Revocation::decode(body)
            .ok()
            .map(|said| format!("key {} speaks for it no longer: {}", said.key, said.reason)),
        SUSPEND => Suspension::decode(body)
            .ok()
            .map(|said| format!("key {} is suspended: {}", said.key, said.reason)),
        COMPROMISED => Compromise::decode(body).ok().map(|said| {
            let (key, since, reason) = (said.key, signing::moment(said.since), said.reason);
            format!(
                "key {key} was stolen, and since {since} somebody else may have used it: {reason}"
            )
        }),
        TWO_PEOPLE => TwoPeople::decode(body).ok().map(|said| match &said.kinds[..] {
            [] => "no kinds need two people here but those of the charter".into(),
            kinds => format!("two people are needed for {}", kinds_of(kinds)),
        }),
        _ => fact(statement),
    };
    let sealed = statement.sealed.len();
    match known {
        Some(text) if sealed == 0 => Words::Read(text),
        Some(text) => Words::Unread(format!("{text}; and {sealed} sealed parts")),
        None => Words::Unread(format!("{}, which this program cannot read", kind_of(signed))),
    }
}

fn fact(statement: &Statement) -> Option<String> {
    let Reading::Fact(fact) = Reading::of(statement.kind, &statement.body) else { return None };
    let says = fact.says();
    let how = format!("as of {}, {}, {}", says.as_of, says.basis, says.verification);
    Some(format!("{} ({how})", describe::fact(&fact)))
}

fn kinds_of(kinds: &[Kind]) -> String {
    describe::joined(kinds.iter().map(|kind| kind_words(*kind)))
}

fn scope(scope: &Scope) -> String {
    let mut limits = Vec::new();
    if !scope.kinds.is_empty() {
        limits.push(kinds_of(&scope.kinds));
    }
    if !scope.topics.is_empty() {
        limits.push(format!("topics {}", describe::joined(&scope.topics)));
    }
    limits.extend(scope.not_before.map(|at| format!("from {}", signing::moment(at))));
    limits.extend(scope.not_after.map(|at| format!("until {}", signing::moment(at))));
    if limits.is_empty() { String::new() } else { format!(", for {}", limits.join(", ")) }
}

/// All of a statement, line by line.
pub(super) fn in_full(signed: &SignedStatement, signers: &[ReviewSigner]) -> Vec<String> {
    let statement = signed.statement();
    let cases = cases_of(statement);
    let about = match &cases[..] {
        [] => String::new(),
        cases => format!(" about {}", describe::joined(cases)),
    };
    let mut lines = vec![
        format!("{} states{about}: {}", statement.member, words(signed).text()),
        format!("  made at    {}", signing::moment(statement.made_at)),
        format!("  statement  {}", signed.id()),
    ];
    if !statement.topics.is_empty() {
        lines.push(format!("  topics     {}", describe::joined(&statement.topics)));
    }
    lines.extend(signers.iter().map(|signer| format!("  signed by  {}", who(signer))));
    lines
}

/// Who has signed a draft, of whom nobody says the office.
pub(super) fn signers(signed: &SignedStatement) -> Vec<ReviewSigner> {
    let signatures = signed.signatures().iter();
    signatures.map(|one| ReviewSigner { key: one.key, office: None }).collect()
}

fn who(signer: &ReviewSigner) -> String {
    match &signer.office {
        Some(office) => format!("{office}, key {}", signer.key),
        None => format!("key {}", signer.key),
    }
}

/// The offices of those who have signed, or their keys.
pub(super) fn offices(signers: &[ReviewSigner]) -> String {
    let one = |signer: &ReviewSigner| {
        signer.office.clone().unwrap_or_else(|| format!("key {}", signer.key))
    };
    describe::joined(signers.iter().map(one))
}

/// Whether it still waits, and if not, why.
pub(super) fn state(Waiting { review, refused_by, .. }: &Waiting) -> String {
    if let Some(refusal) = &review.refusal {
        let by = ReviewSigner { key: refusal.key, office: refused_by.clone() };
        return format!("refused by {}: {}", who(&by), refusal.reason);
    }
    match &review.trouble {
        Some(why) => format!("cannot be approved: {why}"),
        None => "waits for a second person".into(),
    }
}

/// A moment by the node's clock, in seconds since 1970.
pub(super) fn second(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    signing::moment(Timestamp(seconds))
}

/// Prints lines where they are not the answer: before a question.
pub(super) fn remark(lines: &[String]) {
    lines.iter().for_each(print::remark);
}
