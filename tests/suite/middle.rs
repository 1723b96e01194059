//! Villages where somebody keeps both ends of a chain and changes the middle, in every way there is.

use crate::forks::has_proof;
use crate::liars::{full_mesh, history, liar, reached_again, served_by, stored};
use crate::village::{FIVE, seeds};
use cairn_ledger::{Entry, SignedStatement};
use cairn_replica::{Alarm, Fault, Limits, Range};
use cairn_tests::sim::talk::range_of;
use cairn_tests::sim::{Answer, Face, Liar};

/// Where the middle is, in a log of six or seven entries.
const CHANGED: u64 = 3;

/// Something else that the contributor of a log's member has truly signed.
fn other(range: &Range, number: u64) -> SignedStatement {
    let author = FIVE.people.iter().position(|one| one.code == range.log);
    FIVE.note(author.expect("a member"), 900 + number)
}

/// Puts another statement at a position of a range, behind the true entry before it.
fn change(range: &mut Range, position: u64) {
    let index = (position - range.start) as usize;
    let previous = range.entries[index].previous();
    range.entries[index] = Entry::place(position, previous, other(range, position));
}

/// Links every entry behind a position to the one before it again.
fn relink(range: &mut Range, position: u64) {
    for index in (position - range.start) as usize + 1..range.entries.len() {
        let (before, entry) = (range.entries[index - 1].hash(), &range.entries[index]);
        range.entries[index] = Entry::place(entry.position(), before, entry.signed().clone());
    }
}

/// One entry is another. Its neighbours, both ends and the promise are the true ones.
fn change_one(range: &mut Range) -> Answer {
    change(range, CHANGED);
    Answer::Send
}

/// Two are others and follow each other; the entry behind them is the true one.
fn change_two(range: &mut Range) -> Answer {
    change(range, 2);
    range.entries[3] = Entry::place(3, range.entries[2].hash(), other(range, 3));
    Answer::Send
}

/// The statement is the true one, in an entry that follows another one.
fn change_link(range: &mut Range) -> Answer {
    let (before, said) = (range.entries[1].hash(), range.entries[3].signed().clone());
    range.entries[3] = Entry::place(3, before, said);
    Answer::Send
}

/// The chain is whole again; only the promise is of another one.
fn change_and_relink(range: &mut Range) -> Answer {
    change(range, CHANGED);
    relink(range, CHANGED);
    Answer::Send
}

/// The range ends with what was changed, under a proof that is the true one's.
fn end_with_it(range: &mut Range) -> Answer {
    if range.start <= CHANGED && range.start + 2 > CHANGED {
        change(range, CHANGED);
        relink(range, CHANGED);
    }
    Answer::Send
}

/// What was changed is not sent: the range behind it follows it.
fn begin_behind_it(range: &mut Range) -> Answer {
    if range.start == CHANGED + 1 {
        let unseen = Entry::place(CHANGED, range.entries[0].previous(), other(range, CHANGED));
        let said = range.entries[0].signed().clone();
        range.entries[0] = Entry::place(CHANGED + 1, unseen.hash(), said);
        relink(range, CHANGED + 1);
    }
    Answer::Send
}

#[test]
fn a_changed_middle_drops_whoever_sends_it_and_accuses_nobody() {
    let changes = [change_one, change_two, change_link, change_and_relink];
    for (number, spoil) in changes.into_iter().enumerate() {
        let spoilt = Liar { spoil: Some(spoil), ..Liar::default() };
        let world = served_by(spoilt, Limits::default());
        assert_eq!(stored(&world, 1, 0).0, 0, "nothing of change {number} is held");
        let [(1, who, Fault::BadRange { start: 0, .. })] = &world.watch.drops[..] else {
            panic!("change {number}: {:?}", world.watch.drops)
        };
        assert_eq!(*who, FIVE.people[4].code);
        assert!(world.watch.alarms.is_empty(), "change {number}: {:?}", world.watch.alarms);
        reached_again(world);
    }
}

/// Ranges of two entries: one of them ends with what was changed.
#[test]
fn a_range_that_ends_with_the_change_is_refused_and_what_was_before_it_stays() {
    let spoilt = Liar { spoil: Some(end_with_it), ..Liar::default() };
    let world = served_by(spoilt, Limits { range_entries: 2, ..Limits::default() });
    assert_eq!(stored(&world, 1, 0).0, 2);
    let dropped = &world.watch.drops[..];
    assert!(matches!(dropped, [(1, _, Fault::BadRange { start: 2, .. })]), "{dropped:?}");
    assert!(world.watch.alarms.is_empty(), "{:?}", world.watch.alarms);
    reached_again(world);
}

