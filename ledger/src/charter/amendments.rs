//! Charters and proposals as they arrive, from the network or by file, in whatever order.

use super::pending::PendingCharter;
use super::{Charter, CharterError, join};
use crate::hash::{Bytes, CharterId, derive};
use crate::text::MemberCode;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// How many proposals are kept at once.
pub const PROPOSALS_MAX: usize = 16;
/// How many of them one member may have signed: nobody fills the place of all.
const SIGNED_MAX: usize = 3;

/// What an offered charter has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Learnt {
    /// Nothing: it was known.
    Nothing,
    /// A proposal, or signatures on one.
    Proposal,
    /// A complete version. What is in force may be another than before.
    Version,
}

/// The charter, and the proposals to amend the version in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amendments {
    charter: Charter,
    proposals: BTreeMap<CharterId, PendingCharter>,
}

impl Amendments {
    /// Without proposals.
    #[must_use]
    pub fn new(charter: Charter) -> Self {
        Self { charter, proposals: BTreeMap::new() }
    }

    /// The charter.
    #[must_use]
    pub fn charter(&self) -> &Charter {
        &self.charter
    }

    /// Proposals to amend the version in force, in ascending order of id.
    pub fn proposals(&self) -> impl Iterator<Item = &PendingCharter> {
        self.proposals.values()
    }

    /// A proposal.
    #[must_use]
    pub fn proposal(&self, id: &CharterId) -> Option<&PendingCharter> {
        self.proposals.get(id)
    }

    /// Takes in all charters of a file, as far as they can be: says how many were new.
    ///
    /// # Errors
    /// When the file is none.
    pub fn offer_file(&mut self, file: &[u8]) -> Result<usize, CharterError> {
        let all = super::split(file)?;
        let new = all
            .iter()
            .filter(|one| matches!(self.offer(&one.0), Ok(learnt) if learnt != Learnt::Nothing));
        Ok(new.count())
    }

    /// Takes a signed charter in, complete or not.
    ///
    /// # Errors
    /// When it is not in the format, amends nothing that is known, nobody has signed it, or its
    /// signers have signed too many others.
    pub fn offer(&mut self, bytes: &[u8]) -> Result<Learnt, CharterError> {
        let offered = match PendingCharter::decode_amendment(bytes, &self.charter) {
            Err(CharterError::Decode(_)) if self.is_first(bytes) => return Ok(Learnt::Nothing),
            offered => offered?,
        };
        let id = offered.id();
        if self.charter.version_of(&id).is_some() {
            return Ok(Learnt::Nothing);
        }
        let mut merged = match self.proposals.get(&id) {
            Some(held) => held.clone(),
            None => offered.clone(),
        };
        let new = merged.merge(offered)? || !self.proposals.contains_key(&id);
        if merged.check_complete().is_ok() {
            self.charter = self.charter.with(merged)?;
            let current = self.charter.id();
            self.proposals.retain(|_, proposal| proposal.previous() == current);
            return Ok(Learnt::Version);
        }
        if !new {
            return Ok(Learnt::Nothing);
        }
        self.check_room(&merged)?;
        self.proposals.insert(id, merged);
        Ok(Learnt::Proposal)
    }

    fn is_first(&self, bytes: &[u8]) -> bool {
        self.charter.history().next().is_some_and(|first| first.encode() == bytes)
    }

    fn check_room(&self, proposal: &PendingCharter) -> Result<(), CharterError> {
        let (version, before) = (proposal.version(), self.charter.version());
        let refuse = |why| Err(CharterError::NoSuccessor { version, before, why });
        if proposal.previous() != self.charter.id() {
            return refuse("it is a proposal to amend another version than the one in force");
        }
        if self.proposals.contains_key(&proposal.id()) {
            return Ok(());
        }
        if self.proposals.len() >= PROPOSALS_MAX {
            return refuse("as many proposals wait for signatures as are kept");
        }
        let signed = |code: &MemberCode| {
            let signed = |other: &&PendingCharter| other.signers().any(|signer| signer == code);
            self.proposals.values().filter(signed).count()
        };
        match proposal.signers().map(signed).min() {
            None => refuse("nobody has signed it"),
            Some(SIGNED_MAX..) => refuse("who has signed it has signed three others that wait"),
            Some(_) => Ok(()),
        }
    }

    /// The names of everything that is known but the first version, none before its predecessor's: one that
    /// is not complete has another with each signature.
    #[must_use]
    pub fn names(&self) -> Vec<[u8; 32]> {
        let versions = self.charter.in_order().into_iter().skip(1).map(|version| version.id().0);
        versions.chain(self.proposals.values().map(name_of)).collect()
    }

    /// What is known and has none of these names, none before its predecessor: one by one.
    pub fn beyond<'a>(
        &'a self,
        names: &'a BTreeSet<&[u8; 32]>,
    ) -> impl Iterator<Item = Bytes> + 'a {
        let versions = self.charter.in_order().into_iter().skip(1);
        let versions = versions.filter(|version| !names.contains(&version.id().0));
        let proposals = self.proposals.values().filter(|one| !names.contains(&name_of(one)));
        versions.map(|one| Bytes(one.encode())).chain(proposals.map(|one| Bytes(one.encode())))
    }

    /// The proposals alone, each as it was signed so far: the file that keeps them.
    #[must_use]
    pub fn encode_proposals(&self) -> Vec<u8> {
        let proposals = self.proposals.values().map(|proposal| Bytes(proposal.encode()));
        join(&proposals.collect::<Vec<_>>())
    }
}

fn name_of(proposal: &PendingCharter) -> [u8; 32] {
    derive("cairn 2026-11 proposal v1", &proposal.encode())
}
