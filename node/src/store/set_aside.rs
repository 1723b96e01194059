//! Sets entries of our own log aside that no peer has ever seen, so that the log goes on as peers hold it.

use super::log_file::LogFile;
use super::{Store, StoreError, evidence, fault};
use crate::config::replace;
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Checkpoint, SignedStatement};
use std::path::PathBuf;

/// The first line of a draft file (`docs/spec/07-files.md`).
const DRAFT_MAGIC: &str = "cairn/draft/v1";

/// What was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// The position of the first entry.
    pub position: u64,
    /// How many entries.
    pub count: usize,
    /// How many entries peers hold.
    pub promised: u64,
    /// Their statements, to be submitted again.
    pub drafts: PathBuf,
}

impl Store {
    /// Takes the entries of our own log that no peer has seen out of it, once a peer has shown that there
    /// are any. Their statements are kept as drafts.
    ///
    /// # Errors
    /// When nothing of the kind was found, or the disk fails. It can be done again then.
    pub fn set_aside_unseen(&self, me: &MemberCode) -> Result<SetAside, StoreError> {
        let none = || {
            let text = "no peer has shown that our own log ends in entries that nobody else has";
            StoreError::Folder(text.into())
        };
        let (position, note) = evidence::unseen(&self.folder, me).ok_or_else(none)?;
        let shown = self.own_promise(me, &note)?;
        let log = self.log(me).ok_or_else(|| StoreError::no_log(me))?;
        let statements = self.statements_from(me, log, position)?;
        let drafts = log.path().with_file_name("unseen");
        let drafts = fault::aside(|n| drafts.with_extension(format!("at-{position}-{n}.draft")));
        replace(&drafts, draft(&statements).as_bytes())
            .map_err(|why| StoreError::Folder(format!("{why:#}")))?;
        // The guard last: until then a start finds the log as it was, or one that peers complete.
        log.truncate(position)?;
        self.second.truncate(me, position)?;
        log.guard(shown.note(), true)?;
        evidence::forget_unseen(&self.folder, me)?;
        Ok(SetAside { position, count: statements.len(), promised: shown.size(), drafts })
    }

    fn own_promise(&self, me: &MemberCode, note: &str) -> Result<Checkpoint, StoreError> {
        let (origin, keys) = (self.charter.origin(me), self.charter.log_keys(me));
        let shown = Checkpoint::verify(note.as_bytes(), &origin, &keys);
        shown.map_err(|why| StoreError::Folder(format!("the note that a peer showed: {why}")))
    }

    fn statements_from(
        &self,
        me: &MemberCode,
        log: &LogFile,
        position: u64,
    ) -> Result<Vec<SignedStatement>, StoreError> {
        let size = log.size().0;
        let entry = |at| Ok(self.entry(me, at)?.signed().clone());
        (position..size).map(entry).collect()
    }
}

fn draft(statements: &[SignedStatement]) -> String {
    let lines = statements.iter().map(|signed| hex::encode(signed.encode()) + "\n");
    format!("{DRAFT_MAGIC}\n# set aside: no peer has seen them\n{}", lines.collect::<String>())
}
