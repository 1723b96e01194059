//! What is wanted of sealed parts, and whom to ask next: decided without sockets, disks or clocks.

use crate::store::PartId;
use cairn_ledger::MemberCode;
use cairn_replica::message::SealedWanted;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How many requests are under way at once, and how many of them with one peer.
const UNDER_WAY: usize = 8;
const UNDER_WAY_PER_PEER: usize = 4;
/// How long nobody is asked again after nobody had a part: twice as long each time.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// Something that is wanted.
#[derive(Debug)]
struct Want {
    /// Whom to ask, the statement's member first.
    holders: Vec<MemberCode>,
    /// Which pieces of its file; nothing while the payload is wanted.
    pieces: Option<BTreeSet<u32>>,
    /// Who did not have it in this round.
    without: BTreeSet<MemberCode>,
    /// When it is tried again, and how long is waited then.
    again_at: Duration,
    pause: Duration,
}

/// All that is wanted.
#[derive(Debug, Default)]
pub(super) struct Wants {
    wants: BTreeMap<PartId, Want>,
    /// Who was asked for what and has not answered.
    asked: BTreeMap<SealedWanted, MemberCode>,
    connected: BTreeSet<MemberCode>,
    busy: BTreeMap<MemberCode, usize>,
}

impl Wants {
    pub(super) fn connected(&mut self, member: MemberCode) {
        for want in self.wants.values_mut().filter(|want| want.holders.contains(&member)) {
            // Somebody new can be asked at once.
            want.without.remove(&member);
            (want.again_at, want.pause) = (Duration::ZERO, PAUSE);
        }
        self.connected.insert(member);
    }

    pub(super) fn disconnected(&mut self, member: &MemberCode) {
        self.connected.remove(member);
    }

    /// Wants a part's payload, or pieces of its file.
    pub(super) fn want(
        &mut self,
        id: PartId,
        holders: Vec<MemberCode>,
        pieces: Option<BTreeSet<u32>>,
    ) {
        let (without, again_at) = (BTreeSet::new(), Duration::ZERO);
        let want = Want { holders, pieces, without, again_at, pause: PAUSE };
        self.wants.insert(id, want);
    }

    /// It is here, or nobody may have it any more.
    pub(super) fn settle(&mut self, id: &PartId) {
        self.wants.remove(id);
    }

    /// Whether pieces of a file are still wanted.
    pub(super) fn lacks_pieces(&self, id: &PartId) -> bool {
        let pieces = self.wants.get(id).and_then(|want| want.pieces.as_ref());
        pieces.is_some_and(|pieces| !pieces.is_empty())
    }

    /// Whom to ask for what, now.
    pub(super) fn next(&mut self, now: Duration) -> Vec<(MemberCode, SealedWanted)> {
        let mut asks = Vec::new();
        for (id, want) in self.wants.iter().filter(|(_, want)| want.again_at <= now) {
            for wanted in want.open(id) {
                if self.asked.len() >= UNDER_WAY {
                    return asks;
                }
                if self.asked.contains_key(&wanted) {
                    continue;
                }
                let busy = |peer: &MemberCode| self.busy.get(peer).copied().unwrap_or(0);
                let can = |peer: &&MemberCode| {
                    self.connected.contains(*peer)
                        && !want.without.contains(*peer)
                        && busy(peer) < UNDER_WAY_PER_PEER
                };
                let Some(peer) = want.holders.iter().find(can).cloned() else { continue };
                self.asked.insert(wanted.clone(), peer.clone());
                *self.busy.entry(peer.clone()).or_default() += 1;
                asks.push((peer, wanted));
            }
        }
        asks
    }

    /// Something that was asked for came, and is kept.
    pub(super) fn kept(&mut self, wanted: &SealedWanted) {
        self.answered(wanted);
        let Some(want) = self.wants.get_mut(&id_of(wanted)) else { return };
        want.pause = PAUSE;
        if let (Some(pieces), Some(piece)) = (&mut want.pieces, wanted.piece) {
            pieces.remove(&piece);
        }
    }

    /// Something that was asked for does not come from this peer. Where nobody else can be asked, all
    /// are asked again after a while.
    pub(super) fn failed(&mut self, wanted: &SealedWanted, now: Duration) {
        let Some(peer) = self.answered(wanted) else { return };
        let Some(want) = self.wants.get_mut(&id_of(wanted)) else { return };
        want.without.insert(peer);
        let left =
            |peer: &MemberCode| self.connected.contains(peer) && !want.without.contains(peer);
        if !want.holders.iter().any(left) {
            want.without.clear();
            want.again_at = now.saturating_add(want.pause);
            want.pause = want.pause.saturating_mul(2).min(PAUSE_MAX);
        }
    }

