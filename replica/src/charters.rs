//! Charters and proposals on their way through the network.
//!
//! Whoever tells a peer what it knows is answered with what it does not know; whoever hears of
//! something new asks. Nodes under different versions speak of nothing else, because what one has
//! signed the other cannot check. A new version has force only from a fresh start on: what is on the
//! disk is then read again under it, and nothing in memory was decided by the one before.

use crate::io::{Alarm, Fault, Output, Time, Token};
use crate::message::KnownCharters;
use crate::replica::Replica;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::ToString;
use alloc::vec::Vec;
use cairn_ledger::charter::{AMENDMENT_BYTES_MAX, Amendments, CharterError, Learnt};
use cairn_ledger::hash::Bytes;
use cairn_ledger::text::MemberCode;

/// What is under way about charters.
#[derive(Debug, Clone)]
pub(crate) struct Charters {
    /// Everything that is known: perhaps a newer version than the one under which we run.
    pub(crate) amendments: Amendments,
    /// Peers that are connected and have not said yet that they run under our version.
    waiting: BTreeSet<MemberCode>,
    /// What each peer knew when we asked it, and when it may be asked for the same again.
    asked: BTreeMap<MemberCode, (Vec<[u8; 32]>, Time)>,
    /// When to begin anew under the newer version.
    begin_at: Option<Time>,
}

/// What is to be done outside about charters.
#[derive(Debug, Clone)]
pub enum CharterWork {
    /// Write and flush the charter and the proposals that the replica knows, before anything else.
    Keep,
    /// Tell a peer which charters and proposals we know, and give what it answers back.
    Tell(MemberCode),
    /// What was handed in was taken in, and is on the disk; or it is refused.
    Answer(Token, Result<Learnt, CharterError>),
    /// Another version of the charter has force: end, and begin anew from the disk under it.
    BeginAnew,
}

impl From<CharterWork> for Output {
    fn from(work: CharterWork) -> Self {
        Self::Charters(work)
    }
}

impl Charters {
    pub(crate) fn new(amendments: Amendments) -> Self {
        Self { amendments, waiting: BTreeSet::new(), asked: BTreeMap::new(), begin_at: None }
    }

    pub(crate) fn forget(&mut self, peer: &MemberCode) {
        self.waiting.remove(peer);
        self.asked.remove(peer);
    }
}

impl Replica {
    /// The charter and proposals that are known. The charter may be newer than the one in force here:
    /// then the node is about to begin anew.
    #[must_use]
    pub fn amendments(&self) -> &Amendments {
        &self.charters.amendments
    }

    /// What we know, as a peer is told it.
    #[must_use]
    pub fn known_charters(&self) -> KnownCharters {
        KnownCharters { current: self.charter.id(), names: self.amendments().names() }
    }

    /// True when a peer's node has not said yet that it runs under our version of the charter.
    pub(crate) fn waits_for_charter(&mut self, peer: &MemberCode) -> bool {
        if self.has_charters_to_tell() {
            self.outputs.push_back(CharterWork::Tell(peer.clone()).into());
        }
        // Whoever says nothing runs under the first version.
        self.charter.version() > 1 && self.charters.waiting.insert(peer.clone())
    }

    /// True when there is more than the first version.
    fn has_charters_to_tell(&self) -> bool {
        let known = self.amendments();
        known.charter().known().nth(1).is_some() || known.proposals().next().is_some()
    }

    /// Tells everybody again what is known, in case a message was lost.
    pub(crate) fn tell_charters(&mut self) {
        if self.has_charters_to_tell() {
            let peers = self.peers.keys().chain(&self.charters.waiting);
            self.outputs.extend(peers.cloned().map(|peer| CharterWork::Tell(peer).into()));
        }
    }

    pub(crate) fn on_charters_told(&mut self, peer: &MemberCode, known: &KnownCharters) {
        if !self.peers.contains_key(peer) && !self.charters.waiting.contains(peer) {
            return;
        }
        if known.current == self.charter.id() && self.charters.waiting.remove(peer) {
            self.begin_with(peer.clone());
        }
        let ours: BTreeSet<_> = self.amendments().names().into_iter().collect();
        let again = self.after(self.limits.heads_interval_ms);
        let lacks = known.names.iter().any(|name| !ours.contains(name));
        let asked = self.charters.asked.get(peer);
        let asked = asked.is_some_and(|(names, at)| *names == known.names && self.now < *at);
        if lacks && !asked {
            self.charters.asked.insert(peer.clone(), (known.names.clone(), again));
            self.outputs.push_back(CharterWork::Tell(peer.clone()).into());
        }
    }

    pub(crate) fn on_charters_given(&mut self, peer: &MemberCode, charters: &[Bytes]) {
        if !self.peers.contains_key(peer) && !self.charters.waiting.contains(peer) {
            return;
        }
        let mut learnt = Vec::new();
        for bytes in charters {
            match self.charters.amendments.offer(&bytes.0) {
                Ok(one) => learnt.push(one),
                Err(
                    why @ (CharterError::Decode(_)
                    | CharterError::Card(_)
                    | CharterError::BadSignature(_)),
                ) => {
                    let fault = Fault::BadCharter { why: why.to_string() };
                    self.drop_peer(peer, fault);
                    break;
                }
                // True, but not for us now: it amends what we do not know, or too much waits already.
                Err(_) => {}
            }
        }
        self.on_learnt(&learnt);
    }

    pub(crate) fn on_offered(&mut self, token: Token, bytes: &[u8]) {
        let offered = self.charters.amendments.offer(bytes);
        self.on_learnt(&offered.iter().copied().collect::<Vec<_>>());
        self.outputs.push_back(CharterWork::Answer(token, offered).into());
    }

    /// What is new is kept first, and then told to everybody.
    fn on_learnt(&mut self, learnt: &[Learnt]) {
        if learnt.iter().all(|one| *one == Learnt::Nothing) {
            return;
        }
        self.outputs.push_back(CharterWork::Keep.into());
        self.tell_charters();
        if learnt.contains(&Learnt::Version) {
            let charter = self.amendments().charter();
            if charter.fork().is_some() {
                let version = charter.version();
                self.outputs.push_back(Output::Alarm(Alarm::CharterFork { version }));
            }
            let at = self.after(self.limits.amend_delay_ms);
            self.charters.begin_at.get_or_insert(at);
            self.outputs.push_back(Output::WakeAt(at));
        }
    }

    pub(crate) fn begin_anew_if_due(&mut self) {
        let Some(at) = self.charters.begin_at else { return };
        if self.is_due(true, at) {
            self.charters.begin_at = None;
            self.outputs.push_back(CharterWork::BeginAnew.into());
        }
    }
}

/// Charters and proposals that a peer does not know, none before its predecessor, as many as fit.
#[must_use]
pub fn charters_beyond(amendments: &Amendments, names: &[[u8; 32]]) -> Vec<Bytes> {
    let known: BTreeSet<_> = names.iter().collect();
    let mut room = AMENDMENT_BYTES_MAX;
    let fitting = amendments.beyond(&known).map_while(|bytes| {
        room = room.checked_sub(bytes.0.len())?;
        Some(bytes)
    });
    fitting.collect()
}
