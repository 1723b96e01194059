//! The checks, in the order in which each makes the next one meaningful: header, charter, network,
//! checkpoint, then every entry, then the tree.

use super::against::Against;
use super::chunk::{Chunk, ReadError, Source};
use super::outcome::{Failure, Peek, Progress, Reason, Refutation, Verified};
use cairn_ledger::charter::Ended;
use cairn_ledger::entry::Verifier;
use cairn_ledger::export::Header;
use cairn_ledger::note::RawNote;
use cairn_ledger::{
    AdmitError, Charter, Checkpoint, DecodeError, Entry, Kind, Log, MemberCode, NetworkId,
    RawEntry, TreeHash,
};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::Arc;

/// How many entries one piece of work has: large against the cost of handing it over.
const WORK_ENTRIES: usize = 32;

/// What stands before the entries, believed.
#[derive(Clone)]
struct Opening {
    charter: Arc<Charter>,
    checkpoint: Checkpoint,
    /// The byte of the file at which the checkpoint begins.
    checkpoint_at: u64,
    member: MemberCode,
}

/// The member and size that a file's signed header promises.
///
/// # Errors
/// When header, charter or checkpoint are refused or the file cannot be read.
pub fn peek<R: Read>(reader: R, against: &Against) -> Result<Peek, Failure> {
    let Opening { charter, checkpoint, member, .. } = open(&mut Source::new(reader), against)?;
    Ok(Peek { charter, member, size: checkpoint.size() })
}

/// Entries in a row, and why there are no more of them, if there is a reason.
struct Piece {
    chunk: Chunk,
    end: Option<ReadError>,
}

impl Piece {
    fn read<R: Read>(source: &mut Source<R>, entries_max: u64) -> Self {
        match source.chunk(entries_max) {
            Ok(chunk) => Self { chunk, end: None },
            Err((chunk, error)) => Self { chunk, end: Some(error) },
        }
    }
}

/// Checks everything that an exported log claims, against nothing but the network's id.
/// `roots_at` are sizes at which the caller wants the root, to compare with another copy;
/// `on_progress` is told after every chunk.
///
/// # Errors
/// When anything in the file is not true, or it cannot be read.
pub fn verify<R: Read + Send>(
    reader: R,
    against: &Against,
    roots_at: &BTreeSet<u64>,
    mut on_progress: impl FnMut(Progress),
) -> Result<Verified, Failure> {
    let mut source = Source::new(reader);
    let opening = open(&mut source, against)?;
    let mut account = Account::new(&opening, roots_at)?;
    let promised = opening.checkpoint.size();
    let mut left = promised;
    let mut waiting = Checked::default();
    let mut piece = Piece::read(&mut source, left);
    loop {
        let Piece { chunk, end } = piece;
        left = left.saturating_sub(chunk.len() as u64);
        let last = chunk.len() == 0 || end.is_some();
        // An earlier entry's fault is told before a later one's: append, then look at the new.
        let ((appended, checked), next) = rayon::join(
            || rayon::join(|| account.append(waiting), || check(chunk, against.id())),
            || (!last).then(|| Piece::read(&mut source, left)),
        );
        appended?;
        waiting = checked;
        let (entries, bytes) = (account.log.size(), source.offset());
        on_progress(Progress { entries, entries_total: promised, bytes });
        if let Some(error) = end {
            account.append(waiting)?;
            return Err(at_end(error, "an entry", Some(account.log.size()), source.offset()));
        }
        match next {
            Some(next) => piece = next,
            None => break,
        }
    }
    close(source, &opening, account)
}

/// Reads and believes the header.
fn open<R: Read>(source: &mut Source<R>, against: &Against) -> Result<Opening, Failure> {
    let header = Header::read::<HeaderError>(|buffer| Ok(source.fill(buffer)?));
    let end = source.offset();
    let header = header.map_err(|error| match error {
        HeaderError::Decode(error) => refuted(None, 0, error),
        HeaderError::Read(error) => at_end(error, "the header", None, end),
    })?;
    let magic = cairn_ledger::export::MAGIC.len() as u64;
    let checkpoint_at = end.saturating_sub(header.checkpoint.len() as u64);
    let charter = against
        .judge(&header.charter)
        .map_err(|reason| refuted(None, magic.saturating_add(4), reason))?;
    let at = |reason: Reason| refuted(None, checkpoint_at, reason);
    let note = RawNote::decode(&header.checkpoint).map_err(|error| at(error.into()))?;
    let origin = note.text().lines().next().unwrap_or_default();
    let member = origin.rsplit_once('/').and_then(|(_, code)| MemberCode::new(code).ok());
    let card = member.and_then(|code| charter.log(&code));
    let Some(card) = card.filter(|card| charter.origin(&card.code) == origin) else {
        return Err(at(Reason::UnknownLog { origin: origin.into() }));
    };
    let checkpoint = Checkpoint::verify(&header.checkpoint, origin, &charter.log_keys(&card.code))
        .map_err(|error| at(error.into()))?;
    let member = card.code.clone();
    Ok(Opening { charter, checkpoint, checkpoint_at, member })
}

