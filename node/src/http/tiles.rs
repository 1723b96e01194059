//! Logs as static tiles, for tools of the transparency ecosystem that know nothing of Cairn.
//!
//! Source: c2sp.org/tlog-tiles, `docs/spec/12-tiles.md`.

use super::logs::{known, newest};
use super::pieces::{self, PIECE_BYTES};
use super::problem::{At, Refusal};
use super::tile::{Holds, Tile};
use crate::driver::Client;
use axum::extract::State;
use axum::http::Uri;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use cairn_api::Problem;

/// A checkpoint is soon outdated.
const FOR_A_MOMENT: &str = "public, max-age=1";
/// A tile never changes: a log only grows.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// The newest checkpoint of a log of which everything is held, with the cosignatures that are held.
#[utoipa::path(
    get, path = "/tlog/{member}/checkpoint", params(("member" = String, Path)),
    responses((status = 200, body = String, content_type = "text/plain"), (status = 404, body = Problem))
)]
pub(crate) async fn checkpoint(
    State(client): State<Client>,
    At(member): At<String>,
) -> Result<impl IntoResponse, Refusal> {
    let member = known(&client, &member)?;
    let note = newest(&client, &member).await?.note(client.store.charter());
    let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, FOR_A_MOMENT)];
    Ok((headers, note))
}

/// A tile of a log: 256 hashes of its tree (`0/x001/067`) or 256 entries (`entries/x001/067`), or the
/// first of them (`0/x001/067.p/17`), where the newest checkpoint covers them.
#[utoipa::path(
    get, path = "/tlog/{member}/tile/{tile}",
    params(("member" = String, Path), ("tile" = String, Path)),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 400, description = "not the address of a tile", body = Problem),
        (status = 404, description = "no such tile yet", body = Problem)
    )
)]
pub(crate) async fn tile(
    State(client): State<Client>,
    // As it came: what is written another way is another address.
    uri: Uri,
) -> Result<Response, Refusal> {
    let path = uri.path().strip_prefix("/tlog/").and_then(|path| path.split_once("/tile/"));
    let (member, address) = path.unwrap_or_default();
    let member = known(&client, member)?;
    let not_a_tile = || {
        let expected = "expected one such as 0/000, 1/x001/067, 0/003.p/17 or entries/003.p/17";
        Refusal::bad(format!("{address:?} is not the address of a tile, {expected}"))
    };
    let tile = Tile::named(address).ok_or_else(not_a_tile)?;
    let size = newest(&client, &member).await?.checkpoint().size();
    let none =
        || Refusal::not_found(format!("a log of {size} entries, as {member}, has no tile {tile}"));
    let places = tile.places(size).ok_or_else(none)?;
    let store = client.store;
    let body = match tile.holds {
        Holds::Hashes(_) => {
            let read = move || store.hashes(&member, tile.tree_level(), places);
            let hashes = tokio::task::spawn_blocking(read).await??;
            hashes.iter().flat_map(|hash| hash.0).collect::<Vec<_>>().into()
        }
        Holds::Entries => {
            let (reader, log, end) = (store.clone(), member.clone(), places.end);
            let read = move || reader.read(&log, places.start, end, PIECE_BYTES);
            let first = tokio::task::spawn_blocking(read).await??;
            pieces::body(store, member, first.bundle, first.end..end)
        }
    };
    let headers = [(CONTENT_TYPE, "application/octet-stream"), (CACHE_CONTROL, FOR_EVER)];
    Ok((headers, body).into_response())
}
