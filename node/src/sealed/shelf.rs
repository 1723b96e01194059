//! Sealed payloads and pieces on the disk: a folder for each part, apart from the logs.
//!
//! Nothing in it is believed: payloads are checked against the statement, pieces against the manifest,
//! when they are written and when they are read. Everything is written beside and moved into place.

use cairn_ledger::codec;
use cairn_ledger::hash::derive;
use cairn_sealing::{PAYLOAD_BYTES_MAX, Place, piece};
use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

const PAYLOAD: &str = "payload";
const BESIDE: &str = "part";
/// How much is overwritten at once.
const BLOCK: usize = 1 << 20;

/// The folder of all sealed payloads.
#[derive(Debug)]
pub(super) struct Shelf(PathBuf);

impl Shelf {
    /// The shelf of a data folder.
    pub(super) fn open(data: &Path) -> io::Result<Self> {
        let folder = data.join("sealed");
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        Ok(Self(folder))
    }

    fn folder(&self, place: &Place) -> PathBuf {
        let name = derive("cairn 2026-11 sealed place v1", &codec::encode(place));
        let name: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
        self.0.join(name.get(..2).unwrap_or_default()).join(name)
    }

    /// The payload, as it lies there.
    pub(super) fn payload(&self, place: &Place) -> io::Result<Option<Vec<u8>>> {
        read(&self.folder(place).join(PAYLOAD), PAYLOAD_BYTES_MAX)
    }

    /// One encrypted piece of a file.
    pub(super) fn piece(&self, place: &Place, number: u32) -> io::Result<Option<Vec<u8>>> {
        read(&self.folder(place).join(number.to_string()), piece::STORED_BYTES_MAX)
    }

    pub(super) fn keep_payload(&self, place: &Place, bytes: &[u8]) -> io::Result<()> {
        self.keep(place, PAYLOAD, bytes)
    }

    pub(super) fn keep_piece(&self, place: &Place, number: u32, bytes: &[u8]) -> io::Result<()> {
        self.keep(place, &number.to_string(), bytes)
    }

    fn keep(&self, place: &Place, name: &str, bytes: &[u8]) -> io::Result<()> {
        let folder = self.folder(place);
        if !folder.exists() {
            DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
            for above in folder.ancestors().skip(1).take(2) {
                File::open(above)?.sync_all()?;
            }
        }
        let (path, beside) = (folder.join(name), folder.join(format!("{name}.{BESIDE}")));
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_data()?;
        fs::rename(&beside, &path)?;
        File::open(&folder)?.sync_all()
    }

    /// The numbers of the pieces that are there.
    pub(super) fn pieces(&self, place: &Place) -> io::Result<BTreeSet<u32>> {
        let names = names(&self.folder(place))?;
        Ok(names.iter().filter_map(|(name, _)| name.parse().ok()).collect())
    }

    /// Overwrites and removes everything of a part. A crash in the middle leaves what has not been
    /// removed; the payload goes first, and nothing can be read without it.
    pub(super) fn destroy(&self, place: &Place) -> io::Result<()> {
        let folder = self.folder(place);
        let mut names = names(&folder)?;
        names.sort_by_key(|(name, _)| name != PAYLOAD);
        for (name, _) in names {
            overwrite(&folder.join(&name))?;
            fs::remove_file(folder.join(&name))?;
            File::open(&folder)?.sync_all()?;
        }
        match fs::remove_dir(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Removes what was being written when the node stopped, and whatever `is_left` says of the payload
    /// that lies in a folder that nothing was written to since `before`.
    pub(super) fn sweep(
        &self,
        before: SystemTime,
        is_left: impl Fn(&Place) -> bool,
    ) -> io::Result<()> {
        for (above, _) in names(&self.0)? {
            for (name, _) in names(&self.0.join(&above)).unwrap_or_default() {
                let folder = self.0.join(&above).join(name);
                for (name, _) in names(&folder)? {
                    if name.ends_with(BESIDE) {
                        fs::remove_file(folder.join(name))?;
                    }
                }
                let is_old = fs::metadata(&folder)?.modified()? < before;
                let payload = read(&folder.join(PAYLOAD), PAYLOAD_BYTES_MAX)?;
                let payload = payload.and_then(|bytes| cairn_sealing::Payload::decode(&bytes).ok());
                let left = payload.is_none_or(|payload| is_left(payload.place()));
                if is_old && left {
                    fs::remove_dir_all(&folder)?;
                }
            }
        }
        Ok(())
    }
}

/// What is in a folder, with its bytes. A folder that is not there is empty.
fn names(folder: &Path) -> io::Result<Vec<(String, u64)>> {
    let listed = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed?,
    };
    let mut names = Vec::new();
    for entry in listed {
        let entry = entry?;
        if let Ok(name) = entry.file_name().into_string() {
            names.push((name, entry.metadata()?.len()));
        }
    }
    Ok(names)
}

fn read(path: &Path, limit: usize) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= limit).then_some(bytes))
}

fn overwrite(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    let (mut left, zeros) = (file.metadata()?.len(), vec![0; BLOCK]);
    while left > 0 {
        let now = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK);
        file.write_all(zeros.get(..now).unwrap_or_default())?;
        left = left.saturating_sub(now as u64);
    }
    file.sync_all()
}
