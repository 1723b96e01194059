//! A log's Merkle tree (RFC 6962, SHA-256), grown leaf by leaf.

use crate::hash::TreeHash;
use alloc::vec::Vec;
use sha2::{Digest as _, Sha256};

/// The hash of a leaf: an entry's stored bytes.
#[must_use]
pub fn leaf_hash(bytes: &[u8]) -> TreeHash {
    TreeHash(Sha256::new().chain_update([0]).chain_update(bytes).finalize().into())
}

/// The hash of an inner node.
#[must_use]
pub fn node_hash(left: &TreeHash, right: &TreeHash) -> TreeHash {
    let hasher = Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0);
    TreeHash(hasher.finalize().into())
}

/// The root of the empty tree: the hash of nothing.
#[must_use]
pub fn empty_root() -> TreeHash {
    TreeHash(Sha256::digest([]).into())
}

/// The right edge of a tree: the roots of its perfect subtrees, largest first. All that is needed
/// to append and to compute the root: at most 64 hashes for any size.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    peaks: Vec<TreeHash>,
}

impl Frontier {
    /// The edge of an empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many leaves the tree has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the perfect subtrees, largest first.
    #[must_use]
    pub fn peaks(&self) -> &[TreeHash] {
        &self.peaks
    }

    /// Appends a leaf. `on_node` is told of every perfect subtree that it completes, as
    /// (level, index at that level, hash), beginning with the leaf itself.
    pub fn push_noting(&mut self, leaf: TreeHash, mut on_node: impl FnMut(u32, u64, TreeHash)) {
        let (mut hash, mut level, mut index) = (leaf, 0, self.size);
        on_node(level, index, hash);
        while index & 1 == 1
            && let Some(left) = self.peaks.pop()
        {
            hash = node_hash(&left, &hash);
            (level, index) = (level.saturating_add(1), index >> 1);
            on_node(level, index, hash);
        }
        self.peaks.push(hash);
        self.size = self.size.saturating_add(1);
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: TreeHash) {
        self.push_noting(leaf, |_, _, _| {});
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> TreeHash {
        let join = |right: TreeHash, left: &TreeHash| node_hash(left, &right);
        match self.peaks.split_last() {
            Some((smallest, larger)) => larger.iter().rev().fold(*smallest, join),
            None => empty_root(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// RFC 6962, section 2.1, as it is written there.
    pub(crate) fn root_by_definition(leaves: &[TreeHash]) -> TreeHash {
        match leaves {
            [] => empty_root(),
            [leaf] => *leaf,
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                let (left, right) = leaves.split_at(split);
                node_hash(&root_by_definition(left), &root_by_definition(right))
            }
        }
    }

    #[test]
    fn the_frontier_has_the_root_of_the_definition_at_every_size() {
        let leaves: Vec<_> = (0_u32..300).map(|n| leaf_hash(&n.to_le_bytes())).collect();
        let mut frontier = Frontier::new();
        for (size, leaf) in leaves.iter().enumerate() {
            assert_eq!(frontier.root(), root_by_definition(&leaves[..size]));
            frontier.push(*leaf);
        }
    }
}
