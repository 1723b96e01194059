//! One key file: a key in the clear or encrypted, readable by its owner and nobody else.

use crate::age::{self, AgeError, Encrypted, Randomness};
use crate::error::KeyringError;
use crate::passphrase::{Passphrases, Protection};
use cairn_ledger::{PublicKey, SecretKey};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// More than any key file of ours has.
pub const KEY_FILE_BYTES_MAX: usize = 4096;
/// What stands before the public half in a comment of a key file.
const PUBLIC_HALF: &str = "public half is ";
const DIGITS: &str = "expected one line of 64 hexadecimal digits";

/// A key file that was read, and whose key may still be encrypted.
pub struct KeyFile {
    path: PathBuf,
    comments: Vec<String>,
    said: Option<PublicKey>,
    held: Held,
}

enum Held {
    Clear(SecretKey),
    Encrypted(Encrypted),
}

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyFile({})", self.path.display())
    }
}

/// A new key from the operating system's randomness.
///
/// # Errors
/// When the system has none.
pub fn generate() -> Result<SecretKey, KeyringError> {
    let mut seed = Zeroizing::new([0; 32]);
    fill(&mut *seed)?;
    Ok(SecretKey::from_seed(*seed))
}

/// Writes a new key file; refuses to replace one. `what` says whose key it is and what for: a
/// sentence, or more on lines of their own.
///
/// # Errors
/// When it exists or cannot be written.
pub fn write(
    path: &Path,
    what: &str,
    key: &SecretKey,
    protection: &Protection,
) -> Result<(), KeyringError> {
    check_folder(path)?;
    let text = text_of(what.lines(), key, protection)?;
    create(path, text.as_bytes())
}

/// Reads the key of one file.
///
/// # Errors
/// When it is missing, open to others, not a key file, or none of the passphrases opens it.
pub fn read(path: &Path, passphrases: &mut Passphrases) -> Result<SecretKey, KeyringError> {
    KeyFile::open(path)?.secret(passphrases)
}

impl KeyFile {
    /// Reads a key file and decrypts nothing.
    ///
    /// # Errors
    /// When it is missing, when others can use it or write in its folder, or when it is not one.
    pub fn open(path: &Path) -> Result<Self, KeyringError> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(KeyringError::Missing(path.into()));
            }
            opened => opened.map_err(|error| KeyringError::io("read the key", path, error))?,
        };
        check_owner_only(path, &file)?;
        let mut text = Zeroizing::new(String::with_capacity(KEY_FILE_BYTES_MAX + 1));
        let read = file.take(KEY_FILE_BYTES_MAX as u64 + 1).read_to_string(&mut text);
        let bad = |why: &str| KeyringError::not_a_key_file(path, why);
        match read {
            Ok(_) if text.len() > KEY_FILE_BYTES_MAX => Err(bad("it is larger than one")),
            Ok(_) => Self::parse(path, &text),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(bad("it is no text")),
            Err(error) => Err(KeyringError::io("read the key", path, error)),
        }
    }

    fn parse(path: &Path, text: &str) -> Result<Self, KeyringError> {
        let comments: Vec<_> = comments(text).map(str::to_owned).collect();
        let mut halves = comments.iter().filter_map(|line| line.split_once(PUBLIC_HALF));
        let said = halves.next().map(|(_, half)| half.trim().parse::<PublicKey>()).transpose();
        let said = said.map_err(|error| KeyringError::not_a_key_file(path, error))?;
        let held = match text.find(age::BEGIN) {
            None => Held::Clear(clear_key(path, text, said)?),
            Some(at) => {
                let armor = text.get(at..).unwrap_or_default();
                let before = text.get(..at).unwrap_or_default();
                if before.lines().any(|line| !line.is_empty() && !line.starts_with('#')) {
                    return Err(KeyringError::not_a_key_file(path, "something precedes the armor"));
                }
                let read = Encrypted::parse(armor);
                Held::Encrypted(read.map_err(|error| KeyringError::not_a_key_file(path, error))?)
            }
        };
        Ok(Self { path: path.into(), comments, said, held })
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// True when it takes a passphrase.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        matches!(self.held, Held::Encrypted(_))
    }

    /// The public half: of the key itself where it is in the clear, else what a comment says, which
    /// is checked only when the file is decrypted.
    #[must_use]
    pub fn public(&self) -> Option<PublicKey> {
        match &self.held {
            Held::Clear(key) => Some(key.public()),
            Held::Encrypted(_) => self.said,
        }
    }

    /// The key.
    ///
    /// # Errors
    /// When none of the passphrases opens it, or it is not the key that the file says it is.
    pub fn secret(&self, passphrases: &mut Passphrases) -> Result<SecretKey, KeyringError> {
        let encrypted = match &self.held {
            Held::Clear(key) => return Ok(key.clone()),
            Held::Encrypted(encrypted) => encrypted,
        };
        let text =
            passphrases.open(&self.path, |passphrase| match encrypted.decrypt(passphrase) {
                Ok(text) => Ok(Some(text)),
                Err(AgeError::WrongPassphrase) => Ok(None),
                Err(error) => Err(KeyringError::not_a_key_file(&self.path, error)),
            })?;
        let text = std::str::from_utf8(&text)
            .map_err(|_| KeyringError::not_a_key_file(&self.path, DIGITS))?;
        clear_key(&self.path, text, self.said)
    }

    /// Replaces the file by `key`, which was read from it, under another protection. The old or the
    /// new one is there at every instant.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn protect(&self, key: &SecretKey, protection: &Protection) -> Result<(), KeyringError> {
        let kept = self.comments.iter().filter(|line| !line.contains(PUBLIC_HALF));
        let text = text_of(kept.map(|line| line.trim_start_matches(['#', ' '])), key, protection)?;
        let aside = self.path.with_extension("key.part");
        match fs::remove_file(&aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(KeyringError::io("write", &aside, error));
            }
            _ => {}
        }
        create(&aside, text.as_bytes())?;
        rename(&aside, &self.path)
    }
}

