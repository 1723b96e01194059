//! Notifications, and when the node of the State that each notifies first held it.
//!
//! That node's cosignature over a log with the notification proves it. The first one is kept: later ones
//! carry later dates.

use super::second::Second;
use super::{Store, StoreError};
use cairn_casebook::Stated;
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Cosigned, Cosigner, Entry};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

/// Notifications that the notified member's node has not cosigned yet: by log and member, where they are.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    waiting: BTreeMap<(MemberCode, MemberCode), BTreeSet<u64>>,
}

impl Notices {
    /// Takes note of an entry, where it notifies somebody else.
    pub(crate) fn add(&mut self, entry: &Entry) {
        let stated = Stated::read(entry, None);
        if let Some(notified) = stated.notifies().filter(|notified| *notified != stated.member) {
            self.waiting.entry((stated.member, notified)).or_default().insert(stated.position);
        }
    }

    /// Forgets what it knows of one log, before that log is read anew.
    pub(crate) fn forget(&mut self, log: &MemberCode) {
        self.waiting.retain(|(of, _), _| of != log);
    }

    /// Forgets those whose cosignatures are kept already.
    pub(crate) fn settle(&mut self, second: &Second) -> Result<(), StoreError> {
        for ((log, notified), positions) in &mut self.waiting {
            let mut left = BTreeSet::new();
            for position in std::mem::take(positions) {
                if second.notice(log, position, notified)?.is_none() {
                    left.insert(position);
                }
            }
            *positions = left;
        }
        Ok(())
    }

    fn is_awaited(&self, log: &MemberCode, cosigned: &Cosigned) -> bool {
        let size = cosigned.checkpoint().size();
        let covers = |code: &MemberCode| {
            let positions = self.waiting.get(&(log.clone(), code.clone()));
            positions.and_then(BTreeSet::first).is_some_and(|first| *first < size)
        };
        members(cosigned).any(|code| covers(&code))
    }

    /// Takes out those that a member's cosignature of so many entries covers.
    fn take(&mut self, log: &MemberCode, notified: &MemberCode, size: u64) -> BTreeSet<u64> {
        let Some(positions) = self.waiting.get_mut(&(log.clone(), notified.clone())) else {
            return BTreeSet::new();
        };
        let later = positions.split_off(&size);
        std::mem::replace(positions, later)
    }
}

fn members(cosigned: &Cosigned) -> impl Iterator<Item = MemberCode> + '_ {
    cosigned.cosignatures().keys().filter_map(|cosigner| match cosigner {
        Cosigner::Member(code) => Some(code.clone()),
        Cosigner::Witness(_) => None,
    })
}

impl Store {
    /// Keeps the first cosignatures by which members' nodes show that they hold what notifies them.
    ///
    /// # Errors
    /// When the disk does.
    pub fn keep_notices(&self, log: &MemberCode, cosigned: &Cosigned) -> Result<(), StoreError> {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        let awaited = index.notices().is_awaited(log, cosigned);
        drop(index);
        if !awaited {
            return Ok(());
        }
        let size = cosigned.checkpoint().size();
        for notified in members(cosigned) {
            let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
            let positions = index.notices_mut().take(log, &notified, size);
            drop(index);
            let Some(first) = cosigned.only(&Cosigner::Member(notified.clone())) else { continue };
            let note = first.note(&self.charter);
            for position in positions {
                self.second.keep_notice(log, position, &notified, &note)?;
            }
        }
        Ok(())
    }

    /// The first cosignature by which a notified member's node showed that it holds a notification.
    ///
    /// # Errors
    /// When the disk does.
    pub fn notice(
        &self,
        log: &MemberCode,
        position: u64,
        notified: &MemberCode,
    ) -> Result<Option<Cosigned>, StoreError> {
        let note = self.second.notice(log, position, notified)?;
        let verify = |note: String| {
            let cosigned = Cosigned::verify(note.as_bytes(), &self.charter, log, None).ok()?;
            Some(cosigned).filter(|one| one.checkpoint().size() > position)
        };
        Ok(note.and_then(verify))
    }
}
