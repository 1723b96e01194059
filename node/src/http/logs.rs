//! Logs: decoded ranges, checkpoints, and whole files to take away.

use super::pieces::{self, PIECE_BYTES};
use super::problem::{At, Refusal};
use crate::driver::{Ask, Client};
use crate::store::StoreError;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::IntoResponse;
use cairn_api::words::{administrative_words, kind_name};
use cairn_api::{EntryList, EntryView, Problem, route};
use cairn_casebook::Reading;
use cairn_ledger::export::Header;
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Authority, Cosigned, Entry};
use serde::Deserialize;
use utoipa::IntoParams;

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
    At(member): At<String>,
    part: Result<Query<Part>, QueryRejection>,
) -> Result<Json<EntryList>, Refusal> {
    let Query(part) = part?;
    let member = known(&client, &member)?;
    let limit = part.limit.unwrap_or(100).min(route::LIMIT_MAX);
    let status = client.ask(|answer| Ask::Log(member.clone(), answer)).await?;
    let state = status.map(|log| (log.confirmed, log.standing, log.ends, log.cosigned));
    let (confirmed, standing, ends, cosigned) = state.unwrap_or_default();
    let authority = client.ask(|answer| Ask::Authority(member.clone(), answer)).await?;
    let authority = authority.map(|(_, authority)| authority);
    let read = move || -> Result<EntryList, StoreError> {
        let size = client.store.log(&member).map_or(0, |log| log.size().0);
        let end = part.start.saturating_add(limit as u64).min(size);
        let (mut entries, mut start) = (Vec::new(), part.start);
        while start < end {
            let run = client.store.read(&member, start, end, PIECE_BYTES)?;
            start = run.end;
            for entry in run.entries()? {
                entries.push(view(&entry?, authority.as_ref()));
            }
        }
        Ok(EntryList { size, confirmed, standing, ends, cosigned, entries })
    };
    Ok(Json(tokio::task::spawn_blocking(read).await??))
}

/// An entry, decoded for reading, and marked by what its log says of its keys.
pub(crate) fn view(entry: &Entry, authority: Option<&Authority>) -> EntryView {
    let statement = entry.statement();
    let reading = Reading::of(statement.kind, &statement.body);
    EntryView {
        member: statement.member.clone(),
        position: entry.position(),
        hash: entry.hash(),
        previous: entry.previous(),
        statement: entry.signed().id(),
        reference: statement.reference,
        made_at: statement.made_at,
        kind: statement.kind,
        kind_name: kind_name(statement.kind).unwrap_or("unknown kind").to_string(),
        topics: statement.topics.clone(),
        sealed: statement.sealed.iter().map(Into::into).collect(),
        signers: entry.signed().signatures().iter().map(|signature| signature.key).collect(),
        words: administrative_words(statement),
        fact: reading.fact().cloned(),
        bytes: entry.bytes().len(),
        compromised_by: authority.and_then(|authority| authority.mark_of(entry)),
    }
}

/// A member's last signed checkpoint of which everything is held: a signed note.
#[utoipa::path(
    get, path = "/v1/logs/{member}/checkpoint", params(("member" = String, Path)),
    responses((status = 200, body = String, content_type = "text/plain"), (status = 404, body = Problem))
)]
pub(crate) async fn checkpoint(
    State(client): State<Client>,
    At(member): At<String>,
) -> Result<impl IntoResponse, Refusal> {
    let member = known(&client, &member)?;
    let note = newest(&client, &member).await?.checkpoint().note().to_string();
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
    At(member): At<String>,
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
    At(member): At<String>,
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
    At(member): At<String>,
) -> Result<impl IntoResponse, Refusal> {
    let member = known(&client, &member)?;
    let cosigned = newest(&client, &member).await?;
    let checkpoint = cosigned.checkpoint();
    let name = format!("attachment; filename=\"{member}.cairnlog\"");
    let headers = [(CONTENT_TYPE, "application/octet-stream".into()), (CONTENT_DISPOSITION, name)];
    let charter = client.store.charter().encode();
    let header = Header { charter, checkpoint: checkpoint.note().as_bytes().to_vec() };
    let entries = 0..checkpoint.size();
    Ok((headers, pieces::body(client.store, member, header.encode(), entries)))
}

pub(super) fn known(client: &Client, member: &str) -> Result<MemberCode, Refusal> {
    let code = MemberCode::new(member).map_err(|why| Refusal::bad(why.to_string()))?;
    match client.store.log(&code) {
        Some(_) => Ok(code),
        None => Err(Refusal::not_found(format!("{code} is no member of this network"))),
    }
}

pub(super) async fn newest(client: &Client, member: &MemberCode) -> Result<Cosigned, Refusal> {
    let cosigned = client.ask(|answer| Ask::Newest(member.clone(), answer)).await?;
    cosigned.ok_or_else(|| none(member))
}

fn none(member: &MemberCode) -> Refusal {
    Refusal::not_found(format!("no checkpoint of {member} has reached this node yet"))
}
