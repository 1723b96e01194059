//! One complete version of a charter.

use super::body::{Body, COSIGNER, Witness};
use super::pending::PendingCharter;
use crate::cosignature::Cosigner;
use crate::key::PublicKey;
use crate::text::{MemberCode, Text};
use alloc::string::String;
use core::ops::Deref;

/// One version that enough have signed. Holding this type is the proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(pub(super) PendingCharter);

impl Deref for Version {
    type Target = PendingCharter;
    fn deref(&self) -> &PendingCharter {
        &self.0
    }
}

impl Version {
    pub(super) fn body(&self) -> &Body {
        &self.0.checked.body
    }

    /// The origin of a member's log: what its checkpoints begin with.
    #[must_use]
    pub fn origin(&self, code: &MemberCode) -> String {
        alloc::format!("{}/{code}", self.name())
    }

    /// The name under which somebody cosigns.
    #[must_use]
    pub fn cosigner_name(&self, cosigner: &Cosigner) -> String {
        match cosigner {
            Cosigner::Member(code) => alloc::format!("{}{COSIGNER}", self.origin(code)),
            Cosigner::Witness(name) => name.as_str().into(),
        }
    }

    /// The name and the key of a cosigner, if it is a member or a witness.
    #[must_use]
    pub fn cosigner(&self, cosigner: &Cosigner) -> Option<(String, PublicKey)> {
        let key = match cosigner {
            Cosigner::Member(code) => self.member(code)?.keys.cosign,
            Cosigner::Witness(name) => {
                let named = |witness: &&Witness| witness.name == *name;
                self.witnesses().iter().find(named)?.key
            }
        };
        Some((self.cosigner_name(cosigner), key))
    }

    /// The cosigner who signs under a name, and its key.
    #[must_use]
    pub fn cosigner_named(&self, name: &str) -> Option<(Cosigner, PublicKey)> {
        let code = name.strip_prefix(self.name().as_str()).and_then(|rest| rest.strip_prefix('/'));
        let code = code.and_then(|code| MemberCode::new(code.strip_suffix(COSIGNER)?).ok());
        let cosigner = match code {
            Some(code) => Cosigner::Member(code),
            None => Cosigner::Witness(Text::new(name).ok()?),
        };
        let (_, key) = self.cosigner(&cosigner)?;
        Some((cosigner, key))
    }
}