/// What is left to say when every entry was appended.
fn close<R: Read>(
    mut source: Source<R>,
    opening: &Opening,
    account: Account<'_>,
) -> Result<Verified, Failure> {
    let (head, found, bytes) = (opening.checkpoint.head(), account.log.head(), source.offset());
    if found.size < head.size {
        let reason = Reason::TooFew { found: found.size, promised: head.size };
        return Err(refuted(None, bytes, reason));
    }
    match source.is_at_end() {
        Ok(true) => {}
        Ok(false) => return Err(refuted(None, bytes, Reason::Trailing { promised: head.size })),
        Err(error) => return Err(at_end(error, "an entry", None, bytes)),
    }
    if found.root != head.root {
        let reason = Reason::WrongRoot { found: found.root, promised: head.root };
        return Err(refuted(None, bytes, reason));
    }
    let Account { log, kinds, signatures, roots, end, .. } = account;
    // Only the log's entries tell which of its keys signs promises of so many.
    if !log.accepts_key(&opening.checkpoint) {
        let (size, found) = (head.size, *opening.checkpoint.key());
        let why = AdmitError::WrongKey { size, found };
        return Err(refuted(None, opening.checkpoint_at, why));
    }
    if let Some((ended, found)) = end.filter(|(ended, found)| ended.root != *found) {
        let reason = Reason::WrongEnd { size: ended.size, found, ended: ended.root };
        return Err(refuted(None, bytes, reason));
    }
    let (size, root, last) = (found.size, found.root, log.last());
    let authority = log.authority().clone();
    let Opening { charter, checkpoint, member, .. } = opening.clone();
    Ok(Verified {
        charter,
        checkpoint,
        member,
        size,
        root,
        last,
        authority,
        kinds,
        signatures,
        bytes,
        roots,
    })
}

/// A chunk whose signatures were looked at, each entry with its outcome, in order.
#[derive(Default)]
struct Checked {
    chunk: Chunk,
    entries: Vec<Result<Entry, Reason>>,
}

/// Decodes and verifies the entries of a chunk on all cores.
fn check(chunk: Chunk, network: NetworkId) -> Checked {
    let one = |verifier: &mut Verifier, index: usize| {
        let (bytes, _) = chunk.entry(index).unwrap_or_default();
        Ok(RawEntry::decode(bytes)?.verify(verifier)?)
    };
    let entries = (0..chunk.len())
        .into_par_iter()
        .with_min_len(WORK_ENTRIES)
        .map_init(|| Verifier::new(network), one)
        .collect();
    Checked { chunk, entries }
}

/// The log so far, and what is counted on the way.
struct Account<'a> {
    log: Log,
    kinds: BTreeMap<Kind, u64>,
    signatures: u64,
    roots_at: &'a BTreeSet<u64>,
    roots: BTreeMap<u64, TreeHash>,
    /// Where the charter says that it ends, if its member was removed, and what was found there.
    ends: Option<&'a Ended>,
    end: Option<(&'a Ended, TreeHash)>,
}

impl<'a> Account<'a> {
    fn new(opening: &'a Opening, roots_at: &'a BTreeSet<u64>) -> Result<Self, Failure> {
        let origin = || opening.charter.origin(&opening.member);
        let log = Log::new(&opening.charter, &opening.member)
            .ok_or_else(|| refuted(None, 0, Reason::UnknownLog { origin: origin() }))?;
        let (kinds, signatures) = (BTreeMap::new(), 0);
        let ends = opening.charter.ends(&opening.member);
        let (roots, end) = (BTreeMap::new(), None);
        let mut account = Self { log, kinds, signatures, roots_at, roots, ends, end };
        account.note_root();
        Ok(account)
    }

    fn append(&mut self, checked: Checked) -> Result<(), Failure> {
        for (index, entry) in checked.entries.into_iter().enumerate() {
            let position = self.log.size();
            let appended = entry.and_then(|entry| {
                self.log.admit(&entry, |_| None)?;
                Ok(entry)
            });
            let entry = appended.map_err(|reason| {
                let offset = checked.chunk.entry(index).map_or(0, |(_, offset)| offset);
                refuted(Some(position), offset, reason)
            })?;
            self.count(&entry);
        }
        Ok(())
    }

    fn count(&mut self, entry: &Entry) {
        let count = self.kinds.entry(entry.statement().kind).or_default();
        *count = count.saturating_add(1);
        let signatures = entry.signed().signatures().len() as u64;
        self.signatures = self.signatures.saturating_add(signatures);
        self.note_root();
    }

    fn note_root(&mut self) {
        if self.roots_at.contains(&self.log.size()) {
            let head = self.log.head();
            self.roots.insert(head.size, head.root);
        }
        if let Some(ended) = self.ends.filter(|ended| ended.size == self.log.size()) {
            self.end = Some((ended, self.log.head().root));
        }
    }
}

/// Both ways in which a header can fail to be there.
enum HeaderError {
    Decode(DecodeError),
    Read(ReadError),
}

impl From<DecodeError> for HeaderError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<ReadError> for HeaderError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

fn refuted(position: Option<u64>, offset: u64, reason: impl Into<Reason>) -> Failure {
    Failure::Refuted(Refutation { position, offset, reason: reason.into() })
}

fn at_end(error: ReadError, what: &'static str, position: Option<u64>, offset: u64) -> Failure {
    match error {
        ReadError::Ends => refuted(position, offset, Reason::Truncated { what }),
        ReadError::Io(error) => Failure::Unreadable(error),
    }
}
