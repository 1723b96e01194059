//! A peer that lies: a libp2p client with a member's true transport key and no honesty.
//!
//! It moves only while it is waited for: [`Hostile::until`] takes part in the network until
//! something is seen, and answers what the node asks meanwhile.

use super::history;
use cairn_ledger::text::MemberCode;
use cairn_ledger::{NetworkId, SecretKey};
use cairn_replica::message::{Request, Response};
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, StreamExt};
use libp2p::request_response::{self, Event, Message, ProtocolSupport};
use libp2p::swarm::SwarmEvent;
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::{PeerId, Swarm, SwarmBuilder, identity, noise, tcp, yamux};
use std::io;
use std::time::Duration;
use tokio::runtime::Runtime;

/// Bytes as they are, to the end of the stream.
#[derive(Debug, Clone, Default)]
pub struct Raw;

impl request_response::Codec for Raw {
    type Protocol = String;
    type Request = Vec<u8>;
    type Response = Vec<u8>;

    async fn read_request<T>(&mut self, _: &String, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io).await
    }

    async fn read_response<T>(&mut self, _: &String, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io).await
    }

    async fn write_request<T>(&mut self, _: &String, io: &mut T, bytes: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write(io, &bytes).await
    }

    async fn write_response<T>(&mut self, _: &String, io: &mut T, bytes: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write(io, &bytes).await
    }
}

async fn read<T: AsyncRead + Unpin + Send>(io: &mut T) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    io.read_exact(&mut length).await?;
    let mut bytes = Vec::new();
    io.read_to_end(&mut bytes).await?;
    Ok(bytes)
}

async fn write<T: AsyncWrite + Unpin + Send>(io: &mut T, bytes: &[u8]) -> io::Result<()> {
    if bytes != ABANDONED {
        io.write_all(&u32::try_from(bytes.len()).map_err(io::Error::other)?.to_be_bytes()).await?;
    }
    io.write_all(bytes).await?;
    io.close().await
}

/// What is sent as it is: a length of a hundred bytes, four of them, and no more.
pub const ABANDONED: &[u8] = &[0, 0, 0, 100, 1, 2, 3, 4];

/// What a hostile peer sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The handshake is done, as far as this side knows.
    Connected,
    /// The connection ended.
    Closed,
    /// A request was answered.
    Answered(Vec<u8>),
    /// A request was not answered.
    Unanswered,
    /// The node asked something.
    Asked(Request),
}

/// How the node's requests are answered. `None` answers nothing at all.
type Answer = Box<dyn FnMut(&Request) -> Option<Vec<u8>> + Send>;

/// The peer.
pub struct Hostile {
    runtime: Runtime,
    swarm: Swarm<request_response::Behaviour<Raw>>,
    answer: Answer,
    node: Option<PeerId>,
    unanswered: Vec<request_response::ResponseChannel<Vec<u8>>>,
}

