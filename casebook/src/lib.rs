//! The domain: what kinds of statement there are, who may make them, and how a case follows from them.
//!
//! Pure: no clock, no disk, no network. What members said goes in ([`Stated`]), a [`Case`] comes
//! out, and the same statements give the same case in whatever order they arrived.
//!
//! ```text
//! Statement.kind + body ──Fact::decode──► Reading ──Case::fold──► Case ──summary──► Summary
//! ```
//!
//! Two members may contradict each other. Both stand, and the case lists it: nothing here picks
//! a winner, and nothing here decides guilt. Source: `docs/spec/06-kinds.md`.
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
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on has failed"))]

extern crate alloc;

mod words;

pub mod case;
pub mod case_id;
pub mod codes;
pub mod date;
pub mod fact;
pub mod personal;
pub mod reference;
pub mod rules;
pub mod scope;
pub mod stage;
pub mod vocabulary;

#[cfg(test)]
mod demonstration;
#[cfg(test)]
mod samples;

pub use case::{Beyond, Case, Standing, Stated, Summary};
pub use case_id::{CaseId, cases_of, topics};
pub use codes::{Accused, FileLabel, Forum, MissionCode, Proceeding, StateCode};
pub use date::{Date, Moment};
pub use fact::{EntryRef, Fact, FactError, Reading, Says};
pub use rules::{NotForThisMember, may_state, may_state_as};
pub use stage::Stage;
