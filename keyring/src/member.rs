//! A member's keys in their folder: one file for each role.

use crate::error::KeyringError;
use crate::file::{self, generate};
use crate::passphrase::Protection;
use cairn_ledger::card::MemberSecrets;
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

/// What a member's key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Signs charters and says who may speak for the member.
    Root,
    /// Signs the log's checkpoints.
    Log,
    /// Cosigns the checkpoints of others.
    Cosign,
    /// The node's identity towards peers.
    Transport,
}

impl Role {
    /// All, in the order in which a card has them.
    pub const ALL: [Self; 4] = [Self::Root, Self::Log, Self::Cosign, Self::Transport];

    /// The word for it, which is also the name of its file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Log => "log",
            Self::Cosign => "cosign",
            Self::Transport => "transport",
        }
    }

    /// What a key file says of itself.
    fn what(self) -> &'static str {
        match self {
            Self::Root => "The root key of a Cairn member: keep it offline.",
            Self::Log => "The log key of a Cairn member: signs checkpoints.",
            Self::Cosign => "The cosigning key of a Cairn member.",
            Self::Transport => "The transport key of a Cairn node.",
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.word())
    }
}

/// Makes all keys of a member in `folder`.
///
/// # Errors
/// When there are some already or the folder cannot be written.
pub fn make_all(folder: &Path, protection: &Protection) -> Result<MemberSecrets, KeyringError> {
    make_folder(folder)?;
    let new = |role: Role| -> Result<_, KeyringError> {
        let key = generate()?;
        file::write(&folder.join(format!("{role}.key")), role.what(), &key, protection)?;
        Ok(key)
    };
    Ok(MemberSecrets {
        root: new(Role::Root)?,
        log: new(Role::Log)?,
        cosign: new(Role::Cosign)?,
        transport: new(Role::Transport)?,
    })
}

/// Makes a folder for keys that its owner alone can enter.
///
/// # Errors
/// When the system refuses.
pub fn make_folder(folder: &Path) -> Result<(), KeyringError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| KeyringError::io("make", folder, error))
}
