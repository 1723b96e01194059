//! The signed list of members, their keys and the rules of the network, from the first version on.
//!
//! A version is amended as The Update Framework amends its root: the next one names it and carries
//! the signatures of so many of its members as it asks for itself. Source: `docs/spec/05-charter.md`.

mod amendments;
mod body;
mod error;
mod pending;
mod succession;
mod version;

pub use crate::card::{MemberKeys, MemberKind};
pub use amendments::{Amendments, Learnt, PROPOSALS_MAX};
pub use body::{
    AMENDMENT_BYTES_MAX, AMENDMENT_FORMAT, CHARTER_BYTES_MAX, CHARTER_FORMAT, Ended, MEMBERS_MAX,
    Rules, WITNESSES_MAX, Witness,
};
pub use error::CharterError;
pub use pending::PendingCharter;
pub use succession::Change;
pub use version::Version;

use crate::card::Card;
use crate::codec::DecodeError;
use crate::cosignature::Cosigner;
use crate::hash::{Bytes, CharterId, NetworkId};
use crate::key::PublicKey;
use crate::note::{Algorithm, key_id};
use crate::text::MemberCode;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use body::WHAT;
use core::ops::Deref;

/// The format version of a file with several versions.
const FILE_FORMAT: u16 = 3;
/// The most bytes of such a file.
pub const CHARTERS_BYTES_MAX: usize = 64 << 20;
/// The most versions that are kept, those that are not in force among them.
pub const VERSIONS_MAX: usize = 1024;

/// The charter in force, with every version before it. Holding this type is the proof.
///
/// Two successors of one version contradict each other: then neither has force, nor has anything
/// behind them, and the version that they amend stays in force. They are kept: they are the proof,
/// and logs that have adopted one of them are judged by it. What is in force depends only on the set
/// of versions that are known, not on the order in which they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charter {
    network: NetworkId,
    current: Arc<Version>,
    /// From the first to the one before the current.
    earlier: Vec<Arc<Version>>,
    /// Every version that is known, by its id.
    known: Arc<BTreeMap<CharterId, Arc<Version>>>,
}

impl Deref for Charter {
    type Target = Version;
    fn deref(&self) -> &Version {
        &self.current
    }
}

impl Charter {
    pub(crate) fn founded(first: Version) -> Self {
        let (network, current) = (NetworkId(first.id().0), Arc::new(first));
        let known = Arc::new(BTreeMap::from([(current.id(), current.clone())]));
        Self { network, current, earlier: Vec::new(), known }
    }

    /// The charter of a file, in force, and of `network` where one is expected.
    ///
    /// # Errors
    /// When it is not in the format, a version is not complete or has no predecessor in it, or it is
    /// of another network.
    pub fn verify(bytes: &[u8], network: Option<NetworkId>) -> Result<Self, CharterError> {
        if !bytes.starts_with(&FILE_FORMAT.to_le_bytes()) {
            return Self::first(bytes, network);
        }
        let charter = Self::of_versions(&split(bytes)?, network)?;
        match charter.encode() == bytes {
            true => Ok(charter),
            false => Err(DecodeError::NotCanonical { what: WHAT }.into()),
        }
    }

    /// The charter of signed versions, the first one first and none before its predecessor.
    ///
    /// # Errors
    /// As for [`Charter::verify`].
    pub fn of_versions(
        versions: &[Bytes],
        network: Option<NetworkId>,
    ) -> Result<Self, CharterError> {
        if versions.len() > VERSIONS_MAX {
            return Err(CharterError::TooMany(VERSIONS_MAX));
        }
        let (first, rest) = versions.split_first().ok_or_else(|| body::malformed("it is empty"))?;
        let mut charter = Self::first(&first.0, network)?;
        for bytes in rest {
            charter = charter.with(PendingCharter::decode_amendment(&bytes.0, &charter)?)?;
        }
        Ok(charter)
    }

    fn first(bytes: &[u8], network: Option<NetworkId>) -> Result<Self, CharterError> {
        let charter = PendingCharter::decode(bytes)?.complete()?;
        match network {
            Some(expected) if expected != charter.network() => {
                Err(CharterError::WrongNetwork { found: charter.network(), expected })
            }
            _ => Ok(charter),
        }
    }

    /// The charter as it is once this version is known as well.
    ///
    /// # Errors
    /// When signatures are missing, or more versions are known than anybody keeps.
    pub fn with(&self, amendment: PendingCharter) -> Result<Self, CharterError> {
        let version = Arc::new(amendment.into_version()?);
        if self.known.contains_key(&version.id()) {
            return Ok(self.clone());
        }
        if self.known.len() >= VERSIONS_MAX {
            return Err(CharterError::TooMany(VERSIONS_MAX));
        }
        let mut charter = self.clone();
        Arc::make_mut(&mut charter.known).insert(version.id(), version);
        charter.find_current();
        Ok(charter)
    }

    /// Walks from the first version as far as there is exactly one successor.
    fn find_current(&mut self) {
        let first = self.earlier.first().unwrap_or(&self.current).clone();
        (self.current, self.earlier) = (first, Vec::new());
        while let [Some(next), None] = {
            let mut next = self.successors(self.current.id());
            [next.next().cloned(), next.next().cloned()]
        } {
            self.earlier.push(core::mem::replace(&mut self.current, next));
        }
    }

    /// Complete versions that amend one version, in ascending order of id. More than one are a fork.
    pub fn successors(&self, id: CharterId) -> impl Iterator<Item = &Arc<Version>> {
        self.known.values().filter(move |version| version.previous() == id)
    }

