//! A member's keys in their folder: one file for each role.

use crate::error::KeyringError;
use crate::file::{self, KeyFile, generate};
use crate::passphrase::{Passphrases, Protection};
use cairn_ledger::card::Card;
use cairn_ledger::{PublicKey, SecretKey};
use cairn_sealing::SealingSecret;
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
    /// Opens what is sealed for the member.
    Seal,
}

impl Role {
    /// All, in the order in which a card has them.
    pub const ALL: [Self; 5] = [Self::Root, Self::Log, Self::Cosign, Self::Transport, Self::Seal];

    /// Those that a running node needs.
    pub const OF_NODE: [Self; 4] = [Self::Log, Self::Cosign, Self::Transport, Self::Seal];

    /// The word for it, which is also the name of its file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Log => "log",
            Self::Cosign => "cosign",
            Self::Transport => "transport",
            Self::Seal => "seal",
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

    /// The public half that a card has for it. A sealing key has another form there.
    #[must_use]
    pub fn on(self, card: &Card) -> Option<PublicKey> {
        match self {
            Self::Root => Some(card.keys.root),
            Self::Log => Some(card.keys.log),
            Self::Cosign => Some(card.keys.cosign),
            Self::Transport => Some(card.keys.transport),
            Self::Seal => None,
        }
    }

