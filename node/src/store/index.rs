//! Where statements are found: by topic in all logs, by reference in our own.
//!
//! In memory, made anew from the logs at every start: 12 bytes for each topic of each entry.

use super::notices::Notices;
use super::parts::Parts;
use cairn_ledger::Entry;
use cairn_ledger::hash::Reference;
use cairn_ledger::text::{MemberCode, Topic};
use std::collections::{BTreeMap, HashMap};

/// An entry's place: which log, which position.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Whose log.
    pub member: MemberCode,
    /// Where in it.
    pub position: u64,
}

/// Finds entries.
#[derive(Debug)]
pub struct Index {
    own: MemberCode,
    members: Vec<MemberCode>,
    topics: BTreeMap<Topic, Vec<(u16, u64)>>,
    references: HashMap<Reference, u64>,
    notices: Notices,
    parts: Parts,
}

impl Index {
    pub(crate) fn new(own: MemberCode, members: Vec<MemberCode>) -> Self {
        let (topics, references) = (BTreeMap::new(), HashMap::new());
        let (notices, parts) = (Notices::default(), Parts::default());
        Self { own, members, topics, references, notices, parts }
    }

    /// Takes note of an entry.
    pub(crate) fn add(&mut self, entry: &Entry) {
        let statement = entry.statement();
        if statement.member == self.own {
            self.references.insert(statement.reference, entry.position());
        }
        self.notices.add(entry);
        self.parts.add(entry);
        let Ok(member) = self.members.binary_search(&statement.member) else { return };
        let place = (u16::try_from(member).unwrap_or(u16::MAX), entry.position());
        for topic in &statement.topics {
            match self.topics.get_mut(topic) {
                Some(places) => places.push(place),
                None => {
                    self.topics.insert(topic.clone(), vec![place]);
                }
            }
        }
    }

    /// Forgets what it knows of one log, before that log is read anew.
    pub(crate) fn forget(&mut self, member: &MemberCode) {
        if *member == self.own {
            self.references.clear();
        }
        self.notices.forget(member);
        self.parts.forget(member);
        let Ok(index) = self.members.binary_search(member) else { return };
        for places in self.topics.values_mut() {
            places.retain(|(member, _)| usize::from(*member) != index);
        }
        self.topics.retain(|_, places| !places.is_empty());
    }

    /// Notifications whose receivers have not cosigned them yet.
    pub(crate) fn notices(&self) -> &Notices {
        &self.notices
    }

    pub(crate) fn notices_mut(&mut self) -> &mut Notices {
        &mut self.notices
    }

    /// Sealed parts.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    pub(crate) fn parts_mut(&mut self) -> &mut Parts {
        &mut self.parts
    }

    /// Where our own log holds the statement with this reference.
    pub fn position_of(&self, reference: &Reference) -> Option<u64> {
        self.references.get(reference).copied()
    }

    /// The entries about `topic`, in order of log and position.
    pub fn about(&self, topic: &Topic) -> Vec<Place> {
        let mut places = self.topics.get(topic).cloned().unwrap_or_default();
        places.sort_unstable();
        let place = |(member, position): (u16, u64)| {
            let member = self.members.get(usize::from(member))?.clone();
            Some(Place { member, position })
        };
        places.into_iter().filter_map(place).collect()
    }

    /// The topics that begin with `prefix`, in ascending order.
    pub fn topics<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a Topic> {
        let from = Topic::new(prefix).ok();
        let all = match from {
            Some(from) => self.topics.range(from..),
            None => self.topics.range::<Topic, _>(..),
        };
        all.map(|(topic, _)| topic).take_while(move |topic| topic.as_str().starts_with(prefix))
    }
}
