//! The task that owns the libp2p swarm: its events out, the driver's commands in.

use super::addresses::{AddressBook, bare};
use super::behaviour::{Behaviour, BehaviourEvent, peer_id};
use super::dial::Backoff;
use super::{Beginning, Command, Config, Ends, Event, Multiaddr, QUEUE, ReplyTo, Wanted};
use anyhow::Context;
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Charter, Fork};
use cairn_replica::message::{CosignedNote, Head, RawRange, Request, Response, SealedWanted};
use futures::StreamExt;
use libp2p::request_response::{Event as SyncEvent, Message, OutboundRequestId};
use libp2p::swarm::SwarmEvent;
use libp2p::{PeerId, Swarm, SwarmBuilder, identity, noise, tcp, yamux};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// How often missing connections are looked for.
const DIAL_INTERVAL: Duration = Duration::from_millis(250);
/// How long a peer that misbehaved is kept out.
const PENALTY: Duration = Duration::from_secs(30);
/// Connections serve for as long as they last: heads are told every few seconds.
const IDLE_TIMEOUT: Duration = Duration::from_secs(120);
/// How soon after telling addresses new ones are told on.
pub(super) const ADDRESSES_INTERVAL: Duration = Duration::from_secs(2);
/// How often all addresses are told again, in case a message was lost.
pub(super) const ADDRESSES_AGAIN: Duration = Duration::from_secs(60);
/// How long a connection has to last until an attempt to reach a peer counts as a success: one that
/// keeps us out lets us in and closes at once.
pub(super) const LASTS: Duration = Duration::from_secs(10);
/// How many messages of cosignatures a peer may be busy with.
const COSIGNED_UNANSWERED_MAX: usize = 4;

/// Something that a peer was sent and that it has not answered yet.
pub(super) enum Sent {
    Heads,
    Cosigned,
    Addresses,
    Fetch(Wanted),
    Prove(Beginning),
    Fork(Box<Fork>),
    Charters,
    Sealed(SealedWanted),
    Opened(SealedWanted),
}

/// What is known of a connected peer.
pub(super) struct Peer {
    pub(super) since: Instant,
    /// Heads that wait until the last ones were noted: the newest of each log, be they none.
    heads: Option<BTreeMap<MemberCode, Head>>,
    telling: bool,
    /// How many messages of cosignatures it has not answered.
    cosigned: usize,
}

impl Peer {
    fn new() -> Self {
        Self { since: Instant::now(), heads: None, telling: false, cosigned: 0 }
    }
}

pub(super) struct Network {
    pub(super) swarm: Swarm<Behaviour>,
    pub(super) me: MemberCode,
    pub(super) charter: Arc<Charter>,
    members: HashMap<PeerId, MemberCode>,
    pub(super) ids: BTreeMap<MemberCode, PeerId>,
    pub(super) peers: BTreeMap<MemberCode, Peer>,
    sent: HashMap<OutboundRequestId, (MemberCode, Sent)>,
    pub(super) book: AddressBook,
    /// Whether addresses were learnt that peers were not told, and when they were told last.
    pub(super) addresses_new: bool,
    pub(super) addresses_told: Instant,
    pub(super) bootstrap: Vec<(Multiaddr, Option<MemberCode>)>,
    pub(super) announce: Vec<Multiaddr>,
    pub(super) backoff: Backoff,
    pub(super) kept_out: Vec<(Instant, PeerId)>,
    events: mpsc::Sender<Event>,
    outbox: VecDeque<Event>,
}

/// Starts the network in a task of its own; it ends when the driver lets go of its ends.
///
/// # Errors
/// When the node cannot listen where it is told to.
pub async fn start(config: Config) -> anyhow::Result<(Ends, JoinHandle<()>)> {
    let (commands, command_queue) = mpsc::channel(QUEUE);
    let (events, event_queue) = mpsc::channel(QUEUE);
    let swarm = build(&config).await?;
    let mut network = Network::new(swarm, config, events);
    network.open_gate();
    let task = tokio::spawn(network.run(command_queue));
    Ok((Ends { commands, events: event_queue }, task))
}

async fn build(config: &Config) -> anyhow::Result<Swarm<Behaviour>> {
    let mut seed = config.transport.seed();
    let key = identity::Keypair::ed25519_from_bytes(&mut seed[..])?;
    let charter = config.charter.clone();
    let mut swarm = SwarmBuilder::with_existing_identity(key)
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)?
        .with_quic()
        .with_dns()?
        .with_behaviour(|key| Behaviour::new(&key.public(), &charter))?
        .with_swarm_config(|swarm| swarm.with_idle_connection_timeout(IDLE_TIMEOUT))
        .build();
    for address in &config.listen {
        let until = Instant::now() + config.patience;
        // The sockets of a node that begins anew close only when its last connections have ended.
        while let Err(error) = swarm.listen_on(address.clone()) {
            if Instant::now() >= until {
                return Err(error).with_context(|| format!("cannot listen on {address}"));
            }
            tokio::time::sleep(DIAL_INTERVAL).await;
        }
    }
    Ok(swarm)
}