    /// Whether a card lists this key for it.
    #[must_use]
    pub fn lists(self, card: &Card, secret: &SecretKey) -> bool {
        match self.on(card) {
            Some(public) => public == secret.public(),
            None => card.sealing.contains(&SealingSecret::of(secret).public()),
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
            Self::Seal => "The sealing key of a Cairn member: opens what is sealed for it.",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.word() == text);
        found.ok_or_else(|| "expected root, log, cosign, transport or seal".into())
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

/// The secrets of a running node. The root key is none of them.
#[derive(Debug, Clone)]
pub struct NodeSecrets {
    /// Signs the log's checkpoints.
    pub log: SecretKey,
    /// Cosigns the checkpoints of others.
    pub cosign: SecretKey,
    /// The node's identity towards peers.
    pub transport: SecretKey,
    /// Open what is sealed for the member: the key on its card first, then earlier ones. None where
    /// its card lists none.
    pub seal: Vec<SealingSecret>,
}

/// A card asks for keys that are not here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(Missing::to_string).collect::<Vec<_>>().join("; "))]
pub struct MissingKeys(pub Vec<Missing>);

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no file in keys/ has the {role} key of the member card{}", .listed.map(|key| format!(", {key}")).unwrap_or_default())]
pub struct Missing {
    /// What it is for.
    pub role: Role,
    /// Its public half, which a sealing key says in another form.
    pub listed: Option<PublicKey>,
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
    /// In which file it is, if that is not the one of the key in use.
    waits_in: Option<String>,
    secret: SecretKey,
}

impl MemberKeys {
    /// Opens the log, cosigning, transport and sealing key in `folder`, and their successors where there are
    /// any; of sealing keys those before as well, to which things are still sealed. The root key is not looked at.
    ///
    /// # Errors
    /// When a file is there and cannot be opened.
    pub fn open(folder: &Path, passphrases: &mut Passphrases) -> Result<Self, KeyringError> {
        let mut held = Vec::new();
        for role in Role::OF_NODE {
            let mut names = vec![None, Some(role.new_file())];
            if role == Role::Seal {
                names.extend(old_files(folder, role).into_iter().map(Some));
            }
            for waits_in in names {
                let path = folder.join(waits_in.clone().unwrap_or_else(|| role.file()));
                let secret = match file::read(&path, passphrases) {
                    // A start that was interrupted between two names left the new one alone.
                    Err(KeyringError::Missing(_)) => continue,
                    read => read?,
                };
                held.push(Held { role, waits_in, secret });
            }
        }
        Ok(Self { folder: folder.into(), held })
    }

    /// Opens keys that `card` lists and that were put aside as old ones: the version of the charter
    /// that had replaced them has lost its force.
    ///
    /// # Errors
    /// When such a file is there and cannot be opened.
    pub fn bring_back(
        &mut self,
        card: &Card,
        passphrases: &mut Passphrases,
    ) -> Result<(), KeyringError> {
        for role in Role::OF_NODE {
            let Some(listed) = role.on(card) else { continue };
            if self.held.iter().any(|held| held.role == role && held.is_on(card)) {
                continue;
            }
            // The public half stands outside: no other old key has to be opened.
            let its = |name: &String| {
                let file = KeyFile::open(&self.folder.join(name));
                file.is_ok_and(|file| file.public() == Some(listed))
            };
            if let Some(name) = old_files(&self.folder, role).into_iter().find(its) {
                let secret = file::read(&self.folder.join(&name), passphrases)?;
                self.held.push(Held { role, waits_in: Some(name), secret });
            }
        }
        Ok(())
    }

    /// The secrets that belong to `card`, whichever of the files they are in.
    ///
    /// # Errors
    /// With the roles for which there is none.
    pub fn matching(&self, card: &Card) -> Result<NodeSecrets, MissingKeys> {
        let of = |role: Role| {
            let held = self.held.iter().find(|held| held.role == role && held.is_on(card));
            held.map(|held| held.secret.clone()).ok_or(Missing { role, listed: role.on(card) })
        };
        let seal = if card.sealing.is_empty() { Ok(None) } else { of(Role::Seal).map(Some) };
        match (of(Role::Log), of(Role::Cosign), of(Role::Transport), seal) {
            (Ok(log), Ok(cosign), Ok(transport), Ok(seal)) => {
                let seal = self.sealing(seal.as_ref());
                Ok(NodeSecrets { log, cosign, transport, seal })
            }
            (log, cosign, transport, seal) => {
                let found = [log.err(), cosign.err(), transport.err(), seal.err()];
                Err(MissingKeys(found.into_iter().flatten().collect()))
            }
        }
    }

    /// All sealing keys, the one in use first.
    fn sealing(&self, in_use: Option<&SecretKey>) -> Vec<SealingSecret> {
        let held = self.held.iter().filter(|held| held.role == Role::Seal);
        let mut all: Vec<_> = in_use.into_iter().chain(held.map(|held| &held.secret)).collect();
        let mut seen = Vec::new();
        all.retain(|secret| {
            let is_new = !seen.contains(&secret.public());
            seen.push(secret.public());
            is_new
        });
        all.into_iter().map(SealingSecret::of).collect()
    }

    /// Gives the keys that `card` lists the names of those in use, and keeps the ones before them
    /// as `ROLE.old.key`. Names the roles that have changed.
    ///
    /// # Errors
    /// When a file cannot be moved.
    pub fn settle(&mut self, card: &Card) -> Result<Vec<Role>, KeyringError> {
        let mut changed = Vec::new();
        for role in Role::OF_NODE {
            let waits = |held: &&mut Held| held.role == role && held.is_on(card);
            let Some(name) = self.held.iter_mut().find(waits).and_then(|it| it.waits_in.take())
            else {
                continue;
            };
            let put_aside = put_in_use(&self.folder, role, &name)?;
            for held in self.held.iter_mut().filter(|held| held.role == role) {
                if held.waits_in.is_none() && !held.is_on(card) {
                    held.waits_in.clone_from(&put_aside);
                }
            }
            let stays = |held: &Held| role == Role::Seal || held.is_on(card) || held.is_new();
            self.held.retain(|held| held.role != role || stays(held));
            changed.push(role);
        }
        if self.settle_root(card)? {
            changed.push(Role::Root);
        }
        Ok(changed)
    }

    /// The same for a root key that was made here. It stays closed: the node does not sign with it.
    fn settle_root(&self, card: &Card) -> Result<bool, KeyringError> {
        let name = Role::Root.new_file();
        let listed = match KeyFile::open(&self.folder.join(&name)) {
            Ok(file) => file.public() == Some(card.keys.root),
            Err(_) => false,
        };
        if listed {
            put_in_use(&self.folder, Role::Root, &name)?;
        }
        Ok(listed)
    }
}

impl Held {
    fn is_new(&self) -> bool {
        self.waits_in == Some(self.role.new_file())
    }

    fn is_on(&self, card: &Card) -> bool {
        self.role.lists(card, &self.secret)
    }
}

/// The file `name` becomes `ROLE.key`, and that one `ROLE.old.key`, whose name is given back: nothing is
/// overwritten.
fn put_in_use(folder: &Path, role: Role, name: &str) -> Result<Option<String>, KeyringError> {
    let (path, mut put_aside) = (folder.join(role.file()), None);
    if path.exists() {
        let mut names = (1_u32..).map(|number| match number {
            1 => format!("{role}.old.key"),
            _ => format!("{role}.old-{number}.key"),
        });
        let free = names.find(|name| !folder.join(name).exists());
        let free = free.expect("one of four thousand million names is free");
        file::rename(&path, &folder.join(&free))?;
        put_aside = Some(free);
    }
    file::rename(&folder.join(name), &path)?;
    Ok(put_aside)
}

/// The names of the files with the keys of a role that were in use before, so far as the folder can be
/// read.
fn old_files(folder: &Path, role: Role) -> Vec<String> {
    let listed = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = listed.filter_map(|entry| entry.file_name().into_string().ok());
    let (begin, end) = (format!("{role}.old"), ".key");
    let mut names: Vec<_> =
        names.filter(|name| name.starts_with(&begin) && name.ends_with(end)).collect();
    names.sort();
    names
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
        let new = |role: Role| make(&folder, &role.file(), role, &Protection::Clear).unwrap();
        let [root, log, cosign, transport, seal] = Role::ALL.map(new);
        let [root, log, cosign, transport] = [root, log, cosign, transport].map(|key| key.public());
        let card = Card {
            format: CARD_FORMAT,
            code: MemberCode::new("COD").unwrap(),
            name: Text::new("Congo").unwrap(),
            kind: MemberKind::State,
            keys: cairn_ledger::card::MemberKeys { root, log, cosign, transport },
            sealing: vec![SealingSecret::of(&seal).public()],
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
        assert_eq!(missing.0, [Missing { role: Role::Log, listed: Some(old.keys.log) }]);
        // And once more: nothing that was in use is overwritten.
        let mut third = new.clone();
        third.keys.log = make_new(&folder, Role::Log);
        assert_eq!(open(&folder).settle(&third).unwrap(), [Role::Log]);
        let kept =
            |name: &str| file::read(&folder.join(name), &mut Passphrases::none()).unwrap().public();
        assert_eq!([kept("log.old.key"), kept("log.old-2.key")], [old.keys.log, new.keys.log]);
    }

    #[test]
    fn earlier_sealing_keys_still_open_what_is_sealed_to_them() {
        let (_top, folder, old) = member();
        let before = open(&folder).matching(&old).unwrap().seal;
        let made = make(&folder, "seal.new.key", Role::Seal, &Protection::Clear).unwrap();
        let new = Card { sealing: vec![SealingSecret::of(&made).public()], ..old.clone() };
        let mut keys = open(&folder);
        assert_eq!(keys.settle(&new).unwrap(), [Role::Seal]);
        for keys in [keys, open(&folder)] {
            let held = keys.matching(&new).unwrap().seal;
            let ids: Vec<_> = held.iter().map(SealingSecret::id).collect();
            assert_eq!(ids, [SealingSecret::of(&made).id(), before[0].id()]);
        }
        let none = Card { sealing: Vec::new(), ..old };
        assert_eq!(open(&folder).matching(&none).unwrap().seal.len(), 2);
        fs::remove_file(folder.join("seal.key")).unwrap();
        let missing = open(&folder).matching(&new).unwrap_err();
        assert_eq!(missing.to_string(), "no file in keys/ has the seal key of the member card");
    }

    #[test]
    fn old_keys_come_back_once_a_card_lists_them_again() {
        let (_top, folder, old) = member();
        let mut new = old.clone();
        new.keys.cosign = make_new(&folder, Role::Cosign);
        assert_eq!(open(&folder).settle(&new).unwrap(), [Role::Cosign]);
        let mut keys = open(&folder);
        assert!(keys.matching(&old).is_err(), "it is not looked for");
        keys.bring_back(&old, &mut Passphrases::none()).unwrap();
        assert_eq!(keys.matching(&old).unwrap().cosign.public(), old.keys.cosign);
        assert_eq!(keys.settle(&old).unwrap(), [Role::Cosign]);
        assert_eq!(open(&folder).matching(&old).unwrap().cosign.public(), old.keys.cosign);
        // The one that was in use meanwhile is kept as well.
        keys.bring_back(&new, &mut Passphrases::none()).unwrap();
        assert_eq!(keys.matching(&new).unwrap().cosign.public(), new.keys.cosign);
    }

    #[test]
    fn a_root_key_that_was_made_here_gets_its_name_and_stays_closed() {
        let (_top, folder, old) = member();
        let mut new = old.clone();
        new.keys.root = make_new(&folder, Role::Root);
        assert_eq!(open(&folder).settle(&old).unwrap(), []);
        assert_eq!(open(&folder).settle(&new).unwrap(), [Role::Root]);
        let named = |name: &str| KeyFile::open(&folder.join(name)).unwrap().public().unwrap();
        assert_eq!([named("root.key"), named("root.old.key")], [new.keys.root, old.keys.root]);
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
