//! A disk: what is durable, what is written and not flushed, what is on its way.

use super::rng::Rng;
use super::talk::tree_node;
use cairn_ledger::charter::Amendments;
use cairn_ledger::proof::{consistency, subtree};
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Charter, Checkpoint, Cosigned, Entry, EntryHash, Fork, Log, TreeHash};
use cairn_replica::{Restored, Ticket, Trees};
use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;

/// One log's file.
#[derive(Debug, Clone, Default)]
pub struct File {
    /// Every entry that was written.
    pub entries: Vec<Arc<Entry>>,
    /// So many of them survive a power cut.
    flushed: usize,
    /// The checkpoints that were written with them, oldest first.
    checkpoints: Vec<Checkpoint>,
}

/// A write under way.
#[derive(Debug, Clone)]
struct Write {
    ticket: Ticket,
    log: MemberCode,
    entries: Vec<Entry>,
    checkpoint: Option<Checkpoint>,
}

/// One node's disk.
#[derive(Debug, Clone)]
pub struct Disk {
    me: MemberCode,
    files: BTreeMap<MemberCode, File>,
    guard: Option<Checkpoint>,
    writes: VecDeque<Write>,
    guards: VecDeque<Checkpoint>,
    /// The newest cosignature on each log, flushed.
    cosigned: BTreeMap<MemberCode, Cosigned>,
    cosigning: VecDeque<(MemberCode, Cosigned)>,
    /// The newest confirmed checkpoint of each log, not flushed.
    confirmed: BTreeMap<MemberCode, Cosigned>,
    /// Proofs of forks, flushed.
    forks: BTreeMap<MemberCode, Fork>,
    /// Charters and proposals, flushed: nothing until there is more than the network's first charter.
    charters: Option<Amendments>,
}

impl Disk {
    /// The empty disk of a member's node.
    #[must_use]
    pub fn new(me: MemberCode) -> Self {
        Self {
            me,
            files: BTreeMap::new(),
            guard: None,
            writes: VecDeque::new(),
            guards: VecDeque::new(),
            cosigned: BTreeMap::new(),
            cosigning: VecDeque::new(),
            confirmed: BTreeMap::new(),
            forks: BTreeMap::new(),
            charters: None,
        }
    }

    /// The file of a log, as it was written so far.
    #[must_use]
    pub fn file(&self, log: &MemberCode) -> &[Arc<Entry>] {
        self.files.get(log).map_or(&[], |file| &file.entries)
    }

    /// The entry that a power cut cannot take away any more.
    #[must_use]
    pub fn durable(&self, log: &MemberCode, position: u64) -> Option<EntryHash> {
        let file = self.files.get(log)?;
        let position = usize::try_from(position).ok().filter(|at| *at < file.flushed)?;
        file.entries.get(position).map(|entry| entry.hash())
    }

    /// The size that the guard on the disk covers.
    #[must_use]
    pub fn guarded(&self) -> Option<u64> {
        self.guard.as_ref().map(Checkpoint::size)
    }

    /// Takes a write on its way.
    pub fn begin_write(
        &mut self,
        ticket: Ticket,
        log: MemberCode,
        entries: Vec<Entry>,
        checkpoint: Option<Checkpoint>,
    ) {
        self.writes.push_back(Write { ticket, log, entries, checkpoint });
    }

    /// Takes the guard on its way.
    pub fn begin_guard(&mut self, checkpoint: Checkpoint) {
        self.guards.push_back(checkpoint);
    }

    /// Completes the oldest write. Only our own log is flushed every time.
    pub fn end_write(&mut self, rng: &mut Rng) -> Option<Ticket> {
        let Write { ticket, log, entries, checkpoint } = self.writes.pop_front()?;
        let flush = log == self.me || rng.chance(200);
        let file = self.files.entry(log).or_default();
        for entry in entries {
            assert_eq!(entry.position(), file.entries.len() as u64, "a write leaves a gap");
            file.entries.push(Arc::new(entry));
        }
        file.checkpoints.extend(checkpoint);
        if flush {
            file.flushed = file.entries.len();
        }
        Some(ticket)
    }

    /// Completes the oldest guard.
    pub fn end_guard(&mut self) {
        if let Some(guard) = self.guards.pop_front() {
            self.guard = Some(guard);
        }
    }

    /// Completes everything that is on its way.
    pub fn end_all(&mut self, rng: &mut Rng) {
        while self.end_write(rng).is_some() {}
        while !self.guards.is_empty() {
            self.end_guard();
        }
        while self.end_cosign().is_some() {}
    }

    /// Keeps charters and proposals.
    pub fn keep_charters(&mut self, amendments: &Amendments) {
        self.charters = Some(amendments.clone());
    }

    /// The charters and proposals that are kept, or the charter that everybody begins with.
    #[must_use]
    pub fn amendments(&self, first: &Charter) -> Amendments {
        self.charters.clone().unwrap_or_else(|| Amendments::new(first.clone()))
    }

