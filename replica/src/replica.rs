//! The state machine that keeps copies in step.

use crate::append::Appends;
use crate::charters::Charters;
use crate::fork::{Compared, Search};
use crate::held::Held;
use crate::io::{Input, Output, Restored, Ticket, Time};
use crate::trees::Trees;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use cairn_ledger::charter::Amendments;
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Charter, Checkpoint, Cosigned, Log, SecretKey};

/// The bounds and intervals of a replica.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many entries one fetch asks for.
    pub range_entries: u32,
    /// How many fetches are under way at once, over all logs.
    pub fetches_max: usize,
    /// After how long an unanswered fetch is given to another peer.
    pub fetch_timeout_ms: u64,
    /// How often all heads are told again to all peers, in case a message was lost.
    pub heads_interval_ms: u64,
    /// How soon after one checkpoint of our own log the next is signed while appends keep coming.
    pub checkpoint_interval_ms: u64,
    /// How soon after a change the heads of others' logs are told on: their authors tell them too.
    pub relay_interval_ms: u64,
    /// To how many peers they are told that soon; to more, proportionally later.
    pub relay_peers: usize,
    /// How soon after one checkpoint of our own log others are asked to cosign the next.
    pub cosign_interval_ms: u64,
    /// How soon after a fork was found, or an earlier place of it, peers are told.
    pub fork_interval_ms: u64,
    /// How long after a new version of the charter was learnt the node begins anew under it: peers are
    /// told before.
    pub amend_delay_ms: u64,
    /// For how long a log may have more promised than we hold, or more held than confirmed, without
    /// any progress, before an operator has to know.
    pub standstill_ms: u64,
    /// How many entries of our own log are sent along with its new checkpoint at most.
    pub push_entries_max: u64,
    /// How long after the start statements wait for peers to say how much of our own log they
    /// hold, unless all of them have said so earlier. 0 does not wait.
    pub settle_ms: u64,
    /// How many entries one write takes at most.
    pub batch_entries_max: usize,
    /// How many bytes one write takes at most, counted before the last entry.
    pub batch_bytes_max: usize,
    /// How many statements wait for the disk at most, before new ones are refused as busy.
    pub queue_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            range_entries: 512,
            fetches_max: 6,
            fetch_timeout_ms: 15_000,
            heads_interval_ms: 5_000,
            checkpoint_interval_ms: 10,
            relay_interval_ms: 50,
            relay_peers: 10,
            cosign_interval_ms: 100,
            fork_interval_ms: 500,
            amend_delay_ms: 1_000,
            standstill_ms: 600_000,
            push_entries_max: 64,
            settle_ms: 0,
            batch_entries_max: 512,
            batch_bytes_max: 1 << 20,
            queue_max: 8192,
        }
    }
}

/// What a replica knows of a peer that is connected.
#[derive(Debug, Clone, Default)]
pub(crate) struct Peer {
    /// The largest size that it has told us it holds, by log.
    pub(crate) sizes: BTreeMap<MemberCode, u64>,
    /// Whether it has told what it holds: it is told of our own log only then.
    pub(crate) spoke: bool,
    /// How much of our own log we have told or sent it.
    pub(crate) told: u64,
    /// Logs of which it showed something that does not continue ours, with the size it had then.
    pub(crate) diverges: BTreeMap<MemberCode, u64>,
    /// When it may be told again what we hold of the cosignatures of a log.
    pub(crate) cosigned_at: BTreeMap<MemberCode, Time>,
    /// The proof of each fork that it is known to have, by its rank.
    pub(crate) forks: BTreeMap<MemberCode, (u64, usize)>,
    /// Comparisons of its copies of logs with ours, and those that need no repeating.
    pub(crate) searches: BTreeMap<MemberCode, Search>,
    pub(crate) compared: BTreeMap<MemberCode, Compared>,
    /// How many of our fetches it is working on.
    pub(crate) busy: usize,
    /// Logs that it says it has and did not send in time.
    pub(crate) late: BTreeMap<MemberCode, Late>,
}

/// How a peer kept us waiting for a log.
#[derive(Debug, Clone, Default)]
pub(crate) struct Late {
    /// How many times since it last sent something that fitted.
    pub(crate) times: u32,
    /// When it may be asked again.
    pub(crate) again_at: Time,
}

/// What becomes of a batch once it is on the disk.
#[derive(Debug, Clone)]
pub(crate) struct Writing {
    pub(crate) log: MemberCode,
    /// The log as the disk will hold it.
    pub(crate) stored: Log,
    pub(crate) checkpoint: Option<Checkpoint>,
    /// Whether the checkpoint is one to cosign.
    pub(crate) cosign: bool,
    /// Statements to acknowledge, where the log is our own.
    pub(crate) accepted: Vec<Output>,
}

