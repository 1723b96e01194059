//! Villages with somebody who lies, withholds, or comes back with an old disk.

use crate::village::{FIVE, seeds};
use cairn_ledger::hash::EntryHash;
use cairn_ledger::{Checkpoint, Entry};
use cairn_replica::{Alarm, AppendError, Fault, Limits, Range};
use cairn_tests::people::Network;
use cairn_tests::sim::disk::Disk;
use cairn_tests::sim::talk::range_of;
use cairn_tests::sim::{Answer, Face, Liar, Weather, World};
use std::sync::Arc;

pub(crate) fn full_mesh(seed: u64, limits: Limits) -> World {
    let mut world = World::new(seed, FIVE.clone(), limits, Weather::FAIR);
    for one in 0..5 {
        (one..5).for_each(|other| world.link(one, other));
    }
    world
}

/// A member's log: its contributor authorised, and then so many notes, numbered from `first`.
pub(crate) fn history(network: &Network, author: usize, first: u64, notes: u64) -> Face {
    let contributor = &network.people[author].contributor;
    let mut said = vec![network.authorise(author, contributor, Default::default())];
    said.extend((first..first + notes).map(|n| network.note(author, n)));
    Face::of(network, author, said)
}

pub(crate) fn liar(faces: impl IntoIterator<Item = (usize, Face)>) -> Liar {
    Liar { faces: faces.into_iter().collect(), ..Liar::default() }
}

pub(crate) fn stored(world: &World, node: usize, author: usize) -> (u64, EntryHash) {
    let replica = world.nodes[node].replica.as_ref().expect("it runs");
    let held = &replica.logs()[&FIVE.people[author].code];
    (held.stored().size(), held.stored().last())
}

#[test]
fn whoever_sees_two_histories_freezes_that_log_keeps_what_it_holds_and_goes_on_with_the_others() {
    let mut world = full_mesh(1, Limits::default());
    let (one, other) = (history(&FIVE, 4, 10, 3), history(&FIVE, 4, 20, 3));
    let sides = [(0, &one), (1, &one), (2, &other), (3, &other)];
    world.lie(4, liar(sides.map(|(peer, face)| (peer, face.clone()))));
    world.part(0b01100);
    world.wake_up();
    world.run_until(1_000);
    world.join();
    // What the first part of the village was told, the other one never heard, and the other way round.
    world.greet(4);
    world.run_until(5_000);
    world.say_at_random(5, 10_000);
    world.run_until(30_000);
    let longer = [10, 20].map(|first| history(&FIVE, 4, first, 5));
    world.lie(4, liar((0..4).map(|peer| (peer, longer[peer / 2].clone()))));
    world.greet(4);
    world.run_until(40_000);
    for (peer, face) in sides {
        let last = face.entries.last().expect("not empty").hash();
        assert_eq!(stored(&world, peer, 4), (4, last), "{peer} keeps what it held");
        let earliest = Alarm::Fork { log: face.log.clone(), position: 1 };
        let alarms =
            world.watch.alarms.iter().filter(|(node, alarm)| (*node, alarm) == (peer, &earliest));
        assert_eq!(alarms.count(), 1, "{peer} says so, once");
    }
    assert_eq!(world.forks(4), [Some(1); 4], "everybody knows where the histories part");
    assert!(world.watch.drops.is_empty(), "nobody is blamed for passing it on");
    world.settle(30_000);
}

/// Member 0 speaks while only member 1 is there, cut off from it; a liar offers 1 that log, spoilt.
fn served_by_a_liar(spoil: fn(&mut Range) -> Answer) -> World {
    let spoilt = Liar { spoil: Some(spoil), ..Liar::default() };
    let world = served_by(spoilt, Limits::default());
    assert_eq!(stored(&world, 1, 0).0, 0, "nothing spoilt is held");
    world
}

/// The same with any liar, which shows the author's true promise.
pub(crate) fn served_by(spoilt: Liar, limits: Limits) -> World {
    let mut world = full_mesh(2, limits);
    let face = history(&FIVE, 0, 10, 5);
    world.watch.trouble_expected = true;
    world.part(0b00001);
    world.lie(4, Liar { faces: [(1, face.clone())].into(), ..spoilt });
    // The author's own node holds exactly that history: appending is deterministic.
    world.start(0);
    world.run_until(100);
    for entry in &face.entries {
        world.append(0, entry.signed().clone());
    }
    world.run_until(1_000);
    world.start(1);
    world.run_until(10_000);
    world
}

