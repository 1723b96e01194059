//! Opening a data folder: verify what it holds, repair what can be repaired, and say what was found.
//!
//! Every start checks every entry's format, chain and authority and every log's tree against its
//! signed checkpoint, and the signatures at the end of each log; on demand all signatures.

use super::fault::{self, Fault};
use super::guard::Guard;
use super::lock::FolderLock;
use super::log_file::{LogFile, Shape};
use super::scan::{Scan, TAIL_ENTRIES};
use super::second::Second;
use super::{Index, Store, StoreError, evidence};
use cairn_ledger::entry::{RawEntry, Verifier};
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Charter, Checkpoint, Cosigned, Fork, Log, bundle};
use cairn_replica::Restored;
use rayon::prelude::*;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock, atomic::AtomicU64};

/// After so many repairs of one log its rest is put aside instead.
const REPAIRS_MAX: u32 = 1000;
/// How many entries are in memory at once while their signatures are checked.
const CHECKED_AT_ONCE: usize = 4096;

/// How much is checked at a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Format, chain, authority and tree of everything; signatures at the end of each log.
    Tail,
    /// All signatures as well, and the second copy entry by entry.
    Everything,
}

/// What was found in one log at a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Whose log.
    pub member: MemberCode,
    /// How many entries it has.
    pub size: u64,
    /// Whether it reaches the last signed checkpoint that this node kept of it.
    pub covered: bool,
    /// Faults that were repaired from the second copy, or in it.
    pub repaired: Vec<Fault>,
    /// Entries that were missing at the end and came back from the second copy.
    pub recovered: u64,
    /// Where the log was cut because neither copy was sound.
    pub cut: Option<Fault>,
}

/// A data folder, open.
pub struct Opened {
    /// The store.
    pub store: Arc<Store>,
    /// The logs as a replica begins with them.
    pub restored: Vec<Restored>,
    /// What was found in each log.
    pub found: Vec<Found>,
    /// Whether the second copy had to be made anew.
    pub second_rebuilt: bool,
}

struct OpenLog {
    file: LogFile,
    restored: Restored,
    found: Found,
}

impl Store {
    /// Opens the folder of the member `own`, making what is missing.
    ///
    /// # Errors
    /// When another process has it, or the disk fails.
    pub fn open(
        folder: &Path,
        charter: Arc<Charter>,
        own: &MemberCode,
        check: Check,
    ) -> Result<Opened, StoreError> {
        fs::create_dir_all(folder).map_err(StoreError::io(folder))?;
        let lock = FolderLock::take(folder)?;
        let (second, second_rebuilt) = Second::open(&folder.join("second"))?;
        let codes: Vec<_> = charter.logs().into_iter().map(|card| card.code.clone()).collect();
        let mut index = Index::new(own.clone(), codes.clone());
        let opener = Opener { folder, charter: &charter, second: &second, check };
        let opened = codes.iter().map(|code| opener.open(code, &mut index));
        let opened: Vec<OpenLog> = opened.collect::<Result<_, _>>()?;
        index.notices_mut().settle(&second)?;
        let repaired: usize = opened.iter().map(|log| log.found.repaired.len()).sum();
        let faults = second.faults()?.saturating_add(repaired as u64);
        second.set_faults(faults)?;
        let (mut logs, mut restored, mut found) = (Vec::new(), Vec::new(), Vec::new());
        for log in opened {
            logs.push((log.file.member().clone(), log.file));
            restored.push(log.restored);
            found.push(log.found);
        }
        let store = Arc::new(Self {
            folder: folder.to_path_buf(),
            charter,
            logs: logs.into_iter().collect(),
            second,
            index: RwLock::new(index),
            faults: AtomicU64::new(faults),
            _lock: lock,
        });
        Ok(Opened { store, restored, found, second_rebuilt })
    }
}

struct Opener<'a> {
    folder: &'a Path,
    charter: &'a Arc<Charter>,
    second: &'a Second,
    check: Check,
}

