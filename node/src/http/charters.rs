//! Charters: the one in force, and proposals to amend it.

use super::problem::Refusal;
use crate::driver::{Ask, Client};
use axum::Json;
use axum::body::Bytes as Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use cairn_api::{Offer, Proposals};
use cairn_ledger::charter::{CharterError, Learnt, split};

/// The charter in force with all versions before it: the signed bytes.
#[utoipa::path(
    get, path = "/v1/charter",
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"))
)]
pub(crate) async fn charter(State(client): State<Client>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/octet-stream")], client.store.charter().encode())
}

/// Proposals to amend the charter in force, each with the signatures that it has.
#[utoipa::path(
    get, path = "/v1/charter/proposals", responses((status = 200, body = Proposals))
)]
pub(crate) async fn proposals(State(client): State<Client>) -> Result<Json<Proposals>, Refusal> {
    Ok(Json(Proposals { proposals: client.ask(Ask::Proposals).await? }))
}

/// Takes in a proposal, more signatures on one, or newer versions of the charter: one signed charter
/// or a file of several. Answered when they are on the disk; peers are told.
#[utoipa::path(
    post, path = "/v1/charter/proposals", request_body = Vec<u8>,
    responses(
        (status = 200, body = Offer),
        (status = 400, description = "not a charter", body = cairn_api::Problem),
        (status = 422, description = "a charter, but not for this network now", body = cairn_api::Problem)
    )
)]
pub(crate) async fn offer(
    State(client): State<Client>,
    body: Body,
) -> Result<Json<Offer>, Refusal> {
    let all = split(&body).map_err(|why| Refusal::bad(why.to_string()))?;
    let mut offer = Offer::Known;
    for bytes in all {
        let learnt = client.ask(|answer| Ask::Offer(bytes.0, answer)).await?;
        offer = offer.max(match learnt.map_err(|why| refusal(&why))? {
            Learnt::Nothing => Offer::Known,
            Learnt::Proposal => Offer::Waits,
            Learnt::Version => Offer::InForce,
        });
    }
    Ok(Json(offer))
}

fn refusal(why: &CharterError) -> Refusal {
    match why {
        CharterError::Decode(_) | CharterError::Card(_) => Refusal::bad(why.to_string()),
        CharterError::NotFirst { .. }
        | CharterError::NoPredecessor { .. }
        | CharterError::NoSuccessor { .. }
        | CharterError::Member { .. }
        | CharterError::Members(_)
        | CharterError::Threshold { .. }
        | CharterError::BadSignature(_)
        | CharterError::NoSigner
        | CharterError::Incomplete(_)
        | CharterError::TooFew { .. }
        | CharterError::Needs(_)
        | CharterError::WrongNetwork { .. }
        | CharterError::TooMany(_) => Refusal::contradicts(why.to_string()),
    }
}
