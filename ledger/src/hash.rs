//! The 32-byte names of things, each a type of its own, and the bytes they are made from.
//!
//! BLAKE3 in derive-key mode, one context per purpose, names things; SHA-256 (in `tree`) speaks to
//! the transparency-log ecosystem. Source: `docs/spec/01-encoding.md`.

use core::fmt;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Makes a type of `$n` bytes that prints and reads as hexadecimal.
macro_rules! hex_bytes {
    ($(#[$doc:meta])* $name:ident, $n:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub [u8; $n]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl core::str::FromStr for $name {
            type Err = hex::FromHexError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let mut bytes = [0; $n];
                hex::decode_to_slice(text, &mut bytes)?;
                Ok(Self(bytes))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    words::<$n, { $n / 8 }>(&self.0).serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = alloc::string::String::deserialize(deserializer)?;
                    text.parse().map_err(D::Error::custom)
                } else {
                    <[u64; $n / 8]>::deserialize(deserializer).map(|words| Self(bytes(words)))
                }
            }
        }
    };
}

/// The bytes as the codec's integers, which it writes as exactly these bytes: eight at a time costs
/// a tenth of one by one.
pub(crate) fn words<const BYTES: usize, const WORDS: usize>(bytes: &[u8; BYTES]) -> [u64; WORDS] {
    let mut words = [0; WORDS];
    for (word, chunk) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *word = u64::from_le_bytes(*chunk);
    }
    words
}

/// The bytes of the codec's integers.
pub(crate) fn bytes<const BYTES: usize, const WORDS: usize>(words: [u64; WORDS]) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    for (chunk, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(words) {
        *chunk = word.to_le_bytes();
    }
    bytes
}

hex_bytes!(
    /// The network: the hash of its first charter.
    NetworkId, 32
);
hex_bytes!(
    /// One version of the charter.
    CharterId, 32
);
hex_bytes!(
    /// A statement, without its signatures.
    StatementId, 32
);
hex_bytes!(
    /// An entry, with everything in it. All zeros stands before the first entry of a log.
    EntryHash, 32
);
hex_bytes!(
    /// A node of a log's Merkle tree (SHA-256, RFC 6962).
    TreeHash, 32
);
hex_bytes!(
    /// A salted commitment to a sealed part.
    Commitment, 32
);
hex_bytes!(
    /// A contributor's own number for a statement: unique in the member's log, so that a statement
    /// that is submitted twice is recognised.
    Reference, 16
);

impl EntryHash {
    /// What the first entry of every log names as the entry before it.
    pub const NONE: Self = Self([0; 32]);
}

/// The BLAKE3 hash of `bytes` for one purpose. Contexts are listed in `docs/spec/01-encoding.md`.
#[must_use]
pub fn derive(context: &'static str, bytes: &[u8]) -> [u8; 32] {
    blake3::derive_key(context, bytes)
}

/// Bytes whose meaning lies elsewhere; hexadecimal where people read.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bytes(pub alloc::vec::Vec<u8>);

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({})", hex::encode(&self.0))
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&hex::encode(&self.0))
        } else {
            serializer.serialize_bytes(&self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = alloc::string::String::deserialize(deserializer)?;
            return hex::decode(text).map(Self).map_err(D::Error::custom);
        }
        struct ByteBuf;
        impl serde::de::Visitor<'_> for ByteBuf {
            type Value = Bytes;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }
            fn visit_byte_buf<E: serde::de::Error>(
                self,
                bytes: alloc::vec::Vec<u8>,
            ) -> Result<Bytes, E> {
                Ok(Bytes(bytes))
            }
        }
        deserializer.deserialize_byte_buf(ByteBuf)
    }
}
