//! `GET /api/dependencies`.

use std::collections::BTreeMap;

use axum::extract::State;
use schemas::UnixNanos;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::failure::{ApiError, JaegerError, JaegerErrorAnswer};
use super::super::parameters::{Parameters, QueryPairs};
use super::super::{Api, Body};
use super::envelope::Envelope;
use crate::red::{RED_BUCKET, TimeSpan};
use crate::topology::{ConnectionType, Topology, TopologyQuery};

/// A day, as Jaeger has it, in milliseconds.
const DEFAULT_LOOKBACK_MS: i64 = 24 * 60 * 60 * 1_000;

/// Jaeger's answer with dependencies.
#[derive(ToSchema)]
#[schema(example = json!({
    "data": [{"parent": "checkout", "child": "payment", "callCount": 900}],
    "total": 0, "limit": 0, "offset": 0, "errors": null,
}))]
#[expect(dead_code, reason = "describes what Envelope writes")]
pub(in crate::http) struct JaegerDependenciesAnswer {
    /// By parent and child.
    data: Vec<DependencyJson>,
    /// Always 0.
    total: usize,
    /// Always 0.
    limit: usize,
    /// Always 0.
    offset: usize,
    /// Always null.
    #[schema(value_type = Option<Object>)]
    errors: (),
}

/// The calls between two services.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = JaegerDependency)]
struct DependencyJson {
    /// The caller, or the topic of a message.
    parent: String,
    /// What was called, or the topic of a message.
    child: String,
    /// How often.
    call_count: u64,
}

/// Who calls whom, as Jaeger's user interface and Grafana draw it.
///
/// Services, and the topics of messages between them; `/api/v1/topology` has databases, hosts and
/// users too, and the figures of each edge.
#[utoipa::path(
    get,
    path = "/api/dependencies",
    tag = "jaeger",
    operation_id = "jaeger_dependencies",
    params(
        ("endTs" = Option<i64>, Query, description = "The end of the range, milliseconds since 1970; now by default"),
        ("lookback" = Option<i64>, Query, description = "The length of the range, milliseconds; a day by default", example = 3_600_000),
        ("service" = Option<String>, Query, description = "Only what calls this service, or is called by it", example = "checkout"),
    ),
    responses(
        (status = 200, description = "The dependencies", body = JaegerDependenciesAnswer),
        (status = 400, description = "A parameter is malformed", body = JaegerErrorAnswer),
        (status = 422, description = "The answer needs more memory than allowed", body = JaegerErrorAnswer),
        (status = 500, description = "The storage cannot be read", body = JaegerErrorAnswer),
        (status = 503, description = "Too many queries", body = JaegerErrorAnswer),
        (status = 504, description = "The query took too long", body = JaegerErrorAnswer),
    ),
)]
pub(in crate::http) async fn dependencies(
    State(api): State<Api>,
    pairs: QueryPairs,
) -> Result<Body, JaegerError> {
    let query = query(&Parameters::of(pairs)?, (api.clock)())?;
    let body = api.engine.ask(move |question| async move {
        let topology = question.topology(&query).await?;
        Body::json(&Envelope::of(of_topology(&topology), 0))
    });
    Ok(body.await?)
}

fn query(parameters: &Parameters, now: UnixNanos) -> Result<TopologyQuery, ApiError> {
    let end = parameters.millis("endTs")?.unwrap_or(now);
    let lookback = parameters
        .integer("lookback")?
        .unwrap_or(DEFAULT_LOOKBACK_MS);
    if lookback <= 0 {
        let problem = format!("{lookback} is not above zero");
        return Err(ApiError::malformed("lookback", problem));
    }
    let start = UnixNanos(end.0.saturating_sub(lookback.saturating_mul(1_000_000)));
    Ok(TopologyQuery {
        focus: parameters.first("service").map(str::to_owned),
        up: 1,
        down: 1,
        ..TopologyQuery::new(TimeSpan::of_steps(start, end, RED_BUCKET))
    })
}

fn of_topology(topology: &Topology) -> Vec<DependencyJson> {
    let mut counts = BTreeMap::<(&str, &str), u64>::new();
    let between_services = topology.edges.iter().filter(|edge| {
        matches!(
            edge.connection,
            ConnectionType::Rpc | ConnectionType::Messaging
        )
    });
    for edge in between_services {
        let name = |position: usize| topology.nodes[position].name.as_str();
        *counts
            .entry((name(edge.caller), name(edge.callee)))
            .or_default() += edge.calls;
    }
    let dependency = |((parent, child), call_count): ((&str, &str), u64)| DependencyJson {
        parent: parent.to_owned(),
        child: child.to_owned(),
        call_count,
    };
    counts.into_iter().map(dependency).collect()
}