/// One member's replica: its own log, its copies of all others, and what it knows of its peers.
#[derive(Debug, Clone)]
pub struct Replica {
    pub(crate) me: MemberCode,
    pub(crate) log_key: SecretKey,
    /// The charter under which it runs.
    pub(crate) charter: Arc<Charter>,
    pub(crate) charters: Charters,
    pub(crate) limits: Limits,
    pub(crate) now: Time,
    pub(crate) logs: BTreeMap<MemberCode, Held>,
    pub(crate) peers: BTreeMap<MemberCode, Peer>,
    /// Logs of which a peer has told more than we hold, and perhaps some that are complete by now.
    pub(crate) wanted: BTreeSet<MemberCode>,
    /// The one among them that was looked at last.
    pub(crate) turn: Option<MemberCode>,
    /// Logs of which ranges were asked for or wait for their turn.
    pub(crate) under_way: BTreeSet<MemberCode>,
    pub(crate) appends: Appends,
    pub(crate) writing: BTreeMap<Ticket, Writing>,
    pub(crate) next_ticket: u64,
    pub(crate) heads_due: Time,
    /// Others' logs whose new heads are told on at the time beside them.
    pub(crate) relay: (BTreeSet<MemberCode>, Time),
    /// Our new cosignatures, which are told at the time beside them.
    pub(crate) fresh: (BTreeMap<MemberCode, Cosigned>, Time),
    /// Logs whose fork is told at the time beside them.
    pub(crate) forks_news: (BTreeSet<MemberCode>, Time),
    /// Whether our newest checkpoint was told without asking for cosignatures, and when it may be.
    pub(crate) ask_cosigning: (bool, Time),
    pub(crate) outputs: VecDeque<Output>,
}

impl Replica {
    /// The replica of the member `me`, from what its disk holds. Logs that are not among `restored`
    /// begin empty.
    #[must_use]
    pub fn new(
        me: MemberCode,
        log_key: SecretKey,
        amendments: Amendments,
        limits: Limits,
        restored: impl IntoIterator<Item = Restored>,
    ) -> Self {
        let charter = Arc::new(amendments.charter().clone());
        let cards = charter.logs();
        let empty = cards.iter().filter_map(|card| Log::new(&charter, &card.code));
        let held = empty
            .map(Restored::new)
            .chain(restored)
            .map(|held| (held.log.member().clone(), Held::new(&me, &charter, held)));
        let logs = held.collect();
        Self {
            me,
            log_key,
            logs,
            charter,
            charters: Charters::new(amendments),
            limits,
            now: Time(0),
            peers: BTreeMap::new(),
            wanted: BTreeSet::new(),
            turn: None,
            under_way: BTreeSet::new(),
            appends: Appends::default(),
            writing: BTreeMap::new(),
            next_ticket: 0,
            heads_due: Time(0),
            relay: (BTreeSet::new(), Time(0)),
            fresh: (BTreeMap::new(), Time(0)),
            forks_news: (BTreeSet::new(), Time(0)),
            ask_cosigning: (false, Time(0)),
            outputs: VecDeque::new(),
        }
    }

