//! Erasing: what an erasure names is overwritten and removed, and our log says that it is gone.

use super::Sealed;
use crate::store::{PartId, StoreError};
use cairn_ledger::SignedStatement;
use cairn_ledger::destroyed::Destroyed;
use cairn_ledger::statement::Timestamp;
use std::io;
use std::sync::PoisonError;
use std::time::SystemTime;

impl Sealed {
    /// Destroys an erased part. Gives the statement that says so, where we may have held it and have not
    /// said it yet.
    ///
    /// # Errors
    /// When the disk fails: it is tried again.
    pub(super) fn destroy(&self, id: &PartId) -> io::Result<Option<SignedStatement>> {
        let Ok(part) = self.part(id) else { return Ok(None) };
        let Some(erasure) = part.erased else { return Ok(None) };
        let place = self.place(id, &part);
        let payload = self.shelf.payload(&place)?;
        let bytes = payload.map_or(0, |payload| self.weight(id, &part, &payload));
        self.shelf.destroy(&place)?;
        self.freed(id, &part, bytes);
        let index = self.store.index().read().unwrap_or_else(PoisonError::into_inner);
        let said = index.parts().destroyed(&id.member, erasure).any(|by| *by == self.me);
        drop(index);
        if said || !part.readers().contains(&self.me) {
            return Ok(None);
        }
        let entry = self.store.entry(&id.member, erasure).map_err(other)?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let seconds = now.map_or(0, |now| now.as_secs());
        let made_at = Timestamp(i64::try_from(seconds).unwrap_or(i64::MAX));
        Ok(Some(Destroyed::sign(&entry, &self.me, made_at, &self.log_key)))
    }
}

fn other(error: StoreError) -> io::Error {
    io::Error::other(error.to_string())
}