    /// The two least successors of the version in force, where there are two: the proof that its
    /// members have signed two charters.
    #[must_use]
    pub fn fork(&self) -> Option<[&Arc<Version>; 2]> {
        let mut next = self.successors(self.current.id());
        Some([next.next()?, next.next()?])
    }

    /// The network it founds.
    #[must_use]
    pub fn network(&self) -> NetworkId {
        self.network
    }

    /// The version in force.
    #[must_use]
    pub fn current(&self) -> &Arc<Version> {
        &self.current
    }

    /// The versions that are or were in force, from the first on.
    pub fn history(&self) -> impl DoubleEndedIterator<Item = &Arc<Version>> {
        self.earlier.iter().chain([&self.current])
    }

    /// Every version that is known, whether it has force or not.
    pub fn known(&self) -> impl Iterator<Item = &Arc<Version>> {
        self.known.values()
    }

    /// A version that is known, whether it has force or not.
    #[must_use]
    pub fn version_of(&self, id: &CharterId) -> Option<&Arc<Version>> {
        self.known.get(id)
    }

    /// The version with which a member's log begins: the first in force that lists the member.
    #[must_use]
    pub fn begins(&self, code: &MemberCode) -> Option<&Arc<Version>> {
        self.history().find(|version| version.member(code).is_some())
    }

    /// The newest card of everybody who is or was a member, in ascending order of code: there is a
    /// log of each.
    #[must_use]
    pub fn logs(&self) -> Vec<&Card> {
        let cards = self.history().flat_map(|version| version.members());
        cards.map(|card| (&card.code, card)).collect::<BTreeMap<_, _>>().into_values().collect()
    }

    /// The newest card of somebody who is or was a member.
    #[must_use]
    pub fn log(&self, code: &MemberCode) -> Option<&Card> {
        self.history().rev().find_map(|version| version.member(code))
    }

    /// How many entries stand of the log of a member that was removed.
    #[must_use]
    pub fn ends(&self, code: &MemberCode) -> Option<&Ended> {
        self.ended().iter().find(|ended| ended.member == *code)
    }

    /// Every key that signs or has signed a log's checkpoints, the newest first, none twice.
    #[must_use]
    pub fn log_keys(&self, code: &MemberCode) -> Vec<PublicKey> {
        let disputed = self.known.values().filter(|one| one.version() > self.version());
        let mut keys: Vec<PublicKey> = Vec::new();
        for version in self.history().rev().chain(disputed) {
            let key = version.member(code).map(|card| card.keys.log);
            keys.extend(key.filter(|key| !keys.contains(key)));
        }
        keys
    }

    /// The member whose node has this transport key.
    #[must_use]
    pub fn member_at(&self, transport: &PublicKey) -> Option<&Card> {
        self.members().iter().find(|card| card.keys.transport == *transport)
    }

    /// Everybody who may cosign: the members, then the witnesses.
    pub fn cosigners(&self) -> impl Iterator<Item = Cosigner> {
        let members = self.members().iter().map(|card| Cosigner::Member(card.code.clone()));
        members.chain(self.witnesses().iter().map(|one| Cosigner::Witness(one.name.clone())))
    }

    /// The cosigner who signs, or has signed, under a name with the key of this id.
    #[must_use]
    pub fn cosigner_of(&self, name: &str, id: [u8; 4]) -> Option<(Cosigner, PublicKey)> {
        let named = self.history().rev().filter_map(|version| version.cosigner_named(name));
        let mut last = None;
        for (cosigner, key) in named {
            if last != Some(key) && key_id(name, Algorithm::Cosignature, &key) == id {
                return Some((cosigner, key));
            }
            last = Some(key);
        }
        None
    }

    /// The versions that are known, none before its predecessor.
    #[must_use]
    pub fn in_order(&self) -> Vec<&Arc<Version>> {
        let mut versions: Vec<_> = self.known.values().collect();
        versions.sort_by_key(|version| (version.version(), version.id()));
        versions
    }

    /// The same as they were signed.
    #[must_use]
    pub fn signed_versions(&self) -> Vec<Bytes> {
        self.in_order().into_iter().map(|version| Bytes(version.encode())).collect()
    }

    /// The bytes of the file: one version as it was signed, or several, each behind its length.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let versions = self.signed_versions();
        if let [one] = versions.as_slice() {
            return one.0.clone();
        }
        join(&versions)
    }
}

/// A file of signed charters, each behind its length.
#[must_use]
pub fn join(charters: &[Bytes]) -> Vec<u8> {
    let mut file = FILE_FORMAT.to_le_bytes().to_vec();
    for charter in charters {
        file.extend(u32::try_from(charter.0.len()).unwrap_or(u32::MAX).to_le_bytes());
        file.extend(&charter.0);
    }
    file
}

/// The signed charters of a file, whether it holds one or several.
///
/// # Errors
/// When it is too long, or one of them ends early.
pub fn split(file: &[u8]) -> Result<Vec<Bytes>, DecodeError> {
    if file.len() > CHARTERS_BYTES_MAX {
        let (found, limit) = (file.len(), CHARTERS_BYTES_MAX);
        return Err(DecodeError::TooLong { what: WHAT, found, limit });
    }
    let Some(mut rest) = file.strip_prefix(&FILE_FORMAT.to_le_bytes()) else {
        return Ok(Vec::from([Bytes(file.to_vec())]));
    };
    let mut versions = Vec::new();
    while !rest.is_empty() && versions.len() <= VERSIONS_MAX {
        let (length, behind) = rest.split_first_chunk::<4>().ok_or_else(cut_short)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let (version, behind) = behind.split_at_checked(length).ok_or_else(cut_short)?;
        versions.push(Bytes(version.to_vec()));
        rest = behind;
    }
    Ok(versions)
}

fn cut_short() -> DecodeError {
    body::malformed("a version ends early")
}
