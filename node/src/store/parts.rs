//! Which sealed parts there are, who may have them, and what has become of them.
//!
//! In memory, made anew from the logs at every start: some 200 bytes for each part.

use cairn_casebook::fact::MAIN_PART;
use cairn_casebook::{CaseId, Fact, Reading};
use cairn_ledger::destroyed::{DESTROYED, Destroyed};
use cairn_ledger::hash::{Commitment, Reference};
use cairn_ledger::statement::{Audience, Statement};
use cairn_ledger::{Entry, EntryHash, MemberCode};
use std::collections::{BTreeMap, BTreeSet};

/// Which part of which entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartId {
    /// Whose log.
    pub member: MemberCode,
    /// Where in it.
    pub position: u64,
    /// Which of the statement's parts.
    pub part: u16,
}

impl std::fmt::Display for PartId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "part {} of {}/{}", self.part, self.member, self.position)
    }
}

/// What a sealed part is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A text, or whatever a later program knows.
    Text,
    /// A large file: the content is its manifest.
    File,
    /// The content key of another part of the same log.
    Grant {
        /// Which.
        of: PartId,
    },
}

/// A sealed part, as the logs tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The statement's reference.
    pub reference: Reference,
    /// The entry's hash.
    pub entry: EntryHash,
    /// For whom its payload is sealed, in ascending order.
    pub audience: Vec<MemberCode>,
    /// Whether it never leaves its member.
    pub vault: bool,
    /// The size class.
    pub size_class: u8,
    /// What was committed to.
    pub commitment: Commitment,
    /// What it is.
    pub content: Content,
    /// The case that it is about, if it is about one.
    pub case: Option<CaseId>,
    /// Grants of it: where each stands, and for whom.
    pub grants: Vec<(u64, Vec<MemberCode>)>,
    /// The position of the entry that erases it.
    pub erased: Option<u64>,
}

impl Part {
    /// Everybody who may have it, in ascending order.
    #[must_use]
    pub fn readers(&self) -> Vec<MemberCode> {
        let granted = self.grants.iter().flat_map(|(_, members)| members);
        let all: BTreeSet<_> = self.audience.iter().chain(granted).cloned().collect();
        all.into_iter().collect()
    }

    /// Whether somebody may have it.
    #[must_use]
    pub fn may_have(&self, member: &MemberCode) -> bool {
        let granted = self.grants.iter().any(|(_, members)| members.contains(member));
        self.erased.is_none() && (granted || self.audience.contains(member))
    }
}

/// All sealed parts of all logs.
#[derive(Debug, Default)]
pub struct Parts {
    all: BTreeMap<PartId, Part>,
    /// Who has said that they carried out which erasure.
    destroyed: BTreeSet<(MemberCode, u64, MemberCode)>,
    /// What was added, granted or erased since it was last asked for.
    changed: Vec<PartId>,
}

impl Parts {
    /// Takes note of an entry.
    pub(crate) fn add(&mut self, entry: &Entry) {
        let statement = entry.statement();
        if statement.kind == DESTROYED {
            if let Ok(Destroyed { member, position, .. }) = Destroyed::decode(&statement.body) {
                self.destroyed.insert((member, position, statement.member.clone()));
            }
            return;
        }
        let names_parts = !statement.sealed.is_empty() || matches!(statement.kind.0, 182 | 183);
        if !names_parts {
            return;
        }
        let reading = Reading::of(statement.kind, &statement.body);
        let fact = reading.fact();
        for sealed in &statement.sealed {
            let part = PartId {
                member: statement.member.clone(),
                position: entry.position(),
                part: sealed.part,
            };
            let Some(audience) = audience(&statement.member, &sealed.audience) else { continue };
            let new = Part {
                reference: statement.reference,
                entry: entry.hash(),
                audience,
                vault: sealed.audience == Audience::Holder,
                size_class: sealed.size_class,
                commitment: sealed.commitment,
                content: content(fact, &statement.member, sealed.part),
                case: case(statement),
                grants: Vec::new(),
                erased: None,
            };
            // A number that stands twice names the first.
            self.all.entry(part.clone()).or_insert(new);
            self.changed.push(part);
        }
        self.change(entry, fact);
    }

