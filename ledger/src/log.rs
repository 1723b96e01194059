//! One member's log as everybody else checks it: chain, tree and authority, position by position.

use crate::authority::{Authority, NotAuthorised};
use crate::charter::Charter;
use crate::entry::Entry;
use crate::hash::EntryHash;
use crate::hash::TreeHash;
use crate::proof::{ProofError, TreeHead, check_consistency};
use crate::statement::SignedStatement;
use crate::text::MemberCode;
use crate::tree::Frontier;

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
}

impl Log {
    /// The empty log of a member of `charter`.
    #[must_use]
    pub fn new(charter: &Charter, member: &MemberCode) -> Option<Self> {
        let card = charter.member(member)?;
        Some(Self {
            member: member.clone(),
            last: EntryHash::NONE,
            frontier: Frontier::new(),
            authority: Authority::new(card.keys.root, &charter.rules().two_people),
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
        self.authority.judge(statement.statement(), signers)
    }

    /// This log with a run of `entries` at its end, all of them under the promise of `checkpoint`,
    /// which may reach further: then `proof` shows that they are a prefix of it.
    ///
    /// # Errors
    /// When an entry has no place here or the run does not lead to the checkpoint.
    pub fn extended(
        &self,
        entries: &[Entry],
        checkpoint: TreeHead,
        proof: &[TreeHash],
    ) -> Result<Self, AdmitError> {
        let mut log = self.clone();
        entries.iter().try_for_each(|entry| log.admit(entry, |_| None))?;
        check_consistency(log.head(), checkpoint, proof)?;
        Ok(log)
    }

    /// Appends an entry that was admitted before: the caller reads its own store anew.
    pub fn replay(&mut self, entry: &Entry) {
        self.append(entry);
    }

    fn append(&mut self, entry: &Entry) {
        self.authority.apply(entry);
        self.frontier.push(entry.leaf());
        self.last = entry.hash();
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
