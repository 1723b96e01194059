//! Ed25519 keys and signatures under one rule, the strict one.
//!
//! Every signature in Cairn is made over a purpose line and a hash, so that a signature for one
//! purpose is worthless for any other. Small-order and non-canonical keys are refused.

use crate::hash::{bytes, words};
use alloc::{string::String, vec::Vec};
use core::fmt;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroize as _;

/// What a signature is for. The line is the first part of the signed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A contributor says a statement.
    Statement,
    /// A root key agrees to a charter.
    Charter,
    /// A key on a member card proves that its holder has it.
    Card,
    /// A contributor refuses a statement that waits for a second person.
    Refusal,
}

impl Purpose {
    fn line(self) -> &'static [u8] {
        match self {
            Self::Statement => b"cairn/statement/v1\n",
            Self::Charter => b"cairn/charter/v1\n",
            Self::Card => b"cairn/card/v1\n",
            Self::Refusal => b"cairn/refusal/v1\n",
        }
    }

    pub(crate) fn preimage(self, hash: &[u8; 32]) -> Vec<u8> {
        [self.line(), hash].concat()
    }
}

/// The public half of a key, as it stands in signed bytes. Not yet known to be usable.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

/// Why a public key may not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not the encoding of a point, or not its one canonical encoding.
    #[error("not an Ed25519 public key")]
    NotAPoint,
    /// A point of small order: one signature would pass for any message.
    #[error("a weak Ed25519 public key of small order")]
    Weak,
    /// Not the text of a key.
    #[error("not a Cairn key: expected 64 hexadecimal digits")]
    NotText,
}

/// A signature did not verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature is not one by this key over these bytes")]
pub struct BadSignature;

impl PublicKey {
    /// The key ready to check signatures.
    ///
    /// # Errors
    /// When it is no point, not canonical, or weak.
    pub fn check(&self) -> Result<CheckedKey, KeyError> {
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| KeyError::NotAPoint)?;
        if key.is_weak() {
            return Err(KeyError::Weak);
        }
        // The decoder reduces y modulo p; only the reduced encoding is accepted.
        if key.to_edwards().compress().to_bytes() != self.0 {
            return Err(KeyError::NotAPoint);
        }
        Ok(CheckedKey(key))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl core::str::FromStr for PublicKey {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| KeyError::NotText)?;
        Ok(Self(bytes))
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            words::<32, 4>(&self.0).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            text.parse().map_err(serde::de::Error::custom)
        } else {
            <[u64; 4]>::deserialize(deserializer).map(|words| Self(bytes(words)))
        }
    }
}

/// A public key that was checked, with its point already decompressed.
#[derive(Debug, Clone, Copy)]
pub struct CheckedKey(VerifyingKey);

impl CheckedKey {
    /// Checks `signature` over `hash` for `purpose`.
    ///
    /// # Errors
    /// When it is not a strict Ed25519 signature by this key over exactly that.
    pub fn verify(
        &self,
        purpose: Purpose,
        hash: &[u8; 32],
        signature: &Signature,
    ) -> Result<(), BadSignature> {
        self.verify_bytes(&purpose.preimage(hash), signature)
    }

    /// Checks `signature` over `bytes`, for formats that others have fixed (signed notes).
    ///
    /// # Errors
    /// When it is not a strict Ed25519 signature by this key over exactly those bytes.
    pub fn verify_bytes(&self, bytes: &[u8], signature: &Signature) -> Result<(), BadSignature> {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        self.0.verify_strict(bytes, &signature).map_err(|_| BadSignature)
    }
}

/// An Ed25519 signature: 64 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature(pub [u8; 64]);

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({})", hex::encode(self.0))
    }
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.serialize_str(&hex::encode(self.0));
        }
        words::<64, 8>(&self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return <[u64; 8]>::deserialize(deserializer).map(|words| Self(bytes(words)));
        }
        let mut bytes = [0; 64];
        let text = String::deserialize(deserializer)?;
        hex::decode_to_slice(text, &mut bytes).map_err(serde::de::Error::custom)?;
        Ok(Self(bytes))
    }
}

/// The secret half of a key. Never printed; wiped from memory when dropped.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.public())
    }
}

impl SecretKey {
    /// The key of a 32-byte seed, which has to come from the operating system's randomness.
    #[must_use]
    pub fn from_seed(mut seed: [u8; 32]) -> Self {
        let key = Self(SigningKey::from_bytes(&seed));
        seed.zeroize();
        key
    }

    /// The seed, for writing a key file.
    #[must_use]
    pub fn seed(&self) -> zeroize::Zeroizing<[u8; 32]> {
        zeroize::Zeroizing::new(self.0.to_bytes())
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs `hash` for `purpose`.
    #[must_use]
    pub fn sign(&self, purpose: Purpose, hash: &[u8; 32]) -> Signature {
        self.sign_bytes(&purpose.preimage(hash))
    }

    /// Signs `bytes` as they are, for formats that others have fixed (signed notes).
    #[must_use]
    pub fn sign_bytes(&self, bytes: &[u8]) -> Signature {
        Signature(self.0.sign(bytes).to_bytes())
    }
}
