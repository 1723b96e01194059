//! Cosigning others' checkpoints, and collecting what others have cosigned.
//!
//! A node cosigns a checkpoint once all that it covers is on its disk, after a durable note of having
//! done so, and never a smaller one of that log again. Cosignatures are told to everybody; peers
//! whose collections differ exchange them with their heads.

use crate::heads::Shown;
use crate::held::Held;
use crate::io::{HeadOf, Output, Time};
use crate::replica::Replica;
use crate::trees::Trees;
use crate::witness::Submissions;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use cairn_ledger::hash::derive;
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Charter, Checkpoint, Cosigned, Cosigner, Log};

/// How many checkpoints of one log are collected for at once.
const COLLECTED_MAX: usize = 64;
/// About how many bytes of notes go into one message.
const MESSAGE_BYTES: usize = 128 << 10;
/// About how many bytes a note has, and each cosignature on it.
const NOTE_BYTES: usize = 400;

/// What is known of the cosignatures on one log.
#[derive(Debug, Clone, Default)]
pub struct Cosignatures {
    /// The size and the time of our own newest one, which is on the disk.
    pub(crate) ours: Option<(u64, u64)>,
    /// Whether one is on its way to the disk, and another is wanted after it.
    pub(crate) under_way: bool,
    pub(crate) again: bool,
    /// Our own newest one itself.
    ours_cosigned: Option<Cosigned>,
    /// Who else waits for one.
    pub(crate) submissions: Submissions,
    /// Checkpoints with the cosignatures that came so far, by size: none below the confirmed one.
    collected: BTreeMap<u64, Cosigned>,
    /// The largest checkpoint behind which enough members stand.
    confirmed: Option<Cosigned>,
    /// The largest size that each has cosigned, and when.
    newest: BTreeMap<Cosigner, (u64, u64)>,
    /// What peers are told of it, unless it has changed since.
    digest: Option<u64>,
}

impl Cosignatures {
    /// From what the disk holds: our own newest one may not have reached anybody yet.
    pub(crate) fn restored(
        me: &MemberCode,
        ours: Option<&Cosigned>,
        confirmed: Option<Cosigned>,
    ) -> Self {
        let mut restored = Self { digest: None, confirmed: confirmed.clone(), ..Self::default() };
        ours.into_iter().chain(&confirmed).for_each(|one| restored.note_newest(one));
        if let Some(ours) = ours {
            restored.ours = restored.newest.get(&Cosigner::Member(me.clone())).copied();
            restored.add(ours);
            restored.ours_cosigned = Some(ours.clone());
        }
        restored
    }

    /// The largest checkpoint behind which enough members stand, with their cosignatures.
    #[must_use]
    pub fn confirmed(&self) -> Option<&Cosigned> {
        self.confirmed.as_ref()
    }

    /// How many entries enough members stand behind.
    #[must_use]
    pub fn confirmed_size(&self) -> u64 {
        self.confirmed.as_ref().map_or(0, |confirmed| confirmed.checkpoint().size())
    }

    /// The checkpoint that we have cosigned last, with our cosignature.
    #[must_use]
    pub fn ours(&self) -> Option<&Cosigned> {
        self.ours_cosigned.as_ref()
    }

    /// The largest size that each cosigner has cosigned, and when (seconds since 1970).
    #[must_use]
    pub fn newest(&self) -> &BTreeMap<Cosigner, (u64, u64)> {
        &self.newest
    }

    fn note_newest(&mut self, cosigned: &Cosigned) {
        let size = cosigned.checkpoint().size();
        for (cosigner, cosignature) in cosigned.cosignatures() {
            let this = (size, cosignature.time);
            match self.newest.get_mut(cosigner) {
                Some(newest) => *newest = (*newest).max(this),
                None => drop(self.newest.insert(cosigner.clone(), this)),
            }
        }
    }

    /// What is held of a checkpoint: to check nothing twice.
    #[must_use]
    pub fn of(&self, size: u64) -> Option<&Cosigned> {
        let confirmed = self.confirmed.as_ref().filter(|one| one.checkpoint().size() == size);
        confirmed.or_else(|| self.collected.get(&size))
    }

    /// Takes cosignatures in. True when one of them was new.
    fn add(&mut self, cosigned: &Cosigned) -> bool {
        let new = self.merge(cosigned);
        if new {
            self.digest = None;
        }
        new
    }

