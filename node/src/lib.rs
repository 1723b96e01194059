//! The node: keeps a member's log and copies of all others, talks to peers, answers clients.
//!
//! The only place with sockets, disks, clocks and threads. What is true and what is missing is
//! decided elsewhere: `cairn-ledger` and `cairn-replica` know nothing of any of this.

/// Prints a line for people. That nobody reads it any more is no reason to stop.
macro_rules! say {
    ($($arg:tt)*) => {{
        use std::io::Write as _;
        writeln!(std::io::stdout(), $($arg)*).ok();
    }};
}

pub mod commands;
pub mod config;
pub mod demo;
pub mod driver;
pub mod http;
pub mod net;
pub mod process;
pub mod sealed;
pub mod store;
pub mod users;
pub mod witness;
