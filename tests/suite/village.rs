//! Villages: many honest replicas, one seed, any weather.

use cairn_replica::Limits;
use cairn_tests::people::Network;
use cairn_tests::sim::{Weather, World};
use std::ops::Range;
use std::sync::{Arc, LazyLock};

pub(crate) static FIVE: LazyLock<Arc<Network>> = LazyLock::new(|| Arc::new(Network::of(5)));

/// The seeds to run: the one that `CAIRN_SEED` names, those of `CAIRN_SEEDS` (`from..to`), or a test's own.
pub(crate) fn seeds(from: u64, count: u64) -> Range<u64> {
    if let Ok(one) = std::env::var("CAIRN_SEED") {
        let one = one.parse().expect("CAIRN_SEED is a number");
        return one..one + 1;
    }
    let Ok(many) = std::env::var("CAIRN_SEEDS") else { return from..from + count };
    let (from, to) = many.split_once("..").expect("CAIRN_SEEDS is from..to");
    let [from, to] =
        [from, to].map(|end| end.parse().expect("CAIRN_SEEDS is from..to, of numbers"));
    assert!(from < to, "CAIRN_SEEDS={many} names no seed");
    from..to
}

/// Small ranges and small batches, so that few entries make many messages.
pub(crate) fn limits(seed: u64) -> Limits {
    let few = seed % 4 + 1;
    Limits {
        range_entries: few as u32 * 2,
        batch_entries_max: few as usize,
        push_entries_max: seed % 3 * 2,
        settle_ms: seed % 2 * 500,
        ..Limits::default()
    }
}

/// What a run of many seeds has seen.
#[derive(Debug, Default)]
struct Seen {
    villages: usize,
    slowest_ms: u64,
    cuts: usize,
    accepted: usize,
}

impl Seen {
    /// A minute of weather, then peace, then agreement.
    fn live(&mut self, seed: u64, network: &Arc<Network>, weather: Weather, sayings: usize) {
        let mut world = World::new(seed, network.clone(), limits(seed), weather);
        world.link_at_random(1);
        world.wake_up();
        world.brew(60_000);
        world.say_at_random(sayings, 60_000);
        world.run_until(60_000);
        world.heal();
        self.slowest_ms = self.slowest_ms.max(world.settle(60_000));
        self.villages += 1;
        self.cuts += world.watch.cuts;
        self.accepted += world.watch.accepted.len();
    }
}

#[test]
fn a_village_agrees_after_any_weather_and_nobody_forgets_what_was_told() {
    let mut seen = Seen::default();
    for seed in seeds(1, 300) {
        seen.live(seed, &FIVE, Weather::of(seed), 12);
    }
    println!("{seen:?}");
}

#[test]
fn power_cuts_lose_nothing_that_was_acknowledged() {
    let mut seen = Seen::default();
    for seed in seeds(10_001, 60) {
        let weather = Weather { cuts: 150, disk_ms_max: 500, ..Weather::of(seed) };
        seen.live(seed, &FIVE, weather, 40);
    }
    println!("{seen:?}");
}

#[test]
fn a_village_that_speaks_in_bytes_agrees_too() {
    let mut seen = Seen::default();
    for seed in seeds(20_001, 15) {
        seen.live(seed, &FIVE, Weather { wire: true, ..Weather::of(seed) }, 12);
    }
    println!("{seen:?}");
}

#[test]
fn two_hundred_members_agree_after_a_storm() {
    let network = Arc::new(Network::of(200));
    for seed in seeds(30_001, 1) {
        let weather = Weather {
            lose: 100,
            double: 50,
            slow: 20,
            delay_ms_max: 200,
            disk_ms_max: 50,
            cuts: 60,
            breaks: 100,
            partitions: 1,
            wire: false,
        };
        let limits = Limits { heads_interval_ms: 10_000, ..Limits::default() };
        let mut world = World::new(seed, network.clone(), limits, weather);
        world.link_at_random(1);
        world.wake_up();
        world.brew(15_000);
        world.say_at_random(2, 15_000);
        world.run_until(15_000);
        world.heal();
        let took = world.settle(90_000);
        println!("agreed after {took} ms; {} accepted", world.watch.accepted.len());
    }
}
