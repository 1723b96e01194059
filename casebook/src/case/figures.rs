//! Casualty figures: each member's latest, with all it said before, and never one figure for all.

use super::standing::{Live, Source};
use crate::fact::{Casualties, Fact};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use cairn_ledger::MemberCode;
use core::fmt;
use serde::{Deserialize, Serialize};

/// From the least to the most that members state. Equal where they agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Span {
    /// What nobody says less than.
    pub least: u32,
    /// What nobody says more than.
    pub most: u32,
}

impl Span {
    /// The span of some numbers.
    #[must_use]
    pub fn of(numbers: impl Iterator<Item = u32>) -> Option<Self> {
        numbers.fold(None, |span: Option<Self>, number| {
            let Self { least, most } = span.unwrap_or(Self { least: number, most: number });
            Some(Self { least: least.min(number), most: most.max(number) })
        })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.least == self.most {
            f.pad(&alloc::format!("{}", self.least))
        } else {
            f.pad(&alloc::format!("{}-{}", self.least, self.most))
        }
    }
}

/// One statement of figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// Who says so.
    pub source: Source,
    /// What it says.
    pub casualties: Casualties,
}

/// What one member has stated, the latest last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberFigures {
    /// The member.
    pub member: MemberCode,
    /// Its standing figures, in order of as-of date and position.
    pub figures: Vec<Figure>,
}

impl MemberFigures {
    /// What it says today about one of the numbers: its latest figure that mentions it.
    #[must_use]
    pub fn latest(&self, number: fn(&Casualties) -> Option<u32>) -> Option<(&Source, u32)> {
        let said = |figure: &&Figure| number(&figure.casualties).is_some();
        let figure = self.figures.iter().rev().find(said)?;
        Some((&figure.source, number(&figure.casualties)?))
    }
}

pub(super) fn by_member(live: &[Live]) -> Vec<MemberFigures> {
    let mut members: BTreeMap<MemberCode, Vec<Figure>> = BTreeMap::new();
    for Live { source, fact, .. } in live {
        if let Fact::Casualties(casualties) = fact {
            let figure = Figure { source: source.clone(), casualties: casualties.clone() };
            members.entry(source.entry.member.clone()).or_default().push(figure);
        }
    }
    let member = |(member, mut figures): (MemberCode, Vec<Figure>)| {
        figures.sort_by(|a, b| a.source.cmp(&b.source));
        MemberFigures { member, figures }
    };
    members.into_iter().map(member).collect()
}

pub(super) fn span(
    casualties: &[MemberFigures],
    number: fn(&Casualties) -> Option<u32>,
) -> Option<Span> {
    Span::of(casualties.iter().filter_map(|member| member.latest(number)).map(|(_, said)| said))
}
