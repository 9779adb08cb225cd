//! A trace's diagnosis in the native JSON.

mod findings;

use serde::Serialize;
use utoipa::ToSchema;

use super::span_json::{SafeInteger, SafeIntegerSchema};
pub(super) use findings::Findings;

/// Where a trace's time went, and what went wrong.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Diagnosis, example = json!({
    "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
    "startTimeUnixNano": "1795446245123456789",
    "durationNano": 120_000_000,
    "spanCount": 2,
    "errorCount": 1,
    "depth": 2,
    "services": [
        {"name": "payment", "spanCount": 1, "errorCount": 1, "selfTimeNano": 90_000_000,
            "criticalPathNano": 90_000_000, "criticalPathShare": 0.75},
        {"name": "checkout", "spanCount": 1, "errorCount": 0, "selfTimeNano": 30_000_000,
            "criticalPathNano": 30_000_000, "criticalPathShare": 0.25},
    ],
    "criticalPath": {
        "durationNano": 120_000_000,
        "spans": [
            {"span": {"row": 0, "callPath": "0", "spanId": "00f067aa0ba902b7", "serviceName": "checkout",
                "name": "POST /orders", "startOffsetNano": 0, "durationNano": 120_000_000},
                "criticalPathNano": 30_000_000},
            {"span": {"row": 1, "callPath": "0.1", "spanId": "53995c3f42cd8ad8", "serviceName": "payment",
                "name": "Charge", "startOffsetNano": 10_000_000, "durationNano": 90_000_000},
                "criticalPathNano": 90_000_000},
        ],
        "segments": [
            {"span": 0, "startOffsetNano": 0, "durationNano": 10_000_000},
            {"span": 1, "startOffsetNano": 10_000_000, "durationNano": 90_000_000},
            {"span": 0, "startOffsetNano": 100_000_000, "durationNano": 20_000_000},
        ],
    },
    "bottleneck": {
        "span": {"row": 1, "callPath": "0.1", "spanId": "53995c3f42cd8ad8", "serviceName": "payment",
            "name": "Charge", "startOffsetNano": 10_000_000, "durationNano": 90_000_000},
        "criticalPathNano": 90_000_000,
        "criticalPathShare": 0.75,
        "selfTimeNano": 90_000_000,
    },
    "errorOriginCount": 1,
    "firstError": {
        "origin": {"row": 1, "callPath": "0.1", "spanId": "53995c3f42cd8ad8", "serviceName": "payment",
            "name": "Charge", "startOffsetNano": 10_000_000, "durationNano": 90_000_000},
        "statusMessage": "card declined",
        "reached": {"row": 1, "callPath": "0.1", "spanId": "53995c3f42cd8ad8", "serviceName": "payment",
            "name": "Charge", "startOffsetNano": 10_000_000, "durationNano": 90_000_000},
        "levels": 0,
    },
    "repeatedAtLeast": 5,
    "repeatedCallCount": 0,
    "repeatedCalls": [],
    "serialSiblingCount": 0,
    "serialSiblings": [],
    "zoneCrossingCount": 1,
    "zoneCrossings": [{
        "parent": {"row": 0, "callPath": "0", "spanId": "00f067aa0ba902b7", "serviceName": "checkout",
            "name": "POST /orders", "startOffsetNano": 0, "durationNano": 120_000_000},
        "child": {"row": 1, "callPath": "0.1", "spanId": "53995c3f42cd8ad8", "serviceName": "payment",
            "name": "Charge", "startOffsetNano": 10_000_000, "durationNano": 90_000_000},
        "attribute": "cloud.availability_zone",
        "from": "eu-west-1a",
        "to": "eu-west-1b",
    }],
    "selfTimesNano": [30_000_000, 90_000_000],
}))]
pub(in crate::http) struct DiagnosisJson<'a> {
    /// 32 lower-case hex digits.
    #[schema(example = "4bf92f3577b34da6a3ce929d0e0e4736")]
    trace_id: String,
    /// The start of the earliest span, clock skew adjusted, nanoseconds since 1970, as decimal text;
    /// offsets count from here.
    #[schema(example = "1795446245123456789")]
    start_time_unix_nano: String,
    /// From the earliest start to the latest end, nanoseconds.
    #[schema(value_type = SafeIntegerSchema)]
    duration_nano: SafeInteger,
    /// The number of distinct spans.
    span_count: usize,
    /// How many spans have the status `error`.
    error_count: usize,
    /// The levels of the deepest tree; 1 for roots alone.
    depth: usize,
    /// Each service's part, those with most of the critical path first, of equals by name.
    services: Vec<ServiceShareJson<'a>>,
    /// What the trace waited for, instant by instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    critical_path: Option<CriticalPathJson<'a>>,
    /// The span whose own work took most of the critical path.
    #[serde(skip_serializing_if = "Option::is_none")]
    bottleneck: Option<BottleneckJson<'a>>,
    /// In how many spans a failure began: failed spans none of whose children failed.
    error_origin_count: usize,
    /// Where the first error began; absent when no span failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_error: Option<FirstErrorJson<'a>>,
    /// How many calls of one operation under one parent were taken for repeated ones.
    repeated_at_least: usize,
    /// How many calls were repeated; more than are listed where `limit` cut the list.
    repeated_call_count: usize,
    /// Calls that one span made again and again, those that took most time first.
    repeated_calls: Vec<RepeatedCallsJson<'a>>,
    /// How many rows of serial siblings there are; more than are listed where `limit` cut the list.
    serial_sibling_count: usize,
    /// Calls that ran one after another under one parent, those that would save most first.
    serial_siblings: Vec<SerialSiblingsJson<'a>>,
    /// How many calls cross zones; more than are listed where `limit` cut the list.
    zone_crossing_count: usize,
    /// Calls whose caller ran in another zone, the longest first.
    zone_crossings: Vec<ZoneCrossingJson<'a>>,
    /// The self time of each span of the trace, in the order of the skeleton's rows: its duration without the
    /// time in which at least one of its children ran, nanoseconds.
    #[schema(value_type = Vec<SafeIntegerSchema>)]
    self_times_nano: Vec<SafeInteger>,
}

