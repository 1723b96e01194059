//! The second copy of every entry, and what else changes: evidence, addresses, counters. In sled.
//!
//! sled's own flush is not durable and its single faults are silent, so nothing rests on it alone:
//! an entry is compared with its hash when it is read, and what is missing comes from the log files.

use super::{StoreError, fault};
use cairn_ledger::bundle::{self, Slices};
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Entry, entry::RawEntry};
use std::path::Path;
use std::time::{Duration, Instant};

/// How much of it sled may keep in memory. Its default is a gigabyte.
const CACHE_BYTES: u64 = 8 << 20;
/// How many bytes of entries one record takes: many small records cost twice their size on the disk.
const RECORD_BYTES: usize = 120 << 10;
/// How long to wait for an earlier copy in this process to let go of its files, and between two looks.
const RELEASE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(10);

/// The second copy.
#[derive(Debug)]
pub(crate) struct Second {
    db: sled::Db,
    entries: sled::Tree,
    evidence: sled::Tree,
    confirmed: sled::Tree,
    notices: sled::Tree,
}

impl Second {
    /// Opens it, or puts a copy that does not open aside and begins an empty one: `true` then.
    pub(crate) fn open(path: &Path) -> Result<(Self, bool), StoreError> {
        // sled can panic on damaged files.
        let caught = std::panic::catch_unwind(|| Self::try_open(path));
        let why = match caught {
            Ok(Ok(second)) => return Ok((second, false)),
            // A full disk or too many open files are no damage: what is there stays.
            Ok(Err(sled::Error::Io(error))) if !is_damage(&error) => {
                return Err(StoreError::io(path)(error));
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it panicked".into(),
        };
        tracing::warn!(path = %path.display(), why, "the second copy does not open: making it anew");
        let aside = fault::aside(|n| path.with_extension(format!("damaged-{n}")));
        std::fs::rename(path, &aside).map_err(StoreError::io(path))?;
        Ok((Self::try_open(path)?, true))
    }

    fn try_open(path: &Path) -> Result<Self, sled::Error> {
        let config =
            sled::Config::new().path(path).cache_capacity(CACHE_BYTES).flush_every_ms(Some(1000));
        let until = Instant::now() + RELEASE;
        // sled lets go of its files a moment after it was dropped; other processes are kept out by the
        // lock of the whole folder.
        let db = loop {
            match config.open() {
                Err(sled::Error::Io(error)) if is_locked(&error) && Instant::now() < until => {
                    std::thread::sleep(PAUSE);
                }
                opened => break opened?,
            }
        };
        let (entries, evidence) = (db.open_tree("entries")?, db.open_tree("evidence")?);
        let (confirmed, notices) = (db.open_tree("confirmed")?, db.open_tree("notices")?);
        Ok(Self { db, entries, evidence, confirmed, notices })
    }

    /// Adds a run of entries of one log.
    pub(crate) fn add(&self, member: &MemberCode, entries: &[Entry]) -> Result<(), StoreError> {
        let Some(first) = entries.first() else { return Ok(()) };
        let bytes = entries.iter().map(Entry::bytes);
        self.add_bytes(member, first.position(), bytes)
    }

    /// Adds the bytes of entries of one log from a position on, a record at a time.
    pub(crate) fn add_bytes(
        &self,
        member: &MemberCode,
        mut start: u64,
        entries: impl Iterator<Item = impl AsRef<[u8]>>,
    ) -> Result<(), StoreError> {
        let (mut record, mut count) = (Vec::new(), 0_u64);
        for entry in entries {
            bundle::write(&mut record, entry.as_ref())
                .map_err(|why| StoreError::Second(why.to_string()))?;
            count += 1;
            if record.len() >= RECORD_BYTES {
                self.entries.insert(key(member, start), std::mem::take(&mut record))?;
                (start, count) = (start + count, 0);
            }
        }
        if count > 0 {
            self.entries.insert(key(member, start), record)?;
        }
        Ok(())
    }

    /// Forgets all entries of a log, before they are copied anew.
    pub(crate) fn forget(&self, member: &MemberCode) -> Result<(), StoreError> {
        for found in self.entries.range(key(member, 0)..=key(member, u64::MAX)).keys() {
            self.entries.remove(found?)?;
        }
        Ok(())
    }

    /// The bytes that it holds for one entry, if they decode as an entry at that position.
    pub(crate) fn entry(
        &self,
        member: &MemberCode,
        position: u64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.entries.range(key(member, 0)..=key(member, position)).next_back();
        let Some((found, record)) = found.transpose()? else { return Ok(None) };
        let start = found.last_chunk::<8>().map_or(0, |start| u64::from_be_bytes(*start));
        let skip = usize::try_from(position.saturating_sub(start)).unwrap_or(usize::MAX);
        let slice = Slices::new(&record).nth(skip).and_then(Result::ok);
        let here =
            |bytes: &&[u8]| RawEntry::decode(bytes).is_ok_and(|raw| raw.position() == position);
        Ok(slice.filter(here).map(<[u8]>::to_vec))
    }

    /// How many entries of a log it holds, by its last record.
    pub(crate) fn size(&self, member: &MemberCode) -> Result<u64, StoreError> {
        let all = key(member, 0)..=key(member, u64::MAX);
        let Some((found, record)) = self.entries.range(all).next_back().transpose()? else {
            return Ok(0);
        };
        let start = found.last_chunk::<8>().map_or(0, |start| u64::from_be_bytes(*start));
        Ok(start.saturating_add(Slices::new(&record).count() as u64))
    }

    /// Keeps the proof that a log is forked, in place of the one before it.
    pub(crate) fn keep_fork(&self, log: &MemberCode, proof: &[u8]) -> Result<(), StoreError> {
        self.evidence.insert(format!("fork/{log}"), proof)?;
        self.flush()
    }

    /// The bytes of the proof that was kept.
    pub(crate) fn fork(&self, log: &MemberCode) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.evidence.get(format!("fork/{log}"))?;
        Ok(found.map(|bytes| bytes.to_vec()))
    }

