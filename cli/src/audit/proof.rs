//! Makes a fork proof from two promises that contradict each other and the entries that are held.
//!
//! The files are read again, leaf by leaf, and of the tree only the nodes that the proofs need are
//! kept: at most a few hundred hashes, however long the logs are.

use super::archive::open_file;
use super::promise::{Contradiction, Promise};
use crate::failure::Failure;
use crate::home::cannot;
use crate::verify::Leaves;
use cairn_ledger::fork::{RawFork, RawSide};
use cairn_ledger::hash::Bytes;
use cairn_ledger::proof::{consistency, subtree};
use cairn_ledger::tree::Frontier;
use cairn_ledger::{Charter, Fork, MemberCode, TreeHash};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

/// The proof that the key of a member's log has signed two histories.
///
/// # Errors
/// When a file cannot be read again or has changed since it was checked.
pub fn prove(
    contradiction: &Contradiction,
    member: &MemberCode,
    charter: &Charter,
) -> Result<Fork, Failure> {
    let [one, other] = &contradiction.sides;
    let size = match (&one.entries, &other.entries) {
        (Some(one), Some(other)) => first_difference(one, other)?.unwrap_or(contradiction.size),
        (Some(_) | None, _) => contradiction.size,
    };
    let raw =
        RawFork::new(member.clone(), size, side(one, size, charter)?, side(other, size, charter)?);
    raw.verify(charter).map_err(|why| {
        Failure::unknown(format!("the fork of the log of {member} could not be proven: {why}"))
            .hint("do the files stay as they are while they are audited?")
    })
}

/// How many first entries it takes until two logs differ. The proof with the smallest number of
/// entries says most.
fn first_difference(one: &Path, other: &Path) -> Result<Option<u64>, Failure> {
    let mut size = 0_u64;
    for (left, right) in leaves(one)?.zip(leaves(other)?) {
        let left = left.map_err(|error| cannot("read", one, &error))?;
        let right = right.map_err(|error| cannot("read", other, &error))?;
        size = size.saturating_add(1);
        if left != right {
            return Ok(Some(size));
        }
    }
    Ok(None)
}

fn leaves(path: &Path) -> Result<Leaves<BufReader<File>>, Failure> {
    let file = open_file(path).and_then(|file| Leaves::new(BufReader::new(file)));
    file.map_err(|error| cannot("read", path, &error))
}

/// What one promise says of the first `size` entries.
fn side(promise: &Promise, size: u64, charter: &Charter) -> Result<RawSide, Failure> {
    let head = promise.cosigned.checkpoint().head();
    let checkpoint = Bytes(promise.cosigned.note(charter).into_bytes());
    if head.size == size {
        return Ok(RawSide { root: head.root, proof: Vec::new(), checkpoint });
    }
    let missing = || Failure::unknown("the entries behind a checkpoint are not here");
    let path = promise.entries.as_ref().ok_or_else(missing)?;
    let (root, proof) =
        prefix(path, size, head.size).map_err(|error| cannot("read", path, &error))?;
    Ok(RawSide { root, proof, checkpoint })
}

/// The root over the first `size` entries of a log, and that they are a prefix of `total`.
fn prefix(path: &Path, size: u64, total: u64) -> io::Result<(TreeHash, Vec<TreeHash>)> {
    let mut nodes = BTreeMap::new();
    let mut needed = |level, index| {
        nodes.insert((level, index), None);
        Ok(TreeHash::default())
    };
    proofs(size, total, &mut needed)?;
    let mut tree = Frontier::new();
    let mut leaves = Leaves::new(BufReader::new(open_file(path)?))?;
    while tree.size() < total {
        let leaf = leaves.next().ok_or(io::ErrorKind::UnexpectedEof)??;
        tree.push_noting(leaf, |level, index, hash| {
            if let Some(node) = nodes.get_mut(&(level, index)) {
                *node = Some(hash);
            }
        });
    }
    proofs(size, total, &mut |level, index| {
        let node = nodes.get(&(level, index)).copied().flatten();
        node.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    })
}

fn proofs(
    size: u64,
    total: u64,
    node: &mut impl FnMut(u32, u64) -> io::Result<TreeHash>,
) -> io::Result<(TreeHash, Vec<TreeHash>)> {
    Ok((subtree(0, size, node)?, consistency(size, total, node)?))
}
