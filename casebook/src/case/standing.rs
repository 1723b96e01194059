//! What became of each statement: whether it stands, and which words stand in its place.
//!
//! 1. Within one member's log a retraction counts unless a later counting retraction takes it back.
//! 2. A statement is replaced by the latest counting correction of it or of one of its corrections.
//! 3. Nobody corrects or retracts what another member said: such a statement has no effect, and
//!    shows as such.

use super::sealed::SealedLine;
use super::{Beyond, Stated};
use crate::date::Date;
use crate::fact::{Correction, EntryRef, Fact, Reading};
use crate::rules::may_state_as;
use crate::stage::Stage;
use crate::vocabulary::{Basis, Verification};
use alloc::borrow::ToOwned as _;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;
use cairn_ledger::charter::MemberKind;
use cairn_ledger::statement::Timestamp;
use cairn_ledger::{Kind, PublicKey};
use serde::{Deserialize, Serialize};

/// What became of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It stands.
    Stands,
    /// Its member now says something else, in that entry.
    CorrectedBy(EntryRef),
    /// Its member took it back, in that entry.
    RetractedBy(EntryRef),
    /// Such a member may not state it, or not like this; kept, and counted nowhere.
    NotForThisMember(String),
    /// Its log is forked before it: its member has signed another history. Kept, and counted nowhere.
    BeyondFork,
    /// Its member was removed, and its log ended before it, by the charter. Kept, and counted nowhere.
    BeyondEnd,
    /// It was signed after its key was compromised, as the entry at that position of its log says. Kept, and
    /// counted nowhere; its member can say it again with another key.
    AfterCompromise(u64),
    /// A correction or retraction that has no effect, and why.
    NoEffect(String),
    /// Its kind is known and its fields are not readable.
    Unreadable(String),
    /// Its kind is not known to this program.
    UnknownKind,
}

/// A statement in the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Where it is.
    pub entry: EntryRef,
    /// What its member is, if that is known.
    pub member_kind: Option<MemberKind>,
    /// When it was made, as its contributor claims.
    pub made_at: Timestamp,
    /// Who signed it.
    pub signers: Vec<PublicKey>,
    /// The date as of which it holds; where it cannot be read, the day on which it was made.
    pub as_of: Date,
    /// Its kind.
    pub kind: Kind,
    /// What it says, if it can be read.
    pub fact: Option<Fact>,
    /// When the node of the State that it notifies first held it, by that node's own cosignature: seconds
    /// since 1970.
    pub noticed_at: Option<u64>,
    /// Its sealed parts.
    #[serde(default)]
    pub sealed: Vec<SealedLine>,
    /// What became of it.
    pub standing: Standing,
}

/// Who says something, as of when, on what basis: in order of as-of date, member and position.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Source {
    /// The date as of which it holds.
    pub as_of: Date,
    /// The entry with the words that stand: the statement's own, or its correction's.
    pub entry: EntryRef,
    /// What the member bases it on.
    pub basis: Basis,
    /// How far it has been verified.
    pub verification: Verification,
}

/// A fact that stands.
pub(super) struct Live {
    pub(super) source: Source,
    pub(super) member_kind: Option<MemberKind>,
    pub(super) fact: Fact,
}

impl Live {
    pub(super) fn stage(&self) -> Stage {
        Stage::shown_by(self.member_kind, &self.fact)
    }
}

/// The timeline of `statements`, and the facts among them that stand.
pub(super) fn settle(statements: impl IntoIterator<Item = Stated>) -> (Vec<Line>, Vec<Live>) {
    let mut book = Book::of(statements);
    book.retract();
    book.correct();
    let live = book.live();
    let mut timeline = book.lines();
    timeline.sort_by(|a, b| (a.as_of, &a.entry).cmp(&(b.as_of, &b.entry)));
    (timeline, live)
}

/// One statement, while it is found out what became of it.
struct Item {
    stated: Stated,
    /// Why it counts nowhere, whatever others say about it.
    forbidden: Option<Standing>,
    /// Why it has no effect on its target.
    no_effect: Option<String>,
    /// The retraction that counts against it.
    retracted_by: Option<usize>,
    /// For a correction: the statement that it corrects in the end.
    root: Option<usize>,
    /// The latest counting correction of it.
    corrected_by: Option<usize>,
}

