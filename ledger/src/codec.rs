//! The one codec: bincode with fixed-width little-endian integers, and nothing else names it.
//!
//! A decoder accepts exactly what the encoder would have written: every byte is consumed, and the
//! value is encoded again and compared. Lengths are bounded before anything is allocated.
//! Source: `docs/spec/01-encoding.md`.

use alloc::vec::Vec;
use serde::{Serialize, de::DeserializeOwned};

/// The most bytes that one stored or transmitted thing may claim while it is decoded.
const CLAIM_BYTES_MAX: usize = 8 << 20;

/// Why bytes are not in Cairn's format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end early, carry a value outside its range, or text that is not allowed.
    #[error("not in the format of {what}: {why}")]
    Malformed {
        /// The thing that was expected.
        what: &'static str,
        /// What was wrong, from the decoder.
        why: alloc::string::String,
    },
    /// Something follows the last field.
    #[error("{extra} bytes follow the end of {what}")]
    Trailing {
        /// The thing that was expected.
        what: &'static str,
        /// How many bytes were left over.
        extra: usize,
    },
    /// The bytes decode, but are not the bytes that an encoder writes.
    #[error("{what} is not in its one canonical encoding")]
    NotCanonical {
        /// The thing that was expected.
        what: &'static str,
    },
    /// More bytes than the format allows.
    #[error("{what} has {found} bytes, the limit is {limit}")]
    TooLong {
        /// The thing that was expected.
        what: &'static str,
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// A format version that this program does not know.
    #[error("{what} has format version {found}, this program knows {known}")]
    UnknownVersion {
        /// The thing that was expected.
        what: &'static str,
        /// The version found.
        found: u16,
        /// The version this program reads and writes.
        known: u16,
    },
}

/// The canonical bytes of a value.
#[must_use]
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    // Encoding into memory fails only for types that serde cannot describe, of which we have none.
    #[expect(clippy::expect_used, reason = "unreachable from bytes: see above")]
    bincode::serde::encode_to_vec(value, bincode::config::legacy()).expect("encodable type")
}

/// The value of canonical `bytes`, at most `limit` of them.
///
/// # Errors
/// When the bytes are too many, too few, trailing, out of range or not canonical.
pub fn decode<T: Serialize + DeserializeOwned>(
    what: &'static str,
    bytes: &[u8],
    limit: usize,
) -> Result<T, DecodeError> {
    if bytes.len() > limit {
        return Err(DecodeError::TooLong { what, found: bytes.len(), limit });
    }
    let config = bincode::config::legacy().with_limit::<CLAIM_BYTES_MAX>();
    let (value, used) = bincode::serde::decode_from_slice::<T, _>(bytes, config)
        .map_err(|error| DecodeError::Malformed { what, why: alloc::format!("{error}") })?;
    if used < bytes.len() {
        return Err(DecodeError::Trailing { what, extra: bytes.len().saturating_sub(used) });
    }
    if encode(&value) != bytes {
        return Err(DecodeError::NotCanonical { what });
    }
    Ok(value)
}

/// Refuses a format version that is not `known`, before the fields behind it are looked at.
///
/// # Errors
/// When the first two bytes (little-endian) are missing or name another version.
pub fn check_version(what: &'static str, bytes: &[u8], known: u16) -> Result<(), DecodeError> {
    let found = match bytes {
        [low, high, ..] => u16::from_le_bytes([*low, *high]),
        _ => {
            return Err(DecodeError::Malformed { what, why: "no format version".into() });
        }
    };
    if found == known { Ok(()) } else { Err(DecodeError::UnknownVersion { what, found, known }) }
}
