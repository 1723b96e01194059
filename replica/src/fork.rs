//! Forks: where two histories under one key part, the proof of it, and everybody knowing.
//!
//! A contradiction is found by comparing what a peer shows with what is held. From there the two ask
//! each other what their copies have as their first 1,000, 500, 250 … entries, until they know where
//! the histories part. The earliest proof wins, whoever has it first: so all end at the same place in
//! whatever order they learn things. A proof is told to each peer until that peer has kept it.

use crate::heads::Shown;
use crate::held::Held;
use crate::io::{Alarm, Fault, Output, Time, Unseen};
use crate::message::Side;
use crate::replica::{Peer, Replica};
use crate::trees::Trees;
use alloc::string::ToString;
use alloc::vec::Vec;
use cairn_ledger::fork::{RawFork, RawSide};
use cairn_ledger::hash::Bytes;
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Charter, Checkpoint, Fork};

/// Looking for the place where a peer's copy of a log parts from ours.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    /// Both copies have the same first so many entries.
    agreed: u64,
    /// Their first so many differ, or this is what is to be found out first.
    differ: u64,
    /// Whether that was found out.
    parted: bool,
    /// How many are being asked about, and until when.
    asked: u64,
    deadline: Time,
    /// Under which checkpoint the peer has sent entries that do not follow ours, if it has.
    diverged: Option<Checkpoint>,
}

/// A comparison that needs no repeating: under which known fork, and up to which size.
pub(crate) type Compared = (u64, u64);

impl Replica {
    /// Our own log is another one than `shown`, which our key signed: either entries here were never
    /// seen by anybody, or a second node signs with our key. Others' logs give proof.
    pub(crate) fn on_contradiction(&mut self, by: Shown, log: &MemberCode, shown: &Checkpoint) {
        let Shown { peer, trees } = by;
        let Some(held) = self.logs.get_mut(log) else { return };
        if *log == self.me {
            self.note_unseen(shown.size().saturating_sub(1), shown);
        } else if held.fork.as_ref().is_none_or(|known| known.size() > shown.size()) {
            match held.side(shown.size(), trees, &self.charter) {
                Some(ours) => {
                    let theirs = held.side_of(shown, &self.charter);
                    self.on_two_sides(log, shown.size(), ours, theirs);
                }
                // What we hold there is not under a signed checkpoint yet.
                None => held.check_later(shown),
            }
        }
        if let Some(peer) = peer {
            self.search(peer, log, None);
        }
    }

    /// Two promises of one log that differ within their first `size` entries.
    pub(crate) fn on_two_sides(
        &mut self,
        log: &MemberCode,
        size: u64,
        ours: RawSide,
        theirs: RawSide,
    ) {
        let fork = RawFork::new(log.clone(), size, ours, theirs).verify(&self.charter);
        if let Ok(fork) = fork {
            self.take_fork(fork);
        }
    }

    /// Takes a proof in, unless the one that is held says as much: frozen from there on.
    fn take_fork(&mut self, fork: Fork) {
        let (log, position) = (fork.log().clone(), fork.position());
        let Some(held) = self.logs.get_mut(&log) else { return };
        if held.fork.as_ref().is_some_and(|known| known.rank() <= fork.rank()) {
            return;
        }
        let earlier = held.fork.as_ref().is_none_or(|known| known.position() > position);
        held.fork = Some(fork.clone());
        held.waiting.clear();
        if held.tip.size() < position {
            self.wanted.insert(log.clone());
        }
        self.outputs.push_back(Output::KeepFork(fork));
        if earlier {
            self.outputs.push_back(Output::Alarm(Alarm::Fork { log: log.clone(), position }));
        }
        self.tell_forks_later(log);
    }

    /// A moment later: while its place is being looked for, proofs follow each other.
    fn tell_forks_later(&mut self, log: MemberCode) {
        if self.forks_news.0.is_empty() {
            self.forks_news.1 = self.after(self.limits.fork_interval_ms);
            self.outputs.push_back(Output::WakeAt(self.forks_news.1));
        }
        self.forks_news.0.insert(log);
    }

    pub(crate) fn tell_forks_if_due(&mut self) {
        if self.is_due(!self.forks_news.0.is_empty(), self.forks_news.1) {
            let logs: Vec<_> = core::mem::take(&mut self.forks_news.0).into_iter().collect();
            logs.iter().for_each(|log| self.tell_fork(log));
        }
    }

    /// Shows every peer that has not kept it the proof of every fork, and compares our copy with theirs
    /// where that was not done or could not be: again and again, as messages are lost.
    pub(crate) fn tell_all_forks(&mut self) {
        let forked = self.logs.iter().filter(|(_, held)| held.fork.is_some());
        let forked: Vec<_> = forked.map(|(log, _)| log.clone()).collect();
        forked.iter().for_each(|log| self.tell_fork(log));
        let diverging = |(name, peer): (&MemberCode, &Peer)| {
            let logs = peer.diverges.keys().map(|log| (name.clone(), log.clone()));
            logs.collect::<Vec<_>>()
        };
        let diverging: Vec<_> = self.peers.iter().flat_map(diverging).collect();
        diverging.iter().for_each(|(peer, log)| self.search(peer, log, None));
    }