/// All statements in order of member and position, each once.
struct Book {
    items: Vec<Item>,
    places: BTreeMap<EntryRef, usize>,
}

impl Book {
    fn of(statements: impl IntoIterator<Item = Stated>) -> Self {
        let sorted: BTreeMap<_, _> = statements.into_iter().map(|s| (s.entry(), s)).collect();
        let places = sorted.keys().cloned().zip(0..).collect();
        let items = sorted.into_values().map(Item::new).collect();
        Self { items, places }
    }

    /// The place of a correction's or retraction's target, or why it has no effect.
    fn target(&self, from: &Stated, target: &EntryRef) -> Result<usize, String> {
        if target.member != from.member {
            return Err(format!("it is aimed at a statement of {}", target.member));
        }
        if target.position >= from.position {
            return Err("its target does not come before it".to_owned());
        }
        let missing = || format!("{target} is not held as a statement about this case");
        let place = self.places.get(target).copied().ok_or_else(missing)?;
        let signed_by = self.items.get(place).map_or(0, |item| item.stated.signers.len());
        if signed_by >= 2 && from.signers.len() < 2 {
            return Err(format!("two people have signed {target}, and one has signed this"));
        }
        Ok(place)
    }

    /// From the last to the first, so that whether a retraction counts is known when its turn comes.
    fn retract(&mut self) {
        for at in (0..self.items.len()).rev() {
            let Some(item) = self.items.get(at) else { continue };
            let Some(Fact::Retraction(retraction)) = item.stated.fact() else { continue };
            let counts = item.retracted_by.is_none() && item.forbidden.is_none();
            match self.target(&item.stated, &retraction.target) {
                Ok(target) if counts => {
                    self.change(target, |item| item.retracted_by = Some(at));
                }
                Ok(_) => {}
                Err(why) => self.change(at, |item| item.no_effect = Some(why)),
            }
        }
    }

    /// From the first to the last, so that the latest correction wins.
    fn correct(&mut self) {
        for at in 0..self.items.len() {
            let Some(item) = self.items.get(at) else { continue };
            let Some(Fact::Correction(correction)) = item.stated.fact() else { continue };
            let counts = item.retracted_by.is_none() && item.forbidden.is_none();
            match self.root(&item.stated, correction) {
                Ok(root) => {
                    self.change(at, |item| item.root = Some(root));
                    if counts {
                        self.change(root, |item| item.corrected_by = Some(at));
                    }
                }
                Err(why) => self.change(at, |item| item.no_effect = Some(why)),
            }
        }
    }

    /// The statement that a correction corrects in the end, or why it has no effect.
    fn root(&self, from: &Stated, correction: &Correction) -> Result<usize, String> {
        let target = self.target(from, &correction.target)?;
        let is_correction = |item: &Item| matches!(item.stated.fact(), Some(Fact::Correction(_)));
        let root = match self.items.get(target) {
            Some(item) if is_correction(item) => item.root,
            Some(_) => Some(target),
            None => None,
        };
        let root = root.ok_or("its target is a correction without effect")?;
        let (old, new) = (self.items.get(root).map(Item::kind), correction.replacement.kind());
        if old == Some(new) {
            Ok(root)
        } else {
            let old = old.map_or(0, |kind| kind.0);
            Err(format!("it would replace a statement of kind {old} by one of kind {}", new.0))
        }
    }

    fn change(&mut self, at: usize, change: impl FnOnce(&mut Item)) {
        if let Some(item) = self.items.get_mut(at) {
            change(item);
        }
    }

    fn live(&self) -> Vec<Live> {
        self.items.iter().flat_map(|item| self.live_words(item)).collect()
    }

