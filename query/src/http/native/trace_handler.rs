//! `GET /api/v1/traces/{id}`.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use prost::Message;
use utoipa::ToSchema;

use super::super::failure::{ApiError, ErrorAnswer, NativeError};
use super::super::otlp_json::TracesDataJson;
use super::super::parameters::{Parameters, QueryPairs};
use super::super::{Api, Body, PROTOBUF, otlp};
use super::TraceJson;
use super::part::Part;
use super::path_id::{NamedTrace, PathId};
use crate::{QueryError, Trace};

/// The forms in which a trace is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Tree,
    OtlpJson,
    OtlpProtobuf,
}

impl Form {
    /// `format` says what is wanted, and `Accept: application/x-protobuf` how it is encoded; the
    /// latter alone asks for OTLP, since the tree is only JSON.
    fn of(format: Option<&str>, headers: &HeaderMap) -> Result<Self, ApiError> {
        let accepted = headers
            .get_all(header::ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok());
        let mut media_types = accepted.flat_map(|value| value.split(',')).map(media_type);
        let wants_protobuf =
            media_types.any(|name| name == PROTOBUF || name == "application/protobuf");
        match (format, wants_protobuf) {
            (None | Some("otlp"), true) => Ok(Self::OtlpProtobuf),
            (None | Some("tree"), _) => Ok(Self::Tree),
            (Some("otlp"), false) => Ok(Self::OtlpJson),
            (Some(other), _) => Err(ApiError::malformed(
                "format",
                format!("{other:?} is neither tree nor otlp"),
            )),
        }
    }

    /// Writes the trace; the tree in the part that was asked for.
    fn write(self, trace: &Trace, part: &Part) -> Result<Result<Body, ApiError>, QueryError> {
        let body = match self {
            Self::Tree => match part.select(trace) {
                Ok(shown) => Body::json(&TraceJson::of(trace, &shown)?),
                Err(unknown) => return Ok(Err(unknown)),
            },
            Self::OtlpJson => Body::json(&TracesDataJson::of(trace)?),
            Self::OtlpProtobuf => {
                let bytes = otlp::traces_data(trace)?.encode_to_vec().into();
                Ok(Body {
                    content_type: PROTOBUF,
                    bytes,
                })
            }
        };
        body.map(Ok)
    }
}

/// The media type without its parameters.
fn media_type(range: &str) -> &str {
    range.split(';').next().unwrap_or_default().trim()
}

/// OTLP's `TracesData` in protobuf.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes a body of bytes")]
struct TracesDataProtobuf(Vec<u8>);

/// A trace: as a tree or a part of one, or its raw spans in OTLP.
///
/// The tree is JSON. OTLP's `TracesData` comes as protobuf for `Accept: application/x-protobuf`,
/// and as JSON for `?format=otlp`. Duplicates of a span are given once in all forms: spans of one
/// id that say the same, though they may have come by two protocols, which keep nanoseconds or
/// microseconds, numbers or their texts, and flags or none. Spans of one id that differ in more
/// are all given, with the mark `repeatedId`.
///
/// Of a large trace a part can be asked for. What is left out is counted, in the trace's `omitted`
/// and in that of the entry below which it is.
#[utoipa::path(
    get,
    path = "/api/v1/traces/{id}",
    tag = "traces",
    params(
        ("id" = String, Path, description = "32 hex digits, or 16 for ids of 64 bits, in any case; or the text by which MTrace or SkyWalking sent it",
            example = "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("format" = Option<String>, Query, description = "`tree` (default) or `otlp`", example = "tree"),
        ("under" = Option<String>, Query, description = "The call path of an entry: only it and its subtree are shown", example = "0.1"),
        ("maxDepth" = Option<u64>, Query, description = "How many levels are shown, from 1: the roots, or the entry of `under`, alone"),
        ("maxWidth" = Option<u64>, Query, description = "How many children of one parent are shown, from 1; the first ones"),
        ("maxSpans" = Option<u64>, Query, description = "How many entries are shown in all, from 1; upper levels before lower ones"),
        ("ancestors" = Option<String>, Query, description = "A span id or a call path: only that span and those above it, from the root, are shown. Without the other limits"),
    ),
    responses(
        (status = 200, description = "The trace; for `format=otlp` OTLP's `TracesData` instead", content(
            (TraceJson = "application/json"),
            (TracesDataProtobuf = "application/x-protobuf"),
        )),
        (status = 400, description = "The id or a parameter is malformed", body = ErrorAnswer),
        (status = 404, description = "No span of this trace is stored, or none has the id or call path asked for", body = ErrorAnswer),
        (status = 422, description = "The answer needs more memory than allowed", body = ErrorAnswer),
        (status = 500, description = "The storage cannot be read", body = ErrorAnswer),
        (status = 503, description = "Too many queries", body = ErrorAnswer),
        (status = 504, description = "The query took too long", body = ErrorAnswer),
    ),
)]
pub(in crate::http) async fn trace(
    State(api): State<Api>,
    id: PathId,
    pairs: QueryPairs,
    headers: HeaderMap,
) -> Result<Body, NativeError> {
    let named = NamedTrace::of(id)?;
    let id = named.id;
    let parameters = Parameters::of(pairs)?;
    let form = Form::of(parameters.first("format"), &headers)?;
    let part = Part::of(&parameters)?;
    if form != Form::Tree && !part.is_everything() {
        let problem = "OTLP gives the whole trace; parts are given of the tree".to_owned();
        return Err(ApiError::malformed("format", problem).into());
    }
    let body = api.engine.ask(move |question| async move {
        let trace = question.trace(id).await?;
        trace.map(|trace| form.write(&trace, &part)).transpose()
    });
    Ok(body.await?.ok_or_else(|| named.not_found())??)
}
