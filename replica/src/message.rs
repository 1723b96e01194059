//! What nodes say to each other, and how a range is checked before a replica sees it.
//!
//! Source: `docs/spec/08-wire.md`. Requests and responses are bounded, canonical, and decoded whole.

use alloc::vec::Vec;
use cairn_ledger::checkpoint::CheckpointError;
use cairn_ledger::codec::{self, DecodeError};
use cairn_ledger::entry::{RawEntry, Verifier, VerifyError};
use cairn_ledger::fork::{ForkError, RawFork, RawSide};
use cairn_ledger::hash::{Bytes, CharterId, TreeHash};
use cairn_ledger::proof::PROOF_HASHES_MAX;
use cairn_ledger::text::{MemberCode, Text};
use cairn_ledger::{Charter, Checkpoint, Entry, bundle};
use serde::{Deserialize, Serialize};

/// The most bytes of a request: the heads of 512 members and some room.
pub const REQUEST_BYTES_MAX: usize = 512 << 10;
/// The most bytes of entries in one range. At least one entry always fits.
pub const RANGE_BYTES_MAX: usize = 1 << 20;
/// The most bytes of entries that are sent unasked.
pub const PUSH_BYTES_MAX: usize = 64 << 10;
/// The most bytes of a response.
pub const RESPONSE_BYTES_MAX: usize = RANGE_BYTES_MAX + (128 << 10);
/// The most entries of one range.
pub const RANGE_ENTRIES_MAX: u32 = 1024;
/// The most heads or addresses of one request.
const LIST_MAX: usize = 2048;

/// What one node asks or tells another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// "I hold these logs, as far as these checkpoints."
    Heads(Vec<Head>),
    /// "Send me this log from this position."
    Fetch {
        /// Which log.
        log: MemberCode,
        /// From which position.
        start: u64,
        /// How many entries at most.
        entries_max: u32,
    },
    /// "These members' nodes can be reached there."
    Addresses(Vec<Address>),
    /// "My own log has grown by this", in place of a head, when it is little.
    Grown {
        /// What is new.
        range: RawRange,
        /// "Cosign the checkpoint." A head always asks for that.
        cosign: bool,
    },
    /// "These members have cosigned these checkpoints."
    Cosigned(Vec<CosignedNote>),
    /// "Prove what your copy of this log has as its first `size` entries."
    Prove {
        /// Which log.
        log: MemberCode,
        /// How many entries.
        size: u64,
    },
    /// "This log's key has signed two histories." The answer says that the proof is kept.
    Forked(RawFork),
    /// "These charters and proposals are known to me." The answer gives those that are not.
    Charters(KnownCharters),
    /// "Send me this sealed part, or this piece of its file."
    Sealed(SealedWanted),
    /// "Who has opened this sealed part of mine at your node?"
    Opened(SealedWanted),
}

/// That somebody has opened a sealed part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedRecord {
    /// When, by the answering node's clock: seconds since 1970.
    pub at: u64,
    /// The name under which that node knows its user.
    pub user: Text<64>,
    /// What was taken: 0 the content, 1 the file, 2 the content with its proof, 3 the key.
    pub what: u16,
}

/// A sealed part's payload, or a piece of its file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SealedWanted {
    /// In whose log the statement is.
    pub log: MemberCode,
    /// Where in it.
    pub position: u64,
    /// Which of its parts.
    pub part: u16,
    /// Which piece of its file, from 0; nothing for the payload.
    pub piece: Option<u32>,
}

/// Which charters and proposals a node knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownCharters {
    /// The version under which it runs.
    pub current: CharterId,
    /// The names of everything that it knows but the first version.
    pub names: Vec<[u8; 32]>,
}

/// A checkpoint of a log that the sender holds whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Whose log.
    pub log: MemberCode,
    /// The signed note.
    pub checkpoint: Bytes,
    /// A digest of the cosignatures that the sender holds of it; 0 for none. Whoever's digest differs
    /// may have more.
    pub cosigned: u64,
}

