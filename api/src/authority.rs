//! Who may say what for a member, and how that came about, as data for programs.

use crate::words::reads_only;
use cairn_casebook::Date;
use cairn_ledger::Authority;
use cairn_ledger::authority::Scope;
use cairn_ledger::compromise::Suspicion;
use cairn_ledger::grant::{Act, Force, Grant, Step};
use cairn_ledger::key::PublicKey;
use cairn_ledger::statement::{Kind, Timestamp};
use cairn_ledger::text::MemberCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
