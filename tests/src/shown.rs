//! What can be shown of an invented log to somebody who trusts nobody: receipts and fork proofs.

use crate::people::Network;
use crate::sim::Face;
use crate::sim::talk::tree_node;
use cairn_ledger::authority::Scope;
use cairn_ledger::fork::{RawFork, RawSide};
use cairn_ledger::hash::Bytes;
use cairn_ledger::proof::{consistency, inclusion, subtree};
use cairn_ledger::{Cosigned, RawReceipt, TreeHash};
use std::convert::Infallible;

/// When everybody cosigns.
pub const COSIGNED_AT: u64 = 1_790_000_000;

/// A log with so many notes, numbered from `first`, behind the authorisation at position 0.
#[must_use]
pub fn history(network: &Network, author: usize, first: u64, notes: u64) -> Face {
    let contributor = &network.people[author].contributor;
    let mut said = vec![network.authorise(author, contributor, Scope::default())];
    said.extend((first..first + notes).map(|number| network.note(author, number)));
    Face::of(network, author, said)
}

/// Its checkpoint, cosigned by these members.
#[must_use]
pub fn cosigned(network: &Network, face: &Face, by: &[usize]) -> Cosigned {
    by.iter().fold(Cosigned::new(face.checkpoint.clone()), |cosigned, who| {
        let person = &network.people[*who];
        cosigned.sign(&network.charter, &person.code, COSIGNED_AT, &person.secrets.cosign)
    })
}

/// The inclusion proof of a position.
#[must_use]
pub fn path(face: &Face, position: u64) -> Vec<TreeHash> {
    let mut node = |level, index| Ok::<_, Infallible>(tree_node(&face.entries, level, index));
    let Ok(path) = inclusion(position, face.checkpoint.size(), &mut node);
    path
}

/// The receipt of the entry at a position.
///
/// # Panics
/// When the log has no such entry.
#[must_use]
pub fn receipt(network: &Network, face: &Face, position: u64, by: &[usize]) -> RawReceipt {
    let entry = &face.entries[usize::try_from(position).expect("a position")];
    RawReceipt::new(&network.charter, entry, path(face, position), &cosigned(network, face, by))
}

/// What one face says of its first `size` entries.
#[must_use]
pub fn side(network: &Network, size: u64, (face, by): (&Face, &[usize])) -> RawSide {
    let mut node = |level, index| Ok::<_, Infallible>(tree_node(&face.entries, level, index));
    let Ok(proof) = consistency(size, face.checkpoint.size(), &mut node);
    let Ok(root) = subtree(0, size, &mut node);
    let note = cosigned(network, face, by).note(&network.charter);
    RawSide { root, proof, checkpoint: Bytes(note.into_bytes()) }
}

/// The proof that two faces of one log differ in their first `size` entries, each cosigned by some.
#[must_use]
pub fn fork(
    network: &Network,
    size: u64,
    one: (&Face, &[usize]),
    other: (&Face, &[usize]),
) -> RawFork {
    RawFork::new(one.0.log.clone(), size, side(network, size, one), side(network, size, other))
}