/// Moves a key file, durably.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), KeyringError> {
    fs::rename(from, to).map_err(|error| KeyringError::io("write", to, error))?;
    sync_folder(to)
}

fn comments(text: &str) -> impl Iterator<Item = &str> {
    text.lines().take_while(|line| *line != age::BEGIN).filter(|line| line.starts_with('#'))
}

/// The key of a file in the clear, or of what was inside an encrypted one.
fn clear_key(path: &Path, text: &str, said: Option<PublicKey>) -> Result<SecretKey, KeyringError> {
    let mut lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut seed = Zeroizing::new([0; 32]);
    let key = match (lines.next(), lines.next()) {
        (Some(line), None) if hex::decode_to_slice(line, &mut *seed).is_ok() => {
            SecretKey::from_seed(*seed)
        }
        _ => return Err(KeyringError::not_a_key_file(path, DIGITS)),
    };
    match said {
        Some(said) if said != key.public() => {
            Err(KeyringError::OtherPublicHalf { path: path.into(), said, found: key.public() })
        }
        _ => Ok(key),
    }
}

/// The text of a key file. The public half stays readable; it is the same in the encrypted part.
fn text_of<'a>(
    what: impl Iterator<Item = &'a str>,
    key: &SecretKey,
    protection: &Protection,
) -> Result<Zeroizing<String>, KeyringError> {
    let mut head: String = what.map(|line| format!("# {line}\n")).collect();
    head += &format!("# Its {PUBLIC_HALF}{}\n", key.public());
    let digits = Zeroizing::new(hex::encode(*key.seed()));
    // With room for all of it, so that no half of it is left behind where it grew.
    let mut clear = Zeroizing::new(String::with_capacity(head.len().saturating_add(65)));
    clear.extend([head.as_str(), &*digits, "\n"]);
    let passphrase = match protection {
        Protection::Clear => return Ok(clear),
        Protection::Passphrase(passphrase) => passphrase,
    };
    let mut random =
        Randomness { file_key: Zeroizing::new([0; 16]), salt: [0; 16], nonce: [0; 16] };
    fill(&mut *random.file_key)?;
    fill(&mut random.salt)?;
    fill(&mut random.nonce)?;
    let armored = age::encrypt(clear.as_bytes(), passphrase, age::WORK_FACTOR, &random);
    Ok(Zeroizing::new(head + &armored))
}

