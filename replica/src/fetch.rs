//! Fetching what is missing, range by range, from anybody who has it.

use crate::heads::Shown;
use crate::held::{Asked, Held};
use crate::io::{Fault, Output, Time};
use crate::message::Range;
use crate::replica::{Peer, Replica, Writing};
use crate::trees::Trees;
use alloc::string::ToString;
use alloc::vec::Vec;
use cairn_ledger::AdmitError;
use cairn_ledger::text::MemberCode;
use core::ops::Bound::{Excluded, Unbounded};

/// How often the delay before a late peer is asked again doubles: to sixteen time-outs.
const LATE_TIMES_MAX: u32 = 6;

/// How many ranges that came unasked wait for what is before them, in one log.
const PUSHED_WAITING_MAX: usize = 4;

impl Replica {
    /// Asks for whatever is missing, one range of each log in turn, as far as the bounds allow: a
    /// log that cannot be completed must not keep the others waiting.
    pub(crate) fn fetch_missing(&mut self) {
        self.unstick();
        // What the disk has not taken yet counts as well: a slow disk slows the fetching.
        let busy = self.count_under_way().saturating_add(self.writing.len());
        let mut free = self.limits.fetches_max.saturating_sub(busy);
        let mut in_vain = 0_usize;
        while free > 0
            && in_vain < self.wanted.len()
            && let Some(log) = self.next_wanted()
        {
            if self.fetch_one(&log) {
                (free, in_vain) = (free.saturating_sub(1), 0);
            } else if self.is_complete(&log) {
                self.wanted.remove(&log);
            } else {
                in_vain = in_vain.saturating_add(1);
            }
        }
    }

    /// Ranges that came before their turn are worth nothing once nobody gives the one before.
    fn unstick(&mut self) {
        let stuck = |log: &&MemberCode| self.logs.get(*log).is_some_and(Held::is_stuck);
        let stuck: Vec<_> = self.under_way.iter().filter(stuck).cloned().collect();
        for log in stuck {
            if !self.fetch_one(&log)
                && let Some(held) = self.logs.get_mut(&log)
            {
                held.waiting.clear();
            }
        }
    }

    fn count_under_way(&mut self) -> usize {
        let Self { under_way, logs, .. } = self;
        let mut count = 0_usize;
        under_way.retain(|log| {
            let ranges = logs.get(log).map_or(0, Held::under_way);
            count = count.saturating_add(ranges);
            ranges > 0
        });
        count
    }

    fn next_wanted(&mut self) -> Option<MemberCode> {
        let later = |turn| self.wanted.range::<MemberCode, _>((Excluded(turn), Unbounded)).next();
        let next = self.turn.as_ref().and_then(later).or_else(|| self.wanted.first()).cloned();
        self.turn.clone_from(&next);
        next
    }

    /// True when nobody has more of a log than we do, or no more of it is wanted.
    fn is_complete(&self, log: &MemberCode) -> bool {
        let Some(held) = self.logs.get(log) else { return true };
        let size = held.tip.size();
        let more = |peer: &Peer| peer.sizes.get(log).is_some_and(|theirs| *theirs > size);
        size >= held.limit() || !self.peers.values().any(more)
    }

    /// Asks the least busy peer that has it for the first range of a log that nobody was asked for.
    fn fetch_one(&mut self, log: &MemberCode) -> bool {
        let now = self.now;
        let Some(held) = self.logs.get(log) else { return false };
        let share = self.limits.fetches_max.div_ceil(2);
        if held.under_way() >= share && !held.is_stuck() {
            return false;
        }
        let (start, count) = gap(held, self.limits.range_entries);
        let limit = held.limit();
        if start >= limit {
            return false;
        }
        let has = |(_, peer): &(&MemberCode, &mut Peer)| {
            peer.sizes.get(log).is_some_and(|size| *size > start)
                && !peer.diverges.contains_key(log)
                && peer.late.get(log).is_none_or(|late| late.again_at <= now)
        };
        let best = self.peers.iter_mut().filter(has).min_by_key(|(_, peer)| peer.busy);
        let Some((name, peer)) = best else { return false };
        let size = peer.sizes.get(log).copied().unwrap_or(0);
        let end = start.saturating_add(count).min(size).min(limit);
        peer.busy = peer.busy.saturating_add(1);
        let name = name.clone();
        let deadline = self.after(self.limits.fetch_timeout_ms);
        let entries_max = u32::try_from(end.saturating_sub(start)).unwrap_or(1);
        let (peer, log) = (name.clone(), log.clone());
        self.under_way.insert(log.clone());
        self.outputs.push_back(Output::Fetch { peer, log: log.clone(), start, entries_max });
        if let Some(held) = self.logs.get_mut(&log) {
            held.asked.insert(start, Asked { peer: name, deadline, end });
        }
        true
    }

