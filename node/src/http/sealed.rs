//! Sealed parts: handed in before their statements, listed, and opened for users.

use super::problem::{At, Refusal};
use super::users::{Contributor, Viewer};
use crate::driver::Client;
use crate::sealed::{Sealed, SealedError, SealedFile, Staged, State as Here};
use crate::store::{Content, Part, PartId};
use axum::body::{Body, Bytes};
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::{BoxError, Json};
use cairn_api::{
    AccessKind, AccessList, FileView, Opened, Pieces, Problem, SealedList, SealedState, SealedView,
};
use cairn_casebook::CaseId;
use cairn_ledger::MemberCode;
use cairn_ledger::hash::{Commitment, Reference};
use cairn_sealing::Manifest;
use serde::Deserialize;
use std::sync::{Arc, PoisonError};
use std::time::SystemTime;
use tokio::task::spawn_blocking;
use utoipa::IntoParams;

/// Answers with what is sealed are kept by nobody on the way.
const NO_STORE: (axum::http::HeaderName, &str) = (CACHE_CONTROL, "no-store");

/// What the statement to come will say of a part.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToCome {
    /// The commitment.
    #[param(value_type = String)]
    commitment: Commitment,
    /// The size class.
    class: u8,
    /// Whom it lists, with commas between; nobody for the vault.
    #[serde(default)]
    audience: String,
    /// Whether it is the manifest of a file.
    #[serde(default)]
    file: bool,
    /// The case that it is about.
    case: Option<String>,
}

impl ToCome {
    fn staged(self, reference: Reference, part: u16) -> Result<Staged, Refusal> {
        let bad = |why: String| Refusal::bad(why);
        let codes = self.audience.split(',').filter(|code| !code.is_empty());
        let audience = codes.map(|code| MemberCode::new(code).map_err(|why| bad(why.to_string())));
        let case = self.case.map(|case| case.parse::<CaseId>().map_err(|why| bad(why.to_string())));
        Ok(Staged {
            reference,
            part,
            audience: audience.collect::<Result<_, _>>()?,
            size_class: self.class,
            commitment: self.commitment,
            file: self.file,
            case: case.transpose()?,
        })
    }
}

/// Keeps the payload of a sealed part for a statement to come. It is on the disk when this is answered.
#[utoipa::path(
    put, path = "/v1/staged/{reference}/{part}",
    params(("reference" = String, Path), ("part" = u16, Path), ToCome),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, body = Pieces), (status = 401, body = Problem),
        (status = 422, description = "not what would be committed to, or past a limit", body = Problem)
    )
)]
pub(crate) async fn stage(
    contributor: Contributor,
    State(client): State<Client>,
    At((reference, part)): At<(Reference, u16)>,
    to_come: Result<Query<ToCome>, QueryRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Pieces>, Refusal> {
    let (Query(to_come), body) = (to_come?, body.map_err(|why| Refusal::bad(why.body_text()))?);
    let staged = to_come.staged(reference, part)?;
    contributor.check(staged.case.as_ref())?;
    let work = move || {
        client.sealed.stage(&staged, &body)?;
        pieces_of(&client.sealed, &staged)
    };
    Ok(Json(spawn_blocking(work).await??))
}

/// Which pieces of a file that is handed in are here.
#[utoipa::path(
    get, path = "/v1/staged/{reference}/{part}",
    params(("reference" = String, Path), ("part" = u16, Path), ToCome),
    responses((status = 200, body = Pieces), (status = 401, body = Problem))
)]
pub(crate) async fn staged(
    contributor: Contributor,
    State(client): State<Client>,
    At((reference, part)): At<(Reference, u16)>,
    to_come: Result<Query<ToCome>, QueryRejection>,
) -> Result<Json<Pieces>, Refusal> {
    let Query(to_come) = to_come?;
    let staged = to_come.staged(reference, part)?;
    contributor.check(staged.case.as_ref())?;
    Ok(Json(spawn_blocking(move || pieces_of(&client.sealed, &staged)).await??))
}

