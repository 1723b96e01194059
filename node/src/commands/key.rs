//! `cairn-node key`: new keys, passphrases, and what is there.

use crate::commands::unlock::{Protect, Unlock};
use crate::config::{Folder, replace};
use crate::process::{own_card, read_bounded};
use anyhow::{Context, bail, ensure};
use cairn_keyring::{KeyFile, KeyringError, Passphrases, Protection, Role};
use cairn_ledger::card::{CARD_BYTES_MAX, Card, MemberKeys, PendingCard};
use cairn_ledger::{PublicKey, SecretKey};
use cairn_sealing::SealingSecret;
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

/// Make new keys, change passphrases, and show what is there.
#[derive(Subcommand)]
pub(super) enum Key {
    /// Show the keys of a data folder: roles, public halves, encrypted or not.
    Show {
        /// The member's data folder.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// Answer in JSON, for programs.
        #[arg(long)]
        json: bool,
    },
    /// Encrypt keys, change their passphrase, or take it away.
    Passphrase(ChangePassphrase),
    /// Make successors of keys and a card that lists them, for a charter to come.
    New(New),
    /// Make a root key on a machine that is not online, before or without a data folder.
    Root {
        /// The key file to make.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        protect: Protect,
    },
    /// Sign a card with the root key, where that is.
    SignCard {
        /// The card; it is replaced by the signed one.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The root key.
        #[arg(long, value_name = "FILE")]
        root_key: PathBuf,
        #[command(flatten)]
        unlock: Unlock,
    },
}

/// Encrypt keys, change their passphrase, or take it away.
#[derive(Args)]
pub(super) struct ChangePassphrase {
    /// The member's data folder: all keys that are in it.
    #[arg(long, value_name = "DIR", required_unless_present = "key_file")]
    data: Option<PathBuf>,
    /// One key file, wherever it is.
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    key_file: Option<PathBuf>,
    /// Only the keys of these roles: root, log, cosign, transport, seal.
    #[arg(value_name = "ROLE", conflicts_with = "key_file")]
    roles: Vec<Role>,
    /// Take the new passphrase from the first line of this file instead of asking.
    #[arg(long, value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,
    /// Leave the keys in the clear: whoever has the file has the key.
    #[arg(long, conflicts_with = "new_passphrase_file")]
    no_passphrase: bool,
    #[command(flatten)]
    unlock: Unlock,
}

/// Make successors of keys and a card that lists them.
#[derive(Args)]
pub(super) struct New {
    /// The member's data folder.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Which keys: root, log, cosign, transport, seal.
    #[arg(value_name = "ROLE", required_unless_present = "root")]
    roles: Vec<Role>,
    /// The public half of a new root key that was made elsewhere with `key root`.
    #[arg(long, value_name = "PUBLIC")]
    root: Option<PublicKey>,
    /// The root key that stays, where it is not in the data folder. Without it, sign the card later.
    #[arg(long, value_name = "FILE", conflicts_with = "root")]
    root_key: Option<PathBuf>,
    #[command(flatten)]
    protect: Protect,
}

impl Key {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        match self {
            Self::Show { data, json } => show(&Folder(data), json),
            Self::Passphrase(change) => change.execute(),
            Self::New(new) => new.execute(),
            Self::Root { file, protect } => {
                ensure!(!file.exists(), "there is a key already: {}", file.display());
                let (protection, _) = protect.choose(&file.display().to_string())?;
                let key = cairn_keyring::generate()?;
                cairn_keyring::write(&file, Role::Root.what(), &key, &protection)?;
                say!("made the root key {}", file.display());
                say!("its public half is {}", key.public());
                Ok(())
            }
            Self::SignCard { file, root_key, unlock } => {
                sign_card(&file, &root_key, &mut unlock.passphrases())
            }
        }
    }
}

/// One key file of a folder.
#[derive(serde::Serialize)]
struct Shown {
    role: &'static str,
    file: String,
    public: Option<PublicKey>,
    encrypted: bool,
    /// Whether it is the key on the member card. Of an encrypted sealing key nobody knows.
    on_card: Option<bool>,
}

/// The key files that are in a folder: those in use, then those to come.
fn present(folder: &Folder, roles: &[Role]) -> anyhow::Result<Vec<(Role, KeyFile)>> {
    let mut present = Vec::new();
    for role in Role::ALL.into_iter().filter(|role| roles.is_empty() || roles.contains(role)) {
        for name in [role.file(), role.new_file()] {
            match KeyFile::open(&folder.keys().join(name)) {
                Err(KeyringError::Missing(_)) => {}
                file => present.push((role, file?)),
            }
        }
    }
    Ok(present)
}

fn show(folder: &Folder, json: bool) -> anyhow::Result<()> {
    let bytes = read_bounded(&folder.card(), CARD_BYTES_MAX)?;
    let card = PendingCard::decode(&bytes).context("the member card")?;
    let card = card.card();
    let shown = present(folder, &[])?.into_iter().map(|(role, file)| {
        let name = file.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let public = file.public();
        let on_card = match role.on(card) {
            Some(listed) => Some(public == Some(listed)),
            None if file.is_encrypted() => None,
            None => {
                let secret = file.secret(&mut Passphrases::none());
                secret.ok().map(|secret| role.lists(card, &secret))
            }
        };
        Shown { role: role.word(), file: name, public, encrypted: file.is_encrypted(), on_card }
    });
    let shown: Vec<_> = shown.collect();
    if json {
        say!("{}", serde_json::to_string_pretty(&shown)?);
        return Ok(());
    }
    for Shown { file, public, encrypted, on_card, .. } in &shown {
        let public = public.map_or_else(|| "?".into(), |public| public.to_string());
        let protection = if *encrypted { "encrypted" } else { "in the clear" };
        let place = if *on_card == Some(false) { ", not on the member card" } else { "" };
        say!("{file:<18} {public}  {protection}{place}");
    }
    for role in Role::ALL.iter().filter(|role| !shown.iter().any(|one| one.role == role.word())) {
        let public = role.on(card).map_or_else(|| "?".into(), |public| public.to_string());
        say!("{:<18} {public}  not here", role.file());
    }
    Ok(())
}

