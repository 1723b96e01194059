//! Who may use the node's API for what is sealed: names, roles, and hashes of their tokens.
//!
//! A token is 32 random bytes; the file `users` holds its hash alone. A running node looks at the file
//! with every request, so that whoever is revoked is out at once.

pub mod access;
mod token;

pub use token::{Token, TokenError};

use crate::process::read_bounded;
use anyhow::{Context, ensure};
use cairn_casebook::CaseId;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::io;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The most bytes of the file.
const FILE_BYTES_MAX: usize = 1 << 20;
/// The most users of a node.
pub const USERS_MAX: usize = 1000;

/// What a user may do. Each may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Opens what is sealed for the member.
    Viewer,
    /// Hands in sealed parts.
    Contributor,
    /// Looks after the node.
    Administrator,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Contributor, Self::Administrator];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Contributor => "contributor",
            Self::Administrator => "administrator",
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.word())
    }
}

impl std::str::FromStr for Role {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.word() == text);
        found.ok_or_else(|| "expected viewer, contributor or administrator".into())
    }
}

/// A user of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// By which the access record names them.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The hash of their token.
    hash: String,
    /// When they were added: seconds since 1970.
    pub made_at: u64,
    /// When their token ends, if it does: seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<u64>,
    /// The cases to which they are limited; all where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<CaseId>,
}

impl User {
    /// Whether they may see what is sealed about a case, or about none.
    #[must_use]
    pub fn may_see(&self, case: Option<&CaseId>) -> bool {
        self.cases.is_empty() || case.is_some_and(|case| self.cases.contains(case))
    }
}

/// All users of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Users {
    users: Vec<User>,
}

/// Why a token is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotLetIn {
    /// Not the form of one.
    #[error(transparent)]
    Form(#[from] TokenError),
    /// Nobody's.
    #[error("this token is nobody's: it was revoked, or belongs to another node")]
    Nobody,
    /// It has ended.
    #[error("this token has expired")]
    Expired,
}

impl Users {
    fn path(data: &Path) -> PathBuf {
        data.join("users")
    }