/// Keeps one encrypted piece of a file whose manifest was handed in.
#[utoipa::path(
    put, path = "/v1/staged/{reference}/{part}/pieces/{piece}",
    params(("reference" = String, Path), ("part" = u16, Path), ("piece" = u32, Path), ToCome),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 204), (status = 401, body = Problem), (status = 422, body = Problem))
)]
pub(crate) async fn stage_piece(
    contributor: Contributor,
    State(client): State<Client>,
    At((reference, part, piece)): At<(Reference, u16, u32)>,
    to_come: Result<Query<ToCome>, QueryRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<axum::http::StatusCode, Refusal> {
    let (Query(to_come), body) = (to_come?, body.map_err(|why| Refusal::bad(why.body_text()))?);
    let staged = to_come.staged(reference, part)?;
    contributor.check(staged.case.as_ref())?;
    spawn_blocking(move || client.sealed.stage_piece(&staged, piece, &body)).await??;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

fn pieces_of(sealed: &Sealed, staged: &Staged) -> Result<Pieces, SealedError> {
    let (state, missing) = sealed.staged(staged)?;
    let pieces = match state {
        Here::Pieces(_, pieces) => pieces,
        Here::Whole | Here::Missing => 0,
    };
    Ok(Pieces { held: state != Here::Missing, pieces, missing })
}

/// Which parts.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// Only parts of statements about this case.
    case: Option<String>,
}

/// The sealed parts that the logs name, and what is here of them.
#[utoipa::path(
    get, path = "/v1/sealed", params(Wanted),
    responses((status = 200, body = SealedList), (status = 401, body = Problem))
)]
pub(crate) async fn list(
    viewer: Viewer,
    State(client): State<Client>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<SealedList>, Refusal> {
    let Query(Wanted { case }) = wanted?;
    let case = case.map(|case| CaseId::typed(&case).map_err(|why| Refusal::bad(why.to_string())));
    let case = case.transpose()?;
    let work = move || {
        let index = client.store.index().read().unwrap_or_else(PoisonError::into_inner);
        let about = |part: &Part| case.is_none() || part.case == case;
        let all = index.parts().all().filter(|(_, part)| about(part) && viewer.may_see(part));
        let found: Vec<_> = all
            .map(|(id, part)| {
                let by = part.erased.map(|by| index.parts().destroyed(&id.member, by));
                let by = by.into_iter().flatten().cloned().collect::<Vec<_>>();
                (id.clone(), part.clone(), by)
            })
            .collect();
        drop(index);
        let view = |(id, part, by): (PartId, Part, Vec<MemberCode>)| {
            Ok(view(&client.sealed, id, part, by)?)
        };
        found.into_iter().map(view).collect::<Result<_, SealedError>>()
    };
    Ok(Json(SealedList { parts: spawn_blocking(work).await?? }))
}

fn view(
    sealed: &Sealed,
    id: PartId,
    part: Part,
    destroyed_by: Vec<MemberCode>,
) -> std::io::Result<SealedView> {
    let state = match (part.erased, sealed.is_for_us(&part)) {
        (Some(by), _) => SealedState::Erased { by },
        (None, false) => SealedState::NotForUs,
        (None, true) => match (sealed.why_refused(&id), sealed.state(&id, &part)?) {
            (_, Here::Whole) => SealedState::Held,
            (Some(why), _) => SealedState::Refused { why },
            (None, Here::Missing) => SealedState::Missing,
            (None, Here::Pieces(held, pieces)) => SealedState::Fetching { held, pieces },
        },
    };
    Ok(SealedView {
        readers: part.readers(),
        member: id.member,
        position: id.position,
        part: id.part,
        vault: part.vault,
        size_class: part.size_class,
        commitment: part.commitment,
        state,
        destroyed_by,
    })
}

/// The part that an address names.
type Named = At<(String, u64, u16)>;

fn named(At((member, position, part)): Named) -> Result<PartId, Refusal> {
    let member = MemberCode::new(&member).map_err(|why| Refusal::bad(why.to_string()))?;
    Ok(PartId { member, position, part })
}

/// Takes note of who opens what before it leaves the node.
fn record(
    sealed: &Sealed,
    viewer: &Viewer,
    part: &Part,
    what: AccessKind,
) -> Result<(), SealedError> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_secs());
    Ok(sealed.access.record(now, viewer.name(), part.commitment, what)?)
}