impl Opener<'_> {
    fn open(&self, member: &MemberCode, index: &mut Index) -> Result<OpenLog, StoreError> {
        let folder = self.folder.join("logs").join(member.as_str());
        fs::create_dir_all(&folder).map_err(StoreError::io(&folder))?;
        let path = folder.join("entries");
        let file = File::options().create(true).truncate(false).read(true).write(true).open(&path);
        let file = file.map_err(StoreError::io(&path))?;
        let (guard, note) = Guard::open(&folder.join("checkpoint"))?;
        let (cosigned_guard, cosigned) = Guard::open(&folder.join("cosigned"))?;
        for made in [&folder, self.folder] {
            let synced = File::open(made).and_then(|folder| folder.sync_all());
            synced.map_err(StoreError::io(made))?;
        }
        let checkpoint = note.and_then(|note| self.own_checkpoint(member, &note));
        let mut found = Found {
            member: member.clone(),
            size: 0,
            covered: false,
            repaired: Vec::new(),
            recovered: 0,
            cut: None,
        };
        let (log, shape, covered) =
            self.scan(member, &path, &file, checkpoint.as_ref(), index, &mut found)?;
        (found.size, found.covered) = (log.size(), covered || checkpoint.is_none());
        self.fill_second(member, &log, &file, &mut found)?;
        let promised = checkpoint.clone();
        let checkpoint = checkpoint.filter(|_| covered);
        let cosigned = cosigned.and_then(|note| self.cosigned(member, &note));
        let confirmed = self.second.confirmed(member)?;
        let confirmed = confirmed.and_then(|note| self.cosigned(member, &note));
        let fork = self.fork(member)?;
        let restored = Restored { log, checkpoint, promised, cosigned, confirmed, fork };
        let file = LogFile::new(member.clone(), path, file, shape, guard, cosigned_guard);
        Ok(OpenLog { file, restored, found })
    }

    fn own_checkpoint(&self, member: &MemberCode, note: &str) -> Option<Checkpoint> {
        let (origin, keys) = (self.charter.origin(member), self.charter.log_keys(member));
        Checkpoint::verify(note.as_bytes(), &origin, &keys).ok()
    }

    fn cosigned(&self, member: &MemberCode, note: &str) -> Option<Cosigned> {
        Cosigned::verify(note.as_bytes(), self.charter, member, None).ok()
    }

    /// The proof that the log is forked, from whichever copy has it; then both have it.
    fn fork(&self, member: &MemberCode) -> Result<Option<Fork>, StoreError> {
        let found = [evidence::fork(self.folder, member), self.second.fork(member)?];
        let fork = evidence::best(self.charter, member, found.iter().flatten().cloned());
        if let Some(fork) = &fork {
            tracing::error!(log = %member, position = fork.position(), "this log is forked: it stays frozen");
            let bytes = fork.encode();
            if found.iter().any(|copy| copy.as_ref() != Some(&bytes)) {
                evidence::keep_fork(self.folder, fork)?;
                self.second.keep_fork(member, &bytes)?;
            }
        }
        Ok(fork)
    }

    /// Scans, repairs and scans again until the log is sound, cut or whole.
    fn scan(
        &self,
        member: &MemberCode,
        path: &Path,
        file: &File,
        checkpoint: Option<&Checkpoint>,
        index: &mut Index,
        found: &mut Found,
    ) -> Result<(Log, Shape, bool), StoreError> {
        loop {
            index.forget(member);
            let no_member = || StoreError::no_log(member);
            let log = Log::new(self.charter, member).ok_or_else(no_member)?;
            let (network, check) = (self.charter.network(), self.check);
            let shape = Shape::default();
            let covered = false;
            let mut scan = Scan { path, file, network, checkpoint, check, log, shape, covered };
            let result = scan.run(index).and_then(|()| self.check_tail(&scan));
            match result {
                Ok(()) if self.recover(member, &scan, found)? => {}
                Ok(()) => return Ok((scan.log, scan.shape, scan.covered)),
                Err(StoreError::Damaged(fault)) => self.mend(member, &scan, fault, found)?,
                Err(error) => return Err(error),
            }
        }
    }

    /// Checks the signatures of the last entries, and of all that no checkpoint covers.
    fn check_tail(&self, scan: &Scan) -> Result<(), StoreError> {
        let covered = scan.checkpoint.filter(|_| scan.covered).map_or(0, Checkpoint::size);
        let from = scan.shape.size.saturating_sub(TAIL_ENTRIES).min(covered);
        let mut entries = entries_from(scan.file, &scan.shape, from);
        loop {
            let some: Vec<_> = entries.by_ref().take(CHECKED_AT_ONCE).collect();
            if some.is_empty() {
                return Ok(());
            }
            let bad = some.par_chunks(TAIL_ENTRIES as usize).find_map_first(|chunk| {
                let mut verifier = Verifier::new(self.charter.network());
                chunk.iter().find_map(|(position, offset, bytes)| {
                    let why = check_entry(bytes, &mut verifier).err()?;
                    let (path, position, offset) = (scan.path.into(), *position, *offset);
                    Some(Fault { path, position, offset, why })
                })
            });
            if let Some(fault) = bad {
                return Err(fault.into());
            }
        }
    }

    /// Repairs the entry at the fault, or the one before it, from the second copy; cuts otherwise.
    fn mend(
        &self,
        member: &MemberCode,
        scan: &Scan,
        fault: Fault,
        found: &mut Found,
    ) -> Result<(), StoreError> {
        let tries = u32::try_from(found.repaired.len()).unwrap_or(u32::MAX);
        for position in [fault.position, fault.position.saturating_sub(1)] {
            let Some(bytes) = self.second.entry(member, position)? else { continue };
            let (offset, held) = place_of(scan, position);
            let sound = self.is_true(&bytes) && previous_fits(scan, position, &bytes);
            if held.as_deref() == Some(&bytes[..]) || !sound || tries > REPAIRS_MAX {
                continue;
            }
            let mut framed = Vec::new();
            bundle::write(&mut framed, &bytes)
                .map_err(|why| StoreError::Second(why.to_string()))?;
            scan.file.write_all_at(&framed, offset).map_err(StoreError::io(scan.path))?;
            scan.file.sync_data().map_err(StoreError::io(scan.path))?;
            found.repaired.push(fault);
            return Ok(());
        }
        self.cut(scan, fault, found)
    }

    /// Puts everything from the fault on aside, and ends the log before it.
    fn cut(&self, scan: &Scan, fault: Fault, found: &mut Found) -> Result<(), StoreError> {
        let (offset, _) = place_of(scan, fault.position);
        let end = scan.file.metadata().map_err(StoreError::io(scan.path))?.len();
        let mut rest = vec![0; usize::try_from(end.saturating_sub(offset)).unwrap_or(0)];
        scan.file.read_exact_at(&mut rest, offset).map_err(StoreError::io(scan.path))?;
        let aside = aside_path(scan.path, offset);
        fs::write(&aside, rest).map_err(StoreError::io(&aside))?;
        scan.file.set_len(offset).map_err(StoreError::io(scan.path))?;
        scan.file.sync_all().map_err(StoreError::io(scan.path))?;
        found.cut = Some(fault);
        Ok(())
    }

    /// Appends what the second copy holds beyond the end of the file: true when there was any.
    fn recover(
        &self,
        member: &MemberCode,
        scan: &Scan,
        found: &mut Found,
    ) -> Result<bool, StoreError> {
        let (mut log, mut bytes) = (scan.log.clone(), Vec::new());
        let mut verifier = Verifier::new(self.charter.network());
        while let Some(entry) = self.second.entry(member, log.size())? {
            let verified = RawEntry::decode(&entry).ok().map(|raw| raw.verify(&mut verifier));
            let Some(Ok(verified)) = verified else { break };
            if log.admit(&verified, |_| None).is_err() {
                break;
            }
            bundle::write(&mut bytes, &entry).map_err(|why| StoreError::Second(why.to_string()))?;
        }
        if bytes.is_empty() {
            return Ok(false);
        }
        found.recovered += log.size() - scan.log.size();
        scan.file.write_all_at(&bytes, scan.shape.bytes).map_err(StoreError::io(scan.path))?;
        scan.file.sync_data().map_err(StoreError::io(scan.path))?;
        Ok(true)
    }

    /// Gives the second copy what it lacks; on demand compares it entry by entry.
    fn fill_second(
        &self,
        member: &MemberCode,
        log: &Log,
        file: &File,
        found: &mut Found,
    ) -> Result<(), StoreError> {
        let mut have = self.second.size(member)?.min(log.size());
        let path = PathBuf::from(format!("second copy of {member}"));
        if self.check == Check::Everything {
            for (position, offset, bytes) in entries_in(file, 0) {
                if position < have && self.second.entry(member, position)?.as_ref() != Some(&bytes)
                {
                    let why = "it is not the entry of the log file: copied anew".into();
                    found.repaired.push(Fault { path, position, offset, why });
                    have = 0;
                    break;
                }
            }
        } else if have > 0 && self.second.entry(member, have - 1)?.is_none() {
            have = 0;
        }
        if have == 0 {
            self.second.forget(member)?;
        }
        if have == log.size() {
            return Ok(());
        }
        // After a crash that is usual: it is written a moment later than the log file.
        let size = log.size();
        tracing::info!(%member, have, size, "the second copy lacks entries: copying them from the log file");
        let missing = entries_in(file, have).map(|(_, _, bytes)| bytes);
        self.second.add_bytes(member, have, missing)
    }

    fn is_true(&self, bytes: &[u8]) -> bool {
        check_entry(bytes, &mut Verifier::new(self.charter.network())).is_ok()
    }
}