    /// The users of a data folder.
    ///
    /// # Errors
    /// When the file is there and cannot be read, or others can read it.
    pub fn read(data: &Path) -> anyhow::Result<Self> {
        let path = Self::path(data);
        let metadata = match path.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            metadata => metadata.with_context(|| format!("{}", path.display()))?,
        };
        let mode = metadata.permissions().mode() & 0o777;
        let (open, shown) = (mode & 0o077 != 0, path.display());
        ensure!(!open, "others can use {shown} (mode {mode:o}): chmod 600 {shown}");
        let bytes = read_bounded(&path, FILE_BYTES_MAX)?;
        serde_json::from_slice(&bytes).with_context(|| format!("{}", path.display()))
    }

    /// Writes them back.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn write(&self, data: &Path) -> anyhow::Result<()> {
        let (path, beside) = (Self::path(data), data.join(".users.part"));
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        let mut options = std::fs::OpenOptions::new();
        let made = options.write(true).create(true).truncate(true).mode(0o600).open(&beside);
        let mut file = made.with_context(|| format!("cannot write {}", beside.display()))?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, &path)?;
        Ok(std::fs::File::open(data)?.sync_all()?)
    }

    /// Changes the users of a data folder; nobody else does meanwhile, so that nothing that was revoked
    /// comes back.
    ///
    /// # Errors
    /// When `change` or the disk fails.
    pub fn change<T>(
        data: &Path,
        change: impl FnOnce(&mut Self) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let mut options = std::fs::OpenOptions::new();
        let lock = options.write(true).create(true).truncate(false).mode(0o600);
        let lock = lock.open(data.join(".users.lock"))?;
        flock(&lock, FlockOperation::LockExclusive)?;
        let mut users = Self::read(data)?;
        let changed = change(&mut users)?;
        users.write(data)?;
        Ok(changed)
    }

    /// Adds a user, and gives their token, which is nowhere else.
    ///
    /// # Errors
    /// When the name is taken or no name, or there are too many.
    pub fn add(
        &mut self,
        name: &str,
        role: Role,
        now: u64,
        expires_at: Option<u64>,
        cases: Vec<CaseId>,
    ) -> anyhow::Result<Token> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.@".contains(c);
        ensure!(
            (1..=64).contains(&name.len()) && name.chars().all(plain),
            "a user's name has 1 to 64 letters, digits, - _ . or @"
        );
        ensure!(self.users.len() < USERS_MAX, "there are {USERS_MAX} users already");
        let taken = self.users.iter().any(|user| user.name == name);
        ensure!(!taken, "there is a user {name} already: revoke the token first");
        let token = Token::generate()?;
        let (name, hash) = (name.to_owned(), token.hash());
        self.users.push(User { name, role, hash, made_at: now, expires_at, cases });
        Ok(token)
    }

    /// Takes a user's token back. `false` where there is none of that name.
    pub fn revoke(&mut self, name: &str) -> bool {
        let before = self.users.len();
        self.users.retain(|user| user.name != name);
        self.users.len() < before
    }

    /// All of them, in the order in which they were added.
    #[must_use]
    pub fn all(&self) -> &[User] {
        &self.users
    }

    /// Whose token this is.
    ///
    /// # Errors
    /// When it is nobody's or has expired.
    pub fn find(&self, token: &str, now: u64) -> Result<&User, NotLetIn> {
        let hash = token.parse::<Token>()?.hash();
        // The hash of a guess tells nothing about that of a token: comparing may take any time.
        let user = self.users.iter().find(|user| user.hash == hash).ok_or(NotLetIn::Nobody)?;
        match user.expires_at {
            Some(end) if end <= now => Err(NotLetIn::Expired),
            Some(_) | None => Ok(user),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_lets_in_whose_it_is_until_it_is_revoked_or_ends() {
        let folder = tempfile::tempdir().unwrap();
        let mut users = Users::read(folder.path()).unwrap();
        let token = users.add("desk-1", Role::Viewer, 100, Some(200), Vec::new()).unwrap();
        let other = users.add("desk-2", Role::Contributor, 100, None, Vec::new()).unwrap();
        assert!(users.add("desk-1", Role::Viewer, 100, None, Vec::new()).is_err());
        assert!(users.add("a b", Role::Viewer, 100, None, Vec::new()).is_err());
        users.write(folder.path()).unwrap();
        let read = Users::read(folder.path()).unwrap();
        assert_eq!(read, users);
        let text = std::fs::read_to_string(folder.path().join("users")).unwrap();
        assert!(!text.contains(&token.text()[6..70]), "the token is not in the file");
        assert_eq!(read.find(&token.text(), 150).unwrap().name, "desk-1");
        assert_eq!(read.find(&token.text(), 200), Err(NotLetIn::Expired));
        assert_eq!(read.find(&other.text(), 900).unwrap().role, Role::Contributor);
        let cut = &token.text()[..token.text().len() - 1];
        assert_eq!(read.find(cut, 150), Err(NotLetIn::Form(TokenError)));
        assert!(users.revoke("desk-1") && !users.revoke("desk-1"));
        assert_eq!(users.find(&token.text(), 150), Err(NotLetIn::Nobody));
        let mode = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(folder.path().join("users"), mode).unwrap();
        assert!(Users::read(folder.path()).is_err());
    }

    #[test]
    fn who_is_limited_to_cases_sees_no_other() {
        let (one, two): (CaseId, CaseId) =
            ("C-00000001".parse().unwrap(), "C-00000002".parse().unwrap());
        let mut users = Users::default();
        users.add("desk", Role::Viewer, 0, None, vec![one.clone()]).unwrap();
        let user = &users.all()[0];
        assert!(user.may_see(Some(&one)) && !user.may_see(Some(&two)) && !user.may_see(None));
    }
}
