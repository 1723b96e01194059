//! C2SP signed notes: text, a blank line, signature lines. Source: c2sp.org/signed-note,
//! `docs/spec/04-checkpoint.md`.

use crate::codec::DecodeError;
use crate::key::{BadSignature, CheckedKey, PublicKey, SecretKey, Signature};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use sha2::{Digest as _, Sha256};

/// The most bytes of a note that anybody may show us: 512 members and 80 witnesses have room.
pub const NOTE_BYTES_MAX: usize = 128 << 10;
/// The most signature lines of a note: one for every member that a charter can have, and more.
pub const NOTE_SIGNATURES_MAX: usize = 600;
const WHAT: &str = "a signed note";

/// True for what may stand as a name on a signature line.
pub(crate) fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.contains('+') && !name.chars().any(char::is_whitespace)
}

/// The kinds of signature that Cairn makes on notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// `0x01`: Ed25519 over the text.
    Ed25519,
    /// `0x04`: a dated cosignature (c2sp.org/tlog-cosignature).
    Cosignature,
}

impl Algorithm {
    fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 1,
            Self::Cosignature => 4,
        }
    }
}

/// The first bytes of every signature line: which key made it.
#[must_use]
pub fn key_id(name: &str, algorithm: Algorithm, key: &PublicKey) -> [u8; 4] {
    let hasher = Sha256::new().chain_update(name).chain_update([b'\n', algorithm.byte()]);
    let digest: [u8; 32] = hasher.chain_update(key.0).finalize().into();
    let [a, b, c, d, ..] = digest;
    [a, b, c, d]
}

/// The key in the form that other tools of the ecosystem read (`name+id+key`).
#[must_use]
pub fn verifier_key(name: &str, algorithm: Algorithm, key: &PublicKey) -> String {
    let mut typed = alloc::vec![algorithm.byte()];
    typed.extend(key.0);
    let id = hex::encode(key_id(name, algorithm, key));
    alloc::format!("{name}+{id}+{}", BASE64.encode(typed))
}

/// A signature line: not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureLine {
    /// The name of the signer.
    pub name: String,
    /// The id of the key.
    pub key_id: [u8; 4],
    /// The signature, after the key id.
    pub signature: Vec<u8>,
}

/// A note in the right format: nothing is known of its signatures yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawNote {
    text: String,
    signatures: Vec<SignatureLine>,
}

fn malformed(why: &str) -> DecodeError {
    DecodeError::Malformed { what: WHAT, why: why.into() }
}

impl RawNote {
    /// The note of `bytes`.
    ///
    /// # Errors
    /// When the bytes are not a note, or one beyond the bounds.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > NOTE_BYTES_MAX {
            let (found, limit) = (bytes.len(), NOTE_BYTES_MAX);
            return Err(DecodeError::TooLong { what: WHAT, found, limit });
        }
        let note = core::str::from_utf8(bytes).map_err(|_| malformed("not UTF-8"))?;
        if note.chars().any(|c| c < ' ' && c != '\n') {
            return Err(malformed("a control character"));
        }
        let (text, lines) = note.rsplit_once("\n\n").ok_or_else(|| malformed("no blank line"))?;
        let lines = lines.strip_suffix('\n').ok_or_else(|| malformed("no final line break"))?;
        let signatures: Vec<_> =
            lines.split('\n').map(SignatureLine::decode).collect::<Result<_, _>>()?;
        if signatures.len() > NOTE_SIGNATURES_MAX {
            return Err(malformed("too many signatures"));
        }
        Ok(Self { text: alloc::format!("{text}\n"), signatures })
    }

    /// The signed text, with its final line break.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines.
    #[must_use]
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// True when it has a line under this name that says it is by this key.
    #[must_use]
    pub fn names(&self, name: &str, key: &PublicKey) -> bool {
        let id = key_id(name, Algorithm::Ed25519, key);
        self.signatures.iter().any(|line| line.name == name && line.key_id == id)
    }

    /// Checks the Ed25519 signature that `name` made with `key` over the text.
    ///
    /// # Errors
    /// When there is none under that name and key, or it does not verify.
    pub fn verify(
        &self,
        name: &str,
        key: &PublicKey,
        checked: &CheckedKey,
    ) -> Result<(), BadSignature> {
        let id = key_id(name, Algorithm::Ed25519, key);
        let mut ours =
            self.signatures.iter().filter(|line| line.name == name && line.key_id == id).peekable();
        if ours.peek().is_none() {
            return Err(BadSignature);
        }
        ours.try_for_each(|line| {
            let bytes = line.signature.as_slice().try_into().map_err(|_| BadSignature)?;
            checked.verify_bytes(self.text.as_bytes(), &Signature(bytes))
        })
    }

    /// The bytes of this note with the signature lines of one key and no other.
    #[must_use]
    pub fn with_only(&self, name: &str, key: &PublicKey) -> String {
        let id = key_id(name, Algorithm::Ed25519, key);
        let mut note = alloc::format!("{}\n", self.text);
        for line in
            self.signatures.iter().filter(|line| line.name == name && line.key_id == id).take(1)
        {
            note.push_str(&line.encode());
        }
        note
    }
}

impl SignatureLine {
    /// The line, with its line break.
    #[must_use]
    pub fn encode(&self) -> String {
        let blob = [&self.key_id[..], &self.signature].concat();
        alloc::format!("\u{2014} {} {}\n", self.name, BASE64.encode(blob))
    }

    fn decode(line: &str) -> Result<Self, DecodeError> {
        let rest = line.strip_prefix("\u{2014} ").ok_or_else(|| malformed("no signature line"))?;
        let (name, blob) = rest.split_once(' ').ok_or_else(|| malformed("no signature"))?;
        if !is_key_name(name) {
            return Err(malformed("not a key name"));
        }
        let blob = BASE64.decode(blob).map_err(|_| malformed("not base64"))?;
        match blob.split_first_chunk::<4>() {
            Some((key_id, signature)) if !signature.is_empty() => {
                Ok(Self { name: name.to_string(), key_id: *key_id, signature: signature.to_vec() })
            }
            _ => Err(malformed("a signature line without a signature")),
        }
    }
}

/// Signs `text`, which ends in a line break, as `name`: the bytes of the whole note.
#[must_use]
pub fn sign(text: &str, name: &str, key: &SecretKey) -> String {
    let mut blob = key_id(name, Algorithm::Ed25519, &key.public()).to_vec();
    blob.extend(key.sign_bytes(text.as_bytes()).0);
    alloc::format!("{text}\n\u{2014} {name} {}\n", BASE64.encode(blob))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_has_room_for_the_longest_names_of_all_members() {
        let origin = alloc::format!("{}/{}", "n".repeat(64), "C".repeat(16));
        let mut note = sign(&alloc::format!("{origin}\n{}\n", u64::MAX), &origin, &secret());
        let line = SignatureLine {
            name: alloc::format!("{origin}/cosigner"),
            key_id: [7; 4],
            signature: alloc::vec![9; 72],
        };
        (0..512).for_each(|_| note.push_str(&line.encode()));
        assert_eq!(RawNote::decode(note.as_bytes()).unwrap().signatures().len(), 513);
    }

    fn secret() -> SecretKey {
        SecretKey::from_seed([1; 32])
    }
}
