//! Real nodes: the two programs, built once, founded by their own commands and run as processes.
//!
//! Everything here is outside of the programs: their commands, their API, their files, their wire.

mod amending;
mod binaries;
mod commands;
mod files;
mod founded;
mod history;
pub mod hostile;
mod node;
mod outside;
mod ports;
mod sealing;
mod statements;
pub mod traffic;
mod wait;

pub use binaries::programs;
pub use commands::{Said, cairn, cairn_node, command, run, still};
pub use files::{copy_folder, corrupt, entries_file, read_entries};
pub use founded::Founded;
pub use history::{History, grown};
pub use node::{Node, Signal};
pub use outside::{Manner, Outside, WITNESSED_AT};
pub use ports::free_ports;
pub use sealing::{Answer, SealedStatement, User, accepted, erasure};
pub use statements::{Contributor, http, post, post_json, submit};
pub use wait::{SOON, until};
