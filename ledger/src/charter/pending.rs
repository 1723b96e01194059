//! A charter on its way: drafted, signed by some, and in force once enough have.

use super::Charter;
use super::body::{
    AMENDMENT_BYTES_MAX, AMENDMENT_FORMAT, Body, CHARTER_BYTES_MAX, CHARTER_FORMAT, Checked, Ended,
    Rules, WHAT, Witness,
};
use super::error::CharterError;
use super::succession::{Change, Electors};
use super::version::Version;
use crate::card::Card;
use crate::codec::{self, DecodeError};
use crate::hash::{Bytes, CharterId, NetworkId, derive};
use crate::key::{PublicKey, Purpose, SecretKey, Signature};
use crate::statement::Timestamp;
use crate::text::{MemberCode, NetworkName, Text};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct RootSignature {
    member: MemberCode,
    signature: Signature,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct WitnessSignature {
    name: Text<120>,
    signature: Signature,
}

#[derive(Serialize, Deserialize)]
struct Signed {
    format: u16,
    body: Bytes,
    signatures: Vec<RootSignature>,
}

/// A charter whose cards were verified and whose signatures, so far as they go, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingCharter {
    pub(super) checked: Checked,
    electors: Electors,
    id: CharterId,
    signatures: BTreeMap<MemberCode, Signature>,
    /// Of witnesses that the version before does not list.
    proofs: BTreeMap<Text<120>, Signature>,
}

impl PendingCharter {
    /// Drafts the first charter of a network from its members' signed cards.
    ///
    /// # Errors
    /// When a card is refused or the members or thresholds do not fit together.
    pub fn found(
        name: NetworkName,
        made_at: Timestamp,
        rules: Rules,
        cards: &[Vec<u8>],
    ) -> Result<Self, CharterError> {
        let members = in_order(cards)?;
        let (format, previous, witnesses) = (CHARTER_FORMAT, CharterId::default(), Vec::new());
        let body = Body { format, version: 1, previous, name, made_at, rules, members, witnesses };
        Self::unsigned(Checked::decode(Checked::encode(&body, &[]))?, None)
    }

    /// Drafts the successor of the charter in force.
    ///
    /// # Errors
    /// When a card is refused, or the change is not one that may be made.
    pub fn amend(
        charter: &Charter,
        made_at: Timestamp,
        rules: Rules,
        cards: &[Vec<u8>],
        witnesses: Vec<Witness>,
        mut ended: Vec<Ended>,
    ) -> Result<Self, CharterError> {
        ended.sort();
        let body = Body {
            format: AMENDMENT_FORMAT,
            version: charter.version().saturating_add(1),
            previous: charter.id(),
            name: charter.name().clone(),
            made_at: made_at.max(charter.made_at()),
            rules,
            members: in_order(cards)?,
            witnesses,
        };
        let checked = Checked::decode(Checked::encode(&body, &ended))?;
        Self::unsigned(checked, Some(charter.current()))
    }

    /// The first charter of a network in `bytes`, complete or not.
    ///
    /// # Errors
    /// When it is not in the format, contradicts itself, or a signature on it is wrong.
    pub fn decode(bytes: &[u8]) -> Result<Self, CharterError> {
        codec::check_version(WHAT, bytes, CHARTER_FORMAT)?;
        let signed: Signed = codec::decode(WHAT, bytes, CHARTER_BYTES_MAX)?;
        codec::check_version(WHAT, &signed.body.0, CHARTER_FORMAT)?;
        let mut pending = Self::unsigned(Checked::decode(signed.body.0)?, None)?;
        pending.signatures =
            pending.check(&pending.electors.roots, by_member(signed.signatures))?;
        Ok(pending)
    }

    /// The amendment of a known version in `bytes`, complete or not.
    ///
    /// # Errors
    /// When it is not in the format, amends nothing that `charter` knows, changes what may not
    /// change, or a signature on it is wrong.
    pub fn decode_amendment(bytes: &[u8], charter: &Charter) -> Result<Self, CharterError> {
        codec::check_version(WHAT, bytes, AMENDMENT_FORMAT)?;
        let (signed, proofs): (Signed, Vec<WitnessSignature>) =
            codec::decode(WHAT, bytes, AMENDMENT_BYTES_MAX)?;
        codec::check_version(WHAT, &signed.body.0, AMENDMENT_FORMAT)?;
        let checked = Checked::decode(signed.body.0)?;
        let (version, previous) = (checked.body.version, checked.body.previous);
        let before = charter.version_of(&previous);
        let before = before.ok_or(CharterError::NoPredecessor { version, previous })?;
        let mut pending = Self::unsigned(checked, Some(before))?;
        pending.signatures =
            pending.check(&pending.electors.roots, by_member(signed.signatures))?;
        let proofs = proofs.into_iter().map(|proof| (proof.name, proof.signature));
        pending.proofs = pending.check(&pending.electors.witnesses, proofs)?;
        Ok(pending)
    }

