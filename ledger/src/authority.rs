//! Who may speak for a member: decided by the log itself, entry by entry, without a clock.
//!
//! A member's root key authorises contributors in the member's own log and revokes them there.
//! A statement is judged by what the log said before it, so that revoking a key does not unmake
//! what it rightly signed. Source: `docs/spec/03-entry-and-log.md`, section "Authority".

use crate::codec::{self, DecodeError};
use crate::entry::Entry;
use crate::hash::Bytes;
use crate::key::PublicKey;
use crate::statement::{Kind, STATEMENT_BYTES_MAX, Statement, Timestamp};
use crate::text::{Text, Topic};
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The kind of statement that authorises a contributor.
pub const AUTHORISE: Kind = Kind(1);
/// The kind of statement that revokes a contributor.
pub const REVOKE: Kind = Kind(2);
/// The most kinds or topics that one authorisation names.
const SCOPE_MAX: usize = 1024;

/// What a contributor may state. An empty list sets no limit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Scope {
    /// Kinds, in ascending order.
    pub kinds: Vec<Kind>,
    /// Topics, in ascending order: a statement has to carry one of them.
    pub topics: Vec<Topic>,
    /// The statement's own time must not be earlier.
    pub not_before: Option<Timestamp>,
    /// The statement's own time must not be later.
    pub not_after: Option<Timestamp>,
}

/// The fields of kind 1: this key speaks for the member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorisation {
    /// Whose key.
    pub key: PublicKey,
    /// The office; a person's name does not belong here.
    pub office: Text<120>,
    /// What it may state.
    pub scope: Scope,
}

/// The fields of kind 2: this key speaks for the member no longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// Whose key.
    pub key: PublicKey,
    /// Why, for everybody to read.
    pub reason: Text<200>,
}

/// Why a true statement is not one that its signers may make here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAuthorised {
    /// The log does not say that this key speaks for the member.
    #[error("key {0} is not authorised in this log")]
    Unknown(PublicKey),
    /// The log said so, and then took it back.
    #[error("key {key} was revoked at position {position}")]
    Revoked {
        /// The key.
        key: PublicKey,
        /// Where the revocation stands.
        position: u64,
    },
    /// Outside the kinds, topics or times of the authorisation.
    #[error(
        "key {key} may not state this: the authorisation at position {position} does not cover its {what}"
    )]
    OutOfScope {
        /// The key.
        key: PublicKey,
        /// Where the authorisation stands.
        position: u64,
        /// Kind, topics or time.
        what: &'static str,
    },
    /// Only the member's root key, alone, signs administrative kinds.
    #[error("kind {} is signed by the member's root key alone", .0.0)]
    NeedsRoot(Kind),
    /// Only the log key of a version of the charter, alone, adopts it.
    #[error(
        "charter version {version} is adopted by the log key that it lists for the member, alone"
    )]
    NeedsLogKey {
        /// The version.
        version: u32,
    },
    /// A version of the charter that is not at hand: it may come yet.
    #[error("charter version {version} is adopted here and not at hand")]
    CharterUnknown {
        /// The version.
        version: u32,
    },
    /// A version of the charter that is not newer.
    #[error("charter version {version} is adopted here, behind version {before}")]
    CharterOlder {
        /// The version.
        version: u32,
        /// The version that the log has adopted.
        before: u32,
    },
    /// The root key signs nothing else.
    #[error("the root key does not make statements of kind {}", .0.0)]
    RootOnly(Kind),
    /// The charter asks for two people.
    #[error("kind {} needs the signatures of two contributors", .0.0)]
    NeedsTwo(Kind),
    /// An administrative statement whose fields are not in the format.
    #[error("an administrative statement that cannot be read: {0}")]
    Unreadable(#[from] DecodeError),
}

/// What the log has said of one key so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What was granted last.
    pub authorisation: Authorisation,
    /// Where that stands.
    pub granted_at: u64,
    /// Where it was taken back, if it was.
    pub revoked_at: Option<u64>,
}

/// Who may speak for one member, as of one position of its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    root: PublicKey,
    two_people: Arc<[Kind]>,
    grants: Arc<BTreeMap<PublicKey, Grant>>,
}

impl Authorisation {
    /// The fields as a statement's body.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        Bytes(codec::encode(self))
    }

    /// The fields of a statement's body.
    ///
    /// # Errors
    /// When the bytes are not in the format.
    pub fn decode(body: &Bytes) -> Result<Self, DecodeError> {
        const WHAT: &str = "an authorisation";
        let fields: Self = codec::decode(WHAT, &body.0, STATEMENT_BYTES_MAX)?;
        let Scope { kinds, topics, .. } = &fields.scope;
        let in_order = kinds.is_sorted_by(|a, b| a < b) && topics.is_sorted_by(|a, b| a < b);
        if !in_order || kinds.len() > SCOPE_MAX || topics.len() > SCOPE_MAX {
            let why = "kinds or topics are too many or not in ascending order".into();
            return Err(DecodeError::Malformed { what: WHAT, why });
        }
        Ok(fields)
    }
}

