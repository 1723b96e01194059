//! One log as one replica holds it.

use alloc::collections::BTreeMap;
use cairn_ledger::proof::TreeHead;
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Charter, Checkpoint, Cosigned, Fork, Log, TreeHash};

use crate::cosign::Cosignatures;
use crate::io::{Restored, Time, Unseen};
use crate::message::Range;
use crate::standstill::Standstill;
use crate::trees::Trees;

/// How many checkpoints of one log wait to be compared.
const UNCHECKED_MAX: usize = 16;
/// How many compared checkpoints of one log are remembered.
const AGREED_MAX: usize = 64;

/// One log as one replica holds it: what is on the disk, and what is on its way there.
#[derive(Debug, Clone)]
pub struct Held {
    /// With everything that was admitted, whether it is on the disk yet or not.
    pub(crate) tip: Log,
    /// As the disk holds it.
    pub(crate) stored: Log,
    /// Covers exactly what is (or was) on the disk: what peers are told and served.
    pub(crate) checkpoint: Option<Checkpoint>,
    /// The largest checkpoint that anybody has shown.
    pub(crate) promised: Option<Checkpoint>,
    /// Where the charter says that it ends, once its member was removed.
    pub(crate) ends: u64,
    /// The proof that its key has signed two histories.
    pub(crate) fork: Option<Fork>,
    /// Of our own log: entries that no peer has, where peers hold others.
    pub(crate) unseen: Option<Unseen>,
    /// Checkpoints that reach further than what is held, to be compared with it later: by size.
    unchecked: BTreeMap<u64, Checkpoint>,
    /// Checkpoints that were compared with what is held, and are the same: by size.
    agreed: BTreeMap<u64, TreeHash>,
    /// Whether it stands still, and since when.
    pub(crate) standstill: Standstill,
    /// What is known of the cosignatures on it.
    pub(crate) cosignatures: Cosignatures,
    /// Ranges that were asked for, by start.
    pub(crate) asked: BTreeMap<u64, Asked>,
    /// Ranges that came before their turn, by start: from whom, and whether to cosign them.
    pub(crate) waiting: BTreeMap<u64, (MemberCode, Range, bool)>,
}

/// A range that was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) peer: MemberCode,
    pub(crate) deadline: Time,
    /// The position after the last one asked for.
    pub(crate) end: u64,
}

impl Held {
    pub(crate) fn new(me: &MemberCode, charter: &Charter, restored: Restored) -> Self {
        let Restored { log, checkpoint, promised, cosigned, confirmed, fork } = restored;
        let ends = charter.ends(log.member()).map_or(u64::MAX, |ended| ended.size);
        let promised = promised.filter(|one| one.size() <= ends && log.accepts_key(one));
        let confirmed = confirmed.filter(|one| one.checkpoint().size() <= log.size());
        Self {
            tip: log.clone(),
            stored: log,
            checkpoint,
            promised,
            ends,
            fork,
            unseen: None,
            unchecked: BTreeMap::new(),
            agreed: BTreeMap::new(),
            standstill: Standstill::default(),
            cosignatures: Cosignatures::restored(me, cosigned.as_ref(), confirmed),
            asked: BTreeMap::new(),
            waiting: BTreeMap::new(),
        }
    }

    /// The log as the disk holds it.
    #[must_use]
    pub fn stored(&self) -> &Log {
        &self.stored
    }

    /// The newest checkpoint of which everything is on the disk.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&Checkpoint> {
        self.checkpoint.as_ref()
    }

    /// The largest checkpoint that anybody has shown.
    #[must_use]
    pub fn promised(&self) -> Option<&Checkpoint> {
        self.promised.as_ref()
    }

    /// The largest size that the log's key has promised to anybody we know.
    #[must_use]
    pub fn promised_size(&self) -> u64 {
        self.promised.as_ref().map_or(0, Checkpoint::size)
    }

    /// The proof that its key has signed two histories, once there is one. The log is frozen then.
    #[must_use]
    pub fn fork(&self) -> Option<&Fork> {
        self.fork.as_ref()
    }

    /// How many of its first entries stand: all that the disk holds, or those before its fork.
    #[must_use]
    pub fn standing(&self) -> u64 {
        self.stored.size().min(self.limit())
    }

    /// How many entries of it are wanted at most.
    pub(crate) fn limit(&self) -> u64 {
        self.fork.as_ref().map_or(u64::MAX, Fork::position).min(self.ends)
    }

    /// How many entries the charter lets stand of it, if its member was removed.
    #[must_use]
    pub fn ends(&self) -> Option<u64> {
        (self.ends < u64::MAX).then_some(self.ends)
    }

    /// What is known of the cosignatures on it.
    #[must_use]
    pub fn cosignatures(&self) -> &Cosignatures {
        &self.cosignatures
    }

    /// How many ranges were asked for or wait for their turn.
    pub(crate) fn under_way(&self) -> usize {
        self.asked.len().saturating_add(self.waiting.len())
    }

    /// True when ranges wait for one before them that nobody was asked for.
    pub(crate) fn is_stuck(&self) -> bool {
        !self.waiting.is_empty() && !self.asked.contains_key(&self.tip.size())
    }

    pub(crate) fn note_promise(&mut self, checkpoint: &Checkpoint, now: Time) {
        if checkpoint.size() > self.promised_size() || self.promised.is_none() {
            self.promised = Some(checkpoint.clone());
            self.standstill.promised_at = Some(now);
        }
    }

    /// Whether a checkpoint is one of what the disk holds, where it reaches no further than that.
    pub(crate) fn agrees(&mut self, checkpoint: &Checkpoint, trees: &dyn Trees) -> Option<bool> {
        let TreeHead { size, root } = checkpoint.head();
        let known = match self.agreed.get(&size) {
            Some(known) => *known,
            None => self.root(trees, size)?,
        };
        if known == root && self.agreed.insert(size, root).is_none() {
            while self.agreed.len() > AGREED_MAX {
                self.agreed.pop_first();
            }
        }
        Some(known == root)
    }

    /// Remembers a checkpoint that reaches further than what is held, to compare it later. Where there are
    /// too many, the largest are given up: they would be compared last.
    pub(crate) fn check_later(&mut self, checkpoint: &Checkpoint) {
        self.unchecked.insert(checkpoint.size(), checkpoint.clone());
        while self.unchecked.len() > UNCHECKED_MAX {
            self.unchecked.pop_last();
        }
    }

    /// The checkpoints that can be compared now that so much is held.
    pub(crate) fn take_unchecked(&mut self, size: u64) -> impl Iterator<Item = Checkpoint> {
        let later = self.unchecked.split_off(&size.saturating_add(1));
        let promised = self.promised.clone().filter(|promised| promised.size() <= size);
        core::mem::replace(&mut self.unchecked, later).into_values().chain(promised)
    }

    /// Another checkpoint of the same size that is known of the log: the two are a fork.
    pub(crate) fn other_than(&self, checkpoint: &Checkpoint) -> Option<&Checkpoint> {
        let size = checkpoint.size();
        let collected = self.cosignatures.of(size).map(Cosigned::checkpoint);
        let known = [self.promised.as_ref(), self.unchecked.get(&size), collected];
        let mut same_size = known.into_iter().flatten().filter(|one| one.size() == size);
        same_size.find(|one| one.head() != checkpoint.head())
    }
}
