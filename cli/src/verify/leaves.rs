//! The leaves of an exported log's tree, one after the other, for proofs over a file that was
//! verified before.

use super::chunk::{Chunk, ReadError, Source};
use cairn_ledger::export::Header;
use cairn_ledger::tree::leaf_hash;
use cairn_ledger::{DecodeError, TreeHash};
use std::io::{self, Read};

/// Reads the leaves, a chunk at a time. A file that is not as it was verified gives an error, or
/// hashes from which no proof follows.
pub struct Leaves<R> {
    source: Source<R>,
    chunk: Chunk,
    next: usize,
}

/// Both ways in which the header can fail to be there.
struct Changed(io::Error);

impl From<DecodeError> for Changed {
    fn from(error: DecodeError) -> Self {
        Self(io::Error::new(io::ErrorKind::InvalidData, error))
    }
}

impl From<ReadError> for Changed {
    fn from(error: ReadError) -> Self {
        Self(match error {
            ReadError::Ends => io::ErrorKind::UnexpectedEof.into(),
            ReadError::Io(error) => error,
        })
    }
}

impl<R: Read> Leaves<R> {
    /// The leaves of a file from its beginning.
    ///
    /// # Errors
    /// When the header cannot be read.
    pub fn new(reader: R) -> io::Result<Self> {
        let mut source = Source::new(reader);
        Header::read::<Changed>(|buffer| Ok(source.fill(buffer)?)).map_err(|error| error.0)?;
        Ok(Self { source, chunk: Chunk::default(), next: 0 })
    }
}

impl<R: Read> Iterator for Leaves<R> {
    type Item = io::Result<TreeHash>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next == self.chunk.len() {
            self.next = 0;
            self.chunk = match self.source.chunk(u64::MAX) {
                Ok(chunk) => chunk,
                Err((_, error)) => return Some(Err(Changed::from(error).0)),
            };
        }
        let (entry, _) = self.chunk.entry(self.next)?;
        self.next = self.next.saturating_add(1);
        Some(Ok(leaf_hash(entry)))
    }
}
