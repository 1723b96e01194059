//! Why something cannot be sealed or opened: what was found, and what was expected; never content.

use cairn_ledger::MemberCode;
use cairn_ledger::codec::DecodeError;

/// Why nothing was sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// A member's card has no key to which anything can be sealed.
    #[error(
        "the card of {0} has no sealing key: nothing can be sealed for it until a charter lists one"
    )]
    NoKey(MemberCode),
    /// It has one that is none.
    #[error("the sealing key on the card of {0} is no X-Wing key")]
    BadKey(MemberCode),
    /// Nobody, too many, or somebody twice.
    #[error("sealed for {0} members, expected 1 to 512 different ones")]
    Audience(usize),
    /// More than one part holds.
    #[error("the content has {found} bytes, the limit is {limit}: attach it as a file")]
    TooLong {
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The system has no randomness.
    #[error("the operating system gives no randomness: {0}")]
    NoRandomness(String),
}

/// Why a payload or a piece is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not in the format.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Its header names something else than the statement that it is to belong to.
    #[error("the payload belongs to {found}, expected {expected}")]
    OtherPlace {
        /// What its header says.
        found: String,
        /// What the statement says.
        expected: String,
    },
    /// Sealed for others than the statement says.
    #[error("the payload is sealed for {found}, the statement says {expected}")]
    OtherAudience {
        /// The members in the header.
        found: String,
        /// Those that have to be there.
        expected: String,
    },
    /// None of the keys at hand is one to which it was sealed.
    #[error("it is not sealed to a key that is here")]
    NotForUs,
    /// It does not decrypt.
    #[error("it does not decrypt: it was changed, or sealed wrongly")]
    Undecryptable,
    /// Its body has another size than the statement says.
    #[error("its body has {found} bytes, the size class {class} says {expected}")]
    OtherSize {
        /// Bytes found.
        found: usize,
        /// Bytes of the class.
        expected: usize,
        /// The size class.
        class: u8,
    },
    /// It decrypts, and is not what was committed to.
    #[error("its content is not what the statement has committed to")]
    OtherContent,
    /// A piece with another id than its manifest says.
    #[error("piece {0} is another than the manifest says")]
    OtherPiece(u32),
}
