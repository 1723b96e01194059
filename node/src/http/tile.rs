//! Which part of a log a tile's address names, and whether a log of some size has it.
//!
//! Source: c2sp.org/tlog-tiles, `docs/spec/12-tiles.md`.

use std::fmt;
use std::ops::Range;

/// How many hashes or entries a full tile has.
pub const TILE_WIDTH: u64 = 256;
/// How many levels of the tree one level of tiles spans.
const TILE_HEIGHT: u32 = 8;
/// The highest level of tiles that an address can name.
const LEVEL_MAX: u8 = 63;
/// The longest address of a tile: a level, seven groups of digits, a width.
const ADDRESS_BYTES_MAX: usize = 48;

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// The entries themselves.
    Entries,
    /// Hashes of the tree, at this level of tiles.
    Hashes(u8),
}

/// A tile: up to 256 entries, or up to 256 hashes of one level of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// What it holds.
    pub holds: Holds,
    index: u64,
    width: u64,
}

impl Tile {
    /// The tile that an address behind `tile/` names: `0/x001/x234/067`, `entries/000.p/17`. There is
    /// one way to write each.
    #[must_use]
    pub fn named(address: &str) -> Option<Self> {
        let (holds, rest) =
            address.split_once('/').filter(|_| address.len() <= ADDRESS_BYTES_MAX)?;
        let holds = match holds {
            "entries" => Holds::Entries,
            level => Holds::Hashes(level.parse().ok().filter(|level| *level <= LEVEL_MAX)?),
        };
        let (groups, width) = match rest.split_once(".p/") {
            Some((groups, width)) => (groups, width.parse().ok()?),
            None => (rest, TILE_WIDTH),
        };
        let append = |index: u64, group: &str| {
            let digits = group.strip_prefix('x').unwrap_or(group);
            index.checked_mul(1000)?.checked_add(digits.parse().ok()?)
        };
        let index = groups.split('/').try_fold(0, append)?;
        let tile = Self { holds, index, width };
        let is_tile = (1..=TILE_WIDTH).contains(&width) && tile.to_string() == address;
        is_tile.then_some(tile)
    }

    /// Which level of the tree its hashes are of. Entries stand for their own hashes.
    #[must_use]
    pub fn tree_level(&self) -> u32 {
        match self.holds {
            Holds::Entries => 0,
            Holds::Hashes(level) => u32::from(level) * TILE_HEIGHT,
        }
    }

    /// The places, at its level of the tree, of what it holds: nothing, where a log of `size` entries
    /// does not have all of them.
    #[must_use]
    pub fn places(&self, size: u64) -> Option<Range<u64>> {
        let start = self.index.checked_mul(TILE_WIDTH)?;
        let end = start.checked_add(self.width)?;
        let complete = size.checked_shr(self.tree_level()).unwrap_or(0);
        (end <= complete).then_some(start..end)
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut groups = format!("{:03}", self.index % 1000);
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups = format!("x{:03}/{groups}", rest % 1000);
            rest /= 1000;
        }
        match self.holds {
            Holds::Entries => write!(f, "entries/{groups}")?,
            Holds::Hashes(level) => write!(f, "{level}/{groups}")?,
        }
        if self.width == TILE_WIDTH { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_way_to_write_an_address() {
        for address in [
            "0/000",
            "63/000.p/255",
            "1/x001/x234/067",
            "0/x001/000.p/1",
            "entries/999.p/17",
            "entries/x018/x446/x744/x073/x709/x551/615.p/255",
        ] {
            assert_eq!(Tile::named(address).expect(address).to_string(), address);
        }
        for address in [
            "",
            "0",
            "0/",
            "/000",
            "0/0",
            "0/00",
            "0/0000",
            "0/1000",
            "00/000",
            "+0/000",
            "64/000",
            "256/000",
            "-1/000",
            "8/0/000",
            "data/000",
            "Entries/000",
            "0/x000/001",
            "0/001/002",
            "0/x001/x002",
            "0/X001/002",
            "0/xx001/002",
            "0/x1/002",
            "0/+01",
            "0/000/",
            "0//000",
            "0/000.p/0",
            "0/000.p/256",
            "0/000.p/01",
            "0/000.p/+1",
            "0/000.p/",
            "0/000.p",
            "0/000.p/1/",
            "0/000.p/1.p/1",
            "0/000.P/1",
            "0/%30%30%30",
            "0/000 ",
            "0/\u{661}\u{661}\u{661}",
            "0/x018/x446/x744/x073/x709/x551/616",
            "0/x999/x999/x999/x999/x999/x999/x999/999",
        ] {
            assert_eq!(Tile::named(address), None, "{address}");
        }
    }

    #[test]
    fn a_tile_is_there_once_all_that_it_holds_is() {
        // The example of c2sp.org/tlog-tiles: 273 full tiles and 112 entries.
        let there = |address: &str| Tile::named(address).expect(address).places(70_000);
        assert_eq!(there("0/272"), Some(69_632..69_888));
        assert_eq!(there("0/273.p/112"), Some(69_888..70_000));
        assert_eq!(there("entries/273.p/1"), Some(69_888..69_889));
        assert_eq!(there("1/000"), Some(0..256));
        assert_eq!(there("1/001.p/17"), Some(256..273));
        assert_eq!(there("2/000.p/1"), Some(0..1));
        for address in [
            "0/273",
            "0/273.p/113",
            "0/274.p/1",
            "entries/273",
            "1/001",
            "1/001.p/18",
            "2/000",
            "2/000.p/2",
            "3/000.p/1",
            "8/000.p/1",
            "63/000.p/1",
            "0/x018/x446/x744/x073/x709/x551/615",
        ] {
            assert_eq!(there(address), None, "{address}");
        }
        let all = Tile::named("entries/000.p/1").expect("a tile");
        assert_eq!((all.places(0), all.places(1)), (None, Some(0..1)));
        assert_eq!(Tile::named("7/000.p/255").expect("a tile").places(u64::MAX), Some(0..255));
    }
}