    /// Forgets the entries of a log from a position on.
    pub(crate) fn truncate(&self, member: &MemberCode, size: u64) -> Result<(), StoreError> {
        let all = key(member, 0)..=key(member, u64::MAX);
        let start = |key: &[u8]| key.last_chunk::<8>().map_or(0, |at| u64::from_be_bytes(*at));
        while let Some((found, record)) = self.entries.range(all.clone()).next_back().transpose()? {
            let first = start(&found);
            if first < size {
                // The record that reaches over the end.
                let kept = usize::try_from(size - first).unwrap_or(usize::MAX);
                let kept: Vec<_> = Slices::new(&record).map_while(Result::ok).take(kept).collect();
                self.entries.remove(&found)?;
                self.add_bytes(member, first, kept.into_iter())?;
                break;
            }
            self.entries.remove(&found)?;
        }
        self.flush()
    }

    /// Keeps the largest checkpoint of a log behind which enough members stand. There is no other
    /// copy: what is lost is told again by the peers.
    pub(crate) fn keep_confirmed(&self, log: &MemberCode, note: &str) -> Result<(), StoreError> {
        self.confirmed.insert(log.as_str(), note)?;
        Ok(())
    }

    /// The checkpoint that was kept, as a note that is still to be verified.
    pub(crate) fn confirmed(&self, log: &MemberCode) -> Result<Option<String>, StoreError> {
        let found = self.confirmed.get(log.as_str())?;
        Ok(found.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok()))
    }

    /// Keeps the first cosignature of a log with a notification in it by the member that is notified. There
    /// is no other copy: where it is lost, a later one takes its place.
    pub(crate) fn keep_notice(
        &self,
        log: &MemberCode,
        position: u64,
        notified: &MemberCode,
        note: &str,
    ) -> Result<(), StoreError> {
        self.notices.insert(format!("{log}/{position}/{notified}"), note)?;
        Ok(())
    }

    /// The note that was kept of a notification, still to be verified.
    pub(crate) fn notice(
        &self,
        log: &MemberCode,
        position: u64,
        notified: &MemberCode,
    ) -> Result<Option<String>, StoreError> {
        let found = self.notices.get(format!("{log}/{position}/{notified}"))?;
        Ok(found.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok()))
    }

    pub(crate) fn faults(&self) -> Result<u64, StoreError> {
        let bytes = self.db.get("faults")?;
        let bytes = bytes.as_deref().and_then(|bytes| bytes.first_chunk::<8>());
        Ok(bytes.map_or(0, |bytes| u64::from_be_bytes(*bytes)))
    }

    pub(crate) fn set_faults(&self, faults: u64) -> Result<(), StoreError> {
        self.db.insert("faults", faults.to_be_bytes().to_vec())?;
        Ok(())
    }

    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        self.db.flush()?;
        Ok(())
    }
}

fn is_locked(error: &std::io::Error) -> bool {
    error.to_string().contains("could not acquire lock")
}

/// Whether an error while opening speaks of the bytes on the disk, rather than of the machine.
fn is_damage(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{InvalidData, InvalidInput, NotFound, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | NotFound | UnexpectedEof)
}

fn key(member: &MemberCode, position: u64) -> Vec<u8> {
    [member.as_str().as_bytes(), &[0], &position.to_be_bytes()].concat()
}
