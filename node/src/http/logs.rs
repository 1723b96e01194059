//! Logs: decoded ranges, checkpoints, and whole files to take away.

use super::problem::Refusal;
use crate::driver::{Ask, Client};
use crate::store::StoreError;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::IntoResponse;
use cairn_api::{EntryList, EntryView, Problem, route};
use cairn_casebook::Reading;
use cairn_casebook::fact::kind_row;
use cairn_ledger::authority::{AUTHORISE, REVOKE};
use cairn_ledger::export::Header;
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Checkpoint, Entry};
use serde::Deserialize;
use tokio::sync::mpsc;
use utoipa::IntoParams;

/// How much of a log one piece of a download carries.
const PIECE_BYTES: usize = 1 << 20;
/// How many pieces wait for a slow client.
const PIECES: usize = 2;

/// Which part of a log.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    /// The first position. Default: 0.
    #[serde(default)]
    start: u64,
    /// How many entries at most, up to 1000. Default: 100.
    limit: Option<usize>,
}

/// A range of a member's log, decoded.
#[utoipa::path(
    get, path = "/v1/logs/{member}", params(("member" = String, Path), Part),
    responses((status = 200, body = EntryList), (status = 404, body = Problem))
)]
pub(crate) async fn log(
    State(client): State<Client>,
    Path(member): Path<String>,
    part: Result<Query<Part>, QueryRejection>,
) -> Result<Json<EntryList>, Refusal> {
    let Query(part) = part?;
    let member = known(&client, &member)?;
    let limit = part.limit.unwrap_or(100).min(route::LIMIT_MAX);
    let status = client.ask(|answer| Ask::Log(member.clone(), answer)).await?;
    let state = status.map(|log| (log.confirmed, log.standing, log.cosigned));
    let (confirmed, standing, cosigned) = state.unwrap_or_default();
    let read = move || -> Result<EntryList, StoreError> {
        let size = client.store.log(&member).map_or(0, |log| log.size().0);
        let end = part.start.saturating_add(limit as u64).min(size);
        let (mut entries, mut start) = (Vec::new(), part.start);
        while start < end {
            let run = client.store.read(&member, start, end, PIECE_BYTES)?;
            start = run.end;
            for entry in run.entries()? {
                entries.push(view(&entry?));
            }
        }
        Ok(EntryList { size, confirmed, standing, cosigned, entries })
    };
    Ok(Json(tokio::task::spawn_blocking(read).await??))
}

/// An entry, decoded for reading.
pub(crate) fn view(entry: &Entry) -> EntryView {
    let statement = entry.statement();
    let reading = Reading::of(statement.kind, &statement.body);
    let name = match statement.kind {
        AUTHORISE => Some("contributor authorised"),
        REVOKE => Some("contributor revoked"),
        kind => kind_row(kind).map(|row| row.name),
    };
    EntryView {
        member: statement.member.clone(),
        position: entry.position(),
        hash: entry.hash(),
        previous: entry.previous(),
        statement: entry.signed().id(),
        reference: statement.reference,
        made_at: statement.made_at,
        kind: statement.kind,
        kind_name: name.unwrap_or("unknown kind").to_string(),
        topics: statement.topics.clone(),
        signers: entry.signed().signatures().iter().map(|signature| signature.key).collect(),
        fact: reading.fact().cloned(),
        bytes: entry.bytes().len(),
    }
}

/// A member's last signed checkpoint of which everything is held: a signed note.
#[utoipa::path(
    get, path = "/v1/logs/{member}/checkpoint", params(("member" = String, Path)),
    responses((status = 200, body = String, content_type = "text/plain"), (status = 404, body = Problem))
)]
pub(crate) async fn checkpoint(
    State(client): State<Client>,
    Path(member): Path<String>,
) -> Result<impl IntoResponse, Refusal> {
    let member = known(&client, &member)?;
    let note = newest(&client, &member).await?.note().to_string();
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], note))
}