    /// What a grant or an erasure changes.
    fn change(&mut self, entry: &Entry, fact: Option<&Fact>) {
        let (target, part) = match fact {
            Some(Fact::Granted(said)) => (&said.target, said.part),
            Some(Fact::Erased(said)) => (&said.target, said.part),
            Some(_) | None => return,
        };
        let statement = entry.statement();
        let id = PartId { member: target.member.clone(), position: target.position, part };
        let own = target.member == statement.member && target.position < entry.position();
        let known = self.all.get_mut(&id).filter(|part| own && part.entry == target.hash);
        let Some(known) = known else { return };
        if matches!(fact, Some(Fact::Erased(_))) {
            known.erased.get_or_insert(entry.position());
            // What was granted is the key of what is erased.
            let grants: Vec<_> = known.grants.iter().map(|(position, _)| *position).collect();
            for position in grants {
                let grant = PartId { position, part: MAIN_PART, ..id.clone() };
                if let Some(part) = self.all.get_mut(&grant) {
                    part.erased.get_or_insert(entry.position());
                    self.changed.push(grant);
                }
            }
        } else if let Some(sealed) = statement.sealed.iter().find(|one| one.part == MAIN_PART)
            && let Some(members) = audience(&statement.member, &sealed.audience)
            && !known.vault
        {
            known.grants.push((entry.position(), members));
        }
        self.changed.push(id);
    }

    /// Forgets what it knows of one log, before that log is read anew.
    pub(crate) fn forget(&mut self, member: &MemberCode) {
        self.all.retain(|id, _| id.member != *member);
        self.destroyed.retain(|(_, _, by)| by != member);
    }

    /// One part.
    #[must_use]
    pub fn get(&self, id: &PartId) -> Option<&Part> {
        self.all.get(id)
    }

    /// All of them, by member, position and part.
    pub fn all(&self) -> impl Iterator<Item = (&PartId, &Part)> {
        self.all.iter()
    }

    /// The parts of one entry.
    pub fn of<'a>(
        &'a self,
        member: &MemberCode,
        position: u64,
    ) -> impl Iterator<Item = (&'a PartId, &'a Part)> {
        let from = PartId { member: member.clone(), position, part: 0 };
        let to = PartId { part: u16::MAX, ..from.clone() };
        self.all.range(from..=to)
    }

    /// Who has said that they carried out the erasure at this position of this log.
    pub fn destroyed<'a>(
        &'a self,
        member: &'a MemberCode,
        erasure: u64,
    ) -> impl Iterator<Item = &'a MemberCode> {
        let all = self.destroyed.iter();
        all.filter(move |(log, at, _)| log == member && *at == erasure).map(|(_, _, by)| by)
    }

    /// What has changed since this was last asked for.
    pub fn take_changed(&mut self) -> Vec<PartId> {
        std::mem::take(&mut self.changed)
    }
}

/// For whom a payload is sealed: those that are listed and the statement's member. Nothing where the
/// statement does not say.
fn audience(member: &MemberCode, audience: &Audience) -> Option<Vec<MemberCode>> {
    let listed = match audience {
        Audience::Members(members) => members.as_slice(),
        Audience::Holder => &[],
        Audience::Concerned => return None,
    };
    let all: BTreeSet<_> = listed.iter().chain([member]).cloned().collect();
    Some(all.into_iter().collect())
}

fn content(fact: Option<&Fact>, member: &MemberCode, part: u16) -> Content {
    match fact {
        Some(Fact::Document(_)) if part == MAIN_PART => Content::File,
        Some(Fact::Granted(said)) if part == MAIN_PART => {
            let (position, part) = (said.target.position, said.part);
            Content::Grant { of: PartId { member: member.clone(), position, part } }
        }
        Some(_) | None => Content::Text,
    }
}

fn case(statement: &Statement) -> Option<CaseId> {
    statement.topics.iter().find_map(CaseId::from_topic)
}
