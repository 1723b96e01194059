//! The command line's parts, so that tests and benchmarks can call them without a process.
//!
//! [`verify`] and [`audit`] are the path of those who trust nobody: they read bytes and know no network.

pub mod audit;
pub mod client;
pub mod commands;
pub mod describe;
pub mod drafts;
pub mod failure;
pub mod home;
pub mod personal;
pub mod print;
pub mod sealed;
pub mod signing;
pub mod un_fatalities;
pub mod verify;
