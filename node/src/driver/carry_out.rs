//! Carrying out what the replica wants.

use super::Driver;
use crate::net::{Command, Wanted};
use crate::store::{Evidence, Job};
use cairn_api::Event;
use cairn_ledger::hash::Bytes;
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Checkpoint, Cosigned};
use cairn_replica::message::{CosignedNote, Head};
use cairn_replica::{Alarm, HeadOf, Output};
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
                self.waiting.accepted(token, self.replica.me(), position, entry);
            }
            Output::Refused(token, why) => self.waiting.refused(token, &why),
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
            Output::SendCosigned(peer, cosigned) => {
                let charter = self.replica.charter();
                let note = |one: &Cosigned| Bytes(one.note(charter).into_bytes());
                let notes = cosigned.into_iter();
                let notes = notes.map(|(log, one)| CosignedNote { log, note: note(&one) });
                let notes = notes.collect();
                self.command(Command::SendCosigned(peer, notes)).await;
            }
            Output::KeepConfirmed { log, confirmed } => {
                self.writer.send(Job::Confirmed(log, confirmed));
            }
            Output::Confirmed { log, size } => {
                tracing::debug!(%log, size, "confirmed");
                self.tell(Event::Confirmed { member: log, size });
            }
            Output::Fetch { peer, log, start, entries_max } => {
                self.command(Command::Fetch(peer, Wanted { log, start, entries_max })).await;
            }
            Output::Grew { log, from, to } => {
                tracing::debug!(%log, from, to, "a log grew");
                self.tell(Event::Grew { member: log, from, to });
            }
            Output::Drop(peer, fault) => self.drop_peer(peer, fault.to_string()).await,
            Output::Alarm(alarm) => self.on_alarm(alarm),
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

    fn on_alarm(&mut self, alarm: Alarm) {
        let text = match alarm {
            Alarm::Fork { log, held, shown } => {
                self.keep(Evidence::Fork, &log, &[held.note(), shown.note()]);
                fork_alarm(&log, &shown)
            }
            Alarm::Diverges { log, peer, size, shown } => {
                let held = self.replica.logs().get(&log).and_then(|held| held.checkpoint());
                let held = held.map_or_else(String::new, |held| held.note().to_string());
                self.keep(Evidence::Diverges, &log, &[&held, shown.note()]);
                format!(
                    "{peer} shows a log of {log} that does not continue the {size} entries held here"
                )
            }
            Alarm::OwnLogBehind { size, promised } => {
                let text = format!(
                    "a peer holds {promised} entries of our own log, this folder {size}: it was restored from an old copy, or a second node runs with our keys; nothing is appended until they are fetched back"
                );
                self.behind = Some(text.clone());
                tracing::error!(alarm = text, "an operator has to know");
                return self.tell(Event::Alarm { text });
            }
        };
        self.alarm(text);
    }

    fn keep(&self, kind: Evidence, log: &MemberCode, notes: &[&str; 2]) {
        if let Err(error) = self.store.keep_evidence(kind, log, notes) {
            tracing::error!(%error, %log, "cannot keep evidence");
        }
    }
}

fn head(HeadOf { log, checkpoint, cosigned }: HeadOf) -> Head {
    Head { log, checkpoint: Bytes(checkpoint.note().as_bytes().to_vec()), cosigned }
}

/// What an operator is told of a log whose key has signed two histories.
pub(super) fn fork_alarm(log: &MemberCode, shown: &Checkpoint) -> String {
    let size = shown.size();
    format!(
        "the log of {log} is forked: its key has signed two histories of {size} entries; it is frozen here"
    )
}
