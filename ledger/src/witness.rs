//! Talking to witnesses in the words of c2sp.org/tlog-witness: the request to cosign a checkpoint,
//! and the keys and cosignatures of witnesses that a charter does not list.
//!
//! Source: `docs/spec/13-witness.md`.

use crate::codec::DecodeError;
use crate::cosignature::Cosignature;
use crate::hash::TreeHash;
use crate::key::{BadSignature, KeyError, PublicKey};
use crate::note::{Algorithm, NOTE_BYTES_MAX, RawNote, is_key_name, key_id, verifier_key};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use core::fmt;
use sha2::{Digest as _, Sha256};

/// The most hashes of the proof in a request.
pub const REQUEST_HASHES_MAX: usize = 63;
/// The most bytes of a request: a note, and before it a size and hashes of 45 bytes each.
pub const REQUEST_BYTES_MAX: usize = NOTE_BYTES_MAX + (4 << 10);
const WHAT: &str = "a request to cosign";
/// The byte of a key for dated cosignatures.
const COSIGNATURE: u8 = 4;

/// The name of a log in the addresses of witnesses: SHA-256 over its origin.
#[must_use]
pub fn origin_hash(origin: &str) -> TreeHash {
    TreeHash(Sha256::digest(origin).into())
}

/// "You have cosigned my first so many entries; cosign these, which continue them." Nothing is known
/// yet of its truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawAddCheckpoint {
    /// What the witness is said to have cosigned last: 0 for nothing.
    pub old: u64,
    /// That those entries are a prefix of what the checkpoint promises.
    pub proof: Vec<TreeHash>,
    /// The checkpoint: a note in the right format.
    pub note: String,
}

fn malformed(why: &str) -> DecodeError {
    DecodeError::Malformed { what: WHAT, why: why.into() }
}

impl RawAddCheckpoint {
    /// The body of a request.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut body = alloc::format!("old {}\n", self.old);
        for hash in &self.proof {
            body.push_str(&BASE64.encode(hash.0));
            body.push('\n');
        }
        body.push('\n');
        body.push_str(&self.note);
        body
    }

    /// The request of a body's bytes.
    ///
    /// # Errors
    /// When they are not in the format.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > REQUEST_BYTES_MAX {
            let (found, limit) = (bytes.len(), REQUEST_BYTES_MAX);
            return Err(DecodeError::TooLong { what: WHAT, found, limit });
        }
        let text = core::str::from_utf8(bytes).map_err(|_| malformed("not UTF-8"))?;
        let (head, note) = text.split_once("\n\n").ok_or_else(|| malformed("no checkpoint"))?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(decimal);
        let old = old.ok_or_else(|| malformed("the first line is not \"old\" and a size"))?;
        let some = lines.take(REQUEST_HASHES_MAX.saturating_add(1));
        let proof: Vec<_> = some.map(hash).collect::<Result<_, _>>()?;
        if proof.len() > REQUEST_HASHES_MAX {
            return Err(malformed("more than 63 hashes"));
        }
        RawNote::decode(note.as_bytes())?;
        Ok(Self { old, proof, note: note.to_string() })
    }

    /// The origin that the checkpoint names.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.note.split('\n').next().unwrap_or_default()
    }
}

/// A decimal number as it is written in one way only.
#[must_use]
pub fn decimal(digits: &str) -> Option<u64> {
    let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
    let leading_zero = digits.len() > 1 && digits.starts_with('0');
    digits.parse().ok().filter(|_| plain && !leading_zero)
}

fn hash(line: &str) -> Result<TreeHash, DecodeError> {
    let bytes = BASE64.decode(line).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.map(TreeHash).ok_or_else(|| malformed("a line of the proof is not 32 bytes of base64"))
}

