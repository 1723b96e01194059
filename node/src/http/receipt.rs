//! One entry with its proof, as a file that can be verified with nothing but the network's id.

use super::logs::known;
use super::problem::{At, Refusal};
use crate::driver::{Ask, Client};
use crate::store::StoreError;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::IntoResponse;
use cairn_api::Problem;
use cairn_ledger::{Cosigned, MemberCode, RawReceipt};
use serde::Deserialize;
use utoipa::IntoParams;

/// Under which checkpoint.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// The first one that this member's node has cosigned, where the entry notifies that member: it proves
    /// since when it was held there. Default: the one behind which most members stand.
    held_by: Option<String>,
}

/// The receipt of one entry: a tlog-proof under the best cosigned checkpoint that covers it.
#[utoipa::path(
    get, path = "/v1/logs/{member}/receipts/{position}",
    params(("member" = String, Path), ("position" = u64, Path), Wanted),
    responses((status = 200, body = String, content_type = "text/plain"), (status = 404, body = Problem))
)]
pub(crate) async fn receipt(
    State(client): State<Client>,
    At((member, position)): At<(String, String)>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<impl IntoResponse, Refusal> {
    let Query(wanted) = wanted?;
    let member = known(&client, &member)?;
    let not_a_position = || Refusal::bad(format!("{position:?} is not a position"));
    let position = position.parse::<u64>().map_err(|_| not_a_position())?;
    let none = || {
        let what = format!("no signed checkpoint here covers {member}/{position}");
        Refusal::not_found(what)
    };
    let (cosigned, lines) = match &wanted.held_by {
        Some(notified) => (held_by(&client, &member, position, notified)?, String::new()),
        None => {
            let ask = |answer| Ask::Cosigned(member.clone(), position, answer);
            let cosigned = client.ask(ask).await?.ok_or_else(none)?;
            let outside = client.witnesses.covering(&member, position, &cosigned);
            outside.unwrap_or_else(|| (cosigned, String::new()))
        }
    };
    let name = format!("attachment; filename=\"{member}-{position}.tlog-proof\"");
    let make = move || -> Result<String, StoreError> {
        let entry = client.store.entry(&member, position)?;
        let log = client.store.log(&member).ok_or_else(|| StoreError::no_log(&member))?;
        let proof = log.inclusion(position, cosigned.checkpoint().size())?;
        let receipt = RawReceipt::new(client.store.charter(), &entry, proof, &cosigned);
        Ok(receipt.with_lines(&lines).encode())
    };
    let text = tokio::task::spawn_blocking(make).await??;
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8".into()), (CONTENT_DISPOSITION, name)], text))
}

/// The first checkpoint that the notified member's node has cosigned with a notification in it.
fn held_by(
    client: &Client,
    member: &MemberCode,
    position: u64,
    notified: &str,
) -> Result<Cosigned, Refusal> {
    let notified = known(client, notified)?;
    let none = || {
        Refusal::not_found(format!(
            "{member}/{position} is no notification of {notified} that the node of {notified} is known to hold"
        ))
    };
    client.store.notice(member, position, &notified)?.ok_or_else(none)
}