/// The author can be reached again: its log arrives whole from there.
pub(crate) fn reached_again(mut world: World) {
    world.join();
    world.start(2);
    world.start(3);
    world.settle(60_000);
    assert_eq!(stored(&world, 1, 0).0, 6);
}

fn drop_one(range: &mut Range) -> Answer {
    range.entries.remove(2);
    Answer::Send
}

fn swap_two(range: &mut Range) -> Answer {
    range.entries.swap(1, 2);
    Answer::Send
}

fn repeat_one(range: &mut Range) -> Answer {
    let again = range.entries[3].clone();
    range.entries.insert(3, again);
    Answer::Send
}

fn replace_first(range: &mut Range) -> Answer {
    let said = range.entries[0].signed().clone();
    range.entries[0] = Entry::place(0, EntryHash([9; 32]), said);
    Answer::Send
}

fn flip_proof(range: &mut Range) -> Answer {
    range.entries.truncate(3);
    range.proof = vec![cairn_ledger::TreeHash([7; 32]); 3];
    Answer::Send
}

fn say_that_nothing_is_there(_: &mut Range) -> Answer {
    Answer::Nothing
}

fn say_nothing(_: &mut Range) -> Answer {
    Answer::Silence
}

#[test]
fn a_peer_whose_entries_do_not_follow_each_other_is_dropped_and_nothing_of_it_is_held() {
    for spoil in [drop_one, swap_two, repeat_one, replace_first, flip_proof] {
        let world = served_by_a_liar(spoil);
        let bad = |fault: &Fault| matches!(fault, Fault::BadRange { start: 0, .. });
        let blamed = &FIVE.people[4].code;
        assert_eq!(world.watch.drops.len(), 1);
        assert!(
            world.watch.drops.iter().all(|(at, who, why)| *at == 1 && who == blamed && bad(why))
        );
        assert!(world.watch.alarms.is_empty(), "the author did nothing: {:?}", world.watch.alarms);
        reached_again(world);
    }
}

#[test]
fn a_peer_that_promises_and_does_not_deliver_is_not_waited_for() {
    for spoil in [say_nothing, say_that_nothing_is_there] {
        reached_again(served_by_a_liar(spoil));
    }
}

#[test]
fn entries_that_nobody_asked_for_are_not_taken() {
    let mut world = full_mesh(3, Limits::default());
    let face = history(&FIVE, 4, 10, 3);
    world.lie(4, liar([]));
    world.wake_up();
    world.run_until(1_000);
    let code = &face.log;
    let range =
        |promise: &Checkpoint| range_of(code, &face.entries, promise, 0, 100).expect("a range");
    (0..4).for_each(|peer| world.push_range(4, peer, range(&face.checkpoint)));
    world.run_until(20_000);
    (0..4).for_each(|peer| assert_eq!(stored(&world, peer, 4).0, 0));
    world.say_at_random(3, 25_000);
    world.run_until(26_000);
    world.settle(30_000);
}

#[test]
fn what_is_pushed_is_taken_from_its_author_only_and_only_where_it_fits() {
    let mut world = full_mesh(5, Limits::default());
    let (own, other) = (history(&FIVE, 4, 10, 6), history(&FIVE, 0, 10, 6));
    world.lie(4, liar([]));
    (1..5).for_each(|node| world.start(node));
    world.run_until(1_000);
    let part = |face: &Face, start, most| {
        range_of(&face.log, &face.entries, &face.checkpoint, start, most).expect("a range")
    };
    let mut hollow = part(&own, 0, 7);
    hollow.entries.remove(3);
    for range in [part(&other, 0, 7), part(&own, 3, 2), part(&own, 5, 2), part(&own, 6, 1)] {
        (1..4).for_each(|peer| world.push_grown(4, peer, range.clone()));
    }
    world.run_until(40_000);
    (1..4).for_each(|peer| assert_eq!(stored(&world, peer, 0).0, 0, "it was not the author"));
    (1..4).for_each(|peer| assert_eq!(stored(&world, peer, 4).0, 0, "the beginning is missing"));
    assert!(world.watch.drops.is_empty() && world.watch.alarms.is_empty());
    world.push_grown(4, 1, part(&own, 0, 7));
    world.push_grown(4, 2, hollow);
    world.run_until(41_000);
    assert_eq!(stored(&world, 1, 4).0, 7, "it fits");
    assert_eq!(world.watch.drops.len(), 1, "entries that do not follow each other");
    assert_eq!(world.watch.drops[0].0, 2);
    world.start(0);
    world.say_at_random(2, 45_000);
    world.run_until(46_000);
    world.settle(30_000);
    (0..4).for_each(|peer| assert_eq!(stored(&world, peer, 4).0, 7, "the others passed it on"));
}

