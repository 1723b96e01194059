//! What peers send: checked here, outside the replica, and only then an input.

use super::{Driver, Expected, PeerNotes, Verified};
use crate::net::{self, Beginning, Command, ReplyTo, Wanted};
use crate::sealed::FromPeers;
use cairn_api::Event;
use cairn_ledger::Cosigned;
use cairn_ledger::checkpoint::CheckpointError;
use cairn_ledger::fork::{RawFork, RawSide};
use cairn_ledger::text::MemberCode;
use cairn_replica::message::{CosignedNote, Head, RawRange, Response, verify_head};
use cairn_replica::{Fault, HeadOf, Input, Range, RefusedRange, Side, charters_beyond};

impl Driver {
    pub(super) async fn on_net(&mut self, event: net::Event) {
        match event {
            net::Event::Listening(_) => {}
            net::Event::Connected(member, address) => {
                tracing::info!(%member, %address, "connected");
                self.notes(&member).address = Some(address.to_string());
                self.tell(Event::Connected { member: member.clone() });
                self.pass_on(FromPeers::Connected(member.clone()));
                self.input(Input::Connected(member)).await;
            }
            net::Event::Disconnected(member) => {
                tracing::info!(%member, "disconnected");
                self.tell(Event::Disconnected { member: member.clone() });
                self.pass_on(FromPeers::Disconnected(member.clone()));
                self.input(Input::Disconnected(member)).await;
            }
            net::Event::Heads(member, heads) => self.on_heads(member, heads).await,
            net::Event::Fetch(member, wanted, reply) => self.serve(member, wanted, reply),
            net::Event::Range(member, wanted, range) => self.on_raw(member, wanted, range).await,
            net::Event::Grown(member, range, cosign, reply) => {
                self.on_grown(member, range, Expected::Pushed(cosign, reply)).await;
            }
            net::Event::Cosigned(member, notes, reply) => {
                self.on_cosigned(member, notes, reply).await;
            }
            net::Event::FetchFailed(peer, Wanted { log, start, .. }) => {
                self.input(Input::FetchFailed { peer, log, start }).await;
            }
            net::Event::Prove(_, beginning, reply) => self.prove(beginning, reply),
            net::Event::Side(member, beginning, side) => self.on_side(member, beginning, side),
            net::Event::ProveFailed(peer, Beginning { log, size }) => {
                self.input(Input::ProveFailed { peer, log, size }).await;
            }
            net::Event::Forked(member, fork, reply) => self.on_forked(member, fork, reply),
            net::Event::ForkNoted(peer, fork) => self.input(Input::ForkNoted(peer, *fork)).await,
            net::Event::ChartersTold(member, known, reply) => {
                let lacking = charters_beyond(self.replica.amendments(), &known.names);
                self.command(Command::Reply(reply, Response::Charters(lacking))).await;
                self.input(Input::ChartersTold(member, known)).await;
            }
            net::Event::ChartersGiven(member, charters) => {
                self.input(Input::ChartersGiven(member, charters)).await;
            }
            net::Event::SealedWanted(member, wanted, reply) => {
                self.serve_sealed(member, wanted, reply);
            }
            net::Event::Sealed(member, wanted, bytes) => {
                self.pass_on(FromPeers::Came(member, wanted, bytes));
            }
            net::Event::SealedFailed(_, wanted) => self.pass_on(FromPeers::Failed(wanted)),
            net::Event::OpenedAsked(member, wanted, reply) => {
                self.serve_opened(member, wanted, reply);
            }
            net::Event::Opened(member, wanted, records) => {
                self.pass_on(FromPeers::Opened(member, wanted, records));
            }
            net::Event::Misbehaved(member, why) => {
                self.note_drop(&member, why);
                self.input(Input::Disconnected(member)).await;
            }
        }
    }

    fn pass_on(&self, event: FromPeers) {
        // Whoever fetches sealed parts is gone when the node stops.
        self.to_sealed.send(event).ok();
    }

    async fn on_heads(&mut self, member: MemberCode, heads: Vec<Head>) {
        let mut verified = Vec::new();
        if heads.len() > self.replica.logs().len() {
            let why = format!("it told {} heads, there are fewer members with a log", heads.len());
            return self.drop_peer(member, why).await;
        }
        for Head { log, checkpoint, cosigned } in heads {
            let held = self.replica.logs().get(&log);
            let known = held.and_then(|held| {
                let same =
                    |known: &&cairn_ledger::Checkpoint| known.note().as_bytes() == checkpoint.0;
                held.checkpoint().filter(same).or_else(|| held.promised().filter(same))
            });
            match verify_head(self.replica.charter(), &log, &checkpoint.0, known) {
                Ok(checkpoint) => verified.push(HeadOf { log, checkpoint, cosigned }),
                Err(why) => return self.drop_peer(member, why.to_string()).await,
            }
        }
        self.input(Input::Heads(member, verified)).await;
    }

    /// Checks a range on the other cores; the answer comes back as [`Verified`].
    async fn on_raw(&mut self, member: MemberCode, wanted: Wanted, range: RawRange) {
        if range.log != wanted.log || range.start != wanted.start {
            let fault = Fault::Unasked { log: range.log, start: range.start };
            return self.drop_peer(member, fault.to_string()).await;
        }
        self.verify(member, Expected::Asked(wanted), range);
    }

    async fn on_grown(&mut self, member: MemberCode, range: RawRange, expected: Expected) {
        if range.log != member {
            let fault = Fault::Unasked { log: range.log, start: range.start };
            return self.drop_peer(member, fault.to_string()).await;
        }
        self.verify(member, expected, range);
    }

