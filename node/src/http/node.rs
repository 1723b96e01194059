//! The node itself: status and members.

use super::problem::Refusal;
use crate::driver::{Ask, Client};
use axum::Json;
use axum::extract::State;
use cairn_api::{MemberView, Status};

/// What the node holds, who it is connected to, and whether all is well.
#[utoipa::path(get, path = "/v1/status", responses((status = 200, body = Status)))]
pub(crate) async fn status(State(client): State<Client>) -> Result<Json<Status>, Refusal> {
    Ok(Json(client.ask(Ask::Status).await?))
}

/// The members with their keys, log sizes and contributors.
#[utoipa::path(get, path = "/v1/members", responses((status = 200, body = Vec<MemberView>)))]
pub(crate) async fn members(
    State(client): State<Client>,
) -> Result<Json<Vec<MemberView>>, Refusal> {
    Ok(Json(client.ask(Ask::Members).await?))
}
