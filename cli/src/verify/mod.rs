//! Believes an exported log, or refutes it, from its bytes and the network's id alone.
//!
//! Nothing here reads a socket, a clock or a setting, and nothing prints. Entries are read in
//! chunks; the signatures of one chunk are checked on all cores while the chunk before it is
//! appended and the one behind it is read, so that memory stays bounded however long the log is.

mod against;
mod chunk;
mod leaves;
mod outcome;
mod run;
#[cfg(test)]
pub(crate) mod tests;

pub use against::Against;
pub use leaves::Leaves;
pub use outcome::{Failure, Peek, Progress, Reason, Refutation, Verified};
pub use run::{peek, verify};