    fn merge(&mut self, cosigned: &Cosigned) -> bool {
        let size = cosigned.checkpoint().size();
        self.note_newest(cosigned);
        if size < self.confirmed_size() {
            return false;
        }
        if let Some(confirmed) = &mut self.confirmed
            && confirmed.checkpoint().size() == size
        {
            return confirmed.merge(cosigned);
        }
        match self.collected.get_mut(&size) {
            Some(held) => held.merge(cosigned),
            None => {
                self.collected.insert(size, cosigned.clone());
                if self.collected.len() > COLLECTED_MAX {
                    self.collected.pop_first();
                }
                true
            }
        }
    }

    /// Confirms the largest checkpoint up to `size` entries behind which enough members stand.
    fn confirm(&mut self, charter: &Charter, log: &Log) {
        let (author, size) = (log.member(), log.size());
        let enough = |(size, one): &(&u64, &Cosigned)| {
            one.is_confirmed_since(charter, author, log.version_at(**size).version())
        };
        let best = self.collected.range(..=size).rev().find(enough).map(|(size, _)| *size);
        if let Some(best) = best {
            let mut above = self.collected.split_off(&best);
            self.confirmed = above.remove(&best);
            self.collected = above;
            self.digest = None;
        }
    }

    /// What peers are told of: the confirmed checkpoint, and the largest other one.
    fn told(&self) -> impl Iterator<Item = &Cosigned> {
        let newest = self.collected.last_key_value().map(|(_, newest)| newest);
        self.confirmed.iter().chain(newest)
    }

    /// A number that differs between two nodes that could tell each other something new.
    pub(crate) fn digest(&mut self) -> u64 {
        let digest = self.digest.unwrap_or_else(|| self.compute_digest());
        self.digest = Some(digest);
        digest
    }

    fn compute_digest(&self) -> u64 {
        let mut bytes = Vec::new();
        for one in self.told() {
            bytes.extend(one.checkpoint().text().as_bytes());
            for cosigner in one.cosignatures().keys() {
                bytes.extend(cosigner.name().as_bytes());
                bytes.push(b'\n');
            }
        }
        if bytes.is_empty() {
            return 0;
        }
        let [a, b, c, d, e, f, g, h, ..] = derive("cairn 2026-11 cosignatures digest v1", &bytes);
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}

impl Replica {
    /// Cosigns the newest checkpoint of another's log that the disk holds whole, unless that was done.
    pub(crate) fn cosign(&mut self, log: &MemberCode) {
        let Some(held) = self
            .logs
            .get_mut(log)
            .filter(|held| *log != self.me && held.fork.is_none() && held.ends == u64::MAX)
        else {
            return;
        };
        let (size, not_before) = held.cosignatures.ours.unwrap_or_default();
        let Some(checkpoint) = held.checkpoint.clone().filter(|one| one.size() > size) else {
            return;
        };
        if held.cosignatures.under_way {
            held.cosignatures.again = true;
            return;
        }
        held.cosignatures.under_way = true;
        self.outputs.push_back(Output::Cosign { log: log.clone(), checkpoint, not_before });
    }

    /// A head asks for a cosignature, if its author told it. Others' count while that one is not there.
    pub(crate) fn cosign_asked(&mut self, peer: &MemberCode, log: &MemberCode, size: u64) {
        let held = self.logs.get(log).and_then(|held| held.checkpoint.as_ref());
        let same = held.is_some_and(|held| held.size() == size);
        if same && (peer == log || !self.peers.contains_key(log)) {
            self.cosign(log);
        }
    }

    /// A cosignature of ours is on the disk: told to everybody, a moment later and together.
    pub(crate) fn on_cosigned(&mut self, log: &MemberCode, cosigned: &Cosigned, trees: &dyn Trees) {
        let me = Cosigner::Member(self.me.clone());
        let Some(held) = self.logs.get_mut(log) else { return };
        let ours = &mut held.cosignatures;
        let (before, _) = ours.ours.unwrap_or_default();
        if let Some(cosignature) = cosigned.cosignatures().get(&me) {
            ours.ours = Some((cosigned.checkpoint().size(), cosignature.time));
            ours.ours_cosigned = Some(cosigned.clone());
        }
        ours.under_way = false;
        let again = core::mem::take(&mut ours.again);
        // One more date on a checkpoint that we have cosigned already is news for whoever asked only.
        if cosigned.checkpoint().size() > before {
            self.collect(log, cosigned, trees);
            self.cosigned_later(log, cosigned.clone());
        }
        self.on_cosigned_for(log, cosigned, again, trees);
    }

