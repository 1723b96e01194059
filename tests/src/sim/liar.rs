//! A member that shows different histories to different peers, or serves what does not fit.

use super::talk::{Message, range_of, side_of};
use super::world::World;
use crate::people::Network;
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Charter, Checkpoint, Cosigned, Entry, Log, SignedStatement};
use cairn_replica::{HeadOf, Input, Range};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What plays a node that no honest replica runs.
#[derive(Debug, Clone, Default)]
pub struct Liar {
    /// What each peer is told, by its number.
    pub faces: BTreeMap<usize, Face>,
    /// What the liar does to a range before it sends it.
    pub spoil: Option<fn(&mut Range) -> Answer>,
    /// Whether it proves what it shows though it serves something else.
    pub proves: bool,
}

/// Whether a liar answers at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// With the range, spoilt or not.
    Send,
    /// That it holds nothing.
    Nothing,
    /// Not at all.
    Silence,
}

/// One history of one log, with the checkpoint that is shown for it.
#[derive(Debug, Clone)]
pub struct Face {
    /// Whose log.
    pub log: MemberCode,
    /// The entries.
    pub entries: Vec<Arc<Entry>>,
    /// The promise.
    pub checkpoint: Checkpoint,
}

impl Liar {
    /// What it answers to a fetch.
    #[must_use]
    pub fn serve(&self, asker: usize, log: &MemberCode, start: u64, most: u32) -> Option<Message> {
        let nothing = Message::Nothing { log: log.clone(), start };
        let face = self.faces.get(&asker).filter(|face| face.log == *log);
        let range = face.and_then(|it| range_of(log, &it.entries, &it.checkpoint, start, most));
        let Some(mut range) = range else { return Some(nothing) };
        match self.spoil.map_or(Answer::Send, |spoil| spoil(&mut range)) {
            Answer::Send => Some(Message::Range(range)),
            Answer::Nothing => Some(nothing),
            Answer::Silence => None,
        }
    }
}

impl Liar {
    /// What it proves of the face that it has for the asker: what any holder of it could.
    #[must_use]
    pub fn prove(
        &self,
        asker: usize,
        log: &MemberCode,
        size: u64,
        charter: &Charter,
    ) -> Option<Message> {
        if self.spoil.is_some() && !self.proves {
            return None;
        }
        let face = self.faces.get(&asker).filter(|face| face.log == *log);
        let face = face.filter(|face| size > 0 && size <= face.checkpoint.size());
        Some(face.map_or(Message::NoSide(log.clone(), size), |face| {
            let cosigned = Cosigned::new(face.checkpoint.clone());
            let side = side_of(log, &face.entries, &cosigned, size, charter);
            Message::Side(log.clone(), size, Box::new(side))
        }))
    }
}

impl Face {
    /// A whole history of a member's log, promised with its own key.
    ///
    /// # Panics
    /// When a statement is not one for this log.
    #[must_use]
    pub fn of(network: &Network, author: usize, statements: Vec<SignedStatement>) -> Self {
        let person = &network.people[author];
        let mut log = Log::new(&network.charter, &person.code).expect("a member");
        let mut entries = Vec::new();
        for statement in statements {
            let entry = Entry::place(log.size(), log.last(), statement);
            log.admit(&entry, |_| None).expect("authorised");
            entries.push(Arc::new(entry));
        }
        let origin = network.charter.origin(&person.code);
        let checkpoint = Checkpoint::sign(&origin, log.head(), &person.secrets.log);
        Self { log: person.code.clone(), entries, checkpoint }
    }
}

impl World {
    /// Shows every peer of a liar its face again.
    pub fn greet(&mut self, node: usize) {
        for peer in 0..self.nodes.len() {
            let code = self.nodes[peer].code.clone();
            self.tell_liar(node, Input::Connected(code));
        }
    }

    /// Sends a range to a node as an author sends what is new in its log.
    pub fn push_grown(&mut self, from: usize, to: usize, range: Range) {
        let code = self.nodes[to].code.clone();
        self.send(from, &code, Message::Pushed(range, true));
    }

    /// Sends a range to a node, whether it was asked for or not.
    pub fn push_range(&mut self, from: usize, to: usize, range: Range) {
        let code = self.nodes[to].code.clone();
        self.send(from, &code, Message::Range(range));
    }

    /// A liar greets whoever connects with the face that it has for it.
    pub(crate) fn tell_liar(&mut self, node: usize, input: Input) {
        let Input::Connected(peer) = input else { return };
        let liar = self.nodes[node].liar.as_ref();
        let face = liar.and_then(|liar| liar.faces.get(&self.numbers[&peer])).cloned();
        if let Some(Face { log, checkpoint, .. }) = face {
            self.send(node, &peer, Message::Heads(vec![HeadOf { log, checkpoint, cosigned: 0 }]));
        }
    }
}
