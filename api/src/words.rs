//! Who may say what, and why not, in words for people. Programs are given whole keys and positions.

use crate::authority::MarkedRange;
use crate::submit::Problem;
use cairn_casebook::Date;
use cairn_casebook::fact::{Fact, kind_named, kind_row};
use cairn_casebook::scope::OutsideOfScope;
use cairn_ledger::Statement;
use cairn_ledger::administration::{
    COMPROMISED, Compromise, NOTHING, SUSPEND, Suspension, TWO_PEOPLE, TwoPeople,
};
use cairn_ledger::adoption::ADOPT;
use cairn_ledger::authority::{
    AUTHORISE, Authorisation, NotAuthorised, REVOKE, Revocation, Scope, Withdrawn,
};
use cairn_ledger::destroyed::{DESTROYED, Destroyed};
use cairn_ledger::grant::Grant;
use cairn_ledger::key::PublicKey;
use cairn_ledger::statement::Kind;
use cairn_ledger::text::MemberCode;

/// What to do where a key may not say something.
const AUTHORISE_IT: &str = "the operator authorises a key with `cairn-node authorise`; \
    `cairn authority` shows who may say what, and why";

/// How many digits of a key people are shown.
const SHORT: usize = 8;

/// A key's first digits, for people. Programs are given all of it.
#[must_use]
pub fn short(key: &PublicKey) -> String {
    key.to_string().chars().take(SHORT).collect()
}

/// The name of a kind that the ledger gives its meaning, or that the casebook knows.
#[must_use]
pub fn kind_name(kind: Kind) -> Option<&'static str> {
    match kind {
        ADOPT => Some("charter version adopted"),
        AUTHORISE => Some("contributor authorised"),
        REVOKE => Some("contributor revoked"),
        SUSPEND => Some("contributor suspended"),
        COMPROMISED => Some("contributor's key compromised"),
        TWO_PEOPLE => Some("kinds that need two people"),
        DESTROYED => Some("sealed part destroyed"),
        kind => kind_row(kind).map(|row| row.name),
    }
}

/// The same, or the number.
#[must_use]
pub fn kind_words(kind: Kind) -> String {
    kind_name(kind).map_or_else(|| format!("kind {}", kind.0), Into::into)
}

/// What a statement of the root key says, in words; nothing where it is none, or cannot be read.
#[must_use]
pub fn administrative_words(statement: &Statement) -> Option<String> {
    let (body, what) = (&statement.body, kind_words(statement.kind));
    match statement.kind {
        AUTHORISE => {
            let Authorisation { key, office, scope } = Authorisation::decode(body).ok()?;
            Some(format!("{what}: key {} ({office}) for {}", short(&key), scope_words(&scope)))
        }
        REVOKE => {
            let Revocation { key, reason } = Revocation::decode(body).ok()?;
            Some(format!("{what}: key {}: {reason}", short(&key)))
        }
        SUSPEND => {
            let Suspension { key, reason } = Suspension::decode(body).ok()?;
            Some(format!("{what}: key {}: {reason}", short(&key)))
        }
        COMPROMISED => {
            let Compromise { key, reason, since } = Compromise::decode(body).ok()?;
            let since = Date::of(since);
            Some(format!("{what}: key {} since {since}: {reason}", short(&key)))
        }
        TWO_PEOPLE => {
            let TwoPeople { kinds } = TwoPeople::decode(body).ok()?;
            let kinds: Vec<_> = kinds.into_iter().map(kind_words).collect();
            Some(format!("{what}: {}", kinds.join(", ")))
        }
        DESTROYED => {
            let Destroyed { member, position, .. } = Destroyed::decode(body).ok()?;
            Some(format!("{what}: what {member}/{position} erased"))
        }
        _ => None,
    }
}

/// The kind that somebody typed: a name of the casebook, a number, or a word for one that the root key
/// says.
///
/// # Errors
/// When there is none of that name.
pub fn kind_typed(text: &str) -> Result<Kind, String> {
    let administrative = [("suspended", SUSPEND), ("compromised", COMPROMISED)];
    let administrative = administrative.into_iter().chain([("two_people", TWO_PEOPLE)]);
    let named = administrative.into_iter().find(|(name, _)| *name == text).map(|(_, kind)| kind);
    let named = named.or_else(|| kind_named(text).map(|row| row.kind));
    named.or_else(|| text.parse().ok().map(Kind)).ok_or_else(|| {
        let names: Vec<_> = Fact::KINDS.iter().map(|row| row.name).collect();
        format!("expected a number, or one of {}", names.join(", "))
    })
}

/// Which statements of a log count for nothing, in words.
#[must_use]
pub fn marked_words(member: &MemberCode, range: &MarkedRange) -> String {
    let MarkedRange { key, from, said_at, .. } = range;
    let key = short(key);
    format!(
        "what key {key} signed from {member}/{from} to before {member}/{said_at} counts for nothing: \
         signed after the key was compromised (entry {member}/{said_at})"
    )
}

/// True for a scope that lets a key state nothing: its holder may read.
#[must_use]
pub fn reads_only(scope: &Scope) -> bool {
    scope.kinds == [NOTHING]
}

/// The refusal of a statement about a case that its signer's scope does not cover.
#[must_use]
pub fn outside_of_scope(member: &MemberCode, grant: &Grant, outside: &OutsideOfScope) -> Problem {
    let Authorisation { key, office, scope } = &*grant.authorisation;
    let (short, only, at) = (short(key), scope_words(scope), grant.granted_at);
    let OutsideOfScope { case, missions } = outside;
    let missions: Vec<_> = missions.iter().map(ToString::to_string).collect();
    let of =
        if missions.is_empty() { String::new() } else { format!(" of {}", missions.join(", ")) };
    let error = format!(
        "not authorised: signed by key {short} ({office}) of {member}, which was authorised for {only} only \
         (entry {member}/{at}): {case} is another case{of}"
    );
    let hint = Some(AUTHORISE_IT.into());
    Problem { error, hint, signer: Some(*key), decided_at: Some(at), needs_second: false }
}

