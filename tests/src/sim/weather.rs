//! What the world does to a village: loss, delay, partitions, power cuts; and how it heals.

use super::disk::Disk;
use super::rng::Rng;
use super::world::{Event, World};

/// How bad it is. Chances are per thousand.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    /// How often a message vanishes.
    pub lose: u64,
    /// How often a message comes twice.
    pub double: u64,
    /// How often a message takes twenty times as long.
    pub slow: u64,
    /// The longest a message usually takes.
    pub delay_ms_max: u64,
    /// The longest a write takes.
    pub disk_ms_max: u64,
    /// How many times the power of some node goes.
    pub cuts: usize,
    /// How many times a link breaks, or swallows messages in one direction or both.
    pub breaks: usize,
    /// How many times the village falls in two parts.
    pub partitions: usize,
    /// Whether messages travel as bytes and are verified on arrival.
    pub wire: bool,
}

impl Weather {
    /// Nothing is lost and everything is quick.
    pub const FAIR: Self = Self {
        lose: 0,
        double: 0,
        slow: 0,
        delay_ms_max: 40,
        disk_ms_max: 8,
        cuts: 0,
        breaks: 0,
        partitions: 0,
        wire: false,
    };

    /// Anything, as the seed wants it.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x77ea_74e2);
        Self {
            lose: rng.between(0, 300),
            double: rng.between(0, 200),
            slow: rng.between(0, 100),
            delay_ms_max: rng.between(1, 400),
            disk_ms_max: rng.between(1, 300),
            cuts: rng.below(25),
            breaks: rng.below(25),
            partitions: rng.below(4),
            wire: false,
        }
    }
}

/// Something that the weather does.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Cut(usize),
    Start(usize),
    Break(usize, usize),
    Mend(usize, usize),
    Block((usize, usize), [bool; 2]),
    Part(u64),
    Join,
}

impl World {
    /// Starts everybody, each a little later than the one before.
    pub fn wake_up(&mut self) {
        for node in 0..self.nodes.len() {
            let at = self.now + self.rng.between(0, 300);
            self.at(at, Event::Change(Change::Start(node)));
        }
    }

    /// Spreads the weather over the time until then.
    pub fn brew(&mut self, until: u64) {
        for _ in 0..self.weather.cuts {
            let node = self.rng.below(self.nodes.len());
            let (at, back) = self.span(until);
            self.at(at, Event::Change(Change::Cut(node)));
            self.at(back, Event::Change(Change::Start(node)));
        }
        let ends: Vec<_> = self.links.keys().copied().collect();
        for _ in 0..self.weather.breaks {
            let (one, other) = ends[self.rng.below(ends.len())];
            let (at, back) = self.span(until);
            let blocked = [[true, false], [false, true], [true, true]][self.rng.below(3)];
            if self.rng.chance(500) {
                self.at(at, Event::Change(Change::Break(one, other)));
                self.at(back, Event::Change(Change::Mend(one, other)));
            } else {
                self.at(at, Event::Change(Change::Block((one, other), blocked)));
                self.at(back, Event::Change(Change::Block((one, other), [false; 2])));
            }
        }
        for _ in 0..self.weather.partitions {
            let sides = self.rng.draw();
            let (at, back) = self.span(until);
            self.at(at, Event::Change(Change::Part(sides)));
            self.at(back, Event::Change(Change::Join));
        }
    }

    /// A stretch of time before `until`: most are short, some last to the end.
    fn span(&mut self, until: u64) -> (u64, u64) {
        let at = self.rng.between(self.now, until);
        let long = if self.rng.chance(200) { until } else { at + 2_000 };
        (at, self.rng.between(at, long.max(at)))
    }

    /// The power of a node goes, at once.
    pub fn cut(&mut self, node: usize) {
        if self.nodes[node].replica.take().is_none() {
            return;
        }
        self.watch.cuts += 1;
        self.nodes[node].disk.cut(&mut self.rng);
        self.check_restored(node);
        let links: Vec<_> =
            self.links.iter().filter(|(_, link)| link.up).map(|(e, _)| *e).collect();
        for (one, other) in links {
            // Some peers are told that the connection is gone, the others find out.
            if (one == node || other == node) && self.rng.chance(500) {
                self.disconnect(one, other);
            }
        }
    }

    pub(crate) fn change(&mut self, change: Change) {
        match change {
            Change::Cut(node) => self.cut(node),
            Change::Start(node) => self.start(node),
            Change::Break(one, other) => self.set_up(one, other, false),
            Change::Mend(one, other) => self.set_up(one, other, true),
            Change::Block(ends, blocked) => {
                if let Some(link) = self.links.get_mut(&ends) {
                    link.blocked = blocked;
                }
            }
            Change::Part(sides) => {
                for ((one, other), link) in &mut self.links {
                    let apart = (sides >> (one % 64) ^ sides >> (other % 64)) & 1 == 1;
                    link.blocked = [apart; 2];
                }
            }
            Change::Join => self.links.values_mut().for_each(|link| link.blocked = [false; 2]),
        }
    }

    /// The village falls in two: a node is on the side that its bit of `sides` names.
    pub fn part(&mut self, sides: u64) {
        self.change(Change::Part(sides));
    }

    /// Every link carries again.
    pub fn join(&mut self) {
        self.change(Change::Join);
    }

    /// A node's disk is replaced by an older copy of itself, and the node starts from that.
    pub fn replace_disk(&mut self, node: usize, mut old: Disk) {
        self.cut(node);
        old.cut(&mut self.rng);
        self.watch.trouble_expected = true;
        let lost = std::mem::replace(&mut self.nodes[node].disk, old);
        self.watch.replaced.insert(node, lost);
        self.start(node);
    }

    fn set_up(&mut self, one: usize, other: usize, up: bool) {
        let Some(link) = self.links.get_mut(&(one, other)) else { return };
        if link.up != up {
            link.up = up;
            if up { self.connect(one, other) } else { self.disconnect(one, other) }
        }
    }

    /// The sky clears: every node runs, every link carries.
    pub fn heal(&mut self) {
        self.weather = Weather { wire: self.weather.wire, ..Weather::FAIR };
        let ends: Vec<_> = self.links.keys().copied().collect();
        for (one, other) in ends {
            self.change(Change::Block((one, other), [false; 2]));
            self.set_up(one, other, true);
        }
        (0..self.nodes.len()).for_each(|node| self.start(node));
    }

    /// Runs until everybody agrees and returns how long it took.
    pub fn settle(&mut self, within_ms: u64) -> u64 {
        let from = self.now;
        while !self.agrees() && self.now < from + within_ms {
            self.run_until(self.now + 1_000);
        }
        self.check_end();
        self.now - from
    }
}