    /// The words that stand for a statement: its own, or those of its latest correction.
    fn live_words(&self, item: &Item) -> Option<Live> {
        let amends = matches!(item.stated.fact(), Some(Fact::Correction(_) | Fact::Retraction(_)));
        if amends || item.retracted_by.is_some() {
            return None;
        }
        let words = item.corrected_by.and_then(|by| self.items.get(by)).unwrap_or(item);
        let fact = match (words.forbidden.is_some(), words.stated.fact()?) {
            (true, _) => return None,
            (false, Fact::Correction(correction)) => match correction.replacement.reading() {
                Reading::Fact(fact) => fact,
                Reading::Unknown(_) | Reading::Unreadable { .. } => return None,
            },
            (false, fact) => fact.clone(),
        };
        let says = *fact.says();
        let source = Source {
            as_of: says.as_of,
            entry: words.stated.entry(),
            basis: says.basis,
            verification: says.verification,
        };
        Some(Live { source, member_kind: item.stated.member_kind, fact })
    }

    fn lines(self) -> Vec<Line> {
        let entries: Vec<_> = self.items.iter().map(|item| item.stated.entry()).collect();
        let ends: Vec<_> = (0..self.items.len()).map(|at| self.end(at)).collect();
        let mut lines = vec![];
        for (item, end) in self.items.into_iter().zip(ends) {
            let named = |at: usize| entries.get(at).cloned();
            let standing = match end {
                End::Told(standing) => standing,
                End::Retracted(by) => named(by).map_or(Standing::Stands, Standing::RetractedBy),
                End::Corrected(by) => named(by).map_or(Standing::Stands, Standing::CorrectedBy),
            };
            lines.push(item.into_line(standing));
        }
        lines
    }

    /// The most telling thing about a statement: first that it was taken back, last that it stands.
    fn end(&self, at: usize) -> End {
        let Some(item) = self.items.get(at) else { return End::Told(Standing::Stands) };
        let root = item.root.and_then(|root| self.items.get(root));
        // a correction falls with the statement that it corrects
        let retracted = item.retracted_by.or_else(|| root.and_then(|root| root.retracted_by));
        let corrected = root.map_or(item.corrected_by, |root| root.corrected_by);
        let later = corrected.filter(|by| *by > at);
        if let Some(by) = retracted {
            return End::Retracted(by);
        }
        if let Some(standing) = &item.forbidden {
            return End::Told(standing.clone());
        }
        if let Some(why) = &item.no_effect {
            return End::Told(Standing::NoEffect(why.clone()));
        }
        if let Some(by) = later {
            return End::Corrected(by);
        }
        End::Told(match &item.stated.reading {
            Reading::Fact(_) => Standing::Stands,
            Reading::Unknown(_) => Standing::UnknownKind,
            Reading::Unreadable { why, .. } => Standing::Unreadable(why.clone()),
        })
    }
}

enum End {
    Told(Standing),
    Retracted(usize),
    Corrected(usize),
}

impl Item {
    fn new(stated: Stated) -> Self {
        let forbidden = match (stated.member_kind, stated.fact()) {
            _ if stated.beyond == Some(Beyond::Fork) => Some(Standing::BeyondFork),
            _ if stated.beyond == Some(Beyond::End) => Some(Standing::BeyondEnd),
            _ if let Some(by) = stated.compromised_by => Some(Standing::AfterCompromise(by)),
            (Some(kind), Some(fact)) => {
                let refused = may_state_as(&stated.member, kind, fact).err();
                refused.map(|error| Standing::NotForThisMember(error.to_string()))
            }
            (Some(_) | None, _) => None,
        };
        Self {
            stated,
            forbidden,
            no_effect: None,
            retracted_by: None,
            root: None,
            corrected_by: None,
        }
    }

    fn kind(&self) -> Kind {
        self.stated.reading.kind()
    }

    fn into_line(self, standing: Standing) -> Line {
        let stated = self.stated;
        Line {
            entry: stated.entry(),
            as_of: stated.as_of(),
            kind: stated.reading.kind(),
            member_kind: stated.member_kind,
            made_at: stated.made_at,
            signers: stated.signers,
            noticed_at: stated.noticed_at,
            sealed: stated.sealed,
            fact: match stated.reading {
                Reading::Fact(fact) => Some(fact),
                Reading::Unknown(_) | Reading::Unreadable { .. } => None,
            },
            standing,
        }
    }
}
