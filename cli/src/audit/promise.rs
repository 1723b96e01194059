//! What the log's key has promised in signed checkpoints, and promises that cannot both be true.

use super::copy::LogCopy;
use crate::verify::Verified;
use cairn_ledger::Cosigned;
use cairn_ledger::proof::TreeHead;
use std::path::PathBuf;

/// A signed checkpoint of a log, and the entries behind it where they are held.
#[derive(Debug, Clone)]
pub struct Promise {
    /// In which archive, counted from 0.
    pub archive: usize,
    /// The checkpoint, with the cosignatures that are known of it.
    pub cosigned: Cosigned,
    /// The file whose entries lead to it.
    pub entries: Option<PathBuf>,
}

/// Two promises of one log's key that cannot both be true: a fork.
#[derive(Debug, Clone)]
pub struct Contradiction {
    /// The two histories differ within the first so many entries.
    pub size: u64,
    /// The two promises, the one from the earlier archive first.
    pub sides: [Promise; 2],
}

/// A promise, and the log that bears it out.
struct Known<'a> {
    promise: Promise,
    log: Option<&'a Verified>,
}

impl Known<'_> {
    fn head(&self) -> TreeHead {
        self.promise.cosigned.checkpoint().head()
    }

    /// The size at which this promise and a smaller or equal one are seen to differ.
    fn contradicts(&self, smaller: &Self) -> Option<u64> {
        let (head, other) = (self.head(), smaller.head());
        let here = self.log.and_then(|log| log.roots.get(&other.size).copied());
        let here = here.or((head.size == other.size).then_some(head.root));
        here.filter(|root| *root != other.root).map(|_| other.size)
    }
}

/// Every contradiction among the copies of one log, the one that proves most first: entries on both
/// sides show the very place, and cosignatures convict whoever made them.
pub(super) fn contradictions(copies: &[LogCopy]) -> Vec<Contradiction> {
    let known: Vec<_> = copies.iter().enumerate().flat_map(|(n, copy)| promises(n, copy)).collect();
    let mut found = Vec::new();
    for (index, one) in known.iter().enumerate() {
        for other in known.iter().skip(index.saturating_add(1)) {
            let ordered =
                if one.head().size < other.head().size { (other, one) } else { (one, other) };
            if let Some(size) = ordered.0.contradicts(ordered.1) {
                let sides = [one.promise.clone(), other.promise.clone()];
                found.push(Contradiction { size, sides });
            }
        }
    }
    found.sort_by_key(|one: &Contradiction| {
        let with_entries = one.sides.iter().filter(|side| side.entries.is_some()).count();
        let lines = one.sides.iter().map(|side| side.cosigned.cosignatures().len()).sum::<usize>();
        std::cmp::Reverse((with_entries, lines))
    });
    found
}

/// The checkpoint that a log carries, and the cosigned one beside it.
fn promises(archive: usize, copy: &LogCopy) -> Vec<Known<'_>> {
    let log = copy.log.held();
    let entries = copy.files.log.clone();
    let mut known = Vec::new();
    if let Some(log) = log {
        let cosigned = Cosigned::new(log.checkpoint.clone());
        known.push(Known {
            promise: Promise { archive, cosigned, entries: entries.clone() },
            log: Some(log),
        });
    }
    if let Some(cosigned) = copy.cosigned.held() {
        let head = cosigned.checkpoint().head();
        let log = log.filter(|log| log.roots.get(&head.size) == Some(&head.root));
        let (cosigned, entries) = (cosigned.clone(), entries.filter(|_| log.is_some()));
        known.push(Known { promise: Promise { archive, cosigned, entries }, log });
    }
    known
}
