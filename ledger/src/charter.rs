//! The signed list of members, their keys and the rules of the network.
//!
//! Source: `docs/spec/05-charter.md`. This version founds networks (charter version 1); how a
//! charter changes is not decided here yet, but its bytes have room for it.

use crate::card::{Card, CardError};
pub use crate::card::{MemberKeys, MemberKind};
use crate::codec::{self, DecodeError};
use crate::cosignature::Cosigner;
use crate::hash::{Bytes, CharterId, NetworkId, derive};
use crate::key::{PublicKey, Purpose, SecretKey, Signature};
use crate::note::is_key_name;
use crate::statement::{Kind, Timestamp};
use crate::text::{MemberCode, NetworkName, Text};
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The format version that this program reads and writes.
pub const CHARTER_FORMAT: u16 = 1;
/// The most bytes of a signed charter.
pub const CHARTER_BYTES_MAX: usize = 4 << 20;
/// The most members of a network.
pub const MEMBERS_MAX: usize = 512;
/// The most witnesses of a network.
pub const WITNESSES_MAX: usize = 512;
/// What stands behind a log's origin in the name under which its member cosigns others' logs.
const COSIGNER: &str = "/cosigner";
const WHAT: &str = "a charter";

/// How many signatures what needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Distinct members that admit or remove a member or change these rules.
    pub amend: u16,
    /// Distinct members that rotate another member's lost root key.
    pub rotate: u16,
    /// Distinct members whose cosignatures make an entry confirmed.
    pub confirm: u16,
    /// Whether a new charter version needs the Secretariat among its signers.
    pub secretariat_signs: bool,
    /// Kinds of statement that need two contributors, in ascending order.
    pub two_people: Vec<Kind>,
}

impl Rules {
    /// More than two thirds of `members` for everything: safe while fewer than a third lie.
    #[must_use]
    pub fn two_thirds_of(members: usize) -> Self {
        let quorum = members.saturating_mul(2) / 3;
        let quorum = u16::try_from(quorum.saturating_add(1)).unwrap_or(u16::MAX);
        let (amend, rotate, confirm) = (quorum, quorum, quorum);
        Self { amend, rotate, confirm, secretariat_signs: true, two_people: Vec::new() }
    }
}

/// A participant without a log that cosigns others' checkpoints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// The key name on its cosignatures.
    pub name: Text<120>,
    /// Its cosigning key.
    pub key: PublicKey,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Body {
    format: u16,
    version: u32,
    previous: CharterId,
    name: NetworkName,
    made_at: Timestamp,
    rules: Rules,
    /// Signed cards, in ascending order of member code.
    members: Vec<Bytes>,
    witnesses: Vec<Witness>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct RootSignature {
    member: MemberCode,
    signature: Signature,
}

#[derive(Serialize, Deserialize)]
struct Signed {
    format: u16,
    body: Bytes,
    signatures: Vec<RootSignature>,
}

/// Why a charter is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CharterError {
    /// Not in the format.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A member's card is refused.
    #[error(transparent)]
    Card(#[from] CardError),
    /// A later version, or a first one that names a predecessor.
    #[error("charter version {found}: this program reads version 1 without a predecessor")]
    NotFirst {
        /// The version found.
        found: u32,
    },
    /// Two members share a code or a key, or they are not in ascending order of code.
    #[error("member {0} is out of order, or shares its code or a key with another")]
    Members(MemberCode),
    /// A threshold is zero or larger than the number of members.
    #[error("a threshold of {threshold} cannot work with {members} members")]
    Threshold {
        /// The threshold found.
        threshold: u16,
        /// How many members there are.
        members: usize,
    },
    /// A signature is wrong or by nobody listed.
    #[error("the signature of {0} does not match")]
    BadSignature(MemberCode),
    /// Signatures are missing.
    #[error("not signed yet by {}", list(.0))]
    Incomplete(Vec<MemberCode>),
    /// Another network than the one that was asked for.
    #[error("the charter founds network {found}, expected {expected}")]
    WrongNetwork {
        /// The network found.
        found: NetworkId,
        /// The network expected.
        expected: NetworkId,
    },
}

fn list(codes: &[MemberCode]) -> String {
    codes.iter().map(MemberCode::as_str).collect::<Vec<_>>().join(", ")
}

/// A charter whose cards were verified and whose signatures, so far as they go, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingCharter {
    body: Body,
    bytes: Vec<u8>,
    cards: Vec<Card>,
    signatures: Vec<RootSignature>,
}

