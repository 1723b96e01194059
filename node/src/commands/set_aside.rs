//! `cairn-node set-aside`: the way back for a node whose own log ends in entries that nobody else has.

use crate::config::Folder;
use crate::process::{own_card, own_charter};
use crate::store::{Check, SetAside, Store};
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;

/// Take entries of the own log that no peer has ever seen out of it, and keep their statements as drafts.
///
/// For a node that says that its own log is not the one that its peers hold: it was restored from an old copy
/// and went on before any peer could be reached. The log then goes on as peers hold it. Stop the node first.
#[derive(Args)]
pub(super) struct SetAsideCommand {
    /// The member's data folder.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

impl SetAsideCommand {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        let folder = Folder(self.data);
        let card = own_card(&folder)?;
        let charter = Arc::new(own_charter(&folder, &card)?);
        let opened = Store::open(&folder.0, charter, &card.code, Check::Tail)?;
        let SetAside { position, count, promised, drafts } =
            opened.store.set_aside_unseen(&card.code)?;
        println!("set aside: {count} entries of {} from position {position} on", card.code);
        println!("peers hold {promised} entries: the node fetches them when it runs again");
        println!("then submit the statements again: cairn submit {}", drafts.display());
        Ok(())
    }
}
