//! What shows that a log's key signed two histories, as signed notes in plain files beside the log.
//!
//! The second copy has it too: whichever of them is lost comes back from the other at a start.

use super::{Evidence, StoreError};
use crate::config::replace;
use crate::process::read_bounded;
use cairn_ledger::note::NOTE_BYTES_MAX;
use cairn_ledger::text::MemberCode;
use std::path::{Path, PathBuf};

/// What was held here, and what was shown.
const SIDES: [&str; 2] = ["held", "shown"];

fn file(folder: &Path, kind: Evidence, log: &MemberCode, side: &str) -> PathBuf {
    folder.join("logs").join(log.as_str()).join(format!("{}-{side}", kind.name()))
}

/// Writes the two notes, unless some are there already: the first ones are the evidence.
pub(super) fn keep(
    folder: &Path,
    kind: Evidence,
    log: &MemberCode,
    notes: &[&str; 2],
) -> Result<(), StoreError> {
    for (side, note) in SIDES.iter().zip(notes) {
        let path = file(folder, kind, log, side);
        if !path.exists() {
            let written = replace(&path, note.as_bytes());
            written.map_err(|why| StoreError::Folder(format!("{why:#}")))?;
        }
    }
    Ok(())
}

/// The two notes, if both are there.
pub(super) fn read(folder: &Path, kind: Evidence, log: &MemberCode) -> Option<[String; 2]> {
    let note = |side| {
        let bytes = read_bounded(&file(folder, kind, log, side), NOTE_BYTES_MAX).ok()?;
        String::from_utf8(bytes).ok()
    };
    let [held, shown] = SIDES.map(note);
    Some([held?, shown?])
}
