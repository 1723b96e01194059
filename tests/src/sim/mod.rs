//! A village: many replicas on one thread, one seed, a virtual clock and bad weather.
//!
//! The simulator does what the node's driver does, on a clock, a network and disks of its own. What
//! must always hold is checked while it runs (`watch`); a failure prints the seed, and
//! `CAIRN_SEED=<seed>` runs that one again with every event printed. `CAIRN_SEEDS=<from>..<to>` runs
//! those seeds in place of the tests' own, for a long run of one test:
//!
//! ```text
//! CAIRN_SEEDS=100000..105000 cargo test --release -p cairn-tests --test suite -- whatever_the_weather
//! ```

pub mod disk;
pub mod liar;
pub mod rng;
pub mod talk;
pub mod watch;
pub mod weather;
pub mod world;

pub use liar::{Answer, Face, Liar};
pub use weather::Weather;
pub use world::World;
