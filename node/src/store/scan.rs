//! Reads a log file from its beginning and checks what it finds, in parallel, window by window.

use super::fault::Fault;
use super::index::Index;
use super::log_file::Shape;
use super::{Check, StoreError};
use cairn_ledger::bundle::Slices;
use cairn_ledger::entry::{RawEntry, Verifier};
use cairn_ledger::{Checkpoint, Entry, Log, NetworkId};
use rayon::prelude::*;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// How much of a file is in memory at once.
const WINDOW_BYTES: u64 = 2 << 20;
/// How many entries one thread takes at once.
const CHUNK_ENTRIES: usize = 64;
/// How many entries at the end have their signatures checked at every start.
pub(crate) const TAIL_ENTRIES: u64 = 64;

/// What a scan has read so far.
pub(crate) struct Scan<'a> {
    pub(crate) path: &'a Path,
    pub(crate) file: &'a File,
    pub(crate) network: NetworkId,
    pub(crate) checkpoint: Option<&'a Checkpoint>,
    pub(crate) check: Check,
    pub(crate) log: Log,
    pub(crate) shape: Shape,
    /// Whether the checkpoint's root was met at its size.
    pub(crate) covered: bool,
}

impl Scan<'_> {
    /// Reads to the end of the file, or to the first fault.
    ///
    /// # Errors
    /// A [`Fault`] as `StoreError::Damaged`, with everything before it taken in.
    pub(crate) fn run(&mut self, index: &mut Index) -> Result<(), StoreError> {
        self.compare_checkpoint()?;
        let end = self.file.metadata().map_err(StoreError::io(self.path))?.len();
        while self.shape.bytes < end {
            let length = (end - self.shape.bytes).min(WINDOW_BYTES);
            let mut window = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
            let read = self.file.read_exact_at(&mut window, self.shape.bytes);
            read.map_err(StoreError::io(self.path))?;
            let whole = self.take(&window, index)?;
            if !whole && self.shape.bytes + length >= end {
                return Err(self.fault("the file ends inside it".into()));
            }
        }
        Ok(())
    }

    /// Takes the whole entries of a window in; false when there is none.
    fn take(&mut self, window: &[u8], index: &mut Index) -> Result<bool, StoreError> {
        let slices: Vec<_> = Slices::new(window).map_while(Result::ok).collect();
        let (network, every) = (self.network, self.check == Check::Everything);
        let decode = |chunk: &[&[u8]]| {
            let mut verifier = Verifier::new(network);
            let decode = |bytes: &&[u8]| {
                let raw = RawEntry::decode(bytes).map_err(|why| why.to_string())?;
                if every {
                    raw.verify(&mut verifier).map_err(|why| why.to_string())
                } else {
                    Ok(raw.from_store())
                }
            };
            chunk.iter().map(decode).collect::<Vec<_>>()
        };
        let entries: Vec<_> = slices.par_chunks(CHUNK_ENTRIES).flat_map_iter(decode).collect();
        let found = !entries.is_empty();
        for entry in entries {
            let entry = entry.map_err(|why| self.fault(why))?;
            self.place(&entry)?;
            index.add(&entry);
        }
        Ok(found)
    }

    fn place(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let admitted = self.log.admit(entry, |_| None);
        admitted.map_err(|why| self.fault(why.to_string()))?;
        self.shape.push(entry);
        self.compare_checkpoint()
    }

    fn compare_checkpoint(&mut self) -> Result<(), StoreError> {
        let Some(checkpoint) = self.checkpoint.filter(|at| at.size() == self.log.size()) else {
            return Ok(());
        };
        self.covered = checkpoint.head() == self.log.head();
        if self.covered {
            return Ok(());
        }
        // The chain holds up to here, so only the last entry can be another one.
        let (position, offset) = (self.log.size().saturating_sub(1), self.shape.bytes);
        let why = "the log up to it does not have the root of the signed checkpoint".into();
        Err(Fault { path: self.path.to_path_buf(), position, offset, why }.into())
    }

    fn fault(&self, why: String) -> StoreError {
        let (position, offset) = (self.shape.size, self.shape.bytes);
        Fault { path: self.path.to_path_buf(), position, offset, why }.into()
    }
}
