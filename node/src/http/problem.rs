//! Refusals: a status, one sentence and a hint.

use crate::driver::Stopping;
use crate::store::StoreError;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use cairn_api::Problem;
use serde::de::DeserializeOwned;

/// A request that is not answered as it wished.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    problem: Problem,
}

impl Refusal {
    fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, problem: Problem::new(error, None) }
    }

    /// A problem as it is, with its hint.
    pub(crate) fn of(problem: Problem) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, problem }
    }

    pub(crate) fn not_found(error: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, error)
    }

    pub(crate) fn bad(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    pub(crate) fn wrong_method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "this address does not take this method")
    }

    pub(crate) fn too_slow() -> Self {
        let error = "the request was not finished in time";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error)
    }

    pub(crate) fn contradicts(error: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, error)
    }

    pub(crate) fn not_now(error: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error)
    }

    pub(crate) fn unauthorised(error: impl Into<String>) -> Self {
        let hint =
            "an operator makes a token: `cairn-node user add`; name its file with --token-file";
        let problem = Problem::new(error, Some(hint.into()));
        Self { status: StatusCode::UNAUTHORIZED, problem }
    }

    pub(crate) fn forbidden(error: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(self.problem)).into_response()
    }
}

/// The parts of an address that its route names, or a refusal like every other.
pub(crate) struct At<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for At<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let at = Path::from_request_parts(parts, state).await;
        at.map(|Path(at)| Self(at)).map_err(|why| Refusal::bad(why.body_text()))
    }
}

impl From<QueryRejection> for Refusal {
    fn from(why: QueryRejection) -> Self {
        Self::bad(why.body_text())
    }
}

impl From<Stopping> for Refusal {
    fn from(stopping: Stopping) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, stopping.to_string())
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "cannot answer a client from the disk");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the node cannot read its disk")
    }
}

impl From<tokio::task::JoinError> for Refusal {
    fn from(error: tokio::task::JoinError) -> Self {
        tracing::error!(%error, "an answer was not finished");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the node did not finish its answer")
    }
}