    /// Cosignatures came from a peer, each of them verified.
    pub(crate) fn on_cosignatures(
        &mut self,
        peer: &MemberCode,
        cosigned: Vec<(MemberCode, Cosigned)>,
        trees: &dyn Trees,
    ) {
        if !self.peers.contains_key(peer) {
            return;
        }
        let before = self.logs.get(&self.me).map_or(0, Held::promised_size);
        for (log, cosigned) in cosigned {
            self.learn(Shown { peer: Some(peer), trees }, &log, cosigned.checkpoint());
            self.collect(&log, &cosigned, trees);
        }
        self.check_own_log(before);
    }

    /// Takes in cosignatures of a checkpoint that does not contradict what we hold.
    fn collect(&mut self, log: &MemberCode, cosigned: &Cosigned, trees: &dyn Trees) {
        let head = cosigned.checkpoint().head();
        let Some(held) = self.logs.get_mut(log) else { return };
        let stored = held.stored.size();
        if head.size <= stored && held.root(trees, head.size) != Some(head.root) {
            return;
        }
        if held.cosignatures.add(cosigned) && head.size <= stored {
            let (log_name, cosigned) = (log.clone(), cosigned.clone());
            self.outputs.push_back(Output::Collected { log: log_name, cosigned });
            self.confirm(log);
        }
    }

    /// Says so when enough members stand behind more of a log than before.
    fn confirm(&mut self, log: &MemberCode) {
        let Some(held) = self.logs.get_mut(log).filter(|held| held.fork.is_none()) else { return };
        let before = held.cosignatures.confirmed_size();
        held.cosignatures.confirm(&self.charter, &held.stored);
        let size = held.cosignatures.confirmed_size();
        if let Some(confirmed) = held.cosignatures.confirmed.as_ref().filter(|_| size > before) {
            let confirmed = confirmed.clone();
            self.outputs.push_back(Output::KeepConfirmed { log: log.clone(), confirmed });
            self.outputs.push_back(Output::Confirmed { log: log.clone(), size });
        }
    }

    /// What was promised and collected for sizes that the disk did not hold yet: now it does.
    pub(crate) fn check_collected(&mut self, log: &MemberCode, from: u64, trees: &dyn Trees) {
        let Some(held) = self.logs.get_mut(log) else { return };
        let size = held.stored.size();
        let collected = held.cosignatures.collected.iter();
        let collected = collected.filter(|(at, _)| **at > from && **at <= size);
        let collected: Vec<_> = collected.map(|(_, one)| one.clone()).collect();
        let unchecked: Vec<_> = held.take_unchecked(size).collect();
        for checkpoint in collected.iter().map(Cosigned::checkpoint).chain(&unchecked) {
            let Some(held) = self.logs.get_mut(log) else { return };
            if held.agrees(checkpoint, trees) == Some(false) {
                self.on_contradiction(Shown { peer: None, trees }, log, checkpoint);
                self.drop_collected(log, checkpoint);
            }
        }
        let any = !collected.is_empty();
        for cosigned in collected {
            let Some(held) = self.logs.get(log) else { return };
            if held.cosignatures.of(cosigned.checkpoint().size()) == Some(&cosigned) {
                self.outputs.push_back(Output::Collected { log: log.clone(), cosigned });
            }
        }
        if any {
            self.confirm(log);
        }
    }

    /// Cosignatures of another history are evidence, and count for nothing here.
    fn drop_collected(&mut self, log: &MemberCode, checkpoint: &Checkpoint) {
        let Some(held) = self.logs.get_mut(log) else { return };
        let collected = &mut held.cosignatures.collected;
        let same = |one: &Cosigned| one.checkpoint().head() == checkpoint.head();
        if collected.get(&checkpoint.size()).is_some_and(same) {
            collected.remove(&checkpoint.size());
            held.cosignatures.digest = None;
        }
    }

    /// Tells everybody a moment later and together. Where that moment is long the author, who needs it
    /// soonest, hears of it at once.
    fn cosigned_later(&mut self, log: &MemberCode, cosigned: Cosigned) {
        if self.relay_rounds() > 1 && self.peers.contains_key(log) {
            let one = [(log.clone(), cosigned.clone())].into();
            self.outputs.push_back(Output::SendCosigned([log.clone()].into(), one));
        }
        if self.fresh.0.is_empty() {
            self.fresh.1 = self.relay_at();
            self.outputs.push_back(Output::WakeAt(self.fresh.1));
        }
        self.fresh.0.insert(log.clone(), cosigned);
    }