    fn unsigned(checked: Checked, before: Option<&Version>) -> Result<Self, CharterError> {
        let electors = match before {
            None => Electors::founding(&checked.cards),
            Some(before) => Electors::amending(before, &checked)?,
        };
        let id = CharterId(derive("cairn 2026-11 charter v1", &checked.bytes));
        let (signatures, proofs) = Default::default();
        Ok(Self { checked, electors, id, signatures, proofs })
    }

    /// Checks signatures in ascending order of name, each by the key that is listed for the name.
    fn check<N: Ord + Clone + ToString>(
        &self,
        keys: &BTreeMap<N, PublicKey>,
        signatures: impl Iterator<Item = (N, Signature)>,
    ) -> Result<BTreeMap<N, Signature>, CharterError> {
        let mut checked: BTreeMap<N, Signature> = BTreeMap::new();
        for (name, signature) in signatures {
            let refuse = || CharterError::BadSignature(name.to_string());
            let key = keys.get(&name).ok_or_else(refuse)?;
            let key = key.check().map_err(|_| refuse())?;
            key.verify(Purpose::Charter, &self.id.0, &signature).map_err(|_| refuse())?;
            if checked.last_key_value().is_some_and(|(before, _)| *before >= name) {
                return Err(refuse());
            }
            checked.insert(name, signature);
        }
        Ok(checked)
    }

    /// Adds the signature of the member or new witness whose key this is, and says who that is.
    /// Signing twice changes nothing.
    ///
    /// # Errors
    /// When nobody who may sign has this key.
    pub fn sign(&mut self, key: &SecretKey) -> Result<String, CharterError> {
        let (public, signature) = (key.public(), key.sign(Purpose::Charter, &self.id.0));
        let Electors { roots, witnesses, .. } = &self.electors;
        if let Some((code, _)) = roots.iter().find(|(_, root)| **root == public) {
            self.signatures.insert(code.clone(), signature);
            return Ok(code.to_string());
        }
        let witness = witnesses.iter().find(|(_, listed)| **listed == public);
        let (name, _) = witness.ok_or(CharterError::NoSigner)?;
        self.proofs.insert(name.clone(), signature);
        Ok(name.to_string())
    }

    /// Brings together the signatures on two copies of one charter. True when one was new here.
    ///
    /// # Errors
    /// When the other is a copy of another charter.
    pub fn merge(&mut self, other: Self) -> Result<bool, CharterError> {
        if self.id != other.id {
            let (expected, found) = (NetworkId(self.id.0), NetworkId(other.id.0));
            return Err(CharterError::WrongNetwork { found, expected });
        }
        let before = (self.signatures.len(), self.proofs.len());
        for (member, signature) in other.signatures {
            self.signatures.entry(member).or_insert(signature);
        }
        for (name, signature) in other.proofs {
            self.proofs.entry(name).or_insert(signature);
        }
        Ok(before != (self.signatures.len(), self.proofs.len()))
    }

    /// Members that may sign and have not.
    #[must_use]
    pub fn missing(&self) -> Vec<MemberCode> {
        let codes = self.electors.roots.keys();
        codes.filter(|code| !self.signatures.contains_key(*code)).cloned().collect()
    }

    /// Members that have signed.
    pub fn signers(&self) -> impl Iterator<Item = &MemberCode> {
        self.signatures.keys()
    }

    /// How many distinct members have to sign.
    #[must_use]
    pub fn needed(&self) -> usize {
        self.electors.needed
    }

    /// What it changes, and so which threshold it needs; nothing for a first charter.
    #[must_use]
    pub fn change(&self) -> Option<Change> {
        self.electors.change
    }

