//! A log made by hand with a member's own keys: what a node that lies could show.

use super::{Contributor, Founded, entries_file};
use crate::sim::Face;
use crate::sim::talk::{range_of, raw_range, side_of};
use cairn_ledger::authority::{AUTHORISE, Authorisation, Scope};
use cairn_ledger::entry::Verifier;
use cairn_ledger::fork::RawSide;
use cairn_ledger::hash::Bytes;
use cairn_ledger::proof::TreeHead;
use cairn_ledger::text::{MemberCode, Text};
use cairn_ledger::tree::Frontier;
use cairn_ledger::{
    Charter, Checkpoint, Cosigned, Entry, EntryHash, RawEntry, SecretKey, SignedStatement, bundle,
};
use cairn_replica::message::{Head, RawRange, Request, Response};
use std::fs;
use std::sync::Arc;

/// A log that nobody has checked.
#[derive(Debug, Clone)]
pub struct History {
    member: MemberCode,
    origin: String,
    key: SecretKey,
    entries: Vec<Arc<Entry>>,
}

impl History {
    /// An empty log of a member, under its true log key.
    ///
    /// # Panics
    /// When there is no such member.
    #[must_use]
    pub fn new(network: &Founded, code: &str) -> Self {
        let member = MemberCode::new(code).expect("a code");
        let (origin, key) = (network.charter.origin(&member), network.secret(code, "log"));
        Self { member, origin, key, entries: Vec::new() }
    }

    /// A log that authorises a contributor and holds notes of its own.
    ///
    /// # Panics
    /// When there is no such member.
    #[must_use]
    pub fn with_notes(network: &Founded, code: &str, first: u64, notes: u64) -> Self {
        let (mut history, speaker) = (Self::new(network, code), network.invented(code));
        let office = Text::new("Focal point").expect("an office");
        let fields = Authorisation { key: speaker.key.public(), office, scope: Scope::default() };
        let root = Contributor { key: network.secret(code, "root"), ..speaker.clone() };
        history.push(root.statement(0, AUTHORISE, fields.encode()));
        (first..first + notes).for_each(|number| history.push(speaker.note(number)));
        history
    }

    /// The log as a member's node holds it.
    ///
    /// # Panics
    /// When that holds none, or anything else.
    #[must_use]
    pub fn held(network: &Founded, code: &str, at: &str) -> Self {
        let mut history = Self::new(network, code);
        let file = entries_file(&network.path(at), code);
        let mut verifier = Verifier::new(network.charter.network());
        for bytes in bundle::Slices::new(&fs::read(file).expect("a log file")) {
            let raw = RawEntry::decode(bytes.expect("an entry")).expect("an entry");
            let entry = raw.verify(&mut verifier).expect("a true one");
            history.push(entry.signed().clone());
            assert_eq!(history.entries.last().map(|one| one.hash()), Some(entry.hash()));
        }
        history
    }

    /// The same under another key.
    #[must_use]
    pub fn under(self, key: SecretKey) -> Self {
        Self { key, ..self }
    }

    /// Puts a statement at the end.
    pub fn push(&mut self, statement: SignedStatement) {
        let previous = self.entries.last().map_or(EntryHash::NONE, |entry| entry.hash());
        self.push_behind(previous, statement);
    }

    /// Puts a statement at the end that claims to follow another entry.
    pub fn push_behind(&mut self, previous: EntryHash, statement: SignedStatement) {
        let entry = Entry::place(self.entries.len() as u64, previous, statement);
        self.entries.push(Arc::new(entry));
    }

    /// Puts another statement at a position, behind the entry that was before it. What follows stays as
    /// it was, and follows what is no longer there.
    ///
    /// # Panics
    /// When nothing is at that position.
    #[must_use]
    pub fn with(mut self, position: usize, statement: SignedStatement) -> Self {
        let previous = self.entries[..position].last().map_or(EntryHash::NONE, |one| one.hash());
        self.entries[position] = Arc::new(Entry::place(position as u64, previous, statement));
        self
    }

    /// The same statements, each of them behind the one before it.
    #[must_use]
    pub fn linked(mut self) -> Self {
        for entry in std::mem::take(&mut self.entries) {
            self.push(entry.signed().clone());
        }
        self
    }

    /// The entries.
    #[must_use]
    pub fn entries(&self) -> &[Arc<Entry>] {
        &self.entries
    }

    /// The same as the simulator shows it.
    #[must_use]
    pub fn face(&self) -> Face {
        let (log, entries) = (self.member.clone(), self.entries.clone());
        Face { log, entries, checkpoint: self.checkpoint(None) }
    }

