//! Why a statement is not one that its signers may make: with all that is needed to say it in words.

use crate::authority::Authorisation;
use crate::codec::DecodeError;
use crate::key::PublicKey;
use crate::statement::Kind;
use crate::text::Text;
use alloc::boxed::Box;
use alloc::sync::Arc;

/// Why a true statement is not one that its signers may make here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAuthorised {
    /// The log does not say that this key speaks for the member.
    #[error("key {0} is not authorised in this log")]
    Unknown(PublicKey),
    /// The log said so, and then took it back.
    #[error("key {key} was revoked at position {position}")]
    Revoked {
        /// The key.
        key: PublicKey,
        /// Where the revocation stands.
        position: u64,
        /// What it spoke for, and why it does no longer.
        was: Box<Withdrawn>,
    },
    /// The log said so, and then suspended it.
    #[error("key {key} is suspended at position {position}")]
    Suspended {
        /// The key.
        key: PublicKey,
        /// Where the suspension stands.
        position: u64,
        /// What it spoke for, and why it does not now.
        was: Box<Withdrawn>,
    },
    /// Somebody else may have used the key: it never speaks again.
    #[error("key {key} was revoked as compromised at position {position}")]
    Compromised {
        /// The key.
        key: PublicKey,
        /// Where that stands.
        position: u64,
        /// What it spoke for, and why it does no longer.
        was: Box<Withdrawn>,
    },
    /// Outside the kinds, topics or times of the authorisation.
    #[error(
        "key {key} may not state this: the authorisation at position {position} does not cover its {what}"
    )]
    OutOfScope {
        /// The key.
        key: PublicKey,
        /// Where the authorisation stands.
        position: u64,
        /// Kind, topics or time.
        what: &'static str,
        /// What is authorised.
        granted: Arc<Authorisation>,
    },
    /// Only the member's root key, alone, signs it.
    #[error("kind {} is signed by the member's root key alone", .0.0)]
    NeedsRoot(Kind),
    /// Only the log key of a version of the charter, alone, adopts it.
    #[error(
        "charter version {version} is adopted by the log key that it lists for the member, alone"
    )]
    NeedsLogKey {
        /// The version.
        version: u32,
    },
    /// Only the log's key, alone, says what its node has destroyed.
    #[error("what a node has destroyed is said by the log key, alone")]
    NotTheLogKey,
    /// A version of the charter that is not at hand: it may come yet.
    #[error("charter version {version} is adopted here and not at hand")]
    CharterUnknown {
        /// The version.
        version: u32,
    },
    /// A version of the charter that is not newer.
    #[error("charter version {version} is adopted here, behind version {before}")]
    CharterOlder {
        /// The version.
        version: u32,
        /// The version that the log has adopted.
        before: u32,
    },
    /// The root key signs nothing else.
    #[error("the root key does not make statements of kind {}", .0.0)]
    RootOnly(Kind),
    /// The charter asks for two people.
    #[error("kind {} needs the signatures of two contributors", .0.0)]
    NeedsTwo(Kind),
    /// Two people sign it: the root key and a contributor beside it.
    #[error("kind {} needs the signature of the root key and that of a contributor", .0.0)]
    NeedsSecond(Kind),
    /// Nobody is the second person in a matter of their own key.
    #[error("key {0} is the one that this is about, and cannot be the second to sign it")]
    OwnMatter(PublicKey),
    /// An administrative statement whose fields are not in the format.
    #[error("an administrative statement that cannot be read: {0}")]
    Unreadable(#[from] DecodeError),
}

/// What a key spoke for, and why it does not any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    /// The office.
    pub office: Text<120>,
    /// The reason.
    pub reason: Text<200>,
}
