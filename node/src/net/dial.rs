//! When to try whom again.

use cairn_ledger::text::MemberCode;
use libp2p::Multiaddr;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const FIRST_DELAY: Duration = Duration::from_millis(250);
const LAST_DELAY: Duration = Duration::from_secs(30);

/// Who or what is dialled.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// A member, at the addresses that are known.
    Member(MemberCode),
    /// An address of the operator's, whoever is there.
    Address(Multiaddr),
}

/// Spaces the attempts: twice as long after each, to half a minute.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    next: BTreeMap<Target, (Instant, Duration)>,
}

impl Backoff {
    /// True when it is time to try; counts as an attempt.
    pub(crate) fn due(&mut self, target: &Target, now: Instant) -> bool {
        let (at, delay) = self.next.get(target).copied().unwrap_or((now, FIRST_DELAY));
        if at > now {
            return false;
        }
        self.next.insert(target.clone(), (now + delay, (delay * 2).min(LAST_DELAY)));
        true
    }

    pub(crate) fn succeeded(&mut self, target: &Target) {
        self.next.remove(target);
    }
}
