//! Statements that wait for a second person, each a plain file in the data folder.
//!
//! Nothing in such a file is believed: the statement and the refusal carry their signatures, and are
//! checked when the file is read. What is damaged is left where it is and told.

use super::{Store, StoreError};
use crate::config::replace;
use crate::process::read_bounded;
use cairn_ledger::entry::Verifier;
use cairn_ledger::hash::Bytes;
use cairn_ledger::{NetworkId, RawStatement, Refusal, SignedStatement, StatementId};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A statement and its signatures in hexadecimal, a refusal, and what stands around them.
const FILE_BYTES_MAX: usize = 160 << 10;
/// More files than a node makes are not read.
const FILES_MAX: usize = 4096;
const FOLDER: &str = "reviews";

/// A statement that waits for a second person, or was refused by one.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The statement with the signatures that it has.
    pub statement: SignedStatement,
    /// When it was handed in: seconds since 1970.
    pub since: u64,
    /// Who has refused it, if somebody has.
    pub refusal: Option<Refusal>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    since: u64,
    statement: Bytes,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refusal: Option<Refusal>,
}

impl Store {
    /// Keeps a statement that waits: it is on the disk when this returns.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn keep_review(&self, kept: &Kept) -> Result<(), StoreError> {
        let folder = self.folder.join(FOLDER);
        if !folder.exists() {
            std::fs::create_dir(&folder).map_err(StoreError::io(&folder))?;
            let sync = std::fs::File::open(&self.folder).and_then(|folder| folder.sync_all());
            sync.map_err(StoreError::io(&self.folder))?;
        }
        let file = File {
            since: kept.since,
            statement: Bytes(kept.statement.encode()),
            refusal: kept.refusal.clone(),
        };
        let bytes = serde_json::to_vec(&file).map_err(|why| StoreError::Folder(why.to_string()))?;
        let path = self.review(&kept.statement.id());
        replace(&path, &bytes).map_err(|why| StoreError::Folder(format!("{why:#}")))
    }

    /// Forgets a statement that waits no longer.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn forget_review(&self, id: &StatementId) -> Result<(), StoreError> {
        let path = self.review(id);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(StoreError::io(&path)(error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Every statement that waits, its signatures checked.
    ///
    /// # Errors
    /// When the folder is there and cannot be read.
    pub fn reviews(&self) -> Result<Vec<Kept>, StoreError> {
        let folder = self.folder.join(FOLDER);
        let listed = match std::fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            listed => listed.map_err(StoreError::io(&folder))?,
        };
        let mut all = Vec::new();
        for file in listed.take(FILES_MAX) {
            let path = file.map_err(StoreError::io(&folder))?.path();
            // A file that was being written when the power went.
            if path.extension().is_some() {
                continue;
            }
            match read(&path, self.charter.network()) {
                Ok(kept) => all.push(kept),
                Err(why) => {
                    let why = format!("{why:#}");
                    tracing::warn!(path = %path.display(), why, "not a statement that waits");
                }
            }
        }
        Ok(all)
    }

    fn review(&self, id: &StatementId) -> PathBuf {
        self.folder.join(FOLDER).join(id.to_string())
    }
}

fn read(path: &Path, network: NetworkId) -> anyhow::Result<Kept> {
    let File { since, statement, refusal } =
        serde_json::from_slice(&read_bounded(path, FILE_BYTES_MAX)?)?;
    let statement = RawStatement::decode(&statement.0)?.verify(&mut Verifier::new(network))?;
    let (id, named) = (statement.id(), path.file_name().unwrap_or_default());
    anyhow::ensure!(named == id.to_string().as_str(), "it holds statement {id}");
    if let Some(refusal) = &refusal {
        refusal.verify(&id)?;
    }
    Ok(Kept { statement, since, refusal })
}