    /// Says what is still missing.
    ///
    /// # Errors
    /// When signatures are missing.
    pub fn check_complete(&self) -> Result<(), CharterError> {
        let Electors { roots, needed, musts, witnesses, change } = &self.electors;
        let unsigned = |code: &&MemberCode| !self.signatures.contains_key(*code);
        if change.is_none() && self.signatures.len() < roots.len() {
            return Err(CharterError::Incomplete(self.missing()));
        }
        if self.signatures.len() < *needed {
            let (found, needed) = (self.signatures.len(), *needed);
            return Err(CharterError::TooFew { found, needed });
        }
        if let Some(code) = musts.iter().find(unsigned) {
            return Err(CharterError::Needs(code.to_string()));
        }
        let unproven = witnesses.keys().find(|name| !self.proofs.contains_key(*name));
        unproven.map_or(Ok(()), |name| Err(CharterError::Needs(name.to_string())))
    }

    /// The first charter of a network, in force: every founding member has signed.
    ///
    /// # Errors
    /// When signatures are missing, or it amends another.
    pub fn complete(self) -> Result<Charter, CharterError> {
        if self.electors.change.is_some() {
            return Err(CharterError::NotFirst { found: self.version() });
        }
        Ok(Charter::founded(self.into_version()?))
    }

    pub(super) fn into_version(self) -> Result<Version, CharterError> {
        self.check_complete()?;
        Ok(Version(self))
    }

    /// The bytes of the charter with the signatures it has.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let signatures = self.signatures.iter();
        let signatures = signatures.map(|(member, signature)| RootSignature {
            member: member.clone(),
            signature: *signature,
        });
        let format = self.checked.body.format;
        let body = Bytes(self.checked.bytes.clone());
        let signed = Signed { format, body, signatures: signatures.collect() };
        if format == CHARTER_FORMAT {
            return codec::encode(&signed);
        }
        let proofs = self.proofs.iter().map(|(name, signature)| WitnessSignature {
            name: name.clone(),
            signature: *signature,
        });
        codec::encode(&(signed, proofs.collect::<Vec<_>>()))
    }

    /// The id of this version: the hash of its body.
    #[must_use]
    pub fn id(&self) -> CharterId {
        self.id
    }

    /// The version, from 1.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.checked.body.version
    }

    /// The id of the version that it amends.
    #[must_use]
    pub fn previous(&self) -> CharterId {
        self.checked.body.previous
    }

    /// When it was drafted, as its drafter claims.
    #[must_use]
    pub fn made_at(&self) -> Timestamp {
        self.checked.body.made_at
    }

    /// The network's name.
    #[must_use]
    pub fn name(&self) -> &NetworkName {
        &self.checked.body.name
    }

    /// Its rules.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.checked.body.rules
    }

    /// The members' cards, in ascending order of code.
    #[must_use]
    pub fn members(&self) -> &[Card] {
        &self.checked.cards
    }

    /// The card of one member.
    #[must_use]
    pub fn member(&self, code: &MemberCode) -> Option<&Card> {
        self.checked.card(code)
    }

    /// The members' signed cards, as they stand in it.
    pub fn signed_cards(&self) -> impl Iterator<Item = &[u8]> {
        self.checked.body.members.iter().map(|card| card.0.as_slice())
    }

    /// Its witnesses.
    #[must_use]
    pub fn witnesses(&self) -> &[Witness] {
        &self.checked.body.witnesses
    }

    /// The logs of removed members, and where they end.
    #[must_use]
    pub fn ended(&self) -> &[Ended] {
        &self.checked.ended
    }
}

fn by_member(signatures: Vec<RootSignature>) -> impl Iterator<Item = (MemberCode, Signature)> {
    signatures.into_iter().map(|one| (one.member, one.signature))
}

/// Signed cards in ascending order of code, each of them verified.
fn in_order(cards: &[Vec<u8>]) -> Result<Vec<Bytes>, CharterError> {
    let mut members = Vec::new();
    for bytes in cards {
        members.push((Card::verify(bytes)?.code, Bytes(bytes.clone())));
    }
    let codes: BTreeSet<_> = members.iter().map(|(code, _)| code).collect();
    if codes.len() != members.len() {
        let why = "two cards are of one member".into();
        return Err(DecodeError::Malformed { what: WHAT, why }.into());
    }
    members.sort();
    Ok(members.into_iter().map(|(_, bytes)| bytes).collect())
}
