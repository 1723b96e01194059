//! Telling peers what we hold, and learning what they hold.

use crate::held::Held;
use crate::io::{HeadOf, Output};
use crate::replica::{Peer, Replica, Writing};
use crate::trees::Trees;
use alloc::vec::Vec;
use cairn_ledger::Checkpoint;
use cairn_ledger::text::MemberCode;

/// Who shows a checkpoint, if it is a peer, and what to compare it with.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'a> {
    pub(crate) peer: Option<&'a MemberCode>,
    pub(crate) trees: &'a dyn Trees,
}

impl Replica {
    pub(crate) fn on_connected(&mut self, peer: MemberCode) {
        if peer == self.me || self.charter.member(&peer).is_none() {
            return;
        }
        if !self.waits_for_charter(&peer) {
            self.begin_with(peer);
        }
    }

    /// A peer's node runs under our version of the charter.
    pub(crate) fn begin_with(&mut self, peer: MemberCode) {
        self.peers.insert(peer.clone(), Peer::default());
        self.send_all_heads(&peer);
    }

    pub(crate) fn on_disconnected(&mut self, peer: &MemberCode) {
        self.peers.remove(peer);
        self.charters.forget(peer);
        for held in self.logs.values_mut() {
            held.asked.retain(|_, asked| asked.peer != *peer);
        }
        self.fetch_missing();
    }

    pub(crate) fn on_heads(&mut self, peer: &MemberCode, heads: Vec<HeadOf>, trees: &dyn Trees) {
        let before = self.logs.get(&self.me).map_or(0, Held::promised_size);
        self.compare_cosignatures(peer, &heads);
        for HeadOf { log, checkpoint, .. } in heads {
            let Some(known) = self.peers.get_mut(peer) else { return };
            known.sizes.insert(log.clone(), checkpoint.size());
            if known.diverges.get(&log).is_some_and(|size| *size != checkpoint.size()) {
                known.diverges.remove(&log);
            }
            if *peer == log {
                self.look_for_shrinking(&log, checkpoint.size());
            }
            self.learn(Shown { peer: Some(peer), trees }, &log, &checkpoint);
            self.cosign_asked(peer, &log, checkpoint.size());
            if log == self.me {
                self.on_own_head(peer);
            }
            if self.logs.get(&log).is_some_and(|held| held.tip.size() < checkpoint.size()) {
                self.wanted.insert(log);
            }
        }
        self.check_own_log(before);
        self.append_early();
        self.fetch_missing();
        self.tell_own_once(peer);
    }

    /// A peer that we have just connected with is told of our own log only when it has said what it holds
    /// of it: a folder that was restored from an old copy and went on alone would convict itself.
    fn tell_own_once(&mut self, peer: &MemberCode) {
        let Some(known) = self.peers.get_mut(peer).filter(|peer| !peer.spoke) else { return };
        known.spoke = true;
        if let Some(head) = self.head_of(&self.me.clone()) {
            if let Some(known) = self.peers.get_mut(peer) {
                known.told = head.checkpoint.size();
            }
            self.outputs.push_back(Output::SendHeads(peer.clone(), [head].into()));
        }
    }

    /// Compares a checkpoint with what is known of its log: where both cannot be true, its key has
    /// signed two histories.
    pub(crate) fn learn(&mut self, by: Shown, log: &MemberCode, checkpoint: &Checkpoint) {
        let Some(held) = self.logs.get_mut(log) else { return };
        let size = checkpoint.size();
        // A key that the log has replaced promises nothing more. It can still contradict itself.
        let counts = held.stored.accepts_key(checkpoint) && size <= held.ends;
        if size <= held.stored.size() {
            match held.agrees(checkpoint, by.trees) {
                Some(true) if !counts => {}
                Some(true) => {
                    held.note_promise(checkpoint, self.now);
                    self.adopt(log, checkpoint);
                }
                Some(false) if size > 0 => self.on_contradiction(by, log, checkpoint),
                // Of nothing there is but one root, and a wrong one convicts nobody. Where the disk does
                // not say, the next checkpoint will show.
                Some(false) | None => {}
            }
        } else if let Some(other) = held.other_than(checkpoint) {
            let sides = [other, checkpoint].map(|one| held.side_of(one, &self.charter));
            let [one, other] = sides;
            self.on_two_sides(log, size, one, other);
        } else if counts {
            held.note_promise(checkpoint, self.now);
            held.check_later(checkpoint);
            self.adopt(log, checkpoint);
        }
    }

