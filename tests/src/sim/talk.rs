//! Messages between nodes: lost, doubled, late and out of order, as values or as bytes on the wire.

use super::world::{Event, World};
use cairn_ledger::fork::RawSide;
use cairn_ledger::hash::Bytes;
use cairn_ledger::proof;
use cairn_ledger::text::MemberCode;
use cairn_ledger::tree::node_hash;
use cairn_ledger::{Charter, Checkpoint, Cosigned, Entry, Fork, TreeHash, bundle};
use cairn_replica::message::{CosignedNote, Head, KnownCharters, RANGE_ENTRIES_MAX, verify_head};
use cairn_replica::{HeadOf, Input, Range, RawRange, Request, Response, Side, charters_beyond};
use std::convert::Infallible;
use std::sync::Arc;

/// What is on its way from one node to another.
#[derive(Debug, Clone)]
pub enum Message {
    /// "I hold these."
    Heads(Vec<HeadOf>),
    /// "Send me this."
    Fetch {
        /// Which log.
        log: MemberCode,
        /// From which position.
        start: u64,
        /// How many at most.
        entries_max: u32,
    },
    /// "Here it is": verified by whoever made it, and shared to keep many seeds cheap.
    Range(Range),
    /// "My own log has grown by this", and whether to cosign it.
    Pushed(Range, bool),
    /// "These have cosigned these."
    Cosigned(Vec<(MemberCode, Cosigned)>),
    /// "Nothing is held there."
    Nothing {
        /// Which log.
        log: MemberCode,
        /// From which position.
        start: u64,
    },
    /// "Prove what your copy has as its first entries."
    Prove(MemberCode, u64),
    /// "This is what it has."
    Side(MemberCode, u64, Box<Side>),
    /// "I do not prove that."
    NoSide(MemberCode, u64),
    /// "This log is forked."
    Forked(Box<Fork>),
    /// "I have kept that."
    ForkNoted(Box<Fork>),
    /// "I know these charters."
    ChartersTold(KnownCharters),
    /// "Here are those that you do not know."
    ChartersGiven(Vec<Bytes>),
    /// A request as the wire carries it.
    Request(Vec<u8>),
    /// A response as the wire carries it, with what it answers.
    Response {
        /// Which log was asked for.
        log: MemberCode,
        /// From which position.
        start: u64,
        /// The response.
        bytes: Vec<u8>,
    },
}

impl World {
    /// Sends a message through the weather.
    pub(crate) fn send(&mut self, from: usize, to: &MemberCode, message: Message) {
        let to = self.numbers[to];
        let message =
            if self.weather.wire { encode(message, &self.network.charter) } else { message };
        let Some(link) = self.links.get(&(from.min(to), from.max(to))) else { return };
        let lost = self.rng.chance(self.weather.lose);
        if lost || !link.up || link.blocked[usize::from(from > to)] {
            return;
        }
        let copies = if self.rng.chance(self.weather.double) { 2 } else { 1 };
        for _ in 0..copies {
            let slow = if self.rng.chance(self.weather.slow) { 20 } else { 1 };
            let delay = self.rng.between(1, self.weather.delay_ms_max * slow);
            let message = message.clone();
            self.at(self.now + delay, Event::Deliver { from, to, message });
        }
    }

    pub(crate) fn deliver(&mut self, from: usize, to: usize, message: Message) {
        let up = self.links.get(&(from.min(to), from.max(to))).is_some_and(|link| link.up);
        if !up || !self.runs(to) {
            return;
        }
        let peer = self.nodes[from].code.clone();
        match message {
            Message::Heads(heads) => self.input(to, Input::Heads(peer, heads)),
            Message::Fetch { log, start, entries_max } => {
                if let Some(answer) = self.serve(to, from, &log, start, entries_max) {
                    self.send(to, &peer, answer);
                }
            }
            Message::Range(range) => {
                self.check_durable(from, to, &range);
                self.input(to, Input::Range(peer, range));
            }
            Message::Pushed(range, cosign) => {
                self.check_durable(from, to, &range);
                self.input(to, Input::Pushed { peer, range, cosign });
            }
            Message::Cosigned(cosigned) => self.input(to, Input::Cosignatures(peer, cosigned)),
            Message::Nothing { log, start } => {
                self.input(to, Input::FetchFailed { peer, log, start });
            }
            Message::Prove(log, size) => {
                if let Some(answer) = self.prove(to, from, &log, size) {
                    self.send(to, &peer, answer);
                }
            }
            Message::Side(log, size, side) => {
                self.input(to, Input::Side { peer, log, size, side: *side });
            }
            Message::NoSide(log, size) => self.input(to, Input::ProveFailed { peer, log, size }),
            Message::Forked(fork) => {
                self.input(to, Input::Forked(peer.clone(), Fork::clone(&fork)));
                self.send(to, &peer, Message::ForkNoted(fork));
            }
            Message::ForkNoted(fork) => self.input(to, Input::ForkNoted(peer, *fork)),
            Message::ChartersTold(known) => {
                if let Some(replica) = &self.nodes[to].replica {
                    let lacking = charters_beyond(replica.amendments(), &known.names);
                    self.send(to, &peer, Message::ChartersGiven(lacking));
                }
                self.input(to, Input::ChartersTold(peer, known));
            }
            Message::ChartersGiven(charters) => {
                self.input(to, Input::ChartersGiven(peer, charters));
            }
            Message::Request(bytes) => {
                let message = self.decode_request(to, &bytes);
                self.deliver(from, to, message);
            }
            Message::Response { log, start, bytes } => {
                let message = self.decode_response(to, log, start, &bytes);
                self.deliver(from, to, message);
            }
        }
    }

