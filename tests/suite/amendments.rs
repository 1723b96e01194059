//! Villages whose charter is amended: whatever the order and the weather, all honest nodes end under
//! the same version, and judge every log alike.

use crate::village::{limits, seeds};
use cairn_ledger::card::MemberSecrets;
use cairn_ledger::charter::{CharterError, Ended, Learnt, PendingCharter, Rules};
use cairn_ledger::statement::Timestamp;
use cairn_replica::{Input, Limits, Token};
use cairn_tests::people::{Network, Person, key};
use cairn_tests::sim::{Weather, World};
use std::sync::Arc;

/// A network of the first `founders` of so many people; the others may be admitted.
fn founded(founders: usize, people: usize) -> Arc<Network> {
    let all: Vec<_> = (0..people).map(Person::new).collect();
    let rules = Rules { secretariat_signs: false, ..Rules::two_thirds_of(founders) };
    let mut network = Network::of_people(all[..founders].to_vec(), rules);
    network.people = all;
    Arc::new(network)
}

fn world(seed: u64, network: &Arc<Network>) -> World {
    let mut world = World::new(seed, network.clone(), limits(seed), Weather::of(seed));
    world.link_at_random(1);
    world
}

/// The successor of the network's first charter with these cards, unsigned.
fn amended(
    network: &Network,
    cards: &[Vec<u8>],
    members: usize,
    ended: Vec<Ended>,
) -> PendingCharter {
    let rules = Rules { secretariat_signs: false, ..Rules::two_thirds_of(members) };
    let (charter, at) = (&network.charter, Timestamp(1_800_000_000));
    PendingCharter::amend(charter, at, rules, cards, Vec::new(), ended).expect("an amendment")
}

fn cards(people: &[Person]) -> Vec<Vec<u8>> {
    people.iter().map(|one| one.card().sign(&one.secrets)).collect()
}

/// The same amendment as each of these members signs it alone.
fn signed_alone(proposal: &PendingCharter, signers: &[Person]) -> Vec<Vec<u8>> {
    let sign = |one: &Person| {
        let mut copy = proposal.clone();
        copy.sign(&one.secrets.root).expect("a member");
        copy.encode()
    };
    signers.iter().map(sign).collect()
}

fn offer(world: &mut World, node: usize, charter: &[u8]) {
    world.input(node, Input::Offered(Token::NOBODY, charter.to_vec()));
}

/// The version under which each of the first nodes runs, and the proof of a fork that it has.
fn versions(world: &World, nodes: usize) -> Vec<(u32, bool)> {
    let running = world.nodes[..nodes].iter().filter_map(|node| node.replica.as_ref());
    running.map(|it| (it.charter().version(), it.amendments().charter().fork().is_some())).collect()
}

/// Peace, and then agreement among those who are members.
fn settle(world: &mut World) {
    world.heal();
    world.run_until(world.now + 5_000);
    world.settle(60_000);
}

#[test]
fn signatures_that_are_handed_in_anywhere_in_any_weather_bring_one_version_in_force_everywhere() {
    let network = founded(5, 5);
    for seed in seeds(0, 60) {
        let mut world = world(seed, &network);
        world.wake_up();
        world.brew(40_000);
        world.say_at_random(4, 40_000);
        let mut people = network.people.clone();
        // Two members have new log and cosigning keys.
        for (number, person) in people.iter_mut().enumerate().take(2) {
            let fresh = 9_000 + number as u64 * 4;
            (person.secrets.log, person.secrets.cosign) = (key(fresh), key(fresh + 1));
            world.nodes[number].spare.push(person.secrets.clone());
        }
        let proposal = amended(&network, &cards(&people), 5, Vec::new());
        let signed = signed_alone(&proposal, &network.people[..4]);
        for (number, charter) in signed.iter().enumerate() {
            world.run_until(world.now + 7_000);
            let node = (number * 3 + seed as usize) % 5;
            // A proposal that is handed in where the power is out is handed in again later.
            world.start(node);
            offer(&mut world, node, charter);
        }
        settle(&mut world);
        world.run_until(world.now + 20_000);
        world.settle(60_000);
        assert_eq!(versions(&world, 5), [(2, false); 5], "seed {seed}");
        for node in &world.nodes {
            for (log, held) in node.replica.as_ref().expect("it runs").logs() {
                assert_eq!(held.stored().version().version(), 2, "seed {seed}: {log}");
            }
        }
    }
}

