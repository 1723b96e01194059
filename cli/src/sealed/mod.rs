//! Sealing a part of a statement, here: what is sealed leaves this machine encrypted only.

pub mod file;
pub mod prepared;

pub use prepared::{Handed, Prepared, ToSeal};

use crate::client::Client;
use crate::failure::Failure;
use crate::home::{Home, replace};
use cairn_ledger::charter::CHARTERS_BYTES_MAX;
use cairn_ledger::{Charter, MemberCode, NetworkId};
use cairn_sealing::{Recipient, SealError};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

/// For whom something is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum For {
    /// These members, and the own one.
    Members(Vec<MemberCode>),
    /// The own member's vault.
    Vault,
}

/// The charter with the keys of those for whom something is sealed: from the node, and kept for times
/// without one.
///
/// # Errors
/// When there is none, or it is of another network.
pub fn charter(
    home: &Home,
    network: NetworkId,
    client: Option<&Client>,
) -> Result<Charter, Failure> {
    let path = kept_at(home);
    let bytes = match client {
        Some(client) => client.charter()?,
        None => {
            let mut bytes = Vec::new();
            let read = File::open(&path)
                .and_then(|file| file.take(CHARTERS_BYTES_MAX as u64 + 1).read_to_end(&mut bytes));
            read.map_err(|_| {
                Failure::unknown("there is no charter here to seal by")
                    .hint("seal something once with the node at hand: its charter is kept then")
            })?;
            bytes
        }
    };
    let charter = Charter::verify(&bytes, Some(network))
        .map_err(|why| Failure::no(format!("the charter is refused: {why}")))?;
    if client.is_some() {
        replace(&path, &bytes)?;
    }
    Ok(charter)
}

fn kept_at(home: &Home) -> PathBuf {
    home.folder().join("charter")
}

/// Everybody for whom a payload is sealed: those and the own member, each with a key.
///
/// # Errors
/// Names the members that the charter does not list or whose cards have no sealing key.
pub fn recipients(
    charter: &Charter,
    own: &MemberCode,
    to: &For,
) -> Result<Vec<Recipient>, Failure> {
    let listed = match to {
        For::Members(members) => members.as_slice(),
        For::Vault => &[],
    };
    let all: BTreeSet<_> = listed.iter().chain([own]).collect();
    let (mut recipients, mut without) = (Vec::new(), Vec::new());
    for code in all {
        let card = charter.member(code).ok_or_else(|| {
            Failure::no(format!("{code} is no member of the network"))
                .hint("cairn members lists them")
        })?;
        match Recipient::of(card) {
            Ok(recipient) => recipients.push(recipient),
            Err(SealError::NoKey(code)) => without.push(code.to_string()),
            Err(why) => return Err(Failure::no(why.to_string())),
        }
    }
    if without.is_empty() {
        return Ok(recipients);
    }
    Err(Failure::no(format!("nothing can be sealed for {}: no sealing key", without.join(", ")))
        .hint("its operator makes one, `cairn-node key new seal`, and has the charter list it"))
}
