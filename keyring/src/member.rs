//! A member's keys in their folder: one file for each role.

use crate::error::KeyringError;
use crate::file::{self, generate};
use crate::passphrase::{Passphrases, Protection};
use cairn_ledger::card::Card;
use cairn_ledger::{PublicKey, SecretKey};
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

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

    /// Those that a running node signs with.
    pub const OF_NODE: [Self; 3] = [Self::Log, Self::Cosign, Self::Transport];

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

    /// The name of the file with the key in use.
    #[must_use]
    pub fn file(self) -> String {
        format!("{self}.key")
    }

    /// The name of the file with the key that waits for a charter to list it.
    #[must_use]
    pub fn new_file(self) -> String {
        format!("{self}.new.key")
    }

    /// The public half that a card has for it.
    #[must_use]
    pub fn on(self, card: &Card) -> PublicKey {
        match self {
            Self::Root => card.keys.root,
            Self::Log => card.keys.log,
            Self::Cosign => card.keys.cosign,
            Self::Transport => card.keys.transport,
        }
    }

    /// What a key file says of itself.
    #[must_use]
    pub fn what(self) -> &'static str {
        match self {
            Self::Root => "The root key of a Cairn member: keep it offline.",
            Self::Log => "The log key of a Cairn member: signs checkpoints.",
            Self::Cosign => "The cosigning key of a Cairn member.",
            Self::Transport => "The transport key of a Cairn node.",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.word() == text);
        found.ok_or_else(|| "expected root, log, cosign or transport".into())
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.word())
    }
}

/// Makes the key of a role in `folder`, under the name `file`.
///
/// # Errors
/// When there is one already or the folder cannot be written.
pub fn make(
    folder: &Path,
    file: &str,
    role: Role,
    protection: &Protection,
) -> Result<SecretKey, KeyringError> {
    make_folder(folder)?;
    let key = generate()?;
    file::write(&folder.join(file), role.what(), &key, protection)?;
    Ok(key)
}

/// Makes a folder for keys that its owner alone can enter.
///
/// # Errors
/// When the system refuses.
pub fn make_folder(folder: &Path) -> Result<(), KeyringError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| KeyringError::io("make", folder, error))
}

/// The secrets that a running node signs with. The root key is none of them.
#[derive(Debug, Clone)]
pub struct NodeSecrets {
    /// Signs the log's checkpoints.
    pub log: SecretKey,
    /// Cosigns the checkpoints of others.
    pub cosign: SecretKey,
    /// The node's identity towards peers.
    pub transport: SecretKey,
}

/// A card asks for keys that are not here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(Missing::to_string).collect::<Vec<_>>().join("; "))]
pub struct MissingKeys(pub Vec<Missing>);

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no file in keys/ has the {role} key of the member card, {listed}")]
pub struct Missing {
    /// What it is for.
    pub role: Role,
    /// Its public half.
    pub listed: PublicKey,
}

/// The keys of a node that lie in its folder: those in use and those that wait for a charter to list
/// them. Opened once, so that a node can change to its new keys while it runs and nobody is asked.
#[derive(Debug, Clone)]
pub struct MemberKeys {
    folder: PathBuf,
    held: Vec<Held>,
}

#[derive(Debug, Clone)]
struct Held {
    role: Role,
    is_new: bool,
    secret: SecretKey,
}

impl MemberKeys {
    /// Opens the log, cosigning and transport key in `folder`, and their successors where there are
    /// any. The root key is not looked at.
    ///
    /// # Errors
    /// When a file is there and cannot be opened.
    pub fn open(folder: &Path, passphrases: &mut Passphrases) -> Result<Self, KeyringError> {
        let mut held = Vec::new();
        for role in Role::OF_NODE {
            for is_new in [false, true] {
                let path = folder.join(if is_new { role.new_file() } else { role.file() });
                let secret = match file::read(&path, passphrases) {
                    // A start that was interrupted between two names left the new one alone.
                    Err(KeyringError::Missing(_)) => continue,
                    read => read?,
                };
                held.push(Held { role, is_new, secret });
            }
        }
        Ok(Self { folder: folder.into(), held })
    }

    /// The secrets that belong to `card`, whichever of the files they are in.
    ///
    /// # Errors
    /// With the roles for which there is none.
    pub fn matching(&self, card: &Card) -> Result<NodeSecrets, MissingKeys> {
        let of = |role: Role| {
            let listed = role.on(card);
            let held = self.held.iter().find(|held| held.role == role && held.has(&listed));
            held.map(|held| held.secret.clone()).ok_or(Missing { role, listed })
        };
        match (of(Role::Log), of(Role::Cosign), of(Role::Transport)) {
            (Ok(log), Ok(cosign), Ok(transport)) => Ok(NodeSecrets { log, cosign, transport }),
            (log, cosign, transport) => {
                let found = [log, cosign, transport];
                Err(MissingKeys(found.into_iter().filter_map(Result::err).collect()))
            }
        }
    }

