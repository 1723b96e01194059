//! The upper levels of a log's tree, kept in memory: 32 bytes for every 256 entries, and a little.

use cairn_ledger::hash::TreeHash;
use cairn_ledger::tree::{Frontier, leaf_hash, node_hash};
use std::ops::Range;

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

    /// The nodes at a level of tiles or above, at these places; none where one is not there yet.
    pub(crate) fn above(&self, level: u32, places: Range<u64>) -> Option<&[TreeHash]> {
        let place = |place: u64| usize::try_from(place).ok();
        let level = self.levels.get(usize::try_from(level.checked_sub(TILE_LEVEL)?).ok()?)?;
        level.get(place(places.start)?..place(places.end)?)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of c2sp.org/tlog-tiles: 273 tiles of 256 entries, and 112 more.
    #[test]
    fn a_log_of_70_000_entries_has_the_upper_tiles_of_its_tree() {
        let leaves: Vec<_> = (0_u32..70_000).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        let mut nodes = Nodes::default();
        leaves.iter().for_each(|leaf| nodes.push(*leaf));
        // Every tile above is made of the roots of the full tiles below.
        let root = |tile: &[TreeHash]| {
            let mut tree = Frontier::new();
            tile.iter().for_each(|hash| tree.push(*hash));
            tree.root()
        };
        let roots = |below: &[TreeHash]| below.chunks_exact(256).map(root).collect::<Vec<_>>();
        let first = roots(&leaves);
        let second = roots(&first);
        assert_eq!((first.len(), second.len()), (256 + 17, 1));
        assert_eq!(nodes.above(8, 0..256), first.get(..256));
        assert_eq!(nodes.above(8, 256..273), first.get(256..));
        assert_eq!(nodes.above(16, 0..1), Some(&second[..]));
        for (level, places) in [(8, 256..274), (8, 273..274), (16, 0..2), (24, 0..1), (512, 0..1)] {
            assert_eq!(nodes.above(level, places), None);
        }
        assert_eq!(nodes.above(0, 0..1), None);
    }
}
