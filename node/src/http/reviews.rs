//! Statements that wait for a second person: what waits, one more signature, a refusal.
//!
//! The list is for anybody on this machine. Whatever changes it carries a contributor's signature.

use super::problem::{At, Refusal};
use super::submit;
use crate::driver::{Ask, Client};
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use cairn_api::{Outcome, Problem, Review, ReviewList, ReviewRequest, Reviewed};
use cairn_ledger::StatementId;
use cairn_ledger::entry::Verifier;
use cairn_ledger::refusal::Refusal as SignedRefusal;

/// What waits for a second person, and what was refused lately.
#[utoipa::path(get, path = "/v1/reviews", responses((status = 200, body = ReviewList)))]
pub(crate) async fn reviews(State(client): State<Client>) -> Result<Json<ReviewList>, Refusal> {
    Ok(Json(ReviewList { reviews: client.ask(Ask::Reviews).await? }))
}

/// Has a signed statement wait for a second person, or adds the signatures that it carries to one that
/// waits; when enough have signed, it is appended. Answered when that is on the disk.
#[utoipa::path(
    post, path = "/v1/reviews", request_body = ReviewRequest,
    responses(
        (status = 200, description = "waits, accepted, or known already", body = Reviewed),
        (status = 400, description = "not a request", body = Problem),
        (status = 422, description = "refused: more is missing than a signature", body = Problem)
    )
)]
pub(crate) async fn review(
    State(client): State<Client>,
    request: Result<Json<ReviewRequest>, JsonRejection>,
) -> Result<Json<Reviewed>, Refusal> {
    let Json(request) = request.map_err(|why| Refusal::bad(why.body_text()))?;
    let charter = client.store.charter().clone();
    let mut verifier = Verifier::new(charter.network());
    let statement = submit::check(&charter, &mut verifier, &request.statement.0);
    let checked = submit::with_parts(&client, vec![statement]).await?;
    let statement = checked.into_iter().next().ok_or_else(|| Refusal::bad("no statement"))?;
    let statement = Box::new(statement.map_err(Refusal::of)?);
    let decided = client.ask(|answer| Ask::Review(statement, answer)).await?;
    match decided.map_err(Refusal::of)? {
        Reviewed::Became(Outcome::Refused(problem)) => Err(Refusal::of(problem)),
        reviewed @ (Reviewed::Became(_) | Reviewed::Waits { .. }) => Ok(Json(reviewed)),
    }
}

/// Refuses a statement that waits, for all contributors of the member to read.
#[utoipa::path(
    post, path = "/v1/reviews/{id}/refusal", request_body = Object,
    params(("id" = String, Path, description = "the statement's id")),
    responses(
        (status = 200, description = "refused, and kept with its reason", body = Review),
        (status = 400, description = "not a refusal", body = Problem),
        (status = 422, description = "not one that counts here", body = Problem)
    )
)]
pub(crate) async fn refuse(
    State(client): State<Client>,
    At(id): At<StatementId>,
    refusal: Result<Json<SignedRefusal>, JsonRejection>,
) -> Result<Json<Review>, Refusal> {
    let Json(refusal) = refusal.map_err(|why| Refusal::bad(why.body_text()))?;
    if refusal.reason.is_empty() {
        return Err(Refusal::bad("a refusal says why: the reason is empty"));
    }
    refusal.verify(&id).map_err(|why| Refusal::contradicts(why.to_string()))?;
    let decided = client.ask(|answer| Ask::Refuse(id, refusal, answer)).await?;
    Ok(Json(decided.map_err(Refusal::of)?))
}