/// Checks format and signatures of an entry's bytes.
fn check_entry(bytes: &[u8], verifier: &mut Verifier) -> Result<(), String> {
    let raw = RawEntry::decode(bytes).map_err(|why| why.to_string())?;
    raw.verify(verifier).map(|_| ()).map_err(|why| why.to_string())
}

fn aside_path(path: &Path, offset: u64) -> PathBuf {
    fault::aside(|n| path.with_extension(format!("damaged-at-{offset}-{n}")))
}

/// Where an entry at or before the end of a scan begins, and its bytes if they are whole.
fn place_of(scan: &Scan, position: u64) -> (u64, Option<Vec<u8>>) {
    let found = entries_from(scan.file, &scan.shape, position).next();
    match found {
        Some((at, offset, bytes)) if at == position => (offset, Some(bytes)),
        _ => (scan.shape.bytes, None),
    }
}

/// Whether an entry follows the one before it in the file.
fn previous_fits(scan: &Scan, position: u64, bytes: &[u8]) -> bool {
    let Ok(raw) = RawEntry::decode(bytes) else { return false };
    let Some(before) = position.checked_sub(1) else { return true };
    match place_of(scan, before) {
        (_, Some(before)) => cairn_ledger::EntryHash::of(&before) == raw.previous(),
        (_, None) => false,
    }
}