    pub(crate) fn on_fetch_failed(&mut self, peer: &MemberCode, log: &MemberCode, start: u64) {
        if self.answered(peer, log, start)
            && let Some(known) = self.peers.get_mut(peer)
        {
            // It told us that it has this and did not give it: believe it again when it says so again.
            known.sizes.remove(log);
        }
        self.fetch_missing();
    }

    /// True when this peer was asked for this range; it is no longer.
    fn answered(&mut self, peer: &MemberCode, log: &MemberCode, start: u64) -> bool {
        let Some(held) = self.logs.get_mut(log) else { return false };
        let asked = held.asked.get(&start).is_some_and(|asked| asked.peer == *peer);
        if asked {
            held.asked.remove(&start);
            if let Some(known) = self.peers.get_mut(peer) {
                known.busy = known.busy.saturating_sub(1);
            }
        }
        asked
    }

    pub(crate) fn on_range(&mut self, peer: &MemberCode, range: Range, trees: &dyn Trees) {
        let (log, start) = (range.log.clone(), range.start);
        if !self.answered(peer, &log, start) {
            // A late answer to a fetch that was given to another peer is no fault.
            self.fetch_missing();
            return;
        }
        self.learn(Shown { peer: Some(peer), trees }, &log, &range.checkpoint);
        if let Some(held) = self.logs.get_mut(&log) {
            held.waiting.insert(start, (peer.clone(), range, true));
        }
        self.admit_waiting(&log);
        self.fetch_missing();
    }

    /// A peer's own log has grown: taken in when it continues what we hold, and a reason to fetch
    /// when it does not.
    pub(crate) fn on_pushed(
        &mut self,
        peer: &MemberCode,
        range: Range,
        cosign: bool,
        trees: &dyn Trees,
    ) {
        let (log, size) = (range.log.clone(), range.checkpoint.size());
        let Some(known) = self.peers.get_mut(peer).filter(|_| *peer == log && log != self.me)
        else {
            return;
        };
        known.sizes.insert(log.clone(), size);
        let diverges = known.diverges.contains_key(&log);
        self.look_for_shrinking(&log, size);
        self.learn(Shown { peer: Some(peer), trees }, &log, &range.checkpoint);
        let Some(held) = self.logs.get_mut(&log) else { return };
        if held.tip.size() < size {
            self.wanted.insert(log.clone());
        }
        let fresh = range.start >= held.tip.size() && !held.asked.contains_key(&range.start);
        if fresh && !diverges && held.waiting.len() < PUSHED_WAITING_MAX {
            held.waiting.insert(range.start, (peer.clone(), range, cosign));
            self.under_way.insert(log.clone());
            self.admit_waiting(&log);
        }
        self.fetch_missing();
    }

    fn admit_waiting(&mut self, log: &MemberCode) {
        loop {
            let Some(held) = self.logs.get_mut(log) else { return };
            let size = held.tip.size();
            held.waiting.retain(|start, _| *start >= size);
            let Some((peer, range, cosign)) = held.waiting.remove(&size) else { return };
            let end = range.start.saturating_add(u64::try_from(range.entries.len()).unwrap_or(1));
            if end > held.limit() {
                // It was asked for before the fork was known: what stands is asked for again.
                held.waiting.clear();
                return;
            }
            self.admit(&peer, range, cosign);
        }
    }