fn fill(bytes: &mut [u8]) -> Result<(), KeyringError> {
    getrandom::fill(bytes).map_err(|error| KeyringError::NoRandomness(error.to_string()))
}

fn create(path: &Path, bytes: &[u8]) -> Result<(), KeyringError> {
    let open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let written = open.and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    match written {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(KeyringError::Exists(path.into()))
        }
        Err(error) => Err(KeyringError::io("write the key", path, error)),
        Ok(()) => sync_folder(path),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn sync_folder(path: &Path) -> Result<(), KeyringError> {
    let folder = folder_of(path);
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| KeyringError::io("write in", folder, error))
}

/// Refuses what others can read or write, and a folder in which they can put another file.
fn check_owner_only(path: &Path, file: &File) -> Result<(), KeyringError> {
    let io = |error| KeyringError::io("read the key", path, error);
    let mode = file.metadata().map_err(io)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyringError::OpenToOthers { path: path.into(), mode });
    }
    check_folder(path)
}

fn check_folder(path: &Path) -> Result<(), KeyringError> {
    let folder = folder_of(path);
    let found = fs::metadata(folder);
    let mode = found.map_err(|error| KeyringError::io("look at", folder, error))?.mode() & 0o7777;
    // In a sticky folder nobody can replace the files of others.
    if mode & 0o022 != 0 && mode & 0o1000 == 0 {
        return Err(KeyringError::FolderOpenToOthers { path: folder.into(), mode: mode & 0o777 });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passphrase::Passphrase;
    use std::os::unix::fs::PermissionsExt as _;

    fn encrypted(words: &str) -> Protection {
        Protection::Passphrase(Passphrase::new(Zeroizing::new(words.into())).unwrap())
    }

    /// Passphrases of a file with this line.
    fn from_file(folder: &Path, line: &str) -> Passphrases {
        let path = folder.join("passphrase");
        fs::write(&path, line).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        Passphrases::of(Some(path))
    }

    #[test]
    fn a_key_in_the_clear_is_read_back_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("log.key"), SecretKey::from_seed([1; 32]));
        write(&path, "A key.", &key, &Protection::Clear).unwrap();
        assert_eq!(read(&path, &mut Passphrases::none()).unwrap().public(), key.public());
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        let again = write(&path, "A key.", &SecretKey::from_seed([2; 32]), &Protection::Clear);
        assert!(matches!(again, Err(KeyringError::Exists(_))));
        assert_eq!(KeyFile::open(&path).unwrap().public(), Some(key.public()));
    }

    #[test]
    fn an_encrypted_key_shows_its_public_half_and_takes_its_passphrase() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("log.key"), SecretKey::from_seed([1; 32]));
        write(&path, "A key.", &key, &encrypted("seven small stones")).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains(&hex::encode(*key.seed())));
        let file = KeyFile::open(&path).unwrap();
        assert!(file.is_encrypted());
        assert_eq!(file.public(), Some(key.public()));
        let locked = file.secret(&mut Passphrases::none()).unwrap_err();
        assert!(matches!(locked, KeyringError::Locked(_)), "{locked}");
        let wrong = file.secret(&mut from_file(folder.path(), "eight small stones\n")).unwrap_err();
        assert!(matches!(wrong, KeyringError::WrongPassphrase(_)), "{wrong}");
        let right = &mut from_file(folder.path(), "seven small stones\n");
        assert_eq!(file.secret(right).unwrap().public(), key.public());
        // Another public half outside is another key to whoever chooses by it.
        let other = SecretKey::from_seed([2; 32]).public();
        fs::write(&path, text.replace(&key.public().to_string(), &other.to_string())).unwrap();
        let refused = read(&path, right).unwrap_err();
        assert!(matches!(refused, KeyringError::OtherPublicHalf { .. }), "{refused}");
    }

    #[test]
    fn a_passphrase_is_put_changed_and_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("log.key"), SecretKey::from_seed([1; 32]));
        write(&path, "A key.\nOf somebody.", &key, &Protection::Clear).unwrap();
        let before = fs::read_to_string(&path).unwrap();
        let change = |old: &mut Passphrases, new: &Protection| {
            let file = KeyFile::open(&path).unwrap();
            file.protect(&file.secret(old).unwrap(), new).unwrap();
        };
        change(&mut Passphrases::none(), &encrypted("seven small stones"));
        change(&mut from_file(folder.path(), "seven small stones"), &encrypted("other long words"));
        let mut other = from_file(folder.path(), "other long words\r\n");
        assert_eq!(read(&path, &mut other).unwrap().public(), key.public());
        change(&mut other, &Protection::Clear);
        assert_eq!(fs::read_to_string(&path).unwrap(), before);
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_others_can_use_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.key");
        let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
        write(&path, "A key.", &SecretKey::from_seed([1; 32]), &Protection::Clear).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o777] {
            set(&path, mode).unwrap();
            let refused = KeyFile::open(&path).unwrap_err();
            assert!(matches!(refused, KeyringError::OpenToOthers { .. }), "{refused}");
        }
        set(&path, 0o400).unwrap();
        for (mode, sound) in [(0o770, false), (0o707, false), (0o755, true), (0o1777, true)] {
            set(folder.path(), mode).unwrap();
            assert_eq!(KeyFile::open(&path).is_ok(), sound, "{mode:o}");
            let other = folder.path().join(format!("{mode:o}.key"));
            let made = write(&other, "A key.", &SecretKey::from_seed([1; 32]), &Protection::Clear);
            assert_eq!((made.is_ok(), other.exists()), (sound, sound), "{mode:o}");
        }
        let passphrases = &mut from_file(folder.path(), "seven small stones");
        set(&folder.path().join("passphrase"), 0o644).unwrap();
        let refused = passphrases.choose("a key").unwrap_err();
        assert!(matches!(refused, KeyringError::OpenToOthers { .. }), "{refused}");
    }

    #[test]
    fn a_passphrase_that_protects_nothing_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let choose = |line: &str| from_file(folder.path(), line).choose("a key");
        assert!(matches!(choose(""), Err(KeyringError::TooShort { found: 0, .. })));
        assert!(matches!(choose("\n"), Err(KeyringError::TooShort { found: 0, .. })));
        assert!(matches!(choose("eleven char"), Err(KeyringError::TooShort { found: 11, .. })));
        assert!(matches!(choose(&" ".repeat(20)), Err(KeyringError::TooShort { .. })));
        assert!(matches!(choose(&"x".repeat(4096)), Err(KeyringError::TooLong(_))));
        assert!(matches!(choose("two lines are\nno passphrase"), Err(KeyringError::NotText)));
        assert!(matches!(Passphrases::none().choose("a key"), Err(KeyringError::NobodyToAsk)));
        let chosen = choose("twelve chars\n").unwrap();
        assert_eq!(chosen, encrypted("twelve chars"));
        assert!(!format!("{chosen:?}").contains("twelve"));
    }

    #[test]
    fn what_is_no_key_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.key");
        let digits = "01".repeat(32);
        let half = |of: u8| SecretKey::from_seed([of; 32]).public();
        let texts = [
            String::new(),
            "abc".into(),
            "# only a comment\n".into(),
            format!("{digits}\n{digits}\n"),
            format!("# Its public half is {}\n{digits}\n", half(2)),
            format!("# Its public half is nonsense\n{digits}\n"),
            format!("{digits}\n{}\n", age::BEGIN),
            "x".repeat(KEY_FILE_BYTES_MAX + 1),
            "# \u{fffd}".repeat(KEY_FILE_BYTES_MAX),
        ];
        for text in texts {
            fs::write(&path, &text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            let refused = read(&path, &mut Passphrases::none()).unwrap_err();
            assert!(refused.to_string().contains("log.key"), "{text}: {refused}");
        }
        fs::write(&path, format!("# Old: no half.\n{digits}\n")).unwrap();
        assert_eq!(read(&path, &mut Passphrases::none()).unwrap().public(), half(1));
    }
}
