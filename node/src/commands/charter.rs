//! `cairn-node charter`: from member cards to a network.

use crate::commands::unlock::Unlock;
use crate::config::{Folder, replace};
use crate::process::read_bounded;
use anyhow::Context;
use cairn_api::words::kind_words;
use cairn_ledger::NetworkId;
use cairn_ledger::card::CARD_BYTES_MAX;
use cairn_ledger::charter::{CHARTER_BYTES_MAX, PendingCharter, Rules};
use cairn_ledger::statement::Timestamp;
use cairn_ledger::text::NetworkName;
use clap::Subcommand;
use std::path::{Path, PathBuf};

/// Draft, sign, merge and show the charter that founds a network.
#[derive(Subcommand)]
pub(super) enum Charter {
    /// Draft the first charter from the members' cards.
    Draft {
        /// The network's name, unique for ever, such as `ledger.example.org/peacekeepers`.
        #[arg(long)]
        name: NetworkName,
        /// Where to write the draft.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// How many members' cosignatures confirm an entry. Default: more than two thirds.
        #[arg(long)]
        confirm: Option<u16>,
        /// The members' cards.
        #[arg(required = true, value_name = "CARD")]
        cards: Vec<PathBuf>,
    },
    /// Add this member's signature, with its root key.
    Sign {
        /// The charter; it is replaced by the signed one.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The data folder whose root key signs.
        #[arg(long, value_name = "DIR", required_unless_present = "root_key")]
        data: Option<PathBuf>,
        /// The root key, where it is not in the data folder.
        #[arg(long, value_name = "FILE")]
        root_key: Option<PathBuf>,
        #[command(flatten)]
        unlock: Unlock,
    },
    /// Bring the signatures on several copies of one charter together.
    Merge {
        /// Where to write the result.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// The copies.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Show a charter: its members, keys and rules, and whose signatures are missing.
    Show {
        /// The charter.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

impl Charter {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        match self {
            Self::Draft { name, out, confirm, cards } => draft(name, &out, confirm, &cards),
            Self::Sign { file, data, root_key, unlock } => {
                let data = data.map(Folder);
                let from_data = || data.as_ref().map(|data| data.key("root"));
                let key = root_key.or_else(from_data).context("no root key named")?;
                sign(&file, &key, unlock)
            }
            Self::Merge { out, files } => merge(&out, &files),
            Self::Show { file } => {
                say!("{}", describe(&read(&file)?).trim_end());
                Ok(())
            }
        }
    }
}

fn read(file: &Path) -> anyhow::Result<PendingCharter> {
    let bytes = read_bounded(file, CHARTER_BYTES_MAX)?;
    PendingCharter::decode(&bytes).with_context(|| format!("{}", file.display()))
}

fn draft(
    name: NetworkName,
    out: &Path,
    confirm: Option<u16>,
    cards: &[PathBuf],
) -> anyhow::Result<()> {
    let cards: Vec<_> =
        cards.iter().map(|card| read_bounded(card, CARD_BYTES_MAX)).collect::<Result<_, _>>()?;
    let mut rules = Rules::two_thirds_of(cards.len());
    rules.confirm = confirm.unwrap_or(rules.confirm);
    rules.two_people.extend(cairn_casebook::rules::TWO_PEOPLE);
    let now = Timestamp(jiff::Timestamp::now().as_second());
    let charter = PendingCharter::found(name, now, rules, &cards)?;
    replace(out, &charter.encode())?;
    say!("{}", describe(&charter).trim_end());
    say!("Next: every member runs `cairn-node charter sign {} --data DIR`.", out.display());
    Ok(())
}

fn sign(file: &Path, key: &Path, unlock: Unlock) -> anyhow::Result<()> {
    let mut charter = read(file)?;
    let code = charter.sign(&cairn_keyring::read(key, &mut unlock.passphrases())?)?.clone();
    replace(file, &charter.encode())?;
    say!("signed by {code}");
    say_missing(&charter);
    Ok(())
}

fn merge(out: &Path, files: &[PathBuf]) -> anyhow::Result<()> {
    let mut merged: Option<PendingCharter> = None;
    for file in files {
        let charter = read(file)?;
        match &mut merged {
            Some(merged) => {
                merged.merge(charter).with_context(|| format!("{}", file.display()))?;
            }
            None => merged = Some(charter),
        }
    }
    let merged = merged.context("no charter named")?;
    replace(out, &merged.encode())?;
    say_missing(&merged);
    Ok(())
}

fn say_missing(charter: &PendingCharter) {
    let missing: Vec<_> = charter.missing().iter().map(ToString::to_string).collect();
    if missing.is_empty() {
        say!("complete: the network's id is {}", NetworkId(charter.id().0));
        say!(
            "Next: every node starts with `cairn-node run --data DIR --charter FILE --peer ADDRESS`."
        );
    } else {
        say!("still to sign: {}", missing.join(", "));
    }
}

fn describe(charter: &PendingCharter) -> String {
    let mut text = format!("network  {}\n", NetworkId(charter.id().0));
    for card in charter.members() {
        text += &format!("{:<10} {:<24} {}\n", card.code, card.kind, card.name);
        for (role, key) in card.keys.by_role() {
            text += &format!("           {role:<10} {key}\n");
        }
    }
    let two_people: Vec<_> = charter.rules().two_people.iter().copied().map(kind_words).collect();
    if !two_people.is_empty() {
        text += &format!("two people sign: {}\n", two_people.join(", "));
    }
    let missing: Vec<_> = charter.missing().iter().map(ToString::to_string).collect();
    text += &match &missing[..] {
        [] => "signed by all members\n".to_string(),
        missing => format!("still to sign: {}\n", missing.join(", ")),
    };
    text
}