impl Hostile {
    /// A peer with this transport key that answers as an honest node would that holds nothing.
    ///
    /// # Panics
    /// When the system does not give what a network needs.
    #[must_use]
    pub fn new(transport: &SecretKey, network: NetworkId) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let mut seed = *transport.seed();
        let key = identity::Keypair::ed25519_from_bytes(&mut seed).expect("a key");
        let network: String = network.to_string().chars().take(16).collect();
        let protocol = format!("/cairn/{network}/sync/1");
        let config = request_response::Config::default();
        let swarm = {
            let _inside = runtime.enter();
            SwarmBuilder::with_existing_identity(key)
                .with_tokio()
                .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
                .expect("a transport")
                .with_behaviour(|_| {
                    request_response::Behaviour::new([(protocol, ProtocolSupport::Full)], config)
                })
                .expect("a behaviour")
                .with_swarm_config(|swarm| {
                    swarm.with_idle_connection_timeout(Duration::from_secs(120))
                })
                .build()
        };
        let honest = |request: &Request| {
            Some(match request {
                Request::Heads(_)
                | Request::Addresses(_)
                | Request::Grown { .. }
                | Request::Forked(_)
                | Request::Cosigned(_) => Response::Noted.encode(),
                Request::Fetch { .. }
                | Request::Prove { .. }
                | Request::Sealed(_)
                | Request::Opened(_) => Response::Nothing.encode(),
                Request::Charters(_) => Response::Charters(Vec::new()).encode(),
            })
        };
        Self { runtime, swarm, answer: Box::new(honest), node: None, unanswered: Vec::new() }
    }

    /// The same, answering fetches with these bytes, whatever was asked for.
    #[must_use]
    pub fn serving(mut self, bytes: Vec<u8>) -> Self {
        self.answer = Box::new(move |request| {
            Some(match request {
                Request::Heads(_)
                | Request::Addresses(_)
                | Request::Grown { .. }
                | Request::Forked(_)
                | Request::Cosigned(_) => Response::Noted.encode(),
                Request::Prove { .. } | Request::Sealed(_) | Request::Opened(_) => {
                    Response::Nothing.encode()
                }
                Request::Charters(_) => Response::Charters(Vec::new()).encode(),
                Request::Fetch { .. } => bytes.clone(),
            })
        });
        self
    }

    /// The same, answering everything as told.
    #[must_use]
    pub fn answering(
        mut self,
        answer: impl FnMut(&Request) -> Option<Vec<u8>> + Send + 'static,
    ) -> Self {
        self.answer = Box::new(answer);
        self
    }

    /// Connects with the node that listens at this port.
    ///
    /// # Panics
    /// When that takes too long.
    pub fn connect(&mut self, port: u16) {
        self.dial(port);
        self.until("connected", |seen| (seen == Seen::Connected).then_some(()));
    }

    /// Begins to connect with the node that listens at this port.
    ///
    /// # Panics
    /// When the address is none.
    pub fn dial(&mut self, port: u16) {
        let address = format!("/ip4/127.0.0.1/tcp/{port}").parse().expect("an address");
        let _inside = self.runtime.enter();
        let dial = DialOpts::unknown_peer_id().address(address).build();
        self.swarm.dial(dial).expect("it can be dialled");
    }

    /// Sends bytes as a request to the node that it is, or was, connected with.
    ///
    /// # Panics
    /// When it has never been connected.
    pub fn send(&mut self, bytes: Vec<u8>) {
        let node = self.node.expect("a node that was connected");
        self.swarm.behaviour_mut().send_request(&node, bytes);
    }

    /// Tells the node that it holds these checkpoints.
    ///
    /// # Panics
    /// When it has never been connected.
    pub fn tell(&mut self, heads: &[(&MemberCode, &str)]) {
        self.send(history::heads(heads));
    }

    /// Takes part in the network until something is seen.
    ///
    /// # Panics
    /// When nothing is seen in time.
    pub fn until<T>(&mut self, what: &str, mut pick: impl FnMut(Seen) -> Option<T>) -> T {
        let waited = async {
            loop {
                let event = self.swarm.select_next_some().await;
                let seen = see(event, &mut self.node, |request| (self.answer)(request));
                let Some((seen, reply)) = seen else { continue };
                match reply {
                    Some((channel, Some(bytes))) => {
                        // The node may have closed the connection meanwhile.
                        self.swarm.behaviour_mut().send_response(channel, bytes).ok();
                    }
                    Some((channel, None)) => self.unanswered.push(channel),
                    None => {}
                }
                if let Some(picked) = pick(seen) {
                    return picked;
                }
            }
        };
        let waited = async { tokio::time::timeout(super::SOON, waited).await };
        self.runtime.block_on(waited).unwrap_or_else(|_| panic!("a hostile peer still not: {what}"))
    }

    /// Takes part in the network on a thread of its own, for as long as what is returned is kept.
    #[must_use]
    pub fn live(mut self) -> Living {
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            // Nothing is ever sent: the channel ends.
            while stopped.try_recv() != Err(std::sync::mpsc::TryRecvError::Disconnected) {
                self.linger(Duration::from_millis(50));
            }
        });
        Living { stop: Some(stop), thread: Some(thread) }
    }

    fn linger(&mut self, span: Duration) {
        let live = async {
            loop {
                let event = self.swarm.select_next_some().await;
                let seen = see(event, &mut self.node, |request| (self.answer)(request));
                if let Some((_, Some((channel, Some(bytes))))) = seen {
                    // The node may have closed the connection meanwhile.
                    self.swarm.behaviour_mut().send_response(channel, bytes).ok();
                }
            }
        };
        let _ = self.runtime.block_on(async { tokio::time::timeout(span, live).await });
    }

    /// Takes part in the network until the connection has ended.
    ///
    /// # Panics
    /// When it does not end in time.
    pub fn until_closed(&mut self) {
        self.until("dropped", |seen| (seen == Seen::Closed).then_some(()));
    }
}

/// A hostile peer that takes part by itself until this is dropped.
#[derive(Debug)]
pub struct Living {
    stop: Option<std::sync::mpsc::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Living {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // Its own panic was printed where it happened.
            thread.join().ok();
        }
    }
}

/// Where an answer goes, and the answer, if there is to be one.
type Reply = (request_response::ResponseChannel<Vec<u8>>, Option<Vec<u8>>);

fn see(
    event: SwarmEvent<Event<Vec<u8>, Vec<u8>>>,
    node: &mut Option<PeerId>,
    mut answer: impl FnMut(&Request) -> Option<Vec<u8>>,
) -> Option<(Seen, Option<Reply>)> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "libp2p's enum, of which we need little")]
    match event {
        SwarmEvent::ConnectionEstablished { peer_id, .. } => {
            *node = Some(peer_id);
            Some((Seen::Connected, None))
        }
        SwarmEvent::ConnectionClosed { .. } | SwarmEvent::OutgoingConnectionError { .. } => {
            Some((Seen::Closed, None))
        }
        SwarmEvent::Behaviour(Event::OutboundFailure { .. }) => Some((Seen::Unanswered, None)),
        SwarmEvent::Behaviour(Event::Message { message, .. }) => match message {
            Message::Response { response, .. } => Some((Seen::Answered(response), None)),
            Message::Request { request, channel, .. } => {
                let request = Request::decode(&request).expect("an honest node's request");
                let reply = answer(&request);
                Some((Seen::Asked(request), Some((channel, reply))))
            }
        },
        _ => None,
    }
}