/// Answers everything but the beginning: what it sends can never be admitted.
fn withhold_the_beginning(range: &mut Range) -> Answer {
    if range.start == 0 { Answer::Silence } else { Answer::Send }
}

/// Liars in place of the first members show long logs that nobody can complete, again and again,
/// while the others speak: how many times out of `rounds` somebody still waited after two seconds.
fn kept_waiting(liars: usize, rounds: usize) -> usize {
    // Nothing is pushed: everything has to be fetched.
    let limits = Limits { range_entries: 2, push_entries_max: 0, ..Limits::default() };
    let mut world = full_mesh(4, limits);
    for liar_number in 0..liars {
        let face = history(&FIVE, liar_number, 10, 40);
        let withhold = liar((liars..5).map(|peer| (peer, face.clone())));
        world.lie(liar_number, Liar { spoil: Some(withhold_the_beginning), ..withhold });
    }
    world.wake_up();
    let mut waited = 0;
    for _ in 0..rounds {
        world.say_at_random(1, world.now + 100);
        for _ in 0..20 {
            (0..liars).for_each(|liar| world.greet(liar));
            world.run_until(world.now + 100);
        }
        waited += usize::from(!world.agrees());
    }
    waited
}

#[test]
fn a_log_that_cannot_be_completed_does_not_keep_the_others_waiting() {
    assert_eq!(kept_waiting(1, 30), 0);
}

#[test]
fn several_logs_that_cannot_be_completed_keep_the_others_waiting_less_and_less() {
    let (waited, rounds) = (kept_waiting(3, 300), 300);
    assert!(waited < rounds / 4, "{waited} of {rounds}");
}

/// A village that has spoken, an older copy of member 2's disk with less of its log, but not nothing,
/// and how much member 2 holds.
fn with_an_old_disk(seed: u64, limits: Limits) -> (World, Disk, u64) {
    let mut world = full_mesh(seed, limits);
    world.wake_up();
    world.run_until(400);
    world.append(2, FIVE.authorise(2, &FIVE.people[2].contributor, Default::default()));
    world.run_until(3_000);
    world.say_at_random(8, 10_000);
    world.run_until(5_000);
    let old = world.nodes[2].disk.clone();
    world.append(2, FIVE.note(2, 900));
    world.run_until(12_000);
    world.settle(30_000);
    let (before, _) = stored(&world, 2, 2);
    (world, old, before)
}

/// A village where member 2 has lost the end of its log with its disk: the village, and how much
/// member 2 held before.
fn after_an_old_disk(seed: u64, settle_ms: u64) -> (World, u64) {
    let limits = Limits { range_entries: 3, settle_ms, ..Limits::default() };
    let (mut world, old, before) = with_an_old_disk(seed, limits);
    world.replace_disk(2, old);
    assert!(stored(&world, 2, 2).0 < before, "seed {seed}: the old disk holds less");
    (world, before)
}

/// The same, while nobody can be reached.
fn after_an_old_disk_alone(seed: u64) -> (World, u64) {
    let limits = Limits { settle_ms: 500, ..Limits::default() };
    let (mut world, old, before) = with_an_old_disk(seed, limits);
    world.part(0b00100);
    world.replace_disk(2, old);
    (world, before)
}

/// Nothing was lost, nothing was signed twice, and member 2 knows what happened.
fn came_back(mut world: World, before: u64, appended: u64) {
    world.settle(60_000);
    world.append(2, FIVE.note(2, 1_001));
    world.run_until(world.now + 1_000);
    world.settle(60_000);
    assert_eq!(stored(&world, 2, 2).0, before + appended + 1);
    let expected = |(at, alarm): &(usize, Alarm)| {
        // The others see that it has gone back.
        let back = matches!(alarm, Alarm::Shrank { log, .. } if *log == FIVE.people[2].code);
        (*at == 2 && matches!(alarm, Alarm::OwnLogBehind { .. })) || (*at != 2 && back)
    };
    assert!(world.watch.alarms.iter().all(expected), "{:?}", world.watch.alarms);
    assert!(!world.watch.alarms.is_empty());
    for (author, position, entry) in &world.watch.accepted {
        let code = &FIVE.people[*author].code;
        assert_eq!(world.nodes[*author].disk.durable(code, *position), Some(*entry));
    }
}