/// A checkpoint with cosignatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CosignedNote {
    /// Whose log.
    pub log: MemberCode,
    /// The note, with the log's signature and others'.
    pub note: Bytes,
}

/// Where a member's node can be reached: a hint, worth nothing without the transport key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Whose node.
    pub member: MemberCode,
    /// A libp2p multiaddress.
    pub address: Text<200>,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Response {
    /// The heads or addresses were noted.
    Noted,
    /// The range that was asked for, or its beginning.
    Range(RawRange),
    /// Nothing is held there.
    Nothing,
    /// What the answering node's copy has as its first entries.
    Side(RawSide),
    /// Charters and proposals, none before its predecessor, or as many as fit.
    Charters(Vec<Bytes>),
    /// A sealed part's payload, or a piece of its file.
    Sealed(Bytes),
    /// Who has opened it: the last ones, where they are many.
    Opened(Vec<OpenedRecord>),
}

/// A run of entries in the right format: nothing is known of its truth yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawRange {
    /// Whose log.
    pub log: MemberCode,
    /// The position of the first entry.
    pub start: u64,
    /// The entries, each behind its length.
    pub bundle: Bytes,
    /// A checkpoint that covers them and perhaps more.
    pub checkpoint: Bytes,
    /// That the log up to the last of them is a prefix of the checkpoint's tree.
    pub proof: Vec<TreeHash>,
}

/// A run of entries, each verified, with a verified checkpoint. Whether they fit a log is for the
/// log to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// Whose log.
    pub log: MemberCode,
    /// The position of the first entry.
    pub start: u64,
    /// The entries; there is at least one.
    pub entries: Vec<Entry>,
    /// A checkpoint that covers them and perhaps more.
    pub checkpoint: Checkpoint,
    /// That the log up to the last of them is a prefix of the checkpoint's tree.
    pub proof: Vec<TreeHash>,
}

/// What a peer's copy of a log has as its first entries, under a checkpoint that the log's key signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    raw: RawSide,
    checkpoint: Checkpoint,
}

impl Side {
    /// Checks that `raw` shows the first `size` entries of a log to have its root.
    ///
    /// # Errors
    /// When the checkpoint is not the log's, or the root does not follow from it.
    pub fn verify(
        raw: RawSide,
        charter: &Charter,
        log: &MemberCode,
        size: u64,
    ) -> Result<Self, ForkError> {
        let checkpoint = raw.verify(charter, log, size)?.checkpoint().clone();
        Ok(Self { raw, checkpoint })
    }

    /// The root over the first entries.
    #[must_use]
    pub fn root(&self) -> TreeHash {
        self.raw.root
    }

    /// As it came.
    #[must_use]
    pub fn raw(&self) -> &RawSide {
        &self.raw
    }

    /// What it follows from.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }
}

/// Why a range is refused before it reaches a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefusedRange {
    /// An entry or the bundle is not in the format.
    #[error("entry {position}: {why}")]
    Decode {
        /// Which entry.
        position: u64,
        /// What is wrong.
        why: DecodeError,
    },
    /// An entry is not true.
    #[error("entry {position}: {why}")]
    Verify {
        /// Which entry.
        position: u64,
        /// What is wrong.
        why: VerifyError,
    },
    /// The checkpoint is not the log's.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// No member has this log.
    #[error("{0} is no member")]
    NoMember(MemberCode),
    /// An entry's own position is not its place in the range.
    #[error("the entry in place {expected} says that it is at {found}")]
    Misplaced {
        /// Where it stands.
        expected: u64,
        /// Where it says it stands.
        found: u64,
    },
    /// No entries, or more than a range may have.
    #[error("the range has {0} entries, expected 1 to 1024")]
    Count(usize),
}

impl CosignedNote {
    /// The size that it says it is of: to find what is known of it, before it is verified.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        let text = core::str::from_utf8(&self.note.0).ok()?;
        text.lines().nth(1)?.parse().ok()
    }
}

fn list_bound(what: &'static str, found: usize, limit: usize) -> Result<(), DecodeError> {
    if found > limit { Err(DecodeError::TooLong { what, found, limit }) } else { Ok(()) }
}

