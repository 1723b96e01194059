//! Inclusion and consistency proofs of RFC 6962: made from any source of nodes, checked from hashes.

use crate::hash::TreeHash;
use crate::tree::{empty_root, node_hash};
use alloc::vec::Vec;

/// The most hashes a proof can have: a tree of 2^64 leaves is 64 levels high.
pub const PROOF_HASHES_MAX: usize = 65;

/// A proof does not prove what it was shown for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The index lies outside the tree, or the older tree is the larger one.
    #[error("the proof is for positions that the tree does not have")]
    OutOfRange,
    /// Too few or too many hashes for these sizes.
    #[error("the proof has {found} hashes, these sizes need another number")]
    WrongLength {
        /// Hashes found.
        found: usize,
    },
    /// The hashes lead to another root.
    #[error("the hashes of the proof lead to another root")]
    WrongRoot,
}

/// The largest power of two smaller than `size`, for sizes of at least 2.
fn split(size: u64) -> u64 {
    let top = size.saturating_sub(1).checked_ilog2().unwrap_or(0);
    1_u64.checked_shl(top).unwrap_or(0)
}

/// The hash of the leaves `start..end` (RFC 6962's MTH), from perfect subtrees that `node` looks up
/// by (level, index).
///
/// # Errors
/// What `node` refuses with.
pub fn subtree<E>(
    start: u64,
    end: u64,
    node: &mut impl FnMut(u32, u64) -> Result<TreeHash, E>,
) -> Result<TreeHash, E> {
    let size = end.saturating_sub(start);
    if size == 0 {
        return Ok(empty_root());
    }
    if size.is_power_of_two() && start.is_multiple_of(size) {
        let level = size.trailing_zeros();
        return node(level, start.checked_shr(level).unwrap_or(0));
    }
    let middle = start.saturating_add(split(size));
    let left = subtree(start, middle, node)?;
    let right = subtree(middle, end, node)?;
    Ok(node_hash(&left, &right))
}

