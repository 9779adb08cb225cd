//! `GET /api/v1/red`.

use std::time::Duration;

use axum::extract::State;
use schemas::{SpanKind, UnixNanos};

use super::super::failure::{ApiError, ErrorAnswer, NativeError};
use super::super::parameters::{Parameters, QueryPairs};
use super::super::{Api, Body};
use super::RedJson;
use super::span_json::kind_name;
use crate::red::{GroupBy, RED_BUCKET, RedQuery, TimeSpan};

/// About so many points a series has when no step is given.
const DEFAULT_POINTS: u64 = 90;
/// The most points of a series.
const MAX_POINTS: u128 = 11_000;
const DEFAULT_PERCENTILES: [f64; 4] = [50.0, 90.0, 99.0, 99.9];
const MAX_PERCENTILES: usize = 20;

/// QPS, AvgTime, success rate and percentiles, as series over time and in total.
///
/// Spans count by their start; a span that was sent twice counts once. Everything is exact but for
/// percentiles, which are at most 0.05 % away from the exact value.
#[utoipa::path(
    get,
    path = "/api/v1/red",
    tag = "figures",
    params(
        ("service" = Option<String>, Query, description = "Of this service only", example = "checkout"),
        ("operation" = Option<String>, Query, description = "Spans of this name only", example = "POST /orders"),
        ("instance" = Option<String>, Query, description = "Of this `service.instance.id` only"),
        ("version" = Option<String>, Query, description = "Of this `service.version` only"),
        ("zone" = Option<String>, Query, description = "Of this `cloud.availability_zone` only"),
        ("kind" = Option<String>, Query, description = "The kinds that count, separated by commas, or `all`; by default `server,consumer`: the requests that a service answers", example = "server,consumer"),
        ("by" = Option<String>, Query, description = "What makes a series, separated by commas: `service`, `operation`, `kind`, `status`, `instance`, `version`, `zone`; by default `service`", example = "service,operation"),
        ("from" = Option<String>, Query, description = "`now-15m` (default), seconds since 1970, or RFC 3339; rounded down to a step", example = "now-1h"),
        ("to" = Option<String>, Query, description = "As `from`, `now` by default; rounded up to a step, not included", example = "now"),
        ("step" = Option<String>, Query, description = "The length of a point, a multiple of 10s; by default about a ninetieth of the range", example = "1m"),
        ("percentiles" = Option<String>, Query, description = "From 0 to 100, separated by commas; `50,90,99,99.9` by default", example = "50,99,99.9"),
    ),
    responses(
        (status = 200, description = "The figures", body = RedJson),
        (status = 400, description = "A parameter is malformed", body = ErrorAnswer),
        (status = 422, description = "The answer needs more memory than allowed", body = ErrorAnswer),
        (status = 500, description = "The storage cannot be read", body = ErrorAnswer),
        (status = 503, description = "Too many queries", body = ErrorAnswer),
        (status = 504, description = "The query took too long", body = ErrorAnswer),
    ),
)]
pub(in crate::http) async fn red(
    State(api): State<Api>,
    pairs: QueryPairs,
) -> Result<Body, NativeError> {
    let query = query(&Parameters::of(pairs)?, (api.clock)())?;
    let body = api.engine.ask(move |question| async move {
        let answer = question.red(&query).await?;
        Body::json(&RedJson::of(&query, &answer))
    });
    Ok(body.await?)
}

fn query(parameters: &Parameters, now: UnixNanos) -> Result<RedQuery, ApiError> {
    let (from, to) = parameters.range(now)?;
    let asked = Duration::from_nanos(to.0.abs_diff(from.0));
    let step = step(parameters, asked)?;
    let range = TimeSpan::of_steps(from, to, step);
    if range.length().as_nanos() / step.as_nanos() > MAX_POINTS {
        let problem =
            format!("the range has over {MAX_POINTS} steps of {step:?}; take longer ones");
        return Err(ApiError::malformed("step", problem));
    }
    let name = |parameter| parameters.first(parameter).map(str::to_owned);
    Ok(RedQuery {
        service: name("service"),
        operation: name("operation"),
        instance: name("instance"),
        version: name("version"),
        zone: name("zone"),
        kinds: kinds(parameters.first("kind"))?,
        group_by: group_by(parameters.first("by"))?,
        range,
        step,
        percentiles: percentiles(parameters.first("percentiles"))?,
    })
}

fn step(parameters: &Parameters, range: Duration) -> Result<Duration, ApiError> {
    let bucket = RED_BUCKET.as_nanos() as u64;
    let Some(nanos) = parameters.duration("step")? else {
        let buckets = (range.as_nanos() as u64 / DEFAULT_POINTS).div_ceil(bucket);
        return Ok(Duration::from_nanos(buckets.max(1) * bucket));
    };
    let nanos = nanos.unsigned_abs();
    if !nanos.is_multiple_of(bucket) {
        let problem = "it is no multiple of 10s".to_owned();
        return Err(ApiError::malformed("step", problem));
    }
    Ok(Duration::from_nanos(nanos))
}

fn kinds(text: Option<&str>) -> Result<Vec<SpanKind>, ApiError> {
    match text {
        None => Ok(vec![SpanKind::Server, SpanKind::Consumer]),
        Some("all") => Ok(Vec::new()),
        Some(text) => each("kind", text, |name| {
            SpanKind::ALL
                .into_iter()
                .find(|kind| kind_name(*kind) == name)
        }),
    }
}

fn group_by(text: Option<&str>) -> Result<Vec<GroupBy>, ApiError> {
    let Some(text) = text else {
        return Ok(vec![GroupBy::Service]);
    };
    let mut group_by = each("by", text, |name| {
        GroupBy::ALL.into_iter().find(|by| by.name() == name)
    })?;
    group_by.sort_unstable();
    group_by.dedup();
    Ok(group_by)
}

pub(super) fn percentiles(text: Option<&str>) -> Result<Vec<f64>, ApiError> {
    let Some(text) = text else {
        return Ok(DEFAULT_PERCENTILES.to_vec());
    };
    let percentiles = each("percentiles", text, |number| {
        let number = number.parse().ok()?;
        (0.0..=100.0).contains(&number).then_some(number)
    })?;
    if percentiles.len() > MAX_PERCENTILES {
        let problem = format!("there are more than {MAX_PERCENTILES}");
        return Err(ApiError::malformed("percentiles", problem));
    }
    Ok(percentiles)
}

/// The values of a list separated by commas.
fn each<T>(
    name: &'static str,
    text: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, ApiError> {
    let values = text.split(',').map(str::trim).map(|item| {
        read(item)
            .ok_or_else(|| ApiError::malformed(name, format!("{item:?} is none of its values")))
    });
    values.collect()
}