    /// Keeps a checkpoint that covers exactly what we hold of another's log, where we have none
    /// that does: its entries came under a larger promise, or a power cut took the checkpoint and
    /// not the entries. Without one we could not pass on what we hold.
    fn adopt(&mut self, log: &MemberCode, checkpoint: &Checkpoint) {
        let Some(held) = self.logs.get(log).filter(|held| *log != self.me && held.fork.is_none())
        else {
            return;
        };
        let covered = held.checkpoint.as_ref().map(Checkpoint::size);
        let size = held.tip.size();
        if covered == Some(size)
            || checkpoint.size() != size
            || checkpoint.head() != held.tip.head()
        {
            return;
        }
        let covers = |writing: &Writing| {
            let size = writing.checkpoint.as_ref().map(Checkpoint::size);
            writing.log == *log && size == Some(checkpoint.size())
        };
        if !self.writing.values().any(covers) {
            let (log, stored) = (log.clone(), held.tip.clone());
            let (checkpoint, accepted) = (Some(checkpoint.clone()), Vec::new());
            self.persist(Writing { log, stored, checkpoint, cosign: true, accepted }, Vec::new());
        }
    }

    /// Tells all peers the newest checkpoint of our own log, with the entries that are new to them
    /// where those are few.
    pub(crate) fn announce_own(&mut self) {
        let Some(head) = self.head_of(&self.me.clone()) else { return };
        let (size, checkpoint) = (head.checkpoint.size(), head.checkpoint.clone());
        let cosign = self.may_ask_cosigning();
        for (name, peer) in self.peers.iter_mut().filter(|(_, peer)| peer.spoke) {
            let start = peer.sizes.get(&self.me).copied().unwrap_or(0).max(peer.told);
            let few = start < size && size.saturating_sub(start) <= self.limits.push_entries_max;
            let (peer_name, checkpoint) = (name.clone(), checkpoint.clone());
            self.outputs.push_back(if few {
                Output::Push { peer: peer_name, start, checkpoint, cosign }
            } else {
                Output::SendHeads(peer_name, [head.clone()].into())
            });
            peer.told = size;
        }
    }

    /// What we tell of a log, if we hold something of it.
    fn head_of(&mut self, log: &MemberCode) -> Option<HeadOf> {
        self.given(log)?;
        let held = self.logs.get_mut(log)?;
        let (log, cosigned) = (log.clone(), held.cosignatures.digest());
        Some(HeadOf { log, checkpoint: held.checkpoint.clone()?, cosigned })
    }

    /// True when it is time to ask others for cosignatures of our newest checkpoint: every one of
    /// many in a row would be too much, and all should cosign the same ones. If it is not, they are
    /// asked later.
    fn may_ask_cosigning(&mut self) -> bool {
        let may = self.ask_cosigning.1 <= self.now;
        self.ask_cosigning.0 = !may;
        if may {
            self.ask_cosigning.1 = self.after(self.limits.cosign_interval_ms);
        } else {
            self.outputs.push_back(Output::WakeAt(self.ask_cosigning.1));
        }
        may
    }

    /// Asks for cosignatures of our newest checkpoint, where it was told without asking.
    pub(crate) fn ask_cosigning_if_due(&mut self) {
        let due = self.ask_cosigning.0 && self.may_ask_cosigning();
        if let Some(head) = self.head_of(&self.me.clone()).filter(|_| due) {
            for (peer, _) in self.peers.iter().filter(|(_, peer)| peer.spoke) {
                self.outputs.push_back(Output::SendHeads(peer.clone(), [head.clone()].into()));
            }
        }
    }

    /// Tells the new heads of others' logs on, a little later and together: their authors tell them
    /// to everybody at once, and only those who cannot hear an author wait for us.
    pub(crate) fn relay_later(&mut self, log: &MemberCode) {
        if self.relay.0.is_empty() {
            self.relay.1 = self.relay_at();
            self.outputs.push_back(Output::WakeAt(self.relay.1));
        }
        self.relay.0.insert(log.clone());
    }

    pub(crate) fn relay_if_due(&mut self) {
        if !self.is_due(!self.relay.0.is_empty(), self.relay.1) {
            return;
        }
        let logs = core::mem::take(&mut self.relay.0);
        let heads: Vec<_> = logs.iter().filter_map(|log| self.head_of(log)).collect();
        for peer in self.peers.keys() {
            self.outputs.push_back(Output::SendHeads(peer.clone(), heads.clone()));
        }
    }

    pub(crate) fn send_all_heads(&mut self, peer: &MemberCode) {
        let Some(spoke) = self.peers.get(peer).map(|peer| peer.spoke) else { return };
        let logs: Vec<_> =
            self.logs.keys().filter(|log| spoke || **log != self.me).cloned().collect();
        let heads: Vec<_> = logs.iter().filter_map(|log| self.head_of(log)).collect();
        let own = heads.iter().find(|head| head.log == self.me).map(|head| head.checkpoint.size());
        if let (Some(peer), Some(own)) = (self.peers.get_mut(peer), own) {
            peer.told = own;
        }
        self.outputs.push_back(Output::SendHeads(peer.clone(), heads));
    }
}