    /// Gives the new keys that `card` lists the names of those in use, and keeps the ones before them
    /// as `ROLE.old.key`. Names the roles that have changed.
    ///
    /// # Errors
    /// When a file cannot be moved.
    pub fn settle(&mut self, card: &Card) -> Result<Vec<Role>, KeyringError> {
        let mut changed = Vec::new();
        for role in Role::OF_NODE {
            let listed = role.on(card);
            let is_new = |held: &Held| held.role == role && held.is_new && held.has(&listed);
            if !self.held.iter().any(is_new) {
                continue;
            }
            put_in_use(&self.folder, role)?;
            self.held.retain(|held| held.role != role || held.is_new);
            for held in self.held.iter_mut().filter(|held| held.role == role) {
                held.is_new = false;
            }
            changed.push(role);
        }
        Ok(changed)
    }
}

impl Held {
    fn has(&self, public: &PublicKey) -> bool {
        self.secret.public() == *public
    }
}

/// `ROLE.new.key` becomes `ROLE.key`, and that one `ROLE.old.key`: nothing is overwritten.
fn put_in_use(folder: &Path, role: Role) -> Result<(), KeyringError> {
    let path = folder.join(role.file());
    if path.exists() {
        let names = (1_u32..).map(|number| match number {
            1 => format!("{role}.old.key"),
            _ => format!("{role}.old-{number}.key"),
        });
        let free = names.map(|name| folder.join(name)).find(|path| !path.exists());
        file::rename(&path, &free.expect("one of four thousand million names is free"))?;
    }
    file::rename(&folder.join(role.new_file()), &path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cairn_ledger::card::{CARD_FORMAT, MemberKind};
    use cairn_ledger::text::{MemberCode, Text};

    fn make_new(folder: &Path, role: Role) -> PublicKey {
        make(folder, &role.new_file(), role, &Protection::Clear).unwrap().public()
    }

    /// A folder with the keys of a card.
    fn member() -> (tempfile::TempDir, PathBuf, Card) {
        let top = tempfile::tempdir().unwrap();
        let folder = top.path().join("keys");
        let new =
            |role: Role| make(&folder, &role.file(), role, &Protection::Clear).unwrap().public();
        let [root, log, cosign, transport] = Role::ALL.map(new);
        let card = Card {
            format: CARD_FORMAT,
            code: MemberCode::new("COD").unwrap(),
            name: Text::new("Congo").unwrap(),
            kind: MemberKind::State,
            keys: cairn_ledger::card::MemberKeys { root, log, cosign, transport },
            sealing: Vec::new(),
        };
        (top, folder, card)
    }

    fn open(folder: &Path) -> MemberKeys {
        MemberKeys::open(folder, &mut Passphrases::none()).unwrap()
    }

    #[test]
    fn new_keys_are_taken_once_a_card_lists_them_and_old_ones_are_kept() {
        let (_top, folder, old) = member();
        fs::remove_file(folder.join("root.key")).unwrap();
        let mut new = old.clone();
        new.keys.log = make_new(&folder, Role::Log);
        let mut keys = open(&folder);
        // One start serves both: the card may change while it runs.
        assert_eq!(keys.matching(&old).unwrap().log.public(), old.keys.log);
        assert_eq!(keys.settle(&old).unwrap(), []);
        assert_eq!(keys.matching(&new).unwrap().log.public(), new.keys.log);
        assert_eq!(keys.settle(&new).unwrap(), [Role::Log]);
        assert_eq!(keys.settle(&new).unwrap(), []);
        assert_eq!(keys.matching(&new).unwrap().log.public(), new.keys.log);
        assert_eq!(open(&folder).matching(&new).unwrap().log.public(), new.keys.log);
        let missing = open(&folder).matching(&old).unwrap_err();
        assert_eq!(missing.0, [Missing { role: Role::Log, listed: old.keys.log }]);
        // And once more: nothing that was in use is overwritten.
        let mut third = new.clone();
        third.keys.log = make_new(&folder, Role::Log);
        assert_eq!(open(&folder).settle(&third).unwrap(), [Role::Log]);
        let kept =
            |name: &str| file::read(&folder.join(name), &mut Passphrases::none()).unwrap().public();
        assert_eq!([kept("log.old.key"), kept("log.old-2.key")], [old.keys.log, new.keys.log]);
    }

    #[test]
    fn a_change_that_was_interrupted_is_finished_by_the_next_start() {
        let (_top, folder, old) = member();
        let mut new = old.clone();
        new.keys.transport = make_new(&folder, Role::Transport);
        fs::rename(folder.join("transport.key"), folder.join("transport.old.key")).unwrap();
        let mut keys = open(&folder);
        assert_eq!(keys.matching(&new).unwrap().transport.public(), new.keys.transport);
        assert_eq!(keys.settle(&new).unwrap(), [Role::Transport]);
        assert!(
            folder.join("transport.key").exists() && !folder.join("transport.new.key").exists()
        );
    }
}
