//! The fields of a charter, and the rules that each version keeps by itself.

use super::error::CharterError;
use crate::administration::COMPROMISED;
use crate::card::Card;
use crate::codec::{self, DecodeError};
use crate::hash::{Bytes, CharterId, TreeHash};
use crate::key::PublicKey;
use crate::note::is_key_name;
use crate::proof::TreeHead;
use crate::statement::{Kind, Timestamp};
use crate::text::{MemberCode, NetworkName, Text};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The format version of the first charter of a network.
pub const CHARTER_FORMAT: u16 = 1;
/// The format version of the charters that amend it.
pub const AMENDMENT_FORMAT: u16 = 2;
/// The most bytes of a signed charter.
pub const CHARTER_BYTES_MAX: usize = 4 << 20;
/// The most bytes of a signed charter that amends another: it fits one message between nodes.
pub const AMENDMENT_BYTES_MAX: usize = 1 << 20;
/// The most members of a network.
pub const MEMBERS_MAX: usize = 512;
/// The most witnesses of a network.
pub const WITNESSES_MAX: usize = 512;
/// The most logs that have ended, over all versions.
const ENDED_MAX: usize = 4096;
/// What stands behind a log's origin in the name under which its member cosigns others' logs.
pub(super) const COSIGNER: &str = "/cosigner";
pub(super) const WHAT: &str = "a charter";

/// How many signatures what needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Distinct members that admit or remove a member or witness, or change these rules.
    pub amend: u16,
    /// Distinct members that replace members' keys, where nothing else changes.
    pub rotate: u16,
    /// Distinct members whose cosignatures make an entry confirmed.
    pub confirm: u16,
    /// Whether a new charter version needs the Secretariat among its signers.
    pub secretariat_signs: bool,
    /// Kinds of statement that need two contributors, in ascending order.
    pub two_people: Vec<Kind>,
}

impl Rules {
    /// More than two thirds of `members` for everything: safe while fewer than a third lie. Two people to
    /// say that a contributor's key was stolen, since that discredits what was said with it.
    #[must_use]
    pub fn two_thirds_of(members: usize) -> Self {
        let quorum = members.saturating_mul(2) / 3;
        let quorum = u16::try_from(quorum.saturating_add(1)).unwrap_or(u16::MAX);
        let (amend, rotate, confirm) = (quorum, quorum, quorum);
        Self {
            amend,
            rotate,
            confirm,
            secretariat_signs: true,
            two_people: Vec::from([COMPROMISED]),
        }
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

/// Where the log of a member that was removed ends. What it promised beyond stands for nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ended {
    /// Whose log. The code is never used again.
    pub member: MemberCode,
    /// How many entries stand.
    pub size: u64,
    /// The root over them.
    pub root: TreeHash,
}

impl Ended {
    /// The tree that stands.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size, root: self.root }
    }
}

/// What every version has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Body {
    pub(super) format: u16,
    pub(super) version: u32,
    pub(super) previous: CharterId,
    pub(super) name: NetworkName,
    pub(super) made_at: Timestamp,
    pub(super) rules: Rules,
    /// Signed cards, in ascending order of member code.
    pub(super) members: Vec<Bytes>,
    pub(super) witnesses: Vec<Witness>,
}

/// A body that was checked as far as it goes by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checked {
    pub(super) body: Body,
    /// In ascending order of member code; empty in the first version, which cannot carry any.
    pub(super) ended: Vec<Ended>,
    pub(super) cards: Vec<Card>,
    pub(super) bytes: Vec<u8>,
}

pub(super) fn malformed(why: &str) -> DecodeError {
    DecodeError::Malformed { what: WHAT, why: why.into() }
}

impl Checked {
    /// The body of `bytes`, in either format.
    pub(super) fn decode(bytes: Vec<u8>) -> Result<Self, CharterError> {
        let amends = bytes.starts_with(&AMENDMENT_FORMAT.to_le_bytes());
        let (body, ended): (Body, Vec<Ended>) = if amends {
            codec::decode(WHAT, &bytes, CHARTER_BYTES_MAX)?
        } else {
            codec::check_version(WHAT, &bytes, CHARTER_FORMAT)?;
            (codec::decode(WHAT, &bytes, CHARTER_BYTES_MAX)?, Vec::new())
        };
        let first = body.version == 1 && body.previous == CharterId::default();
        if first == amends || body.version == 0 {
            return Err(CharterError::NotFirst { found: body.version });
        }
        let cards = check_members(&body)?;
        check_rules(&body.rules, cards.len())?;
        check_ended(&ended, &cards)?;
        Ok(Self { body, ended, cards, bytes })
    }

    /// Its bytes.
    pub(super) fn encode(body: &Body, ended: &[Ended]) -> Vec<u8> {
        match body.format {
            AMENDMENT_FORMAT => codec::encode(&(body, ended)),
            _ => codec::encode(body),
        }
    }

    pub(super) fn card(&self, code: &MemberCode) -> Option<&Card> {
        let index = self.cards.binary_search_by(|card| card.code.cmp(code)).ok()?;
        self.cards.get(index)
    }
}

fn check_members(body: &Body) -> Result<Vec<Card>, CharterError> {
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
    if body.witnesses.len() > WITNESSES_MAX {
        return Err(malformed("it has more than 512 witnesses"));
    }
    let inner = alloc::format!("{}/", body.name);
    for Witness { name, key } in &body.witnesses {
        if name.as_str().starts_with(&inner) {
            return Err(malformed("a witness has the name of a member"));
        }
        if !is_key_name(name.as_str()) {
            return Err(malformed("a witness has a name that cannot stand on a signature line"));
        }
        if key.check().is_err() {
            return Err(malformed("a witness has a key that may not be used"));
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
        return Err(malformed("kinds for two people are not in ascending order").into());
    }
    Ok(())
}

fn check_ended(ended: &[Ended], cards: &[Card]) -> Result<(), DecodeError> {
    if ended.len() > ENDED_MAX || !ended.is_sorted_by(|a, b| a.member < b.member) {
        return Err(malformed("logs that ended are more than 4096, or not in ascending order"));
    }
    let listed = |code: &MemberCode| cards.binary_search_by(|card| card.code.cmp(code)).is_ok();
    if ended.iter().any(|one| listed(&one.member)) {
        return Err(malformed("it lists a member whose log it says has ended"));
    }
    Ok(())
}
