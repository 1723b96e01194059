//! One part's payload: a header that wraps the content key for each member, and the encrypted content.

use crate::error::{OpenError, SealError};
use crate::key::{ContentKey, KeyId, Recipient, SealingSecret};
use crate::opening::Opening;
use crate::randomness::Randomness;
use cairn_ledger::MemberCode;
use cairn_ledger::codec::{self, DecodeError};
use cairn_ledger::hash::{Bytes, Commitment, NetworkId, Reference, derive};
use cairn_ledger::statement::AUDIENCE_MAX;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload as Associated};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hpke::aead::ChaCha20Poly1305 as Wrap;
use hpke::kdf::HkdfSha256;
use hpke::kem::XWing;
use hpke::{Deserializable as _, OpModeR, OpModeS, Serializable as _};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use zeroize::Zeroizing;

/// The most bytes of a payload.
pub const PAYLOAD_BYTES_MAX: usize = 983_040;
/// The size classes: a body's plaintext has 2 to this power bytes.
pub const SIZE_CLASSES: RangeInclusive<u8> = 8..=18;
/// The most bytes of a part's content.
pub const CONTENT_BYTES_MAX: usize = (1 << 18) - BEFORE_CONTENT;
/// Salt and length.
const BEFORE_CONTENT: usize = 32 + 4;
const TAG_BYTES: usize = 16;
const FORMAT: u16 = 1;
const WHAT: &str = "a sealed payload";
const HEADER: &str = "the header of a sealed payload";
const ENCAPSULATED_BYTES: usize = 1120;
const WRAPPED_BYTES: usize = 48;
/// A content key encrypts one body, so one nonce is enough.
const ONLY: [u8; 12] = [0; 12];

/// To which part of which statement a payload belongs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The network.
    pub network: NetworkId,
    /// The statement's member.
    pub member: MemberCode,
    /// The statement's reference.
    pub reference: Reference,
    /// The part.
    pub part: u16,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { member, reference, part, .. } = self;
        write!(f, "part {part} of the statement {reference} of {member}")
    }
}

/// What was sealed.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// The payload's bytes.
    pub payload: Vec<u8>,
    /// What stands in the statement.
    pub commitment: Commitment,
    /// The size class that stands in the statement.
    pub size_class: u8,
    /// What reads it, for whoever hands it on.
    pub key: ContentKey,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Outer {
    format: u16,
    header: Bytes,
    body: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Header {
    format: u16,
    place: Place,
    wraps: Vec<Wrapped>,
}

/// The content key, for one member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Wrapped {
    code: MemberCode,
    key: u64,
    encapsulated: Fixed<ENCAPSULATED_BYTES>,
    wrapped: Fixed<WRAPPED_BYTES>,
}

/// So many bytes, without a length.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fixed<const N: usize>([u8; N]);

impl<const N: usize> Serialize for Fixed<N> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeTuple as _;
        let mut tuple = serializer.serialize_tuple(N)?;
        self.0.iter().try_for_each(|byte| tuple.serialize_element(byte))?;
        tuple.end()
    }
}

impl<'de, const N: usize> Deserialize<'de> for Fixed<N> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<const N: usize>;
        impl<'de, const N: usize> serde::de::Visitor<'de> for Visitor<N> {
            type Value = Fixed<N>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{N} bytes")
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut seq: A,
            ) -> Result<Fixed<N>, A::Error> {
                let mut bytes = [0; N];
                for byte in &mut bytes {
                    let next = seq.next_element()?;
                    *byte = next.ok_or_else(|| serde::de::Error::custom("too few bytes"))?;
                }
                Ok(Fixed(bytes))
            }
        }
        deserializer.deserialize_tuple(N, Visitor)
    }
}

/// Encrypts `content` for `recipients`.
///
/// # Errors
/// When the content is too long, nobody or somebody twice is named, or the system has no randomness.
pub fn seal(place: Place, recipients: &[Recipient], content: &[u8]) -> Result<Sealed, SealError> {
    seal_with(&mut Randomness::new()?, place, recipients, content)
}

