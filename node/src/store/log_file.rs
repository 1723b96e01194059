//! One member's log: a plain file of entries, each behind its length, and nothing else.

use super::fault::{Fault, StoreError};
use super::guard::Guard;
use super::nodes::Nodes;
use cairn_ledger::bundle::{self, LENGTH_BYTES, Slices};
use cairn_ledger::entry::{ENTRY_BYTES_MAX, RawEntry};
use cairn_ledger::hash::{EntryHash, TreeHash};
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Entry, proof};
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

/// Every how many entries the place in the file is remembered.
const STRIDE: u64 = 64;

/// A log file, open.
#[derive(Debug)]
pub struct LogFile {
    member: MemberCode,
    path: PathBuf,
    file: File,
    shape: RwLock<Shape>,
    guard: Mutex<Guard>,
    cosigned: Mutex<Guard>,
}

/// What is known of the file without reading it.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    pub(crate) size: u64,
    pub(crate) bytes: u64,
    pub(crate) last: EntryHash,
    offsets: Vec<u64>,
    nodes: Nodes,
}

impl Shape {
    /// Takes note of an entry at the end of the file.
    pub(crate) fn push(&mut self, entry: &Entry) {
        if self.size.is_multiple_of(STRIDE) {
            self.offsets.push(self.bytes);
        }
        self.nodes.push(entry.leaf());
        self.size = self.size.saturating_add(1);
        self.bytes = self.bytes.saturating_add((entry.bytes().len() + LENGTH_BYTES) as u64);
        self.last = entry.hash();
    }

    /// The nearest remembered position at or before this one, and its place in the file.
    pub(crate) fn landmark(&self, position: u64) -> (u64, u64) {
        let index = usize::try_from(position / STRIDE).unwrap_or(usize::MAX);
        let offset = self.offsets.get(index).copied().unwrap_or(self.bytes);
        (position / STRIDE * STRIDE, offset)
    }

    /// A place in the file at or after the end of the entry before `position`.
    fn end_landmark(&self, position: u64) -> u64 {
        let index = usize::try_from(position.div_ceil(STRIDE)).unwrap_or(usize::MAX);
        self.offsets.get(index).copied().unwrap_or(self.bytes)
    }
}

/// A run of entries as they lie in the file, their chain checked.
#[derive(Debug, Clone)]
pub struct Run {
    /// The position of the first.
    pub start: u64,
    /// The position after the last.
    pub end: u64,
    /// The entries, each behind its length.
    pub bundle: Vec<u8>,
}

impl Run {
    /// The entries, decoded.
    ///
    /// # Errors
    /// Never for a run that the store has read; each item may be refused all the same.
    pub fn entries(&self) -> Result<impl Iterator<Item = Result<Entry, StoreError>>, StoreError> {
        let decode = |bytes: Result<&[u8], _>| {
            let raw = bytes.and_then(RawEntry::decode);
            raw.map(RawEntry::from_store).map_err(|why| StoreError::Folder(why.to_string()))
        };
        Ok(Slices::new(&self.bundle).map(decode))
    }
}

impl LogFile {
    pub(crate) fn new(
        member: MemberCode,
        path: PathBuf,
        file: File,
        shape: Shape,
        guard: Guard,
        cosigned: Guard,
    ) -> Self {
        let (guard, cosigned) = (Mutex::new(guard), Mutex::new(cosigned));
        Self { member, path, file, shape: RwLock::new(shape), guard, cosigned }
    }

    /// Whose log it is.
    pub fn member(&self) -> &MemberCode {
        &self.member
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many entries it has, and how many bytes.
    pub fn size(&self) -> (u64, u64) {
        let shape = self.shape.read().unwrap_or_else(PoisonError::into_inner);
        (shape.size, shape.bytes)
    }

    /// Writes entries at the end. They are on the disk when this returns, if `flush` asks for that.
    pub(crate) fn append(&self, entries: &[Entry], flush: bool) -> Result<(), StoreError> {
        let mut bytes = Vec::new();
        for entry in entries {
            bundle::write(&mut bytes, entry.bytes())
                .map_err(|why| StoreError::Folder(why.to_string()))?;
        }
        let end = self.size().1;
        self.file.write_all_at(&bytes, end).map_err(StoreError::io(&self.path))?;
        if flush {
            self.file.sync_data().map_err(StoreError::io(&self.path))?;
        }
        let mut shape = self.shape.write().unwrap_or_else(PoisonError::into_inner);
        entries.iter().for_each(|entry| shape.push(entry));
        Ok(())
    }

    /// Flushes what was written without.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        self.file.sync_data().map_err(StoreError::io(&self.path))
    }

