//! `GET /api/v1/red/histogram`.

use axum::extract::State;

use super::super::failure::{ErrorAnswer, NativeError};
use super::super::parameters::{Parameters, QueryPairs};
use super::super::{Api, Body};
use super::RedHistogramJson;
use super::red_parameters;
use crate::red::HeatmapQuery;

const DEFAULT_BUCKETS: usize = 40;
const MAX_BUCKETS: usize = 200;
const DEFAULT_EXEMPLARS: usize = 1;
const MAX_EXEMPLARS: usize = 10;

/// Durations by time and size, for heat maps, with traces as examples.
///
/// Counts are exact. The buckets are powers of two, divided into up to 16 equal parts, or taken
/// together, so that no more are needed than asked for. Of a range with up to 250,000 matching
/// spans each cell has its newest spans as exemplars; of a range with more, the newest spans of
/// each thirty-second of it are looked at, and cells of which none is among them have no exemplar.
#[utoipa::path(
    get,
    path = "/api/v1/red/histogram",
    tag = "figures",
    operation_id = "redHistogram",
    params(
        ("service" = Option<String>, Query, description = "Of this service only", example = "checkout"),
        ("operation" = Option<String>, Query, description = "Spans of this name only", example = "POST /orders"),
        ("instance" = Option<String>, Query, description = "Of this `service.instance.id` only"),
        ("version" = Option<String>, Query, description = "Of this `service.version` only"),
        ("zone" = Option<String>, Query, description = "Of this `cloud.availability_zone` only"),
        ("kind" = Option<String>, Query, description = "The kinds that count, separated by commas, or `all`; by default `server,consumer`", example = "server,consumer"),
        ("from" = Option<String>, Query, description = "`now-15m` (default), seconds since 1970, or RFC 3339; rounded down to a step", example = "now-1h"),
        ("to" = Option<String>, Query, description = "As `from`, `now` by default; rounded up to a step, not included", example = "now"),
        ("step" = Option<String>, Query, description = "The length of a step, a multiple of 10s; by default about a ninetieth of the range, in whole minutes, hours, eight hours or days where it is longer", example = "1m"),
        ("buckets" = Option<usize>, Query, description = "The most buckets of durations, from 1 to 200; by default 40", example = 40),
        ("exemplars" = Option<usize>, Query, description = "The most exemplars of a cell, from 0 to 10; by default 1", example = 1),
        ("exact" = Option<bool>, Query, description = "Count the spans themselves, whatever is kept of them; slower, by default `false`", example = false),
    ),
    responses(
        (status = 200, description = "The cells that have spans", body = RedHistogramJson),
        (status = 400, description = "A parameter is malformed", body = ErrorAnswer),
        (status = 422, description = "The answer needs more memory than allowed", body = ErrorAnswer),
        (status = 500, description = "The storage cannot be read", body = ErrorAnswer),
        (status = 503, description = "Too many queries", body = ErrorAnswer),
        (status = 504, description = "The query took too long", body = ErrorAnswer),
    ),
)]
pub(in crate::http) async fn red_histogram(
    State(api): State<Api>,
    pairs: QueryPairs,
) -> Result<Body, NativeError> {
    let parameters = Parameters::of(pairs)?;
    let count = |name, least, most| parameters.count(name, least..=most);
    let query = HeatmapQuery {
        red: red_parameters::spans(&parameters, (api.clock)(), red_parameters::MAX_COLUMNS)?,
        buckets: count("buckets", 1, MAX_BUCKETS)?.unwrap_or(DEFAULT_BUCKETS),
        exemplars: count("exemplars", 0, MAX_EXEMPLARS)?.unwrap_or(DEFAULT_EXEMPLARS),
    };
    let body = api.engine.ask(move |question| async move {
        let heatmap = question.heatmap(&query).await?;
        Body::json(&RedHistogramJson::of(&query.red, &heatmap))
    });
    Ok(body.await?)
}
