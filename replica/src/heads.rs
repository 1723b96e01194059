//! Telling peers what we hold, and learning what they hold.

use crate::io::{Alarm, HeadOf, Output};
use crate::replica::{Peer, Replica, Writing};
use alloc::vec::Vec;
use cairn_ledger::Checkpoint;
use cairn_ledger::text::MemberCode;

impl Replica {
    pub(crate) fn on_connected(&mut self, peer: MemberCode) {
        if peer == self.me || self.charter.member(&peer).is_none() {
            return;
        }
        self.peers.insert(peer.clone(), Peer::default());
        self.send_all_heads(&peer);
    }

    pub(crate) fn on_disconnected(&mut self, peer: &MemberCode) {
        self.peers.remove(peer);
        for held in self.logs.values_mut() {
            held.asked.retain(|_, asked| asked.peer != *peer);
        }
        self.fetch_missing();
    }

    pub(crate) fn on_heads(&mut self, peer: &MemberCode, heads: Vec<HeadOf>) {
        let before = self.logs.get(&self.me).map_or(0, crate::Held::promised_size);
        self.compare_cosignatures(peer, &heads);
        for HeadOf { log, checkpoint, .. } in heads {
            let Some(known) = self.peers.get_mut(peer) else { return };
            known.sizes.insert(log.clone(), checkpoint.size());
            if known.diverges.get(&log).is_some_and(|size| *size != checkpoint.size()) {
                known.diverges.remove(&log);
            }
            self.learn(&log, &checkpoint);
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
    }

    /// Compares a checkpoint with those that are known of its log: two of one size with two roots
    /// are a fork.
    pub(crate) fn learn(&mut self, log: &MemberCode, checkpoint: &Checkpoint) {
        let Some(held) = self.logs.get_mut(log) else { return };
        let known = [held.checkpoint.as_ref(), held.promised.as_ref()];
        let contradicts = |known: &&Checkpoint| {
            known.size() == checkpoint.size() && known.head() != checkpoint.head()
        };
        let ours =
            held.stored.size() == checkpoint.size() && held.stored.head() != checkpoint.head();
        let held_note = known.into_iter().flatten().find(contradicts).cloned();
        match held_note {
            Some(known) if held.fork.is_none() => {
                held.fork = Some(checkpoint.clone());
                let (log, shown) = (log.clone(), checkpoint.clone());
                self.outputs.push_back(Output::Alarm(Alarm::Fork { log, held: known, shown }));
            }
            // Without a signed promise of what we hold, there is a contradiction but no proof yet:
            // fetching will show on which side it is.
            Some(_) => {}
            None if ours => {}
            None => {
                held.note_promise(checkpoint);
                self.adopt(log, checkpoint);
            }
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
        for (name, peer) in &mut self.peers {
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
            for peer in self.peers.keys() {
                self.outputs.push_back(Output::SendHeads(peer.clone(), [head.clone()].into()));
            }
        }
    }

    /// Tells the new heads of others' logs on, a little later and together: their authors tell them
    /// to everybody at once, and only those who cannot hear an author wait for us.
    pub(crate) fn relay_later(&mut self, log: &MemberCode) {
        if self.relay.0.is_empty() {
            self.relay.1 = self.after(self.limits.relay_interval_ms);
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
        let logs: Vec<_> = self.logs.keys().cloned().collect();
        let heads = logs.iter().filter_map(|log| self.head_of(log)).collect();
        let own = self.logs.get(&self.me).and_then(|held| held.checkpoint.as_ref());
        let told = own.map_or(0, Checkpoint::size);
        if let Some(peer) = self.peers.get_mut(peer) {
            peer.told = told;
        }
        self.outputs.push_back(Output::SendHeads(peer.clone(), heads));
    }
}