    /// A part of this history under its own promise and proof, with another history's entries in the
    /// same places.
    ///
    /// # Panics
    /// When one of the two has none there.
    #[must_use]
    pub fn part_with(&self, other: &Self, start: u64, most: u32) -> RawRange {
        let promise = self.checkpoint(None);
        let range = range_of(&self.member, &self.entries, &promise, start, most);
        let mut range = range.expect("entries in that place");
        let others = other.entries.iter().skip(usize::try_from(start).expect("a small log"));
        let count = range.entries.len();
        range.entries = others.take(count).map(|entry| Entry::clone(entry)).collect();
        assert_eq!(range.entries.len(), count, "others in the same places");
        raw_range(range)
    }

    /// What it says of its first `size` entries, under a promise that these members have cosigned.
    ///
    /// # Panics
    /// When it has fewer.
    #[must_use]
    pub fn side(&self, network: &Founded, size: u64, by: &[&str]) -> RawSide {
        let cosigned = self.cosigned(network, by);
        side_of(&self.member, &self.entries, &cosigned, size, &network.charter).raw().clone()
    }

    /// Signs a promise of all that is there, with the log key or another one.
    #[must_use]
    pub fn checkpoint(&self, key: Option<&SecretKey>) -> Checkpoint {
        let mut tree = Frontier::new();
        self.entries.iter().for_each(|entry| tree.push(entry.leaf()));
        let head = TreeHead { size: tree.size(), root: tree.root() };
        Checkpoint::sign(&self.origin, head, key.unwrap_or(&self.key))
    }

    /// "I hold this."
    #[must_use]
    pub fn heads(&self) -> Vec<u8> {
        heads(&[(&self.member, self.checkpoint(None).note())])
    }

    /// All entries from a position on, with the promise of all.
    ///
    /// # Panics
    /// Never: entries fit their bundle.
    #[must_use]
    pub fn range(&self, start: u64) -> RawRange {
        let mut bytes = Vec::new();
        for entry in self.entries.iter().skip(usize::try_from(start).expect("a small log")) {
            bundle::write(&mut bytes, entry.bytes()).expect("an entry");
        }
        let checkpoint = Bytes(self.checkpoint(None).note().as_bytes().to_vec());
        let (log, bundle) = (self.member.clone(), Bytes(bytes));
        RawRange { log, start, bundle, checkpoint, proof: Vec::new() }
    }

    /// What an honest node answers that holds this history of one log and nothing else, under a
    /// checkpoint with these cosignatures.
    ///
    /// # Panics
    /// Never: what it proves is its own.
    #[must_use]
    pub fn answer(&self, charter: &Charter, cosigned: &Cosigned, asked: &Request) -> Response {
        match asked {
            Request::Fetch { log, start, entries_max } if *log == self.member => {
                let promise = cosigned.checkpoint();
                let range = range_of(log, &self.entries, promise, *start, *entries_max);
                range.map_or(Response::Nothing, |range| Response::Range(raw_range(range)))
            }
            Request::Prove { log, size } if *log == self.member => {
                let held = (1..=self.entries.len() as u64).contains(size);
                let side = || side_of(log, &self.entries, cosigned, *size, charter).raw().clone();
                if held { Response::Side(side()) } else { Response::Nothing }
            }
            Request::Fetch { .. }
            | Request::Prove { .. }
            | Request::Sealed(_)
            | Request::Opened(_) => Response::Nothing,
            Request::Charters(_) => Response::Charters(Vec::new()),
            Request::Heads(_)
            | Request::Addresses(_)
            | Request::Grown { .. }
            | Request::Forked(_)
            | Request::Cosigned(_) => Response::Noted,
        }
    }

    /// Its newest checkpoint, cosigned by members with their true keys.
    #[must_use]
    pub fn cosigned(&self, network: &Founded, by: &[&str]) -> Cosigned {
        by.iter().fold(Cosigned::new(self.checkpoint(None)), |cosigned, code| {
            let member = MemberCode::new(code).expect("a code");
            let key = network.secret(code, "cosign");
            cosigned.sign(&network.charter, &member, 1_795_000_000, &key)
        })
    }

    /// The same as the answer to a fetch.
    #[must_use]
    pub fn response(&self, start: u64) -> Vec<u8> {
        Response::Range(self.range(start)).encode()
    }
}

/// "My log has grown by this."
#[must_use]
pub fn grown(range: RawRange) -> Vec<u8> {
    Request::Grown { range, cosign: true }.encode()
}

/// "I hold these."
#[must_use]
pub(super) fn heads(list: &[(&MemberCode, &str)]) -> Vec<u8> {
    let head = |(log, note): &(&MemberCode, &str)| Head {
        log: (*log).clone(),
        checkpoint: Bytes(note.as_bytes().to_vec()),
        cosigned: 0,
    };
    Request::Heads(list.iter().map(head).collect()).encode()
}
