//! Why a charter is refused.

use crate::card::CardError;
use crate::codec::DecodeError;
use crate::hash::{CharterId, NetworkId};
use crate::text::MemberCode;
use alloc::string::String;
use alloc::vec::Vec;

/// Why a charter is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CharterError {
    /// Not in the format.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A member's card is refused.
    #[error(transparent)]
    Card(#[from] CardError),
    /// It founds no network: it is a later version, or names a predecessor.
    #[error(
        "charter version {found} does not found a network: version 1 without a predecessor does"
    )]
    NotFirst {
        /// The version found.
        found: u32,
    },
    /// It amends a charter that is not at hand.
    #[error("charter version {version} amends charter {previous}, which is not at hand")]
    NoPredecessor {
        /// The version found.
        version: u32,
        /// The predecessor that it names.
        previous: CharterId,
    },
    /// It is not numbered, named or dated as a successor has to be.
    #[error("charter version {version} does not follow version {before}: {why}")]
    NoSuccessor {
        /// The version found.
        version: u32,
        /// The version that it amends.
        before: u32,
        /// What does not fit.
        why: &'static str,
    },
    /// It changes something about a member that may not change.
    #[error("charter version {version} may not {why} {member}")]
    Member {
        /// The version found.
        version: u32,
        /// The member.
        member: MemberCode,
        /// What it may not do to it.
        why: &'static str,
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
    /// A signature is wrong or by nobody who may sign.
    #[error("the signature of {0} does not match, or is not one that counts here")]
    BadSignature(String),
    /// Nobody who may sign has this key.
    #[error("no member that may sign this charter has this root key")]
    NoSigner,
    /// Signatures are missing.
    #[error("not signed yet by {}", list(.0))]
    Incomplete(Vec<MemberCode>),
    /// Not enough members of the version before have signed.
    #[error("signed by {found} members of the version before, {needed} are needed")]
    TooFew {
        /// Distinct members that have signed.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
    /// Somebody has to be among the signers and is not.
    #[error("not signed yet by {0}, whose signature is needed")]
    Needs(String),
    /// Another network than the one that was asked for.
    #[error("the charter founds network {found}, expected {expected}")]
    WrongNetwork {
        /// The network found.
        found: NetworkId,
        /// The network expected.
        expected: NetworkId,
    },
    /// More than anybody has to keep.
    #[error("more than {0} charter versions")]
    TooMany(usize),
}

fn list(codes: &[MemberCode]) -> String {
    codes.iter().map(MemberCode::as_str).collect::<Vec<_>>().join(", ")
}
