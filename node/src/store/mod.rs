//! Keeps the ledger on the disk: plain log files, and sled as the second copy.
//!
//! A log is a plain file, flushed once per batch; that flush is the acknowledgement. Beside it lies
//! the last checkpoint. sled holds every entry a second time. Each copy can rebuild the other; a
//! fault is reported with its place, repaired and counted. This is the only folder that knows sled.

pub mod charters;
mod evidence;
mod fault;
mod guard;
mod index;
mod lock;
mod log_file;
mod nodes;
mod notices;
mod open;
mod parts;
mod reviews;
mod scan;
mod second;
mod set_aside;
mod writer;

pub use fault::{Fault, StoreError};
pub use index::{Index, Place};
pub use log_file::{LogFile, Run};
pub use open::{Check, Found, Opened};
pub use parts::{Content, Part, PartId, Parts};
pub use reviews::Kept;
pub use set_aside::SetAside;
pub use writer::{Done, Job, Writer};

use cairn_ledger::bundle::LENGTH_BYTES;
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Charter, Entry, Fork, TreeHash};
use cairn_replica::Unseen;
use second::Second;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

/// How many bytes of entries are read to be hashed before the next are.
const HASHED_BYTES: usize = 1 << 20;

impl cairn_replica::Trees for Store {
    fn root(&self, log: &MemberCode, size: u64) -> Option<TreeHash> {
        self.log(log)?.root(size).ok()
    }

    fn consistency(&self, log: &MemberCode, old: u64, new: u64) -> Option<Vec<TreeHash>> {
        self.log(log)?.consistency(old, new).ok()
    }
}

/// Everything that a node holds, open for reading by anybody and for writing by its [`Writer`].
pub struct Store {
    folder: PathBuf,
    charter: Arc<Charter>,
    logs: BTreeMap<MemberCode, LogFile>,
    second: Second,
    index: RwLock<Index>,
    faults: AtomicU64,
    _lock: lock::FolderLock,
}

impl Store {
    /// The charter in force.
    pub fn charter(&self) -> &Arc<Charter> {
        &self.charter
    }

    /// A member's log.
    pub fn log(&self, member: &MemberCode) -> Option<&LogFile> {
        self.logs.get(member)
    }

    /// All logs, in order of member.
    pub fn logs(&self) -> &BTreeMap<MemberCode, LogFile> {
        &self.logs
    }

    /// Where statements are found by topic or reference.
    pub fn index(&self) -> &RwLock<Index> {
        &self.index
    }

    /// How many faults were found and repaired since the folder was founded.
    pub fn faults_repaired(&self) -> u64 {
        self.faults.load(Ordering::Relaxed)
    }

    /// Keeps the proof that a log is forked, in place of the one before it. It is on the disk, twice,
    /// when this returns.
    ///
    /// # Errors
    /// When the disk does.
    pub fn keep_fork(&self, fork: &Fork) -> Result<(), StoreError> {
        evidence::keep_fork(&self.folder, fork)?;
        self.second.keep_fork(fork.log(), &fork.encode())
    }

    /// Keeps two notes of one log that an operator will want to see, the first ones of each log.
    ///
    /// # Errors
    /// When the disk does.
    pub fn keep_diverging(&self, log: &MemberCode, notes: &[&str; 2]) -> Result<(), StoreError> {
        evidence::keep_diverging(&self.folder, log, notes)
    }

    /// Keeps what is known of entries of our own log that no peer has.
    ///
    /// # Errors
    /// When the disk does.
    pub fn keep_unseen(&self, me: &MemberCode, unseen: &Unseen) -> Result<(), StoreError> {
        evidence::keep_unseen(&self.folder, me, unseen)
    }

    /// The entries `start..end` of a log, or as many of them as fit `bytes_max` (at least one).
    ///
    /// # Errors
    /// When the disk cannot give them and neither copy is sound.
    pub fn read(
        &self,
        member: &MemberCode,
        start: u64,
        end: u64,
        bytes_max: usize,
    ) -> Result<Run, StoreError> {
        let log = self.log(member).ok_or_else(|| StoreError::no_log(member))?;
        let mut repaired = None;
        loop {
            match log.read(start, end, bytes_max) {
                // A damaged block holds many entries. What was repaired once and still is not sound
                // will not become so.
                Err(StoreError::Damaged(fault)) if repaired < Some(fault.position) => {
                    repaired = Some(fault.position);
                    self.repair(log, fault)?;
                }
                result => return result,
            }
        }
    }

    /// Hashes of a log's tree at one level: of the entries themselves at level 0, as a tile has them
    /// from level 8 on. Those of entries are computed from what the disk holds.
    ///
    /// # Errors
    /// When the log does not have them, or the disk cannot give the entries.
    pub fn hashes(
        &self,
        member: &MemberCode,
        level: u32,
        places: Range<u64>,
    ) -> Result<Vec<TreeHash>, StoreError> {
        let log = self.log(member).ok_or_else(|| StoreError::no_log(member))?;
        if level > 0 {
            return log.hashes_above(level, places).ok_or_else(|| StoreError::no_log(member));
        }
        let (mut hashes, mut start) = (Vec::new(), places.start);
        while start < places.end {
            let run = self.read(member, start, places.end, HASHED_BYTES)?;
            start = run.end;
            for entry in run.entries()? {
                hashes.push(entry?.leaf());
            }
        }
        Ok(hashes)
    }

    /// One entry, decoded.
    ///
    /// # Errors
    /// When there is none, or neither copy is sound.
    pub fn entry(&self, member: &MemberCode, position: u64) -> Result<Entry, StoreError> {
        let run = self.read(member, position, position.saturating_add(1), usize::MAX)?;
        let entry = run.entries()?.next();
        entry.ok_or_else(|| StoreError::no_log(member))?
    }

    /// How many entries of a log, from its first on, the second copy holds as the first does.
    ///
    /// # Errors
    /// When one of the copies cannot be read.
    pub fn second_copy_holds(&self, member: &MemberCode) -> Result<u64, StoreError> {
        let size = self.log(member).map_or(0, |log| log.size().0);
        for position in 0..size {
            let first = self.read(member, position, position.saturating_add(1), usize::MAX)?;
            let second = self.second.entry(member, position)?;
            if second.as_deref() != first.bundle.get(LENGTH_BYTES..) {
                return Ok(position);
            }
        }
        Ok(size)
    }

    /// Puts the second copy's bytes in the place of damaged ones, if it has them yet.
    fn repair(&self, log: &LogFile, fault: Fault) -> Result<(), StoreError> {
        let second = |position| self.second.entry(log.member(), position);
        if log.mend(fault.position, second)? { self.count_fault(&fault) } else { Err(fault.into()) }
    }

    fn count_fault(&self, fault: &Fault) -> Result<(), StoreError> {
        tracing::warn!(%fault, "repaired a fault on the disk from the second copy");
        self.faults.fetch_add(1, Ordering::Relaxed);
        self.second.set_faults(self.faults_repaired())
    }

    /// The folder that holds it all.
    pub fn folder(&self) -> &std::path::Path {
        &self.folder
    }
}
