//! A member's card: who it is and which keys are its own, each key proving itself.
//!
//! Source: `docs/spec/05-charter.md`.

use crate::codec::{self, DecodeError};
use crate::hash::{Bytes, derive};
use crate::key::{KeyError, PublicKey, Purpose, SecretKey, Signature};
use crate::text::{MemberCode, Text};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The format version that this program reads and writes.
pub const CARD_FORMAT: u16 = 1;
/// The most bytes of a signed card.
pub const CARD_BYTES_MAX: usize = 16 << 10;
/// The algorithm of sealing keys that is assigned.
pub const X_WING: u16 = 1;
/// The bytes of a key of that algorithm.
pub const X_WING_BYTES: usize = 1216;
const WHAT: &str = "a member card";

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberKind {
    /// A Member State.
    State,
    /// The United Nations Secretariat.
    Secretariat,
    /// A peacekeeping operation.
    Mission,
    /// A regional or subregional organisation.
    RegionalOrganisation,
}

impl core::fmt::Display for MemberKind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(match self {
            Self::State => "State",
            Self::Secretariat => "Secretariat",
            Self::Mission => "mission",
            Self::RegionalOrganisation => "regional organisation",
        })
    }
}

/// A key that others encrypt to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealingKey {
    /// By the numbering of the specification: 1 is X-Wing.
    pub algorithm: u16,
    /// The public key.
    pub key: Bytes,
}

/// A member's signing keys: four, all different, because one stolen key must not be all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberKeys {
    /// Offline. Signs charters and says who may speak for the member.
    pub root: PublicKey,
    /// Signs the log's checkpoints.
    pub log: PublicKey,
    /// Cosigns the checkpoints of others.
    pub cosign: PublicKey,
    /// The node's identity towards peers.
    pub transport: PublicKey,
}

/// A member as its own operator describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// [`CARD_FORMAT`].
    pub format: u16,
    /// The short code, unique in the network.
    pub code: MemberCode,
    /// The name.
    pub name: Text<120>,
    /// What it is.
    pub kind: MemberKind,
    /// Its signing keys.
    pub keys: MemberKeys,
    /// Keys that sealed parts can be encrypted to. A member without one is nobody's audience yet.
    pub sealing: Vec<SealingKey>,
}

/// The secret halves of [`MemberKeys`].
#[derive(Debug, Clone)]
pub struct MemberSecrets {
    /// See [`MemberKeys::root`].
    pub root: SecretKey,
    /// See [`MemberKeys::log`].
    pub log: SecretKey,
    /// See [`MemberKeys::cosign`].
    pub cosign: SecretKey,
    /// See [`MemberKeys::transport`].
    pub transport: SecretKey,
}

impl MemberSecrets {
    /// The public halves.
    #[must_use]
    pub fn public(&self) -> MemberKeys {
        MemberKeys {
            root: self.root.public(),
            log: self.log.public(),
            cosign: self.cosign.public(),
            transport: self.transport.public(),
        }
    }
}

/// Why a card is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// Not in the format.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A key cannot be used.
    #[error("the {role} key of {code}: {why}")]
    BadKey {
        /// Whose card.
        code: MemberCode,
        /// Which key.
        role: &'static str,
        /// What is wrong.
        why: KeyError,
    },
    /// A key has not proven itself.
    #[error("the {role} key of {code} has not signed the card")]
    NotProven {
        /// Whose card.
        code: MemberCode,
        /// Which key.
        role: &'static str,
    },
    /// A sealing key of a known algorithm has another size, or stands there twice.
    #[error("the sealing keys of {code}: {why}")]
    Sealing {
        /// Whose card.
        code: MemberCode,
        /// What is wrong.
        why: &'static str,
    },
    /// One key stands in two places.
    #[error("{code} uses one key for two purposes: {role}")]
    Repeated {
        /// Whose card.
        code: MemberCode,
        /// The second place.
        role: &'static str,
    },
}

#[derive(Serialize, Deserialize)]
struct SignedCard {
    format: u16,
    card: Bytes,
    /// By the root, log, cosigning and transport key, in this order.
    proofs: [Signature; 4],
}

impl MemberKeys {
    /// The keys with the names of their roles, in the order of the proofs.
    #[must_use]
    pub fn by_role(&self) -> [(&'static str, PublicKey); 4] {
        let Self { root, log, cosign, transport } = *self;
        [("root", root), ("log", log), ("cosigning", cosign), ("transport", transport)]
    }
}

impl Card {
    /// The signed card: every key proves that its holder has it.
    #[must_use]
    pub fn sign(&self, secrets: &MemberSecrets) -> Vec<u8> {
        let mut pending = PendingCard::new(self.clone());
        let MemberSecrets { root, log, cosign, transport } = secrets;
        for key in [root, log, cosign, transport] {
            pending.sign(key);
        }
        pending.encode()
    }