/// A span, by all the names that it has.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SpanReference)]
struct SpanReferenceJson<'a> {
    /// Its row in the skeleton: its position among `spans` of the whole trace's tree, where the
    /// server half of an RPC follows its client half.
    row: usize,
    /// Its place as a hierarchical id; absent below level 256.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "0.2.1")]
    call_path: Option<String>,
    /// 16 lower-case hex digits; absent for a placeholder that is known by its call path alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "00f067aa0ba902b7")]
    span_id: Option<String>,
    /// `client` or `server`, where both sides of a call recorded it: they share their call path.
    #[serde(skip_serializing_if = "Option::is_none")]
    half: Option<&'static str>,
    /// Its service; `unknown_service` when its resource names none, empty for a placeholder.
    #[schema(example = "checkout")]
    service_name: &'a str,
    /// The operation's name; empty for a placeholder.
    #[schema(example = "GET /cart")]
    name: &'a str,
    /// From the trace's start to the span's, nanoseconds; clock skew adjusted.
    #[schema(value_type = SafeIntegerSchema)]
    start_offset_nano: SafeInteger,
    /// Nanoseconds.
    #[schema(value_type = SafeIntegerSchema)]
    duration_nano: SafeInteger,
}

/// A service's part of a trace.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ServiceShare)]
struct ServiceShareJson<'a> {
    /// Its name; `unknown_service` for spans whose resource names none, empty for placeholders.
    #[schema(example = "checkout")]
    name: &'a str,
    /// How many spans it has.
    span_count: usize,
    /// How many of them have the status `error`.
    error_count: usize,
    /// The self time of all of them, nanoseconds; more than the trace took where they ran side by
    /// side.
    #[schema(value_type = SafeIntegerSchema)]
    self_time_nano: SafeInteger,
    /// Their own work on the critical path, nanoseconds.
    #[schema(value_type = SafeIntegerSchema)]
    critical_path_nano: SafeInteger,
    /// The same as a part of the critical path, from 0 to 1.
    #[schema(example = 0.25)]
    critical_path_share: f64,
}

/// The chain of work that decided how long the trace took. From the end of its root back in time:
/// a span waits for the child that ended last; before that child began, for the child that had
/// ended last by then. Children that outlive their parent are cut at its end.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CriticalPath)]
struct CriticalPathJson<'a> {
    /// The duration of its root: the root that took longest when there are several.
    #[schema(value_type = SafeIntegerSchema)]
    duration_nano: SafeInteger,
    /// The spans on it in the order of the tree, its root first.
    spans: Vec<CriticalSpanJson<'a>>,
    /// Their own work by time; the segments cover the root's time without gaps or overlaps.
    segments: Vec<SegmentJson>,
}

/// A span on the critical path.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CriticalSpan)]
struct CriticalSpanJson<'a> {
    /// The span.
    span: SpanReferenceJson<'a>,
    /// Its own work on the path, nanoseconds; 0 for a span that waited for children all the time.
    #[schema(value_type = SafeIntegerSchema)]
    critical_path_nano: SafeInteger,
}

