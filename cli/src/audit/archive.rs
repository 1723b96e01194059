//! What an archive's folder holds, by member, before any of it is believed but the charter.

use crate::failure::Failure;
use crate::home::cannot;
use crate::verify::{self, Against};
use cairn_ledger::charter::CHARTERS_BYTES_MAX;
use cairn_ledger::{Charter, MemberCode, NetworkId};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How the name of an exported log ends.
pub const LOG: &str = "cairnlog";
/// How the name of a cosigned checkpoint ends.
pub const COSIGNED: &str = "cosigned";
/// How the name of a fork proof ends.
pub const FORK: &str = "fork";
/// The name of the charter.
pub const CHARTER: &str = "charter";

/// A folder with a charter that founds the network that was asked for.
#[derive(Debug)]
pub struct Archive {
    /// Where it is.
    pub folder: PathBuf,
    /// The charter.
    pub charter: Arc<Charter>,
    /// The file that the charter was in.
    pub charter_file: PathBuf,
    /// The files of each member that has any.
    pub files: BTreeMap<MemberCode, Files>,
    /// Files that are named as ours are, and for no member.
    pub strangers: Vec<PathBuf>,
}

/// Where what is held of one member lies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    /// The exported log.
    pub log: Option<PathBuf>,
    /// The cosigned checkpoint.
    pub cosigned: Option<PathBuf>,
    /// The fork proof.
    pub fork: Option<PathBuf>,
}

impl Archive {
    /// Looks into a folder.
    ///
    /// # Errors
    /// When it cannot be read, has no charter, or one that is refused.
    pub fn open(folder: &Path, network: NetworkId) -> Result<Self, Failure> {
        let mut paths = Vec::new();
        let listed = fs::read_dir(folder).map_err(|error| {
            cannot("read", folder, &error)
                .hint("an archive is a folder; `cairn verify` takes single files")
        })?;
        for entry in listed {
            let path = entry.map_err(|error| cannot("read", folder, &error))?.path();
            let ending = path.extension().and_then(|ending| ending.to_str());
            if matches!(ending, Some(LOG | COSIGNED | FORK)) {
                paths.push(path);
            }
        }
        paths.sort();
        let (charter, charter_file) = charter(folder, &paths, network)?;
        let (folder, charter) = (folder.into(), Arc::new(charter));
        let (files, strangers) = (BTreeMap::new(), Vec::new());
        let mut archive = Self { folder, charter, charter_file, files, strangers };
        paths.into_iter().for_each(|path| archive.sort_in(path));
        Ok(archive)
    }

    fn sort_in(&mut self, path: PathBuf) {
        let named = path.file_stem().and_then(|stem| MemberCode::new(stem.to_str()?).ok());
        let member = named.filter(|code| self.charter.log(code).is_some());
        let Some(member) = member else {
            self.strangers.push(path);
            return;
        };
        let files = self.files.entry(member).or_default();
        match path.extension().and_then(|ending| ending.to_str()) {
            Some(COSIGNED) => files.cosigned = Some(path),
            Some(FORK) => files.fork = Some(path),
            _ => files.log = Some(path),
        }
    }

    /// The members of whose logs nothing at all is here.
    #[must_use]
    pub fn missing(&self) -> Vec<MemberCode> {
        let cards = self.charter.logs();
        let codes = cards.iter().map(|card| &card.code);
        codes.filter(|code| !self.files.contains_key(*code)).cloned().collect()
    }

    /// How many bytes the logs have together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let logs = self.files.values().filter_map(|files| files.log.as_ref());
        logs.map(|path| length(path)).fold(0, u64::saturating_add)
    }
}

/// How many bytes a file has, as far as that can be told.
pub(super) fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// The charter of the folder, or else of the first log in it that carries a true one.
fn charter(
    folder: &Path,
    paths: &[PathBuf],
    network: NetworkId,
) -> Result<(Charter, PathBuf), Failure> {
    let path = folder.join(CHARTER);
    match read_bounded(&path, CHARTERS_BYTES_MAX) {
        Ok(bytes) => {
            let charter = Charter::verify(&bytes, Some(network)).map_err(|why| {
                Failure::no(format!("{} is refused: {why}", path.display()))
                    .hint("is it an archive of another network? compare the id with one you trust")
            })?;
            return Ok((charter, path));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(cannot("read", &path, &error)),
    }
    let against = Against::network(network);
    let carried = |path: &PathBuf| {
        let peek = verify::peek(BufReader::new(open_file(path).ok()?), &against).ok()?;
        Some((Arc::unwrap_or_clone(peek.charter), path.clone()))
    };
    let is_log = |path: &&PathBuf| path.extension().is_some_and(|ending| ending == LOG);
    paths.iter().filter(is_log).find_map(carried).ok_or_else(|| {
        Failure::unknown(format!("{} holds no charter of network {network}", folder.display()))
            .hint("an archive is what `cairn export --to DIR` writes")
    })
}

/// Opens a plain file: whoever put a pipe there may let us wait for ever.
///
/// # Errors
/// When the system refuses or it is no plain file.
pub fn open_file(path: &Path) -> io::Result<File> {
    if fs::metadata(path)?.is_file() {
        File::open(path)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"))
    }
}

/// The bytes of a small file. One byte more than `limit` is read, so that a decoder refuses what is
/// longer.
///
/// # Errors
/// When the system refuses or it is no plain file.
pub fn read_bounded(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_file(path)?.take((limit as u64).saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}
