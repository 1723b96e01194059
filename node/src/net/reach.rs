//! Where members' nodes can be reached: told, heard, and dialled where a connection is missing.

use super::Multiaddr;
use super::addresses::bare;
use super::dial::Target;
use super::swarm::{ADDRESSES_AGAIN, ADDRESSES_INTERVAL, LASTS, Network, Sent};
use cairn_ledger::text::{MemberCode, Text};
use cairn_replica::message::{Address, Request};
use libp2p::PeerId;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use std::time::Instant;

impl Network {
    /// Tells a peer where we and others can be reached.
    pub(super) fn tell_addresses(&mut self, member: &MemberCode) {
        let listening: Vec<_> = match &self.announce[..] {
            [] => self.swarm.listeners().cloned().collect(),
            announced => announced.to_vec(),
        };
        let ours = listening.iter().map(|address| (&self.me, address));
        let all = ours.chain(self.book.all().filter(|(code, _)| *code != member));
        let tell = |(member, address): (&MemberCode, &Multiaddr)| {
            let address = Text::new(&bare(address).to_string()).ok()?;
            Some(Address { member: member.clone(), address })
        };
        let list = all.filter_map(tell).take(1024).collect();
        self.send(member, &Request::Addresses(list), Sent::Addresses);
    }

    /// Tells everybody of addresses that were learnt since, and now and then all of them: two nodes
    /// that came to a third at the same time have to hear of each other.
    pub(super) fn tell_new_addresses(&mut self) {
        let elapsed = self.addresses_told.elapsed();
        let new = self.addresses_new && elapsed >= ADDRESSES_INTERVAL;
        if new || elapsed >= ADDRESSES_AGAIN {
            (self.addresses_new, self.addresses_told) = (false, Instant::now());
            let peers: Vec<_> = self.peers.keys().cloned().collect();
            peers.iter().for_each(|member| self.tell_addresses(member));
        }
    }

    pub(super) fn on_addresses(&mut self, list: Vec<Address>) {
        for Address { member, address } in list {
            if member != self.me
                && self.charter.member(&member).is_some()
                && let Ok(address) = address.as_str().parse()
            {
                self.addresses_new |= self.book.heard(&member, address);
            }
        }
    }

    pub(super) fn dial_missing(&mut self) {
        let now = Instant::now();
        let (over, kept) = self.kept_out.drain(..).partition(|(until, _)| *until <= now);
        self.kept_out = kept;
        let over: Vec<(Instant, PeerId)> = over;
        for (_, id) in over {
            self.swarm.behaviour_mut().gate.allow_peer(id);
        }
        for (member, _) in self.peers.iter().filter(|(_, peer)| peer.since.elapsed() >= LASTS) {
            self.backoff.succeeded(&Target::Member(member.clone()));
        }
        let bootstrap = self.bootstrap.clone();
        for (address, owner) in bootstrap {
            let connected = owner.as_ref().is_some_and(|owner| self.peers.contains_key(owner));
            if !connected && self.backoff.due(&Target::Address(address.clone()), now) {
                self.swarm.dial(DialOpts::unknown_peer_id().address(address).build()).ok();
            }
        }
        let missing: Vec<_> =
            self.ids.iter().filter(|(code, _)| !self.peers.contains_key(*code)).collect();
        for (code, id) in missing {
            let addresses = self.book.of(code).to_vec();
            if !addresses.is_empty() && self.backoff.due(&Target::Member(code.clone()), now) {
                let condition = PeerCondition::DisconnectedAndNotDialing;
                let dial = DialOpts::peer_id(*id).condition(condition).addresses(addresses);
                self.swarm.dial(dial.build()).ok();
            }
        }
    }
}
