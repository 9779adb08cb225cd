//! `GET /api/v1/red`.

use std::time::Duration;

use axum::extract::State;

use super::super::failure::{ApiError, ErrorAnswer, NativeError};
use super::super::parameters::{Parameters, QueryPairs};
use super::super::{Api, Body};
use super::RedJson;
use super::red_parameters::{self, length};
use crate::red::{RedQuery, align};

/// QPS, AvgTime, success rate and percentiles, as series over time and in total.
///
/// Spans count by their start; a span that was sent twice counts once. Everything is exact but for
/// percentiles, which are at most 0.05 % away from the exact value, and Apdex, whose thresholds are
/// rounded up by less than 0.1 %.
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
        ("by" = Option<String>, Query, description = "What makes a series, separated by commas: `service`, `operation`, `kind`, `status`, `instance`, `version`, `zone`; by default `service`. `operation` together with one of the last three, or with a filter on one, is computed from the spans: quick for hours, not for months", example = "service,operation"),
        ("from" = Option<String>, Query, description = "`now-15m` (default), seconds since 1970, or RFC 3339; rounded down to a step", example = "now-1h"),
        ("to" = Option<String>, Query, description = "As `from`, `now` by default; rounded up to a step, not included", example = "now"),
        ("step" = Option<String>, Query, description = "The length of a point, a multiple of 10s; by default about a ninetieth of the range, in whole minutes, hours, eight hours or days where it is longer", example = "1m"),
        ("percentiles" = Option<String>, Query, description = "From 0 to 100, separated by commas; `50,90,99,99.9` by default", example = "50,99,99.9"),
        ("apdex" = Option<String>, Query, description = "Apdex's threshold T: spans of up to T satisfy, those of up to 4T are tolerated and count half; those with an error are frustrating however fast they were", example = "300ms"),
        ("compare" = Option<String>, Query, description = "How much earlier a second range is to be set beside this one, a multiple of the step: `earlier` has its figures, `change` what became of them", example = "1d"),
        ("exact" = Option<bool>, Query, description = "Compute everything from the spans themselves, whatever is kept of them; slower, by default `false`", example = false),
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
    let parameters = Parameters::of(pairs)?;
    let query = red_parameters::query(&parameters, (api.clock)())?;
    let compare = compare(&parameters, &query)?;
    let body = api.engine.ask(move |question| async move {
        let mut answer = question.red(&query).await?;
        let Some(shift) = compare else {
            return Body::json(&RedJson::of(&query, &answer));
        };
        let mut earlier = question.red(&query.earlier_by(shift)).await?;
        align(&mut answer, &mut earlier, shift);
        Body::json(&RedJson::compared(&query, &answer, &earlier))
    });
    Ok(body.await?)
}

/// How much earlier the range is that is compared with.
fn compare(parameters: &Parameters, query: &RedQuery) -> Result<Option<Duration>, ApiError> {
    let Some(shift) = length(parameters, "compare")? else {
        return Ok(None);
    };
    if shift.as_nanos().is_multiple_of(query.step.as_nanos()) {
        return Ok(Some(shift));
    }
    let problem = format!("it is no multiple of the step, which is {:?}", query.step);
    Err(ApiError::malformed("compare", problem))
}
