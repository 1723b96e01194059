//! How much disk sealed parts may take: for each member whose they are, and for each case.

use super::{Sealed, SealedError, lock};
use crate::store::{Part, PartId};
use cairn_casebook::CaseId;
use cairn_ledger::MemberCode;
use std::collections::BTreeMap;
use std::io;
use std::sync::PoisonError;

/// Bounds for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all that one member has sealed.
    pub bytes_per_member: u64,
    /// Bytes of all that is sealed about one case.
    pub bytes_per_case: u64,
}

/// What is taken.
#[derive(Debug, Default)]
pub(super) struct Used {
    members: BTreeMap<MemberCode, u64>,
    cases: BTreeMap<CaseId, u64>,
}

impl Used {
    pub(super) fn add(&mut self, member: &MemberCode, case: Option<&CaseId>, bytes: u64) {
        let all = self.members.entry(member.clone()).or_default();
        *all = all.saturating_add(bytes);
        if let Some(case) = case {
            let all = self.cases.entry(case.clone()).or_default();
            *all = all.saturating_add(bytes);
        }
    }

    fn remove(&mut self, member: &MemberCode, case: Option<&CaseId>, bytes: u64) {
        if let Some(all) = self.members.get_mut(member) {
            *all = all.saturating_sub(bytes);
        }
        if let Some(all) = case.and_then(|case| self.cases.get_mut(case)) {
            *all = all.saturating_sub(bytes);
        }
    }
}

impl Sealed {
    /// Looks at what is on the disk already.
    pub(super) fn measure(&self) -> io::Result<()> {
        let index = self.store.index().read().unwrap_or_else(PoisonError::into_inner);
        let ours = index.parts().all().filter(|(_, part)| part.may_have(&self.me));
        let ours: Vec<_> = ours.map(|(id, part)| (id.clone(), part.clone())).collect();
        drop(index);
        for (id, part) in ours {
            if let Some(payload) = self.shelf.payload(&self.place(&id, &part))? {
                let bytes = self.weight(&id, &part, &payload);
                lock(&self.used).add(&id.member, part.case.as_ref(), bytes);
            }
        }
        Ok(())
    }

    /// Refuses so many bytes more where they would go past a limit.
    pub(super) fn check_room(
        &self,
        member: &MemberCode,
        case: Option<&CaseId>,
        more: u64,
    ) -> Result<(), SealedError> {
        let used = lock(&self.used);
        let check = |what: String, used: u64, limit: u64, name: &str| {
            if used.saturating_add(more) <= limit {
                return Ok(());
            }
            Err(SealedError::Limit(format!(
                "{what} takes {used} bytes here, {more} more would go past the limit of {limit} ({name} in node.toml)"
            )))
        };
        let (all, limit) = (used.members.get(member).copied(), self.limits.bytes_per_member);
        check(
            format!("what {member} has sealed"),
            all.unwrap_or(0),
            limit,
            "sealed_bytes_per_member",
        )?;
        let Some(case) = case else { return Ok(()) };
        let (all, limit) = (used.cases.get(case).copied(), self.limits.bytes_per_case);
        check(
            format!("what is sealed about {case}"),
            all.unwrap_or(0),
            limit,
            "sealed_bytes_per_case",
        )
    }

    pub(super) fn freed(&self, id: &PartId, part: &Part, bytes: u64) {
        lock(&self.used).remove(&id.member, part.case.as_ref(), bytes);
    }
}
