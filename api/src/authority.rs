//! Who may say what for a member, why, and why not: as data for programs and in words for people.

use crate::submit::Problem;
use cairn_casebook::Date;
use cairn_casebook::fact::kind_row;
use cairn_ledger::Authority;
use cairn_ledger::administration::{COMPROMISED, NOTHING, SUSPEND, TWO_PEOPLE};
use cairn_ledger::adoption::ADOPT;
use cairn_ledger::authority::{AUTHORISE, Authorisation, NotAuthorised, REVOKE, Scope, Withdrawn};
use cairn_ledger::compromise::Suspicion;
use cairn_ledger::grant::{Act, Force, Grant, Step};
use cairn_ledger::key::PublicKey;
use cairn_ledger::statement::{Kind, Timestamp};
use cairn_ledger::text::MemberCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What to do where a key may not say something.
const AUTHORISE_IT: &str = "the operator authorises a key with `cairn-node authorise`; \
    `cairn authority` shows who may say what, and why";

/// How many digits of a key people are shown.
const SHORT: usize = 8;

/// Who may speak for a member as of a size of its log: every key that the log has named.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AuthorityView {
    /// Whose log.
    #[schema(value_type = String)]
    pub member: MemberCode,
    /// How many entries of it were read.
    pub size: u64,
    /// The key that authorises the others.
    #[schema(value_type = String)]
    pub root: PublicKey,
    /// The kinds of statement that need two people, by the charter and by the log.
    #[schema(value_type = Vec<u16>)]
    pub two_people: Vec<Kind>,
    /// The keys, in ascending order.
    pub keys: Vec<KeyView>,
}

/// One key, what it may state, and how that came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyView {
    /// The key.
    #[schema(value_type = String)]
    pub key: PublicKey,
    /// The office.
    pub office: String,
    /// What it was authorised for last.
    #[schema(value_type = Object)]
    pub scope: Scope,
    /// Where that stands.
    pub granted_at: u64,
    /// Whether that has force.
    pub state: KeyState,
    /// Where it was suspended or revoked, if it was.
    pub withdrawn_at: Option<u64>,
    /// Why it was suspended or revoked, if it was.
    pub reason: Option<String>,
    /// The statements of it that count for nothing, because somebody else may have made them.
    pub marked: Vec<MarkedRange>,
    /// The newest steps of its history, in order of position.
    pub history: Vec<StepView>,
    /// How many steps before them the node does not remember; they are in the log.
    pub forgotten: u64,
}

/// Whether an authorisation has force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// It has.
    #[default]
    InForce,
    /// Not until the key is authorised again.
    Suspended,
    /// Not any more.
    Revoked,
    /// Never again: somebody else may have used the key.
    Compromised,
}

/// Positions between which statements of a key count for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MarkedRange {
    /// The key.
    #[schema(value_type = String)]
    pub key: PublicKey,
    /// Since when it was compromised, as the entry says: seconds since 1970.
    #[schema(value_type = i64)]
    pub since: Timestamp,
    /// The first position.
    pub from: u64,
    /// The entry that says that the key was compromised; what stands before it is marked.
    pub said_at: u64,
}

/// One step of a key's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepView {
    /// Where it stands.
    pub position: u64,
    /// When it was said, as the root key's holder claims: seconds since 1970.
    #[schema(value_type = i64)]
    pub made_at: Timestamp,
    /// What the key was from there on.
    pub state: KeyState,
    /// The office, where it was authorised.
    pub office: Option<String>,
    /// The scope, where it was authorised.
    #[schema(value_type = Object)]
    pub scope: Option<Scope>,
    /// The reason, where it was suspended or revoked.
    pub reason: Option<String>,
    /// Since when it was compromised, where it was: seconds since 1970.
    #[schema(value_type = i64)]
    pub since: Option<Timestamp>,
}

impl AuthorityView {
    /// What a log of so many entries says.
    #[must_use]
    pub fn of(member: MemberCode, size: u64, authority: &Authority) -> Self {
        let all = marked(authority);
        let keys = authority.grants().map(|(key, grant)| {
            let marked = all.iter().filter(|range| range.key == *key).copied().collect();
            KeyView::of(*key, grant, marked)
        });
        Self {
            member,
            size,
            root: *authority.root(),
            two_people: authority.two_people(),
            keys: keys.collect(),
        }
    }
}

/// What counts for nothing in a log, because somebody else may have said it: by key, then by entry.
#[must_use]
pub fn marked(authority: &Authority) -> Vec<MarkedRange> {
    let ranges = authority.suspicions().flat_map(|(key, all)| {
        all.iter().map(|one| {
            let Suspicion { said_at, since, from } = *one;
            MarkedRange { key: *key, since, from, said_at }
        })
    });
    ranges.filter(|range| range.from < range.said_at).collect()
}

