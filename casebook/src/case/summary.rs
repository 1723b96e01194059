//! The few fields of a case that a list shows.

use super::{Case, Span};
use crate::case_id::CaseId;
use crate::codes::MissionCode;
use crate::date::Date;
use crate::stage::Stage;
use crate::vocabulary::Nature;
use alloc::vec::Vec;
use cairn_ledger::MemberCode;
use cairn_ledger::text::Text;
use serde::{Deserialize, Serialize};

/// A case in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Its id.
    pub id: CaseId,
    /// The title of the first opening; none where nobody has opened it here.
    pub title: Option<Text<200>>,
    /// The mission of the first opening.
    pub mission: Option<MissionCode>,
    /// The incident date of the first opening.
    pub incident_date: Option<Date>,
    /// How far it has come.
    pub stage: Stage,
    /// From the least to the most dead that members state today.
    pub killed: Option<Span>,
    /// Who has stated anything, in ascending order.
    pub members: Vec<MemberCode>,
    /// How many contradictions it has.
    pub contradictions: u32,
    /// Real, or a demonstration.
    pub nature: Option<Nature>,
    /// How many statements there are about it, whatever became of them.
    pub statements: u32,
}

impl Summary {
    pub(super) fn of(case: &Case) -> Self {
        let opened = case.openings.first().map(|opening| &opening.opened);
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        Self {
            id: case.id.clone(),
            title: case.title.clone(),
            mission: opened.map(|opened| opened.mission.clone()),
            incident_date: opened.map(|opened| opened.date),
            stage: case.stage,
            killed: case.killed,
            members: case.members(),
            contradictions: count(case.contradictions.len()),
            nature: case.nature,
            statements: count(case.timeline.len()),
        }
    }
}