impl ChangePassphrase {
    fn execute(self) -> anyhow::Result<()> {
        let files = match (self.data.map(Folder), &self.key_file) {
            (Some(folder), _) => {
                let files = present(&folder, &self.roles)?;
                ensure!(!files.is_empty(), "no such key in {}", folder.keys().display());
                files.into_iter().map(|(_, file)| file).collect::<Vec<_>>()
            }
            (None, Some(file)) => vec![KeyFile::open(file)?],
            (None, None) => bail!("no key named"),
        };
        // All of them are opened before any is changed.
        let mut old = self.unlock.passphrases();
        let secrets = files.iter().map(|file| file.secret(&mut old));
        let secrets: Vec<_> = secrets.collect::<Result<_, _>>()?;
        let what = match &files[..] {
            [one] => one.path().display().to_string(),
            more => format!("these {} keys", more.len()),
        };
        let protection = if self.no_passphrase {
            Protection::Clear
        } else {
            Passphrases::of(self.new_passphrase_file).choose(&what)?
        };
        for (file, secret) in files.iter().zip(&secrets) {
            file.protect(secret, &protection)?;
            let now = if protection == Protection::Clear { "in the clear" } else { "encrypted" };
            say!("{} is {now}", file.path().display());
        }
        Ok(())
    }
}

impl New {
    fn execute(self) -> anyhow::Result<()> {
        let folder = Folder(self.data);
        let card = own_card(&folder)?;
        let is_new = |role: Role| self.roles.contains(&role);
        ensure!(!(self.root.is_some() && is_new(Role::Root)), "one new root key, not two");
        check_nothing_waits(&folder, &self.roles)?;
        let (protection, mut old) =
            self.protect.choose(&format!("the new keys of {}", card.code))?;
        let root = match (&self.root_key, self.root) {
            (Some(file), _) => Some(file.clone()),
            (None, None) => Some(folder.key("root")).filter(|file| file.exists()),
            (None, Some(_)) => None,
        };
        // Those that stay are opened first: a wrong passphrase shall leave nothing behind.
        let mut secrets = Vec::new();
        for role in Role::ALL.into_iter().filter(|role| *role != Role::Seal && !is_new(*role)) {
            let file =
                if role == Role::Root { root.clone() } else { Some(folder.key(role.word())) };
            if let Some(file) = file {
                secrets.push(cairn_keyring::read(&file, &mut old)?);
            }
        }
        let mut card = Card {
            keys: MemberKeys { root: self.root.unwrap_or(card.keys.root), ..card.keys },
            ..card
        };
        for role in Role::ALL.into_iter().filter(|role| is_new(*role)) {
            let made = cairn_keyring::make(&folder.keys(), &role.new_file(), role, &protection)?;
            list(&mut card, role, &made);
            say!("made {}", folder.keys().join(role.new_file()).display());
            secrets.push(made);
        }
        finish(&folder, card, &secrets)
    }
}

/// Puts a new key on a card.
fn list(card: &mut Card, role: Role, made: &SecretKey) {
    match role {
        Role::Root => card.keys.root = made.public(),
        Role::Log => card.keys.log = made.public(),
        Role::Cosign => card.keys.cosign = made.public(),
        Role::Transport => card.keys.transport = made.public(),
        Role::Seal => card.sealing = vec![SealingSecret::of(made).public()],
    }
}

/// New keys wait for a charter one set at a time.
fn check_nothing_waits(folder: &Folder, roles: &[Role]) -> anyhow::Result<()> {
    let keys = roles.iter().map(|role| folder.keys().join(role.new_file()));
    for path in keys.chain([folder.new_card()]) {
        ensure!(
            !path.exists(),
            "{} waits for a charter already: nothing was changed; remove the new card and the new keys to make others",
            path.display()
        );
    }
    Ok(())
}

/// Signs the new card with the keys that are here, and says what comes next.
fn finish(folder: &Folder, card: Card, secrets: &[SecretKey]) -> anyhow::Result<()> {
    let mut pending = PendingCard::new(card);
    for secret in secrets {
        pending.sign(secret);
    }
    replace(&folder.new_card(), &pending.encode())?;
    say!("made {}", folder.new_card().display());
    let missing: Vec<_> = pending.missing().collect();
    if !missing.is_empty() {
        say!("still to sign: {}", missing.join(", "));
        say!(
            "Next, where the root key is: cairn-node key sign-card FILE --root-key KEY, and bring"
        );
        say!("the card back here.");
    }
    say!("The keys in use stay until a charter lists this card; the node then changes them.");
    Ok(())
}

fn sign_card(file: &Path, root: &Path, passphrases: &mut Passphrases) -> anyhow::Result<()> {
    let mut card = PendingCard::decode(&read_bounded(file, CARD_BYTES_MAX)?)
        .with_context(|| format!("{}", file.display()))?;
    let secret = cairn_keyring::read(root, passphrases)?;
    ensure!(
        secret.public() == card.card().keys.root,
        "{} is not the root key on the card: that is {}",
        root.display(),
        card.card().keys.root
    );
    card.sign(&secret);
    replace(file, &card.encode())?;
    say!("signed the card of {}", card.card().code);
    match card.missing().collect::<Vec<_>>()[..] {
        [] => say!("complete: {}", file.display()),
        ref missing => say!("still to sign: {}", missing.join(", ")),
    }
    Ok(())
}
