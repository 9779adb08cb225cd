//! The description of `POST /api/v1/spans`, which the collector serves on the same port.

use serde_json::Value;
use utoipa::ToSchema;

use super::super::failure::ErrorAnswer;

/// A span in MTrace JSON; `docs/mtrace.md` is the specification, `schemas/mtrace-span.schema.json` its
/// JSON Schema. A field that is not listed here refuses the span.
#[derive(ToSchema)]
#[schema(as = MtraceSpan, rename_all = "camelCase", example = json!({
    "traceId": "order-20260725-000042",
    "spanId": "0",
    "name": "POST /orders",
    "service": "gateway",
    "kind": "server",
    "start": "1785000000000000000",
    "duration": 48_000_000,
    "status": "ok",
    "annotations": {"user.id": "u-2041", "cart.items": 3, "vip": true, "discount": 0.15},
}))]
#[expect(dead_code, reason = "describes what the collector reads")]
pub(in crate::http) struct MtraceSpanSchema {
    /// Hex digits, another text, or a whole number.
    #[schema(value_type = String)]
    trace_id: Value,
    /// The call path.
    #[schema(pattern = r"^0(\.(0|[1-9][0-9]{0,8})){0,255}$")]
    span_id: String,
    /// The operation.
    name: String,
    /// Who recorded it.
    service: Option<String>,
    /// `client`, `server`, `producer`, `consumer` or `internal`.
    kind: Option<String>,
    /// Nanoseconds since 1970, as a number or as decimal text; required with `duration`, unless
    /// the annotations `cs` and `cr`, or `sr` and `ss`, tell the times.
    #[schema(value_type = Option<String>)]
    start: Value,
    /// Nanoseconds, as a number or as decimal text.
    #[schema(value_type = Option<String>)]
    duration: Value,
    /// The recording side's endpoint.
    local: Option<EndpointSchema>,
    /// The other side's.
    remote: Option<EndpointSchema>,
    /// `unset`, `ok`, `error`, or an object of one of these as `code` and a `message`.
    #[schema(value_type = Option<String>)]
    status: Value,
    /// Attributes; events as arrays of `{"time", "value"}`; the four stages `cs`, `sr`, `ss`, `cr`.
    #[schema(value_type = Option<Object>)]
    annotations: Value,
}

/// One side of a call.
#[derive(ToSchema)]
#[schema(as = MtraceEndpoint)]
#[expect(dead_code, reason = "describes what the collector reads")]
struct EndpointSchema {
    /// Its service.
    service: Option<String>,
    /// Its host.
    address: Option<String>,
    /// Its port.
    port: Option<u16>,
}

/// How many spans were taken, and why others were not.
#[derive(ToSchema)]
#[schema(as = MtraceReceipt, example = json!({"accepted": 3, "rejected": 0, "errors": []}))]
#[expect(dead_code, reason = "describes what the collector answers")]
pub(in crate::http) struct MtraceReceiptSchema {
    /// Spans that are durable now. A record of both halves of a call is two.
    accepted: u64,
    /// Spans that break a rule.
    rejected: u64,
    /// What is wrong with the first 100 of those.
    errors: Vec<String>,
}

/// Takes MTrace spans: an array, one span, or one span a line. They are durable once it is answered.
///
/// A span that breaks a rule is refused alone. All answers but 202 mean that nothing was stored.
#[utoipa::path(
    post,
    path = "/api/v1/spans",
    tag = "traces",
    operation_id = "send_mtrace_spans",
    request_body(
        content = Vec<MtraceSpanSchema>,
        description = "JSON, compressed with gzip, zstd, or not at all; one span a line as `application/x-ndjson`",
    ),
    responses(
        (status = 202, description = "What was taken is durable", body = MtraceReceiptSchema),
        (status = 400, description = "The body is not JSON", body = ErrorAnswer),
        (status = 408, description = "The body came too slowly", body = ErrorAnswer),
        (status = 413, description = "The body is too large", body = ErrorAnswer),
        (status = 415, description = "The body is of another type or compression", body = ErrorAnswer),
        (status = 429, description = "Busy: send the same again after `Retry-After` seconds", body = ErrorAnswer),
        (status = 500, description = "The server's log says why", body = ErrorAnswer),
        (status = 503, description = "The storage is not available: send the same again after `Retry-After` seconds", body = ErrorAnswer),
    ),
)]
#[expect(dead_code, reason = "describes a handler of the collector")]
fn send_mtrace_spans() {}