/// A charter in force. Holding this type is the proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charter {
    pending: PendingCharter,
    id: CharterId,
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
        let mut members = Vec::new();
        for bytes in cards {
            members.push((Card::verify(bytes)?.code, Bytes(bytes.clone())));
        }
        members.sort();
        let members = members.into_iter().map(|(_, bytes)| bytes).collect();
        let (format, previous, witnesses) = (CHARTER_FORMAT, CharterId::default(), Vec::new());
        let body = Body { format, version: 1, previous, name, made_at, rules, members, witnesses };
        Self::check(codec::encode(&body), Vec::new())
    }

    /// The charter of `bytes`, complete or not.
    ///
    /// # Errors
    /// When it is not in the format, contradicts itself, or a signature on it is wrong.
    pub fn decode(bytes: &[u8]) -> Result<Self, CharterError> {
        codec::check_version(WHAT, bytes, CHARTER_FORMAT)?;
        let signed: Signed = codec::decode(WHAT, bytes, CHARTER_BYTES_MAX)?;
        Self::check(signed.body.0, signed.signatures)
    }

    fn check(bytes: Vec<u8>, signatures: Vec<RootSignature>) -> Result<Self, CharterError> {
        codec::check_version(WHAT, &bytes, CHARTER_FORMAT)?;
        let body: Body = codec::decode(WHAT, &bytes, CHARTER_BYTES_MAX)?;
        if body.version != 1 || body.previous != CharterId::default() {
            return Err(CharterError::NotFirst { found: body.version });
        }
        let cards = check_members(&body)?;
        check_rules(&body.rules, cards.len())?;
        let pending = Self { body, bytes, cards, signatures };
        pending.check_signatures()?;
        Ok(pending)
    }

    fn check_signatures(&self) -> Result<(), CharterError> {
        let id = self.id();
        let mut before: Option<&MemberCode> = None;
        for RootSignature { member, signature } in &self.signatures {
            let refuse = || CharterError::BadSignature(member.clone());
            let card = self.card(member).ok_or_else(refuse)?;
            let key = card.keys.root.check().map_err(|_| refuse())?;
            key.verify(Purpose::Charter, &id.0, signature).map_err(|_| refuse())?;
            if before.is_some_and(|before| before >= member) {
                return Err(refuse());
            }
            before = Some(member);
        }
        Ok(())
    }

    /// Adds the signature of the member whose root key this is. Signing twice changes nothing.
    ///
    /// # Errors
    /// When no member has this root key.
    pub fn sign(&mut self, root: &SecretKey) -> Result<&MemberCode, CharterError> {
        let (id, key) = (self.id(), root.public());
        let nobody = DecodeError::Malformed { what: "a root key", why: "no member has it".into() };
        let card = self.cards.iter().find(|card| card.keys.root == key).ok_or(nobody)?;
        let signature = RootSignature {
            member: card.code.clone(),
            signature: root.sign(Purpose::Charter, &id.0),
        };
        self.signatures.retain(|other| other.member != card.code);
        self.signatures.push(signature);
        self.signatures.sort_by(|a, b| a.member.cmp(&b.member));
        Ok(&card.code)
    }

    /// Brings together the signatures on two copies of one charter.
    ///
    /// # Errors
    /// When the other is a copy of another charter.
    pub fn merge(&mut self, other: Self) -> Result<(), CharterError> {
        if self.bytes != other.bytes {
            let (expected, found) = (NetworkId(self.id().0), NetworkId(other.id().0));
            return Err(CharterError::WrongNetwork { found, expected });
        }
        for signature in other.signatures {
            self.signatures.retain(|held| held.member != signature.member);
            self.signatures.push(signature);
        }
        self.signatures.sort_by(|a, b| a.member.cmp(&b.member));
        Ok(())
    }

    /// Members whose signature is missing.
    #[must_use]
    pub fn missing(&self) -> Vec<MemberCode> {
        let signed: BTreeSet<_> = self.signatures.iter().map(|s| &s.member).collect();
        let codes = self.cards.iter().map(|card| &card.code);
        codes.filter(|code| !signed.contains(code)).cloned().collect()
    }

    /// The charter in force: every founding member has signed.
    ///
    /// # Errors
    /// When signatures are missing.
    pub fn complete(self) -> Result<Charter, CharterError> {
        let missing = self.missing();
        if missing.is_empty() {
            Ok(Charter { id: self.id(), pending: self })
        } else {
            Err(CharterError::Incomplete(missing))
        }
    }

    /// The bytes of the charter with the signatures it has.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(&Signed {
            format: CHARTER_FORMAT,
            body: Bytes(self.bytes.clone()),
            signatures: self.signatures.clone(),
        })
    }

    /// The id of this version: the hash of its body.
    #[must_use]
    pub fn id(&self) -> CharterId {
        CharterId(derive("cairn 2026-11 charter v1", &self.bytes))
    }

    /// The members' cards, in ascending order of code.
    #[must_use]
    pub fn members(&self) -> &[Card] {
        &self.cards
    }

    fn card(&self, code: &MemberCode) -> Option<&Card> {
        let index = self.cards.binary_search_by(|card| card.code.cmp(code)).ok()?;
        self.cards.get(index)
    }
}

