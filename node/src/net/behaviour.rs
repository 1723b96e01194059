//! The protocols a node speaks, and the limits around them.

use super::codec::Codec;
use cairn_ledger::{Charter, NetworkId, PublicKey};
use libp2p::allow_block_list::{self, AllowedPeers};
use libp2p::connection_limits::{self, ConnectionLimits};
use libp2p::identity::{self, PeerId};
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::swarm::NetworkBehaviour;
use libp2p::{identify, memory_connection_limits, ping};
use std::time::Duration;

/// How long a request may take. The replica gives up earlier and asks somebody else.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How many requests one connection may have under way.
const STREAMS_MAX: usize = 32;
/// How many connections one member may have: both sides may dial at once, over TCP and QUIC.
const CONNECTIONS_PER_PEER: u32 = 4;
/// How many connections may be in their handshake: strangers get no further.
const PENDING_MAX: u32 = 128;
/// No new connections while the process uses more memory than this.
const MEMORY_BYTES_MAX: usize = 1 << 30;

#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    pub(crate) gate: allow_block_list::Behaviour<AllowedPeers>,
    limits: connection_limits::Behaviour,
    memory: memory_connection_limits::Behaviour,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    pub(crate) sync: request_response::Behaviour<Codec>,
}

/// The name of the protocol: nodes of another network do not even speak it.
fn protocol(network: NetworkId) -> String {
    let network: String = network.to_string().chars().take(16).collect();
    format!("/cairn/{network}/sync/1")
}

impl Behaviour {
    pub(crate) fn new(key: &identity::PublicKey, charter: &Charter) -> Self {
        let members = u32::try_from(charter.members().len()).unwrap_or(u32::MAX);
        let established = members.saturating_mul(CONNECTIONS_PER_PEER);
        let limits = ConnectionLimits::default()
            .with_max_pending_incoming(Some(PENDING_MAX))
            .with_max_pending_outgoing(Some(PENDING_MAX))
            .with_max_established(Some(established))
            .with_max_established_per_peer(Some(CONNECTIONS_PER_PEER));
        let config = request_response::Config::default()
            .with_request_timeout(REQUEST_TIMEOUT)
            .with_max_concurrent_streams(STREAMS_MAX);
        let version = format!("/cairn/{}", env!("CARGO_PKG_VERSION"));
        Self {
            gate: allow_block_list::Behaviour::default(),
            limits: connection_limits::Behaviour::new(limits),
            memory: memory_connection_limits::Behaviour::with_max_bytes(MEMORY_BYTES_MAX),
            identify: identify::Behaviour::new(
                identify::Config::new(version, key.clone()).with_push_listen_addr_updates(false),
            ),
            ping: ping::Behaviour::new(ping::Config::new().with_interval(Duration::from_secs(15))),
            sync: request_response::Behaviour::new(
                [(protocol(charter.network()), ProtocolSupport::Full)],
                config,
            ),
        }
    }
}

/// The libp2p name of a transport key. `None` for a key that is none.
pub(crate) fn peer_id(key: &PublicKey) -> Option<PeerId> {
    let key = identity::ed25519::PublicKey::try_from_bytes(&key.0).ok()?;
    Some(identity::PublicKey::from(key).to_peer_id())
}
