//! What a large file is and of which pieces it consists: the content of a sealed part.

use crate::piece::{PIECE_BYTES, PieceId, PieceKey};
use cairn_ledger::codec::{self, DecodeError};
use cairn_ledger::statement::Timestamp;
use cairn_ledger::text::Text;
use serde::{Deserialize, Serialize};

/// The format version that this program reads and writes.
pub const MANIFEST_FORMAT: u16 = 1;
/// The most bytes of a file.
pub const FILE_BYTES_MAX: u64 = 4 << 30;
const WHAT: &str = "the manifest of a file";

/// What a large file is. Never printed: its name and its key are secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`MANIFEST_FORMAT`].
    pub format: u16,
    /// What its acquirer called it: a label, never a path.
    pub name: Text<255>,
    /// What its acquirer says that it is.
    pub media_type: Text<120>,
    /// Its bytes.
    pub size: u64,
    /// SHA-256 of the whole, as it was acquired.
    pub sha256: [u8; 32],
    /// When it was acquired.
    pub acquired_at: Timestamp,
    /// By whom: an office.
    pub acquired_by: Text<200>,
    /// From where and how; may be empty.
    pub source: Text<500>,
    /// What its pieces are encrypted with.
    pub key: PieceKey,
    /// The pieces, in order.
    pub pieces: Vec<PieceId>,
}

impl std::fmt::Debug for Manifest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Manifest(of {} pieces)", self.pieces.len())
    }
}

impl Manifest {
    /// The bytes, as a part's content.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// The manifest in a part's content.
    ///
    /// # Errors
    /// When it is not in the format, or the pieces are not as many as the size needs.
    pub fn decode(content: &[u8]) -> Result<Self, DecodeError> {
        codec::check_version(WHAT, content, MANIFEST_FORMAT)?;
        let manifest: Self = codec::decode(WHAT, content, crate::CONTENT_BYTES_MAX)?;
        let (size, pieces) = (manifest.size, manifest.pieces.len() as u64);
        if size > FILE_BYTES_MAX || pieces != size.div_ceil(PIECE_BYTES as u64) {
            let why = format!("it says {pieces} pieces for {size} bytes");
            return Err(DecodeError::Malformed { what: WHAT, why });
        }
        Ok(manifest)
    }

    /// How many bytes of the file are in a piece.
    #[must_use]
    pub fn bytes_in(&self, number: u32) -> usize {
        let before = u64::from(number).saturating_mul(PIECE_BYTES as u64);
        let left = self.size.saturating_sub(before).min(PIECE_BYTES as u64);
        usize::try_from(left).unwrap_or(PIECE_BYTES)
    }

    /// How many bytes the pieces have on a disk.
    #[must_use]
    pub fn stored_bytes(&self) -> u64 {
        let numbers = 0..u32::try_from(self.pieces.len()).unwrap_or(u32::MAX);
        numbers.map(|number| crate::piece::stored(self.bytes_in(number)) as u64).sum()
    }
}
