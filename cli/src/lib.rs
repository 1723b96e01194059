//! The command line's parts, so that tests and benchmarks can call them without a process.
//!
//! [`verify`] is the path of those who trust nobody: it reads bytes and knows no network.

pub mod client;
pub mod commands;
pub mod describe;
pub mod drafts;
pub mod failure;
pub mod home;
pub mod print;
pub mod signing;
pub mod un_fatalities;
pub mod verify;
