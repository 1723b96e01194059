//! The sealed parts of a case's statements, as everybody sees them: for whom, how large at most, and what
//! became of them.

use super::standing::Line;
use crate::fact::{EntryRef, Fact, MAIN_PART};
use crate::vocabulary::ErasureReason;
use alloc::vec::Vec;
use cairn_ledger::MemberCode;
use cairn_ledger::hash::Commitment;
use cairn_ledger::statement::{Audience, SealedPart};
use cairn_ledger::text::Text;
use serde::{Deserialize, Serialize};

/// A sealed part of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedLine {
    /// Which part.
    pub part: u16,
    /// Whom its statement lists; nobody where it stays in its member's vault.
    pub audience: Vec<MemberCode>,
    /// Whether it stays in its member's vault.
    pub vault: bool,
    /// Its content has at most 2 to this power bytes.
    pub size_class: u8,
    /// The salted commitment to it.
    pub commitment: Commitment,
    /// Members whom its member has let in later.
    pub granted: Vec<MemberCode>,
    /// By what it was erased, if it was.
    pub erased: Option<Erasure>,
    /// Members whose logs say that they have destroyed it.
    pub destroyed_by: Vec<MemberCode>,
}

/// How a sealed part was erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// The statement that erases it.
    pub entry: EntryRef,
    /// Why.
    pub reason: ErasureReason,
    /// By whose decision or order.
    pub authority: Text<300>,
}

/// What a member can see of a sealed part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sees {
    /// What it says.
    Content,
    /// That it exists, for whom, and how large it is at most.
    Existence,
    /// That it existed.
    Erased,
}

impl SealedLine {
    /// What the statement of a member says of one of its parts.
    #[must_use]
    pub fn of(sealed: &SealedPart) -> Self {
        let (audience, vault) = match &sealed.audience {
            Audience::Members(members) => (members.clone(), false),
            Audience::Holder => (Vec::new(), true),
            Audience::Concerned => (Vec::new(), false),
        };
        let (part, size_class, commitment) = (sealed.part, sealed.size_class, sealed.commitment);
        let (granted, destroyed_by) = (Vec::new(), Vec::new());
        Self { part, audience, vault, size_class, commitment, granted, erased: None, destroyed_by }
    }

    /// What a member can see of it; `by` has sealed it.
    #[must_use]
    pub fn seen_by(&self, by: &MemberCode, member: &MemberCode) -> Sees {
        let reads = member == by || self.audience.contains(member) || self.granted.contains(member);
        match (&self.erased, reads) {
            (Some(_), _) => Sees::Erased,
            (None, true) => Sees::Content,
            (None, false) => Sees::Existence,
        }
    }
}

/// What a counting grant or erasure changes of a part of the same log.
enum Change {
    Grant(Vec<MemberCode>),
    Erase(Erasure),
}

/// Carries out the grants and erasures in a timeline, in order of each log.
pub(super) fn amend(timeline: &mut [Line]) {
    let mut order: Vec<usize> = (0..timeline.len()).collect();
    order.sort_by_key(|at| timeline.get(*at).map(|line| line.entry.clone()));
    for at in order {
        let Some(line) = timeline.get(at) else { continue };
        let (target, part, change) = match &line.fact {
            Some(Fact::Granted(said)) => {
                let sealed = line.sealed.iter().find(|sealed| sealed.part == MAIN_PART);
                let members = sealed.map(|sealed| sealed.audience.clone()).unwrap_or_default();
                (said.target.clone(), said.part, Change::Grant(members))
            }
            Some(Fact::Erased(said)) => {
                let (entry, reason) = (line.entry.clone(), said.reason);
                let erasure = Erasure { entry, reason, authority: said.authority.clone() };
                (said.target.clone(), said.part, Change::Erase(erasure))
            }
            Some(_) | None => continue,
        };
        let (member, position) = (line.entry.member.clone(), line.entry.position);
        if target.member != member || target.position >= position {
            continue;
        }
        let found = timeline.iter_mut().find(|line| line.entry == target);
        let found = found.and_then(|line| line.sealed.iter_mut().find(|one| one.part == part));
        let Some(sealed) = found.filter(|sealed| sealed.erased.is_none()) else { continue };
        match change {
            Change::Grant(members) if !sealed.vault => {
                sealed.granted.extend(members);
                sealed.granted.sort();
                sealed.granted.dedup();
            }
            Change::Grant(_) => {}
            Change::Erase(erasure) => sealed.erased = Some(erasure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Case, Stated};
    use crate::fact::{Erased, Granted};
    use crate::samples::{entry, notified, says, stated};
    use alloc::vec;

    fn code(code: &str) -> MemberCode {
        code.parse().unwrap()
    }

    fn sealed(stated: Stated, part: u16, members: &[&str]) -> Stated {
        let audience = Audience::Members(members.iter().map(|one| code(one)).collect());
        let (size_class, commitment) = (8, Commitment([1; 32]));
        let sealed = vec![SealedLine::of(&SealedPart { part, audience, size_class, commitment })];
        Stated { sealed, ..stated }
    }

    #[test]
    fn grants_let_in_and_erasures_end_it_for_their_own_member_alone() {
        let target = |member| entry(member, 1);
        let grant = |target| Fact::Granted(Granted { says: says(9), target, part: 100 });
        let erase = |target| {
            let (reason, authority) = (ErasureReason::SecretLeak, "an order".parse().unwrap());
            Fact::Erased(Erased { says: says(9), target, part: 100, reason, authority })
        };
        let first = sealed(stated("COD", 1, notified(8)), 100, &["TUR"]);
        let granted = sealed(stated("COD", 2, grant(target("COD"))), 1, &["TZA"]);
        let foreign = sealed(stated("RWA", 2, grant(target("COD"))), 1, &["RWA"]);
        let foreign_erasure = stated("RWA", 3, erase(target("COD")));
        let case = |all: Vec<Stated>| Case::fold(crate::CaseId::derived("a"), all);
        let sees = |case: &Case, member: &str| {
            let line = case.timeline.iter().find(|line| line.entry == target("COD")).unwrap();
            line.sealed[0].seen_by(&code("COD"), &code(member))
        };
        let all = vec![foreign, granted, first, foreign_erasure];
        let before = case(all.clone());
        for member in ["COD", "TUR", "TZA"] {
            assert_eq!(sees(&before, member), Sees::Content, "{member}");
        }
        assert_eq!(sees(&before, "RWA"), Sees::Existence);
        let after = case([all, vec![stated("COD", 3, erase(target("COD")))]].concat());
        assert_eq!(sees(&after, "TUR"), Sees::Erased);
    }
}