/// The same with known randomness, so that a vector has the same bytes every time.
///
/// # Errors
/// As [`seal`].
pub fn seal_with(
    randomness: &mut Randomness,
    place: Place,
    recipients: &[Recipient],
    content: &[u8],
) -> Result<Sealed, SealError> {
    let (found, limit) = (content.len(), CONTENT_BYTES_MAX);
    if found > limit {
        return Err(SealError::TooLong { found, limit });
    }
    let (key, salt) = (ContentKey(randomness.bytes()), randomness.bytes());
    let mut wraps = Vec::with_capacity(recipients.len());
    for recipient in recipients {
        wraps.push(wrap(randomness, &place, recipient, &key)?);
    }
    wraps.sort_by(|a, b| a.code.cmp(&b.code));
    let in_order = wraps.is_sorted_by(|a, b| a.code < b.code);
    if wraps.is_empty() || wraps.len() > AUDIENCE_MAX || !in_order {
        return Err(SealError::Audience(recipients.len()));
    }
    let header = codec::encode(&Header { format: FORMAT, place: place.clone(), wraps });
    let hash = hash_of(&header);
    let opening = Opening::new(place, hash, *salt, content.to_vec());
    let size_class = class_of(content.len());
    let mut plain = Zeroizing::new(Vec::with_capacity(1 << size_class));
    plain.extend_from_slice(&*salt);
    plain.extend_from_slice(&u32::try_from(found).unwrap_or(u32::MAX).to_le_bytes());
    plain.extend_from_slice(content);
    plain.resize(1 << size_class, 0);
    let (cipher, nonce) = (ChaCha20Poly1305::new((&*key.0).into()), Nonce::from(ONLY));
    let encrypted = cipher.encrypt(&nonce, Associated { msg: &plain, aad: &hash });
    let body = Bytes(encrypted.expect("a body is far below the cipher's limit"));
    let payload = codec::encode(&Outer { format: FORMAT, header: Bytes(header), body });
    Ok(Sealed { payload, commitment: opening.commitment(), size_class, key })
}

/// The least class in which so much content has room.
fn class_of(content: usize) -> u8 {
    let fits = |class: &u8| content + BEFORE_CONTENT <= 1 << *class;
    SIZE_CLASSES.into_iter().find(fits).unwrap_or(*SIZE_CLASSES.end())
}

fn wrap(
    randomness: &mut Randomness,
    place: &Place,
    to: &Recipient,
    key: &ContentKey,
) -> Result<Wrapped, SealError> {
    let made = hpke::single_shot_seal_with_rng::<Wrap, HkdfSha256, XWing>(
        &OpModeS::Base,
        &to.public,
        &info(place, &to.code),
        &*key.0,
        b"",
        randomness,
    );
    let (encapsulated, wrapped) = made.map_err(|_| SealError::BadKey(to.code.clone()))?;
    let mut fixed = Fixed([0; ENCAPSULATED_BYTES]);
    encapsulated.write_exact(&mut fixed.0);
    let wrapped = wrapped.try_into().map_err(|_| SealError::BadKey(to.code.clone()))?;
    let (code, key) = (to.code.clone(), to.id.0);
    Ok(Wrapped { code, key, encapsulated: fixed, wrapped: Fixed(wrapped) })
}

fn info(place: &Place, to: &MemberCode) -> Vec<u8> {
    [b"cairn/seal/v1\n".to_vec(), codec::encode(&(FORMAT, place, to))].concat()
}

fn hash_of(header: &[u8]) -> [u8; 32] {
    derive("cairn 2026-11 sealed header v1", header)
}

/// A payload in the right format. Whether it is what was committed to shows when it is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    header: Header,
    hash: [u8; 32],
    body: Vec<u8>,
}

