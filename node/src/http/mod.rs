//! Answers clients on this machine: the API described at `/openapi.json`.
//!
//! It listens on loopback, or with TLS and for users alone. Requests that name another host are refused,
//! so that no web page that the operator visits can reach it under a name of its own.

mod cases;
mod charters;
mod events;
mod logs;
mod node;
mod openapi;
mod pieces;
mod problem;
mod receipt;
mod reviews;
mod scope;
mod sealed;
mod serve;
mod submit;
mod tile;
mod tiles;
pub mod tls;
mod users;
mod witness;

use crate::driver::Client;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use cairn_api::route;
use cairn_ledger::witness::REQUEST_BYTES_MAX;
use problem::Refusal;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

pub use openapi::description;
pub use tile::{Holds, TILE_WIDTH, Tile};

/// How long a request may take until its answer begins. Shorter than our own clients wait.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(45);

/// How the node is reached by its clients.
#[derive(Clone, Default)]
pub struct Reach {
    /// By what TLS connections are taken; none for plain ones, on loopback.
    pub tls: Option<TlsAcceptor>,
    /// Whether it is reached from other machines: then everybody is a user.
    pub remote: bool,
    /// The names under which it is reached, beside `localhost` and addresses.
    pub names: Arc<Vec<String>>,
}

/// All routes, with their bounds.
pub fn router(client: Client, reach: &Reach) -> Router {
    let (names, remote) = (reach.names.clone(), reach.remote);
    Router::new()
        .route(route::STATUS, get(node::status))
        .route(route::CHARTER, get(charters::charter))
        .route(
            route::PROPOSALS,
            get(charters::proposals)
                .post(charters::offer)
                .layer(DefaultBodyLimit::max(route::CHARTERS_BYTES_MAX)),
        )
        .route(route::MEMBERS, get(node::members))
        .route(route::AUTHORITY, get(node::authority))
        .route(route::LOG, get(logs::log))
        .route(route::CHECKPOINT, get(logs::checkpoint))
        .route(route::COSIGNED, get(logs::cosigned))
        .route(route::EXPORT, get(logs::export))
        .route(route::FORK, get(logs::fork))
        .route(route::RECEIPT, get(receipt::receipt))
        .route(route::STATEMENTS, post(submit::statements))
        .route(route::REVIEWS, get(reviews::reviews).post(reviews::review))
        .route(route::REVIEW_REFUSAL, post(reviews::refuse))
        .route(route::CASES, get(cases::cases))
        .route(route::CASE, get(cases::case))
        .route(
            route::STAGED,
            get(sealed::staged)
                .put(sealed::stage)
                .layer(DefaultBodyLimit::max(route::SEALED_BYTES_MAX)),
        )
        .route(
            route::STAGED_PIECE,
            put(sealed::stage_piece).layer(DefaultBodyLimit::max(route::SEALED_BYTES_MAX)),
        )
        .route(route::SEALED, get(sealed::list))
        .route(route::SEALED_PART, get(sealed::open))
        .route(route::SEALED_OPENING, get(sealed::opening))
        .route(route::SEALED_KEY, get(sealed::key))
        .route(route::SEALED_FILE, get(sealed::file))
        .route(route::SEALED_ACCESS, get(sealed::access))
        .route(route::EVENTS, get(events::events))
        .route(route::TLOG_CHECKPOINT, get(tiles::checkpoint))
        .route(route::TLOG_TILE, get(tiles::tile))
        .route(
            route::ADD_CHECKPOINT,
            post(witness::add_checkpoint).layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX)),
        )
        .route(route::WITNESSED, get(witness::cosigned))
        .route(route::OPENAPI, get(openapi::serve))
        .fallback(|| async { Refusal::not_found("there is nothing at this address") })
        .method_not_allowed_fallback(|| async { Refusal::wrong_method() })
        .layer(DefaultBodyLimit::max(route::SUBMISSION_BYTES_MAX))
        .layer(middleware::from_fn_with_state((client.clone(), remote), users::only_users))
        .layer(middleware::from_fn(in_time))
        .layer(middleware::from_fn_with_state(names, only_own_names))
        .with_state(client)
}

/// Serves until `stop` changes and the requests under way are answered.
pub async fn serve(
    listener: TcpListener,
    client: Client,
    reach: Reach,
    stop: watch::Receiver<bool>,
) {
    let router = router(client, &reach);
    serve::serve(listener, router, reach.tls, stop).await;
}

async fn in_time(request: Request, next: Next) -> Response {
    let answered = tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await;
    answered.unwrap_or_else(|_| Refusal::too_slow().into_response())
}

async fn only_own_names(
    State(names): State<Arc<Vec<String>>>,
    request: Request,
    next: Next,
) -> Response {
    match foreign(&request, &names) {
        Some(why) => Refusal::forbidden(why).into_response(),
        None => next.run(request).await,
    }
}

/// Why a request is refused that comes under a foreign host name (DNS rebinding) or from a web page.
fn foreign(request: &Request, names: &[String]) -> Option<&'static str> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let host = header(HOST).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.bytes().all(|b| b.is_ascii_digit()) { name } else { host }
    });
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let own = names.iter().any(|own| own.eq_ignore_ascii_case(name));
    if name != "localhost" && address.is_err() && !own {
        return Some(
            "the request names a host other than localhost, an address or one of http_names",
        );
    }
    let page = request.headers().contains_key(ORIGIN);
    page.then_some("requests from web pages are not answered")
}
