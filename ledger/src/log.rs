//! One member's log as everybody else checks it: chain, tree and authority, position by position.

use crate::adoption::{self, ADOPT, Adoption};
use crate::authority::{Authority, NotAuthorised};
use crate::charter::{Charter, Version};
use crate::checkpoint::Checkpoint;
use crate::destroyed::{self, DESTROYED};
use crate::entry::Entry;
use crate::hash::EntryHash;
use crate::hash::TreeHash;
use crate::key::{PublicKey, SecretKey};
use crate::proof::{ProofError, TreeHead, check_consistency};
use crate::statement::{SignedStatement, Statement};
use crate::text::MemberCode;
use crate::tree::Frontier;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Why a true entry has no place here now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdmitError {
    /// It was said for another member.
    #[error("the statement is for member {found}, this is the log of {expected}")]
    WrongMember {
        /// The member it names.
        found: MemberCode,
        /// The member whose log this is.
        expected: MemberCode,
    },
    /// Its signers may not say it here.
    #[error("not authorised: {0}")]
    NotAuthorised(#[from] NotAuthorised),
    /// Entries before it are missing.
    #[error("the entry is for position {found}, the next free one is {expected}")]
    Gap {
        /// The position it claims.
        found: u64,
        /// The next free position.
        expected: u64,
    },
    /// It is there already.
    #[error("the entry at position {position} is held already")]
    Known {
        /// Where.
        position: u64,
    },
    /// Another entry is there already.
    #[error("position {position} already holds entry {held}, this one is {found}")]
    Fork {
        /// Where.
        position: u64,
        /// The entry that is held.
        held: EntryHash,
        /// The entry that was shown.
        found: EntryHash,
    },
    /// It names another entry as the one before it.
    #[error("the entry at position {position} follows {found}, the log ends in {expected}")]
    BrokenLink {
        /// The position it claims.
        position: u64,
        /// The entry that it follows.
        found: EntryHash,
        /// The last entry of the log.
        expected: EntryHash,
    },
    /// The checkpoint is by another key than the one that signs them at that size.
    #[error(
        "the checkpoint of {size} entries is signed by key {found}, which is not the log's there"
    )]
    WrongKey {
        /// How many entries.
        size: u64,
        /// Whose signature it carries.
        found: PublicKey,
    },
    /// Chain and checkpoint do not belong together.
    #[error("the entries do not lead to the signed checkpoint: {0}")]
    WrongTree(#[from] ProofError),
}

/// A log up to some size: not its entries, but all that is needed to judge the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    member: MemberCode,
    last: EntryHash,
    frontier: Frontier,
    authority: Authority,
    charter: Arc<Charter>,
    /// The versions of the charter that it has adopted, with the size from which on each has force.
    adopted: Arc<Vec<(u64, Arc<Version>)>>,
}

impl Log {
    /// The empty log of somebody who is or was a member. It begins with the version of the charter
    /// that was the first to list the member.
    #[must_use]
    pub fn new(charter: &Charter, member: &MemberCode) -> Option<Self> {
        let begins = charter.begins(member)?;
        let root = begins.member(member)?.keys.root;
        Some(Self {
            member: member.clone(),
            last: EntryHash::NONE,
            frontier: Frontier::new(),
            authority: Authority::new(root, &begins.rules().two_people),
            charter: Arc::new(charter.clone()),
            adopted: Arc::new(Vec::from([(0, begins.clone())])),
        })
    }

    /// Appends an entry. `held` finds the hash of an entry that the caller holds already.
    ///
    /// # Errors
    /// When the entry has no place here now; the log is then as it was.
    pub fn admit(
        &mut self,
        entry: &Entry,
        held: impl FnOnce(u64) -> Option<EntryHash>,
    ) -> Result<(), AdmitError> {
        let (position, expected) = (entry.position(), self.size());
        if entry.statement().member != self.member {
            let (found, expected) = (entry.statement().member.clone(), self.member.clone());
            return Err(AdmitError::WrongMember { found, expected });
        }
        if position < expected {
            let found = entry.hash();
            return Err(match held(position) {
                Some(held) if held != found => AdmitError::Fork { position, held, found },
                _ => AdmitError::Known { position },
            });
        }
        if position > expected {
            return Err(AdmitError::Gap { found: position, expected });
        }
        if entry.previous() != self.last {
            let (found, expected) = (entry.previous(), self.last);
            return Err(AdmitError::BrokenLink { position, found, expected });
        }
        self.judge(entry.signed())?;
        self.append(entry);
        Ok(())
    }

    /// Judges whether the signers of a statement may place it here next.
    ///
    /// # Errors
    /// When they may not.
    pub fn judge(&self, statement: &SignedStatement) -> Result<(), NotAuthorised> {
        let signers = statement.signatures().iter().map(|signature| signature.key);
        if statement.statement().kind == ADOPT {
            let version = self.adopts(statement.statement())?;
            return adoption::judge(version, &self.member, signers);
        }
        if statement.statement().kind == DESTROYED {
            let log_key = self.key_at(self.size());
            return destroyed::judge(statement.statement(), log_key, signers);
        }
        self.authority.judge(statement.statement(), signers)
    }

