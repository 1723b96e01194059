//! Statements in: decoded, verified, judged, and acknowledged when they are on the disk.

use super::problem::Refusal;
use super::scope;
use crate::driver::{Ask, Client};
use crate::store::StoreError;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use cairn_api::{Outcome, Problem, Submission, SubmissionResult, route};
use cairn_casebook::{Fact, Reading, may_state_as};
use cairn_ledger::entry::Verifier;
use cairn_ledger::hash::Bytes;
use cairn_ledger::{Charter, RawStatement, SignedStatement};

/// So many signatures are checked where the request is handled; more go to the other cores.
const INLINE: usize = 4;

/// Appends signed statements to the node's own log. Answered when they are on the disk.
#[utoipa::path(
    post, path = "/v1/statements", request_body = Submission,
    responses(
        (status = 200, description = "all accepted, or known already", body = SubmissionResult),
        (status = 422, description = "at least one refused; the others stand", body = SubmissionResult),
        (status = 400, description = "not a submission", body = Problem)
    )
)]
pub(crate) async fn statements(
    State(client): State<Client>,
    submission: Result<Json<Submission>, JsonRejection>,
) -> Result<(StatusCode, Json<SubmissionResult>), Refusal> {
    let Json(submission) = submission.map_err(|why| Refusal::bad(why.body_text()))?;
    let (found, limit) = (submission.statements.len(), route::SUBMISSION_STATEMENTS_MAX);
    if found == 0 || found > limit {
        return Err(Refusal::bad(format!("{found} statements, expected 1 to {limit}")));
    }
    let charter = client.store.charter().clone();
    let check = move || check_all(&charter, &submission.statements);
    let checked =
        if found <= INLINE { check() } else { tokio::task::spawn_blocking(check).await? };
    let checked = with_parts(&client, checked).await?;
    let checked = within_scopes(&client, checked).await?;
    // All are handed over before any is waited for: they share a flush.
    let mut waiting = Vec::new();
    for statement in checked {
        waiting.push(match statement {
            Ok(statement) => Ok(client.append(statement).await?),
            Err(problem) => Err(problem),
        });
    }
    let mut outcomes = Vec::new();
    for answer in waiting {
        outcomes.push(match answer {
            Ok(answer) => answer.await.map_err(|_| crate::driver::Stopping)?,
            Err(problem) => Outcome::Refused(problem),
        });
    }
    let refused = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Refused(_)));
    let status = if refused { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok((status, Json(SubmissionResult { outcomes })))
}

pub(super) type Checked = Result<SignedStatement, Problem>;

/// Refuses what a contributor who is limited to missions or cases says of others. Most are not limited:
/// then nothing is looked up.
async fn within_scopes(client: &Client, checked: Vec<Checked>) -> Result<Vec<Checked>, Refusal> {
    let Some(Ok(first)) = checked.iter().find(|one| one.is_ok()) else { return Ok(checked) };
    // The node keeps one member's log: what is said for another is refused by it.
    let member = first.statement().member.clone();
    let Some((_, authority)) = client.ask(|answer| Ask::Authority(member, answer)).await? else {
        return Ok(checked);
    };
    let limited = |one: &Checked| one.as_ref().is_ok_and(|one| scope::is_limited(&authority, one));
    if !checked.iter().any(limited) {
        return Ok(checked);
    }
    let (store, logs) = (client.store.clone(), client.ask(Ask::Judged).await?);
    let judge = move || {
        let one = |checked: Checked| match checked {
            Ok(signed) => Ok(scope::check(&store, &logs, &authority, &signed)?.map(|()| signed)),
            Err(problem) => Ok(Err(problem)),
        };
        checked.into_iter().map(one).collect::<Result<_, StoreError>>()
    };
    Ok(tokio::task::spawn_blocking(judge).await??)
}

/// Refuses statements of which a sealed part is not here: what is accepted is on the disk with all of its
/// parts.
pub(super) async fn with_parts(
    client: &Client,
    checked: Vec<Checked>,
) -> Result<Vec<Checked>, Refusal> {
    let seals = |one: &Checked| one.as_ref().is_ok_and(|one| !one.statement().sealed.is_empty());
    if !checked.iter().any(seals) {
        return Ok(checked);
    }
    let sealed = client.sealed.clone();
    let judge = move || {
        let one = |checked: Checked| {
            let signed = checked?;
            match sealed.check_statement(signed.statement()) {
                Ok(()) => Ok(signed),
                Err(why) => {
                    let hint = "`cairn submit` hands in sealed parts before their statement";
                    Err(Problem::new(why.to_string(), Some(hint.into())))
                }
            }
        };
        checked.into_iter().map(one).collect()
    };
    Ok(tokio::task::spawn_blocking(judge).await?)
}

fn check_all(charter: &Charter, all: &[Bytes]) -> Vec<Checked> {
    let mut verifier = Verifier::new(charter.network());
    all.iter().map(|bytes| check(charter, &mut verifier, &bytes.0)).collect()
}

/// A statement that is true and that its member may make, as far as can be told without its log.
pub(super) fn check(
    charter: &Charter,
    verifier: &mut Verifier,
    bytes: &[u8],
) -> Result<SignedStatement, Problem> {
    let refuse = |error: String, hint: Option<String>| Problem::new(error, hint);
    let raw = RawStatement::decode(bytes).map_err(|why| refuse(why.to_string(), None))?;
    let statement = raw.verify(verifier).map_err(|why| {
        let hint = "a draft belongs to the network for which it was signed";
        refuse(why.to_string(), Some(hint.into()))
    })?;
    let said = statement.statement();
    if said.kind.is_administrative() {
        return Ok(statement);
    }
    let fact: Fact = match Reading::of(said.kind, &said.body) {
        Reading::Fact(fact) => fact,
        Reading::Unknown(kind) => {
            let error = format!("this node does not know statements of kind {}", kind.0);
            return Err(refuse(error, Some("it may be older than your cairn".into())));
        }
        Reading::Unreadable { kind, why } => {
            return Err(refuse(format!("a statement of kind {}: {why}", kind.0), None));
        }
    };
    if let Some(card) = charter.member(&said.member) {
        may_state_as(&card.code, card.kind, &fact)
            .map_err(|why| refuse(why.to_string(), Some(why.hint.to_string())))?;
    }
    Ok(statement)
}
