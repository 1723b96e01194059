//! The age format with a passphrase: one file key, wrapped by scrypt, around one small text.
//!
//! Source: age-encryption.org/v1 (c2sp.org/age). Only what a key file needs: one scrypt stanza, one
//! chunk, armored. What `age -p -a` writes is read here, and what is written here `age -d` reads.

use crate::passphrase::Passphrase;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use chacha20poly1305::aead::{AeadInOut as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The first line of an armored file.
pub(crate) const BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
const END: &str = "-----END AGE ENCRYPTED FILE-----";
const ARMOR_COLUMNS: usize = 64;
const INTRO: &str = "age-encryption.org/v1\n";
const MAC_MARK: &str = "---";
const SCRYPT_LABEL: &[u8] = b"age-encryption.org/v1/scrypt";
const TAG_BYTES: usize = 16;
const STREAM_NONCE_BYTES: usize = 16;
/// The nonce of a payload's only chunk: counter 0, and the mark of the last one.
const ONLY_CHUNK: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

/// The logarithm of the work for new files: 2^17 is 128 MiB and about a third of a second.
pub(crate) const WORK_FACTOR: u8 = 17;
/// The most that a file may ask for, as `age -p` does: 2^18 is 256 MiB and below a second. What a
/// hostile file asks for has a bound.
pub(crate) const WORK_FACTOR_MAX: u8 = 18;

/// Why a text cannot be decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AgeError {
    #[error("{0}")]
    Malformed(&'static str),
    #[error("it asks for scrypt work of 2^{0}, the limit is 2^{WORK_FACTOR_MAX}")]
    TooMuchWork(u8),
    #[error("this is not its passphrase")]
    WrongPassphrase,
    #[error("it has been changed")]
    Changed,
}

/// What is random in a file, so that a test can write a known one.
pub(crate) struct Randomness {
    pub(crate) file_key: Zeroizing<[u8; 16]>,
    pub(crate) salt: [u8; 16],
    pub(crate) nonce: [u8; STREAM_NONCE_BYTES],
}

/// A file that is in the format, and not yet decrypted.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Encrypted {
    /// The header up to and with [`MAC_MARK`].
    header: String,
    salt: [u8; 16],
    work_factor: u8,
    wrapped: [u8; 32],
    mac: [u8; 32],
    payload: Vec<u8>,
}

/// Encrypts `text`: the armored file, ending with a line feed.
pub(crate) fn encrypt(
    text: &[u8],
    passphrase: &Passphrase,
    work_factor: u8,
    random: &Randomness,
) -> String {
    let wrap = wrapping_key(passphrase, &random.salt, work_factor);
    let mut wrapped = random.file_key.to_vec();
    seal(&wrap, &[0; 12], &mut wrapped);
    let (salt, body) = (STANDARD_NO_PAD.encode(random.salt), STANDARD_NO_PAD.encode(&wrapped));
    let header = format!("{INTRO}-> scrypt {salt} {work_factor}\n{body}\n{MAC_MARK}");
    let mac = header_mac(&*random.file_key).chain_update(&header).finalize().into_bytes();
    let mut payload = Zeroizing::new(text.to_vec());
    seal(&payload_key(&*random.file_key, &random.nonce), &ONLY_CHUNK, &mut payload);
    let head = format!("{header} {}\n", STANDARD_NO_PAD.encode(mac));
    armor(&[head.as_bytes(), &random.nonce, &payload].concat())
}

impl Encrypted {
    /// The file of an armored text. Nothing is decrypted, and no work done.
    pub(crate) fn parse(text: &str) -> Result<Self, AgeError> {
        let bytes = dearmor(text)?;
        let malformed = AgeError::Malformed;
        let mark = bytes.windows(5).position(|window| window == b"\n--- ");
        let mark = mark.ok_or(malformed("its header has no end"))?.saturating_add(4);
        let (header, rest) = bytes.split_at_checked(mark).unwrap_or_default();
        let header = std::str::from_utf8(header).map_err(|_| malformed("its header is no text"))?;
        let end = rest.iter().position(|byte| *byte == b'\n');
        let end = end.ok_or(malformed("its header has no end"))?;
        let (mac, payload) = rest.split_at_checked(end).unwrap_or_default();
        let payload = payload.get(1..).unwrap_or_default();
        if payload.len() < STREAM_NONCE_BYTES + TAG_BYTES {
            return Err(malformed("it ends too early"));
        }
        let mac = mac.strip_prefix(b" ").ok_or(malformed("its header has no sum"))?;
        let lines = header.strip_prefix(INTRO).ok_or(malformed("it is not of age's version 1"))?;
        let mut lines = lines.split('\n');
        let stanza = lines.next().and_then(|line| line.strip_prefix("-> scrypt "));
        let stanza = stanza.ok_or(malformed("it is not encrypted with a passphrase"))?;
        let (salt, work) = stanza.split_once(' ').ok_or(malformed("its header is damaged"))?;
        let (body, mark) = (lines.next().unwrap_or_default(), lines.next());
        if mark != Some(MAC_MARK) || lines.next().is_some() {
            return Err(malformed("it is encrypted for somebody else as well"));
        }
        Ok(Self {
            header: header.into(),
            salt: exactly(salt.as_bytes())?,
            work_factor: work_factor(work)?,
            wrapped: exactly(body.as_bytes())?,
            mac: exactly(mac)?,
            payload: payload.to_vec(),
        })
    }

