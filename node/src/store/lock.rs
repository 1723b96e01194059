//! One node per data folder.

use super::StoreError;
use rustix::fs::{FlockOperation, flock};
use std::fs::File;
use std::path::Path;

/// Holds the folder until it is dropped; the system lets go of it however the process ends.
pub(crate) struct FolderLock(#[expect(dead_code, reason = "held for its lock")] File);

impl FolderLock {
    /// # Errors
    /// When another process holds the folder.
    pub(crate) fn take(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join("lock");
        let open = File::options().create(true).truncate(false).write(true).open(&path);
        let file = open.map_err(StoreError::io(&path))?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|_| {
            let folder = folder.display();
            StoreError::Folder(format!("{folder} is in use by another cairn-node"))
        })?;
        Ok(Self(file))
    }
}
