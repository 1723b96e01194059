//! `cairn-node init`: a member's keys and card.

use crate::commands::unlock::Protect;
use crate::config::{Config, Folder, replace};
use anyhow::{Context, bail, ensure};
use cairn_keyring::{Protection, Role};
use cairn_ledger::card::{CARD_FORMAT, Card, MemberKeys, PendingCard};
use cairn_ledger::charter::MemberKind;
use cairn_ledger::text::{MemberCode, Text};
use cairn_ledger::{PublicKey, SecretKey};
use cairn_sealing::SealingSecret;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What the member is.
#[derive(Clone, Copy, ValueEnum)]
pub enum KindOption {
    /// A Member State.
    State,
    /// The United Nations Secretariat.
    Secretariat,
    /// A peacekeeping operation.
    Mission,
    /// A regional or subregional organisation.
    RegionalOrganisation,
}

impl From<KindOption> for MemberKind {
    fn from(kind: KindOption) -> Self {
        match kind {
            KindOption::State => Self::State,
            KindOption::Secretariat => Self::Secretariat,
            KindOption::Mission => Self::Mission,
            KindOption::RegionalOrganisation => Self::RegionalOrganisation,
        }
    }
}

/// Make a member's keys and card.
#[derive(Args)]
pub(super) struct Init {
    /// The data folder to make.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// The member's code: 2 to 16 of A-Z, 0-9 and -. States: ISO 3166-1 alpha-3.
    #[arg(long)]
    pub code: MemberCode,
    /// The member's name.
    #[arg(long)]
    pub name: Text<120>,
    /// What the member is.
    #[arg(long, value_enum)]
    pub kind: KindOption,
    /// The public half of the root key, where that was made elsewhere with `key root`.
    #[arg(long, value_name = "PUBLIC")]
    root: Option<PublicKey>,
    #[command(flatten)]
    protect: Protect,
}

impl Init {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        let folder = Folder(self.data.clone());
        check_is_new(&folder)?;
        let (protection, _) = self.protect.choose(&format!("the keys of {}", self.code))?;
        let made = make(&folder, self.code, self.name, self.kind.into(), self.root, &protection)?;
        say!("made the keys and the card of {}", made.card().code);
        let file = folder.card();
        if self.root.is_some() {
            say!("  member card    {}, which the root key has not signed yet", file.display());
            say!(
                "Next, where the root key is: cairn-node key sign-card FILE --root-key KEY, and bring"
            );
            say!("the card back here. Then send it to whoever drafts the charter.");
            return Ok(());
        }
        say!("  root key       {}", folder.key("root").display());
        say!("  member card    {}", file.display());
        say!("Move the root key to a machine that is not online; this one needs it only for");
        say!("`charter sign`, `authorise` and `revoke`, which take it from --root-key FILE.");
        if protection == Protection::Clear {
            say!("The keys are in the clear: whoever has the files has the keys. To encrypt them:");
            say!("`cairn-node key passphrase --data DIR`.");
        }
        say!("Next: send the card to whoever drafts the charter.");
        Ok(())
    }
}

fn check_is_new(folder: &Folder) -> anyhow::Result<()> {
    ensure!(!folder.card().exists(), "{} has a member card already", folder.0.display());
    Ok(())
}

/// Makes keys, card and settings in a new data folder. Where the root key is elsewhere, its public
/// half is `root`, and the card waits for its signature.
///
/// # Errors
/// When the folder has a card already or cannot be written.
pub fn make(
    folder: &Folder,
    code: MemberCode,
    name: Text<120>,
    kind: MemberKind,
    root: Option<PublicKey>,
    protection: &Protection,
) -> anyhow::Result<PendingCard> {
    ensure!(!name.is_empty(), "the member's name is empty");
    check_is_new(folder)?;
    if let Some(root) = root {
        root.check().context("the root key")?;
    }
    let new = |role: Role| cairn_keyring::make(&folder.keys(), &role.file(), role, protection);
    let mut secrets = Vec::new();
    if root.is_none() {
        secrets.push(new(Role::Root)?);
    }
    for role in [Role::Log, Role::Cosign, Role::Transport] {
        secrets.push(new(role)?);
    }
    let sealing = vec![SealingSecret::of(&new(Role::Seal)?).public()];
    let public: Vec<_> = root.into_iter().chain(secrets.iter().map(SecretKey::public)).collect();
    let [root, log, cosign, transport] = public[..] else { bail!("a member signs with four keys") };
    let keys = MemberKeys { root, log, cosign, transport };
    let mut card = PendingCard::new(Card { format: CARD_FORMAT, code, name, kind, keys, sealing });
    for secret in &secrets {
        card.sign(secret);
    }
    if !folder.config_file().exists() {
        replace(&folder.config_file(), toml::to_string(&Config::default())?.as_bytes())?;
    }
    replace(&folder.card(), &card.encode())?;
    Ok(card)
}