/// Why text is not the key of a witness.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WitnessKeyError {
    /// Not a name, an id and a key.
    #[error("not a witness's key: expected NAME+ID+KEY, as in example.org/w+0123abcd+BA...")]
    NotText,
    /// A key for something else.
    #[error("not a witness's key: its type is {found:#04x}, expected 0x04 (dated cosignatures)")]
    WrongType {
        /// The type found.
        found: u8,
    },
    /// The id belongs to another name or key.
    #[error("the id {found} is not the one of this name and key: expected {expected}")]
    WrongId {
        /// The id found.
        found: String,
        /// The id that belongs to name and key.
        expected: String,
    },
    /// The key may not be used.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The key with which a witness outside of the network makes dated cosignatures.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WitnessKey {
    name: String,
    key: PublicKey,
}

impl WitnessKey {
    /// The key under a name.
    ///
    /// # Errors
    /// When no note can carry the name, or the key is weak.
    pub fn new(name: &str, key: PublicKey) -> Result<Self, WitnessKeyError> {
        if !is_key_name(name) {
            return Err(WitnessKeyError::NotText);
        }
        key.check()?;
        Ok(Self { name: name.into(), key })
    }

    /// The name on its cosignatures.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key itself.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The newest of its cosignatures on a note, if there is one.
    ///
    /// # Errors
    /// When one line under its name and id was not made by it.
    pub fn cosignature(&self, note: &RawNote) -> Result<Option<Cosignature>, BadSignature> {
        let id = key_id(&self.name, Algorithm::Cosignature, &self.key);
        let its = note.signatures().iter().filter(|l| l.name == self.name && l.key_id == id);
        let mut newest: Option<Cosignature> = None;
        for line in its {
            let found = Cosignature::of_line(line, self.key).ok_or(BadSignature)?;
            found.check(note.text())?;
            if newest.is_none_or(|newest| newest.time < found.time) {
                newest = Some(found);
            }
        }
        Ok(newest)
    }

    /// The signature line of one of its cosignatures.
    #[must_use]
    pub fn line(&self, cosignature: &Cosignature) -> String {
        cosignature.line(&self.name)
    }
}

impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&verifier_key(&self.name, Algorithm::Cosignature, &self.key))
    }
}

