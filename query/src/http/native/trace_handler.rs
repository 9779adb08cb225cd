//! `GET /api/v1/traces/{id}`.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use prost::Message;
use utoipa::ToSchema;

use super::super::failure::{ApiError, ErrorAnswer, NativeError};
use super::super::otlp_json::TracesDataJson;
use super::super::parameters::{Parameters, QueryPairs, trace_id};
use super::super::{Api, Body, PROTOBUF, otlp};
use super::TraceJson;
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

    fn write(self, trace: &Trace) -> Result<Body, QueryError> {
        match self {
            Self::Tree => Body::json(&TraceJson::of(trace)?),
            Self::OtlpJson => Body::json(&TracesDataJson::of(trace)?),
            Self::OtlpProtobuf => {
                let bytes = otlp::traces_data(trace)?.encode_to_vec().into();
                Ok(Body {
                    content_type: PROTOBUF,
                    bytes,
                })
            }
        }
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

/// A whole trace: as a tree, or its raw spans in OTLP.
///
/// The tree is JSON. OTLP's `TracesData` comes as protobuf for `Accept: application/x-protobuf`,
/// and as JSON for `?format=otlp`. Duplicates of a span, stored twice with the same content, are
/// given once in all forms.
#[utoipa::path(
    get,
    path = "/api/v1/traces/{id}",
    tag = "traces",
    params(
        ("id" = String, Path, description = "32 hex digits, or 16 for ids of 64 bits, in any case",
            example = "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("format" = Option<String>, Query, description = "`tree` (default) or `otlp`", example = "tree"),
    ),
    responses(
        (status = 200, description = "The trace; for `format=otlp` OTLP's `TracesData` instead", content(
            (TraceJson = "application/json"),
            (TracesDataProtobuf = "application/x-protobuf"),
        )),
        (status = 400, description = "The id or a parameter is malformed", body = ErrorAnswer),
        (status = 404, description = "No span of this trace is stored", body = ErrorAnswer),
        (status = 422, description = "The answer needs more memory than allowed", body = ErrorAnswer),
        (status = 500, description = "The storage cannot be read", body = ErrorAnswer),
        (status = 503, description = "Too many queries", body = ErrorAnswer),
        (status = 504, description = "The query took too long", body = ErrorAnswer),
    ),
)]
pub(in crate::http) async fn trace(
    State(api): State<Api>,
    id: Result<Path<String>, PathRejection>,
    pairs: QueryPairs,
    headers: HeaderMap,
) -> Result<Body, NativeError> {
    let Path(id) = id.map_err(|rejection| ApiError::malformed("id", rejection.body_text()))?;
    let id = trace_id(&id)?;
    let form = Form::of(Parameters::of(pairs)?.first("format"), &headers)?;
    let body = api.engine.ask(move |question| async move {
        let trace = question.trace(id).await?;
        trace.map(|trace| form.write(&trace)).transpose()
    });
    Ok(body.await?.ok_or(ApiError::TraceNotFound(id))?)
}