#[test]
fn two_competing_amendments_have_no_force_anywhere_whoever_hears_of_them_first() {
    let network = founded(5, 7);
    for seed in seeds(100, 60) {
        let mut world = world(seed, &network);
        (0..5).for_each(|node| world.start(node));
        world.watch.trouble_expected = true;
        world.say_at_random(3, 20_000);
        world.part(0b00011);
        let with = |more: usize| {
            let all = [&network.people[..5], &network.people[more..=more]].concat();
            let mut one = amended(&network, &cards(&all), 6, Vec::new());
            network.people[..4].iter().for_each(|by| drop(one.sign(&by.secrets.root)));
            one.encode()
        };
        let [here, there] = [with(5), with(6)];
        offer(&mut world, 0, &here);
        offer(&mut world, 4, &there);
        world.run_until(10_000);
        world.join();
        world.run_until(world.now + 20_000);
        world.heal();
        world.run_until(world.now + 20_000);
        assert_eq!(versions(&world, 5), [(1, true); 5], "seed {seed}");
        // Whoever hears of both at once ends at the same place, with the same proof.
        let forks: Vec<_> = world.nodes[..5]
            .iter()
            .map(|node| {
                let known = node.replica.as_ref().expect("it runs").amendments().charter();
                known.fork().expect("two").map(|version| version.id())
            })
            .collect();
        assert!(forks.windows(2).all(|two| two[0] == two[1]), "seed {seed}");
    }
}

#[test]
fn one_member_is_one_signature_and_what_is_replayed_changes_nothing() {
    let network = founded(5, 6);
    let mut world = world(1, &network);
    (0..5).for_each(|node| world.start(node));
    let proposal = amended(&network, &cards(&network.people), 6, Vec::new());
    let signed = signed_alone(&proposal, &network.people[..4]);
    for _ in 0..5 {
        offer(&mut world, 0, &signed[0]);
    }
    let answers: Vec<_> = world.watch.offered.iter().map(|(_, answer)| answer.clone()).collect();
    let nothing = Ok::<_, CharterError>(Learnt::Nothing);
    let expected: Vec<_> = std::iter::once(Ok(Learnt::Proposal)).chain(vec![nothing; 4]).collect();
    assert_eq!(answers, expected);
    let unsigned = amended(
        &network,
        &cards(&network.people[..4]),
        4,
        vec![Ended {
            member: network.people[4].code.clone(),
            size: 0,
            root: cairn_ledger::Log::new(&network.charter, &network.people[4].code)
                .expect("a log")
                .head()
                .root,
        }],
    );
    offer(&mut world, 1, &unsigned.encode());
    assert!(world.watch.offered.last().expect("an answer").1.is_err());
    signed[1..].iter().rev().for_each(|charter| offer(&mut world, 3, charter));
    world.run_until(20_000);
    assert_eq!(versions(&world, 5), [(2, false); 5]);
    // The same signatures again, in another order.
    signed.iter().for_each(|charter| offer(&mut world, 2, charter));
    assert_eq!(world.watch.offered.last().expect("an answer").1, Ok(Learnt::Nothing));
    world.run_until(25_000);
    assert_eq!(versions(&world, 5), [(2, false); 5]);
}

