//! What lies in a data folder: read, compared, copied and damaged.

use cairn_ledger::bundle::Slices;
use cairn_ledger::{EntryHash, RawEntry};
use std::fs;
use std::path::{Path, PathBuf};

/// The file of one member's log in a data folder.
#[must_use]
pub fn entries_file(folder: &Path, member: &str) -> PathBuf {
    folder.join("logs").join(member).join("entries")
}

/// The hashes of the entries of one member's log in a data folder, in order of position.
///
/// # Panics
/// When the file cannot be read or holds anything else.
#[must_use]
pub fn read_entries(folder: &Path, member: &str) -> Vec<EntryHash> {
    let bytes = fs::read(entries_file(folder, member)).expect("a log file");
    let mut hashes = Vec::new();
    for slice in Slices::new(&bytes) {
        let slice = slice.expect("whole entries");
        let raw = RawEntry::decode(slice).expect("an entry");
        assert_eq!(raw.position(), hashes.len() as u64);
        hashes.push(EntryHash::of(slice));
    }
    hashes
}

/// Changes the bytes of a file in place.
///
/// # Panics
/// When the file cannot be read and written.
pub fn corrupt(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).expect("a file");
    change(&mut bytes);
    fs::write(path, bytes).expect("a file that can be written");
}

/// Copies a folder with everything in it.
///
/// # Panics
/// When a file cannot be copied.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a new folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry of the folder");
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().expect("a type").is_dir() {
            copy_folder(&source, &target);
        } else {
            fs::copy(&source, &target).expect("a copy");
        }
    }
}