    fn admit(&mut self, peer: &MemberCode, range: Range, cosign: bool) {
        let Range { log, start, entries, checkpoint, proof } = range;
        let Some(held) = self.logs.get_mut(&log) else { return };
        match held.tip.extended(&entries, &checkpoint, &proof) {
            Ok(tip) => {
                if let Some(known) = self.peers.get_mut(peer) {
                    known.late.remove(&log);
                }
                held.tip = tip.clone();
                let covers = checkpoint.size() == tip.size();
                let checkpoint = covers.then_some(checkpoint);
                let accepted = Vec::new();
                let writing = Writing { log, stored: tip, checkpoint, cosign, accepted };
                self.persist(writing, entries);
            }
            Err(why) if may_be_a_fork(&why, start) => {
                if let Some(known) = self.peers.get_mut(peer) {
                    known.diverges.insert(log.clone(), checkpoint.size());
                }
                self.on_divergence(peer, &log, checkpoint);
            }
            Err(why) => {
                let fault = Fault::BadRange { log, start, why: why.to_string() };
                self.drop_peer(peer, fault);
            }
        }
    }

    pub(crate) fn drop_peer(&mut self, peer: &MemberCode, fault: Fault) {
        self.outputs.push_back(Output::Drop(peer.clone(), fault));
        self.on_disconnected(peer);
    }

    pub(crate) fn give_up_late_fetches(&mut self) {
        let now = self.now;
        let late = |(log, held): (&MemberCode, &Held)| {
            let late = held.asked.iter().filter(|(_, asked)| asked.deadline <= now);
            late.map(|(start, asked)| (asked.peer.clone(), log.clone(), *start)).collect::<Vec<_>>()
        };
        let late: Vec<_> = self.logs.iter().flat_map(late).collect();
        for (peer, log, start) in late {
            self.note_late(&peer, &log);
            self.on_fetch_failed(&peer, &log, start);
        }
    }

    /// A peer that says it has a log and lets us wait is asked for it less and less often.
    fn note_late(&mut self, peer: &MemberCode, log: &MemberCode) {
        let (now, timeout) = (self.now, self.limits.fetch_timeout_ms);
        let Some(known) = self.peers.get_mut(peer) else { return };
        let late = known.late.entry(log.clone()).or_default();
        // Several fetches that were under way together are late together, and count once.
        if late.again_at <= now {
            late.times = late.times.saturating_add(1).min(LATE_TIMES_MAX);
            let delay = timeout.saturating_mul(1 << late.times.min(LATE_TIMES_MAX)) / 4;
            late.again_at = Time(now.0.saturating_add(delay));
        }
    }
}

/// The first position of a log that was neither admitted nor asked for, and how many entries may be
/// asked for there.
fn gap(held: &Held, range_entries: u32) -> (u64, u64) {
    let mut start = held.tip.size();
    loop {
        let asked = held.asked.get(&start).map(|asked| asked.end);
        let came = held.waiting.get(&start).map(|(_, range, _)| {
            start.saturating_add(u64::try_from(range.entries.len()).unwrap_or(1))
        });
        match asked.or(came) {
            Some(end) if end > start => start = end,
            _ => break,
        }
    }
    let next = held.asked.keys().chain(held.waiting.keys()).filter(|at| **at > start).min();
    let room = next.map_or(u64::MAX, |next| next.saturating_sub(start));
    (start, u64::from(range_entries).min(room))
}

/// True when the range is sound in itself but does not continue what we hold: then either the log's
/// key has signed two histories or the peer is lying, and this alone does not tell which. Entries that
/// do follow ours and do not lead to the checkpoint are a lie: the chain leaves no room for another tree.
fn may_be_a_fork(why: &AdmitError, start: u64) -> bool {
    match why {
        AdmitError::BrokenLink { position, .. } => *position == start && start > 0,
        AdmitError::WrongTree(_)
        | AdmitError::WrongKey { .. }
        | AdmitError::WrongMember { .. }
        | AdmitError::NotAuthorised(_)
        | AdmitError::Gap { .. }
        | AdmitError::Known { .. }
        | AdmitError::Fork { .. } => false,
    }
}
