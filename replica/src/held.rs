//! One log as one replica holds it.

use alloc::collections::BTreeMap;
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Checkpoint, Log};

use crate::cosign::Cosignatures;
use crate::io::{Restored, Time};
use crate::message::Range;

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
    /// The other side of a fork, once one was shown.
    pub(crate) fork: Option<Checkpoint>,
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
    pub(crate) fn new(me: &MemberCode, restored: Restored) -> Self {
        let Restored { log, checkpoint, promised, cosigned, confirmed } = restored;
        let confirmed = confirmed.filter(|one| one.checkpoint().size() <= log.size());
        Self {
            tip: log.clone(),
            stored: log,
            checkpoint,
            promised,
            fork: None,
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

    /// The other side of a fork, once one was shown. The log is frozen then.
    #[must_use]
    pub fn fork(&self) -> Option<&Checkpoint> {
        self.fork.as_ref()
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

    pub(crate) fn note_promise(&mut self, checkpoint: &Checkpoint) {
        if checkpoint.size() > self.promised_size() || self.promised.is_none() {
            self.promised = Some(checkpoint.clone());
        }
    }
}
