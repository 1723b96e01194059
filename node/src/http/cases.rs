//! Cases, folded from the statements of all members when they are asked for.

use super::problem::{At, Refusal};
use crate::driver::{Ask, Client, Judged};
use crate::store::{PartId, Place, Store, StoreError};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use cairn_api::{CaseList, Problem, route};
use cairn_casebook::{Case, CaseId, Stated, Summary};
use cairn_ledger::{Cosigned, Cosigner, MemberCode};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::PoisonError;
use utoipa::IntoParams;

/// By what the statements of logs are judged, by member.
type Logs = BTreeMap<MemberCode, Judged>;

/// Which cases, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// Only cases of this mission, by its acronym.
    mission: Option<String>,
    /// Only cases at this stage, by its name.
    stage: Option<String>,
    /// Only cases with this host State, or in which this member has stated something.
    state: Option<String>,
    /// Only cases after this id.
    after: Option<String>,
    /// How many at most, up to 1000. Default: 1000.
    limit: Option<usize>,
}

/// The cases, in short.
#[utoipa::path(
    get, path = "/v1/cases", params(Wanted),
    responses((status = 200, body = CaseList), (status = 400, body = Problem))
)]
pub(crate) async fn cases(
    State(client): State<Client>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<CaseList>, Refusal> {
    let Query(wanted) = wanted?;
    let logs = client.ask(Ask::Judged).await?;
    let list = move || list(&client.store, &logs, &wanted);
    Ok(Json(tokio::task::spawn_blocking(list).await??))
}

/// One case: all that every member has stated about it.
#[utoipa::path(
    get, path = "/v1/cases/{case}", params(("case" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = Problem))
)]
pub(crate) async fn case(
    State(client): State<Client>,
    At(id): At<String>,
) -> Result<Json<Case>, Refusal> {
    let id = CaseId::typed(&id).map_err(|why| Refusal::bad(why.to_string()))?;
    let name = id.clone();
    let logs = client.ask(Ask::Judged).await?;
    let case = tokio::task::spawn_blocking(move || fold(&client.store, &logs, id)).await??;
    if case.timeline.is_empty() {
        return Err(Refusal::not_found(format!("nobody has stated anything about {name} here")));
    }
    Ok(Json(case))
}

pub(super) fn fold(store: &Store, logs: &Logs, id: CaseId) -> Result<Case, StoreError> {
    let places = store.index().read().unwrap_or_else(PoisonError::into_inner).about(&id.topic());
    let mut stated = Vec::new();
    for place in places {
        let entry = store.entry(&place.member, place.position)?;
        // What a removed member has stated is held against the same rules as before.
        let kind = store.charter().log(&place.member).map(|card| card.kind);
        let judged = logs.get(&place.member);
        let compromised_by = judged.and_then(|judged| judged.authority.mark_of(&entry));
        let read = Stated::read(&entry, kind);
        let beyond = judged.and_then(|judged| judged.beyond(place.position));
        let noticed_at = match read.notifies() {
            Some(notified) => noticed_at(store, &place, &notified)?,
            None => None,
        };
        let mut sealed = read.sealed.clone();
        for part in &mut sealed {
            part.destroyed_by = destroyed_by(store, &place, part.part);
        }
        stated.push(Stated { sealed, beyond, compromised_by, noticed_at, ..read });
    }
    let cards = store.charter().members().iter();
    let members: Vec<_> = cards.map(|card| (card.code.clone(), card.kind)).collect();
    Ok(Case::fold(id, stated).among(&members))
}

/// Who says that a sealed part is destroyed.
fn destroyed_by(store: &Store, place: &Place, part: u16) -> Vec<MemberCode> {
    let index = store.index().read().unwrap_or_else(PoisonError::into_inner);
    let id = PartId { member: place.member.clone(), position: place.position, part };
    let erased = index.parts().get(&id).and_then(|part| part.erased);
    let by = erased.map(|by| index.parts().destroyed(&place.member, by));
    by.into_iter().flatten().cloned().collect()
}

/// When a notified member's node first held a notification, by its own cosignature.
fn noticed_at(
    store: &Store,
    place: &Place,
    notified: &MemberCode,
) -> Result<Option<u64>, StoreError> {
    let first = store.notice(&place.member, place.position, notified)?;
    let cosignatures = first.as_ref().map(Cosigned::cosignatures);
    let cosigner = Cosigner::Member(notified.clone());
    Ok(cosignatures.and_then(|all| all.get(&cosigner)).map(|cosignature| cosignature.time))
}

fn list(store: &Store, logs: &Logs, wanted: &Wanted) -> Result<CaseList, StoreError> {
    let ids: Vec<CaseId> = {
        let index = store.index().read().unwrap_or_else(PoisonError::into_inner);
        index.topics("case/").filter_map(CaseId::from_topic).collect()
    };
    let limit = wanted.limit.unwrap_or(route::LIMIT_MAX).min(route::LIMIT_MAX);
    let (mut total, mut cases) = (0, Vec::new());
    for id in ids {
        let after = wanted.after.as_ref().is_none_or(|after| id.to_string() > *after);
        let case = fold(store, logs, id)?;
        if matches(&case, wanted) {
            total += 1;
            if after && cases.len() < limit {
                cases.push(case.summary());
            }
        }
    }
    Ok(CaseList { total, cases })
}

fn matches(case: &Case, wanted: &Wanted) -> bool {
    let same = |wanted: &str, found: &str| wanted.eq_ignore_ascii_case(found);
    let Summary { stage, members, .. } = case.summary();
    let mission = wanted
        .mission
        .as_ref()
        .is_none_or(|wanted| case.missions.iter().any(|mission| same(wanted, mission.as_str())));
    let stage = wanted.stage.as_ref().is_none_or(|wanted| same(wanted, &stage.to_string()));
    let state = wanted.state.as_ref().is_none_or(|wanted| {
        case.host_states.iter().any(|state| same(wanted, state.as_str()))
            || members.iter().any(|member| same(wanted, member.as_str()))
    });
    mission && stage && state
}
