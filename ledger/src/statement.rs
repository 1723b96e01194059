//! What a contributor says and signs: one kind, its fields, its sealed parts.
//!
//! The ledger does not read the fields. A kind that it does not know is verified, kept and
//! forwarded all the same, so that a newer kind never splits a network.
//! Source: `docs/spec/02-statement.md`.

use crate::codec::{self, DecodeError};
use crate::entry::{Verifier, VerifyError};
use crate::hash::{Bytes, Commitment, NetworkId, Reference, StatementId, derive};
use crate::key::{BadSignature, PublicKey, Purpose, SecretKey, Signature};
use crate::text::{MemberCode, Topic};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The format version that this program reads and writes.
pub const STATEMENT_FORMAT: u16 = 1;
/// The most bytes of a statement, so that an entry around it fits a C2SP bundle (65,535).
pub const STATEMENT_BYTES_MAX: usize = 60_000;
/// The most signatures on a statement.
pub const SIGNATURES_MAX: usize = 8;
/// The most topics of a statement: one trial may concern many cases.
pub const TOPICS_MAX: usize = 64;
/// The most sealed parts of a statement.
pub const SEALED_PARTS_MAX: usize = 64;
/// The most members that one sealed part names.
pub const AUDIENCE_MAX: usize = 512;

/// The number of a kind of statement. Below 100 the ledger gives it its meaning (`authority`);
/// from 100 on the domain does (`docs/spec/06-kinds.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kind(pub u16);

impl Kind {
    /// True for the kinds that only a member's root key may sign.
    #[must_use]
    pub fn is_administrative(self) -> bool {
        self.0 < 100
    }
}

/// A moment as its author claims it: seconds since 1970-01-01 UTC. Never used for order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// Who may read a sealed part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Audience {
    /// The members concerned by the statement's case, as the domain computes them.
    Concerned,
    /// These members and nobody else, in ascending order.
    Members(Vec<MemberCode>),
    /// Nobody: it stays in its holder's vault, and only the commitment is public.
    Holder,
}

/// The visible side of a part that is encrypted to an audience and kept beside the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedPart {
    /// What the part is, by the numbering of the statement's kind.
    pub part: u16,
    /// Who may read it.
    pub audience: Audience,
    /// Its padded size: the payload has at most 2 to this power bytes.
    pub size_class: u8,
    /// The salted commitment to its content.
    pub commitment: Commitment,
}

/// What a contributor says. Its bytes are what is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// [`STATEMENT_FORMAT`].
    pub format: u16,
    /// The network in which it is said.
    pub network: NetworkId,
    /// The member for whom it is said.
    pub member: MemberCode,
    /// The contributor's own number for it, random or derived from its source.
    pub reference: Reference,
    /// When it was made, as the contributor claims.
    pub made_at: Timestamp,
    /// What kind of statement it is.
    pub kind: Kind,
    /// What it is about, in ascending order.
    pub topics: Vec<Topic>,
    /// The fields of the kind, encoded as the kind says.
    pub body: Bytes,
    /// Its sealed parts.
    pub sealed: Vec<SealedPart>,
}

/// A contributor's signature on a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ContributorSignature {
    /// Whose.
    pub key: PublicKey,
    /// Over the statement's id.
    pub signature: Signature,
}

/// A statement in the right format, with its bytes. Nothing is known of its signatures yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawStatement {
    pub(crate) statement: Statement,
    pub(crate) bytes: Vec<u8>,
    pub(crate) signatures: Vec<ContributorSignature>,
}

/// A statement with the signatures that were made under it, all of them verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedStatement {
    statement: Statement,
    bytes: Vec<u8>,
    id: StatementId,
    signatures: Vec<ContributorSignature>,
}

/// The transport form: what a draft file holds and what a client submits.
#[derive(Serialize, Deserialize)]
struct Draft {
    format: u16,
    statement: Bytes,
    signatures: Vec<ContributorSignature>,
}

impl Statement {
    /// The bytes that are signed.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// The statement of canonical bytes, its lists bounded and in order.
    ///
    /// # Errors
    /// When the bytes are not in this format version.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        const WHAT: &str = "a statement";
        codec::check_version(WHAT, bytes, STATEMENT_FORMAT)?;
        let statement: Self = codec::decode(WHAT, bytes, STATEMENT_BYTES_MAX)?;
        let malformed = |why: &str| Err(DecodeError::Malformed { what: WHAT, why: why.into() });
        if statement.topics.len() > TOPICS_MAX || !statement.topics.is_sorted_by(|a, b| a < b) {
            return malformed("topics are more than 64, repeated or not in ascending order");
        }
        if statement.sealed.len() > SEALED_PARTS_MAX {
            return malformed("more than 64 sealed parts");
        }
        for sealed in &statement.sealed {
            if let Audience::Members(members) = &sealed.audience
                && (members.len() > AUDIENCE_MAX
                    || members.is_empty()
                    || !members.is_sorted_by(|a, b| a < b))
            {
                return malformed("an audience is empty, too long or not in ascending order");
            }
        }
        Ok(statement)
    }

    /// The id of the statement with these bytes.
    #[must_use]
    pub fn id_of(bytes: &[u8]) -> StatementId {
        StatementId(derive("cairn 2026-11 statement v1", bytes))
    }

    /// Signs the statement with one or more contributors' keys.
    #[must_use]
    pub fn sign(self, keys: &[&SecretKey]) -> SignedStatement {
        let bytes = self.encode();
        let id = Self::id_of(&bytes);
        let mut signatures: Vec<_> = keys
            .iter()
            .map(|key| ContributorSignature {
                key: key.public(),
                signature: key.sign(Purpose::Statement, &id.0),
            })
            .collect();
        signatures.sort_unstable_by_key(|signature| signature.key);
        SignedStatement { statement: self, bytes, id, signatures }
    }

    /// Signs the statement with a key that is elsewhere, such as in an agent: `sign` gets the bytes
    /// to be signed. What it gives back is checked before anybody relies on it.
    ///
    /// # Errors
    /// When `sign` fails, or gives something else than the signature of `key`.
    pub fn sign_elsewhere<E: From<BadSignature>>(
        self,
        key: PublicKey,
        sign: impl FnOnce(&[u8]) -> Result<Signature, E>,
    ) -> Result<SignedStatement, E> {
        let bytes = self.encode();
        let id = Self::id_of(&bytes);
        let signature = sign(&Purpose::Statement.preimage(&id.0))?;
        let checked = key.check().map_err(|_| BadSignature)?;
        checked.verify(Purpose::Statement, &id.0, &signature)?;
        let signatures = [ContributorSignature { key, signature }].into();
        Ok(SignedStatement { statement: self, bytes, id, signatures })
    }
}

