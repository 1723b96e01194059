//! Audits archives: folders with all logs of a network, what members have cosigned of them, and
//! proofs of forks. Two archives of different times are compared: did a log change its past?
//!
//! Nothing here reads a socket, a clock or a setting, and nothing prints. A few logs are under way
//! at once, each in a few chunks ([`crate::verify`]), so that memory stays bounded.

mod archive;
mod copy;
mod member;
mod promise;
mod proof;
mod run;
#[cfg(test)]
mod tests;

pub use archive::{Archive, CHARTER, COSIGNED, FORK, Files, LOG, open_file, read_bounded};
pub use copy::{EvidenceError, LogCopy, Part};
pub use member::{Audited, Change, Gap};
pub use promise::{Contradiction, Promise};
pub use proof::prove;
pub use run::audit;
