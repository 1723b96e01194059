//! Bodies that are read from the disk piece by piece, as fast as the client takes them.

use crate::store::Store;
use axum::BoxError;
use axum::body::{Body, Bytes};
use cairn_ledger::text::MemberCode;
use std::ops::Range;
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// How much of a log one piece of a download carries.
pub(super) const PIECE_BYTES: usize = 1 << 20;

/// `first`, and behind it the entries `rest` of a log. One piece is in memory at a time. An error ends
/// the body before its end, which the client notices.
pub(super) fn body(
    store: Arc<Store>,
    member: MemberCode,
    first: Vec<u8>,
    rest: Range<u64>,
) -> Body {
    if rest.is_empty() {
        return first.into();
    }
    let pieces = futures::stream::try_unfold((Some(first), rest), move |(first, rest)| {
        let (store, member) = (store.clone(), member.clone());
        async move {
            if let Some(first) = first {
                return Ok::<_, BoxError>(Some((Bytes::from(first), (None, rest))));
            }
            if rest.is_empty() {
                return Ok(None);
            }
            let end = rest.end;
            let read = move || store.read(&member, rest.start, end, PIECE_BYTES);
            let run = spawn_blocking(read).await??;
            Ok(Some((run.bundle.into(), (None, run.end..end))))
        }
    });
    Body::from_stream(pieces)
}
