//! What happens, as it happens: server-sent events.

use crate::driver::Client;
use axum::extract::State;
use axum::response::sse::{self, KeepAlive, Sse};
use cairn_api::Event;
use futures::Stream;
use tokio::sync::broadcast::error::RecvError;

/// What happens, as it happens: server-sent events with a JSON object each.
#[utoipa::path(
    get, path = "/v1/events",
    responses((status = 200, body = Event, content_type = "text/event-stream"))
)]
pub(crate) async fn events(
    State(client): State<Client>,
) -> Sse<impl Stream<Item = Result<sse::Event, axum::Error>>> {
    let stream = futures::stream::unfold(client.listen(), |mut events| async {
        let event = match events.recv().await {
            Ok(event) => event,
            Err(RecvError::Lagged(count)) => Event::Missed { count },
            Err(RecvError::Closed) => return None,
        };
        Some((sse::Event::default().json_data(event), events))
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}