impl core::str::FromStr for WitnessKey {
    type Err = WitnessKeyError;
    /// Reads `name+id+key`. The key is base64, in which a `+` may stand: the first two divide.
    fn from_str(text: &str) -> Result<Self, WitnessKeyError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(typed)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(WitnessKeyError::NotText);
        };
        let typed = BASE64.decode(typed).map_err(|_| WitnessKeyError::NotText)?;
        let (found, key) = typed.split_first().ok_or(WitnessKeyError::NotText)?;
        if *found != COSIGNATURE {
            return Err(WitnessKeyError::WrongType { found: *found });
        }
        let key = key.try_into().map_err(|_| WitnessKeyError::NotText)?;
        let witness = Self::new(name, PublicKey(key))?;
        let expected = hex::encode(key_id(name, Algorithm::Cosignature, &witness.key));
        if id != expected {
            return Err(WitnessKeyError::WrongId { found: id.into(), expected });
        }
        Ok(witness)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::key::SecretKey;
    use crate::note::SignatureLine;
    use crate::proof::TreeHead;
    use alloc::format;

    fn request() -> RawAddCheckpoint {
        let head = TreeHead { size: 12, root: TreeHash([3; 32]) };
        let checkpoint = Checkpoint::sign("net/COD", head, &SecretKey::from_seed([7; 32]));
        let proof = Vec::from([TreeHash([1; 32]), TreeHash([2; 32])]);
        RawAddCheckpoint { old: 5, proof, note: checkpoint.note().into() }
    }

    #[test]
    fn a_request_is_read_as_it_was_written() {
        for proof in [0, 1, 63] {
            let request =
                RawAddCheckpoint { proof: alloc::vec![TreeHash([9; 32]); proof], ..request() };
            let read = RawAddCheckpoint::decode(request.encode().as_bytes()).unwrap();
            assert_eq!((read.origin(), &read), ("net/COD", &request));
        }
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let good = request().encode();
        let hash = format!("{}\n", BASE64.encode([1; 32]));
        let changed = |from: &str, to: &str| good.replacen(from, to, 1).into_bytes();
        let bodies = [
            Vec::new(),
            b"old 5\n\n".to_vec(),
            changed("old 5", "old"),
            changed("old 5", "old 05"),
            changed("old 5", "old +5"),
            changed("old 5", "old -5"),
            changed("old 5", "old 18446744073709551616"),
            changed("old 5", "new 5"),
            changed("old 5", "old 5 "),
            changed("old 5\n", "old 5\r\n"),
            changed(&hash, &hash.repeat(63)),
            changed(&hash, "AQEB\n"),
            changed(&hash, &hash.replace('=', "")),
            changed("\u{2014} ", "- "),
            changed("\n\nnet", "\nnet"),
            good.trim_end().as_bytes().to_vec(),
            [good.as_bytes(), b"\xff"].concat(),
            alloc::vec![b'a'; REQUEST_BYTES_MAX + 1],
        ];
        for body in bodies {
            let text = String::from_utf8_lossy(&body).into_owned();
            assert!(RawAddCheckpoint::decode(&body).is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_is_divided_at_its_first_two_signs() {
        // Seeds whose keys have a + in base64 are common: every one of these must survive.
        let mut with_plus = 0;
        for seed in 0..40 {
            let key = SecretKey::from_seed([seed; 32]).public();
            let text = WitnessKey::new("w.example/one", key).unwrap().to_string();
            with_plus += usize::from(text.matches('+').count() > 2);
            let read: WitnessKey = text.parse().unwrap();
            assert_eq!((read.name(), *read.key(), read.to_string()), ("w.example/one", key, text));
        }
        assert!(with_plus > 0);
    }

    #[test]
    fn what_is_no_witness_key_is_refused() {
        let key = SecretKey::from_seed([4; 32]).public();
        let good = WitnessKey::new("w.example", key).unwrap().to_string();
        let log = verifier_key("w.example", Algorithm::Ed25519, &key);
        assert_eq!(log.parse::<WitnessKey>(), Err(WitnessKeyError::WrongType { found: 1 }));
        for text in [
            "",
            "w.example",
            "w.example+00000000",
            &good.replacen("w.example", "v.example", 1),
            &good.replacen("w.example", "", 1),
            &good.replacen("w.example", "a b", 1),
            &good[..good.len() - 4],
            &format!("{good}AAAA"),
        ] {
            assert!(text.parse::<WitnessKey>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_witness_speaks_for_itself_alone() {
        let secret = SecretKey::from_seed([5; 32]);
        let witness = WitnessKey::new("w.example", secret.public()).unwrap();
        let note = request().note;
        let text = RawNote::decode(note.as_bytes()).unwrap().text().to_string();
        let line = |name: &str, time: u64, by: &SecretKey| {
            let message = format!("cosignature/v1\ntime {time}\n{text}");
            let mut signature = time.to_be_bytes().to_vec();
            signature.extend(by.sign_bytes(message.as_bytes()).0);
            let key_id = key_id(name, Algorithm::Cosignature, &secret.public());
            SignatureLine { name: name.into(), key_id, signature }.encode()
        };
        let time = |lines: &[String]| {
            let note = RawNote::decode(format!("{note}{}", lines.concat()).as_bytes()).unwrap();
            witness.cosignature(&note).map(|found| found.map(|found| found.time))
        };
        let (one, two) = (line("w.example", 7, &secret), line("w.example", 9, &secret));
        let other = line("v.example", 8, &secret);
        let forged = line("w.example", 10, &SecretKey::from_seed([6; 32]));
        assert_eq!(time(&[]), Ok(None));
        assert_eq!(time(core::slice::from_ref(&other)), Ok(None));
        assert_eq!(time(&[one.clone(), two, other]), Ok(Some(9)));
        assert_eq!(time(&[one, forged]), Err(BadSignature));
    }
}
