//! Where members' nodes can be reached: what the operator said, and what peers tell each other.
//!
//! An address is a hint. It is worth nothing without the transport key, so a false one costs a dial.

use cairn_ledger::text::MemberCode;
use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;
use std::collections::BTreeMap;

/// How many addresses are remembered for one member.
const PER_MEMBER_MAX: usize = 8;

/// What is known of where members are.
#[derive(Debug, Default)]
pub(crate) struct AddressBook {
    known: BTreeMap<MemberCode, Vec<Multiaddr>>,
}

impl AddressBook {
    /// Remembers an address that worked: it comes first from now on. True when it is new.
    pub(crate) fn worked(&mut self, member: &MemberCode, address: &Multiaddr) -> bool {
        let list = self.known.entry(member.clone()).or_default();
        let before = list.len();
        list.retain(|known| known != address);
        let new = list.len() == before;
        list.insert(0, address.clone());
        list.truncate(PER_MEMBER_MAX);
        new
    }

    /// Remembers an address that somebody told us, behind all that we know. True when it is new.
    pub(crate) fn heard(&mut self, member: &MemberCode, address: Multiaddr) -> bool {
        let list = self.known.entry(member.clone()).or_default();
        let new = list.len() < PER_MEMBER_MAX && !list.contains(&address) && dialable(&address);
        if new {
            list.push(address);
        }
        new
    }

    pub(crate) fn of(&self, member: &MemberCode) -> &[Multiaddr] {
        self.known.get(member).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&MemberCode, &Multiaddr)> {
        self.known
            .iter()
            .flat_map(|(member, list)| list.iter().map(move |address| (member, address)))
    }
}

/// An IP address or DNS name with a TCP or QUIC port, and nothing else: no relays, no sockets.
fn dialable(address: &Multiaddr) -> bool {
    let mut parts = address.iter();
    let host = matches!(
        parts.next(),
        Some(
            Protocol::Ip4(_)
                | Protocol::Ip6(_)
                | Protocol::Dns(_)
                | Protocol::Dns4(_)
                | Protocol::Dns6(_)
        )
    );
    let port = match parts.next() {
        Some(Protocol::Tcp(port)) => port != 0,
        Some(Protocol::Udp(port)) => port != 0 && parts.next() == Some(Protocol::QuicV1),
        _ => false,
    };
    host && port && parts.next().is_none()
}

/// The address without the peer's name at its end, which the charter gives us anyway.
pub(crate) fn bare(address: &Multiaddr) -> Multiaddr {
    address.iter().filter(|part| !matches!(part, Protocol::P2p(_))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_tcp_and_quic_addresses_are_believed() {
        for good in ["/ip4/10.1.2.3/tcp/4001", "/ip6/::1/udp/9/quic-v1", "/dns/a.example/tcp/1"] {
            assert!(dialable(&good.parse().unwrap()), "{good}");
        }
        for bad in
            ["/ip4/10.1.2.3/tcp/0", "/ip4/1.1.1.1/udp/9", "/unix/tmp", "/ip4/1.1.1.1/tcp/4/ws"]
        {
            assert!(!dialable(&bad.parse().unwrap()), "{bad}");
        }
    }
}