/// Refuses signature lists that are empty, too long, repeated or out of order.
pub(crate) fn check_signature_list(
    what: &'static str,
    signatures: &[ContributorSignature],
) -> Result<(), DecodeError> {
    let in_order = signatures.is_sorted_by(|a, b| a.key < b.key);
    if signatures.is_empty() || signatures.len() > SIGNATURES_MAX || !in_order {
        let why = "signatures are none, more than 8, repeated or not in ascending order of key";
        return Err(DecodeError::Malformed { what, why: why.into() });
    }
    Ok(())
}

impl RawStatement {
    /// The statement in a draft's or submission's bytes.
    ///
    /// # Errors
    /// When the bytes are not in this format version.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        const WHAT: &str = "a signed statement";
        codec::check_version(WHAT, bytes, STATEMENT_FORMAT)?;
        let draft: Draft = codec::decode(WHAT, bytes, STATEMENT_BYTES_MAX.saturating_add(1024))?;
        check_signature_list(WHAT, &draft.signatures)?;
        let statement = Statement::decode(&draft.statement.0)?;
        Ok(Self { statement, bytes: draft.statement.0, signatures: draft.signatures })
    }

    /// What is said, before anybody is known to have signed it.
    #[must_use]
    pub fn unverified(&self) -> &Statement {
        &self.statement
    }

    /// Checks network and signatures.
    ///
    /// # Errors
    /// When the statement belongs to another network or a signature is not one.
    pub fn verify(self, verifier: &mut Verifier) -> Result<SignedStatement, VerifyError> {
        let id = Statement::id_of(&self.bytes);
        verifier.check_statement(&self.statement, &id, &self.signatures)?;
        let Self { statement, bytes, signatures } = self;
        Ok(SignedStatement { statement, bytes, id, signatures })
    }
}

impl SignedStatement {
    /// Takes over parts that the caller has verified.
    pub(crate) fn from_verified(raw: RawStatement, id: StatementId) -> Self {
        let RawStatement { statement, bytes, signatures } = raw;
        Self { statement, bytes, id, signatures }
    }

    /// Adds the signature of one more key, which may be elsewhere: `sign` gets the bytes to be signed.
    /// What it gives back is checked before anybody relies on it.
    ///
    /// # Errors
    /// When `sign` fails, or gives something else than the signature of `key`.
    pub fn cosign_elsewhere<E: From<BadSignature>>(
        mut self,
        key: PublicKey,
        sign: impl FnOnce(&[u8]) -> Result<Signature, E>,
    ) -> Result<Self, E> {
        let signature = sign(&Purpose::Statement.preimage(&self.id.0))?;
        let checked = key.check().map_err(|_| BadSignature)?;
        checked.verify(Purpose::Statement, &self.id.0, &signature)?;
        self.add(&[ContributorSignature { key, signature }]);
        Ok(self)
    }

    /// Takes over the signatures of another copy of the same statement. `false`, and nothing is
    /// changed, when it is another statement or there would be more signatures than one carries.
    pub fn merge(&mut self, other: &Self) -> bool {
        let new = other.signatures.iter().filter(|one| !self.is_signed_by(&one.key)).count();
        if other.id != self.id || self.signatures.len().saturating_add(new) > SIGNATURES_MAX {
            return false;
        }
        self.add(&other.signatures);
        true
    }

    /// Whether this key has signed.
    #[must_use]
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        self.signatures.iter().any(|signature| signature.key == *key)
    }

    fn add(&mut self, signatures: &[ContributorSignature]) {
        for signature in signatures {
            if !self.is_signed_by(&signature.key) {
                self.signatures.push(*signature);
            }
        }
        self.signatures.sort_unstable_by_key(|signature| signature.key);
    }

    /// The transport form, for a draft file or a submission.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(&Draft {
            format: STATEMENT_FORMAT,
            statement: Bytes(self.bytes.clone()),
            signatures: self.signatures.clone(),
        })
    }

    /// What is said.
    #[must_use]
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// The statement's bytes, as signed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The statement's id.
    #[must_use]
    pub fn id(&self) -> StatementId {
        self.id
    }

    /// Who signed, in ascending order of key.
    #[must_use]
    pub fn signatures(&self) -> &[ContributorSignature] {
        &self.signatures
    }
}