/// The largest checkpoint of a log behind which enough members are known to stand, or else the one
/// with the most cosignatures: a signed note. Everything that it covers is held.
#[utoipa::path(
    get, path = "/v1/logs/{member}/cosigned", params(("member" = String, Path)),
    responses((status = 200, body = String, content_type = "text/plain"), (status = 404, body = Problem))
)]
pub(crate) async fn cosigned(
    State(client): State<Client>,
    Path(member): Path<String>,
) -> Result<impl IntoResponse, Refusal> {
    let member = known(&client, &member)?;
    let cosigned = client.ask(|answer| Ask::Cosigned(member.clone(), 0, answer)).await?;
    let note = cosigned.ok_or_else(|| none(&member))?.note(client.store.charter());
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], note))
}

/// The proof that a member's log is forked, which convicts offline.
#[utoipa::path(
    get, path = "/v1/logs/{member}/fork", params(("member" = String, Path)),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, body = Problem)
    )
)]
pub(crate) async fn fork(
    State(client): State<Client>,
    Path(member): Path<String>,
) -> Result<impl IntoResponse, Refusal> {
    let member = known(&client, &member)?;
    let fork = client.ask(|answer| Ask::Fork(member.clone(), answer)).await?;
    let fork = fork.ok_or_else(|| {
        Refusal::not_found(format!("the log of {member} is not forked, as far as this node knows"))
    })?;
    let name = format!("attachment; filename=\"{member}.fork\"");
    let headers = [(CONTENT_TYPE, "application/octet-stream".into()), (CONTENT_DISPOSITION, name)];
    Ok((headers, fork.encode()))
}

/// A member's whole log as a file that `cairn verify` checks with nothing but the network's id.
#[utoipa::path(
    get, path = "/v1/logs/{member}/export", params(("member" = String, Path)),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, body = Problem)
    )
)]
pub(crate) async fn export(
    State(client): State<Client>,
    Path(member): Path<String>,
) -> Result<impl IntoResponse, Refusal> {
    let member = known(&client, &member)?;
    let checkpoint = newest(&client, &member).await?;
    let name = format!("attachment; filename=\"{member}.cairnlog\"");
    let headers = [(CONTENT_TYPE, "application/octet-stream".into()), (CONTENT_DISPOSITION, name)];
    let (pieces, queue) = mpsc::channel(PIECES);
    tokio::task::spawn_blocking(move || send_export(&client, &member, &checkpoint, &pieces));
    let stream = futures::stream::unfold(queue, |mut queue| async {
        queue.recv().await.map(|piece| (piece, queue))
    });
    Ok((headers, Body::from_stream(stream)))
}

type Piece = Result<Bytes, StoreError>;

/// Sends the file piece by piece. An error ends the download early, which the client notices.
fn send_export(
    client: &Client,
    member: &MemberCode,
    checkpoint: &Checkpoint,
    pieces: &mpsc::Sender<Piece>,
) {
    let charter = client.store.charter().encode();
    let header = Header { charter, checkpoint: checkpoint.note().as_bytes().to_vec() };
    let mut piece = Ok(header.encode());
    let mut start = 0;
    loop {
        let failed = piece.is_err();
        if pieces.blocking_send(piece.map(Bytes::from)).is_err() || failed {
            return;
        }
        if start >= checkpoint.size() {
            return;
        }
        piece = client.store.read(member, start, checkpoint.size(), PIECE_BYTES).map(|run| {
            start = run.end;
            run.bundle
        });
    }
}

pub(super) fn known(client: &Client, member: &str) -> Result<MemberCode, Refusal> {
    let code = MemberCode::new(member).map_err(|why| Refusal::bad(why.to_string()))?;
    match client.store.log(&code) {
        Some(_) => Ok(code),
        None => Err(Refusal::not_found(format!("{code} is no member of this network"))),
    }
}

async fn newest(client: &Client, member: &MemberCode) -> Result<Checkpoint, Refusal> {
    let checkpoint = client.ask(|answer| Ask::Checkpoint(member.clone(), answer)).await?;
    checkpoint.ok_or_else(|| none(member))
}

fn none(member: &MemberCode) -> Refusal {
    Refusal::not_found(format!("no checkpoint of {member} has reached this node yet"))
}
