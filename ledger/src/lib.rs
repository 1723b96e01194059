//! What statements, entries, logs, checkpoints and charters are, and when they are valid.
//!
//! Bytes go one way, and each step refuses for its own reason, so that a later step can never
//! hide an earlier one's mistake:
//!
//! ```text
//! bytes ──decode──► RawEntry ──verify──► Entry ──admit──► Log
//!        DecodeError        VerifyError      AdmitError
//!       "not our format"    "not true"       "true, but not now"
//! ```
//!
//! This crate knows nothing of cases, sockets, disks or clocks. The bytes are specified in
//! `docs/spec/`; what is signed or hashed is always the bytes as received.
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

pub mod administration;
pub mod adoption;
pub mod authority;
pub mod bundle;
pub mod card;
pub mod charter;
pub mod checkpoint;
pub mod codec;
pub mod compromise;
pub mod cosignature;
pub mod destroyed;
pub mod entry;
pub mod export;
pub mod fork;
pub mod grant;
pub mod hash;
pub mod key;
pub mod log;
mod not_authorised;
pub mod note;
pub mod proof;
pub mod receipt;
pub mod refusal;
pub mod statement;
pub mod text;
pub mod tree;
pub mod witness;

pub use authority::Authority;
pub use charter::Charter;
pub use checkpoint::Checkpoint;
pub use codec::DecodeError;
pub use cosignature::{Cosigned, Cosigner};
pub use entry::{Entry, RawEntry, VerifyError};
pub use fork::Fork;
pub use hash::{CharterId, EntryHash, NetworkId, StatementId, TreeHash};
pub use key::{PublicKey, SecretKey, Signature};
pub use log::{AdmitError, Log};
pub use receipt::{RawReceipt, Receipt};
pub use refusal::Refusal;
pub use statement::{Kind, RawStatement, SignedStatement, Statement};
pub use text::{MemberCode, Text, Topic};
pub use witness::{RawAddCheckpoint, WitnessKey};