impl Request {
    /// The bytes on the wire.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// The request of `bytes`.
    ///
    /// # Errors
    /// When the bytes are not in the format.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let request: Self = codec::decode("a request", bytes, REQUEST_BYTES_MAX)?;
        match &request {
            Self::Heads(heads) => list_bound("a list of heads", heads.len(), LIST_MAX)?,
            Self::Addresses(list) => list_bound("a list of addresses", list.len(), LIST_MAX)?,
            Self::Grown { range, .. } => range.check_bounds(PUSH_BYTES_MAX)?,
            Self::Cosigned(list) => list_bound("a list of cosignatures", list.len(), LIST_MAX)?,
            Self::Forked(fork) => fork.check_bounds()?,
            Self::Charters(known) => list_bound("a list of charters", known.names.len(), LIST_MAX)?,
            Self::Fetch { .. } | Self::Prove { .. } | Self::Sealed(_) | Self::Opened(_) => {}
        }
        Ok(request)
    }
}

impl Response {
    /// The bytes on the wire.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// The response of `bytes`.
    ///
    /// # Errors
    /// When the bytes are not in the format.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let response: Self = codec::decode("a response", bytes, RESPONSE_BYTES_MAX)?;
        match &response {
            Self::Range(range) => range.check_bounds(RANGE_BYTES_MAX)?,
            Self::Side(side) => side.check_bounds()?,
            Self::Charters(list) => list_bound("a list of charters", list.len(), LIST_MAX)?,
            Self::Opened(list) => list_bound("a list of openings", list.len(), LIST_MAX)?,
            Self::Noted | Self::Nothing | Self::Sealed(_) => {}
        }
        Ok(response)
    }
}

/// Verifies a checkpoint that a peer shows, unless it is one that is `known` already.
///
/// # Errors
/// When it is not one that the log's key signed.
pub fn verify_head(
    charter: &Charter,
    log: &MemberCode,
    note: &[u8],
    known: Option<&Checkpoint>,
) -> Result<Checkpoint, RefusedRange> {
    if let Some(known) = known.filter(|known| known.note().as_bytes() == note) {
        return Ok(known.clone());
    }
    let keys = charter.log_keys(log);
    if keys.is_empty() {
        return Err(RefusedRange::NoMember(log.clone()));
    }
    Ok(Checkpoint::verify(note, &charter.origin(log), &keys)?)
}

impl RawRange {
    fn check_bounds(&self, bundle_bytes_max: usize) -> Result<(), DecodeError> {
        list_bound("a proof", self.proof.len(), PROOF_HASHES_MAX)?;
        list_bound("a bundle", self.bundle.0.len(), bundle_bytes_max)
    }

    /// Checks every entry and the checkpoint by themselves.
    ///
    /// # Errors
    /// When one of them is not in the format or not true.
    pub fn verify(
        self,
        charter: &Charter,
        known: Option<&Checkpoint>,
    ) -> Result<Range, RefusedRange> {
        let checkpoint = verify_head(charter, &self.log, &self.checkpoint.0, known)?;
        let mut verifier = Verifier::new(charter.network());
        let mut entries = Vec::new();
        for (place, bytes) in (self.start..).zip(bundle::Slices::new(&self.bundle.0)) {
            let decode = |why| RefusedRange::Decode { position: place, why };
            let raw = RawEntry::decode(bytes.map_err(decode)?).map_err(decode)?;
            if raw.position() != place {
                let (expected, found) = (place, raw.position());
                return Err(RefusedRange::Misplaced { expected, found });
            }
            let verify = |why| RefusedRange::Verify { position: place, why };
            entries.push(raw.verify(&mut verifier).map_err(verify)?);
        }
        let count = entries.len();
        if !u32::try_from(count).is_ok_and(|count| (1..=RANGE_ENTRIES_MAX).contains(&count)) {
            return Err(RefusedRange::Count(count));
        }
        Ok(Range { log: self.log, start: self.start, entries, checkpoint, proof: self.proof })
    }
}
