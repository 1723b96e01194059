//! Where the passphrases of key files come from, and how new ones are protected.

use cairn_keyring::{Passphrases, Protection};
use clap::Args;
use std::path::PathBuf;

/// Where passphrases come from.
#[derive(Debug, Args)]
pub(super) struct Unlock {
    /// Take the passphrase of encrypted keys from the first line of this file instead of asking.
    #[arg(long, value_name = "FILE", env = "CAIRN_PASSPHRASE_FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Unlock {
    pub(super) fn passphrases(self) -> Passphrases {
        Passphrases::of(self.passphrase_file)
    }
}

/// How new keys are protected.
#[derive(Debug, Args)]
pub(super) struct Protect {
    /// Leave new keys in the clear: whoever has the file has the key.
    #[arg(long, conflicts_with = "passphrase_file")]
    no_passphrase: bool,
    #[command(flatten)]
    unlock: Unlock,
}

impl Protect {
    /// The protection of the new keys that `what` names, and what opens those that are there.
    pub(super) fn choose(self, what: &str) -> anyhow::Result<(Protection, Passphrases)> {
        let mut passphrases = self.unlock.passphrases();
        let protection =
            if self.no_passphrase { Protection::Clear } else { passphrases.choose(what)? };
        Ok((protection, passphrases))
    }
}
