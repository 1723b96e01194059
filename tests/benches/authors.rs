//! Members' nodes that are played: each shows its own log over libp2p, and hears what it is told.

use crate::network::{Member, Network, read_key};
use crate::people::chain;
use anyhow::Context;
use cairn_ledger::hash::Bytes;
use cairn_ledger::{Checkpoint, Log, MemberCode, SecretKey, bundle};
use cairn_replica::message::{RawRange, Request, Response};
use cairn_tests::nodes::hostile::Raw;
use futures::StreamExt;
use libp2p::request_response::{self, Event, Message, ProtocolSupport};
use libp2p::swarm::{SwarmEvent, dial_opts::DialOpts};
use libp2p::{Multiaddr, PeerId, Swarm, SwarmBuilder, identity, noise, tcp, yamux};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How soon a node that did not let us in is dialled again.
const AGAIN: Duration = Duration::from_millis(100);

type Played = Swarm<request_response::Behaviour<Raw>>;

fn dial(node: &Multiaddr) -> DialOpts {
    DialOpts::unknown_peer_id().address(node.clone()).build()
}

/// What an author has done and heard: when it showed each size, and when it was told that this was
/// cosigned.
#[derive(Debug, Default)]
pub(crate) struct Heard(Mutex<Vec<(Instant, Option<Instant>)>>);

impl Heard {
    fn shown(&self) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push((Instant::now(), None));
    }

    fn cosigned(&self, size: u64) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = usize::try_from(size).ok().and_then(|size| all.get_mut(size.checked_sub(1)?));
        if let Some((_, told)) = place {
            told.get_or_insert_with(Instant::now);
        }
    }

    /// When each was shown, and when that was told to be cosigned, so far.
    pub(crate) fn all(&self) -> Vec<(Instant, Option<Instant>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// An author, and the messages with which it shows its log, entry by entry.
pub(crate) struct Author {
    member: MemberCode,
    transport: SecretKey,
    protocol: String,
    messages: Vec<Vec<u8>>,
}

impl Author {
    /// The author of a member's log with so many entries, each of which it shows by itself.
    pub(crate) fn new(network: &Network, member: &Member, entries: u64) -> anyhow::Result<Self> {
        let contributor = &member.contributor;
        let code = &contributor.member;
        let mut statements = vec![contributor.authorisation()];
        statements.extend(contributor.notes(0..entries.saturating_sub(1)));
        let key = read_key(&member.folder, "log")?;
        let origin = network.charter.origin(code);
        let mut log = Log::new(&network.charter, code).context("no member")?;
        let mut messages = Vec::new();
        for entry in chain(statements) {
            log.replay(&entry);
            let mut bytes = Vec::new();
            bundle::write(&mut bytes, entry.bytes())?;
            let checkpoint = Checkpoint::sign(&origin, log.head(), &key);
            let range = RawRange {
                log: code.clone(),
                start: entry.position(),
                bundle: Bytes(bytes),
                checkpoint: Bytes(checkpoint.note().as_bytes().to_vec()),
                proof: Vec::new(),
            };
            messages.push(Request::Grown { range, cosign: true }.encode());
        }
        let id: String = network.charter.network().to_string().chars().take(16).collect();
        Ok(Self {
            member: code.clone(),
            transport: read_key(&member.folder, "transport")?,
            protocol: format!("/cairn/{id}/sync/1"),
            messages,
        })
    }

    /// Connects with a node and shows it an entry at the beginning of every `interval`, or as soon as
    /// the last one was answered where that comes later. Never ends by itself.
    pub(crate) async fn play(
        self: Arc<Self>,
        node: Multiaddr,
        first: Instant,
        interval: Duration,
        heard: Arc<Heard>,
    ) -> anyhow::Result<()> {
        let (mut swarm, mut messages) = (self.swarm()?, self.messages.iter());
        swarm.dial(dial(&node))?;
        let mut ticks = tokio::time::interval_at(first.into(), interval);
        // The peer, once it has answered what it was sent last.
        let mut ready = None;
        loop {
            tokio::select! {
                event = swarm.select_next_some() => {
                    ready = self.on_event(&mut swarm, event, &node, &heard).await?.or(ready);
                }
                _ = ticks.tick(), if ready.is_some() => {
                    let (Some(message), Some(peer)) = (messages.next(), ready.take()) else { continue };
                    heard.shown();
                    swarm.behaviour_mut().send_request(&peer, message.clone());
                }
            }
        }
    }

    /// The peer, where it has answered what it was sent.
    #[expect(clippy::wildcard_enum_match_arm, reason = "libp2p's enum, of which we need little")]
    async fn on_event(
        &self,
        swarm: &mut Played,
        event: SwarmEvent<Event<Vec<u8>, Vec<u8>>>,
        node: &Multiaddr,
        heard: &Heard,
    ) -> anyhow::Result<Option<PeerId>> {
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, .. } => {
                let nothing = Request::Heads(Vec::new()).encode();
                swarm.behaviour_mut().send_request(&peer_id, nothing);
            }
            SwarmEvent::OutgoingConnectionError { .. } => {
                // A node has only so many connections in their handshake.
                tokio::time::sleep(AGAIN).await;
                swarm.dial(dial(node))?;
            }
            SwarmEvent::Behaviour(Event::Message { peer, message, .. }) => match message {
                Message::Request { request, channel, .. } => {
                    let reply = self.answer(&Request::decode(&request)?, heard);
                    // The node may be stopping.
                    swarm.behaviour_mut().send_response(channel, reply.encode()).ok();
                }
                Message::Response { .. } => return Ok(Some(peer)),
            },
            SwarmEvent::Behaviour(Event::OutboundFailure { error, .. }) => {
                anyhow::bail!("{} is not answered: {error}", self.member)
            }
            _ => {}
        }
        Ok(None)
    }

    /// Answers as an honest node that has nothing to give, and notes what was cosigned of its log.
    fn answer(&self, request: &Request, heard: &Heard) -> Response {
        match request {
            Request::Cosigned(notes) => {
                let own = notes.iter().filter(|note| note.log == self.member);
                own.filter_map(|note| note.size()).for_each(|size| heard.cosigned(size));
                Response::Noted
            }
            Request::Heads(_)
            | Request::Addresses(_)
            | Request::Grown { .. }
            | Request::Forked(_) => Response::Noted,
            Request::Fetch { .. }
            | Request::Prove { .. }
            | Request::Sealed(_)
            | Request::Opened(_) => Response::Nothing,
            Request::Charters(_) => Response::Charters(Vec::new()),
        }
    }

    fn swarm(&self) -> anyhow::Result<Played> {
        let key = identity::Keypair::ed25519_from_bytes(&mut *self.transport.seed())?;
        let protocol = (self.protocol.clone(), ProtocolSupport::Full);
        let behaviour =
            request_response::Behaviour::new([protocol], request_response::Config::default());
        Ok(SwarmBuilder::with_existing_identity(key)
            .with_tokio()
            .with_tcp(
                tcp::Config::default().nodelay(true),
                noise::Config::new,
                yamux::Config::default,
            )?
            .with_behaviour(|_| behaviour)?
            .with_swarm_config(|swarm| swarm.with_idle_connection_timeout(Duration::from_secs(120)))
            .build())
    }
}
