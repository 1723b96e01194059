//! The pieces of a large file: each encrypted by itself, named by the hash of its bytes.

use crate::error::{OpenError, SealError};
use crate::randomness::Randomness;
use cairn_ledger::hash::derive;
use chacha20poly1305::aead::{AeadInOut as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// Bytes of a file in each piece but the last.
pub const PIECE_BYTES: usize = 1 << 20;
/// The most bytes of an encrypted piece.
pub const STORED_BYTES_MAX: usize = PIECE_BYTES + TAG_BYTES;
const TAG_BYTES: usize = 16;
const LEAST: usize = 4096;

/// The hash of an encrypted piece.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PieceId(pub [u8; 32]);

impl std::fmt::Display for PieceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for PieceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PieceId({self})")
    }
}

/// What the pieces of one file are encrypted with. Never printed, wiped when dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PieceKey([u8; 32]);

impl Drop for PieceKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl PieceKey {
    /// A new one.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn generate() -> Result<Self, SealError> {
        Ok(Self(*Randomness::new()?.bytes()))
    }

    /// Encrypts a piece of a file in place: `buffer` holds its bytes, and then those of the piece.
    pub fn seal(&self, number: u32, buffer: &mut Vec<u8>) -> PieceId {
        debug_assert!(buffer.len() <= PIECE_BYTES, "a piece of a file has at most 1 MiB");
        buffer.resize(stored(buffer.len()) - TAG_BYTES, 0);
        let cipher = ChaCha20Poly1305::new((&self.0).into());
        let sealed = cipher.encrypt_in_place(&nonce(number), b"", buffer);
        sealed.expect("a piece is far below the cipher's limit");
        id_of(buffer)
    }

    /// Decrypts a piece in place, and cuts it to the `length` that its manifest says.
    ///
    /// # Errors
    /// When it is not the piece `id`, does not decrypt, or is shorter.
    pub fn open(
        &self,
        number: u32,
        id: &PieceId,
        length: usize,
        buffer: &mut Vec<u8>,
    ) -> Result<(), OpenError> {
        if id_of(buffer) != *id || buffer.len() != stored(length) {
            return Err(OpenError::OtherPiece(number));
        }
        let cipher = ChaCha20Poly1305::new((&self.0).into());
        let opened = cipher.decrypt_in_place(&nonce(number), b"", buffer);
        opened.map_err(|_| OpenError::Undecryptable)?;
        if buffer.iter().skip(length).any(|byte| *byte != 0) {
            return Err(OpenError::OtherPiece(number));
        }
        buffer.truncate(length);
        Ok(())
    }
}

/// The id of a piece with these bytes.
#[must_use]
pub fn id_of(bytes: &[u8]) -> PieceId {
    PieceId(derive("cairn 2026-11 sealed piece v1", bytes))
}

/// How many bytes a piece has, for so many of a file.
#[must_use]
pub fn stored(length: usize) -> usize {
    let padded = if length == PIECE_BYTES { length } else { length.next_power_of_two().max(LEAST) };
    padded + TAG_BYTES
}

fn nonce(number: u32) -> Nonce {
    let mut nonce = [0; 12];
    let (low, _) = nonce.split_at_mut(4);
    low.copy_from_slice(&number.to_le_bytes());
    Nonce::from(nonce)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_open_as_what_they_were_and_as_nothing_else() {
        let key = PieceKey::generate().unwrap();
        for length in [0, 1, 4096, 4097, 700_000, PIECE_BYTES - 1, PIECE_BYTES] {
            let plain: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let mut buffer = plain.clone();
            let id = key.seal(3, &mut buffer);
            assert_eq!(buffer.len(), stored(length));
            assert!(buffer.len() <= STORED_BYTES_MAX);
            let open = |number, length| {
                let mut copy = buffer.clone();
                key.open(number, &id, length, &mut copy).map(|()| copy)
            };
            assert!(open(3, length).is_ok_and(|opened| opened == plain), "{length}");
            assert!(open(4, length) == Err(OpenError::Undecryptable), "{length}");
            let other = if length > 8192 { 1 } else { PIECE_BYTES };
            assert!(open(3, other) == Err(OpenError::OtherPiece(3)), "{length}");
            let mut changed = buffer.clone();
            changed[0] ^= 1;
            let refused = key.open(3, &id, length, &mut changed);
            assert_eq!(refused, Err(OpenError::OtherPiece(3)));
        }
    }
}