/// What a sealed part says. Who opens it is recorded.
#[utoipa::path(
    get, path = "/v1/sealed/{member}/{position}/{part}",
    params(("member" = String, Path), ("position" = u64, Path), ("part" = u16, Path)),
    responses((status = 200, body = Opened), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn open(
    viewer: Viewer,
    State(client): State<Client>,
    at: Named,
) -> Result<impl IntoResponse, Refusal> {
    let id = named(at)?;
    viewer.check(&client.sealed.part(&id)?)?;
    let opened = spawn_blocking(move || {
        let (part, opening) = (client.sealed.part(&id)?, client.sealed.opening(&id)?);
        record(&client.sealed, &viewer, &part, AccessKind::Opened)?;
        Ok::<_, SealedError>(match part.content {
            Content::Grant { .. } => Opened::Grant,
            Content::File => Opened::File(file_view(
                &Manifest::decode(opening.content()).map_err(cairn_sealing::OpenError::from)?,
            )),
            Content::Text => Opened::Text(String::from_utf8_lossy(opening.content()).into_owned()),
        })
    });
    Ok(([NO_STORE], Json(opened.await??)))
}

fn file_view(manifest: &Manifest) -> FileView {
    FileView {
        name: manifest.name.to_string(),
        media_type: manifest.media_type.to_string(),
        size: manifest.size,
        sha256: manifest.sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
        acquired_at: manifest.acquired_at,
        acquired_by: manifest.acquired_by.to_string(),
        source: manifest.source.to_string(),
    }
}

/// A sealed part with the proof that it is what was committed to, as a file. Who takes it is recorded.
#[utoipa::path(
    get, path = "/v1/sealed/{member}/{position}/{part}/opening",
    params(("member" = String, Path), ("position" = u64, Path), ("part" = u16, Path)),
    responses((status = 200, content_type = "application/octet-stream"), (status = 401, body = Problem))
)]
pub(crate) async fn opening(
    viewer: Viewer,
    State(client): State<Client>,
    at: Named,
) -> Result<impl IntoResponse, Refusal> {
    let id = named(at)?;
    viewer.check(&client.sealed.part(&id)?)?;
    let bytes = spawn_blocking(move || {
        let (part, opening) = (client.sealed.part(&id)?, client.sealed.opening(&id)?);
        record(&client.sealed, &viewer, &part, AccessKind::Opening)?;
        Ok::<_, SealedError>(opening.encode().to_vec())
    });
    Ok(([NO_STORE, (CONTENT_TYPE, "application/octet-stream")], bytes.await??))
}

/// The key of a sealed part's content, for a contributor of its member who grants it to others.
#[utoipa::path(
    get, path = "/v1/sealed/{member}/{position}/{part}/key",
    params(("member" = String, Path), ("position" = u64, Path), ("part" = u16, Path)),
    responses((status = 200, content_type = "application/octet-stream"), (status = 401, body = Problem))
)]
pub(crate) async fn key(
    viewer: Viewer,
    _: Contributor,
    State(client): State<Client>,
    at: Named,
) -> Result<impl IntoResponse, Refusal> {
    let id = named(at)?;
    viewer.check(&client.sealed.part(&id)?)?;
    if !client.sealed.is_ours(&id) {
        return Err(Refusal::forbidden("only the member that sealed a part grants it"));
    }
    let bytes = spawn_blocking(move || {
        let (part, key) = (client.sealed.part(&id)?, client.sealed.content_key(&id)?);
        record(&client.sealed, &viewer, &part, AccessKind::Key)?;
        Ok::<_, SealedError>(key.bytes().to_vec())
    });
    Ok(([NO_STORE, (CONTENT_TYPE, "application/octet-stream")], bytes.await??))
}

