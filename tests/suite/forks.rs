//! Villages where one member's key signs several histories: everybody ends at the same place with proof.

use crate::liars::{full_mesh, liar};
use crate::village::{FIVE, limits, seeds};
use cairn_ledger::fork::RawFork;
use cairn_replica::Limits;
use cairn_tests::sim::rng::Rng;
use cairn_tests::sim::{Face, Weather, World};

/// Histories of the last member that share their first entries: so many, and then each its own.
fn histories(shared: u64, sizes: &[u64]) -> Vec<Face> {
    let contributor = &FIVE.people[4].contributor;
    let face = |(number, size): (u64, &u64)| {
        let mut said = vec![FIVE.authorise(4, contributor, Default::default())];
        said.extend((1..shared).map(|n| FIVE.note(4, n)));
        said.extend((shared..*size).map(|n| FIVE.note(4, 1_000 * (number + 1) + n)));
        Face::of(&FIVE, 4, said)
    };
    (0..).zip(sizes).map(face).collect()
}

/// What an honest node has on its disk convicts offline.
pub(crate) fn has_proof(world: &World, node: usize) {
    let replica = world.nodes[node].replica.as_ref().expect("it runs");
    let fork = replica.logs()[&FIVE.people[4].code].fork().expect("a proof");
    let read = RawFork::decode(&fork.encode()).expect("the format").verify(&FIVE.charter);
    assert_eq!(read.expect("true").position(), fork.position());
}

/// A village with any weather, two or three histories, and any of them shown to anybody.
fn forked_village(seed: u64, wire: bool) -> (World, u64) {
    let mut rng = Rng::new(seed ^ 0xf0);
    let shared = rng.between(1, 12);
    let sizes: Vec<_> = (0..rng.between(2, 3)).map(|_| shared + rng.between(1, 9)).collect();
    let faces = histories(shared, &sizes);
    let weather = Weather { wire, ..Weather::of(seed) };
    let mut world = World::new(seed, FIVE.clone(), limits(seed), weather);
    world.link_at_random(1);
    // Nobody can be kept from hearing both.
    (0..4).for_each(|one| world.link(one, 4));
    let shown = |peer: usize| match peer {
        0 => faces[0].clone(),
        1 => faces[1].clone(),
        _ => faces[rng.below(faces.len())].clone(),
    };
    let shown: Vec<_> = (0..4).map(shown).enumerate().collect();
    world.lie(4, liar(shown));
    world.wake_up();
    world.brew(30_000);
    world.say_at_random(6, 30_000);
    world.run_until(30_000);
    world.heal();
    world.greet(4);
    world.run_until(60_000);
    (world, shared)
}

#[test]
fn whatever_the_weather_a_fork_ends_at_the_same_place_everywhere_with_proof() {
    for seed in seeds(40_001, 200) {
        let (mut world, shared) = forked_village(seed, seed % 20 == 0);
        world.settle(120_000);
        let forks = world.forks(4);
        // Whoever is shown less than the shared beginning before the fork is known keeps to it.
        assert!(forks.iter().all(Option::is_some), "seed {seed}: {forks:?}");
        assert!(forks[0] >= Some(shared), "seed {seed}: {forks:?}, they share {shared}");
        (0..4).for_each(|node| has_proof(&world, node));
        world.run_until(world.now + 30_000);
        assert_eq!(world.forks(4), forks, "seed {seed}: nothing earlier is found any more");
    }
}

/// The histories part at 700 of 3,000; both sides are held by two each.
#[test]
fn a_rewritten_entry_is_found_among_thousands() {
    let faces = histories(700, &[3_000, 2_950]);
    let mut world = full_mesh(3, Limits::default());
    world.lie(4, liar((0..4).map(|peer| (peer, faces[peer / 2].clone()))));
    world.part(0b01100);
    world.wake_up();
    world.run_until(30_000);
    world.part(0b11100);
    world.greet(4);
    world.run_until(60_000);
    world.join();
    world.run_until(80_000);
    assert_eq!(world.forks(4), [Some(700); 4]);
    for node in 0..4 {
        has_proof(&world, node);
        let replica = world.nodes[node].replica.as_ref().expect("it runs");
        let held = &replica.logs()[&FIVE.people[4].code];
        assert_eq!(held.standing(), 700);
        let proof = held.fork().expect("a proof").encode();
        assert!(proof.len() < 3_200, "{} bytes", proof.len());
    }
    assert!(world.watch.drops.is_empty(), "{:?}", world.watch.drops);
    world.settle(30_000);
}

/// Who holds less than the histories share fetches up to where they part, and no further.
#[test]
fn whoever_comes_later_gets_what_stands_and_the_proof() {
    let faces = histories(40, &[60, 70]);
    let mut world = full_mesh(4, Limits { range_entries: 7, ..Limits::default() });
    world.lie(4, liar((0..2).map(|peer| (peer, faces[peer].clone()))));
    (0..2).chain([4]).for_each(|node| world.start(node));
    world.run_until(20_000);
    world.start(2);
    world.run_until(40_000);
    // The last one never hears the liar, nor those who hold both sides.
    for other in [0, 1, 4] {
        world.links.remove(&(other.min(3), other.max(3)));
    }
    world.start(3);
    world.run_until(60_000);
    assert_eq!(world.forks(4), [Some(40); 4]);
    for node in [0, 1, 2] {
        let replica = world.nodes[node].replica.as_ref().expect("it runs");
        assert_eq!(replica.logs()[&FIVE.people[4].code].standing(), 40, "{node}");
    }
    has_proof(&world, 3);
}