    fn tell_fork(&mut self, log: &MemberCode) {
        let Some(fork) = self.logs.get(log).and_then(|held| held.fork.clone()) else { return };
        let rank = fork.rank();
        let lacks = |(_, peer): &(&MemberCode, &Peer)| {
            peer.forks.get(log).is_none_or(|theirs| *theirs > rank)
        };
        let lacking = self.peers.iter().filter(lacks).map(|(name, _)| name.clone());
        self.outputs.extend(lacking.map(|name| Output::SendFork(name, fork.clone())));
        let peers: Vec<_> = self.peers.keys().cloned().collect();
        peers.iter().for_each(|peer| self.search(peer, log, None));
    }

    pub(crate) fn on_forked(&mut self, peer: &MemberCode, fork: Fork) {
        self.on_fork_noted(peer, &fork);
        self.take_fork(fork);
    }

    /// A peer has this proof, so nobody has to show it that one.
    pub(crate) fn on_fork_noted(&mut self, peer: &MemberCode, fork: &Fork) {
        if let Some(peer) = self.peers.get_mut(peer) {
            let known = peer.forks.entry(fork.log().clone()).or_insert(fork.rank());
            *known = (*known).min(fork.rank());
        }
        // Whoever has less than we do is told, a moment later.
        let held = self.logs.get(fork.log()).and_then(|held| held.fork.as_ref());
        if held.is_some_and(|held| held.rank() < fork.rank()) {
            self.tell_forks_later(fork.log().clone());
        }
    }

    /// Begins to compare our copy of a log with a peer's, unless that was done or is under way.
    pub(crate) fn search(
        &mut self,
        peer: &MemberCode,
        log: &MemberCode,
        diverged: Option<Checkpoint>,
    ) {
        let Some(held) = self.logs.get(log) else { return };
        let Some(known) = self.peers.get(peer) else { return };
        let fork = held.fork.as_ref().map_or(u64::MAX, Fork::size);
        // Of our own log nothing is to be proven: it is enough to know what we hold.
        let ours = if *log == self.me { held.stored.size() } else { held.covered_size() };
        let upto = known.sizes.get(log).copied().unwrap_or(0).min(ours).min(fork);
        let done = diverged.is_none() && known.compared.get(log) == Some(&(fork, upto));
        let proven = *log == self.me && held.fork.is_some();
        if upto == 0 || done || proven || known.searches.contains_key(log) {
            return;
        }
        let search = Search {
            agreed: 0,
            differ: upto,
            parted: false,
            asked: upto,
            deadline: self.now,
            diverged,
        };
        self.ask(peer, log, search);
    }

    fn ask(&mut self, peer: &MemberCode, log: &MemberCode, mut search: Search) {
        search.deadline = self.after(self.limits.fetch_timeout_ms);
        let size = search.asked;
        let Some(known) = self.peers.get_mut(peer) else { return };
        known.searches.insert(log.clone(), search);
        let (peer, log) = (peer.clone(), log.clone());
        self.outputs.push_back(Output::Prove { peer, log, size });
    }

    fn answered_search(
        &mut self,
        peer: &MemberCode,
        log: &MemberCode,
        size: u64,
    ) -> Option<Search> {
        let known = self.peers.get_mut(peer)?;
        // An answer that comes too late is to another question.
        known.searches.get(log).filter(|search| search.asked == size)?;
        known.searches.remove(log)
    }

    /// A peer has proven what its first `size` entries of a log are.
    pub(crate) fn on_side(
        &mut self,
        peer: &MemberCode,
        log: &MemberCode,
        size: u64,
        side: &Side,
        trees: &dyn Trees,
    ) {
        let Some(mut search) = self.answered_search(peer, log, size) else { return };
        let Some(held) = self.logs.get(log) else { return };
        let Some(root) = held.root(trees, size) else { return };
        if root == side.root() {
            search.agreed = size;
        } else {
            (search.parted, search.differ) = (true, size);
            let ours = held.side(size, trees, &self.charter);
            match ours {
                Some(ours) if *log != self.me => {
                    self.on_two_sides(log, size, ours, side.raw().clone());
                }
                _ => {}
            }
        }
        let open = search.differ.saturating_sub(search.agreed);
        if open > 1 {
            search.asked = search.agreed.saturating_add(open / 2);
            self.ask(peer, log, search);
        } else {
            self.end_search(peer, log, &search, side.checkpoint());
        }
    }