impl KeyView {
    fn of(key: PublicKey, grant: &Grant, marked: Vec<MarkedRange>) -> Self {
        let (state, withdrawal) = state(&grant.force);
        Self {
            key,
            office: grant.authorisation.office.to_string(),
            scope: grant.authorisation.scope.clone(),
            granted_at: grant.granted_at,
            state,
            withdrawn_at: withdrawal.map(|it| it.position),
            reason: withdrawal.map(|it| it.reason.to_string()),
            marked,
            history: grant.steps.iter().map(StepView::of).collect(),
            forgotten: grant.forgotten,
        }
    }

    /// Why the key may state nothing at this time, if so: in words, as of this member's log.
    #[must_use]
    pub fn silenced(&self, member: &MemberCode, now: Timestamp) -> Option<String> {
        let reason = self.reason.as_deref().unwrap_or_default();
        let at = self.withdrawn_at.unwrap_or_default();
        let Scope { not_before, not_after, .. } = &self.scope;
        match self.state {
            KeyState::Suspended => Some(format!("suspended at {member}/{at}: {reason}")),
            KeyState::Revoked => Some(format!("revoked at {member}/{at}: {reason}")),
            KeyState::Compromised => {
                Some(format!("revoked as compromised at {member}/{at}: {reason}"))
            }
            KeyState::InForce if reads_only(&self.scope) => Some("for reading only".into()),
            KeyState::InForce => match (not_before, not_after) {
                (Some(from), _) if now < *from => {
                    Some(format!("valid from {} on", Date::of(*from)))
                }
                (_, Some(until)) if now > *until => {
                    Some(format!("valid until {}, which is over", Date::of(*until)))
                }
                _ => None,
            },
        }
    }
}

impl StepView {
    fn of(step: &Step) -> Self {
        let mut view = Self {
            position: step.position,
            made_at: step.made_at,
            state: KeyState::InForce,
            office: None,
            scope: None,
            reason: None,
            since: None,
        };
        match &step.act {
            Act::Authorised(said) => {
                view.office = Some(said.office.to_string());
                view.scope = Some(said.scope.clone());
            }
            Act::Suspended { reason } => {
                (view.state, view.reason) = (KeyState::Suspended, Some(reason.to_string()));
            }
            Act::Revoked { reason } => {
                (view.state, view.reason) = (KeyState::Revoked, Some(reason.to_string()));
            }
            Act::Compromised { reason, since, .. } => {
                (view.state, view.reason) = (KeyState::Compromised, Some(reason.to_string()));
                view.since = Some(*since);
            }
        }
        view
    }
}

/// Whether a key's authorisation has force, and what took it away.
#[must_use]
pub fn state(force: &Force) -> (KeyState, Option<&cairn_ledger::grant::Withdrawal>) {
    match force {
        Force::InForce => (KeyState::InForce, None),
        Force::Suspended(it) => (KeyState::Suspended, Some(it)),
        Force::Revoked(it) => (KeyState::Revoked, Some(it)),
        Force::Compromised(it) => (KeyState::Compromised, Some(it)),
    }
}

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
        kind => kind_row(kind).map(|row| row.name),
    }
}

/// The same, or the number.
#[must_use]
pub fn kind_words(kind: Kind) -> String {
    kind_name(kind).map_or_else(|| format!("kind {}", kind.0), Into::into)
}

/// True for a scope that lets a key state nothing: its holder may read.
#[must_use]
pub fn reads_only(scope: &Scope) -> bool {
    scope.kinds == [NOTHING]
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
    let problem = |error: String,
                   hint: &str,
                   signer: Option<PublicKey>,
                   decided_at: Option<u64>| {
        Problem { error, hint: Some(hint.into()), signer, decided_at }
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
        NotAuthorised::NeedsTwo(kind) => {
            let error =
                format!("\"{}\" needs the signatures of two contributors", kind_words(*kind));
            problem(error, "have a second contributor sign the same draft", None, None)
        }
        NotAuthorised::NeedsSecond(kind) => {
            let kind = kind_words(*kind);
            let error =
                format!("\"{kind}\" needs the signature of a contributor beside the root key's");
            problem(error, "name the contributor's key file with --second-key", None, None)
        }
        NotAuthorised::OwnMatter(key) => {
            let hint = "another contributor has to sign as the second: --second-key";
            problem(why.to_string(), hint, Some(*key), None)
        }
        NotAuthorised::NeedsRoot(_) | NotAuthorised::RootOnly(_) => {
            let hint = "the root key authorises contributors, and they state everything else";
            problem(why.to_string(), hint, None, None)
        }
        NotAuthorised::NeedsLogKey { .. }
        | NotAuthorised::CharterUnknown { .. }
        | NotAuthorised::CharterOlder { .. } => {
            let hint = "the node adopts a charter by itself: `cairn charter history` shows which";
            problem(why.to_string(), hint, None, None)
        }
        NotAuthorised::Unreadable(_) => {
            problem(why.to_string(), "make it with `cairn-node` of this version", None, None)
        }
    }
}
