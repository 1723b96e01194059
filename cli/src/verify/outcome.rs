//! What comes of verifying a file: what it holds, or what in it is not true and where.

use cairn_ledger::charter::CharterError;
use cairn_ledger::checkpoint::CheckpointError;
use cairn_ledger::{
    AdmitError, Authority, Charter, Checkpoint, DecodeError, EntryHash, Kind, MemberCode, TreeHash,
    VerifyError,
};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// A log of which everything was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The charter that the file carries, which founds the network that was asked for.
    pub charter: Arc<Charter>,
    /// The checkpoint that the file carries.
    pub checkpoint: Checkpoint,
    /// Whose log it is.
    pub member: MemberCode,
    /// How many entries it has.
    pub size: u64,
    /// The root that the member's log key has signed and that the entries lead to.
    pub root: TreeHash,
    /// The last entry.
    pub last: EntryHash,
    /// What it says of its contributors' keys.
    pub authority: Authority,
    /// How many statements of each kind.
    pub kinds: BTreeMap<Kind, u64>,
    /// How many contributors' signatures were checked.
    pub signatures: u64,
    /// How many bytes the file has.
    pub bytes: u64,
    /// The roots at the sizes that were asked for, as far as the log reaches.
    pub roots: BTreeMap<u64, TreeHash>,
}

impl Verified {
    /// How many entries the charter lets stand of it, if its member was removed.
    #[must_use]
    pub fn ends(&self) -> Option<u64> {
        self.charter.ends(&self.member).map(|ended| ended.size)
    }

    /// What is to be said of entries behind its end, if there are any.
    #[must_use]
    pub fn behind_its_end(&self) -> Option<String> {
        let (member, ends) = (&self.member, self.ends()?);
        let behind = self.size.checked_sub(ends).filter(|behind| *behind > 0)?;
        Some(format!(
            "the charter has removed {member}: its log ended after {ends} entries, and the {behind} behind \
             them stand for nothing"
        ))
    }
}

/// How far the reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Entries that were checked and appended.
    pub entries: u64,
    /// How many the checkpoint promises.
    pub entries_total: u64,
    /// Bytes that were read.
    pub bytes: u64,
}

/// What a file says of itself, with signatures of charter and checkpoint checked and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peek {
    /// The charter that it carries.
    pub charter: Arc<Charter>,
    /// Whose log it is.
    pub member: MemberCode,
    /// How many entries its checkpoint promises.
    pub size: u64,
}

/// Why a file is not believed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It is not true.
    #[error(transparent)]
    Refuted(#[from] Refutation),
    /// It could not be read, so nothing is known.
    #[error("the file cannot be read: {0}")]
    Unreadable(#[from] io::Error),
}

/// What is not true, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", self.place())]
pub struct Refutation {
    /// The position of the entry, when it is about one.
    pub position: Option<u64>,
    /// The byte of the file at which the refuted part begins.
    pub offset: u64,
    /// What is wrong.
    pub reason: Reason,
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Bytes are not in the format.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The charter is refused or founds another network.
    #[error(transparent)]
    Charter(#[from] CharterError),
    /// The checkpoint is refused.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint is of a log that no member of the charter has.
    #[error("the checkpoint is of log {origin}, which no member of the charter writes")]
    UnknownLog {
        /// The origin found.
        origin: String,
    },
    /// A signature is wrong or an entry belongs to another network.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// An entry has no place where it stands.
    #[error(transparent)]
    Admit(#[from] AdmitError),
    /// The file ends inside something.
    #[error("the file ends inside {what}")]
    Truncated {
        /// What is incomplete.
        what: &'static str,
    },
    /// The file is kept under another member's name.
    #[error("the file is named for {expected} and holds the log of {found}")]
    OtherMember {
        /// Whose log it is.
        found: MemberCode,
        /// Whose name it has.
        expected: MemberCode,
    },
    /// Entries are missing at the end.
    #[error("the file ends after {found} entries, the signed checkpoint promises {promised}")]
    TooFew {
        /// How many there are.
        found: u64,
        /// How many are promised.
        promised: u64,
    },
    /// Bytes follow that nobody has signed.
    #[error("bytes follow the {promised} entries that the signed checkpoint covers")]
    Trailing {
        /// How many entries are promised.
        promised: u64,
    },
    /// All entries are in order and lead elsewhere.
    #[error("the entries have the root {found}, the signed checkpoint promises {promised}")]
    WrongRoot {
        /// The root of the entries.
        found: TreeHash,
        /// The root that is promised.
        promised: TreeHash,
    },
    /// The log of a removed member is another one than the members have signed.
    #[error(
        "the first {size} entries have the root {found}, the charter ended the log with {ended}"
    )]
    WrongEnd {
        /// How many entries stand by the charter.
        size: u64,
        /// The root of the entries.
        found: TreeHash,
        /// The root that stands in the charter.
        ended: TreeHash,
    },
}

impl Refutation {
    fn place(&self) -> String {
        match self.position {
            Some(position) => format!("entry {position}, at byte {}: ", self.offset),
            None => format!("at byte {}: ", self.offset),
        }
    }
}