impl Network {
    fn new(swarm: Swarm<Behaviour>, config: Config, events: mpsc::Sender<Event>) -> Self {
        let Config { me, charter, peers, announce, .. } = config;
        let others = charter.members().iter().filter(|card| card.code != me);
        let ids: BTreeMap<_, _> = others
            .filter_map(|card| Some((card.code.clone(), peer_id(&card.keys.transport)?)))
            .collect();
        Self {
            swarm,
            members: ids.iter().map(|(code, id)| (*id, code.clone())).collect(),
            ids,
            me,
            charter,
            peers: BTreeMap::new(),
            sent: HashMap::new(),
            book: AddressBook::default(),
            addresses_new: false,
            addresses_told: Instant::now(),
            bootstrap: peers.iter().map(|address| (bare(address), None)).collect(),
            announce,
            backoff: Backoff::default(),
            kept_out: Vec::new(),
            events,
            outbox: VecDeque::new(),
        }
    }

    fn open_gate(&mut self) {
        for id in self.ids.values() {
            self.swarm.behaviour_mut().gate.allow_peer(*id);
        }
    }

    async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut dial = tokio::time::interval(DIAL_INTERVAL);
        let events = self.events.clone();
        loop {
            tokio::select! {
                permit = events.reserve(), if !self.outbox.is_empty() => {
                    let Ok(permit) = permit else { return };
                    if let Some(event) = self.outbox.pop_front() {
                        permit.send(event);
                    }
                }
                // While the driver is behind, nothing more is read from the sockets; commands are
                // taken all the same, or the two would wait for each other.
                event = self.swarm.select_next_some(), if self.outbox.is_empty() => {
                    self.on_event(event);
                }
                command = commands.recv() => match command {
                    Some(command) => self.on_command(command),
                    None => return,
                },
                _ = dial.tick() => {
                    self.dial_missing();
                    self.tell_new_addresses();
                }
            }
        }
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::SendHeads(member, heads) => {
                if let Some(peer) = self.peers.get_mut(&member) {
                    let heads = heads.into_iter().map(|head| (head.log.clone(), head));
                    peer.heads.get_or_insert_default().extend(heads);
                    self.tell_heads(&member);
                }
            }
            Command::Push(member, range, cosign) => self.push(&member, range, cosign),
            Command::SendCosigned(members, notes) => self.tell_cosigned(&members, notes),
            Command::Fetch(member, wanted) => {
                let Wanted { log, start, entries_max } = wanted.clone();
                let request = Request::Fetch { log, start, entries_max };
                self.send(&member, &request, Sent::Fetch(wanted));
            }
            Command::Prove(member, beginning) => {
                let Beginning { log, size } = beginning.clone();
                self.send(&member, &Request::Prove { log, size }, Sent::Prove(beginning));
            }
            Command::SendFork(member, fork) => {
                let request = Request::Forked(fork.raw().clone());
                self.send(&member, &request, Sent::Fork(fork));
            }
            Command::TellCharters(member, known) => {
                self.send(&member, &Request::Charters(known), Sent::Charters);
            }
            Command::FetchSealed(member, wanted) => {
                // Nobody waits for the answer of a peer that is not there.
                if self.peers.contains_key(&member) {
                    let request = Request::Sealed(wanted.clone());
                    self.send(&member, &request, Sent::Sealed(wanted));
                } else {
                    self.tell(Event::SealedFailed(member, wanted));
                }
            }
            Command::AskOpened(member, wanted) => {
                if self.peers.contains_key(&member) {
                    let request = Request::Opened(wanted.clone());
                    self.send(&member, &request, Sent::Opened(wanted));
                } else {
                    self.tell(Event::Opened(member, wanted, None));
                }
            }
            Command::Reply(ReplyTo(channel), response) => {
                // A connection that ended meanwhile is no failure of ours.
                self.swarm.behaviour_mut().sync.send_response(channel, response.encode()).ok();
            }
            Command::Noted(reply) => self.noted(reply),
            Command::Drop(member, why) => self.keep_out(&member, &why),
        }
    }

    /// One message of heads is under way at a time; what changes meanwhile goes into the next.
    fn tell_heads(&mut self, member: &MemberCode) {
        let Some(peer) = self.peers.get_mut(member).filter(|peer| !peer.telling) else { return };
        let Some(heads) = peer.heads.take() else { return };
        peer.telling = true;
        let heads = heads.into_values().collect();
        self.send(member, &Request::Heads(heads), Sent::Heads);
    }

    fn push(&mut self, member: &MemberCode, range: RawRange, cosign: bool) {
        let Some(peer) = self.peers.get_mut(member) else { return };
        if peer.telling {
            let RawRange { log, checkpoint, .. } = range;
            let head = Head { log: log.clone(), checkpoint, cosigned: 0 };
            peer.heads.get_or_insert_default().insert(log, head);
            return;
        }
        peer.telling = true;
        self.send(member, &Request::Grown { range, cosign }, Sent::Heads);
    }

    fn tell_cosigned(&mut self, members: &[MemberCode], notes: Vec<CosignedNote>) {
        let request = Request::Cosigned(notes).encode();
        for member in members {
            let Some(peer) = self.peers.get_mut(member) else { continue };
            if peer.cosigned < COSIGNED_UNANSWERED_MAX {
                peer.cosigned += 1;
                self.send_bytes(member, request.clone(), Sent::Cosigned);
            }
        }
    }

    pub(super) fn send(&mut self, member: &MemberCode, request: &Request, sent: Sent) {
        self.send_bytes(member, request.encode(), sent);
    }

    fn send_bytes(&mut self, member: &MemberCode, request: Vec<u8>, sent: Sent) {
        let Some(id) = self.ids.get(member) else { return };
        let request = self.swarm.behaviour_mut().sync.send_request(id, request);
        self.sent.insert(request, (member.clone(), sent));
    }

    fn keep_out(&mut self, member: &MemberCode, why: &str) {
        tracing::warn!(%member, why, "dropping a peer");
        if let Some(id) = self.ids.get(member) {
            self.swarm.behaviour_mut().gate.disallow_peer(*id);
            self.kept_out.push((Instant::now() + PENALTY, *id));
        }
    }

    fn misbehaved(&mut self, member: MemberCode, why: String) {
        self.keep_out(&member, &why);
        self.tell(Event::Misbehaved(member, why));
    }

    fn tell(&mut self, event: Event) {
        self.outbox.push_back(event);
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "libp2p's enum, of which we need little")]
    fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::NewListenAddr { address, .. } => {
                tracing::info!(%address, "listening for peers");
                self.tell(Event::Listening(address));
            }
            SwarmEvent::ConnectionEstablished { peer_id, endpoint, num_established, .. } => {
                let Some(member) = self.members.get(&peer_id).cloned() else { return };
                let address = bare(endpoint.get_remote_address());
                if endpoint.is_dialer() {
                    self.dialled(&member, &address);
                }
                if num_established.get() == 1 {
                    self.peers.insert(member.clone(), Peer::new());
                    self.tell_addresses(&member);
                    self.tell(Event::Connected(member, address));
                }
            }
            SwarmEvent::ConnectionClosed { peer_id, num_established: 0, .. } => {
                let Some(member) = self.members.get(&peer_id).cloned() else { return };
                self.peers.remove(&member);
                self.tell(Event::Disconnected(member));
            }
            SwarmEvent::Behaviour(BehaviourEvent::Sync(event)) => self.on_sync(event),
            SwarmEvent::IncomingConnectionError { error, send_back_addr, .. } => {
                tracing::debug!(%error, from = %send_back_addr, "refused a connection");
            }
            other => tracing::trace!(?other, "network"),
        }
    }

    fn dialled(&mut self, member: &MemberCode, address: &Multiaddr) {
        self.addresses_new |= self.book.worked(member, address);
        for (known, owner) in &mut self.bootstrap {
            if known == address {
                *owner = Some(member.clone());
            }
        }
    }

    fn on_sync(&mut self, event: SyncEvent<Vec<u8>, Vec<u8>>) {
        match event {
            SyncEvent::Message { peer, message, .. } => {
                let Some(member) = self.members.get(&peer).cloned() else { return };
                match message {
                    Message::Request { request, channel, .. } => {
                        self.on_request(member, &request, ReplyTo(channel));
                    }
                    Message::Response { request_id, response } => {
                        let Some((_, sent)) = self.sent.remove(&request_id) else { return };
                        self.on_response(member, sent, &response);
                    }
                }
            }
            SyncEvent::OutboundFailure { request_id, error, .. } => {
                let Some((member, sent)) = self.sent.remove(&request_id) else { return };
                tracing::debug!(%member, %error, "a request failed");
                self.on_unanswered(member, sent);
            }
            SyncEvent::InboundFailure { error, .. } => tracing::debug!(%error, "an answer failed"),
            SyncEvent::ResponseSent { .. } => {}
        }
    }

    fn on_request(&mut self, member: MemberCode, request: &[u8], reply: ReplyTo) {
        match Request::decode(request) {
            Ok(Request::Heads(heads)) => {
                self.noted(reply);
                self.tell(Event::Heads(member, heads));
            }
            Ok(Request::Fetch { log, start, entries_max }) => {
                let wanted = Wanted { log, start, entries_max };
                self.tell(Event::Fetch(member, wanted, reply));
            }
            Ok(Request::Grown { range, cosign }) => {
                self.tell(Event::Grown(member, range, cosign, reply));
            }
            Ok(Request::Cosigned(notes)) => self.tell(Event::Cosigned(member, notes, reply)),
            Ok(Request::Prove { log, size }) => {
                self.tell(Event::Prove(member, Beginning { log, size }, reply));
            }
            Ok(Request::Forked(fork)) => self.tell(Event::Forked(member, fork, reply)),
            Ok(Request::Charters(known)) => self.tell(Event::ChartersTold(member, known, reply)),
            Ok(Request::Sealed(wanted)) => self.tell(Event::SealedWanted(member, wanted, reply)),
            Ok(Request::Opened(wanted)) => self.tell(Event::OpenedAsked(member, wanted, reply)),
            Ok(Request::Addresses(addresses)) => {
                self.noted(reply);
                self.on_addresses(addresses);
            }
            Err(why) => self.misbehaved(member, why.to_string()),
        }
    }

    fn noted(&mut self, ReplyTo(channel): ReplyTo) {
        self.swarm.behaviour_mut().sync.send_response(channel, Response::Noted.encode()).ok();
    }

    fn on_response(&mut self, member: MemberCode, sent: Sent, response: &[u8]) {
        let response = match Response::decode(response) {
            Ok(response) => response,
            Err(why) => {
                self.on_unanswered(member.clone(), sent);
                return self.misbehaved(member, why.to_string());
            }
        };
        match (sent, response) {
            (Sent::Fetch(wanted), Response::Range(range)) => {
                self.tell(Event::Range(member, wanted, range));
            }
            (Sent::Fetch(wanted), Response::Nothing) => {
                self.tell(Event::FetchFailed(member, wanted));
            }
            (Sent::Prove(beginning), Response::Side(side)) => {
                self.tell(Event::Side(member, beginning, side));
            }
            (Sent::Prove(beginning), Response::Nothing) => {
                self.tell(Event::ProveFailed(member, beginning));
            }
            (Sent::Fork(fork), Response::Noted) => self.tell(Event::ForkNoted(member, fork)),
            (Sent::Charters, Response::Charters(list)) => {
                self.tell(Event::ChartersGiven(member, list));
            }
            (Sent::Sealed(wanted), Response::Sealed(bytes)) => {
                self.tell(Event::Sealed(member, wanted, bytes.0));
            }
            (Sent::Opened(wanted), Response::Opened(records)) => {
                self.tell(Event::Opened(member, wanted, Some(records)));
            }
            (Sent::Opened(wanted), Response::Nothing) => {
                self.tell(Event::Opened(member, wanted, None));
            }
            (Sent::Sealed(wanted), Response::Nothing) => {
                self.tell(Event::SealedFailed(member, wanted));
            }
            (sent @ (Sent::Heads | Sent::Cosigned | Sent::Addresses), Response::Noted) => {
                self.on_unanswered(member, sent);
            }
            (sent, _) => {
                self.on_unanswered(member.clone(), sent);
                let why = "it answered a request of one kind with an answer of another";
                self.misbehaved(member, why.to_string());
            }
        }
    }

    fn on_unanswered(&mut self, member: MemberCode, sent: Sent) {
        match sent {
            Sent::Heads => {
                if let Some(peer) = self.peers.get_mut(&member) {
                    peer.telling = false;
                }
                self.tell_heads(&member);
            }
            Sent::Cosigned => {
                if let Some(peer) = self.peers.get_mut(&member) {
                    peer.cosigned = peer.cosigned.saturating_sub(1);
                }
            }
            // A proof that was not noted is shown again.
            Sent::Addresses | Sent::Fork(_) | Sent::Charters => {}
            Sent::Prove(beginning) => self.tell(Event::ProveFailed(member, beginning)),
            Sent::Fetch(wanted) => self.tell(Event::FetchFailed(member, wanted)),
            Sent::Sealed(wanted) => self.tell(Event::SealedFailed(member, wanted)),
            Sent::Opened(wanted) => self.tell(Event::Opened(member, wanted, None)),
        }
    }
}
