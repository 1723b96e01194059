//! The node itself: status and members.

use super::logs::known;
use super::problem::{At, Refusal};
use crate::driver::{Ask, Client};
use axum::Json;
use axum::extract::State;
use cairn_api::{AuthorityView, MemberView, Problem, Status};

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

/// Who may say what for a member, and how that came about.
#[utoipa::path(
    get, path = "/v1/members/{member}/authority", params(("member" = String, Path)),
    responses((status = 200, body = AuthorityView), (status = 404, body = Problem))
)]
pub(crate) async fn authority(
    State(client): State<Client>,
    At(member): At<String>,
) -> Result<Json<AuthorityView>, Refusal> {
    let member = known(&client, &member)?;
    let found = client.ask(|answer| Ask::Authority(member.clone(), answer)).await?;
    let none = || Refusal::not_found(format!("no log of {member} is held here"));
    let (size, authority) = found.ok_or_else(none)?;
    Ok(Json(AuthorityView::of(member, size, &authority)))
}