    /// Takes one input and returns what is to be done. `trees` are those of the logs on the disk.
    pub fn handle(
        &mut self,
        now: Time,
        input: Input,
        trees: &dyn Trees,
    ) -> impl Iterator<Item = Output> + '_ {
        self.now = self.now.max(now);
        match input {
            Input::Connected(peer) => self.on_connected(peer),
            Input::Disconnected(peer) => self.on_disconnected(&peer),
            Input::Heads(peer, heads) => self.on_heads(&peer, heads, trees),
            Input::Range(peer, range) => self.on_range(&peer, range, trees),
            Input::Pushed { peer, range, cosign } => self.on_pushed(&peer, range, cosign, trees),
            Input::Cosignatures(peer, cosigned) => self.on_cosignatures(&peer, cosigned, trees),
            Input::Cosigned(log, cosigned) => self.on_cosigned(&log, &cosigned, trees),
            Input::FetchFailed { peer, log, start } => self.on_fetch_failed(&peer, &log, start),
            Input::Side { peer, log, size, side } => self.on_side(&peer, &log, size, &side, trees),
            Input::ProveFailed { peer, log, size } => self.on_prove_failed(&peer, &log, size),
            Input::Forked(peer, fork) => self.on_forked(&peer, fork),
            Input::ForkNoted(peer, fork) => self.on_fork_noted(&peer, &fork),
            Input::ChartersTold(peer, known) => self.on_charters_told(&peer, &known),
            Input::ChartersGiven(peer, charters) => self.on_charters_given(&peer, &charters),
            Input::Offered(token, charter) => self.on_offered(token, &charter),
            Input::Submitted(submission) => self.on_submitted(submission, trees),
            Input::Append(token, statement) => self.on_append(token, statement),
            Input::Persisted(ticket) => self.on_persisted(ticket, trees),
            Input::Guarded => self.on_guarded(),
            Input::Tick => self.on_tick(),
        }
        self.outputs.drain(..)
    }

    fn on_persisted(&mut self, ticket: Ticket, trees: &dyn Trees) {
        let Some(Writing { log, stored, checkpoint, cosign, accepted }) =
            self.writing.remove(&ticket)
        else {
            return;
        };
        let Some(held) = self.logs.get_mut(&log) else { return };
        let (from, to) = (held.stored.size(), stored.size());
        held.stored = stored;
        self.outputs.extend(accepted);
        if to > from {
            self.outputs.push_back(Output::Grew { log: log.clone(), from, to });
        }
        if let Some(checkpoint) = checkpoint {
            held.note_promise(&checkpoint, self.now);
            held.checkpoint = Some(checkpoint);
            self.relay_later(&log);
            if cosign {
                self.cosign(&log);
            }
        }
        self.check_collected(&log, from, trees);
        if log == self.me {
            self.on_own_persisted();
        }
        self.fetch_missing();
    }

    fn on_tick(&mut self) {
        self.give_up_late_fetches();
        self.give_up_late_searches();
        self.append_early();
        self.sign_if_due();
        self.relay_if_due();
        self.ask_cosigning_if_due();
        self.tell_cosigned_if_due();
        self.tell_forks_if_due();
        if self.heads_due <= self.now {
            self.heads_due = self.after(self.limits.heads_interval_ms);
            let peers: Vec<_> = self.peers.keys().cloned().collect();
            peers.iter().for_each(|peer| self.send_all_heads(peer));
            self.tell_all_forks();
            self.tell_charters();
            self.look_for_standstill();
        }
        self.outputs.push_back(Output::WakeAt(self.heads_due));
        self.begin_anew_if_due();
    }

    /// Puts a run of entries on its way to the disk.
    pub(crate) fn persist(&mut self, writing: Writing, entries: Vec<cairn_ledger::Entry>) {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket = self.next_ticket.saturating_add(1);
        let (log, checkpoint) = (writing.log.clone(), writing.checkpoint.clone());
        self.writing.insert(ticket, writing);
        self.outputs.push_back(Output::Persist { ticket, log, entries, checkpoint });
    }

    /// True when something waits and its time has come. Until then we ask to be woken.
    pub(crate) fn is_due(&mut self, waits: bool, at: Time) -> bool {
        if waits && self.now < at {
            self.outputs.push_back(Output::WakeAt(at));
        }
        waits && self.now >= at
    }

    pub(crate) fn after(&self, delay_ms: u64) -> Time {
        Time(self.now.0.saturating_add(delay_ms))
    }

    /// How many times the relay interval passes until everybody is told of what is new here: where
    /// peers are many each is told more at once and less often, so that a node sends no more messages.
    pub(crate) fn relay_rounds(&self) -> u64 {
        let rounds = self.peers.len().div_ceil(self.limits.relay_peers.max(1));
        u64::try_from(rounds).unwrap_or(u64::MAX).max(1)
    }

    /// When everybody is told of what is new here.
    pub(crate) fn relay_at(&self) -> Time {
        self.after(self.limits.relay_interval_ms.saturating_mul(self.relay_rounds()))
    }

    /// Whose replica it is.
    #[must_use]
    pub fn me(&self) -> &MemberCode {
        &self.me
    }

    /// The charter under which it runs.
    #[must_use]
    pub fn charter(&self) -> &Arc<Charter> {
        &self.charter
    }

    /// Its bounds and intervals.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Every log, in order of member.
    #[must_use]
    pub fn logs(&self) -> &BTreeMap<MemberCode, Held> {
        &self.logs
    }

    /// A log, as far as peers are given anything of it. Of our own they are given nothing while they
    /// hold more of it than we do, or other entries: what we have may be a second history under our
    /// key, and whoever was given it could convict us.
    #[must_use]
    pub fn given(&self, log: &MemberCode) -> Option<&Held> {
        let held = self.logs.get(log)?;
        let behind = held.promised_size() > held.stored.size();
        let second = *log == self.me && (held.unseen.is_some() || behind);
        (!second).then_some(held)
    }

    /// The peers that are connected.
    pub fn connected(&self) -> impl Iterator<Item = &MemberCode> {
        self.peers.keys()
    }

    /// How many entries of all logs that we hold a peer has not told us it holds.
    #[must_use]
    pub fn lacks(&self, peer: &MemberCode) -> u64 {
        let sizes = self.peers.get(peer).map(|peer| &peer.sizes);
        let theirs = |log| sizes.and_then(|sizes| sizes.get(log)).copied().unwrap_or(0);
        let lack = |(log, held): (_, &Held)| held.standing().saturating_sub(theirs(log));
        self.logs.iter().map(lack).fold(0, u64::saturating_add)
    }
}
