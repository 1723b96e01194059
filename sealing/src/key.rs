//! Keys to which parts are sealed, and the key of one part's content.

use crate::error::SealError;
use cairn_ledger::card::{Card, SealingKey, X_WING};
use cairn_ledger::hash::{Bytes, derive};
use cairn_ledger::{MemberCode, SecretKey};
use hpke::kem::XWing;
use hpke::{Deserializable as _, Kem as _, Serializable as _};
use zeroize::Zeroizing;

type Public = <XWing as hpke::Kem>::PublicKey;
type Private = <XWing as hpke::Kem>::PrivateKey;

/// A short name of a sealing key: which of a member's keys opens a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u64);

impl KeyId {
    fn of(public: &[u8]) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = derive("cairn 2026-11 sealing key id v1", public);
        Self(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
    }
}

/// The secret half of a member's sealing key. Never printed.
#[derive(Clone)]
pub struct SealingSecret {
    secret: Private,
    id: KeyId,
}

impl std::fmt::Debug for SealingSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealingSecret({:016x})", self.id.0)
    }
}

impl SealingSecret {
    /// The sealing key of a key file.
    #[must_use]
    pub fn of(file: &SecretKey) -> Self {
        let seed = Zeroizing::new(derive("cairn 2026-11 sealing key v1", &*file.seed()));
        let secret = Private::from_bytes(&*seed).expect("32 bytes are an X-Wing private key");
        let id = KeyId::of(&XWing::sk_to_pk(&secret).to_bytes());
        Self { secret, id }
    }

    /// The public half, as a card lists it.
    #[must_use]
    pub fn public(&self) -> SealingKey {
        let key = Bytes(XWing::sk_to_pk(&self.secret).to_bytes().to_vec());
        SealingKey { algorithm: X_WING, key }
    }

    /// Its short name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    pub(crate) fn secret(&self) -> &Private {
        &self.secret
    }
}

/// A member to which a part is sealed.
#[derive(Debug, Clone)]
pub struct Recipient {
    pub(crate) code: MemberCode,
    pub(crate) id: KeyId,
    pub(crate) public: Public,
}

impl Recipient {
    /// The member of a card.
    ///
    /// # Errors
    /// When the card has no sealing key, or one that is none.
    pub fn of(card: &Card) -> Result<Self, SealError> {
        let code = card.code.clone();
        let listed = card.sealing.iter().find(|key| key.algorithm == X_WING);
        let Some(SealingKey { key: Bytes(key), .. }) = listed else {
            return Err(SealError::NoKey(code));
        };
        let public = Public::from_bytes(key).map_err(|_| SealError::BadKey(code.clone()))?;
        Ok(Self { code, id: KeyId::of(key), public })
    }

    /// Whose key it is.
    #[must_use]
    pub fn code(&self) -> &MemberCode {
        &self.code
    }
}

/// The key of one part's content. Whoever has it can read the part: it is never printed, and wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct ContentKey(pub(crate) Zeroizing<[u8; 32]>);

impl std::fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ContentKey")
    }
}

impl ContentKey {
    /// The key of 32 bytes, as a grant hands it on.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for a grant's content.
    #[must_use]
    pub fn bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.to_vec())
    }
}
