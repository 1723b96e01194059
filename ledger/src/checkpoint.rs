//! A log's signed promise: "my first N entries have this root" (c2sp.org/tlog-checkpoint).
//!
//! Source: `docs/spec/04-checkpoint.md`.

use crate::codec::DecodeError;
use crate::hash::TreeHash;
use crate::key::{PublicKey, SecretKey};
use crate::note::{self, RawNote};
use crate::proof::TreeHead;
use alloc::string::{String, ToString};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

const WHAT: &str = "a checkpoint";

/// Why a checkpoint is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not in the format.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Of a log that was not asked about.
    #[error("the checkpoint is of log {found}, expected {expected}")]
    WrongOrigin {
        /// The origin found.
        found: String,
        /// The origin expected.
        expected: String,
    },
    /// Not signed by the log's key.
    #[error("the checkpoint carries no valid signature of the log's key {key}")]
    BadSignature {
        /// The log's key.
        key: PublicKey,
    },
    /// Nobody has, or had, a log of that name.
    #[error("no charter has listed a key for this log")]
    NoKey,
    /// A cosigner whom the charter lists did not make the cosignature under its name.
    #[error("the cosignature of {cosigner} does not match")]
    BadCosignature {
        /// The name on the line.
        cosigner: String,
    },
}

/// A checkpoint whose signature by the log's key was verified. Holding this type is the proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    head: TreeHead,
    note: String,
    /// How many bytes of the note are signed.
    text_bytes: usize,
    key: PublicKey,
}

impl Checkpoint {
    /// Signs the promise of a tree as the log `origin`.
    #[must_use]
    pub fn sign(origin: &str, head: TreeHead, key: &SecretKey) -> Self {
        let text = alloc::format!("{origin}\n{}\n{}\n", head.size, BASE64.encode(head.root.0));
        let (note, text_bytes) = (note::sign(&text, origin, key), text.len());
        Self { head, note, text_bytes, key: key.public() }
    }

    /// The checkpoint of a note's bytes, if the log `origin` signed it with one of `keys`, the
    /// newest of which comes first.
    ///
    /// # Errors
    /// When it is not in the format, of another log or signed by none of the keys.
    pub fn verify(bytes: &[u8], origin: &str, keys: &[PublicKey]) -> Result<Self, CheckpointError> {
        Self::of_note(&RawNote::decode(bytes)?, origin, keys)
    }

    /// The checkpoint of a note, if the log `origin` signed it with one of `keys`.
    pub(crate) fn of_note(
        note: &RawNote,
        origin: &str,
        keys: &[PublicKey],
    ) -> Result<Self, CheckpointError> {
        let (found, head) = parse(note.text())?;
        if found != origin {
            let (found, expected) = (found.to_string(), origin.to_string());
            return Err(CheckpointError::WrongOrigin { found, expected });
        }
        let named = keys.iter().find(|key| note.names(origin, key));
        let key = named.or(keys.first()).ok_or(CheckpointError::NoKey)?;
        let refuse = CheckpointError::BadSignature { key: *key };
        let checked = key.check().map_err(|_| refuse.clone())?;
        note.verify(origin, key, &checked).map_err(|_| refuse)?;
        // Other signatures travel apart: what is kept has a bounded size.
        let text_bytes = note.text().len();
        Ok(Self { head, note: note.with_only(origin, key), text_bytes, key: *key })
    }

    /// Which of the log's keys has signed it.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The tree that is promised.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        self.head
    }

    /// How many entries it covers.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.head.size
    }

    /// What is signed.
    #[must_use]
    pub fn text(&self) -> &str {
        self.note.get(..self.text_bytes).unwrap_or_default()
    }

    /// The note, with the log's own signature and no other.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.note
    }
}

/// Splits a checkpoint's text into origin and tree. Extension lines are refused: of the witnesses
/// in use one signs, one drops and one rejects them.
fn parse(text: &str) -> Result<(&str, TreeHead), DecodeError> {
    let malformed = |why: &str| DecodeError::Malformed { what: WHAT, why: why.into() };
    let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
    let (Some(origin), Some(size), Some(root), None) =
        (lines.next(), lines.next(), lines.next(), lines.next())
    else {
        return Err(malformed("not the three lines origin, size and root"));
    };
    let digits = !size.is_empty() && size.bytes().all(|b| b.is_ascii_digit());
    let leading_zero = size.len() > 1 && size.starts_with('0');
    let size = size.parse().ok().filter(|_| digits && !leading_zero);
    let size = size.ok_or_else(|| malformed("the size is not a decimal number"))?;
    let root = BASE64.decode(root).ok().and_then(|root| root.try_into().ok());
    let root = root.ok_or_else(|| malformed("the root is not 32 bytes of base64"))?;
    Ok((origin, TreeHead { size, root: TreeHash(root) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::{Algorithm, key_id};

    #[test]
    fn the_public_vector_of_signed_notes_verifies() {
        let note = "This is an example message.\n\n\u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
        let typed = BASE64.decode("AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k").unwrap();
        let key = PublicKey(typed[1..].try_into().unwrap());
        assert_eq!(hex::encode(key_id("example.com/foo", Algorithm::Ed25519, &key)), "530d903a");
        let note = RawNote::decode(note.as_bytes()).unwrap();
        note.verify("example.com/foo", &key, &key.check().unwrap()).unwrap();
        note.verify("example.com/bar", &key, &key.check().unwrap()).unwrap_err();
    }

    #[test]
    fn a_checkpoint_verifies_under_its_own_log_and_no_other() {
        let key = SecretKey::from_seed([7; 32]);
        let head = TreeHead { size: 12, root: TreeHash([3; 32]) };
        let checkpoint = Checkpoint::sign("net/COD", head, &key);
        let bytes = checkpoint.note().as_bytes();
        assert_eq!(Checkpoint::verify(bytes, "net/COD", &[key.public()]).unwrap(), checkpoint);
        assert!(Checkpoint::verify(bytes, "net/RWA", &[key.public()]).is_err());
        let other = SecretKey::from_seed([8; 32]).public();
        assert!(Checkpoint::verify(bytes, "net/COD", &[other]).is_err());
    }
}
