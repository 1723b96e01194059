//! Carrying out what the replica wants.

use super::Driver;
use crate::net::{Beginning, Command, Wanted};
use crate::store::Job;
use cairn_api::Event;
use cairn_ledger::hash::Bytes;
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Checkpoint, Cosigned};
use cairn_replica::message::{CosignedNote, Head};
use cairn_replica::{HeadOf, Output};
use std::time::SystemTime;

impl Driver {
    pub(super) async fn carry_out(&mut self, output: Output) {
        match output {
            Output::Persist { ticket, log, entries, checkpoint } => {
                let own = log == *self.replica.me();
                self.writer.send(Job::Persist { ticket, log, entries, checkpoint, own });
            }
            Output::Guard(checkpoint) => {
                self.writer.send(Job::Guard(self.replica.me().clone(), checkpoint));
            }
            Output::Accepted { token, position, entry } => {
                let accepted = self.waiting.accepted(token, self.replica.me(), position, entry);
                if let Some(reference) = accepted {
                    self.on_approved(&reference);
                }
            }
            Output::Refused(token, why) => {
                let me = self.replica.me().clone();
                self.waiting.refused(token, &me, &why);
            }
            Output::Witnessed(token, answer) => self.submitters.answer(token, answer),
            Output::SendHeads(peer, heads) => {
                let heads = heads.into_iter().map(head).collect();
                self.command(Command::SendHeads(peer, heads)).await;
            }
            Output::Push { peer, start, checkpoint, cosign } => {
                self.push(peer, start, &checkpoint, cosign).await;
            }
            Output::Cosign { log, checkpoint, not_before } => {
                self.cosign(log, checkpoint, not_before);
            }
            Output::SendCosigned(peers, cosigned) => {
                let charter = self.replica.charter();
                let note = |one: &Cosigned| Bytes(one.note(charter).into_bytes());
                let notes = cosigned.into_iter();
                let notes = notes.map(|(log, one)| CosignedNote { log, note: note(&one) });
                let notes = notes.collect();
                self.command(Command::SendCosigned(peers, notes)).await;
            }
            Output::Collected { log, cosigned } => {
                if let Err(error) = self.store.keep_notices(&log, &cosigned) {
                    tracing::error!(%error, %log, "cannot keep when a notification arrived");
                }
            }
            Output::KeepConfirmed { log, confirmed } => {
                self.writer.send(Job::Confirmed(log, confirmed));
            }
            Output::Confirmed { log, size } => {
                tracing::debug!(%log, size, "confirmed");
                self.tell(Event::Confirmed { member: log, size });
            }
            Output::Charters(work) => self.on_charters(work).await,
            Output::Fetch { peer, log, start, entries_max } => {
                self.command(Command::Fetch(peer, Wanted { log, start, entries_max })).await;
            }
            Output::Prove { peer, log, size } => {
                self.command(Command::Prove(peer, Beginning { log, size })).await;
            }
            Output::KeepFork(fork) => self.keep_fork(&fork),
            Output::SendFork(peer, fork) => {
                self.command(Command::SendFork(peer, Box::new(fork))).await;
            }
            Output::Grew { log, from, to } => {
                tracing::debug!(%log, from, to, "a log grew");
                self.tell(Event::Grew { member: log, from, to });
            }
            Output::Drop(peer, fault) => self.drop_peer(peer, fault.to_string()).await,
            Output::Alarm(alarm) => self.on_alarm(&alarm),
            Output::WakeAt(time) => self.wake_at = self.wake_at.min(time),
        }
    }

    pub(super) async fn command(&self, command: Command) {
        // The network takes commands at all times, and ends only when the node does.
        self.net.commands.send(command).await.ok();
    }

    /// Signs with the date of this machine's clock, which may not go back for one log.
    fn cosign(&self, log: MemberCode, checkpoint: Checkpoint, not_before: u64) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let time = now.map_or(0, |now| now.as_secs()).max(not_before);
        let (charter, me) = (self.replica.charter(), self.replica.me());
        let cosigned = Cosigned::new(checkpoint).sign(charter, me, time, &self.cosign_key);
        self.writer.send(Job::Cosigned(log, cosigned));
    }
}

fn head(HeadOf { log, checkpoint, cosigned }: HeadOf) -> Head {
    Head { log, checkpoint: Bytes(checkpoint.note().as_bytes().to_vec()), cosigned }
}
