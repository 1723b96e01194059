//! What a replica reads of the logs on its disk: their trees.

use alloc::vec::Vec;
use cairn_ledger::TreeHash;
use cairn_ledger::text::MemberCode;

/// The trees of the logs on the disk, for sizes up to what has been persisted.
pub trait Trees {
    /// The root over the first `size` entries of a log.
    fn root(&self, log: &MemberCode, size: u64) -> Option<TreeHash>;

    /// The proof that the first `old` entries of a log are the beginning of its first `new`.
    fn consistency(&self, log: &MemberCode, old: u64, new: u64) -> Option<Vec<TreeHash>>;
}
