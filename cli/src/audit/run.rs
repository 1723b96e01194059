//! Takes the members of one archive or of two in turn, a few at once, the largest logs first.

use super::archive::{Archive, length};
use super::copy::LogCopy;
use super::member::Audited;
use super::promise::contradictions;
use crate::verify::Against;
use cairn_ledger::MemberCode;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// How many logs are under way at once, at most: one of them alone keeps all cores busy while it is
/// long, and each costs a few chunks of memory.
const UNDER_WAY_MAX: usize = 8;

/// Checks everything that the archives hold, and compares them where there are two, the older one
/// first. `on_bytes` is told how many more bytes of logs were read, from several threads.
#[must_use]
pub fn audit(archives: &[Archive], on_bytes: &(impl Fn(u64) + Sync)) -> Vec<Audited> {
    let against: Vec<_> =
        archives.iter().map(|archive| Against::charter(archive.charter.clone())).collect();
    let (members, next) = (members(archives), AtomicUsize::new(0));
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let work = || {
        let mut done = Vec::new();
        while let Some(member) = members.get(next.fetch_add(1, Ordering::Relaxed)) {
            done.push(one(member, archives, &against, on_bytes));
        }
        done
    };
    let mut audited: Vec<_> = thread::scope(|scope| {
        let count = cores.min(UNDER_WAY_MAX).min(members.len());
        let workers: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
        let done = workers.into_iter().map(|worker| match worker.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        done.flatten().collect()
    });
    audited.sort_by(|one, other| one.member.cmp(&other.member));
    audited
}

/// Every member that a charter lists, those with the most bytes first.
fn members(archives: &[Archive]) -> Vec<MemberCode> {
    let mut bytes = BTreeMap::<_, u64>::new();
    for archive in archives {
        for card in archive.charter.logs() {
            let log = archive.files.get(&card.code).and_then(|files| files.log.as_ref());
            let sum = bytes.entry(card.code.clone()).or_default();
            *sum = sum.saturating_add(log.map_or(0, |path| length(path)));
        }
    }
    let mut members: Vec<_> = bytes.into_iter().collect();
    members.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    members.into_iter().map(|(member, _)| member).collect()
}

fn one(
    member: &MemberCode,
    archives: &[Archive],
    against: &[Against],
    on_bytes: &impl Fn(u64),
) -> Audited {
    let none = super::Files::default();
    let mut copies = Vec::new();
    for archive in archives {
        let files = archive.files.get(member).unwrap_or(&none);
        copies.push(LogCopy::of(member, files, &archive.charter));
    }
    let sizes: BTreeSet<_> =
        copies.iter().zip(against).flat_map(|(copy, against)| copy.sizes(against)).collect();
    for (copy, against) in copies.iter_mut().zip(against) {
        copy.check_log(member, against, &sizes, on_bytes);
    }
    let contradictions = contradictions(&copies);
    Audited { member: member.clone(), copies, contradictions }
}
