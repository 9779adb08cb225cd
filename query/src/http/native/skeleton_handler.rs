//! `GET /api/v1/traces/{id}/skeleton`.

use axum::extract::State;
use utoipa::ToSchema;

use super::super::failure::{ErrorAnswer, NativeError};
use super::super::{ARROW_STREAM, Api, Body};
use super::path_id::{NamedTrace, PathId};
use super::skeleton_arrow::skeleton_stream;

/// An Arrow IPC stream.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes a body of bytes")]
struct ArrowStream(Vec<u8>);

/// A trace's tree as columns, for drawing traces of very many spans.
///
/// An Arrow IPC stream of one record batch with one row for each span, in the order of `spans` in
/// the tree; the server half of an RPC is the row after its client half's, and child of it.
/// Columns: `parent` (int32: the parent's row, -1 for a root), `depth` (int32: 0 for a root; the
/// halves of an RPC have one), `ordinal` (int32: the last number of its call path, which is that of
/// its parent with `.` and this number; a server half has its client half's), `half` (int8: 1 for an
/// RPC's client half, 2 for its server half, else 0), `startOffsetNano` (int64: from the trace's
/// start, clock skew adjusted), `durationNano` (int64), `clockSkewNano` (int64: what was added to
/// the start as sent), `selfTimeNano` (int64), `service` and `operation` (utf8 in dictionaries of
/// int32; empty for placeholders), `kind` and `status` (int8: OTLP's numbers), `marks` (uint32: a
/// bit for each mark), `onCriticalPath` (bool), `spanId` (8 bytes; null for placeholders that are
/// known by their call path alone).
///
/// The schema's metadata: `version` of the columns (`1`), `traceId` in hex, `startTimeUnixNano` as
/// decimal text, `marks`, the marks' names from the lowest bit on, separated by commas.
#[utoipa::path(
    get,
    path = "/api/v1/traces/{id}/skeleton",
    tag = "traces",
    params(
        ("id" = String, Path, description = "32 hex digits, or 16 for ids of 64 bits, in any case; or the text by which MTrace or SkyWalking sent it",
            example = "4bf92f3577b34da6a3ce929d0e0e4736"),
    ),
    responses(
        (status = 200, description = "The tree", body = ArrowStream, content_type = "application/vnd.apache.arrow.stream"),
        (status = 400, description = "The id is malformed", body = ErrorAnswer),
        (status = 404, description = "No span of this trace is stored", body = ErrorAnswer),
        (status = 422, description = "The answer needs more memory than allowed", body = ErrorAnswer),
        (status = 500, description = "The storage cannot be read", body = ErrorAnswer),
        (status = 503, description = "Too many queries", body = ErrorAnswer),
        (status = 504, description = "The query took too long", body = ErrorAnswer),
    ),
)]
pub(in crate::http) async fn skeleton(
    State(api): State<Api>,
    id: PathId,
) -> Result<Body, NativeError> {
    let named = NamedTrace::of(id)?;
    let id = named.id;
    let body = api.engine.ask(move |question| async move {
        let Some(trace) = question.trace(id).await? else {
            return Ok(None);
        };
        Ok(Some(Body {
            content_type: ARROW_STREAM,
            bytes: skeleton_stream(&trace)?.into(),
        }))
    });
    Ok(body.await?.ok_or_else(|| named.not_found())?)
}