    /// Sends the end of a node's own log to a peer that has the rest.
    pub(crate) fn push(
        &mut self,
        node: usize,
        peer: &MemberCode,
        start: u64,
        checkpoint: Checkpoint,
        cosign: bool,
    ) {
        let log = self.nodes[node].code.clone();
        let head = HeadOf { log: log.clone(), checkpoint: checkpoint.clone(), cosigned: 0 };
        let told = vec![head];
        self.watch_announced(node, &told);
        let range = range_of(&log, self.nodes[node].disk.file(&log), &checkpoint, start, u32::MAX);
        self.send(
            node,
            peer,
            range.map_or(Message::Heads(told), |range| Message::Pushed(range, cosign)),
        );
    }

    /// What a node answers to a fetch: from its disk, as far as the checkpoint that it can serve.
    fn serve(
        &self,
        node: usize,
        asker: usize,
        log: &MemberCode,
        start: u64,
        entries_max: u32,
    ) -> Option<Message> {
        if let Some(liar) = &self.nodes[node].liar {
            return liar.serve(asker, log, start, entries_max);
        }
        let held = self.nodes[node].replica.as_ref()?.given(log);
        let file = self.nodes[node].disk.file(log);
        let range = |promise| range_of(log, file, promise, start, entries_max);
        let nothing = Message::Nothing { log: log.clone(), start };
        let promise = held.and_then(|held| held.checkpoint());
        Some(promise.and_then(range).map_or(nothing, Message::Range))
    }

    /// What a node proves of its copy of a log: from its disk, as it holds it.
    fn prove(&self, node: usize, asker: usize, log: &MemberCode, size: u64) -> Option<Message> {
        if let Some(liar) = &self.nodes[node].liar {
            return liar.prove(asker, log, size, &self.network.charter);
        }
        let held = self.nodes[node].replica.as_ref()?.given(log);
        let file = self.nodes[node].disk.file(log);
        let cosigned = size.checked_sub(1).and_then(|position| held?.covering(position));
        let side = cosigned.map(|one| side_of(log, file, &one, size, &self.network.charter));
        Some(side.map_or(Message::NoSide(log.clone(), size), |side| {
            Message::Side(log.clone(), size, Box::new(side))
        }))
    }

    /// The charter under which a node reads what it is sent.
    fn charter_at(&self, node: usize) -> &Charter {
        let replica = self.nodes[node].replica.as_ref();
        replica.map_or(&*self.network.charter, |replica| &**replica.charter())
    }

    fn decode_request(&self, to: usize, bytes: &[u8]) -> Message {
        let charter = self.charter_at(to);
        match Request::decode(bytes).unwrap_or_else(|why| self.fail(&why.to_string())) {
            Request::Heads(heads) => {
                let verify = |Head { log, checkpoint, cosigned }: Head| {
                    let head = verify_head(charter, &log, &checkpoint.0, None);
                    let checkpoint = head.unwrap_or_else(|why| self.fail(&why.to_string()));
                    HeadOf { log, checkpoint, cosigned }
                };
                Message::Heads(heads.into_iter().map(verify).collect())
            }
            Request::Fetch { log, start, entries_max } => {
                Message::Fetch { log, start, entries_max }
            }
            Request::Grown { range, cosign } => match range.verify(charter, None) {
                Ok(range) => Message::Pushed(range, cosign),
                Err(why) => self.fail(&format!("an honest range was refused: {why}")),
            },
            Request::Cosigned(notes) => {
                let verify = |CosignedNote { log, note }: CosignedNote| {
                    let one = Cosigned::verify(&note.0, charter, &log, None);
                    (log, one.unwrap_or_else(|why| self.fail(&why.to_string())))
                };
                Message::Cosigned(notes.into_iter().map(verify).collect())
            }
            Request::Prove { log, size } => Message::Prove(log, size),
            Request::Forked(raw) => match raw.verify(charter) {
                Ok(fork) => Message::Forked(Box::new(fork)),
                Err(why) => self.fail(&format!("an honest proof was refused: {why}")),
            },
            Request::Charters(known) => Message::ChartersTold(known),
            Request::Addresses(_) => self.fail("nobody here tells addresses"),
            Request::Sealed(_) | Request::Opened(_) => self.fail("nothing is sealed here"),
        }
    }