    /// Takes a cosignature on its way.
    pub fn begin_cosign(&mut self, log: MemberCode, cosigned: Cosigned) {
        self.cosigning.push_back((log, cosigned));
    }

    /// Completes the oldest cosignature: what it covers is flushed before it.
    pub fn end_cosign(&mut self) -> Option<(MemberCode, Cosigned)> {
        let (log, cosigned) = self.cosigning.pop_front()?;
        let file = self.files.entry(log.clone()).or_default();
        file.flushed = file.entries.len();
        self.cosigned.insert(log.clone(), cosigned.clone());
        Some((log, cosigned))
    }

    /// The newest cosignature of a log that is on the disk.
    #[must_use]
    pub fn cosigned(&self, log: &MemberCode) -> Option<&Cosigned> {
        self.cosigned.get(log)
    }

    /// Keeps a confirmed checkpoint, for as long as the power lasts.
    pub fn keep_confirmed(&mut self, log: MemberCode, confirmed: Cosigned) {
        self.confirmed.insert(log, confirmed);
    }

    /// Takes the entries of our own log from a position on away, and puts what peers hold in the guard.
    pub fn set_aside(&mut self, position: u64, shown: Checkpoint) {
        let file = self.files.entry(self.me.clone()).or_default();
        file.entries.truncate(position as usize);
        file.checkpoints.retain(|checkpoint| checkpoint.size() <= position);
        (file.flushed, self.guard) = (file.entries.len(), Some(shown));
    }

    /// Keeps the proof of a fork in place of the one before it.
    pub fn keep_fork(&mut self, fork: Fork) {
        self.forks.insert(fork.log().clone(), fork);
    }

    /// The power goes: what was not flushed is kept up to any point or lost; what was on its way
    /// to our own log reached it up to any entry.
    pub fn cut(&mut self, rng: &mut Rng) {
        let own = self.writes.drain(..).filter(|write| write.log == self.me);
        let on_their_way: Vec<_> = own.flat_map(|write| write.entries).collect();
        let kept = rng.below(on_their_way.len() + 1);
        let file = self.files.entry(self.me.clone()).or_default();
        file.entries.extend(on_their_way.into_iter().take(kept).map(Arc::new));
        file.flushed = file.entries.len();
        for file in self.files.values_mut() {
            let lost = rng.below(file.entries.len() - file.flushed + 1);
            file.entries.truncate(file.entries.len() - lost);
            file.flushed = file.entries.len();
            if rng.chance(300) {
                file.checkpoints.pop();
            }
        }
        self.cosigning.clear();
        if rng.chance(500) {
            self.confirmed.clear();
        }
        let kept = rng.below(self.guards.len() + 1);
        self.guards.truncate(kept);
        self.guard = self.guards.drain(..).next_back().or(self.guard.take());
    }

    /// Everything as a node reads it when it starts.
    ///
    /// # Panics
    /// When the disk holds what its log does not admit.
    #[must_use]
    pub fn restore(&self, charter: &Charter) -> Vec<Restored> {
        self.files.iter().map(|(code, file)| self.restore_log(charter, code, file)).collect()
    }

    fn restore_log(&self, charter: &Charter, code: &MemberCode, file: &File) -> Restored {
        let mut log = Log::new(charter, code).expect("a member");
        for entry in &file.entries {
            log.admit(entry, |_| None).expect("the disk holds only what was admitted");
        }
        let guard = self.guard.clone().filter(|_| *code == self.me);
        let all: Vec<_> = file.checkpoints.iter().cloned().chain(guard).collect();
        let covered = all.iter().filter(|one| one.size() <= log.size());
        let checkpoint = covered.max_by_key(|one| one.size()).cloned();
        let promised = all.iter().max_by_key(|one| one.size()).cloned();
        let cosigned = self.cosigned.get(code).cloned();
        let confirmed = self.confirmed.get(code).cloned();
        let fork = self.forks.get(code).cloned();
        Restored { log, checkpoint, promised, cosigned, confirmed, fork }
    }
}

impl Trees for Disk {
    fn root(&self, log: &MemberCode, size: u64) -> Option<TreeHash> {
        let file = self.file(log);
        let mut node = |level, index| Ok::<_, Infallible>(tree_node(file, level, index));
        let within = size <= file.len() as u64;
        within.then(|| subtree(0, size, &mut node).unwrap_or_else(|never| match never {}))
    }

    fn consistency(&self, log: &MemberCode, old: u64, new: u64) -> Option<Vec<TreeHash>> {
        let file = self.file(log);
        let mut node = |level, index| Ok::<_, Infallible>(tree_node(file, level, index));
        let within = new <= file.len() as u64;
        within.then(|| consistency(old, new, &mut node).unwrap_or_else(|never| match never {}))
    }
}