    /// Replaces the checkpoint beside the log.
    pub(crate) fn guard(&self, note: &str, flush: bool) -> Result<(), StoreError> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner).replace(note, flush)
    }

    /// Flushes what is held, then the note that we have cosigned: only then may it leave the node.
    pub(crate) fn cosigned(&self, note: &str) -> Result<(), StoreError> {
        self.flush()?;
        self.cosigned.lock().unwrap_or_else(PoisonError::into_inner).replace(note, true)
    }

    /// Reads entries and checks their chain, into the entry after them too.
    pub(crate) fn read(&self, start: u64, end: u64, bytes_max: usize) -> Result<Run, StoreError> {
        let (bytes, first, offset, last) = {
            let shape = self.shape.read().unwrap_or_else(PoisonError::into_inner);
            if start >= end || end > shape.size {
                return Err(StoreError::no_log(&self.member));
            }
            let (first, offset) = shape.landmark(start);
            let room = (bytes_max as u64).saturating_add((STRIDE + 2) * ENTRY_BYTES_MAX as u64);
            let stop = shape.end_landmark(end.saturating_add(1)).min(offset.saturating_add(room));
            let length = usize::try_from(stop.saturating_sub(offset)).unwrap_or(usize::MAX);
            let mut bytes = vec![0; length];
            self.file.read_exact_at(&mut bytes, offset).map_err(StoreError::io(&self.path))?;
            let last = (end == shape.size).then_some(shape.last);
            (bytes, first, offset, last)
        };
        self.cut(&bytes, first, offset, start..end, bytes_max, last)
    }

    /// Cuts the wanted entries out of bytes that begin with the entry `first`.
    fn cut(
        &self,
        bytes: &[u8],
        first: u64,
        offset: u64,
        wanted: Range<u64>,
        bytes_max: usize,
        last: Option<EntryHash>,
    ) -> Result<Run, StoreError> {
        let mut slices = Slices::new(bytes);
        let (mut bundle, mut position, mut hash) = (Vec::new(), first, None);
        loop {
            let at = offset + (bytes.len() - slices.rest().len()) as u64;
            let fault = |why: String| Fault { path: self.path.clone(), position, offset: at, why };
            let Some(slice) = slices.next() else { break };
            let slice = slice.map_err(|why| fault(why.to_string()))?;
            if position >= wanted.start {
                let raw = RawEntry::decode(slice).map_err(|why| fault(why.to_string()))?;
                if raw.position() != position || hash.is_some_and(|hash| hash != raw.previous()) {
                    return Err(fault("it does not follow the entry before it".into()).into());
                }
                if position == wanted.end {
                    break;
                }
                hash = Some(EntryHash::of(slice));
                if !bundle.is_empty() && bundle.len() + slice.len() + LENGTH_BYTES > bytes_max {
                    break;
                }
                bundle.extend(u16::try_from(slice.len()).unwrap_or(u16::MAX).to_be_bytes());
                bundle.extend(slice);
            }
            position += 1;
        }
        let end = position.min(wanted.end);
        if end == wanted.end && last.is_some() && hash != last {
            let (path, why) =
                (self.path.clone(), "it is not the last entry that was written".into());
            return Err(Fault { path, position: end - 1, offset, why }.into());
        }
        Ok(Run { start: wanted.start, end, bundle })
    }

    /// Puts the other copy's bytes in the place of damaged ones: of the two entries that a fault is
    /// between, and of those before them that are none any more, since a damaged length leads to a
    /// wrong place. True when the other copy had them all.
    pub(crate) fn mend(
        &self,
        fault: u64,
        other: impl Fn(u64) -> Result<Option<Vec<u8>>, StoreError>,
    ) -> Result<bool, StoreError> {
        let (first, mut offset) = {
            let shape = self.shape.read().unwrap_or_else(PoisonError::into_inner);
            shape.landmark(fault.saturating_sub(1))
        };
        for position in first..=fault {
            let is_before = position.saturating_add(1) < fault;
            let sound = |bytes: &Vec<u8>| {
                RawEntry::decode(bytes).is_ok_and(|raw| raw.position() == position)
            };
            let kept = if is_before { self.entry_at(offset).filter(sound) } else { None };
            let length = match kept {
                Some(bytes) => bytes.len(),
                None => {
                    let Some(bytes) = other(position)? else { return Ok(false) };
                    self.overwrite(offset, &bytes)?;
                    bytes.len()
                }
            };
            offset += (LENGTH_BYTES + length) as u64;
        }
        self.flush()?;
        Ok(true)
    }

    /// The bytes of the entry that begins at a place in the file, if one ends before the file does.
    fn entry_at(&self, offset: u64) -> Option<Vec<u8>> {
        let mut length = [0; LENGTH_BYTES];
        self.file.read_exact_at(&mut length, offset).ok()?;
        let mut bytes = vec![0; u16::from_be_bytes(length).into()];
        self.file.read_exact_at(&mut bytes, offset + LENGTH_BYTES as u64).ok()?;
        Some(bytes)
    }

    fn overwrite(&self, offset: u64, entry: &[u8]) -> Result<(), StoreError> {
        let mut bytes = Vec::new();
        bundle::write(&mut bytes, entry).map_err(|why| StoreError::Folder(why.to_string()))?;
        self.file.write_all_at(&bytes, offset).map_err(StoreError::io(&self.path))
    }

    /// Cuts the file before an entry. What is known of it without reading it is wrong from then on: the
    /// folder has to be opened anew.
    pub(crate) fn truncate(&self, position: u64) -> Result<(), StoreError> {
        let (mut at, mut offset) = {
            let shape = self.shape.read().unwrap_or_else(PoisonError::into_inner);
            shape.landmark(position)
        };
        while at < position {
            let mut length = [0; LENGTH_BYTES];
            self.file.read_exact_at(&mut length, offset).map_err(StoreError::io(&self.path))?;
            (at, offset) =
                (at + 1, offset + (LENGTH_BYTES as u64) + u64::from(u16::from_be_bytes(length)));
        }
        if position < self.size().0 {
            self.file.set_len(offset).map_err(StoreError::io(&self.path))?;
        }
        self.file.sync_all().map_err(StoreError::io(&self.path))
    }

    /// The proof that the first `old` entries are a prefix of the first `new`.
    ///
    /// # Errors
    /// When entries that it needs cannot be read.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<TreeHash>, StoreError> {
        self.with_nodes(|mut node| proof::consistency(old, new, &mut node))
    }

    /// The root over the first `size` entries.
    ///
    /// # Errors
    /// When entries that it needs cannot be read.
    pub fn root(&self, size: u64) -> Result<TreeHash, StoreError> {
        self.with_nodes(|mut node| proof::subtree(0, size, &mut node))
    }

    /// The proof that the entry at `index` is among the first `size`.
    ///
    /// # Errors
    /// When entries that it needs cannot be read.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<TreeHash>, StoreError> {
        self.with_nodes(|mut node| proof::inclusion(index, size, &mut node))
    }

    /// Nodes of the tree that are in memory: those of whole tiles and above.
    pub(crate) fn hashes_above(&self, level: u32, places: Range<u64>) -> Option<Vec<TreeHash>> {
        let shape = self.shape.read().unwrap_or_else(PoisonError::into_inner);
        shape.nodes.above(level, places).map(<[_]>::to_vec)
    }

    /// Computes something from the nodes of the log's tree, looked up by level and index.
    fn with_nodes<T>(
        &self,
        compute: impl FnOnce(&mut dyn FnMut(u32, u64) -> Result<TreeHash, StoreError>) -> T,
    ) -> T {
        let shape = self.shape.read().unwrap_or_else(PoisonError::into_inner);
        compute(&mut |level, index| {
            shape.nodes.node(level, index, |from, to| self.raw(&shape, from, to))
        })
    }

    /// The bytes of the entries `from..to`, without looking into them: a wrong one gives a wrong
    /// proof, which its reader refuses.
    fn raw(&self, shape: &Shape, from: u64, to: u64) -> Result<Vec<Vec<u8>>, StoreError> {
        let (first, offset) = shape.landmark(from);
        let length = shape.end_landmark(to).saturating_sub(offset);
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        self.file.read_exact_at(&mut bytes, offset).map_err(StoreError::io(&self.path))?;
        let skip = usize::try_from(from - first).unwrap_or(usize::MAX);
        let take = usize::try_from(to - from).unwrap_or(usize::MAX);
        let slices = Slices::new(&bytes).skip(skip).take(take);
        slices
            .map(|slice| slice.map(<[u8]>::to_vec))
            .collect::<Result<_, _>>()
            .map_err(|why| StoreError::Folder(why.to_string()))
    }
}
