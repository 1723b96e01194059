//! Who hears of a cosignature when, in a network of many.

use cairn_ledger::Cosigner;
use cairn_replica::Limits;
use cairn_tests::people::Network;
use cairn_tests::sim::{Weather, World};
use std::collections::BTreeSet;
use std::sync::Arc;

const MEMBERS: usize = 24;
/// When the one thing that matters is said.
const SAID_AT: u64 = 5_000;

/// How much of the first member's log a node knows to be confirmed.
fn confirmed(world: &World, node: usize) -> u64 {
    let replica = world.nodes[node].replica.as_ref().expect("it runs");
    replica.logs()[&world.network.people[0].code].cosignatures().confirmed_size()
}

/// A node of 23 peers tells them all after 12 relay intervals, 600 ms. No head is told again meanwhile, so
/// that nothing is healed that was not told.
#[test]
fn an_author_is_confirmed_at_once_and_everybody_hears_of_every_cosignature_a_little_later() {
    let limits = Limits { relay_peers: 2, heads_interval_ms: 600_000, ..Limits::default() };
    let network = Arc::new(Network::of(MEMBERS));
    let mut world = World::new(1, network.clone(), limits, Weather::FAIR);
    world.link_at_random(0);
    (0..MEMBERS).for_each(|one| (0..one).for_each(|other| world.link(one, other)));
    world.wake_up();
    world.run_until(1_000);
    let author = &network.people[0];
    world.append(0, network.authorise(0, &author.contributor, Default::default()));
    world.run_until(SAID_AT);
    let all: Vec<_> = (0..MEMBERS).map(|node| confirmed(&world, node)).collect();
    assert_eq!(all, [1; MEMBERS]);
    world.append(0, network.note(0, 7));
    while confirmed(&world, 0) < 2 {
        world.run_until(world.now + 1);
        assert!(world.now < SAID_AT + 200, "the author waits with everybody");
    }
    assert!((1..MEMBERS).all(|node| confirmed(&world, node) == 1), "told to all at once");
    world.run_until(SAID_AT + 1_000);
    let others: BTreeSet<_> =
        network.people[1..].iter().map(|one| Cosigner::Member(one.code.clone())).collect();
    for (node, one) in world.nodes.iter().enumerate() {
        assert_eq!(confirmed(&world, node), 2);
        let held = &one.replica.as_ref().expect("it runs").logs()[&author.code];
        let newest = held.cosignatures().newest().iter();
        let known: BTreeSet<_> =
            newest.filter(|(_, (size, _))| *size == 2).map(|it| it.0).collect();
        assert_eq!(known, others.iter().collect(), "{node}");
    }
}
