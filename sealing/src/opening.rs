//! What an opened payload gives: the content, and the proof that it is what was committed to.

use crate::payload::{CONTENT_BYTES_MAX, Place};
use cairn_ledger::codec::{self, DecodeError};
use cairn_ledger::hash::{Bytes, Commitment, derive};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

/// The most bytes of an opening.
pub const OPENING_BYTES_MAX: usize = 262_400;
const FORMAT: u16 = 1;
const WHAT: &str = "an opening";

/// The content of a part and what proves it. Wiped from memory when dropped, never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    format: u16,
    place: Place,
    header: [u8; 32],
    salt: [u8; 32],
    content: Bytes,
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opening(of {})", self.place)
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        self.salt.zeroize();
        self.content.0.zeroize();
    }
}

impl Opening {
    pub(crate) fn new(place: Place, header: [u8; 32], salt: [u8; 32], content: Vec<u8>) -> Self {
        Self { format: FORMAT, place, header, salt, content: Bytes(content) }
    }

    /// To which part of which statement it belongs.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What was sealed.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        &self.content.0
    }

    /// The commitment that it opens.
    #[must_use]
    pub fn commitment(&self) -> Commitment {
        let mut all = Zeroizing::new(Vec::with_capacity(64 + self.content.0.len()));
        all.extend_from_slice(&self.salt);
        all.extend_from_slice(&self.header);
        all.extend_from_slice(&self.content.0);
        Commitment(derive("cairn 2026-11 sealed commitment v1", &all))
    }

    /// The bytes of a file that shows the content to somebody without a key.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(codec::encode(self))
    }

    /// The opening of such a file.
    ///
    /// # Errors
    /// When it is not in the format.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        codec::check_version(WHAT, bytes, FORMAT)?;
        let opening: Self = codec::decode(WHAT, bytes, OPENING_BYTES_MAX)?;
        let (found, limit) = (opening.content.0.len(), CONTENT_BYTES_MAX);
        if found > limit {
            return Err(DecodeError::TooLong { what: WHAT, found, limit });
        }
        Ok(opening)
    }
}
