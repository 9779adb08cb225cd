//! `GET /api/v2/dependencies`.

use std::collections::BTreeMap;

use axum::extract::State;
use schemas::UnixNanos;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::failure::{ApiError, ErrorAnswer, NativeError};
use super::super::parameters::{Parameters, QueryPairs};
use super::super::{Api, Body};
use crate::red::{RED_BUCKET, TimeSpan};
use crate::topology::{ConnectionType, NodeKind, Topology, TopologyEdge, TopologyQuery};

/// A day, as Zipkin has it, in milliseconds.
const DEFAULT_LOOKBACK_MS: i64 = 24 * 60 * 60 * 1_000;

/// The calls between two services, as Zipkin counts them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ZipkinLink, example = json!(
    {"parent": "checkout", "child": "payment", "callCount": 900, "errorCount": 9}
))]
pub(in crate::http) struct ZipkinLinkJson {
    /// The caller, in lower case.
    parent: String,
    /// What was called, in lower case: a service, or what its caller names.
    child: String,
    /// How often.
    call_count: u64,
    /// How many of the calls failed on either side; absent when none did.
    #[serde(skip_serializing_if = "is_zero")]
    error_count: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Who calls whom, as Zipkin's user interface draws it.
///
/// The rules are those of Zipkin's dependency linker. A call counts when it started in the range,
/// whose ends are rounded outwards to 10 s; `/api/v1/topology` has users and durations too.
#[utoipa::path(
    get,
    path = "/api/v2/dependencies",
    tag = "zipkin",
    operation_id = "zipkin_dependencies",
    params(
        ("endTs" = i64, Query, description = "The end of the range, milliseconds since 1970", example = 1_795_447_140_000_i64),
        ("lookback" = Option<i64>, Query, description = "The length of the range, milliseconds; a day by default", example = 3_600_000),
    ),
    responses(
        (status = 200, description = "The links, by parent and child", body = Vec<ZipkinLinkJson>),
        (status = 400, description = "A parameter is missing or malformed", body = ErrorAnswer),
        (status = 422, description = "The answer needs more memory than allowed", body = ErrorAnswer),
        (status = 500, description = "The storage cannot be read", body = ErrorAnswer),
        (status = 503, description = "Too many queries", body = ErrorAnswer),
        (status = 504, description = "The query took too long", body = ErrorAnswer),
    ),
)]
pub(in crate::http) async fn dependencies(
    State(api): State<Api>,
    pairs: QueryPairs,
) -> Result<Body, NativeError> {
    let query = query(&Parameters::of(pairs)?)?;
    let body = api.engine.ask(move |question| async move {
        let topology = question.topology(&query).await?;
        Body::json(&links(&topology))
    });
    Ok(body.await?)
}

/// The same where Zipkin's server has its user interface.
#[utoipa::path(
    get,
    path = "/zipkin/api/v2/dependencies",
    tag = "zipkin",
    operation_id = "zipkin_dependencies_below_zipkin",
    params(
        ("endTs" = i64, Query, description = "The end of the range, milliseconds since 1970", example = 1_795_447_140_000_i64),
        ("lookback" = Option<i64>, Query, description = "The length of the range, milliseconds; a day by default", example = 3_600_000),
    ),
    responses(
        (status = 200, description = "The links, by parent and child", body = Vec<ZipkinLinkJson>),
        (status = 400, description = "A parameter is missing or malformed", body = ErrorAnswer),
        (status = 422, description = "The answer needs more memory than allowed", body = ErrorAnswer),
        (status = 500, description = "The storage cannot be read", body = ErrorAnswer),
        (status = 503, description = "Too many queries", body = ErrorAnswer),
        (status = 504, description = "The query took too long", body = ErrorAnswer),
    ),
)]
pub(in crate::http) async fn dependencies_below_zipkin(
    api: State<Api>,
    pairs: QueryPairs,
) -> Result<Body, NativeError> {
    dependencies(api, pairs).await
}

fn query(parameters: &Parameters) -> Result<TopologyQuery, ApiError> {
    let end = above_zero(parameters, "endTs")?.ok_or(ApiError::MissingParameter("endTs"))?;
    let lookback = above_zero(parameters, "lookback")?.unwrap_or(DEFAULT_LOOKBACK_MS);
    let instant = |millis: i64| UnixNanos(millis.saturating_mul(1_000_000));
    let start = instant(end.saturating_sub(lookback));
    let range = TimeSpan::of_steps(start, instant(end), RED_BUCKET);
    Ok(TopologyQuery::new(range))
}

fn above_zero(parameters: &Parameters, name: &'static str) -> Result<Option<i64>, ApiError> {
    match parameters.integer(name)? {
        Some(number) if number <= 0 => {
            let problem = format!("{number} is not above zero");
            Err(ApiError::malformed(name, problem))
        }
        number => Ok(number),
    }
}

/// The links between what has a name. Zipkin knows no users, and no messages without a broker.
fn links(topology: &Topology) -> Vec<ZipkinLinkJson> {
    let mut counts = BTreeMap::<(String, String), (u64, u64)>::new();
    let kind = |position: usize| topology.nodes[position].kind;
    let is_link = |edge: &&TopologyEdge| {
        let is_direct_message = edge.connection == ConnectionType::Messaging
            && kind(edge.caller) == NodeKind::Service
            && kind(edge.callee) == NodeKind::Service;
        kind(edge.caller) != NodeKind::User && !is_direct_message
    };
    for edge in topology.edges.iter().filter(is_link) {
        let name = |position: usize| topology.nodes[position].name.to_lowercase();
        let (calls, errors) = counts
            .entry((name(edge.caller), name(edge.callee)))
            .or_default();
        *calls += edge.calls;
        *errors += edge.errors;
    }
    let link = |((parent, child), (call_count, error_count))| ZipkinLinkJson {
        parent,
        child,
        call_count,
        error_count,
    };
    counts.into_iter().map(link).collect()
}