/// The changed entry itself is never sent: the range follows it, and what is before is what we hold.
/// Whoever then proves that it has what we have has lied; whoever proves nothing is an alarm; the
/// author is accused of nothing.
#[test]
fn a_range_that_follows_a_change_that_was_never_sent_is_not_taken() {
    for proves in [true, false] {
        let mut world = full_mesh(3, Limits::default());
        let face = history(&FIVE, 0, 10, 5);
        let mut say = face.entries.iter().map(|entry| entry.signed().clone());
        (0..2).for_each(|node| world.start(node));
        say.by_ref().take(4).for_each(|said| world.append(0, said));
        world.run_until(2_000);
        assert_eq!(stored(&world, 1, 0).0, 4);
        // The author goes on and is not heard; the liar shows its promise.
        world.part(0b00001);
        say.for_each(|said| world.append(0, said));
        let faces = [(1, face.clone())].into();
        world.lie(4, Liar { faces, spoil: Some(begin_behind_it), proves });
        world.start(4);
        world.run_until(30_000);
        assert_eq!(stored(&world, 1, 0), (4, face.entries[3].hash()));
        let (dropped, alarms) = (&world.watch.drops[..], &world.watch.alarms[..]);
        if proves {
            let [(1, _, Fault::BadRange { start, why, .. })] = dropped else {
                panic!("{dropped:?}")
            };
            assert!(*start == 4 && why.contains("what it has itself proven"), "{why}");
            assert!(alarms.is_empty(), "{alarms:?}");
        } else {
            assert!(dropped.is_empty(), "{dropped:?}");
            diverges_at_four(alarms);
        }
        reached_again(world);
    }
}

fn diverges_at_four(alarms: &[(usize, Alarm)]) {
    let four = |(at, it): &_| *at == 1 && matches!(it, Alarm::Diverges { size: 4, .. });
    assert!(!alarms.is_empty() && alarms.iter().all(four), "{alarms:?}");
}

/// The same in the middle of fetching: nothing signed covers what is held yet, so there is nothing to
/// compare. The liar is asked for that log no more.
#[test]
fn a_change_that_was_left_out_while_a_log_is_fetched_is_an_alarm() {
    for proves in [true, false] {
        let spoilt = Liar { spoil: Some(begin_behind_it), proves, ..Liar::default() };
        let world = served_by(spoilt, Limits { range_entries: 2, ..Limits::default() });
        assert_eq!(stored(&world, 1, 0).0, 4);
        assert!(world.watch.drops.is_empty(), "{:?}", world.watch.drops);
        diverges_at_four(&world.watch.alarms);
        reached_again(world);
    }
}

/// An author pushes its own log with another middle than it has promised, to whoever holds nothing of it
/// and to whoever holds it all.
#[test]
fn a_pushed_middle_that_was_changed_is_not_taken() {
    let mut world = full_mesh(7, Limits::default());
    let own = history(&FIVE, 4, 10, 6);
    world.lie(4, liar([]));
    (0..5).for_each(|node| world.start(node));
    world.run_until(1_000);
    let whole = range_of(&own.log, &own.entries, &own.checkpoint, 0, 100).expect("a range");
    let changes = [change_one, change_link, change_and_relink];
    let changed = changes.map(|spoil| {
        let mut range = whole.clone();
        spoil(&mut range);
        range
    });
    for (peer, range) in (1..4).zip(&changed) {
        world.push_grown(4, peer, range.clone());
    }
    world.run_until(10_000);
    (1..4).for_each(|peer| assert_eq!(stored(&world, peer, 4).0, 0, "{peer}"));
    assert_eq!(world.watch.drops.len(), 3, "{:?}", world.watch.drops);
    world.push_grown(4, 0, whole);
    world.run_until(20_000);
    let last = own.entries[6].hash();
    changed.into_iter().for_each(|range| world.push_grown(4, 0, range));
    world.run_until(30_000);
    (0..4).for_each(|peer| assert_eq!(stored(&world, peer, 4), (7, last), "{peer}"));
    assert_eq!(world.watch.drops.len(), 3, "what is held already is not looked at again");
    assert!(world.watch.alarms.is_empty(), "{:?}", world.watch.alarms);
    world.settle(30_000);
}

/// A log of member 4 in which one statement, between the same ends, is another.
fn between_the_same_ends(size: u64, changed: u64, number: u64) -> Face {
    let mut said = vec![FIVE.authorise(4, &FIVE.people[4].contributor, Default::default())];
    let number = |n: u64| if n == changed { number } else { n };
    said.extend((1..size).map(|n| FIVE.note(4, number(n))));
    Face::of(&FIVE, 4, said)
}

/// The author's own key promises two middles between the same ends, each to two of the others.
#[test]
fn two_middles_under_one_key_are_proven_to_the_entry() {
    for seed in seeds(50_001, 40) {
        let size = 3 + seed % 30;
        let changed = 1 + seed % (size - 2);
        let faces = [500, 600].map(|number| between_the_same_ends(size, changed, number));
        let mut world = full_mesh(seed, Limits { range_entries: 4, ..Limits::default() });
        world.lie(4, liar((0..4).map(|peer| (peer, faces[peer / 2].clone()))));
        world.part(0b01100);
        world.wake_up();
        world.run_until(8_000);
        world.part(0b11100);
        world.greet(4);
        world.run_until(16_000);
        (0..4).for_each(|peer| assert_eq!(stored(&world, peer, 4).0, size, "seed {seed}"));
        world.join();
        world.run_until(30_000);
        assert_eq!(world.forks(4), [Some(changed); 4], "seed {seed}");
        (0..4).for_each(|node| has_proof(&world, node));
        assert!(world.watch.drops.is_empty(), "seed {seed}: {:?}", world.watch.drops);
        world.settle(30_000);
    }
}