    /// The version that a statement adopts, if it may be adopted here.
    fn adopts(&self, statement: &Statement) -> Result<&Arc<Version>, NotAuthorised> {
        let adoption = Adoption::decode(&statement.body)?;
        let found = adoption.version;
        let version = self.charter.version_of(&adoption.charter);
        let version = version.filter(|version| version.version() == found);
        let version = version.ok_or(NotAuthorised::CharterUnknown { version: found })?;
        let before = self.version().version();
        match found > before {
            true => Ok(version),
            false => Err(NotAuthorised::CharterOlder { version: found, before }),
        }
    }

    /// This log with a run of `entries` at its end, all of them under the promise of `checkpoint`,
    /// which may reach further: then `proof` shows that they are a prefix of it.
    ///
    /// # Errors
    /// When an entry has no place here, the run does not lead to the checkpoint, or this is by a key
    /// that the log has replaced.
    pub fn extended(
        &self,
        entries: &[Entry],
        checkpoint: &Checkpoint,
        proof: &[TreeHash],
    ) -> Result<Self, AdmitError> {
        let mut log = self.clone();
        entries.iter().try_for_each(|entry| log.admit(entry, |_| None))?;
        check_consistency(log.head(), checkpoint.head(), proof)?;
        match log.accepts_key(checkpoint) {
            true => Ok(log),
            false => {
                let (size, found) = (checkpoint.size(), *checkpoint.key());
                Err(AdmitError::WrongKey { size, found })
            }
        }
    }

    /// True unless the checkpoint is by a key that is not the log's at its size. Beyond what is held
    /// nobody knows yet which of the keys from here on that is.
    #[must_use]
    pub fn accepts_key(&self, checkpoint: &Checkpoint) -> bool {
        if checkpoint.size() <= self.size() {
            return self.key_at(checkpoint.size()) == Some(*checkpoint.key());
        }
        let before = self.version().version();
        let mut later = self.charter.known().filter(|version| version.version() >= before);
        later.any(|version| {
            let card = version.member(&self.member);
            card.is_some_and(|card| card.keys.log == *checkpoint.key())
        })
    }

    /// Appends an entry that was admitted before: the caller reads its own store anew.
    pub fn replay(&mut self, entry: &Entry) {
        self.append(entry);
    }

    fn append(&mut self, entry: &Entry) {
        self.authority.apply(entry);
        self.frontier.push(entry.leaf());
        self.last = entry.hash();
        if entry.statement().kind == ADOPT
            && let Ok(version) = self.adopts(entry.statement()).cloned()
            && let Some(card) = version.member(&self.member)
        {
            self.authority.adopt(card.keys.root, &version.rules().two_people);
            Arc::make_mut(&mut self.adopted).push((self.frontier.size(), version));
        }
    }

    /// The version of the charter by which its next entry is judged.
    #[must_use]
    pub fn version(&self) -> &Version {
        let last = self.adopted.last().map(|(_, version)| version);
        last.unwrap_or(self.charter.current())
    }

    /// The version of the charter that it had adopted with its first `size` entries.
    #[must_use]
    pub fn version_at(&self, size: u64) -> &Version {
        let adopted = self.adopted.iter().rev().find(|(from, _)| *from <= size);
        adopted.map_or(self.charter.current(), |(_, version)| version)
    }

    /// The key that signs checkpoints of its first `size` entries, so far as it has them.
    #[must_use]
    pub fn key_at(&self, size: u64) -> Option<PublicKey> {
        self.version_at(size).member(&self.member).map(|card| card.keys.log)
    }

    /// The versions of the charter that it has adopted, with the size from which on each has force.
    #[must_use]
    pub fn adopted(&self) -> &[(u64, Arc<Version>)] {
        &self.adopted
    }

    /// The statement with which it adopts the version in force, if it has not yet: signed with the
    /// log key that this version lists.
    #[must_use]
    pub fn adoption(&self, key: &SecretKey) -> Option<SignedStatement> {
        let version = self.charter.current();
        let listed = version.member(&self.member)?.keys.log == key.public();
        let due = version.version() > self.version().version();
        (listed && due).then(|| adoption::sign(&self.charter, &self.member, key))
    }

    /// Whose log it is.
    #[must_use]
    pub fn member(&self) -> &MemberCode {
        &self.member
    }

    /// How many entries it has: the next free position.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The last entry, or [`EntryHash::NONE`].
    #[must_use]
    pub fn last(&self) -> EntryHash {
        self.last
    }

    /// What a checkpoint of it promises.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size(), root: self.frontier.root() }
    }

    /// Who may speak for the member next.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }
}
