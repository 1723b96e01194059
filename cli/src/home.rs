//! The contributor's own folder: the key, the settings, the drafts.

use crate::failure::Failure;
use cairn_keyring::{KeyFile, KeyringError, Passphrases, Protection};
use cairn_ledger::{MemberCode, NetworkId, PublicKey, SecretKey};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// More than any settings file of ours has.
const CONFIG_BYTES_MAX: u64 = 64 << 10;

/// The settings that `cairn init` writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The member for whom statements are made.
    pub member: MemberCode,
    /// The network in which they are made.
    pub network: NetworkId,
    /// The node that is talked to, if one is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The public half of the contributor's key, where that is in an ssh-agent and not in a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<PublicKey>,
}

/// A contributor's folder, which may not exist yet.
#[derive(Debug, Clone)]
pub struct Home {
    folder: PathBuf,
}

impl Home {
    /// The folder that was named, or the system's place for settings.
    ///
    /// # Errors
    /// When none was named and the system has no such place.
    pub fn locate(named: Option<&Path>) -> Result<Self, Failure> {
        if let Some(folder) = named {
            return Ok(Self { folder: folder.into() });
        }
        directories::ProjectDirs::from("", "", "cairn")
            .map(|dirs| Self { folder: dirs.config_dir().into() })
            .ok_or_else(|| {
                Failure::unknown("this account has no home folder")
                    .hint("name one with --home DIR or the variable CAIRN_HOME")
            })
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The key file.
    #[must_use]
    pub fn key_file(&self) -> PathBuf {
        self.folder.join("contributor.key")
    }

    /// The settings file.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.folder.join("config.toml")
    }

    /// Where statements wait that were signed without a node.
    #[must_use]
    pub fn drafts(&self) -> PathBuf {
        self.folder.join("drafts")
    }

    /// The settings, if `cairn init` has made them.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn config(&self) -> Result<Option<Config>, Failure> {
        let path = self.config_file();
        let Some(file) = open_if_there(&path)? else { return Ok(None) };
        let mut text = String::new();
        file.take(CONFIG_BYTES_MAX)
            .read_to_string(&mut text)
            .map_err(|error| cannot("read", &path, &error))?;
        let bad = |error: toml::de::Error| {
            let why = error.message().to_owned();
            Failure::unknown(format!("{} is not a settings file: {why}", path.display()))
                .hint("it has the lines member = \"CODE\", network = \"<64 digits>\" and node = \"http://...\"")
        };
        toml::from_str(&text).map(Some).map_err(bad)
    }

    /// The settings, which have to be there.
    ///
    /// # Errors
    /// When they are not, or cannot be read.
    pub fn config_needed(&self) -> Result<Config, Failure> {
        self.config()?.ok_or_else(|| self.not_ours_yet())
    }

    /// The contributor's key, which has to be there and readable by nobody else.
    ///
    /// # Errors
    /// When it is not, or none of the passphrases opens it.
    pub fn key(&self, passphrases: &mut Passphrases) -> Result<SecretKey, Failure> {
        Ok(self.key_file_opened()?.secret(passphrases)?)
    }

    /// The key file, and nothing decrypted.
    ///
    /// # Errors
    /// When it is missing, open to others or no key file.
    pub fn key_file_opened(&self) -> Result<KeyFile, Failure> {
        let path = self.key_file();
        match KeyFile::open(&path) {
            Err(KeyringError::Missing(_)) => Err(self.not_ours_yet()),
            Err(error @ KeyringError::OpenToOthers { .. }) => {
                let shown = path.display();
                Err(Failure::no(error.to_string()).hint(format!(
                    "if nobody has copied it: chmod 600 {shown}; otherwise have it revoked"
                )))
            }
            opened => Ok(opened?),
        }
    }

    /// The token by which the node knows its user: from the environment, the file that was named, or
    /// the home. Nothing where there is none.
    ///
    /// # Errors
    /// When a file was named and cannot be read.
    pub fn token(&self, named: Option<&Path>) -> Result<Option<Zeroizing<String>>, Failure> {
        const TOKEN_BYTES_MAX: u64 = 1024;
        let plain = |text: &str| Some(Zeroizing::new(text.trim().to_owned()));
        if named.is_none()
            && let Ok(text) = std::env::var("CAIRN_TOKEN")
        {
            return Ok(plain(&Zeroizing::new(text)));
        }
        let own = self.folder.join("token");
        let path = named.unwrap_or(&own);
        let file = match open_if_there(path)? {
            None if named.is_none() => return Ok(None),
            None => return Err(Failure::unknown(format!("there is no file {}", path.display()))),
            Some(file) => file,
        };
        let mut text = Zeroizing::new(String::new());
        let read = file.take(TOKEN_BYTES_MAX).read_to_string(&mut text);
        read.map_err(|error| cannot("read", path, &error))?;
        Ok(plain(&text))
    }

    /// The public half of the contributor's key, wherever that is. No passphrase is needed.
    ///
    /// # Errors
    /// When there is no key, or its file does not say which it is.
    pub fn public_key(&self) -> Result<PublicKey, Failure> {
        if let Some(key) = self.config()?.and_then(|config| config.agent) {
            return Ok(key);
        }
        let file = self.key_file_opened()?;
        file.public().ok_or_else(|| {
            let path = file.path().display();
            Failure::unknown(format!("{path} does not say what its public half is"))
                .hint("cairn key passphrase writes it anew, with its public half")
        })
    }

    /// Makes key and settings. Refuses to touch a key that is there.
    ///
    /// # Errors
    /// When there is a key already or the folder cannot be written.
    pub fn found(
        &self,
        config: &Config,
        key: &SecretKey,
        protection: &Protection,
    ) -> Result<(), Failure> {
        let path = self.key_file();
        self.check_has_no_key()?;
        self.settle(config)?;
        let what = format!(
            "The key of a Cairn contributor for {}: whoever has it can speak in your name.\n\
             Never send it to anybody.",
            config.member
        );
        // The key is made last: where it stands, everything stands.
        match cairn_keyring::write(&path, &what, key, protection) {
            Err(KeyringError::Exists(_)) => Err(self.has_a_key()),
            written => Ok(written?),
        }
    }

    /// Makes the settings alone: the key is in an agent.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn settle(&self, config: &Config) -> Result<(), Failure> {
        cairn_keyring::make_folder(&self.folder)?;
        let settings = toml::to_string(config).map_err(|error| {
            Failure::unknown(format!("the settings cannot be written: {error}"))
        })?;
        replace(&self.config_file(), settings.as_bytes())
    }

    /// Refuses where there is a key already, in a file or in an agent.
    ///
    /// # Errors
    /// When there is.
    pub fn check_has_no_key(&self) -> Result<(), Failure> {
        if self.key_file().exists() {
            return Err(self.has_a_key());
        }
        match self.config()?.and_then(|config| config.agent) {
            None => Ok(()),
            Some(key) => Err(Failure::no(format!("there is a key already, in an agent: {key}"))
                .hint("nothing was changed; for a second key name another folder with --home DIR")),
        }
    }

    fn has_a_key(&self) -> Failure {
        let path = self.key_file();
        Failure::no(format!("there is a key already: {}", path.display())).hint(
            "nothing was changed; for a second key name another folder with --home DIR, and move \
             the old file away only when its key has been revoked",
        )
    }

    pub(crate) fn not_ours_yet(&self) -> Failure {
        Failure::unknown(format!("there is no contributor's key in {}", self.folder.display()))
            .hint("make one: cairn init --member CODE --node http://127.0.0.1:8420")
    }
}

