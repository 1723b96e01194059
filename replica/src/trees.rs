//! What a replica reads of the logs on its disk: their trees.

use cairn_ledger::TreeHash;
use cairn_ledger::text::MemberCode;

/// The trees of the logs on the disk, for sizes up to what has been persisted.
pub trait Trees {
    /// The root over the first `size` entries of a log.
    fn root(&self, log: &MemberCode, size: u64) -> Option<TreeHash>;
}