fn entries_from(
    file: &File,
    shape: &Shape,
    from: u64,
) -> impl Iterator<Item = (u64, u64, Vec<u8>)> {
    let (position, offset) = shape.landmark(from);
    read_on(file, position, offset).skip_while(move |(position, _, _)| *position < from)
}

/// All whole entries of a file from position `from`, by reading from its beginning.
fn entries_in(file: &File, from: u64) -> impl Iterator<Item = (u64, u64, Vec<u8>)> {
    read_on(file, 0, 0).skip_while(move |(position, _, _)| *position < from)
}

/// The whole entries of a file from a place on, read through a buffer; ends where the file does.
fn read_on(
    file: &File,
    mut position: u64,
    mut offset: u64,
) -> impl Iterator<Item = (u64, u64, Vec<u8>)> {
    use std::io::{BufReader, Read, Seek, SeekFrom};
    let mut reader = file.try_clone().ok().map(|file| BufReader::with_capacity(1 << 18, file));
    if let Some(reader) = &mut reader {
        reader.seek(SeekFrom::Start(offset)).ok();
    }
    std::iter::from_fn(move || {
        let reader = reader.as_mut()?;
        let mut length = [0; bundle::LENGTH_BYTES];
        reader.read_exact(&mut length).ok()?;
        let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
        reader.read_exact(&mut bytes).ok()?;
        let here = (position, offset, bytes);
        position += 1;
        offset += (here.2.len() + bundle::LENGTH_BYTES) as u64;
        Some(here)
    })
}