impl Charter {
    /// The charter of `bytes`, in force, and of `network` where one is expected.
    ///
    /// # Errors
    /// When it is not in the format, not complete, or founds another network.
    pub fn verify(bytes: &[u8], network: Option<NetworkId>) -> Result<Self, CharterError> {
        let charter = PendingCharter::decode(bytes)?.complete()?;
        match network {
            Some(expected) if expected != charter.network() => {
                Err(CharterError::WrongNetwork { found: charter.network(), expected })
            }
            _ => Ok(charter),
        }
    }

    /// The network it founds.
    #[must_use]
    pub fn network(&self) -> NetworkId {
        NetworkId(self.id.0)
    }

    /// The version, from 1.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.pending.body.version
    }

    /// The network's name.
    #[must_use]
    pub fn name(&self) -> &NetworkName {
        &self.pending.body.name
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.pending.body.rules
    }

    /// The members' cards, in ascending order of code.
    #[must_use]
    pub fn members(&self) -> &[Card] {
        self.pending.members()
    }

    /// The card of one member.
    #[must_use]
    pub fn member(&self, code: &MemberCode) -> Option<&Card> {
        self.pending.card(code)
    }

    /// The member whose node has this transport key.
    #[must_use]
    pub fn member_at(&self, transport: &PublicKey) -> Option<&Card> {
        self.members().iter().find(|card| card.keys.transport == *transport)
    }

    /// The origin of a member's log: what its checkpoints begin with.
    #[must_use]
    pub fn origin(&self, code: &MemberCode) -> String {
        alloc::format!("{}/{code}", self.name())
    }

    /// The name and the key of a cosigner, if it is a member or a witness.
    #[must_use]
    pub fn cosigner(&self, cosigner: &Cosigner) -> Option<(String, PublicKey)> {
        match cosigner {
            Cosigner::Member(code) => {
                let name = alloc::format!("{}{COSIGNER}", self.origin(code));
                Some((name, self.member(code)?.keys.cosign))
            }
            Cosigner::Witness(name) => {
                let named = |witness: &&Witness| witness.name == *name;
                let witness = self.pending.body.witnesses.iter().find(named)?;
                Some((name.as_str().into(), witness.key))
            }
        }
    }

    /// Everybody who may cosign: the members, then the witnesses.
    pub fn cosigners(&self) -> impl Iterator<Item = Cosigner> {
        let members = self.members().iter().map(|card| Cosigner::Member(card.code.clone()));
        let witnesses = self.pending.body.witnesses.iter();
        members.chain(witnesses.map(|witness| Cosigner::Witness(witness.name.clone())))
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

    /// The charter's bytes with all signatures.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.pending.encode()
    }
}

fn check_members(body: &Body) -> Result<Vec<Card>, CharterError> {
    let malformed = |why: &str| DecodeError::Malformed { what: WHAT, why: why.into() };
    if body.members.is_empty() || body.members.len() > MEMBERS_MAX {
        return Err(malformed("it has no members, or more than 512").into());
    }
    check_witnesses(body)?;
    let (mut cards, mut keys): (Vec<Card>, BTreeSet<PublicKey>) = Default::default();
    for bytes in &body.members {
        let card = Card::verify(&bytes.0)?;
        let in_order = cards.last().is_none_or(|last| last.code < card.code);
        let fresh = card.keys.by_role().iter().all(|(_, key)| keys.insert(*key));
        if !in_order || !fresh {
            return Err(CharterError::Members(card.code));
        }
        cards.push(card);
    }
    let names: BTreeSet<_> = body.witnesses.iter().map(|witness| witness.name.as_str()).collect();
    let fresh = body.witnesses.iter().all(|witness| keys.insert(witness.key));
    if names.len() != body.witnesses.len() || !fresh {
        return Err(malformed("two witnesses share a name or a key").into());
    }
    Ok(cards)
}

fn check_witnesses(body: &Body) -> Result<(), DecodeError> {
    let malformed = |why: &str| Err(DecodeError::Malformed { what: WHAT, why: why.into() });
    if body.witnesses.len() > WITNESSES_MAX {
        return malformed("it has more than 512 witnesses");
    }
    let inner = alloc::format!("{}/", body.name);
    for Witness { name, key } in &body.witnesses {
        if name.as_str().starts_with(&inner) {
            return malformed("a witness has the name of a member");
        }
        if !is_key_name(name.as_str()) {
            return malformed("a witness has a name that cannot stand on a signature line");
        }
        if key.check().is_err() {
            return malformed("a witness has a key that may not be used");
        }
    }
    Ok(())
}

fn check_rules(rules: &Rules, members: usize) -> Result<(), CharterError> {
    for threshold in [rules.amend, rules.rotate, rules.confirm] {
        if threshold == 0 || usize::from(threshold) > members {
            return Err(CharterError::Threshold { threshold, members });
        }
    }
    if !rules.two_people.is_sorted_by(|a, b| a < b) {
        let why = "kinds for two people are not in ascending order".into();
        return Err(DecodeError::Malformed { what: WHAT, why }.into());
    }
    Ok(())
}
