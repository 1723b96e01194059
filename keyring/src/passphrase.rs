//! Passphrases: typed on a terminal or read from a file, remembered for one command, never shown.

use crate::error::KeyringError;
use crate::terminal;
use std::fmt;
use std::fs::File;
use std::io::{IsTerminal as _, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The least characters of a new passphrase.
pub const PASSPHRASE_CHARS_MIN: usize = 12;
/// The most bytes of a passphrase, and of the file that holds one.
pub const PASSPHRASE_BYTES_MAX: usize = 1024;
/// How often a terminal is asked for the passphrase of one file.
const ASKED_MAX: usize = 3;

/// A passphrase. Never printed; wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(Zeroizing<String>);

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase")
    }
}

impl Passphrase {
    /// One that exists already: any text of a length that somebody types.
    ///
    /// # Errors
    /// When it is longer, or has control characters.
    pub fn new(text: Zeroizing<String>) -> Result<Self, KeyringError> {
        if text.len() > PASSPHRASE_BYTES_MAX {
            return Err(KeyringError::TooLong(PASSPHRASE_BYTES_MAX));
        }
        if text.chars().any(char::is_control) {
            return Err(KeyringError::NotText);
        }
        Ok(Self(text))
    }

    /// Refuses what protects nothing, before a key is encrypted with it.
    fn long_enough(self) -> Result<Self, KeyringError> {
        let (found, least) = (self.0.trim().chars().count(), PASSPHRASE_CHARS_MIN);
        if found < least { Err(KeyringError::TooShort { found, least }) } else { Ok(self) }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// How a new key file is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Protection {
    /// Encrypted.
    Passphrase(Passphrase),
    /// In the clear, because somebody has said so.
    Clear,
}

/// The passphrases of one command: from a file, from the terminal, and those that fitted before.
#[derive(Debug, Default)]
pub struct Passphrases {
    file: Option<PathBuf>,
    terminal: bool,
    known: Vec<Passphrase>,
}

impl Passphrases {
    /// From the first line of `file` if one is named, and from the terminal if there is one.
    #[must_use]
    pub fn of(file: Option<PathBuf>) -> Self {
        let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        Self { terminal, file, known: Vec::new() }
    }

    /// None: only key files in the clear can be opened.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Those that may fit `path`, the likely ones first, until `fits` says yes.
    pub(crate) fn open<T>(
        &mut self,
        path: &Path,
        fits: impl Fn(&Passphrase) -> Result<Option<T>, KeyringError>,
    ) -> Result<T, KeyringError> {
        self.read_file()?;
        for known in &self.known {
            if let Some(opened) = fits(known)? {
                return Ok(opened);
            }
        }
        if !self.terminal {
            let path = path.into();
            let nobody = self.file.is_none();
            return Err(if nobody {
                KeyringError::Locked(path)
            } else {
                KeyringError::WrongPassphrase(path)
            });
        }
        for _ in 0..ASKED_MAX {
            let typed = ask(&format!("passphrase of {}: ", path.display()))?;
            if let Some(opened) = fits(&typed)? {
                self.known.push(typed);
                return Ok(opened);
            }
        }
        Err(KeyringError::WrongPassphrase(path.into()))
    }

    /// A passphrase for new keys: the one of the file, or typed twice. `what` says of what.
    ///
    /// # Errors
    /// When nobody can be asked, or it protects nothing.
    pub fn choose(&mut self, what: &str) -> Result<Protection, KeyringError> {
        self.read_file()?;
        if self.file.is_some() {
            let of_file = self.known.first().cloned().ok_or(KeyringError::NobodyToAsk)?;
            return of_file.long_enough().map(Protection::Passphrase);
        }
        if !self.terminal {
            return Err(KeyringError::NobodyToAsk);
        }
        let once = ask(&format!("new passphrase of {what}: "))?.long_enough()?;
        if ask("the same again: ")? != once {
            return Err(KeyringError::Different);
        }
        self.known.push(once.clone());
        Ok(Protection::Passphrase(once))
    }

    /// Reads the file once: it may be a pipe.
    fn read_file(&mut self) -> Result<(), KeyringError> {
        if let Some(path) = self.file.as_ref().filter(|_| self.known.is_empty()) {
            self.known.push(read(path)?);
        }
        Ok(())
    }
}

/// The passphrase on the first line of a file that others cannot read.
fn read(path: &Path) -> Result<Passphrase, KeyringError> {
    let io = |error| KeyringError::io("read the passphrase file", path, error);
    let file = File::open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    let mode = metadata.mode() & 0o777;
    // The group may read: systemd shows an access list for the service's user that way.
    if metadata.is_file() && mode & 0o037 != 0 {
        return Err(KeyringError::OpenToOthers { path: path.into(), mode });
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(PASSPHRASE_BYTES_MAX + 3));
    file.take(PASSPHRASE_BYTES_MAX as u64 + 3).read_to_end(&mut bytes).map_err(io)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| KeyringError::NotText)?;
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        let least = PASSPHRASE_CHARS_MIN;
        return Err(KeyringError::TooShort { found: 0, least });
    }
    Passphrase::new(Zeroizing::new(line.into()))
}

fn ask(prompt: &str) -> Result<Passphrase, KeyringError> {
    let typed = terminal::ask(prompt)
        .map_err(|error| KeyringError::io("read from", Path::new(terminal::TERMINAL), error))?;
    Passphrase::new(typed)
}
