//! Evidence that a log's key has signed two histories.
//!
//! Two signed checkpoints and, from each, the root over its first so many entries: if those differ,
//! both promises cannot be true. Source: `docs/spec/11-forks.md`.

use crate::charter::Charter;
use crate::checkpoint::CheckpointError;
use crate::codec::{self, DecodeError};
use crate::cosignature::{Cosigned, Cosigner};
use crate::hash::{Bytes, TreeHash};
use crate::note::NOTE_BYTES_MAX;
use crate::proof::{PROOF_HASHES_MAX, ProofError, TreeHead, check_consistency};
use crate::text::MemberCode;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The most bytes of a fork's proof: two notes, each with the signatures of many members.
pub const FORK_BYTES_MAX: usize = 2 * NOTE_BYTES_MAX + (8 << 10);
const FORMAT: u16 = 1;
const WHAT: &str = "a fork proof";

/// What one promise says of the first entries of its log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawSide {
    /// The root over them.
    pub root: TreeHash,
    /// That they are a prefix of what the checkpoint promises.
    pub proof: Vec<TreeHash>,
    /// The signed note.
    pub checkpoint: Bytes,
}

/// Evidence in the right format: nothing is known of its truth yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawFork {
    format: u16,
    /// Whose log.
    pub log: MemberCode,
    /// The sides differ in their first so many entries.
    pub size: u64,
    /// The two promises, the smaller root first.
    pub sides: [RawSide; 2],
}

/// Why it is no evidence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForkError {
    /// Not in the format.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A checkpoint is not the log's.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A root is not shown to be one that the checkpoint promises.
    #[error("a side of the fork does not follow from its checkpoint: {0}")]
    Proof(#[from] ProofError),
    /// The sides agree, or are not in order.
    #[error("the two sides do not contradict each other")]
    NoContradiction,
}

/// Evidence that was verified: the log's key has signed two histories. Holding this type is the proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    raw: RawFork,
    sides: [Cosigned; 2],
}

impl RawSide {
    /// Refuses what has more than the format allows.
    ///
    /// # Errors
    /// When a part is too long.
    pub fn check_bounds(&self) -> Result<(), DecodeError> {
        let parts =
            [(self.proof.len(), PROOF_HASHES_MAX), (self.checkpoint.0.len(), NOTE_BYTES_MAX)];
        match parts.into_iter().find(|(found, limit)| found > limit) {
            Some((found, limit)) => Err(DecodeError::TooLong { what: WHAT, found, limit }),
            None => Ok(()),
        }
    }

    /// Checks that the checkpoint is the log's and that its first `size` entries have the root.
    ///
    /// # Errors
    /// When one of them does not hold.
    pub fn verify(
        &self,
        charter: &Charter,
        log: &MemberCode,
        size: u64,
    ) -> Result<Cosigned, ForkError> {
        let cosigned = Cosigned::verify(&self.checkpoint.0, charter, log, None)?;
        let prefix = TreeHead { size, root: self.root };
        check_consistency(prefix, cosigned.checkpoint().head(), &self.proof)?;
        Ok(cosigned)
    }
}

impl RawFork {
    /// Puts two sides of one log together, in their one order.
    #[must_use]
    pub fn new(log: MemberCode, size: u64, one: RawSide, other: RawSide) -> Self {
        let sides = if one.root <= other.root { [one, other] } else { [other, one] };
        Self { format: FORMAT, log, size, sides }
    }

    /// The evidence of `bytes`.
    ///
    /// # Errors
    /// When they are not in the format.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        codec::check_version(WHAT, bytes, FORMAT)?;
        let raw: Self = codec::decode(WHAT, bytes, FORK_BYTES_MAX)?;
        raw.check_bounds()?;
        Ok(raw)
    }

    /// Refuses what has more than the format allows.
    ///
    /// # Errors
    /// When a part is too long.
    pub fn check_bounds(&self) -> Result<(), DecodeError> {
        self.sides.iter().try_for_each(RawSide::check_bounds)
    }

    /// Checks that both promises were signed by the log's key and contradict each other.
    ///
    /// # Errors
    /// When they are no evidence.
    pub fn verify(self, charter: &Charter) -> Result<Fork, ForkError> {
        let [one, other] = &self.sides;
        if one.root >= other.root || self.size == 0 || self.format != FORMAT {
            return Err(ForkError::NoContradiction);
        }
        let check = |side: &RawSide| side.verify(charter, &self.log, self.size);
        let sides = [check(one)?, check(other)?];
        Ok(Fork { raw: self, sides })
    }
}

impl Fork {
    /// Whose log it is.
    #[must_use]
    pub fn log(&self) -> &MemberCode {
        &self.raw.log
    }

    /// How many first entries the histories are shown to differ in.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.raw.size
    }

    /// How many first entries of the log both histories may still share: what stands.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.raw.size.saturating_sub(1)
    }

    /// Orders the proofs of one log: the least one says the most. An earlier fork comes first, then
    /// the one that convicts more cosigners.
    #[must_use]
    pub fn rank(&self) -> (u64, usize) {
        (self.raw.size, usize::MAX.saturating_sub(self.cosigners_of_both().len()))
    }

    /// The promises that contradict each other.
    #[must_use]
    pub fn sides(&self) -> &[Cosigned; 2] {
        &self.sides
    }

    /// Cosigners who stand behind both histories: convicted as well.
    #[must_use]
    pub fn cosigners_of_both(&self) -> Vec<Cosigner> {
        let [one, other] = &self.sides;
        let both = one.cosignatures().keys().filter(|name| other.cosignatures().contains_key(name));
        both.cloned().collect()
    }

    /// The evidence as it is handed on.
    #[must_use]
    pub fn raw(&self) -> &RawFork {
        &self.raw
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(&self.raw)
    }
}
