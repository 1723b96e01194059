//! Who asks: users by their tokens, for what is sealed.

use super::problem::Refusal;
use crate::driver::Client;
use crate::store::Part;
use crate::users::{Role, User, Users};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use cairn_api::route;
use cairn_casebook::CaseId;
use std::time::SystemTime;

/// A user who may open what is sealed for the member.
pub(super) struct Viewer(User);

/// A user who may hand in sealed parts.
pub(super) struct Contributor(User);

impl Contributor {
    /// Refuses what is about cases to which the user is not limited.
    pub(super) fn check(&self, case: Option<&CaseId>) -> Result<(), Refusal> {
        if self.0.may_see(case) {
            return Ok(());
        }
        Err(Refusal::forbidden("this user is limited to other cases"))
    }
}

impl Viewer {
    /// The name under which the access record knows them.
    pub(super) fn name(&self) -> &str {
        &self.0.name
    }

    /// Refuses what is about cases to which the user is not limited.
    pub(super) fn check(&self, part: &Part) -> Result<(), Refusal> {
        if self.0.may_see(part.case.as_ref()) {
            return Ok(());
        }
        Err(Refusal::forbidden("this user is limited to other cases"))
    }

    /// The same, without a word about what is left out.
    pub(super) fn may_see(&self, part: &Part) -> bool {
        self.0.may_see(part.case.as_ref())
    }
}

impl FromRequestParts<Client> for Viewer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, client: &Client) -> Result<Self, Refusal> {
        user(&parts.headers, client, Role::Viewer).await.map(Self)
    }
}

impl FromRequestParts<Client> for Contributor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, client: &Client) -> Result<Self, Refusal> {
        user(&parts.headers, client, Role::Contributor).await.map(Self)
    }
}

/// Lets nobody but users in where the node is reached from other machines; whoever reads what is public to
/// all the world, as tiles, is let in as everywhere.
pub(super) async fn only_users(
    State((client, remote)): State<(Client, bool)>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    if !remote || path.starts_with("/tlog/") || path.starts_with("/tlog-witness/") {
        return next.run(request).await;
    }
    let role = match *request.method() {
        Method::GET | Method::HEAD => Role::Viewer,
        _ if path == route::PROPOSALS => Role::Administrator,
        _ => Role::Contributor,
    };
    match user(request.headers(), &client, role).await {
        Ok(_) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

async fn user(headers: &HeaderMap, client: &Client, role: Role) -> Result<User, Refusal> {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| value.strip_prefix("Bearer "));
    let Some(token) = token.map(str::to_owned) else {
        return Err(Refusal::unauthorised("this needs a user's token"));
    };
    let folder = client.store.folder().to_owned();
    // Read with every request: whoever is revoked is out at once.
    let users = tokio::task::spawn_blocking(move || Users::read(&folder)).await?;
    let users = users.map_err(|error| {
        tracing::error!(error = %format!("{error:#}"), "cannot read the users");
        Refusal::not_now("the node cannot read its users")
    })?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let found = users.find(&token, now.map_or(0, |now| now.as_secs()));
    let user = found.map_err(|why| Refusal::unauthorised(why.to_string()))?.clone();
    if user.role < role {
        return Err(Refusal::forbidden(format!(
            "this is for a {role}, the user is a {}",
            user.role
        )));
    }
    Ok(user)
}