    fn end_search(
        &mut self,
        peer: &MemberCode,
        log: &MemberCode,
        search: &Search,
        shown: &Checkpoint,
    ) {
        let Some(held) = self.logs.get(log) else { return };
        let fork = held.fork.as_ref().map_or(u64::MAX, Fork::size);
        let whole = search.agreed == held.tip.size();
        if let Some(known) = self.peers.get_mut(peer) {
            known.compared.insert(log.clone(), (fork, search.differ.min(fork)));
        }
        match &search.diverged {
            _ if search.parted && *log == self.me => self.note_unseen(search.agreed, shown),
            _ if search.parted => {}
            // It has all that we have, and sent something else behind it.
            Some(_) if whole => {
                let (log, start) = (log.clone(), search.agreed);
                let why = "they do not follow what it has itself proven to be before them";
                self.drop_peer(peer, Fault::BadRange { log, start, why: why.to_string() });
            }
            Some(shown) => self.say_diverges(peer, log, shown.clone()),
            None => {}
        }
    }

    pub(crate) fn on_prove_failed(&mut self, peer: &MemberCode, log: &MemberCode, size: u64) {
        let search = self.answered_search(peer, log, size);
        if let Some(shown) = search.and_then(|search| search.diverged) {
            self.say_diverges(peer, log, shown);
        }
    }

    /// A peer's entries do not follow ours, under a checkpoint that the log's key did sign: either that
    /// key has signed two histories, or the peer lies. It is asked to prove what it has before them.
    pub(crate) fn on_divergence(&mut self, peer: &MemberCode, log: &MemberCode, shown: Checkpoint) {
        self.search(peer, log, Some(shown.clone()));
        let searching = self.peers.get(peer).is_some_and(|peer| peer.searches.contains_key(log));
        if !searching {
            self.say_diverges(peer, log, shown);
        }
    }

    fn say_diverges(&mut self, peer: &MemberCode, log: &MemberCode, shown: Checkpoint) {
        let Some(held) = self.logs.get(log).filter(|held| held.fork.is_none()) else { return };
        let (log, peer, size) = (log.clone(), peer.clone(), held.tip.size());
        self.outputs.push_back(Output::Alarm(Alarm::Diverges { log, peer, size, shown }));
    }

    pub(crate) fn give_up_late_searches(&mut self) {
        let now = self.now;
        let late = |(name, peer): (&MemberCode, &Peer)| {
            let late = peer.searches.iter().filter(|(_, search)| search.deadline <= now);
            late.map(|(log, search)| (name.clone(), log.clone(), search.asked)).collect::<Vec<_>>()
        };
        let late: Vec<_> = self.peers.iter().flat_map(late).collect();
        for (peer, log, size) in late {
            self.on_prove_failed(&peer, &log, size);
        }
    }

    /// Our own log has entries from `position` on that peers do not have there.
    fn note_unseen(&mut self, position: u64, shown: &Checkpoint) {
        let me = self.me.clone();
        let Some(held) = self.logs.get_mut(&me) else { return };
        let earlier = held.unseen.as_ref().is_none_or(|known| position < known.position);
        if earlier && position < held.tip.size() {
            let unseen = Unseen { position, shown: shown.clone() };
            held.unseen = Some(unseen.clone());
            self.outputs.push_back(Output::Alarm(Alarm::OwnLogUnseen(unseen)));
        }
    }
}

impl Held {
    /// The largest size that a signed checkpoint shows to be what is on the disk.
    fn covered_size(&self) -> u64 {
        self.checkpoint.as_ref().map_or(0, Checkpoint::size).min(self.stored.size())
    }

    /// What our copy has as its first `size` entries, as evidence: under the checkpoint behind which
    /// most members stand, so that whoever cosigned two histories is convicted too.
    fn side(&self, size: u64, trees: &dyn Trees, charter: &Charter) -> Option<RawSide> {
        let cosigned = self.covering(size.checked_sub(1)?)?;
        let end = cosigned.checkpoint().size();
        let log = self.stored.member();
        let proof = if end == size { Vec::new() } else { trees.consistency(log, size, end)? };
        let checkpoint = Bytes(cosigned.note(charter).into_bytes());
        Some(RawSide { root: self.root(trees, size)?, proof, checkpoint })
    }

    /// A checkpoint by itself as evidence, with the cosignatures that are known on it.
    pub(crate) fn side_of(&self, shown: &Checkpoint, charter: &Charter) -> RawSide {
        let cosigned = self.cosignatures.of(shown.size());
        let cosigned = cosigned.filter(|one| one.checkpoint().head() == shown.head());
        let note = cosigned.map_or_else(|| shown.note().to_string(), |one| one.note(charter));
        RawSide { root: shown.head().root, proof: Vec::new(), checkpoint: Bytes(note.into_bytes()) }
    }
}
