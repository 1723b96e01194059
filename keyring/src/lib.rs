//! Key files, the passphrases that open them, and whose key is which.
//!
//! The node and the command line read and write their keys here and nowhere else. This crate knows no
//! network, no charter's rules and no case: it hands out a key, or says why not.

mod age;
mod agent;
mod error;
mod file;
mod member;
pub mod memory;
mod passphrase;
mod terminal;

pub use agent::{AGENT_PATIENCE, ANSWER_BYTES_MAX, Agent, AgentError, AgentKey};
pub use error::KeyringError;
pub use file::{KEY_FILE_BYTES_MAX, KeyFile, generate, read, write};
pub use member::{MemberKeys, Missing, MissingKeys, NodeSecrets, Role, make, make_folder};
pub use passphrase::{
    PASSPHRASE_BYTES_MAX, PASSPHRASE_CHARS_MIN, Passphrase, Passphrases, Protection,
};
