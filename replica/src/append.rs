//! Our own log: statements in, one flush and one checkpoint signature for as many as came.
//!
//! The order matters. Entries are on the disk before they are acknowledged; the checkpoint that
//! covers them is on the disk before anybody hears of it. So whatever a peer holds, its author
//! cannot forget, and no crash makes a node sign two histories.

use crate::io::{Alarm, Output, Time, Token};
use crate::replica::{Replica, Writing};
use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;
use cairn_ledger::authority::NotAuthorised;
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Checkpoint, Entry, SignedStatement};

/// Why a statement does not enter our log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// It was said for another member.
    #[error("the statement is for member {found}, this node keeps the log of {expected}")]
    WrongMember {
        /// The member it names.
        found: MemberCode,
        /// The member whose node this is.
        expected: MemberCode,
    },
    /// Its signers may not say it.
    #[error("not authorised: {0}")]
    NotAuthorised(#[from] NotAuthorised),
    /// Too much is waiting for the disk.
    #[error("{0} statements are waiting for the disk already")]
    Busy(usize),
    /// Peers hold more of our log than we do.
    #[error(
        "this node holds {size} entries of its own log, a peer holds {promised}: nothing is appended until they are fetched back"
    )]
    Behind {
        /// What we hold.
        size: u64,
        /// What a peer holds.
        promised: u64,
    },
    /// Our own log ends in entries that no peer has.
    #[error(
        "this node's own log has entries from position {position} on that no peer has, and peers hold others there: nothing is appended until they are set aside"
    )]
    Unseen {
        /// The position of the first of them.
        position: u64,
    },
    /// The member was removed.
    #[error("{member} is no member any more: version {version} of the charter has removed it")]
    Removed {
        /// The member whose node this is.
        member: MemberCode,
        /// The version in force.
        version: u32,
    },
    /// Our own log is frozen.
    #[error("the log is frozen: its key has signed two histories")]
    Frozen,
}

/// What is under way in our own log.
#[derive(Debug, Clone, Default)]
pub(crate) struct Appends {
    /// Entries that wait for the write before them.
    queue: VecDeque<(Token, Entry)>,
    /// Whether a write is under way.
    writing: bool,
    /// The checkpoint that is on its way to the disk.
    guarding: Option<Checkpoint>,
    /// When the next checkpoint may be signed.
    sign_at: Time,
    /// Until when statements wait for peers to say how much of our log they hold.
    settles_at: Option<Time>,
    /// Who has said so since the start.
    heard: BTreeSet<MemberCode>,
    /// Statements that wait for that.
    early: VecDeque<(Token, SignedStatement)>,
}

impl Replica {
    pub(crate) fn on_append(&mut self, token: Token, statement: SignedStatement) {
        if self.is_settled() {
            self.adopt_charter();
            self.append(token, statement);
        } else if self.appends.early.len() >= self.limits.queue_max {
            let busy = AppendError::Busy(self.appends.early.len());
            self.outputs.push_back(Output::Refused(token, busy));
        } else {
            self.appends.early.push_back((token, statement));
            self.outputs.extend(self.appends.settles_at.map(Output::WakeAt));
        }
    }

    /// True when peers had the time to say how much of our own log they hold. Whoever appended
    /// before, to a folder that was restored from an old copy, would sign a second history.
    fn is_settled(&mut self) -> bool {
        let (now, delay_ms) = (self.now, self.limits.settle_ms);
        let settles_at = Time(now.0.saturating_add(delay_ms));
        let settles_at = *self.appends.settles_at.get_or_insert(settles_at);
        let others = self.charter.members().len().saturating_sub(1);
        settles_at <= now || self.appends.heard.len() >= others
    }

    /// Takes note that a peer has said how much of our log it holds.
    pub(crate) fn on_own_head(&mut self, peer: &MemberCode) {
        if !self.is_settled() {
            self.appends.heard.insert(peer.clone());
        }
    }

    /// Appends what waited for peers to speak, once they did or had the time.
    pub(crate) fn append_early(&mut self) {
        if self.is_settled() {
            self.adopt_charter();
            for (token, statement) in core::mem::take(&mut self.appends.early) {
                self.append(token, statement);
            }
        }
    }

    /// Our log adopts the version of the charter that has force, before anything else is appended: as
    /// soon as it may. Until then nothing is signed, because the key may be another.
    fn adopt_charter(&mut self) {
        let Some(held) = self.logs.get(&self.me) else { return };
        if held.tip.version().version() < self.charter.version()
            && let Some(adoption) = held.tip.adoption(&self.log_key)
            && let Ok(entry) = self.place(adoption)
        {
            self.appends.queue.push_back((Token::NOBODY, entry));
            self.write_queue();
        }
    }

