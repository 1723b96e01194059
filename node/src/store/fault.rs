//! What can be wrong with a disk, with the place where it is.

use cairn_ledger::text::MemberCode;
use std::io;
use std::path::{Path, PathBuf};

/// Damage in a log file: which entry, at which byte, and what was found there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: entry {position} at byte {offset}: {why}", path.display())]
pub struct Fault {
    /// Which file.
    pub path: PathBuf,
    /// Which entry.
    pub position: u64,
    /// Where it begins in the file.
    pub offset: u64,
    /// What was found and what was expected.
    pub why: String,
}

/// Why the store refuses.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system reports an error. After a failed write nothing is known about the disk.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Bytes on the disk are not those that were written.
    #[error("{0}")]
    Damaged(#[from] Fault),
    /// sled reports an error.
    #[error("the second copy: {0}")]
    Second(String),
    /// The folder belongs to somebody else or to another network.
    #[error("{0}")]
    Folder(String),
}

impl StoreError {
    /// Turns an I/O error into one that names its file.
    pub fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_path_buf(), source }
    }

    pub(crate) fn no_log(member: &MemberCode) -> Self {
        Self::Folder(format!("there is no such entry in the log of {member}"))
    }
}

impl From<sled::Error> for StoreError {
    fn from(error: sled::Error) -> Self {
        Self::Second(error.to_string())
    }
}

/// A name under which something damaged can be put aside: the first of `name` that is free.
pub(super) fn aside(name: impl Fn(u32) -> PathBuf) -> PathBuf {
    (0..).map(&name).find(|path| !path.exists()).unwrap_or_else(|| name(0))
}
