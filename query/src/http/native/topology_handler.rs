//! `GET /api/v1/topology`.

use std::time::Duration;

use axum::extract::State;
use schemas::UnixNanos;

use super::super::failure::{ApiError, ErrorAnswer, NativeError};
use super::super::parameters::{Parameters, QueryPairs};
use super::super::{Api, Body};
use super::TopologyJson;
use super::red_parameters::{each, none_of, percentiles};
use crate::red::{RED_BUCKET, TimeSpan};
use crate::topology::{TopologyDimension, TopologyQuery, shortest_bucket};

/// Every node that the focus reaches is within this many steps.
const ALL_STEPS: usize = usize::MAX;
/// The most points of an edge.
const MAX_POINTS: u128 = 11_000;

/// Who calls whom: services, databases, caches, queues, external hosts and users, with the rate,
/// errors and durations of each edge.
///
/// Calls are found in whole traces: none is sampled, and spans that come late are counted with the
/// next question. A call counts when it started in the range. Numbers of calls and AvgTime are
/// exact; percentiles and the longest duration are at most 0.05 % away from the exact value.
#[utoipa::path(
    get,
    path = "/api/v1/topology",
    tag = "figures",
    params(
        ("from" = Option<String>, Query, description = "`now-15m` (default), seconds since 1970, or RFC 3339; rounded down to 10 s, or to a minute with `by`", example = "now-1h"),
        ("to" = Option<String>, Query, description = "As `from`, `now` by default; rounded up as `from` is rounded down, not included", example = "now"),
        ("by" = Option<String>, Query, description = "What nodes and edges are told apart by besides, separated by commas: `version` and `zone` of nodes, `operation` of edges; operations over the limit of a service count as `(other)`. `operation` together with the others takes longer: it is computed from the spans", example = "zone"),
        ("step" = Option<String>, Query, description = "The length of the points that each edge is given, a multiple of 10s; no points without it. The range is rounded to whole steps", example = "1m"),
        ("focus" = Option<String>, Query, description = "A node by name: only what it calls and what calls it, directly or not", example = "checkout"),
        ("up" = Option<usize>, Query, description = "How many steps of callers are shown from the focus; all by default", example = 1),
        ("down" = Option<usize>, Query, description = "How many steps of callees are shown from the focus; all by default", example = 2),
        ("minQps" = Option<f64>, Query, description = "Leaves out edges with fewer calls a second", example = 0.1),
        ("percentiles" = Option<String>, Query, description = "From 0 to 100, separated by commas; `50,90,99,99.9` by default", example = "50,99,99.9"),
        ("exact" = Option<bool>, Query, description = "Find the calls in the spans themselves, whatever is kept of them; slower, by default `false`", example = false),
    ),
    responses(
        (status = 200, description = "The graph", body = TopologyJson),
        (status = 400, description = "A parameter is malformed", body = ErrorAnswer),
        (status = 422, description = "The answer needs more memory than allowed", body = ErrorAnswer),
        (status = 500, description = "The storage cannot be read", body = ErrorAnswer),
        (status = 503, description = "Too many queries", body = ErrorAnswer),
        (status = 504, description = "The query took too long", body = ErrorAnswer),
    ),
)]
pub(in crate::http) async fn topology(
    State(api): State<Api>,
    pairs: QueryPairs,
) -> Result<Body, NativeError> {
    let query = query(&Parameters::of(pairs)?, (api.clock)())?;
    let body = api.engine.ask(move |question| async move {
        let topology = question.topology(&query).await?;
        Body::json(&TopologyJson::of(&query, &topology))
    });
    Ok(body.await?)
}

fn query(parameters: &Parameters, now: UnixNanos) -> Result<TopologyQuery, ApiError> {
    let (from, to) = parameters.range(now)?;
    let step = step(parameters)?;
    let by = by(parameters.first("by"))?;
    let shortest = shortest_bucket(&by).unwrap_or(RED_BUCKET);
    let range = TimeSpan::of_steps(from, to, step.unwrap_or(shortest));
    if let Some(step) = step
        && range.length().as_nanos() / step.as_nanos() > MAX_POINTS
    {
        let problem =
            format!("the range has over {MAX_POINTS} steps of {step:?}; take longer ones");
        return Err(ApiError::malformed("step", problem));
    }
    Ok(TopologyQuery {
        range,
        by,
        focus: parameters.first("focus").map(str::to_owned),
        up: steps(parameters, "up")?,
        down: steps(parameters, "down")?,
        min_qps: min_qps(parameters)?,
        step,
        percentiles: percentiles(parameters.first("percentiles"))?,
        exact: parameters.flag("exact")?,
    })
}

fn step(parameters: &Parameters) -> Result<Option<Duration>, ApiError> {
    let Some(nanos) = parameters.duration("step")? else {
        return Ok(None);
    };
    let step = Duration::from_nanos(nanos.unsigned_abs());
    if step.as_nanos().is_multiple_of(RED_BUCKET.as_nanos()) {
        return Ok(Some(step));
    }
    let problem = "it is no multiple of 10s".to_owned();
    Err(ApiError::malformed("step", problem))
}

fn by(text: Option<&str>) -> Result<Vec<TopologyDimension>, ApiError> {
    let Some(text) = text else {
        return Ok(Vec::new());
    };
    let names = TopologyDimension::ALL.map(TopologyDimension::name);
    let mut dimensions = each("by", text, &none_of(&names), |name| {
        let mut all = TopologyDimension::ALL.into_iter();
        all.find(|dimension| dimension.name() == name)
    })?;
    dimensions.sort_unstable();
    dimensions.dedup();
    Ok(dimensions)
}

fn steps(parameters: &Parameters, name: &'static str) -> Result<usize, ApiError> {
    let Some(steps) = parameters.integer(name)? else {
        return Ok(ALL_STEPS);
    };
    usize::try_from(steps).map_err(|_| ApiError::malformed(name, format!("{steps} is below zero")))
}

fn min_qps(parameters: &Parameters) -> Result<f64, ApiError> {
    let Some(text) = parameters.first("minQps") else {
        return Ok(0.0);
    };
    let number = text.parse().ok().filter(|number: &f64| *number >= 0.0);
    number.ok_or_else(|| {
        let problem = format!("{text:?} is no number from 0 up");
        ApiError::malformed("minQps", problem)
    })
}
