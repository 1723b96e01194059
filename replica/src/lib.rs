//! How replicas find out what they are missing: decisions without sockets, clocks, disks or async.
//!
//! ```text
//! outside ──Input──► Replica ──Output──► outside
//! ```
//!
//! The node's driver and the simulator run the same code. `Persist` is an output and `Persisted` an
//! input, so "told only when durable" can be tested with a simulated power cut. Nothing here
//! iterates a randomly ordered map, and what comes from peers arrives verified: an [`Entry`] and a
//! [`Checkpoint`] are proofs of their own signatures.
//!
//! [`Entry`]: cairn_ledger::Entry
//! [`Checkpoint`]: cairn_ledger::Checkpoint
#![no_std]
#![cfg_attr(
    not(test),
    deny(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::panic
    )
)]

extern crate alloc;

mod append;
mod charters;
mod cosign;
mod fetch;
mod fork;
mod heads;
mod held;
mod io;
pub mod message;
mod replica;
mod standstill;
mod trees;
mod witness;

pub use append::AppendError;
pub use charters::{CharterWork, charters_beyond};
pub use cosign::Cosignatures;
pub use held::Held;
pub use io::{Alarm, Fault, HeadOf, Input, Output, Restored, Ticket, Time, Token, Unseen};
pub use message::{Range, RawRange, RefusedRange, Request, Response, Side};
pub use replica::{Limits, Replica};
pub use trees::Trees;
pub use witness::{Submission, WitnessError};
