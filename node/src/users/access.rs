//! The access record: who has opened which sealed part, and when.
//!
//! A record is on the disk before what it is about leaves the node. A file of lines, only ever added to;
//! a line that a crash has cut is left where it is, and told.

use cairn_api::{Access, AccessKind};
use cairn_ledger::MemberCode;
use cairn_ledger::hash::Commitment;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// More records of one part are not given at once: the last ones are.
pub const RECORDS_MAX: usize = 1000;

/// The file of records.
#[derive(Debug)]
pub struct AccessRecord {
    path: PathBuf,
    me: MemberCode,
    file: Mutex<File>,
    /// Whether the last write did not end well.
    cut: AtomicBool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    at: u64,
    user: String,
    part: Commitment,
    what: AccessKind,
}

impl AccessRecord {
    /// Opens the record of a data folder.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn open(data: &Path, me: MemberCode) -> io::Result<Self> {
        let path = data.join("access");
        let mut options = OpenOptions::new();
        let mut file = options.append(true).create(true).mode(0o600).open(&path)?;
        // What a crash has cut ends here: the next record begins a line of its own.
        if last_byte(&path)?.is_some_and(|byte| byte != b'\n') {
            tracing::warn!(path = %path.display(), "the last access record was cut by a crash");
            file.write_all(b"\n")?;
            file.sync_data()?;
        }
        Ok(Self { path, me, file: Mutex::new(file), cut: AtomicBool::new(false) })
    }

    /// Takes note that somebody opens a part. It is on the disk when this returns.
    ///
    /// # Errors
    /// When the disk fails: then nothing may be opened.
    pub fn record(
        &self,
        at: u64,
        user: &str,
        part: Commitment,
        what: AccessKind,
    ) -> io::Result<()> {
        let line = Line { at, user: user.to_owned(), part, what };
        let mut bytes = serde_json::to_vec(&line).map_err(io::Error::other)?;
        bytes.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // A line that could not be written whole ends here, so that this one stands by itself.
        if self.cut.swap(true, Ordering::Relaxed) {
            file.write_all(b"\n")?;
        }
        file.write_all(&bytes)?;
        file.sync_data()?;
        self.cut.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Who has opened a part here, in order of time: the last ones, where they are many.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn of(&self, part: &Commitment) -> io::Result<Vec<Access>> {
        let mut found = std::collections::VecDeque::new();
        for line in BufReader::new(File::open(&self.path)?).split(b'\n') {
            let Ok(Line { at, user, part: of, what }) = serde_json::from_slice(&line?) else {
                continue;
            };
            if of == *part {
                found.push_back(Access { at, member: self.me.clone(), user, what });
                if found.len() > RECORDS_MAX {
                    found.pop_front();
                }
            }
        }
        Ok(found.into())
    }
}

fn last_byte(path: &Path) -> io::Result<Option<u8>> {
    let mut file = File::open(path)?;
    if file.metadata()?.len() == 0 {
        return Ok(None);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(Some(last[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_outlive_a_crash_in_the_middle_of_one() {
        let folder = tempfile::tempdir().unwrap();
        let me = MemberCode::new("TUR").unwrap();
        let (one, two) = (Commitment([1; 32]), Commitment([2; 32]));
        let record = AccessRecord::open(folder.path(), me.clone()).unwrap();
        record.record(10, "desk-1", one, AccessKind::Opened).unwrap();
        record.record(11, "desk-2", two, AccessKind::File).unwrap();
        drop(record);
        let path = folder.path().join("access");
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"at\":12,\"us").unwrap();
        let record = AccessRecord::open(folder.path(), me.clone()).unwrap();
        record.record(13, "desk-1", one, AccessKind::Opening).unwrap();
        let of = |part| record.of(part).unwrap().into_iter().map(|one| (one.at, one.what));
        assert!(of(&one).eq([(10, AccessKind::Opened), (13, AccessKind::Opening)]));
        assert!(of(&two).eq([(11, AccessKind::File)]));
        assert_eq!(record.of(&one).unwrap()[0].member, me);
    }
}
