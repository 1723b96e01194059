//! What speaks against a log, as plain files beside it: the proof of a fork, notes that do not fit.
//!
//! The second copy has the proof too: whichever of them is lost comes back from the other at a start.

use super::StoreError;
use crate::config::replace;
use crate::process::read_bounded;
use cairn_ledger::fork::{FORK_BYTES_MAX, RawFork};
use cairn_ledger::note::NOTE_BYTES_MAX;
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Charter, Fork};
use cairn_replica::Unseen;
use std::path::{Path, PathBuf};

/// What was held here, and what was shown.
const SIDES: [&str; 2] = ["diverges-held", "diverges-shown"];
const FORK: &str = "fork";
const UNSEEN: &str = "unseen";

fn file(folder: &Path, log: &MemberCode, name: &str) -> PathBuf {
    folder.join("logs").join(log.as_str()).join(name)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    replace(path, bytes).map_err(|why| StoreError::Folder(format!("{why:#}")))
}

/// Replaces the proof of a fork.
pub(super) fn keep_fork(folder: &Path, fork: &Fork) -> Result<(), StoreError> {
    write(&file(folder, fork.log(), FORK), &fork.encode())
}

/// The bytes of the proof of a fork, if there is one.
pub(super) fn fork(folder: &Path, log: &MemberCode) -> Option<Vec<u8>> {
    read_bounded(&file(folder, log, FORK), FORK_BYTES_MAX).ok()
}

/// The proof of a log's fork that says the most, of those bytes that are one.
pub(super) fn best(
    charter: &Charter,
    log: &MemberCode,
    found: impl IntoIterator<Item = Vec<u8>>,
) -> Option<Fork> {
    let verify = |bytes: Vec<u8>| RawFork::decode(&bytes).ok()?.verify(charter).ok();
    let forks = found.into_iter().filter_map(verify).filter(|fork| fork.log() == log);
    forks.min_by_key(Fork::rank)
}

/// Writes two notes, unless some are there already: the first ones show what happened.
pub(super) fn keep_diverging(
    folder: &Path,
    log: &MemberCode,
    notes: &[&str; 2],
) -> Result<(), StoreError> {
    for (side, note) in SIDES.iter().zip(notes) {
        let path = file(folder, log, side);
        if !path.exists() {
            write(&path, note.as_bytes())?;
        }
    }
    Ok(())
}

/// Writes from which position on no peer has our own log, and what peers hold instead.
pub(super) fn keep_unseen(
    folder: &Path,
    me: &MemberCode,
    unseen: &Unseen,
) -> Result<(), StoreError> {
    let text = format!("{}\n{}", unseen.position, unseen.shown.note());
    write(&file(folder, me, UNSEEN), text.as_bytes())
}

/// From which position on no peer has our own log, and the note of what peers hold instead.
pub(super) fn unseen(folder: &Path, me: &MemberCode) -> Option<(u64, String)> {
    let bytes = read_bounded(&file(folder, me, UNSEEN), NOTE_BYTES_MAX).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (position, note) = text.split_once('\n')?;
    Some((position.parse().ok()?, note.into()))
}

/// What was unseen has been set aside.
pub(super) fn forget_unseen(folder: &Path, me: &MemberCode) -> Result<(), StoreError> {
    let path = file(folder, me, UNSEEN);
    std::fs::remove_file(&path).map_err(StoreError::io(&path))
}