impl Revocation {
    /// The fields as a statement's body.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        Bytes(codec::encode(self))
    }

    /// The fields of a statement's body.
    ///
    /// # Errors
    /// When the bytes are not in the format.
    pub fn decode(body: &Bytes) -> Result<Self, DecodeError> {
        codec::decode("a revocation", &body.0, STATEMENT_BYTES_MAX)
    }
}

impl Authority {
    /// The authority at the beginning of a log: the root key's alone.
    #[must_use]
    pub fn new(root: PublicKey, two_people: &[Kind]) -> Self {
        Self { root, two_people: two_people.into(), grants: Arc::default() }
    }

    /// What the log has said of each key, in ascending order of key.
    pub fn grants(&self) -> impl Iterator<Item = (&PublicKey, &Grant)> {
        self.grants.iter()
    }

    /// Judges a statement by what the log has said so far.
    ///
    /// # Errors
    /// When one of its signers may not make it.
    pub fn judge(
        &self,
        statement: &Statement,
        signers: impl ExactSizeIterator<Item = PublicKey> + Clone,
    ) -> Result<(), NotAuthorised> {
        let kind = statement.kind;
        let root_signs = signers.clone().any(|key| key == self.root);
        if kind.is_administrative() {
            return self.judge_administrative(statement, root_signs && signers.len() == 1);
        }
        if root_signs {
            return Err(NotAuthorised::RootOnly(kind));
        }
        for key in signers.clone() {
            self.judge_signer(statement, key)?;
        }
        if signers.len() < 2 && self.two_people.contains(&kind) {
            return Err(NotAuthorised::NeedsTwo(kind));
        }
        Ok(())
    }

    fn judge_administrative(
        &self,
        statement: &Statement,
        root_alone: bool,
    ) -> Result<(), NotAuthorised> {
        if !root_alone {
            return Err(NotAuthorised::NeedsRoot(statement.kind));
        }
        match statement.kind {
            AUTHORISE => {
                let fields = Authorisation::decode(&statement.body)?;
                let weak = |_| NotAuthorised::Unknown(fields.key);
                fields.key.check().map(|_| ()).map_err(weak)
            }
            REVOKE => {
                let Revocation { key, .. } = Revocation::decode(&statement.body)?;
                self.grants.get(&key).map(|_| ()).ok_or(NotAuthorised::Unknown(key))
            }
            _ => Ok(()),
        }
    }

    fn judge_signer(&self, statement: &Statement, key: PublicKey) -> Result<(), NotAuthorised> {
        let grant = self.grants.get(&key).ok_or(NotAuthorised::Unknown(key))?;
        if let Some(position) = grant.revoked_at {
            return Err(NotAuthorised::Revoked { key, position });
        }
        let Scope { kinds, topics, not_before, not_after } = &grant.authorisation.scope;
        let refuse =
            |what| Err(NotAuthorised::OutOfScope { key, position: grant.granted_at, what });
        if !kinds.is_empty() && kinds.binary_search(&statement.kind).is_err() {
            return refuse("kind");
        }
        let listed = |topic: &Topic| topics.binary_search(topic).is_ok();
        if !topics.is_empty() && !statement.topics.iter().any(listed) {
            return refuse("topics");
        }
        let made_at = statement.made_at;
        let early = not_before.is_some_and(|from| made_at < from);
        let late = not_after.is_some_and(|until| made_at > until);
        if early || late { refuse("time") } else { Ok(()) }
    }

    /// From here on another root key and other rules have force.
    pub(crate) fn adopt(&mut self, root: PublicKey, two_people: &[Kind]) {
        (self.root, self.two_people) = (root, two_people.into());
    }

    /// Takes note of an entry that was judged and appended.
    pub(crate) fn apply(&mut self, entry: &Entry) {
        let statement = entry.statement();
        match statement.kind {
            AUTHORISE => {
                if let Ok(authorisation) = Authorisation::decode(&statement.body) {
                    let grant =
                        Grant { granted_at: entry.position(), revoked_at: None, authorisation };
                    Arc::make_mut(&mut self.grants).insert(grant.authorisation.key, grant);
                }
            }
            REVOKE => {
                if let Ok(Revocation { key, .. }) = Revocation::decode(&statement.body)
                    && let Some(grant) = Arc::make_mut(&mut self.grants).get_mut(&key)
                {
                    grant.revoked_at = Some(entry.position());
                }
            }
            _ => {}
        }
    }
}
