//! Which statements of a log were made by a key that somebody else may have used then.
//!
//! It follows from the log alone. A time in a statement is its author's claim, and a thief claims what
//! helps him; but he cannot stand before what was in the log when he came. So the log's order is the
//! evidence: marked is everything of the key from the first position on at which *any* statement of
//! the log was made at or after the time of the theft. Source: `docs/spec/03-entry-and-log.md`, 3.4.

use crate::key::PublicKey;
use crate::statement::Timestamp;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// How many records are kept together: so many are copied when one is added to a log that shares them.
const RUN: usize = 256;

/// A position at which a statement was made later than all before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Record {
    position: u64,
    made_at: Timestamp,
}

/// The positions of a log at which time went on. Logs share what they have in common of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Records {
    full: Arc<Vec<Arc<[Record]>>>,
    last: Arc<Vec<Record>>,
}

/// A key that was said to be compromised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suspicion {
    /// The entry that says so.
    pub said_at: u64,
    /// Since when, as it says.
    pub since: Timestamp,
    /// The first position of which the key's statements are marked.
    pub from: u64,
}

/// What a log says of keys that somebody else may have used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Suspicions {
    records: Records,
    /// By key, in order of position; each marks more than those before it.
    keys: Arc<BTreeMap<PublicKey, Vec<Suspicion>>>,
}

impl Records {
    fn newest(&self) -> Option<Timestamp> {
        let last = self.last.last().or_else(|| self.full.last().and_then(|run| run.last()));
        last.map(|record| record.made_at)
    }

    fn note(&mut self, position: u64, made_at: Timestamp) {
        if self.newest().is_some_and(|newest| newest >= made_at) {
            return;
        }
        let last = Arc::make_mut(&mut self.last);
        last.push(Record { position, made_at });
        if last.len() >= RUN {
            Arc::make_mut(&mut self.full).push(core::mem::take(last).into());
        }
    }

    /// The first position at which a statement was made at or after a time.
    fn first_since(&self, since: Timestamp) -> Option<u64> {
        let reaches = |run: &[Record]| run.last().is_some_and(|record| record.made_at >= since);
        let at = self.full.partition_point(|run| !reaches(run));
        let run = self.full.get(at).map_or(self.last.as_slice(), |run| run);
        let at = run.partition_point(|record| record.made_at < since);
        run.get(at).map(|record| record.position)
    }
}

impl Suspicions {
    /// Takes note of when the statement at the next position was made.
    pub(crate) fn note(&mut self, position: u64, made_at: Timestamp) {
        self.records.note(position, made_at);
    }

    /// Takes note that a key was compromised. Tells from where on its statements are marked.
    pub(crate) fn suspect(&mut self, key: PublicKey, said_at: u64, since: Timestamp) -> u64 {
        let from = self.records.first_since(since).unwrap_or(said_at).min(said_at);
        let known = Arc::make_mut(&mut self.keys).entry(key).or_default();
        let wider = known.iter().all(|one| from < one.from);
        if wider {
            known.push(Suspicion { said_at, since, from });
        }
        from
    }

    /// The entry that marks a statement of this key at this position, if one does: the first of them.
    pub(crate) fn mark(&self, key: &PublicKey, position: u64) -> Option<u64> {
        let marks = |one: &&Suspicion| one.from <= position && position < one.said_at;
        self.keys.get(key)?.iter().find(marks).map(|one| one.said_at)
    }

    /// Every key that was said to be compromised, in ascending order, with what was said.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&PublicKey, &[Suspicion])> {
        self.keys.iter().map(|(key, all)| (key, all.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SecretKey;

    fn made(times: &[i64]) -> Records {
        let mut records = Records::default();
        (0..).zip(times).for_each(|(position, time)| records.note(position, Timestamp(*time)));
        records
    }

    #[test]
    fn the_first_position_since_a_time_is_found_whatever_stands_around_it() {
        let times: Vec<i64> = (0..4_000).map(|n: i64| n * 10 - (n % 3) * 13).collect();
        let records = made(&times);
        assert!(records.full.len() > 3 && !records.last.is_empty());
        for since in (-120..40_100).step_by(31) {
            let expected = times.iter().position(|made_at| *made_at >= since);
            let found = records.first_since(Timestamp(since));
            assert_eq!(found, expected.map(|position| position as u64), "since {since}");
        }
    }

    #[test]
    fn a_wider_suspicion_only_adds_marks_and_the_first_one_is_named() {
        let key = SecretKey::from_seed([7; 32]).public();
        let mut all = Suspicions::default();
        for (position, time) in [10, 20, 30, 40, 50].into_iter().enumerate() {
            all.note(position as u64, Timestamp(time));
        }
        let marks = |all: &Suspicions| (0..6).map(|at| all.mark(&key, at)).collect::<Vec<_>>();
        assert_eq!(all.suspect(key, 5, Timestamp(40)), 3);
        assert_eq!(marks(&all), [None, None, None, Some(5), Some(5), None]);
        assert_eq!(all.suspect(key, 6, Timestamp(15)), 1);
        assert_eq!(marks(&all), [None, Some(6), Some(6), Some(5), Some(5), Some(6)]);
        assert_eq!(all.suspect(key, 7, Timestamp(45)), 4);
        assert_eq!(marks(&all), [None, Some(6), Some(6), Some(5), Some(5), Some(6)]);
    }

    #[test]
    fn a_theft_after_everything_in_the_log_marks_nothing() {
        let key = SecretKey::from_seed([7; 32]).public();
        let mut all = Suspicions::default();
        all.note(0, Timestamp(10));
        assert_eq!(all.suspect(key, 1, Timestamp(99)), 1);
        assert_eq!(all.mark(&key, 0), None);
    }
}