    fn answered(&mut self, wanted: &SealedWanted) -> Option<MemberCode> {
        let peer = self.asked.remove(wanted)?;
        if let Some(busy) = self.busy.get_mut(&peer) {
            *busy = busy.saturating_sub(1);
        }
        Some(peer)
    }
}

impl Want {
    /// What is open of it, more than can be asked for at once.
    fn open(&self, id: &PartId) -> impl Iterator<Item = SealedWanted> {
        let pieces = self.pieces.iter().flatten().copied().map(Some);
        let payload = self.pieces.is_none().then_some(None);
        let PartId { member, position, part } = id.clone();
        payload.into_iter().chain(pieces).take(2 * UNDER_WAY).map(move |piece| SealedWanted {
            log: member.clone(),
            position,
            part,
            piece,
        })
    }
}

/// The part that a request is about.
pub(super) fn id_of(wanted: &SealedWanted) -> PartId {
    let SealedWanted { log, position, part, .. } = wanted;
    PartId { member: log.clone(), position: *position, part: *part }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(code: &str) -> MemberCode {
        MemberCode::new(code).unwrap()
    }

    fn id(position: u64) -> PartId {
        PartId { member: code("COD"), position, part: 1 }
    }

    fn two() -> Wants {
        let mut wants = Wants::default();
        wants.connected(code("COD"));
        wants.connected(code("TUR"));
        wants
    }

    const START: Duration = Duration::ZERO;

    #[test]
    fn the_author_is_asked_first_then_others_then_nobody_for_longer_and_longer() {
        let mut wants = two();
        wants.want(id(7), vec![code("COD"), code("TUR"), code("RWA")], None);
        let mut now = START;
        let mut pauses = Vec::new();
        for _ in 0..3 {
            let mut asked = Vec::new();
            while let Some((peer, wanted)) = wants.next(now).pop() {
                assert_eq!((id_of(&wanted), wanted.piece), (id(7), None));
                assert!(wants.next(now).is_empty(), "it is asked for already");
                wants.failed(&wanted, now);
                asked.push(peer);
            }
            assert_eq!(asked, [code("COD"), code("TUR")]);
            let before = now;
            while wants.next(now).is_empty() {
                now += Duration::from_millis(100);
            }
            pauses.push((now - before).as_secs());
            let asked = wants.asked.clone();
            asked.keys().for_each(|wanted| wants.failed(wanted, now));
            let rest = wants.next(now);
            rest.iter().for_each(|(_, wanted)| wants.failed(wanted, now));
            now += Duration::from_secs(1000);
        }
        assert_eq!(pauses, [1, 4, 16]);
        // Somebody who comes is asked at once.
        wants.next(now).iter().for_each(|(_, wanted)| wants.failed(wanted, now));
        wants.next(now).iter().for_each(|(_, wanted)| wants.failed(wanted, now));
        wants.connected(code("RWA"));
        assert!(!wants.next(now).is_empty());
    }

    #[test]
    fn pieces_come_from_several_and_no_peer_has_too_many_at_once() {
        let mut wants = two();
        wants.want(id(7), vec![code("COD"), code("TUR")], Some((0..100).collect()));
        let (mut kept, mut rounds) = (BTreeSet::new(), 0);
        while kept.len() < 100 {
            let asks = wants.next(START);
            assert!(asks.len() <= UNDER_WAY);
            for peer in [code("COD"), code("TUR")] {
                let with = asks.iter().filter(|(asked, _)| *asked == peer).count();
                assert!(with <= UNDER_WAY_PER_PEER);
            }
            for (_, wanted) in asks {
                assert!(kept.insert(wanted.piece), "asked for twice");
                wants.kept(&wanted);
            }
            rounds += 1;
            assert!(rounds < 100);
        }
        assert!(!wants.lacks_pieces(&id(7)));
    }

    #[test]
    fn what_is_settled_while_it_is_asked_for_keeps_nobody_busy() {
        let mut wants = two();
        for round in 0..50 {
            wants.want(id(round), vec![code("COD")], None);
            let asks = wants.next(START);
            assert_eq!(asks.len(), 1);
            wants.settle(&id(round));
            wants.kept(&asks[0].1);
        }
    }
}
