//! The description of this interface, made from the code that serves it.

use super::{cases, charters, events, logs, node, receipt, reviews, submit, tiles, witness};
use axum::Json;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Cairn node",
        description = "A member's node, as its clients on the same machine see it. Statements travel as signed bytes; answers are for reading, and proof is in the exported files."
    ),
    paths(
        node::status,
        charters::charter,
        charters::proposals,
        charters::offer,
        node::members,
        node::authority,
        logs::log,
        logs::checkpoint,
        logs::cosigned,
        logs::export,
        logs::fork,
        receipt::receipt,
        submit::statements,
        reviews::reviews,
        reviews::review,
        reviews::refuse,
        cases::cases,
        cases::case,
        events::events,
        tiles::checkpoint,
        tiles::tile,
        witness::add_checkpoint,
        witness::cosigned
    )
)]
struct Description;

/// The OpenAPI document.
#[must_use]
pub fn description() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

pub(crate) async fn serve() -> Json<utoipa::openapi::OpenApi> {
    Json(description())
}

#[cfg(test)]
mod tests {
    use super::description;
    use cairn_api::route;

    #[test]
    fn every_route_is_described() {
        let described = description().paths.paths;
        let routes = [
            route::STATUS,
            route::CHARTER,
            route::PROPOSALS,
            route::MEMBERS,
            route::AUTHORITY,
            route::LOG,
            route::CHECKPOINT,
            route::COSIGNED,
            route::EXPORT,
            route::FORK,
            route::RECEIPT,
            route::STATEMENTS,
            route::REVIEWS,
            route::REVIEW_REFUSAL,
            route::CASES,
            route::CASE,
            route::EVENTS,
            route::TLOG_CHECKPOINT,
            route::TLOG_TILE,
            route::ADD_CHECKPOINT,
            route::WITNESSED,
        ];
        for route in routes {
            let route = route.replace("{*", "{");
            assert!(described.contains_key(&route), "{route}");
        }
        assert_eq!(described.len(), routes.len());
    }
}
