//! A bounded run of entries as they stand in the file, and reading it with its place kept.

use cairn_ledger::bundle::LENGTH_BYTES;
use std::io::{self, Read};
use std::ops::Range;

/// The most entries of a chunk: enough that handing work to the cores costs nothing beside it.
const CHUNK_ENTRIES_MAX: usize = 4096;
/// A chunk is full when it has this many bytes; it exceeds them by less than one entry.
const CHUNK_BYTES_FULL: usize = 4 << 20;

/// A reader that knows how many bytes it has given.
pub(super) struct Source<R> {
    reader: R,
    offset: u64,
}

/// Why bytes could not be had.
pub(super) enum ReadError {
    /// The file ends here, inside something.
    Ends,
    /// The system says no.
    Io(io::Error),
}

/// Entries in a row: one buffer and where in it each of them stands.
#[derive(Default)]
pub(super) struct Chunk {
    bytes: Vec<u8>,
    entries: Vec<Range<usize>>,
    /// Where the buffer begins in the file.
    offset: u64,
}

impl<R: Read> Source<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, offset: 0 }
    }

    /// How many bytes were given.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Fills `buffer` wholly.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> Result<(), ReadError> {
        if self.fill_some(buffer)? < buffer.len() { Err(ReadError::Ends) } else { Ok(()) }
    }

    /// Fills as much of `buffer` as the file still has.
    fn fill_some(&mut self, buffer: &mut [u8]) -> Result<usize, ReadError> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.reader.read(rest) {
                Ok(0) => break,
                Ok(count) => filled = filled.saturating_add(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ReadError::Io(error)),
            }
        }
        self.offset = self.offset.saturating_add(filled as u64);
        Ok(filled)
    }

    /// The next entries, at most `entries_max` of them; none at the end of the file. When the file
    /// ends inside an entry, what stands before it is returned first and the end is told next time.
    pub(super) fn chunk(&mut self, entries_max: u64) -> Result<Chunk, (Chunk, ReadError)> {
        let mut chunk = Chunk { offset: self.offset, ..Chunk::default() };
        let most = usize::try_from(entries_max).unwrap_or(usize::MAX).min(CHUNK_ENTRIES_MAX);
        while chunk.entries.len() < most && chunk.bytes.len() < CHUNK_BYTES_FULL {
            match self.entry(&mut chunk.bytes) {
                Ok(Some(range)) => chunk.entries.push(range),
                Ok(None) => break,
                Err(error) => return Err((chunk, error)),
            }
        }
        Ok(chunk)
    }

    /// Appends the next length and entry to `bytes`.
    fn entry(&mut self, bytes: &mut Vec<u8>) -> Result<Option<Range<usize>>, ReadError> {
        let mut length = [0; LENGTH_BYTES];
        match self.fill_some(&mut length)? {
            0 => return Ok(None),
            LENGTH_BYTES => {}
            _ => return Err(ReadError::Ends),
        }
        bytes.extend(length);
        let start = bytes.len();
        bytes.resize(start.saturating_add(u16::from_be_bytes(length).into()), 0);
        self.fill(bytes.get_mut(start..).unwrap_or_default())?;
        Ok(Some(start..bytes.len()))
    }

    /// True when nothing follows.
    pub(super) fn is_at_end(&mut self) -> Result<bool, ReadError> {
        Ok(self.fill_some(&mut [0])? == 0)
    }
}

impl Chunk {
    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The bytes of the entry `index` and where they begin in the file.
    pub(super) fn entry(&self, index: usize) -> Option<(&[u8], u64)> {
        let range = self.entries.get(index)?;
        let offset = self.offset.saturating_add(range.start as u64);
        Some((self.bytes.get(range.clone())?, offset))
    }
}