/// The proof that the leaf at `index` is in the tree of `size` leaves, sibling first.
///
/// # Errors
/// What `node` refuses with. An index outside the tree gives an empty proof.
pub fn inclusion<E>(
    index: u64,
    size: u64,
    node: &mut impl FnMut(u32, u64) -> Result<TreeHash, E>,
) -> Result<Vec<TreeHash>, E> {
    let (mut start, mut end, mut path) = (0, size, Vec::new());
    while index < size && end.saturating_sub(start) > 1 {
        let middle = u64::saturating_add(start, split(end.saturating_sub(start)));
        if index < middle {
            path.push(subtree(middle, end, node)?);
            end = middle;
        } else {
            path.push(subtree(start, middle, node)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree of `old` leaves is a prefix of the tree of `new` leaves. Empty when
/// `old` is 0 or `new`.
///
/// # Errors
/// What `node` refuses with.
pub fn consistency<E>(
    old: u64,
    new: u64,
    node: &mut impl FnMut(u32, u64) -> Result<TreeHash, E>,
) -> Result<Vec<TreeHash>, E> {
    let (mut start, mut end, mut path) = (0, new, Vec::new());
    if old == 0 || old >= new {
        return Ok(path);
    }
    while old != end {
        let middle = u64::saturating_add(start, split(end.saturating_sub(start)));
        if old <= middle {
            path.push(subtree(middle, end, node)?);
            end = middle;
        } else {
            path.push(subtree(start, middle, node)?);
            start = middle;
        }
    }
    if start > 0 {
        path.push(subtree(start, end, node)?);
    }
    path.reverse();
    Ok(path)
}

/// Checks that `leaf` is at `index` of the tree of `size` leaves with this `root`.
///
/// # Errors
/// When the index is outside the tree, the number of hashes is wrong or they lead elsewhere.
pub fn check_inclusion(
    leaf: TreeHash,
    index: u64,
    size: u64,
    root: TreeHash,
    proof: &[TreeHash],
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::OutOfRange);
    }
    let wrong_length = ProofError::WrongLength { found: proof.len() };
    let (mut hash, mut node, mut last) = (leaf, index, size.saturating_sub(1));
    for sibling in proof {
        if last == 0 {
            return Err(wrong_length);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    if last != 0 {
        return Err(wrong_length);
    }
    if hash == root { Ok(()) } else { Err(ProofError::WrongRoot) }
}

/// A tree as two numbers: what a checkpoint promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeHead {
    /// How many leaves.
    pub size: u64,
    /// The root over them.
    pub root: TreeHash,
}

/// Checks that the `old` tree is a prefix of the `new` one (RFC 9162, section 2.1.4.2).
///
/// # Errors
/// When old is larger than new, the number of hashes is wrong or they lead elsewhere.
pub fn check_consistency(
    old: TreeHead,
    new: TreeHead,
    proof: &[TreeHash],
) -> Result<(), ProofError> {
    if old.size > new.size {
        return Err(ProofError::OutOfRange);
    }
    let wrong_length = ProofError::WrongLength { found: proof.len() };
    if old.size == new.size || old.size == 0 {
        let empty = old.size != 0 || old.root == empty_root();
        let same = old.size != new.size || old.root == new.root;
        return match (proof.is_empty(), empty && same) {
            (false, _) => Err(wrong_length),
            (true, false) => Err(ProofError::WrongRoot),
            (true, true) => Ok(()),
        };
    }
    let shift = old.size.trailing_zeros();
    let mut node = old.size.saturating_sub(1).checked_shr(shift).unwrap_or(0);
    let mut last = new.size.saturating_sub(1).checked_shr(shift).unwrap_or(0);
    let mut hashes = proof.iter();
    let first = if old.size.is_power_of_two() { Some(&old.root) } else { hashes.next() };
    let (mut old_hash, mut new_hash) = first.map(|hash| (*hash, *hash)).ok_or(wrong_length)?;
    for sibling in hashes {
        if last == 0 {
            return Err(wrong_length);
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    if last != 0 {
        return Err(wrong_length);
    }
    if old_hash == old.root && new_hash == new.root { Ok(()) } else { Err(ProofError::WrongRoot) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::leaf_hash;
    use core::convert::Infallible;

    fn leaf(n: u64) -> TreeHash {
        leaf_hash(&n.to_le_bytes())
    }

    fn nodes(level: u32, index: u64) -> Result<TreeHash, Infallible> {
        if level == 0 {
            return Ok(leaf(index));
        }
        let (left, right) = (nodes(level - 1, index * 2)?, nodes(level - 1, index * 2 + 1)?);
        Ok(node_hash(&left, &right))
    }

    fn root(size: u64) -> TreeHash {
        subtree(0, size, &mut nodes).unwrap()
    }

    #[test]
    fn every_proof_of_small_trees_checks_and_no_altered_one_does() {
        for new in 1..=40 {
            for old in 0..=new {
                let proof = consistency(old, new, &mut nodes).unwrap();
                let (old, new) = (
                    TreeHead { size: old, root: root(old) },
                    TreeHead { size: new, root: root(new) },
                );
                check_consistency(old, new, &proof).unwrap();
                refuse_altered(&proof, |proof| check_consistency(old, new, proof));
                let lie = TreeHead { root: leaf(99), ..old };
                assert!(check_consistency(lie, new, &proof).is_err());
            }
            for index in 0..new {
                let proof = inclusion(index, new, &mut nodes).unwrap();
                check_inclusion(leaf(index), index, new, root(new), &proof).unwrap();
                refuse_altered(&proof, |proof| {
                    check_inclusion(leaf(index), index, new, root(new), proof)
                });
                assert!(check_inclusion(leaf(99), index, new, root(new), &proof).is_err());
                assert!(check_inclusion(leaf(index), new, new, root(new), &proof).is_err());
            }
        }
    }

    fn refuse_altered(proof: &[TreeHash], check: impl Fn(&[TreeHash]) -> Result<(), ProofError>) {
        let mut longer = proof.to_vec();
        longer.push(leaf(7));
        assert!(check(&longer).is_err());
        for at in 0..proof.len() {
            let mut altered = proof.to_vec();
            altered[at].0[5] ^= 1;
            assert_eq!(check(&altered), Err(ProofError::WrongRoot));
            altered.remove(at);
            assert!(check(&altered).is_err());
        }
    }
}
