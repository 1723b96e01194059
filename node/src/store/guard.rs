//! The last signed checkpoint of a log, beside it: what keeps a node from signing two histories.
//!
//! Two slots of one fixed-size file are overwritten in turn, so that a torn write hits the older
//! one and a flush never has to change the file's size. Source: `docs/spec/07-files.md`.

use super::StoreError;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const SLOT_BYTES: usize = 4096;
const MAGIC: &[u8; 16] = b"cairn/guard/v1\n\0";
const CONTEXT: &str = "cairn 2026-11 guard slot v1";

/// The file of one log's last checkpoint.
#[derive(Debug)]
pub(crate) struct Guard {
    path: PathBuf,
    file: File,
    sequence: u64,
}

impl Guard {
    /// Opens or makes the file, and returns the newest note in it.
    pub(crate) fn open(path: &Path) -> Result<(Self, Option<String>), StoreError> {
        let open = File::options().create(true).truncate(false).read(true).write(true).open(path);
        let file = open.map_err(StoreError::io(path))?;
        let mut bytes = vec![0; 2 * SLOT_BYTES];
        let held = file.metadata().map_err(StoreError::io(path))?.len();
        if held < 2 * SLOT_BYTES as u64 {
            file.write_all_at(&bytes, 0).map_err(StoreError::io(path))?;
            file.sync_all().map_err(StoreError::io(path))?;
        }
        file.read_exact_at(&mut bytes, 0).map_err(StoreError::io(path))?;
        let newest = bytes.chunks(SLOT_BYTES).filter_map(decode).max_by_key(|slot| slot.0);
        let (sequence, note) = newest.map_or((0, None), |(sequence, note)| (sequence, Some(note)));
        Ok((Self { path: path.to_path_buf(), file, sequence }, note))
    }

    /// Replaces the checkpoint; it is on the disk when this returns, if `flush` asks for that.
    pub(crate) fn replace(&mut self, note: &str, flush: bool) -> Result<(), StoreError> {
        self.sequence = self.sequence.saturating_add(1);
        let slot = encode(self.sequence, note);
        let offset = (self.sequence % 2).saturating_mul(SLOT_BYTES as u64);
        self.file.write_all_at(&slot, offset).map_err(StoreError::io(&self.path))?;
        if flush {
            self.file.sync_data().map_err(StoreError::io(&self.path))?;
        }
        Ok(())
    }
}

fn encode(sequence: u64, note: &str) -> Vec<u8> {
    let mut slot = MAGIC.to_vec();
    slot.extend(sequence.to_be_bytes());
    slot.extend((note.len() as u64).to_be_bytes());
    slot.extend(note.as_bytes());
    slot.extend(cairn_ledger::hash::derive(CONTEXT, &slot.clone()));
    slot.resize(SLOT_BYTES, 0);
    slot
}

fn decode(slot: &[u8]) -> Option<(u64, String)> {
    let rest = slot.strip_prefix(MAGIC)?;
    let (sequence, rest) = rest.split_first_chunk::<8>()?;
    let (length, rest) = rest.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
    let (note, rest) = rest.split_at_checked(length)?;
    let covered = slot.get(..MAGIC.len() + 16 + length)?;
    let sum = cairn_ledger::hash::derive(CONTEXT, covered);
    let sound = rest.first_chunk::<32>() == Some(&sum);
    let note = String::from_utf8(note.to_vec()).ok().filter(|_| sound)?;
    Some((u64::from_be_bytes(*sequence), note))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_write_leaves_the_checkpoint_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        let (mut guard, none) = Guard::open(&path).unwrap();
        assert_eq!(none, None);
        guard.replace("one", true).unwrap();
        guard.replace("two", true).unwrap();
        assert_eq!(Guard::open(&path).unwrap().1.as_deref(), Some("two"));
        guard.file.write_all_at(&[9; 40], 20).unwrap();
        assert_eq!(Guard::open(&path).unwrap().1.as_deref(), Some("one"));
    }
}