    fn decode_response(&self, to: usize, log: MemberCode, start: u64, bytes: &[u8]) -> Message {
        match Response::decode(bytes).unwrap_or_else(|why| self.fail(&why.to_string())) {
            Response::Noted | Response::Nothing => Message::Nothing { log, start },
            Response::Charters(_) => self.fail("charters travel as values here"),
            Response::Sealed(_) | Response::Opened(_) => self.fail("nothing is sealed here"),
            Response::Side(_) => self.fail("proofs travel as values here"),
            Response::Range(raw) => match raw.verify(self.charter_at(to), None) {
                Ok(range) => Message::Range(range),
                Err(why) => self.fail(&format!("an honest range was refused: {why}")),
            },
        }
    }
}

fn encode(message: Message, charter: &Charter) -> Message {
    match message {
        Message::Heads(heads) => {
            let head = |HeadOf { log, checkpoint, cosigned }: HeadOf| Head {
                log,
                checkpoint: Bytes(checkpoint.note().into()),
                cosigned,
            };
            Message::Request(Request::Heads(heads.into_iter().map(head).collect()).encode())
        }
        Message::Fetch { log, start, entries_max } => {
            Message::Request(Request::Fetch { log, start, entries_max }.encode())
        }
        Message::Range(range) => {
            let (log, start) = (range.log.clone(), range.start);
            Message::Response { log, start, bytes: Response::Range(raw_range(range)).encode() }
        }
        Message::Pushed(range, cosign) => {
            Message::Request(Request::Grown { range: raw_range(range), cosign }.encode())
        }
        Message::Cosigned(cosigned) => {
            let note = |(log, one): (MemberCode, Cosigned)| CosignedNote {
                log,
                note: Bytes(one.note(charter).into_bytes()),
            };
            Message::Request(Request::Cosigned(cosigned.into_iter().map(note).collect()).encode())
        }
        Message::Nothing { log, start } => {
            Message::Response { log, start, bytes: Response::Nothing.encode() }
        }
        Message::Forked(fork) => Message::Request(Request::Forked(fork.raw().clone()).encode()),
        Message::Prove(log, size) => Message::Request(Request::Prove { log, size }.encode()),
        Message::ChartersTold(known) => Message::Request(Request::Charters(known).encode()),
        as_it_is @ (Message::Side(..)
        | Message::ChartersGiven(_)
        | Message::NoSide(..)
        | Message::ForkNoted(_)
        | Message::Request(_)
        | Message::Response { .. }) => as_it_is,
    }
}

/// A range in the form of the wire.
///
/// # Panics
/// Never: a verified entry fits its length.
#[must_use]
pub fn raw_range(range: Range) -> RawRange {
    let mut bundle = Vec::new();
    for entry in &range.entries {
        bundle::write(&mut bundle, entry.bytes()).expect("an entry fits");
    }
    let checkpoint = Bytes(range.checkpoint.note().into());
    let Range { log, start, proof, .. } = range;
    RawRange { log, start, bundle: Bytes(bundle), checkpoint, proof }
}

/// The range of a log's entries from `start` that a checkpoint covers, if there is one.
#[must_use]
pub fn range_of(
    log: &MemberCode,
    entries: &[Arc<Entry>],
    checkpoint: &Checkpoint,
    start: u64,
    entries_max: u32,
) -> Option<Range> {
    let most = u64::from(entries_max.min(RANGE_ENTRIES_MAX));
    let end = checkpoint.size().min(start.saturating_add(most));
    let run = entries.get(start as usize..end as usize).filter(|run| !run.is_empty())?;
    let mut node = |level, index| Ok::<_, Infallible>(tree_node(entries, level, index));
    let Ok(proof) = proof::consistency(end, checkpoint.size(), &mut node);
    let entries = run.iter().map(|entry| Entry::clone(entry)).collect();
    Some(Range { log: log.clone(), start, entries, checkpoint: checkpoint.clone(), proof })
}

/// What a checkpoint shows to be a log's first `size` entries.
///
/// # Panics
/// When the checkpoint is not one of these entries.
#[must_use]
pub fn side_of(
    log: &MemberCode,
    entries: &[Arc<Entry>],
    cosigned: &Cosigned,
    size: u64,
    charter: &Charter,
) -> Side {
    let mut node = |level, index| Ok::<_, Infallible>(tree_node(entries, level, index));
    let Ok(root) = proof::subtree(0, size, &mut node);
    let Ok(proof) = proof::consistency(size, cosigned.checkpoint().size(), &mut node);
    let checkpoint = Bytes(cosigned.note(charter).into_bytes());
    let side = Side::verify(RawSide { root, proof, checkpoint }, charter, log, size);
    side.expect("a side of its own history")
}

/// The node of a log's tree, from its leaves.
#[must_use]
pub fn tree_node(entries: &[Arc<Entry>], level: u32, index: u64) -> TreeHash {
    if level == 0 {
        return entries[index as usize].leaf();
    }
    let left = tree_node(entries, level - 1, index * 2);
    node_hash(&left, &tree_node(entries, level - 1, index * 2 + 1))
}
