//! The upper levels of a log's tree, kept in memory: 32 bytes for every 256 entries, and a little.

use cairn_ledger::hash::TreeHash;
use cairn_ledger::tree::{Frontier, leaf_hash, node_hash};

/// The level whose nodes stand for 256 entries: a C2SP tile.
const TILE_LEVEL: u32 = 8;

/// A growing tree: its right edge, and every perfect subtree from 256 entries upwards.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    frontier: Frontier,
    levels: Vec<Vec<TreeHash>>,
}

impl Nodes {
    pub(crate) fn push(&mut self, leaf: TreeHash) {
        let levels = &mut self.levels;
        self.frontier.push_noting(leaf, |level, _, hash| {
            let Some(above) = level.checked_sub(TILE_LEVEL) else { return };
            let above = usize::try_from(above).unwrap_or(usize::MAX);
            if levels.len() <= above {
                levels.push(Vec::new());
            }
            if let Some(level) = levels.get_mut(above) {
                level.push(hash);
            }
        });
    }

    /// The node at `level` and `index`. Those below a tile are computed from its entries, which
    /// `entries` reads: the range of positions, complete.
    pub(crate) fn node<E>(
        &self,
        level: u32,
        index: u64,
        mut entries: impl FnMut(u64, u64) -> Result<Vec<Vec<u8>>, E>,
    ) -> Result<TreeHash, E> {
        if let Some(above) = level.checked_sub(TILE_LEVEL) {
            let level = self.levels.get(usize::try_from(above).unwrap_or(usize::MAX));
            let index = usize::try_from(index).unwrap_or(usize::MAX);
            if let Some(hash) = level.and_then(|level| level.get(index)) {
                return Ok(*hash);
            }
        }
        let (start, count) = (index << level, 1_u64 << level);
        let leaves = entries(start, start.saturating_add(count))?;
        let mut hashes: Vec<_> = leaves.iter().map(|bytes| leaf_hash(bytes)).collect();
        while hashes.len() > 1 {
            hashes = hashes
                .chunks(2)
                .map(|pair| match pair {
                    [left, right] => node_hash(left, right),
                    _ => pair.first().copied().unwrap_or_default(),
                })
                .collect();
        }
        Ok(hashes.first().copied().unwrap_or_default())
    }
}
