//! Scopes by missions and cases, judged where statements are handed in: by all that the node holds.

use super::cases::fold;
use crate::driver::Judged;
use crate::store::{Store, StoreError};
use cairn_api::Problem;
use cairn_api::words::outside_of_scope;
use cairn_casebook::scope::check_scope;
use cairn_casebook::{CaseId, MissionCode, Reading};
use cairn_ledger::{Authority, MemberCode, SignedStatement};
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// True when one of the signers may speak about some topics only.
pub(super) fn is_limited(authority: &Authority, signed: &SignedStatement) -> bool {
    signed.signatures().iter().any(|signature| {
        let grant = authority.grant(&signature.key);
        grant.is_some_and(|grant| !grant.authorisation.scope.topics.is_empty())
    })
}

/// Refuses what one of its signers may not speak about. Whether they may speak at all is for the log.
pub(super) fn check(
    store: &Store,
    logs: &BTreeMap<MemberCode, Judged>,
    authority: &Authority,
    signed: &SignedStatement,
) -> Result<Result<(), Problem>, StoreError> {
    let statement = signed.statement();
    let Reading::Fact(fact) = Reading::of(statement.kind, &statement.body) else {
        return Ok(Ok(()));
    };
    let index = store.index().read().unwrap_or_else(PoisonError::into_inner);
    let known = index.position_of(&statement.reference).is_some();
    drop(index);
    if known {
        // It stands: whoever sends it again is told where.
        return Ok(Ok(()));
    }
    let missions_of = |case: &CaseId| -> Result<Vec<MissionCode>, StoreError> {
        Ok(fold(store, logs, case.clone())?.missions)
    };
    let grants = signed.signatures().iter().filter_map(|one| authority.grant(&one.key));
    for grant in grants.filter(|grant| grant.withdrawal().is_none()) {
        let topics = &grant.authorisation.scope.topics;
        if let Err(outside) = check_scope(topics, statement, &fact, missions_of)? {
            return Ok(Err(outside_of_scope(&statement.member, grant, &outside)));
        }
    }
    Ok(Ok(()))
}
