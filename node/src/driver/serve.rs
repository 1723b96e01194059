//! Serving ranges to peers: from the disk, under a checkpoint of which everything is on the disk.

use super::Driver;
use crate::net::{Beginning, Command, ReplyTo, Wanted};
use crate::store::{Run, Store, StoreError};
use cairn_ledger::Checkpoint;
use cairn_ledger::fork::RawSide;
use cairn_ledger::hash::Bytes;
use cairn_ledger::text::MemberCode;
use cairn_replica::message::{
    Head, PUSH_BYTES_MAX, RANGE_BYTES_MAX, RANGE_ENTRIES_MAX, RawRange, Response, SealedWanted,
};

impl Driver {
    pub(super) fn serve(&self, member: MemberCode, wanted: Wanted, reply: ReplyTo) {
        let held = self.replica.given(&wanted.log);
        let checkpoint = held.and_then(|held| held.checkpoint().cloned());
        let (store, serving) = (self.store.clone(), self.serving.clone());
        let commands = self.net.commands.clone();
        tokio::spawn(async move {
            let Ok(_permit) = serving.acquire_owned().await else { return };
            let read = move || checkpoint.and_then(|at| read(&store, &member, &wanted, &at));
            let range = tokio::task::spawn_blocking(read).await.unwrap_or_default();
            let response = range.map_or(Response::Nothing, Response::Range);
            commands.send(Command::Reply(reply, response)).await.ok();
        });
    }

    /// Gives a peer what it may have of what is sealed.
    pub(super) fn serve_sealed(&self, member: MemberCode, wanted: SealedWanted, reply: ReplyTo) {
        let (sealed, serving) = (self.sealed.clone(), self.serving.clone());
        let commands = self.net.commands.clone();
        tokio::spawn(async move {
            let Ok(_permit) = serving.acquire_owned().await else { return };
            let read = move || sealed.serve(&member, &wanted);
            let bytes = tokio::task::spawn_blocking(read).await.unwrap_or_default();
            let response = bytes.map_or(Response::Nothing, |bytes| Response::Sealed(Bytes(bytes)));
            commands.send(Command::Reply(reply, response)).await.ok();
        });
    }

    /// Tells a member who has opened here what it has sealed.
    pub(super) fn serve_opened(&self, member: MemberCode, wanted: SealedWanted, reply: ReplyTo) {
        let (sealed, serving) = (self.sealed.clone(), self.serving.clone());
        let commands = self.net.commands.clone();
        tokio::spawn(async move {
            let Ok(_permit) = serving.acquire_owned().await else { return };
            let read = move || sealed.opened_for(&member, &wanted);
            let records = tokio::task::spawn_blocking(read).await.unwrap_or_default();
            let response = records.map_or(Response::Nothing, Response::Opened);
            commands.send(Command::Reply(reply, response)).await.ok();
        });
    }

    /// Proves to a peer what our copy of a log has as its first entries.
    pub(super) fn prove(&self, beginning: Beginning, reply: ReplyTo) {
        let held = self.replica.given(&beginning.log);
        let position = beginning.size.checked_sub(1);
        let cosigned = position.and_then(|position| held?.covering(position));
        let (store, serving) = (self.store.clone(), self.serving.clone());
        let (commands, charter) = (self.net.commands.clone(), self.replica.charter().clone());
        tokio::spawn(async move {
            let Ok(_permit) = serving.acquire_owned().await else { return };
            let make = move || {
                let (cosigned, size) = (cosigned?, beginning.size);
                let log = store.log(&beginning.log)?;
                let end = cosigned.checkpoint().size();
                let checkpoint = Bytes(cosigned.note(&charter).into_bytes());
                let (root, proof) = (log.root(size).ok()?, log.consistency(size, end).ok()?);
                Some(RawSide { root, proof, checkpoint })
            };
            let side = tokio::task::spawn_blocking(make).await.unwrap_or_default();
            let response = side.map_or(Response::Nothing, Response::Side);
            commands.send(Command::Reply(reply, response)).await.ok();
        });
    }
}

impl Driver {
    /// Sends a peer the end of our own log, or its head alone where that is too much.
    pub(super) async fn push(
        &self,
        peer: MemberCode,
        start: u64,
        checkpoint: &Checkpoint,
        cosign: bool,
    ) {
        let log = self.replica.me().clone();
        let note = Bytes(checkpoint.note().as_bytes().to_vec());
        let run = self.store.read(&log, start, checkpoint.size(), PUSH_BYTES_MAX);
        let command = match run {
            Ok(Run { end, bundle, .. })
                if end == checkpoint.size() && bundle.len() <= PUSH_BYTES_MAX =>
            {
                let (bundle, proof) = (Bytes(bundle), Vec::new());
                let range = RawRange { log, start, bundle, checkpoint: note, proof };
                Command::Push(peer, range, cosign)
            }
            _ => Command::SendHeads(peer, vec![Head { log, checkpoint: note, cosigned: 0 }]),
        };
        self.command(command).await;
    }
}

fn read(
    store: &Store,
    peer: &MemberCode,
    wanted: &Wanted,
    checkpoint: &Checkpoint,
) -> Option<RawRange> {
    let count = wanted.entries_max.min(RANGE_ENTRIES_MAX);
    let end = wanted.start.saturating_add(u64::from(count)).min(checkpoint.size());
    if wanted.start >= end {
        return None;
    }
    let read = || -> Result<RawRange, StoreError> {
        let run = store.read(&wanted.log, wanted.start, end, RANGE_BYTES_MAX)?;
        let log = store.log(&wanted.log).ok_or_else(|| StoreError::no_log(&wanted.log))?;
        Ok(RawRange {
            log: wanted.log.clone(),
            start: wanted.start,
            proof: log.consistency(run.end, checkpoint.size())?,
            bundle: Bytes(run.bundle),
            checkpoint: Bytes(checkpoint.note().as_bytes().to_vec()),
        })
    };
    match read() {
        Ok(range) => Some(range),
        Err(error) => {
            tracing::error!(%error, %peer, log = %wanted.log, "cannot serve a range");
            None
        }
    }
}
