//! Logs that shrink, stand still or are no longer confirmed: no proof of anything, and worth a look.

use crate::held::Held;
use crate::io::{Alarm, Output, Time};
use crate::replica::Replica;
use alloc::vec::Vec;
use cairn_ledger::text::MemberCode;

/// What is remembered of one log, to notice that it stands still.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standstill {
    /// When its key promised more than before, as far as we know since the start.
    pub(crate) promised_at: Option<Time>,
    /// What its author's node shows, where that is less than its key has promised.
    shrank: Option<u64>,
    /// How many entries we hold, and since when more have been promised.
    fetched: Option<(u64, Time)>,
    /// How many are confirmed, and since when we hold more.
    confirmed: Option<(u64, Time)>,
    /// Whether that has lasted so long that an operator has to know.
    stalled: bool,
    unconfirmed: bool,
}

/// Whether `now`, which is less than what it should be, has lasted for so long without any change.
fn lasts(since: &mut Option<(u64, Time)>, now: u64, time: Time, limit_ms: u64) -> bool {
    match since {
        Some((before, at)) if *before == now => time.0.saturating_sub(at.0) >= limit_ms,
        _ => {
            *since = Some((now, time));
            false
        }
    }
}

impl Replica {
    /// The author's own node has told how much of its log it holds. One that comes late, and was on its
    /// way when more was promised, is not taken for less.
    pub(crate) fn look_for_shrinking(&mut self, log: &MemberCode, told: u64) {
        let (now, late_ms) = (self.now, self.limits.heads_interval_ms.saturating_mul(3));
        let Some(held) = self.logs.get_mut(log) else { return };
        let promised = held.promised_size();
        let promised_at = *held.standstill.promised_at.get_or_insert(now);
        let since = now.0.saturating_sub(promised_at.0);
        let before = held.standstill.shrank;
        held.standstill.shrank = (told < promised && since >= late_ms).then_some(told);
        if before.is_none() && held.standstill.shrank.is_some() {
            let log = log.clone();
            self.outputs.push_back(Output::Alarm(Alarm::Shrank { log, told, promised }));
        }
    }

    /// Says once of each log that it has stood still for too long.
    pub(crate) fn look_for_standstill(&mut self) {
        let (now, limit_ms) = (self.now, self.limits.standstill_ms);
        for held in self.logs.values_mut() {
            let before = (held.standstill.stalled, held.standstill.unconfirmed);
            held.look_for_standstill(now, limit_ms);
            let new = |alarm: &Alarm| match alarm {
                Alarm::Stalled { .. } => !before.0,
                Alarm::Unconfirmed { .. } => !before.1,
                Alarm::Fork { .. }
                | Alarm::Diverges { .. }
                | Alarm::CharterFork { .. }
                | Alarm::OwnLogBehind { .. }
                | Alarm::OwnLogUnseen(_)
                | Alarm::Shrank { .. } => false,
            };
            self.outputs.extend(held.alarms().into_iter().filter(new).map(Output::Alarm));
        }
    }
}

impl Held {
    fn look_for_standstill(&mut self, now: Time, limit_ms: u64) {
        let (size, promised) = (self.stored.size(), self.promised_size());
        let confirmed = self.cosignatures.confirmed_size();
        let frozen = self.fork.is_some() || self.ends < u64::MAX;
        let Standstill { fetched, confirmed: since, stalled, unconfirmed, .. } =
            &mut self.standstill;
        if frozen || size >= promised {
            *fetched = None;
        }
        if frozen || confirmed >= size {
            *since = None;
        }
        *stalled = !frozen && size < promised && lasts(fetched, size, now, limit_ms);
        *unconfirmed = !frozen && confirmed < size && lasts(since, confirmed, now, limit_ms);
    }

    /// What an operator has to know of it now. It goes away when the reason does, but for a fork.
    #[must_use]
    pub fn alarms(&self) -> Vec<Alarm> {
        let log = || self.stored.member().clone();
        let (size, promised) = (self.stored.size(), self.promised_size());
        let confirmed = self.cosignatures.confirmed_size();
        let fork = self.fork.as_ref();
        let fork = fork.map(|fork| Alarm::Fork { log: log(), position: fork.position() });
        let unseen = self.unseen.clone().map(Alarm::OwnLogUnseen);
        let shrank = self.standstill.shrank.filter(|told| *told < promised);
        let shrank = shrank.map(|told| Alarm::Shrank { log: log(), told, promised });
        let stalled = self.standstill.stalled && size < promised;
        let stalled = stalled.then(|| Alarm::Stalled { log: log(), size, promised });
        let unconfirmed = self.standstill.unconfirmed && confirmed < size;
        let unconfirmed = unconfirmed.then(|| Alarm::Unconfirmed { log: log(), size, confirmed });
        [fork, unseen, shrank, stalled, unconfirmed].into_iter().flatten().collect()
    }
}