    fn verify(&self, member: MemberCode, expected: Expected, range: RawRange) {
        let known = self.replica.logs().get(&range.log).and_then(|held| held.promised().cloned());
        let (charter, done) = (self.replica.charter().clone(), self.verified.0.clone());
        rayon::spawn(move || {
            let verified = range.verify(&charter, known.as_ref());
            // The driver is gone when the node stops.
            done.blocking_send(Verified::Range(member, expected, verified)).ok();
        });
    }

    /// Checks cosignatures on the other cores, except those that are held already.
    async fn on_cosigned(&mut self, member: MemberCode, notes: Vec<CosignedNote>, reply: ReplyTo) {
        if notes.len() > 2 * self.replica.logs().len() {
            let why = format!("it told {} cosigned checkpoints at once", notes.len());
            return self.drop_peer(member, why).await;
        }
        let known = |note: &CosignedNote| {
            let held = self.replica.logs().get(&note.log)?;
            held.cosignatures().of(note.size()?).cloned()
        };
        let notes: Vec<_> = notes.into_iter().map(|note| (known(&note), note)).collect();
        let (charter, done) = (self.replica.charter().clone(), self.verified.0.clone());
        rayon::spawn(move || {
            let verify = |(known, note): (Option<Cosigned>, CosignedNote)| {
                let bytes = &note.note.0;
                let cosigned = Cosigned::verify(bytes, &charter, &note.log, known.as_ref())?;
                Ok::<_, CheckpointError>((note.log, cosigned))
            };
            let verified = notes.into_iter().map(verify).collect();
            // The driver is gone when the node stops.
            done.blocking_send(Verified::Cosigned(member, reply, verified)).ok();
        });
    }

    /// Checks what a peer's copy has as its first entries, on the other cores.
    fn on_side(&self, member: MemberCode, beginning: Beginning, side: RawSide) {
        let (charter, done) = (self.replica.charter().clone(), self.verified.0.clone());
        rayon::spawn(move || {
            let verified = Side::verify(side, &charter, &beginning.log, beginning.size);
            // The driver is gone when the node stops.
            done.blocking_send(Verified::Side(member, beginning, verified.map(Box::new))).ok();
        });
    }

    /// Checks the proof of a fork, on the other cores.
    fn on_forked(&self, member: MemberCode, fork: RawFork, reply: ReplyTo) {
        let (charter, done) = (self.replica.charter().clone(), self.verified.0.clone());
        rayon::spawn(move || {
            let verified = fork.verify(&charter).map(Box::new);
            // The driver is gone when the node stops.
            done.blocking_send(Verified::Forked(member, reply, verified)).ok();
        });
    }

    pub(super) async fn on_verified(&mut self, verified: Verified) {
        match verified {
            Verified::Range(member, Expected::Asked(wanted), range) => {
                self.on_asked(member, wanted, range).await;
            }
            Verified::Range(peer, Expected::Pushed(cosign, reply), range) => {
                self.command(Command::Noted(reply)).await;
                match range {
                    Ok(range) => self.input(Input::Pushed { peer, range, cosign }).await,
                    Err(why) => self.drop_peer(peer, why.to_string()).await,
                }
            }
            Verified::Side(peer, Beginning { log, size }, side) => match side {
                Ok(side) => self.input(Input::Side { peer, log, size, side: *side }).await,
                Err(why) => {
                    let failed = Input::ProveFailed { peer: peer.clone(), log, size };
                    self.input(failed).await;
                    self.drop_peer(peer, why.to_string()).await;
                }
            },
            Verified::Forked(peer, reply, fork) => match fork {
                // The answer says that it is kept: it goes out when it is.
                Ok(fork) => {
                    self.input(Input::Forked(peer, *fork)).await;
                    self.command(Command::Noted(reply)).await;
                }
                Err(why) => {
                    self.command(Command::Noted(reply)).await;
                    self.drop_peer(peer, why.to_string()).await;
                }
            },
            Verified::Cosigned(member, reply, cosigned) => {
                self.command(Command::Noted(reply)).await;
                match cosigned {
                    Ok(cosigned) => self.input(Input::Cosignatures(member, cosigned)).await,
                    Err(why) => self.drop_peer(member, why.to_string()).await,
                }
            }
        }
    }

    async fn on_asked(
        &mut self,
        member: MemberCode,
        wanted: Wanted,
        verified: Result<Range, RefusedRange>,
    ) {
        let asked = u64::from(wanted.entries_max);
        match verified {
            Ok(range) if range.entries.len() as u64 <= asked => {
                self.input(Input::Range(member, range)).await;
            }
            Ok(range) => {
                let why =
                    format!("it sent {} entries, {asked} were asked for", range.entries.len());
                self.refuse_range(member, wanted, why).await;
            }
            Err(why) => self.refuse_range(member, wanted, why.to_string()).await,
        }
    }

    async fn refuse_range(&mut self, peer: MemberCode, wanted: Wanted, why: String) {
        let Wanted { log, start, .. } = wanted;
        let why = Fault::BadRange { log: log.clone(), start, why }.to_string();
        self.input(Input::FetchFailed { peer: peer.clone(), log, start }).await;
        self.drop_peer(peer, why).await;
    }

    /// Ends the connection and counts it. What we hold stays as it is.
    pub(super) async fn drop_peer(&mut self, member: MemberCode, why: String) {
        self.note_drop(&member, why.clone());
        self.command(Command::Drop(member, why)).await;
    }

    fn note_drop(&mut self, member: &MemberCode, why: String) {
        let notes = self.notes(member);
        notes.drops = notes.drops.saturating_add(1);
        notes.dropped = Some(why);
    }

    fn notes(&mut self, member: &MemberCode) -> &mut PeerNotes {
        self.peers.entry(member.clone()).or_default()
    }
}
