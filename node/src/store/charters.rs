//! The charter and the proposals to amend it, as plain files in the data folder.

use super::{Store, StoreError};
use crate::config::{Folder, replace};
use crate::process::read_bounded;
use anyhow::Context;
use cairn_ledger::Charter;
use cairn_ledger::charter::{Amendments, CHARTERS_BYTES_MAX};

impl Store {
    /// Writes and flushes what is known of charters: the complete ones first.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn keep_charters(&self, amendments: &Amendments) -> Result<(), StoreError> {
        let folder = Folder(self.folder.clone());
        keep(&folder, amendments).map_err(|why| StoreError::Folder(format!("{why:#}")))
    }
}

/// Writes and flushes what is known of charters into a data folder.
///
/// # Errors
/// When the disk fails.
pub fn keep(folder: &Folder, amendments: &Amendments) -> anyhow::Result<()> {
    replace(&folder.charter(), &amendments.charter().encode())?;
    replace(&folder.proposals(), &amendments.encode_proposals())
}

/// What a data folder has of charters. Proposals that amend another version than the one in force are
/// left out.
///
/// # Errors
/// When there is no charter, or it is damaged.
pub fn read(folder: &Folder) -> anyhow::Result<Amendments> {
    let path = folder.charter();
    let bytes = read_bounded(&path, CHARTERS_BYTES_MAX)
        .context("this node has no charter yet: start it once with --charter FILE")?;
    let charter = Charter::verify(&bytes, None).with_context(|| format!("{}", path.display()))?;
    let mut amendments = Amendments::new(charter);
    let proposals = folder.proposals();
    if proposals.exists() {
        let bytes = read_bounded(&proposals, CHARTERS_BYTES_MAX)?;
        amendments.offer_file(&bytes).with_context(|| format!("{}", proposals.display()))?;
    }
    Ok(amendments)
}