/// A sealed file, decrypted while it is sent. Who takes it is recorded.
#[utoipa::path(
    get, path = "/v1/sealed/{member}/{position}/{part}/file",
    params(("member" = String, Path), ("position" = u64, Path), ("part" = u16, Path)),
    responses((status = 200, content_type = "application/octet-stream"), (status = 401, body = Problem))
)]
pub(crate) async fn file(
    viewer: Viewer,
    State(client): State<Client>,
    at: Named,
) -> Result<impl IntoResponse, Refusal> {
    let id = named(at)?;
    viewer.check(&client.sealed.part(&id)?)?;
    let sealed = client.sealed.clone();
    let file = spawn_blocking(move || {
        let (part, file) = (sealed.part(&id)?, sealed.file(&id)?);
        record(&sealed, &viewer, &part, AccessKind::File)?;
        Ok::<_, SealedError>(file)
    });
    let file = file.await??;
    let (kind, length) = ("application/octet-stream".to_owned(), file.manifest.size.to_string());
    let head = [(CACHE_CONTROL, "no-store".into()), (CONTENT_TYPE, kind), (CONTENT_LENGTH, length)];
    Ok((head, stream(client.sealed.clone(), file)))
}

/// One piece is in memory at a time. An error ends the body before its end, which the client notices.
fn stream(sealed: Arc<Sealed>, file: SealedFile) -> Body {
    let file = Arc::new(file);
    let pieces = futures::stream::try_unfold(0_u32, move |number| {
        let (sealed, file) = (sealed.clone(), file.clone());
        async move {
            if number as usize >= file.manifest.pieces.len() {
                return Ok::<_, BoxError>(None);
            }
            let bytes = spawn_blocking(move || sealed.read_piece(&file, number)).await??;
            Ok(Some((Bytes::from(bytes), number.saturating_add(1))))
        }
    });
    Body::from_stream(pieces)
}

/// Who has opened a sealed part at this node.
#[utoipa::path(
    get, path = "/v1/sealed/{member}/{position}/{part}/access",
    params(("member" = String, Path), ("position" = u64, Path), ("part" = u16, Path)),
    responses((status = 200, body = AccessList), (status = 401, body = Problem))
)]
pub(crate) async fn access(
    viewer: Viewer,
    State(client): State<Client>,
    at: Named,
) -> Result<Json<AccessList>, Refusal> {
    let id = named(at)?;
    let part = client.sealed.part(&id)?;
    viewer.check(&part)?;
    let own = client.sealed.clone();
    let commitment = part.commitment;
    let mut records =
        spawn_blocking(move || own.access.of(&commitment)).await?.map_err(SealedError::from)?;
    let (others, not_reached) = client.sealed.ask_opened(&id, &part).await;
    records.extend(others);
    records.sort();
    Ok(Json(AccessList { records, not_reached }))
}

impl From<SealedError> for Refusal {
    fn from(error: SealedError) -> Self {
        match error {
            SealedError::Unknown(_) | SealedError::Missing(_) => Self::not_found(error.to_string()),
            SealedError::NotForUs { .. } => Self::forbidden(error.to_string()),
            SealedError::Erased { .. } | SealedError::Open(_) | SealedError::Limit(_) => {
                Self::contradicts(error.to_string())
            }
            SealedError::Disk(_) => {
                tracing::error!(%error, "cannot answer a client from the disk");
                Self::not_now("the node cannot read its disk")
            }
        }
    }
}