    fn append(&mut self, token: Token, statement: SignedStatement) {
        match self.place(statement) {
            Ok(entry) => {
                self.appends.queue.push_back((token, entry));
                self.write_queue();
            }
            Err(why) => self.outputs.push_back(Output::Refused(token, why)),
        }
    }

    fn place(&mut self, statement: SignedStatement) -> Result<Entry, AppendError> {
        let member = &statement.statement().member;
        if *member != self.me {
            let (found, expected) = (member.clone(), self.me.clone());
            return Err(AppendError::WrongMember { found, expected });
        }
        if self.charter.member(&self.me).is_none() {
            let (member, version) = (self.me.clone(), self.charter.version());
            return Err(AppendError::Removed { member, version });
        }
        let Some(held) = self.logs.get_mut(&self.me) else { return Err(AppendError::Frozen) };
        let (size, promised) = (held.tip.size(), held.promised_size());
        if held.fork.is_some() {
            return Err(AppendError::Frozen);
        }
        if let Some(unseen) = &held.unseen {
            return Err(AppendError::Unseen { position: unseen.position });
        }
        if promised > size {
            return Err(AppendError::Behind { size, promised });
        }
        if self.appends.queue.len() >= self.limits.queue_max {
            return Err(AppendError::Busy(self.appends.queue.len()));
        }
        held.tip.judge(&statement)?;
        let entry = Entry::place(size, held.tip.last(), statement);
        held.tip.replay(&entry);
        Ok(entry)
    }

    /// Puts what waits on its way to the disk, unless a write is under way already.
    fn write_queue(&mut self) {
        if self.appends.writing || self.appends.queue.is_empty() {
            return;
        }
        let Some(held) = self.logs.get(&self.me) else { return };
        let mut stored = held.stored.clone();
        // Entries of ours that were fetched back from peers may still be on their way to the disk.
        if self.appends.queue.front().is_some_and(|(_, entry)| entry.position() != stored.size()) {
            return;
        }
        let (mut entries, mut accepted, mut bytes) = (Vec::new(), Vec::new(), 0_usize);
        while entries.len() < self.limits.batch_entries_max
            && bytes < self.limits.batch_bytes_max
            && let Some((token, entry)) = self.appends.queue.pop_front()
        {
            stored.replay(&entry);
            bytes = bytes.saturating_add(entry.bytes().len());
            let (position, hash) = (entry.position(), entry.hash());
            accepted.push(Output::Accepted { token, position, entry: hash });
            entries.push(entry);
        }
        self.appends.writing = true;
        let log = self.me.clone();
        self.persist(Writing { log, stored, checkpoint: None, cosign: false, accepted }, entries);
    }

    pub(crate) fn on_own_persisted(&mut self) {
        self.appends.writing = false;
        self.write_queue();
        self.sign_if_due();
    }

    /// Signs a checkpoint of what the disk holds, if that is more than the last one covers, none is
    /// on its way, and the last one is not too recent.
    pub(crate) fn sign_if_due(&mut self) {
        let Some(held) = self.logs.get(&self.me) else { return };
        let covered = held.checkpoint.as_ref().map(Checkpoint::size);
        let behind = held.promised_size() > held.stored.size()
            || held.fork.is_some()
            || held.unseen.is_some()
            || held.stored.key_at(held.stored.size()) != Some(self.log_key.public());
        if self.appends.guarding.is_some() || covered == Some(held.stored.size()) || behind {
            return;
        }
        if self.now < self.appends.sign_at {
            self.outputs.push_back(Output::WakeAt(self.appends.sign_at));
            return;
        }
        let origin = self.charter.origin(&self.me);
        let checkpoint = Checkpoint::sign(&origin, held.stored.head(), &self.log_key);
        self.appends.sign_at = self.after(self.limits.checkpoint_interval_ms);
        self.appends.guarding = Some(checkpoint.clone());
        self.outputs.push_back(Output::Guard(checkpoint));
    }

    pub(crate) fn on_guarded(&mut self) {
        let Some(checkpoint) = self.appends.guarding.take() else { return };
        let me = self.me.clone();
        if let Some(held) = self.logs.get_mut(&me) {
            held.note_promise(&checkpoint, self.now);
            held.checkpoint = Some(checkpoint);
        }
        self.announce_own();
        self.sign_if_due();
    }

    /// Says so once when a peer holds more of our log than we do.
    pub(crate) fn check_own_log(&mut self, before: u64) {
        let Some(held) = self.logs.get(&self.me) else { return };
        let (size, promised) = (held.tip.size(), held.promised_size());
        if promised > size && promised > before {
            self.outputs.push_back(Output::Alarm(Alarm::OwnLogBehind { size, promised }));
        }
    }
}
