//! This node as a witness of its members' logs, for those who are no peers (c2sp.org/tlog-witness).
//!
//! Source: `docs/spec/13-witness.md`.

use super::problem::Refusal;
use crate::driver::{Ask, Client, Shown};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use cairn_api::Problem;
use cairn_ledger::checkpoint::CheckpointError;
use cairn_ledger::witness::origin_hash;
use cairn_ledger::{Charter, Checkpoint, MemberCode, RawAddCheckpoint, TreeHash};
use cairn_replica::WitnessError;

/// How a refusal says which size was cosigned last.
const SIZE_TYPE: &str = "text/x.tlog.size";
/// When to come again, in seconds: what is missing here is usually on its way from peers.
const RETRY_S: &str = "5";

/// Cosigns a checkpoint of another member's log that continues the one cosigned last.
#[utoipa::path(
    post, path = "/tlog/add-checkpoint",
    request_body(content = String, content_type = "text/plain"),
    responses(
        (status = 200, description = "our signature line", body = String, content_type = "text/plain"),
        (status = 400, description = "malformed, or the old size is larger than the checkpoint's", body = Problem),
        (status = 403, description = "the log's key did not sign it", body = Problem),
        (status = 404, description = "this node is no witness of that log", body = Problem),
        (status = 409, description = "another size was cosigned last: this one", body = String, content_type = "text/x.tlog.size"),
        (status = 422, description = "it does not continue what was cosigned or is held", body = Problem),
        (status = 503, description = "not all of it is held here yet, or too many ask", body = Problem)
    )
)]
pub(crate) async fn add_checkpoint(
    State(client): State<Client>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let body = body.map_err(|why| Refusal::bad(why.body_text()))?;
    let raw = RawAddCheckpoint::decode(&body).map_err(|why| Refusal::bad(why.to_string()))?;
    let charter = client.store.charter().clone();
    let unknown = || Refusal::not_found(format!("this node is no witness of {:?}", raw.origin()));
    let log = member_of(&charter, raw.origin()).ok_or_else(unknown)?;
    let checkpoint = verify(&charter, &log, &raw)?;
    let RawAddCheckpoint { old, proof, .. } = raw;
    let shown = Shown { log, old, proof, checkpoint };
    match client.ask(Ask::add_checkpoint(shown)).await? {
        Ok(cosigned) => Ok(text(cosigned.lines(&charter))),
        Err(why) => Ok(refused(&why)),
    }
}

/// The checkpoint of a log that this node has cosigned last: a signed note with its line.
#[utoipa::path(
    get, path = "/tlog-witness/{origin}/checkpoint",
    params(("origin" = String, Path, description = "SHA-256 of the log's origin, in hexadecimal")),
    responses((status = 200, body = String, content_type = "text/plain"), (status = 404, body = Problem))
)]
pub(crate) async fn cosigned(
    State(client): State<Client>,
    Path(origin): Path<String>,
) -> Result<Response, Refusal> {
    let not_a_hash = |_| Refusal::bad("not 64 hexadecimal digits");
    let wanted = origin.parse::<TreeHash>().map_err(not_a_hash)?;
    let charter = client.store.charter().clone();
    let its = |code: &MemberCode| origin_hash(&charter.origin(code)) == wanted;
    let log = charter.members().iter().map(|card| card.code.clone()).find(its);
    let none = || Refusal::not_found("this node has cosigned nothing of a log with that origin");
    let log = log.ok_or_else(none)?;
    let cosigned = client.ask(|answer| Ask::Ours(log, answer)).await?.ok_or_else(none)?;
    Ok(text(cosigned.note(&charter)))
}

fn member_of(charter: &Charter, origin: &str) -> Option<MemberCode> {
    let code = MemberCode::new(origin.rsplit_once('/')?.1).ok()?;
    charter.member(&code).filter(|_| charter.origin(&code) == origin)?;
    Some(code)
}

fn verify(
    charter: &Charter,
    log: &MemberCode,
    raw: &RawAddCheckpoint,
) -> Result<Checkpoint, Refusal> {
    let none = || Refusal::not_found(format!("this node is no witness of {log}"));
    charter.member(log).ok_or_else(none)?;
    let (origin, keys) = (charter.origin(log), charter.log_keys(log));
    let checkpoint = Checkpoint::verify(raw.note.as_bytes(), &origin, &keys);
    checkpoint.map_err(|why| match why {
        CheckpointError::Decode(_) | CheckpointError::WrongOrigin { .. } => {
            Refusal::bad(why.to_string())
        }
        CheckpointError::NoKey
        | CheckpointError::BadSignature { .. }
        | CheckpointError::BadCosignature { .. } => Refusal::forbidden(why.to_string()),
    })
}

fn text(body: String) -> Response {
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response()
}

fn refused(why: &WitnessError) -> Response {
    match why {
        WitnessError::NotWitnessed => Refusal::not_found(why.to_string()).into_response(),
        WitnessError::OldTooLarge { .. } => Refusal::bad(why.to_string()).into_response(),
        WitnessError::Conflict { cosigned, .. } => {
            let size = format!("{cosigned}\n");
            (StatusCode::CONFLICT, [(CONTENT_TYPE, SIZE_TYPE)], size).into_response()
        }
        WitnessError::NotConsistent { .. }
        | WitnessError::Contradicts { .. }
        | WitnessError::Frozen => Refusal::contradicts(why.to_string()).into_response(),
        WitnessError::NotHeld { .. } | WitnessError::Busy(_) => {
            ([(RETRY_AFTER, RETRY_S)], Refusal::not_now(why.to_string())).into_response()
        }
    }
}