    /// The text. One scrypt, whether the passphrase is right or not.
    pub(crate) fn decrypt(&self, passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, AgeError> {
        let wrap = wrapping_key(passphrase, &self.salt, self.work_factor);
        let mut file_key = Zeroizing::new(self.wrapped.to_vec());
        open(&wrap, &[0; 12], &mut file_key).ok_or(AgeError::WrongPassphrase)?;
        let mac = header_mac(&file_key).chain_update(&self.header);
        mac.verify_slice(&self.mac).map_err(|_| AgeError::Changed)?;
        let (nonce, chunk) =
            self.payload.split_at_checked(STREAM_NONCE_BYTES).ok_or(AgeError::Changed)?;
        let mut text = Zeroizing::new(chunk.to_vec());
        open(&payload_key(&file_key, nonce), &ONLY_CHUNK, &mut text).ok_or(AgeError::Changed)?;
        Ok(text)
    }
}

/// 32 bytes of unpadded, canonical base64, or 16.
fn exactly<const N: usize>(text: &[u8]) -> Result<[u8; N], AgeError> {
    let bytes = STANDARD_NO_PAD.decode(text).ok();
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(AgeError::Malformed("its header is damaged"))
}

/// A decimal number without sign or leading zero, and not more than is bearable.
fn work_factor(text: &str) -> Result<u8, AgeError> {
    let plain = !text.starts_with(['0', '+']) && text.len() <= 3;
    let factor: Option<u8> = text.parse().ok().filter(|_| plain);
    match factor.ok_or(AgeError::Malformed("its header is damaged"))? {
        factor @ 0..=WORK_FACTOR_MAX => Ok(factor),
        factor => Err(AgeError::TooMuchWork(factor)),
    }
}

fn wrapping_key(passphrase: &Passphrase, salt: &[u8], work_factor: u8) -> Zeroizing<[u8; 32]> {
    let salt = [SCRYPT_LABEL, salt].concat();
    let mut key = Zeroizing::new([0; 32]);
    let params = scrypt::Params::new(work_factor, 8, 1).expect("the work factor has a bound");
    scrypt::scrypt(passphrase.bytes(), &salt, &params, &mut *key).expect("32 bytes are allowed");
    key
}

fn derived(file_key: &[u8], salt: &[u8], purpose: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    let kdf = Hkdf::<Sha256>::new(Some(salt), file_key);
    kdf.expand(purpose, &mut *key).expect("32 bytes are allowed");
    key
}

fn payload_key(file_key: &[u8], nonce: &[u8]) -> Zeroizing<[u8; 32]> {
    derived(file_key, nonce, b"payload")
}

fn header_mac(file_key: &[u8]) -> Hmac<Sha256> {
    let key = derived(file_key, &[], b"header");
    hmac::KeyInit::new_from_slice(&*key).expect("any length is allowed")
}

fn seal(key: &[u8; 32], nonce: &[u8; 12], text: &mut Vec<u8>) {
    let cipher = ChaCha20Poly1305::new(key.into());
    let sealed = cipher.encrypt_in_place(&Nonce::from(*nonce), &[], text);
    sealed.expect("a key file is short");
}

fn open(key: &[u8; 32], nonce: &[u8; 12], text: &mut Vec<u8>) -> Option<()> {
    let cipher = ChaCha20Poly1305::new(key.into());
    cipher.decrypt_in_place(&Nonce::from(*nonce), &[], text).ok()
}

fn armor(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let mut lines = vec![BEGIN];
    let mut rest = text.as_str();
    while let Some((line, after)) = rest.split_at_checked(ARMOR_COLUMNS) {
        lines.push(line);
        rest = after;
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    lines.push(END);
    lines.join("\n") + "\n"
}

fn dearmor(text: &str) -> Result<Vec<u8>, AgeError> {
    let malformed = AgeError::Malformed("its armor is damaged");
    let text = text.trim().replace("\r\n", "\n");
    let inside = text.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
    let inside = inside.and_then(|rest| rest.strip_prefix('\n')?.strip_suffix('\n'));
    let lines: Vec<_> = inside.ok_or(malformed)?.split('\n').collect();
    let (last, full) = lines.split_last().ok_or(malformed)?;
    let well_cut = full.iter().all(|line| line.len() == ARMOR_COLUMNS)
        && (1..=ARMOR_COLUMNS).contains(&last.len());
    if !well_cut {
        return Err(malformed);
    }
    STANDARD.decode(lines.concat()).map_err(|_| malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `age -p -a` of version 1.1.1 made of [`TEXT`] with [`PASSPHRASE`].
    const BY_AGE: &str = "\
-----BEGIN AGE ENCRYPTED FILE-----
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCB0MXU3K29MYnllclZDQXVm
bkQwSXBBIDE4ClpweXlSNlVjZ3RyVCtIVm0rbEsrNHlibFppdkEvVEd4UWZOdE1w
akdwRzgKLS0tIENLM1dPaEU0STNQYTZnNUZQNHdKR1dRSFdaM2tubDZXcUlQekdY
OWRLRVEK4LwP00y4ABLqYtwcL10UhWzXL9ZF+CB8/K4QUUgvOY6hKhi5qRyRNP9+
jceKO6b5lrW3OjZALCt41SdDkB9aXYtz4WYWaequ0jkPP+8KU4qYZMvrSErBo+xk
6f/Wj+JWDYqUcyHw91+fzLJfN226cMzz3JOAM8G+OWBd5i1Vey2jUnycokxlxOKm
8BaHKtEa264hTpKWkceMvwT4seJnE36IPcPG3iip2eKkow/SrnGQS5LMLeaJ29Qn
Ti1lupyS8Sf0AZYFhf4nfoPVT5sbuQ==
-----END AGE ENCRYPTED FILE-----
";
    const TEXT: &str = "\
# The key of an example.
# Its public half is 8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c
0101010101010101010101010101010101010101010101010101010101010101
";
    const PASSPHRASE: &str = "seven small stones";

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(Zeroizing::new(text.into())).unwrap()
    }

    fn random() -> Randomness {
        Randomness { file_key: Zeroizing::new([1; 16]), salt: [2; 16], nonce: [3; 16] }
    }

    #[test]
    fn what_age_wrote_is_read() {
        let encrypted = Encrypted::parse(BY_AGE).unwrap();
        assert_eq!(encrypted.decrypt(&passphrase(PASSPHRASE)).unwrap().as_slice(), TEXT.as_bytes());
        let wrong = encrypted.decrypt(&passphrase("seven small stone"));
        assert_eq!(wrong.unwrap_err(), AgeError::WrongPassphrase);
    }

    #[test]
    fn with_the_same_randomness_age_writes_the_same_bytes() {
        let by_age = Encrypted::parse(BY_AGE).unwrap();
        let passphrase = passphrase(PASSPHRASE);
        let wrap = wrapping_key(&passphrase, &by_age.salt, by_age.work_factor);
        let mut file_key = by_age.wrapped.to_vec();
        open(&wrap, &[0; 12], &mut file_key).unwrap();
        let random = Randomness {
            file_key: Zeroizing::new(file_key.try_into().unwrap()),
            salt: by_age.salt,
            nonce: by_age.payload[..16].try_into().unwrap(),
        };
        assert_eq!(encrypt(TEXT.as_bytes(), &passphrase, by_age.work_factor, &random), BY_AGE);
    }

    #[test]
    fn any_changed_character_is_refused() {
        let passphrase = passphrase(PASSPHRASE);
        let text = encrypt(b"a secret", &passphrase, 1, &random());
        let opened = Encrypted::parse(&text).unwrap().decrypt(&passphrase).unwrap();
        assert_eq!(opened.as_slice(), b"a secret");
        for (at, was) in text.trim_end().char_indices() {
            let mut changed = text.clone();
            changed.replace_range(at..=at, if was == 'A' { "B" } else { "A" });
            let read = Encrypted::parse(&changed).and_then(|read| read.decrypt(&passphrase));
            assert!(read.is_err(), "character {at}: {changed}");
        }
    }

    fn armored(header: &str) -> Result<Encrypted, AgeError> {
        Encrypted::parse(&armor(&[header.as_bytes(), &[0; 64]].concat()))
    }

    #[test]
    fn what_a_hostile_file_asks_for_has_a_bound() {
        let (salt, body, mac) = ("A".repeat(22), "A".repeat(43), "A".repeat(43));
        let asks =
            |work: &str| armored(&format!("{INTRO}-> scrypt {salt} {work}\n{body}\n--- {mac}\n"));
        assert!(asks("18").is_ok());
        assert_eq!(asks("19").err(), Some(AgeError::TooMuchWork(19)));
        assert_eq!(asks("63").err(), Some(AgeError::TooMuchWork(63)));
        for work in ["", "0", "018", "+18", "-1", "1e1", "18 ", "256", "99999999999999999999"] {
            assert!(matches!(asks(work), Err(AgeError::Malformed(_))), "{work:?}");
        }
        let x25519 = format!("{INTRO}-> X25519 {body}\n{body}\n--- {mac}\n");
        assert!(matches!(armored(&x25519), Err(AgeError::Malformed(_))));
        let two =
            format!("{INTRO}-> scrypt {salt} 1\n{body}\n-> scrypt {salt} 1\n{body}\n--- {mac}\n");
        assert!(matches!(armored(&two), Err(AgeError::Malformed(_))));
    }

    #[test]
    fn a_file_that_is_cut_anywhere_is_refused() {
        let text = encrypt(b"a secret", &passphrase(PASSPHRASE), 1, &random());
        for length in 0..text.len() - 1 {
            assert!(Encrypted::parse(&text[..length]).is_err(), "{length}");
        }
    }
}
