//! The file that one log is handed over in: charter, checkpoint, entries.
//!
//! Source: `docs/spec/07-files.md`. With the network's id it can be verified without anything else.

use crate::charter::CHARTERS_BYTES_MAX;
use crate::codec::DecodeError;
use crate::note::NOTE_BYTES_MAX;
use alloc::vec::Vec;

/// The first line of the file.
pub const MAGIC: &[u8] = b"cairn/log-export/v1\n";
const WHAT: &str = "a log export";

/// What stands before the entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The signed charter's bytes.
    pub charter: Vec<u8>,
    /// The checkpoint's note.
    pub checkpoint: Vec<u8>,
}

impl Header {
    /// The bytes before the entries.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        for part in [&self.charter, &self.checkpoint] {
            let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
            out.extend(length.to_be_bytes());
            out.extend(part);
        }
        out
    }

    /// Reads the header through `read`, which fills a buffer or fails.
    ///
    /// # Errors
    /// When the file is not an export, or `read` fails.
    pub fn read<E: From<DecodeError>>(
        mut read: impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut magic = [0; MAGIC.len()];
        read(&mut magic)?;
        if magic != MAGIC {
            let why = "it does not begin with \"cairn/log-export/v1\"".into();
            return Err(DecodeError::Malformed { what: WHAT, why }.into());
        }
        let mut part = |limit: usize| -> Result<Vec<u8>, E> {
            let mut length = [0; 4];
            read(&mut length)?;
            let found = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
            if found > limit {
                return Err(DecodeError::TooLong { what: WHAT, found, limit }.into());
            }
            let mut bytes = alloc::vec![0; found];
            read(&mut bytes)?;
            Ok(bytes)
        };
        Ok(Self { charter: part(CHARTERS_BYTES_MAX)?, checkpoint: part(NOTE_BYTES_MAX)? })
    }
}
