//! A file with a charter and amendments to it, or the same from a node.

use super::super::Context;
use crate::failure::Failure;
use crate::home::cannot;
use cairn_ledger::charter::{CHARTERS_BYTES_MAX, PendingCharter, join, split};
use cairn_ledger::hash::Bytes;
use cairn_ledger::{Charter, CharterId};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// A charter with amendments that lack signatures.
pub(super) struct Paper {
    pub(super) charter: Charter,
    pub(super) proposals: Vec<PendingCharter>,
}

impl Paper {
    /// What a file has. An amendment alone is read beside the charter of the node.
    pub(super) fn of_file(context: &Context, path: &Path) -> Result<Self, Failure> {
        let refuse = |why: String| Failure::no(format!("{}: {why}", path.display()));
        let all = split(&read(path)?).map_err(|why| refuse(why.to_string()))?;
        let first = all.first().map(|first| Charter::verify(&first.0, None));
        let (charter, rest) = match first {
            Some(Ok(first)) => (first, all.get(1..).unwrap_or_default()),
            _ => (of_node(context)?, all.as_slice()),
        };
        Self { charter, proposals: Vec::new() }.with(rest).map_err(|why| refuse(why.to_string()))
    }

    /// What the node has.
    pub(super) fn of_node(context: &Context) -> Result<Self, Failure> {
        let charter = of_node(context)?;
        let proposals = context.client()?.proposals()?.proposals;
        let refuse = |why| Failure::unknown(format!("an amendment that the node holds: {why}"));
        Self { charter, proposals: Vec::new() }.with(&proposals).map_err(refuse)
    }

    fn with(mut self, all: &[Bytes]) -> Result<Self, cairn_ledger::charter::CharterError> {
        for bytes in all {
            let pending = PendingCharter::decode_amendment(&bytes.0, &self.charter)?;
            if pending.check_complete().is_ok() {
                self.charter = self.charter.with(pending)?;
            } else {
                self.proposals.push(pending);
            }
        }
        let current = self.charter.id();
        self.proposals.retain(|proposal| proposal.previous() == current);
        Ok(self)
    }

    /// The one amendment, or the one whose id begins like this.
    pub(super) fn proposal(&self, id: Option<&str>) -> Result<PendingCharter, Failure> {
        let named = |one: &&PendingCharter| id.is_none_or(|id| starts(&one.id(), id));
        let found: Vec<_> = self.proposals.iter().filter(named).collect();
        match found[..] {
            [one] => Ok(one.clone()),
            [] => Err(Failure::no("there is no such amendment, or it has all signatures already")
                .hint("`cairn charter show` lists those that wait")),
            _ => Err(Failure::no(format!("{} amendments wait here", found.len()))
                .hint("name one by the beginning of its id: `cairn charter show` lists them")),
        }
    }

    /// The bytes of the file: the charter with all versions, then the amendments.
    pub(super) fn encode(&self) -> Vec<u8> {
        let proposals = self.proposals.iter().map(|one| Bytes(one.encode()));
        join(&self.charter.signed_versions().into_iter().chain(proposals).collect::<Vec<_>>())
    }
}

fn starts(id: &CharterId, with: &str) -> bool {
    !with.is_empty() && id.to_string().starts_with(with)
}

/// True for what looks like the beginning of an id and is no file.
pub(super) fn is_id(text: &str) -> bool {
    let hex = text.len() >= 4 && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    hex && !Path::new(text).exists()
}

pub(super) fn of_node(context: &Context) -> Result<Charter, Failure> {
    let expected = context.config()?.map(|config| config.network);
    Charter::verify(&context.client()?.charter()?, expected)
        .map_err(|why| Failure::no(format!("the charter of the node is refused: {why}")))
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let limit = CHARTERS_BYTES_MAX as u64 + 1;
    File::open(path)
        .and_then(|file| file.take(limit).read_to_end(&mut bytes))
        .map_err(|error| cannot("read", path, &error))?;
    Ok(bytes)
}