/// A stretch of the critical path in which one span itself worked.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CriticalSegment)]
struct SegmentJson {
    /// The span's position in the path's `spans`.
    span: usize,
    /// From the trace's start to the segment's, nanoseconds.
    #[schema(value_type = SafeIntegerSchema)]
    start_offset_nano: SafeInteger,
    /// Nanoseconds.
    #[schema(value_type = SafeIntegerSchema)]
    duration_nano: SafeInteger,
}

/// The span whose own work took most of the critical path.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Bottleneck)]
struct BottleneckJson<'a> {
    /// The span.
    span: SpanReferenceJson<'a>,
    /// Its own work on the path, nanoseconds.
    #[schema(value_type = SafeIntegerSchema)]
    critical_path_nano: SafeInteger,
    /// The same as a part of the path, from 0 to 1.
    #[schema(example = 0.25)]
    critical_path_share: f64,
    /// Its self time, nanoseconds.
    #[schema(value_type = SafeIntegerSchema)]
    self_time_nano: SafeInteger,
}

/// Where a failure began. Of all failed spans none of whose children failed, it is the one whose
/// failure went up the highest, parent by failed parent; of several the one that ended first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FirstError)]
struct FirstErrorJson<'a> {
    /// The span in which it began.
    origin: SpanReferenceJson<'a>,
    /// The origin's status message; absent when empty.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(example = "card declined")]
    status_message: &'a str,
    /// The highest span that failed with it; the origin itself when its parent did not fail.
    reached: SpanReferenceJson<'a>,
    /// How many levels it went up.
    levels: usize,
}

/// Calls of one operation of one service that one span made again and again.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RepeatedCalls)]
struct RepeatedCallsJson<'a> {
    /// The span that made them.
    parent: SpanReferenceJson<'a>,
    /// The first of them.
    first: SpanReferenceJson<'a>,
    /// How many there are.
    count: usize,
    /// Their durations together, nanoseconds.
    #[schema(value_type = SafeIntegerSchema)]
    total_duration_nano: SafeInteger,
    /// The time in which at least one of them ran, nanoseconds.
    #[schema(value_type = SafeIntegerSchema)]
    elapsed_nano: SafeInteger,
}

/// Calls to different operations that ran one after another under one parent, none of them
/// overlapping another child. Whether one needs what another gave cannot be seen in a trace.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SerialSiblings)]
struct SerialSiblingsJson<'a> {
    /// The span that made them.
    parent: SpanReferenceJson<'a>,
    /// The first of them.
    first: SpanReferenceJson<'a>,
    /// The last of them.
    last: SpanReferenceJson<'a>,
    /// How many there are.
    count: usize,
    /// How many different operations were called.
    target_count: usize,
    /// What was called, the longest first, 10 at most.
    targets: Vec<TargetJson<'a>>,
    /// Their time together, as far as it lies within the parent's, nanoseconds.
    #[schema(value_type = SafeIntegerSchema)]
    total_duration_nano: SafeInteger,
    /// How much less it would be if different operations were called at the same time, and calls
    /// of one operation still one by one, nanoseconds.
    #[schema(value_type = SafeIntegerSchema)]
    saved_nano: SafeInteger,
    /// Whether the parent is on the critical path: only there the trace as a whole can get shorter.
    is_on_critical_path: bool,
}

/// The calls of one operation among serial siblings.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SerialTarget)]
struct TargetJson<'a> {
    /// The service.
    #[schema(example = "checkout")]
    service_name: &'a str,
    /// The operation's name.
    #[schema(example = "GET /cart")]
    name: &'a str,
    /// How many calls.
    count: usize,
    /// Their time together, nanoseconds.
    #[schema(value_type = SafeIntegerSchema)]
    total_duration_nano: SafeInteger,
}

/// A call whose caller ran in another zone, as both of them say under the same key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ZoneCrossing)]
struct ZoneCrossingJson<'a> {
    /// The caller.
    parent: SpanReferenceJson<'a>,
    /// The call.
    child: SpanReferenceJson<'a>,
    /// The attribute that names their zones: `cloud.availability_zone` or `idc`.
    #[schema(example = "cloud.availability_zone")]
    attribute: &'static str,
    /// The caller's zone.
    #[schema(example = "eu-west-1a")]
    from: &'a str,
    /// The call's zone.
    #[schema(example = "eu-west-1b")]
    to: &'a str,
}