fn open_if_there(path: &Path) -> Result<Option<File>, Failure> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot("read", path, &error)),
    }
}

/// The failure of the system to do something with a file.
#[must_use]
pub fn cannot(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::unknown(format!("cannot {what} {}: {error}", path.display()))
}

/// Writes a file so that there is either the old one or the whole new one.
///
/// # Errors
/// When the system refuses.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let part = part_of(path);
    File::create(&part)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .map_err(|error| cannot("write", &part, &error))?;
    put_in_place(&part, path)
}

/// Where a file is written before it is whole.
#[must_use]
pub fn part_of(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.part"))
}

/// Moves a whole file to its name.
///
/// # Errors
/// When the system refuses.
pub fn put_in_place(part: &Path, path: &Path) -> Result<(), Failure> {
    fs::rename(part, path).map_err(|error| cannot("write", path, &error))?;
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => sync_folder(folder),
        _ => Ok(()),
    }
}

fn sync_folder(folder: &Path) -> Result<(), Failure> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| cannot("write", folder, &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Answer;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    fn home() -> (tempfile::TempDir, Home, Config) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::locate(Some(&folder.path().join("a/home"))).unwrap();
        let member = MemberCode::new("COD").unwrap();
        let config = Config { member, network: NetworkId([7; 32]), node: None, agent: None };
        (folder, home, config)
    }

    #[test]
    fn a_key_is_read_back_and_never_overwritten() {
        let (_folder, home, config) = home();
        assert_eq!(home.config().unwrap(), None);
        assert_eq!(home.key(&mut Passphrases::none()).unwrap_err().answer, Answer::Unknown);
        let key = SecretKey::from_seed([1; 32]);
        home.found(&config, &key, &Protection::Clear).unwrap();
        assert_eq!(home.config().unwrap(), Some(config.clone()));
        assert_eq!(home.key(&mut Passphrases::none()).unwrap().public(), key.public());
        assert_eq!(home.public_key().unwrap(), key.public());
        assert_eq!(home.key_file().metadata().unwrap().mode() & 0o777, 0o600);
        let second =
            home.found(&config, &SecretKey::from_seed([2; 32]), &Protection::Clear).unwrap_err();
        assert_eq!(second.answer, Answer::No);
        assert_eq!(home.key(&mut Passphrases::none()).unwrap().public(), key.public());
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let (_folder, home, config) = home();
        home.found(&config, &SecretKey::from_seed([1; 32]), &Protection::Clear).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o777] {
            fs::set_permissions(home.key_file(), fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(home.key(&mut Passphrases::none()).unwrap_err().answer, Answer::No);
        }
    }

    #[test]
    fn a_damaged_key_or_settings_file_is_named() {
        let (_folder, home, config) = home();
        home.found(&config, &SecretKey::from_seed([1; 32]), &Protection::Clear).unwrap();
        for text in ["", "abc", "# only a comment\n"] {
            fs::write(home.key_file(), text).unwrap();
            assert!(
                home.key(&mut Passphrases::none()).unwrap_err().what.contains("contributor.key")
            );
        }
        fs::write(home.config_file(), "member = 7").unwrap();
        assert!(home.config().unwrap_err().what.contains("config.toml"));
    }
}