    /// The card of `bytes`, every key of which has proven itself.
    ///
    /// # Errors
    /// When it is not in the format, or a key is unusable, unproven or stands in two places.
    pub fn verify(bytes: &[u8]) -> Result<Self, CardError> {
        codec::check_version(WHAT, bytes, CARD_FORMAT)?;
        let signed: SignedCard = codec::decode(WHAT, bytes, CARD_BYTES_MAX)?;
        codec::check_version(WHAT, &signed.card.0, CARD_FORMAT)?;
        let card: Self = codec::decode(WHAT, &signed.card.0, CARD_BYTES_MAX)?;
        card.check_sealing()?;
        let hash = hash_of(&signed.card.0);
        let keys = card.keys.by_role();
        for (index, ((role, key), proof)) in keys.iter().zip(&signed.proofs).enumerate() {
            let (code, role) = (card.code.clone(), *role);
            if keys.iter().take(index).any(|(_, other)| other == key) {
                return Err(CardError::Repeated { code, role });
            }
            let checked = match key.check() {
                Ok(checked) => checked,
                Err(why) => return Err(CardError::BadKey { code, role, why }),
            };
            if checked.verify(Purpose::Card, &hash, proof).is_err() {
                return Err(CardError::NotProven { code, role });
            }
        }
        Ok(card)
    }
}

impl Card {
    /// Whether a sealing key is one to which something can be sealed shows when that is done; here is
    /// what can be told of its form.
    fn check_sealing(&self) -> Result<(), CardError> {
        let wrong = |why| Err(CardError::Sealing { code: self.code.clone(), why });
        let mut known = self.sealing.iter().filter(|key| key.algorithm == X_WING);
        match (known.next(), known.next()) {
            (_, Some(_)) => wrong("two of algorithm 1, at most one is allowed"),
            (Some(key), None) if key.key.0.len() != X_WING_BYTES => {
                wrong("one of algorithm 1 that has not 1216 bytes")
            }
            _ => Ok(()),
        }
    }
}

/// Stands in the place of a signature that is still to be made.
const NOT_YET: Signature = Signature([0; 64]);

/// A card on its way from key to key: not all of them lie on one machine. [`Card::verify`] takes its
/// bytes once all have signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingCard {
    card: Card,
    bytes: Vec<u8>,
    proofs: [Signature; 4],
}

impl PendingCard {
    /// A card that nobody has signed.
    #[must_use]
    pub fn new(card: Card) -> Self {
        let bytes = codec::encode(&card);
        Self { card, bytes, proofs: [NOT_YET; 4] }
    }

    /// The card of `bytes`, whoever has signed it so far.
    ///
    /// # Errors
    /// When it is not in the format, a key is unusable, or a signature that is there is not one.
    pub fn decode(bytes: &[u8]) -> Result<Self, CardError> {
        codec::check_version(WHAT, bytes, CARD_FORMAT)?;
        let SignedCard { card: Bytes(bytes), proofs, .. } =
            codec::decode(WHAT, bytes, CARD_BYTES_MAX)?;
        codec::check_version(WHAT, &bytes, CARD_FORMAT)?;
        let card: Card = codec::decode(WHAT, &bytes, CARD_BYTES_MAX)?;
        card.check_sealing()?;
        let hash = hash_of(&bytes);
        for ((role, key), proof) in card.keys.by_role().into_iter().zip(&proofs) {
            let code = || card.code.clone();
            let checked =
                key.check().map_err(|why| CardError::BadKey { code: code(), role, why })?;
            let proven = checked.verify(Purpose::Card, &hash, proof).is_ok();
            if *proof != NOT_YET && !proven {
                return Err(CardError::NotProven { code: code(), role });
            }
        }
        Ok(Self { card, bytes, proofs })
    }

    /// What it says.
    #[must_use]
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Signs with a key that stands on the card, and names its role; none where it stands nowhere.
    pub fn sign(&mut self, secret: &SecretKey) -> Option<&'static str> {
        let hash = hash_of(&self.bytes);
        let mut places = self.card.keys.by_role().into_iter().zip(&mut self.proofs);
        let ((role, _), proof) = places.find(|((_, key), _)| *key == secret.public())?;
        *proof = secret.sign(Purpose::Card, &hash);
        Some(role)
    }

    /// The roles whose keys have not signed yet.
    pub fn missing(&self) -> impl Iterator<Item = &'static str> + '_ {
        let places = self.card.keys.by_role().into_iter().zip(&self.proofs);
        places.filter(|(_, proof)| **proof == NOT_YET).map(|((role, _), _)| role)
    }

    /// The bytes, in the form of a signed card.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (card, proofs) = (Bytes(self.bytes.clone()), self.proofs);
        codec::encode(&SignedCard { format: CARD_FORMAT, card, proofs })
    }
}

fn hash_of(card: &[u8]) -> [u8; 32] {
    derive("cairn 2026-11 card v1", card)
}
