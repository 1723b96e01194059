//! `cairn-node init`: a member's keys and card.

use crate::config::{Config, Folder, replace};
use anyhow::ensure;
use cairn_keyring::Protection;
use cairn_ledger::card::{CARD_FORMAT, Card};
use cairn_ledger::charter::MemberKind;
use cairn_ledger::text::{MemberCode, Text};
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
}

impl Init {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        let folder = Folder(self.data.clone());
        let card = make(&folder, self.code, self.name, self.kind.into(), &Protection::Clear)?;
        say!("made the keys and the card of {}", card.code);
        say!("  root key       {}", folder.key("root").display());
        say!("  member card    {}", folder.card().display());
        say!("Move the root key to a machine that is not online; this one needs it only for");
        say!("`charter sign`, `authorise` and `revoke`, which take it from --root-key FILE.");
        say!("Next: send the card to whoever drafts the charter.");
        Ok(())
    }
}

/// Makes keys, card and settings in a new data folder.
///
/// # Errors
/// When the folder has a card already or cannot be written.
pub fn make(
    folder: &Folder,
    code: MemberCode,
    name: Text<120>,
    kind: MemberKind,
    protection: &Protection,
) -> anyhow::Result<Card> {
    ensure!(!name.is_empty(), "the member's name is empty");
    ensure!(!folder.card().exists(), "{} has a member card already", folder.0.display());
    let secrets = cairn_keyring::make_all(&folder.keys(), protection)?;
    let (format, keys, sealing) = (CARD_FORMAT, secrets.public(), Vec::new());
    let card = Card { format, code, name, kind, keys, sealing };
    if !folder.config_file().exists() {
        replace(&folder.config_file(), toml::to_string(&Config::default())?.as_bytes())?;
    }
    replace(&folder.card(), &card.sign(&secrets))?;
    Ok(card)
}