impl Payload {
    /// The payload of bytes.
    ///
    /// # Errors
    /// When they are not in the format.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        codec::check_version(WHAT, bytes, FORMAT)?;
        let outer: Outer = codec::decode(WHAT, bytes, PAYLOAD_BYTES_MAX)?;
        codec::check_version(HEADER, &outer.header.0, FORMAT)?;
        let header: Header = codec::decode(HEADER, &outer.header.0, PAYLOAD_BYTES_MAX)?;
        let wraps = &header.wraps;
        let in_order = wraps.is_sorted_by(|a, b| a.code < b.code);
        if wraps.is_empty() || wraps.len() > AUDIENCE_MAX || !in_order {
            let why = "it is sealed for nobody, for too many, or not in ascending order".into();
            return Err(DecodeError::Malformed { what: HEADER, why });
        }
        let hash = hash_of(&outer.header.0);
        Ok(Self { header, hash, body: outer.body.0 })
    }

    /// To which part of which statement it says that it belongs.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.header.place
    }

    /// For whom it says that it is sealed.
    pub fn audience(&self) -> impl ExactSizeIterator<Item = &MemberCode> {
        self.header.wraps.iter().map(|wrapped| &wrapped.code)
    }

    /// Refuses a payload of another part, or one sealed for others than these, in ascending order.
    ///
    /// # Errors
    /// With what was found and what was expected.
    pub fn check(&self, place: &Place, audience: &[MemberCode]) -> Result<(), OpenError> {
        if *place != self.header.place {
            let (found, expected) = (self.header.place.to_string(), place.to_string());
            return Err(OpenError::OtherPlace { found, expected });
        }
        if !self.audience().eq(audience) {
            let list = |codes: &mut dyn Iterator<Item = &MemberCode>| {
                codes.map(ToString::to_string).collect::<Vec<_>>().join(", ")
            };
            let (found, expected) = (list(&mut self.audience()), list(&mut audience.iter()));
            return Err(OpenError::OtherAudience { found, expected });
        }
        Ok(())
    }

    /// The content key, by one of the member's keys.
    ///
    /// # Errors
    /// When it is not sealed to any of them, or what is wrapped is not for it.
    pub fn key(&self, me: &MemberCode, keys: &[SealingSecret]) -> Result<ContentKey, OpenError> {
        let wrapped = self.header.wraps.iter().find(|wrapped| wrapped.code == *me);
        let wrapped = wrapped.ok_or(OpenError::NotForUs)?;
        let secret = keys.iter().find(|key| key.id() == KeyId(wrapped.key));
        let secret = secret.ok_or(OpenError::NotForUs)?.secret();
        let encapsulated = <XWing as hpke::Kem>::EncappedKey::from_bytes(&wrapped.encapsulated.0)
            .map_err(|_| OpenError::Undecryptable)?;
        let opened = hpke::single_shot_open::<Wrap, HkdfSha256, XWing>(
            &OpModeR::Base,
            secret,
            &encapsulated,
            &info(&self.header.place, me),
            &wrapped.wrapped.0,
            b"",
        );
        let opened = Zeroizing::new(opened.map_err(|_| OpenError::Undecryptable)?);
        let key: [u8; 32] = opened.as_slice().try_into().map_err(|_| OpenError::Undecryptable)?;
        Ok(ContentKey::from_bytes(key))
    }

    /// The content, if it is what was committed to.
    ///
    /// # Errors
    /// When it does not decrypt, has another size, or is something else.
    pub fn open(
        &self,
        key: &ContentKey,
        size_class: u8,
        commitment: &Commitment,
    ) -> Result<Opening, OpenError> {
        let found = self.body.len();
        let expected = 1_usize.checked_shl(size_class.into()).unwrap_or(0) + TAG_BYTES;
        if !SIZE_CLASSES.contains(&size_class) || found != expected {
            return Err(OpenError::OtherSize { found, expected, class: size_class });
        }
        let (cipher, nonce) = (ChaCha20Poly1305::new((&*key.0).into()), Nonce::from(ONLY));
        let plain = cipher.decrypt(&nonce, Associated { msg: &self.body, aad: &self.hash });
        let plain = Zeroizing::new(plain.map_err(|_| OpenError::Undecryptable)?);
        let opening = self.read(&plain).ok_or(OpenError::OtherContent)?;
        if opening.commitment() != *commitment {
            return Err(OpenError::OtherContent);
        }
        Ok(opening)
    }

    fn read(&self, plain: &[u8]) -> Option<Opening> {
        let (salt, rest) = plain.split_first_chunk::<32>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (content, padding) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        let least = class_of(content.len());
        if padding.iter().any(|byte| *byte != 0) || 1 << least != plain.len() {
            return None;
        }
        Some(Opening::new(self.header.place.clone(), self.hash, *salt, content.to_vec()))
    }
}

#[cfg(test)]
mod tests;