/// What a scope lets a key state, in words: `note, casualties on mission/UNMISS until 2026-12-31`.
#[must_use]
pub fn scope_words(scope: &Scope) -> String {
    if reads_only(scope) {
        return "reading".into();
    }
    let joined = |list: Vec<String>| list.join(", ");
    let mut words = match scope.kinds.as_slice() {
        [] => String::from("all kinds of statement"),
        kinds => joined(kinds.iter().map(|kind| kind_words(*kind)).collect()),
    };
    if !scope.topics.is_empty() {
        words += " on ";
        words += &joined(scope.topics.iter().map(ToString::to_string).collect());
    }
    if let Some(from) = scope.not_before {
        words += &format!(" from {}", Date::of(from));
    }
    if let Some(until) = scope.not_after {
        words += &format!(" until {}", Date::of(until));
    }
    words
}

/// Why somebody may not say something for a member, in words and with the entry of the member's log that
/// decides it, and what to do about it.
#[must_use]
pub fn refusal(member: &MemberCode, why: &NotAuthorised) -> Problem {
    let problem =
        |error: String, hint: &str, signer: Option<PublicKey>, decided_at: Option<u64>| Problem {
            error: format!("not authorised: {error}"),
            hint: Some(hint.into()),
            signer,
            decided_at,
            needs_second: false,
        };
    let withdrawn = |key: &PublicKey, at: &u64, was: &Withdrawn, what: &str, hint: &str| {
        let (short, Withdrawn { office, reason }) = (short(key), was);
        let error = format!(
            "signed by key {short} ({office}) of {member}, which was {what} (entry {member}/{at}): {reason}"
        );
        problem(error, hint, Some(*key), Some(*at))
    };
    match why {
        NotAuthorised::Unknown(key) => {
            let error = format!(
                "signed by key {}, which the log of {member} does not authorise",
                short(key)
            );
            problem(error, AUTHORISE_IT, Some(*key), None)
        }
        NotAuthorised::Revoked { key, position, was } => {
            withdrawn(key, position, was, "revoked", AUTHORISE_IT)
        }
        NotAuthorised::Suspended { key, position, was } => {
            let hint = "authorising the key again ends the suspension: `cairn-node authorise`";
            withdrawn(key, position, was, "suspended", hint)
        }
        NotAuthorised::Compromised { key, position, was } => {
            let hint = "it never speaks again: `cairn init` in another home makes a new key";
            withdrawn(key, position, was, "revoked as compromised", hint)
        }
        NotAuthorised::OutOfScope { key, position, what, granted } => {
            let Authorisation { office, scope, .. } = &**granted;
            let (short, only) = (short(key), scope_words(scope));
            let error = format!(
                "signed by key {short} ({office}) of {member}, which was authorised for {only} only \
                 (entry {member}/{position}): that does not cover its {what}"
            );
            problem(error, AUTHORISE_IT, Some(*key), Some(*position))
        }
        NotAuthorised::OwnMatter(key) => {
            let hint = "another contributor has to sign as the second: --second-key";
            problem(why.to_string(), hint, Some(*key), None)
        }
        NotAuthorised::NeedsTwo(_)
        | NotAuthorised::NeedsSecond(_)
        | NotAuthorised::NeedsRoot(_)
        | NotAuthorised::RootOnly(_)
        | NotAuthorised::NeedsLogKey { .. }
        | NotAuthorised::CharterUnknown { .. }
        | NotAuthorised::CharterOlder { .. }
        | NotAuthorised::NotTheLogKey
        | NotAuthorised::Unreadable(_) => {
            let (error, hint) = by_rule(why);
            problem(error, hint, None, None)
        }
    }
}

/// What no entry decides: how many have to sign, and with which keys.
fn by_rule(why: &NotAuthorised) -> (String, &'static str) {
    let named = |kind: &Kind, what: &str| format!("\"{}\" needs {what}", kind_words(*kind));
    match why {
        NotAuthorised::NeedsTwo(kind) => (
            named(kind, "the signatures of two contributors"),
            "a second contributor signs it: `cairn review approve FILE`; or it waits at the node for one: \
             `cairn submit --review FILE`",
        ),
        NotAuthorised::NeedsSecond(kind) => (
            named(kind, "the signature of a contributor beside the root key's"),
            "name the contributor's key file with --second-key; or the contributor signs the draft: \
             `cairn review approve FILE`",
        ),
        NotAuthorised::NeedsLogKey { .. }
        | NotAuthorised::CharterUnknown { .. }
        | NotAuthorised::CharterOlder { .. } => (
            why.to_string(),
            "the node adopts a charter by itself: `cairn charter history` shows which",
        ),
        NotAuthorised::NotTheLogKey => {
            (why.to_string(), "the node says it by itself once it has carried out an erasure")
        }
        NotAuthorised::Unreadable(_) => {
            (why.to_string(), "make it with `cairn-node` of this version")
        }
        NotAuthorised::Unknown(_)
        | NotAuthorised::Revoked { .. }
        | NotAuthorised::Suspended { .. }
        | NotAuthorised::Compromised { .. }
        | NotAuthorised::OutOfScope { .. }
        | NotAuthorised::OwnMatter(_)
        | NotAuthorised::NeedsRoot(_)
        | NotAuthorised::RootOnly(_) => (
            why.to_string(),
            "the root key authorises contributors, and they state everything else",
        ),
    }
}