    pub(crate) fn tell_cosigned_if_due(&mut self) {
        if !self.is_due(!self.fresh.0.is_empty(), self.fresh.1) {
            return;
        }
        let all: Vec<_> = core::mem::take(&mut self.fresh.0).into_iter().collect();
        let peers = self.peers.keys().cloned().collect();
        self.send_cosigned(peers, all);
    }

    /// A peer has told what it holds: whoever can tell it of more cosignatures does, now and then.
    pub(crate) fn compare_cosignatures(&mut self, peer: &MemberCode, heads: &[HeadOf]) {
        let (now, next) = (self.now, self.after(self.limits.heads_interval_ms / 2));
        let mut all = Vec::new();
        for HeadOf { log, cosigned, .. } in heads {
            let (Some(held), Some(peer)) = (self.logs.get_mut(log), self.peers.get_mut(peer))
            else {
                continue;
            };
            let due = peer.cosigned_at.get(log).is_none_or(|at: &Time| *at <= now);
            if due && held.cosignatures.digest() != *cosigned {
                peer.cosigned_at.insert(log.clone(), next);
                all.extend(held.cosignatures.told().map(|one| (log.clone(), one.clone())));
            }
        }
        self.send_cosigned([peer.clone()].into(), all);
    }

    fn send_cosigned(&mut self, peers: Vec<MemberCode>, all: Vec<(MemberCode, Cosigned)>) {
        let (mut part, mut bytes) = (Vec::new(), 0_usize);
        for one in all {
            let lines = one.1.cosignatures().len().saturating_add(1);
            bytes = bytes.saturating_add(lines.saturating_mul(NOTE_BYTES));
            part.push(one);
            if bytes >= MESSAGE_BYTES {
                let part = core::mem::take(&mut part);
                self.outputs.push_back(Output::SendCosigned(peers.clone(), part));
                bytes = 0;
            }
        }
        if !part.is_empty() {
            self.outputs.push_back(Output::SendCosigned(peers, part));
        }
    }
}

impl Held {
    /// The checkpoint that covers an entry on the disk, and behind which most members stand: the
    /// confirmed one, or else the one with the most cosignatures, or none at all on it.
    #[must_use]
    pub fn covering(&self, position: u64) -> Option<Cosigned> {
        let Cosignatures { collected, confirmed, .. } = &self.cosignatures;
        let covers = |size: u64| size > position && size <= self.stored.size();
        let confirmed = confirmed.as_ref().filter(|one| covers(one.checkpoint().size()));
        let collected = collected.values().filter(|one| covers(one.checkpoint().size()));
        let best = || collected.max_by_key(|one| one.cosignatures().len());
        let signed = || {
            let checkpoint = self.checkpoint.clone().filter(|one| covers(one.size()))?;
            Some(Cosigned::new(checkpoint))
        };
        confirmed.or_else(best).cloned().or_else(signed)
    }

    /// The newest checkpoint of which everything is on the disk, with the cosignatures held of it.
    #[must_use]
    pub fn newest(&self) -> Option<Cosigned> {
        let on_disk = |one: &&Checkpoint| one.size() <= self.stored.size();
        let checkpoint = self.checkpoint.as_ref().filter(on_disk)?;
        let same = |one: &&Cosigned| one.checkpoint().text() == checkpoint.text();
        let cosigned = self.cosignatures.of(checkpoint.size()).filter(same);
        Some(cosigned.cloned().unwrap_or_else(|| Cosigned::new(checkpoint.clone())))
    }

    /// The root over the first `size` entries, all of which are on the disk.
    pub(crate) fn root(&self, trees: &dyn Trees, size: u64) -> Option<cairn_ledger::TreeHash> {
        let checkpoint = self.checkpoint.as_ref().map(Checkpoint::head);
        let known = [Some(self.stored.head()), checkpoint];
        let known = known.into_iter().flatten().find(|head| head.size == size);
        match known {
            Some(head) => Some(head.root),
            None if size <= self.stored.size() => trees.root(self.stored.member(), size),
            None => None,
        }
    }
}
