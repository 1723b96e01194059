//! Why a key cannot be had, and what its owner does about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why a key file or a passphrase is refused. No message contains a secret.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The system refused.
    #[error("cannot {what} {}: {error}", path.display())]
    Io {
        /// What was to be done.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// There is no such file.
    #[error("there is no key file {}", .0.display())]
    Missing(PathBuf),
    /// A key file would have been replaced.
    #[error("there is a key already: {}", .0.display())]
    Exists(PathBuf),
    /// Others may read or write the file.
    #[error("{} can be used by others (mode {mode:03o})", path.display())]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Others may put another file in its place.
    #[error("others can write in {}, which holds a key (mode {mode:03o})", path.display())]
    FolderOpenToOthers {
        /// The folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Not in the format.
    #[error("{} is not a key file: {why}", path.display())]
    NotAKeyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The secret is not the one that the file says it is.
    #[error("{} says that its public half is {said}, the key in it has {found}", path.display())]
    OtherPublicHalf {
        /// The file.
        path: PathBuf,
        /// What stands in its comment.
        said: cairn_ledger::PublicKey,
        /// What belongs to the secret.
        found: cairn_ledger::PublicKey,
    },
    /// None of the passphrases fits.
    #[error("the passphrase does not open {}", .0.display())]
    WrongPassphrase(PathBuf),
    /// It is encrypted and nobody can be asked.
    #[error("{} is encrypted, and there is no terminal to ask for its passphrase", .0.display())]
    Locked(PathBuf),
    /// A new key is to be encrypted and nobody can be asked.
    #[error("a new key is encrypted with a passphrase, and there is no terminal to ask for one")]
    NobodyToAsk,
    /// Not a passphrase that protects anything.
    #[error("the passphrase has {found} characters, at least {least} are needed")]
    TooShort {
        /// How long it is.
        found: usize,
        /// How long it has to be.
        least: usize,
    },
    /// Longer than anybody types.
    #[error("the passphrase has more than {0} bytes")]
    TooLong(usize),
    /// Not text.
    #[error("the passphrase is not text: it has control characters or is not UTF-8")]
    NotText,
    /// Typed differently the second time.
    #[error("the two passphrases are not the same")]
    Different,
    /// The operating system gives no randomness.
    #[error("the system gives no randomness: {0}")]
    NoRandomness(String),
}

impl KeyringError {
    pub(crate) fn io(what: &'static str, path: &Path, error: io::Error) -> Self {
        Self::Io { what, path: path.into(), error }
    }

    pub(crate) fn not_a_key_file(path: &Path, why: impl ToString) -> Self {
        Self::NotAKeyFile { path: path.into(), why: why.to_string() }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Io { .. } | Self::NoRandomness(_) => return None,
            Self::Missing(_) => "name the file, or bring it back from your backup".into(),
            Self::Exists(_) => {
                "nothing was changed; move it away only when nobody needs it any more".into()
            }
            Self::OpenToOthers { path, .. } => {
                let path = path.display();
                format!("if nobody has copied it: chmod 600 {path}; otherwise treat it as stolen")
            }
            Self::FolderOpenToOthers { path, .. } => format!("chmod go-w {}", path.display()),
            Self::NotAKeyFile { .. } => {
                "it holds a line of 64 hexadecimal digits, or age's armor around one; bring it \
                 back from your backup"
                    .into()
            }
            Self::OtherPublicHalf { .. } => {
                "somebody has changed the file: bring it back from your backup".into()
            }
            Self::WrongPassphrase(_) => {
                "keys of one member may have different passphrases: take the one of this file"
                    .into()
            }
            Self::Locked(_) => "say --passphrase-file FILE, or set CAIRN_PASSPHRASE_FILE".into(),
            Self::NobodyToAsk => {
                "say --passphrase-file FILE, or --no-passphrase for a key in the clear".into()
            }
            Self::TooShort { .. } => "five words that nobody would guess are a good one".into(),
            Self::TooLong(_) | Self::NotText => {
                "the file has the passphrase on its first line and nothing else".into()
            }
            Self::Different => "nothing was changed; try again".into(),
        })
    }

    /// True where the answer is no, false where nothing can be said.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Io { .. }
            | Self::Missing(_)
            | Self::NotAKeyFile { .. }
            | Self::Locked(_)
            | Self::NobodyToAsk
            | Self::NoRandomness(_) => false,
            Self::Exists(_)
            | Self::OpenToOthers { .. }
            | Self::FolderOpenToOthers { .. }
            | Self::OtherPublicHalf { .. }
            | Self::WrongPassphrase(_)
            | Self::TooShort { .. }
            | Self::TooLong(_)
            | Self::NotText
            | Self::Different => true,
        }
    }
}
