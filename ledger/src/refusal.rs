//! A second person's no to a statement that waits for its signature.
//!
//! It concerns one node's waiting statements alone and never stands in a log. Source:
//! `docs/spec/14-reviews.md`.

use crate::hash::{StatementId, derive};
use crate::key::{BadSignature, PublicKey, Purpose, Signature};
use crate::text::Text;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Why somebody does not sign, for the contributors of the same member to read.
pub type Reason = Text<500>;

/// A contributor refuses to sign a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Whose key.
    pub key: PublicKey,
    /// Why.
    pub reason: Reason,
    /// Over the statement's id and the reason.
    pub signature: Signature,
}

impl Refusal {
    /// Refuses with a key that may be elsewhere: `sign` gets the bytes to be signed.
    ///
    /// # Errors
    /// When `sign` fails, or gives something else than the signature of `key`.
    pub fn sign<E: From<BadSignature>>(
        statement: &StatementId,
        key: PublicKey,
        reason: Reason,
        sign: impl FnOnce(&[u8]) -> Result<Signature, E>,
    ) -> Result<Self, E> {
        let signature = sign(&Purpose::Refusal.preimage(&hash(statement, &reason)))?;
        let refusal = Self { key, reason, signature };
        refusal.verify(statement)?;
        Ok(refusal)
    }

    /// Checks that this key refuses this statement for this reason.
    ///
    /// # Errors
    /// When it does not.
    pub fn verify(&self, statement: &StatementId) -> Result<(), BadSignature> {
        let key = self.key.check().map_err(|_| BadSignature)?;
        key.verify(Purpose::Refusal, &hash(statement, &self.reason), &self.signature)
    }
}

/// The id has one length: what follows it is the reason, and nothing can be moved between them.
fn hash(statement: &StatementId, reason: &Reason) -> [u8; 32] {
    let bytes: Vec<u8> = [&statement.0, reason.as_str().as_bytes()].concat();
    derive("cairn 2026-11 refusal v1", &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SecretKey;

    #[test]
    fn a_refusal_holds_for_one_statement_one_reason_and_one_key() {
        let key = SecretKey::from_seed([1; 32]);
        let id = StatementId([7; 32]);
        let sign = |bytes: &[u8]| Ok::<_, BadSignature>(key.sign_bytes(bytes));
        let reason: Reason = "not our case".parse().unwrap();
        let good = Refusal::sign(&id, key.public(), reason.clone(), sign).unwrap();
        assert_eq!(good.verify(&id), Ok(()));
        assert_eq!(good.verify(&StatementId([8; 32])), Err(BadSignature));
        let other = Refusal { reason: "not our cas".parse().unwrap(), ..good.clone() };
        assert_eq!(other.verify(&id), Err(BadSignature));
        let other = Refusal { key: SecretKey::from_seed([2; 32]).public(), ..good.clone() };
        assert_eq!(other.verify(&id), Err(BadSignature));
        // A signature on a statement is no refusal of it.
        let signed = key.sign(Purpose::Statement, &hash(&id, &reason));
        assert_eq!(Refusal { signature: signed, ..good }.verify(&id), Err(BadSignature));
    }
}
