//! Who may speak for a member: decided by the log itself, entry by entry, without a clock.
//!
//! A member's root key authorises contributors in the member's own log and revokes them there.
//! A statement is judged by what the log said before it, so that revoking a key does not unmake
//! what it rightly signed. Source: `docs/spec/03-entry-and-log.md`, section "Authority".

use crate::administration::{
    COMPROMISED, Compromise, SUSPEND, Suspension, TWO_PEOPLE, TwoPeople, may_need_second,
};
use crate::codec::{self, DecodeError};
use crate::compromise::{Suspicion, Suspicions};
use crate::entry::Entry;
use crate::grant::{Act, Force, Grant, Step, Withdrawal};
use crate::hash::Bytes;
use crate::key::PublicKey;
pub use crate::not_authorised::{NotAuthorised, Withdrawn};
use crate::statement::{Kind, STATEMENT_BYTES_MAX, Statement, Timestamp};
use crate::text::{Text, Topic};
use alloc::boxed::Box;
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

/// Who may speak for one member, as of one position of its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    root: PublicKey,
    /// Kinds that need two people by the charter's rules.
    two_people: Arc<[Kind]>,
    /// Kinds that need two people by what the log says.
    own_two_people: Arc<[Kind]>,
    grants: Arc<BTreeMap<PublicKey, Grant>>,
    suspicions: Suspicions,
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
        Self {
            root,
            two_people: two_people.into(),
            own_two_people: Arc::default(),
            grants: Arc::default(),
            suspicions: Suspicions::default(),
        }
    }

    /// The root key, which alone has authority at the beginning.
    #[must_use]
    pub fn root(&self) -> &PublicKey {
        &self.root
    }

    /// What the log has said of one key.
    #[must_use]
    pub fn grant(&self, key: &PublicKey) -> Option<&Grant> {
        self.grants.get(key)
    }

    /// Whether a kind needs two people here, by the charter's rules or by what the log says.
    #[must_use]
    pub fn needs_two(&self, kind: Kind) -> bool {
        self.two_people.contains(&kind) || self.own_two_people.contains(&kind)
    }

    /// Every kind that needs two people here, in ascending order.
    #[must_use]
    pub fn two_people(&self) -> Vec<Kind> {
        let mut kinds: Vec<_> =
            self.two_people.iter().chain(self.own_two_people.iter()).copied().collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    /// Every key that was said to be compromised, in ascending order, with what was said.
    pub fn suspicions(&self) -> impl Iterator<Item = (&PublicKey, &[Suspicion])> {
        self.suspicions.keys()
    }

    /// The position of the entry by which a statement at `position` counts as signed after its key
    /// was compromised, if there is one. What the root key says is never marked.
    pub fn mark(
        &self,
        kind: Kind,
        position: u64,
        signers: impl Iterator<Item = PublicKey>,
    ) -> Option<u64> {
        if kind.is_administrative() {
            return None;
        }
        signers.filter_map(|key| self.suspicions.mark(&key, position)).min()
    }

    /// [`Self::mark`] of an entry of this log.
    #[must_use]
    pub fn mark_of(&self, entry: &Entry) -> Option<u64> {
        let signers = entry.signed().signatures().iter().map(|signature| signature.key);
        self.mark(entry.statement().kind, entry.position(), signers)
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
            return self.judge_administrative(statement, signers, root_signs);
        }
        if root_signs {
            return Err(NotAuthorised::RootOnly(kind));
        }
        for key in signers.clone() {
            self.judge_signer(statement, key)?;
        }
        if signers.len() < 2 && self.needs_two(kind) {
            return Err(NotAuthorised::NeedsTwo(kind));
        }
        Ok(())
    }

    fn judge_administrative(
        &self,
        statement: &Statement,
        signers: impl ExactSizeIterator<Item = PublicKey> + Clone,
        root_signs: bool,
    ) -> Result<(), NotAuthorised> {
        let kind = statement.kind;
        let seconded = may_need_second(kind) && self.needs_two(kind);
        if seconded && !root_signs {
            return Err(NotAuthorised::NeedsSecond(kind));
        }
        let root_alone = root_signs && signers.len() == 1;
        if !seconded && !root_alone {
            return Err(NotAuthorised::NeedsRoot(kind));
        }
        let about = self.judge_fields(statement)?;
        if !seconded {
            return Ok(());
        }
        let mut seconds = signers.filter(|key| *key != self.root).peekable();
        if seconds.peek().is_none() {
            return Err(NotAuthorised::NeedsSecond(kind));
        }
        seconds.try_for_each(|key| match about {
            Some(about) if about == key => Err(NotAuthorised::OwnMatter(key)),
            Some(_) | None => self.judge_signer(statement, key),
        })
    }

    /// Judges what an administrative statement says. Tells the key that it is about.
    fn judge_fields(&self, statement: &Statement) -> Result<Option<PublicKey>, NotAuthorised> {
        let body = &statement.body;
        let known = |key| self.grants.get(&key).ok_or(NotAuthorised::Unknown(key));
        let key = match statement.kind {
            AUTHORISE => {
                let Authorisation { key, .. } = Authorisation::decode(body)?;
                key.check().map_err(|_| NotAuthorised::Unknown(key))?;
                match self.grants.get(&key) {
                    Some(grant) if matches!(grant.force, Force::Compromised(_)) => {
                        grant_in_force(key, grant)?;
                    }
                    Some(_) | None => {}
                }
                key
            }
            REVOKE => {
                let Revocation { key, .. } = Revocation::decode(body)?;
                known(key)?;
                key
            }
            SUSPEND => {
                let Suspension { key, .. } = Suspension::decode(body)?;
                let grant = known(key)?;
                if grant.revoked_at().is_some() {
                    grant_in_force(key, grant)?;
                }
                key
            }
            COMPROMISED => {
                let Compromise { key, .. } = Compromise::decode(body)?;
                known(key)?;
                key
            }
            TWO_PEOPLE => {
                TwoPeople::decode(body)?;
                return Ok(None);
            }
            _ => return Ok(None),
        };
        Ok(Some(key))
    }

    fn judge_signer(&self, statement: &Statement, key: PublicKey) -> Result<(), NotAuthorised> {
        let grant = self.grants.get(&key).ok_or(NotAuthorised::Unknown(key))?;
        grant_in_force(key, grant)?;
        let Scope { kinds, topics, not_before, not_after } = &grant.authorisation.scope;
        let refuse = |what| {
            let (position, granted) = (grant.granted_at, grant.authorisation.clone());
            Err(NotAuthorised::OutOfScope { key, position, what, granted })
        };
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

    /// What was granted to a key whose authorisation has force, whatever it may state.
    ///
    /// # Errors
    /// When the log does not authorise it, or took that back.
    pub fn in_force(&self, key: &PublicKey) -> Result<&Grant, NotAuthorised> {
        let grant = self.grants.get(key).ok_or(NotAuthorised::Unknown(*key))?;
        grant_in_force(*key, grant).map(|()| grant)
    }

    /// From here on another root key and other rules have force.
    pub(crate) fn adopt(&mut self, root: PublicKey, two_people: &[Kind]) {
        (self.root, self.two_people) = (root, two_people.into());
    }

    /// Takes note of an entry that was judged and appended.
    pub(crate) fn apply(&mut self, entry: &Entry) {
        let (statement, position) = (entry.statement(), entry.position());
        let (body, made_at) = (&statement.body, statement.made_at);
        self.suspicions.note(position, made_at);
        match statement.kind {
            AUTHORISE => {
                if let Ok(authorisation) = Authorisation::decode(body) {
                    self.authorise(authorisation.into(), position, made_at);
                }
            }
            REVOKE => {
                if let Ok(Revocation { key, reason }) = Revocation::decode(body) {
                    let act = Act::Revoked { reason: reason.clone() };
                    let force = Force::Revoked(Withdrawal { position, reason });
                    self.withdraw(key, force, Step { position, made_at, act });
                }
            }
            SUSPEND => {
                if let Ok(Suspension { key, reason }) = Suspension::decode(body) {
                    let act = Act::Suspended { reason: reason.clone() };
                    let force = Force::Suspended(Withdrawal { position, reason });
                    self.withdraw(key, force, Step { position, made_at, act });
                }
            }
            COMPROMISED => {
                if let Ok(Compromise { key, reason, since }) = Compromise::decode(body) {
                    let from = self.suspicions.suspect(key, position, since);
                    let act = Act::Compromised { reason: reason.clone(), since, from };
                    let force = Force::Compromised(Withdrawal { position, reason });
                    self.withdraw(key, force, Step { position, made_at, act });
                }
            }
            TWO_PEOPLE => {
                if let Ok(TwoPeople { kinds }) = TwoPeople::decode(body) {
                    self.own_two_people = kinds.into();
                }
            }
            _ => {}
        }
    }

    fn authorise(&mut self, said: Arc<Authorisation>, position: u64, made_at: Timestamp) {
        let grants = Arc::make_mut(&mut self.grants);
        let fresh = || Grant::new(said.clone(), position);
        let grant = grants.entry(said.key).or_insert_with(fresh);
        (grant.authorisation, grant.granted_at) = (said.clone(), position);
        grant.force = Force::InForce;
        grant.remember(Step { position, made_at, act: Act::Authorised(said) });
    }

    /// A key that was compromised stays so, whatever is said of it later.
    fn withdraw(&mut self, key: PublicKey, force: Force, step: Step) {
        let Some(grant) = Arc::make_mut(&mut self.grants).get_mut(&key) else { return };
        if !matches!(grant.force, Force::Compromised(_)) {
            grant.force = force;
        }
        grant.remember(step);
    }
}

/// Refuses what a key says whose authorisation has no force.
fn grant_in_force(key: PublicKey, grant: &Grant) -> Result<(), NotAuthorised> {
    let was = |reason: &Text<200>| {
        let (office, reason) = (grant.authorisation.office.clone(), reason.clone());
        Box::new(Withdrawn { office, reason })
    };
    match &grant.force {
        Force::InForce => Ok(()),
        Force::Suspended(Withdrawal { position, reason }) => {
            Err(NotAuthorised::Suspended { key, position: *position, was: was(reason) })
        }
        Force::Revoked(Withdrawal { position, reason }) => {
            Err(NotAuthorised::Revoked { key, position: *position, was: was(reason) })
        }
        Force::Compromised(Withdrawal { position, reason }) => {
            Err(NotAuthorised::Compromised { key, position: *position, was: was(reason) })
        }
    }
}