#[test]
fn a_log_restored_from_an_old_disk_is_fetched_back_before_anything_is_appended() {
    let mut too_early = 0;
    for seed in seeds(1, 19) {
        let (mut world, before) = after_an_old_disk(seed, 0);
        // The first heads are on their way.
        world.run_until(world.now + 45);
        world.append(2, FIVE.note(2, 1_000));
        let refused = world.watch.refused.pop();
        // Unless it was all fetched back by now, and is on its way to the disk.
        assert!(matches!(refused, None | Some((2, AppendError::Behind { .. }))), "{refused:?}");
        too_early += usize::from(refused.is_some());
        came_back(world, before, u64::from(refused.is_none()));
    }
    assert!(too_early > 0, "none of the seeds appended too early");
}

#[test]
fn what_is_said_before_any_peer_has_spoken_waits_and_makes_no_second_history() {
    for seed in seeds(1, 19) {
        let (mut world, before) = after_an_old_disk(seed, 2_000);
        world.append(2, FIVE.note(2, 1_000));
        world.run_until(world.now + 3_000);
        let refused = world.watch.refused.pop();
        assert!(matches!(refused, None | Some((2, AppendError::Behind { .. }))), "{refused:?}");
        came_back(world, before, u64::from(refused.is_none()));
    }
}

/// Restored from an old disk and alone: it speaks, signs, and then its peers come back.
#[test]
fn whoever_went_on_alone_convicts_itself_of_nothing_and_comes_back() {
    for seed in seeds(1, 19) {
        let (mut world, before) = after_an_old_disk_alone(seed);
        let (old, _) = stored(&world, 2, 2);
        world.watch.went_on_alone.insert(2);
        (2_000..2_000 + seed % 4 + 1).for_each(|n| world.append(2, FIVE.note(2, n)));
        world.run_until(world.now + 5_000);
        assert!(stored(&world, 2, 2).0 > old, "seed {seed}: it spoke");
        world.join();
        world.run_until(world.now + 20_000);
        let alarms = world.watch.alarms.iter().rev().filter(|(at, _)| *at == 2);
        let mut unseen = alarms.filter_map(|(_, alarm)| {
            if let Alarm::OwnLogUnseen(unseen) = alarm { Some(unseen.clone()) } else { None }
        });
        let unseen = unseen.next().unwrap_or_else(|| panic!("seed {seed}: no alarm"));
        assert_eq!(unseen.position, old, "seed {seed}");
        world.append(2, FIVE.note(2, 3_000));
        let refused = world.watch.refused.pop();
        assert_eq!(refused, Some((2, AppendError::Unseen { position: old })), "seed {seed}");
        let replica = world.nodes[2].replica.as_ref().expect("it runs");
        assert!(replica.given(replica.me()).is_none(), "nobody is given what would convict it");
        for node in [0, 1, 3, 4] {
            assert_eq!(stored(&world, node, 2).0, before, "the others hold what they held");
        }
        // The operator does what the alarm says.
        world.cut(2);
        world.nodes[2].disk.set_aside(unseen.position, unseen.shown);
        world.start(2);
        world.settle(60_000);
        world.append(2, FIVE.note(2, 3_000));
        world.run_until(world.now + 1_000);
        world.settle(60_000);
        assert_eq!(stored(&world, 2, 2).0, before + 1, "seed {seed}");
    }
}

#[test]
fn whoever_is_alone_waits_a_moment_and_then_speaks() {
    let limits = Limits { settle_ms: 2_000, ..Limits::default() };
    let mut world = full_mesh(6, limits);
    world.start(0);
    world.append(0, history(&FIVE, 0, 10, 0).entries[0].signed().clone());
    world.run_until(1_900);
    assert_eq!(stored(&world, 0, 0).0, 0);
    world.run_until(2_100);
    assert_eq!(stored(&world, 0, 0).0, 1);
}

#[test]
fn the_same_seed_gives_the_same_village() {
    let run = |seed| {
        let network: Arc<Network> = FIVE.clone();
        let mut world = World::new(seed, network, Limits::default(), Weather::of(seed));
        world.link_at_random(1);
        world.wake_up();
        world.brew(20_000);
        world.say_at_random(5, 20_000);
        world.run_until(20_000);
        (world.watch.accepted.clone(), world.watch.signed.clone(), world.watch.cuts)
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}