#[test]
fn a_removed_member_that_goes_on_talking_is_heard_by_nobody_and_its_log_stands() {
    let network = founded(5, 5);
    for seed in seeds(200, 30) {
        let limits = Limits { settle_ms: 0, ..limits(seed) };
        let mut world = World::new(seed, network.clone(), limits, Weather::FAIR);
        (0..5).for_each(|one| (0..one).for_each(|other| world.link(one, other)));
        (0..5).for_each(|node| world.start(node));
        world.say_at_random(4, 10_000);
        world.run_until(15_000);
        let gone = &network.people[4].code;
        let replica = world.nodes[0].replica.as_ref().expect("it runs");
        let head = replica.logs()[gone].stored().head();
        let ended = vec![Ended { member: gone.clone(), size: head.size, root: head.root }];
        let proposal = amended(&network, &cards(&network.people[..4]), 4, ended);
        // Its node is cut off, and hears nothing of it.
        for peer in 0..4 {
            world.links.get_mut(&(peer, 4)).expect("a link").blocked = [true; 2];
        }
        signed_alone(&proposal, &network.people[..4])
            .iter()
            .for_each(|charter| offer(&mut world, 1, charter));
        world.run_until(world.now + 5_000);
        for reference in 1..4 {
            let statement = network.note(4, seed * 1_000 + reference);
            world.append(4, statement);
        }
        world.run_until(world.now + 2_000);
        for peer in 0..4 {
            world.links.get_mut(&(peer, 4)).expect("a link").blocked = [false; 2];
        }
        world.run_until(world.now + 20_000);
        for node in &world.nodes[..4] {
            let replica = node.replica.as_ref().expect("it runs");
            assert_eq!(replica.charter().version(), 2, "seed {seed}");
            let held = &replica.logs()[gone];
            assert_eq!(held.standing(), head.size, "seed {seed}");
            assert_eq!(held.fork(), None, "seed {seed}");
            assert!(replica.connected().all(|peer| peer != gone), "seed {seed}");
        }
    }
}

#[test]
fn an_amendment_reaches_who_was_away_for_long_and_a_new_member_catches_up() {
    let network = founded(4, 5);
    for seed in seeds(300, 30) {
        let mut world = World::new(seed, network.clone(), limits(seed), Weather::FAIR);
        (0..5).for_each(|one| (0..one).for_each(|other| world.link(one, other)));
        (0..3).for_each(|node| world.start(node));
        world.run_until(1_000);
        let proposal = amended(&network, &cards(&network.people), 5, Vec::new());
        let signed = signed_alone(&proposal, &network.people[..3]);
        signed.iter().for_each(|charter| offer(&mut world, 0, charter));
        world.run_until(60_000);
        assert_eq!(versions(&world, 3), [(2, false); 3], "seed {seed}");
        // The fourth slept through all of it; the fifth is given the charter as a file.
        world.start(3);
        let amendments = world.nodes[0].replica.as_ref().expect("it runs").amendments().clone();
        world.nodes[4].disk.keep_charters(&amendments);
        world.start(4);
        world.say_at_random(3, 80_000);
        world.run_until(100_000);
        settle(&mut world);
        assert_eq!(versions(&world, 5), [(2, false); 5], "seed {seed}");
    }
}

/// The first charter with these secrets in place of a member's.
fn with_secrets(person: &Person, secrets: MemberSecrets) -> Person {
    Person { secrets, ..person.clone() }
}

#[test]
fn a_lost_root_key_is_replaced_by_the_others_and_the_old_one_says_nothing_more() {
    let network = founded(5, 5);
    let mut world = World::new(7, network.clone(), limits(7), Weather::FAIR);
    (0..5).for_each(|one| (0..one).for_each(|other| world.link(one, other)));
    (0..5).for_each(|node| world.start(node));
    world.run_until(1_000);
    let mut people = network.people.clone();
    let fresh = MemberSecrets { root: key(8_888), ..people[0].secrets.clone() };
    people[0] = with_secrets(&people[0], fresh);
    let proposal = amended(&network, &cards(&people), 5, Vec::new());
    // The member itself cannot sign: its key is lost.
    signed_alone(&proposal, &network.people[1..])
        .iter()
        .for_each(|charter| offer(&mut world, 2, charter));
    world.run_until(10_000);
    assert_eq!(versions(&world, 5), [(2, false); 5]);
    world.append(0, network.authorise(0, &key(1), Default::default()));
    world.run_until(12_000);
    assert_eq!(world.watch.refused.len(), 1, "the lost key speaks no more");
    let renewed = Network { charter: network.charter.clone(), people };
    world.append(0, renewed.authorise(0, &key(2), Default::default()));
    world.run_until(20_000);
    assert_eq!(world.watch.refused.len(), 1, "the new one does");
    settle(&mut world);
}
