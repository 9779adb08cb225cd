//! `GET /api/v1/catalog/services` and `GET /api/v1/catalog/instances`.

use std::time::Duration;

use axum::extract::State;
use schemas::UnixNanos;

use super::super::failure::{ApiError, ErrorAnswer, NativeError};
use super::super::parameters::{Parameters, QueryPairs};
use super::super::{Api, Body};
use super::red_parameters::{default_step, length};
use super::{InstanceCatalog, OperationCounts, ServiceCatalog};
use crate::catalog::{self, CatalogQuery, INSTANCE, SERVICE_PRESENCE};
use crate::red::GroupBy;

/// The range of a catalog when none is given.
const DEFAULT_RANGE: Duration = Duration::from_secs(3_600);
/// The time that rates are of when none is given.
const DEFAULT_WINDOW: Duration = Duration::from_secs(300);
/// The longest time that rates are of.
const MAX_WINDOW: Duration = Duration::from_secs(86_400);

/// The services that sent spans in a range, and how they do.
///
/// Rates are those of the requests that a service answered (kinds `server` and `consumer`) in the
/// last minutes of the range.
#[utoipa::path(
    get,
    path = "/api/v1/catalog/services",
    tag = "services",
    operation_id = "catalogServices",
    params(
        ("service" = Option<String>, Query, description = "This service only", example = "checkout"),
        ("from" = Option<String>, Query, description = "`now-1h` (default), seconds since 1970, or RFC 3339", example = "now-1h"),
        ("to" = Option<String>, Query, description = "As `from`, `now` by default", example = "now"),
        ("window" = Option<String>, Query, description = "The length of the time before `to` that rates are of, up to 1d; by default 5m", example = "5m"),
    ),
    responses(
        (status = 200, description = "By name", body = ServiceCatalog),
        (status = 400, description = "A parameter is malformed", body = ErrorAnswer),
        (status = 422, description = "The answer needs more memory than allowed", body = ErrorAnswer),
        (status = 500, description = "The storage cannot be read", body = ErrorAnswer),
        (status = 503, description = "Too many queries", body = ErrorAnswer),
        (status = 504, description = "The query took too long", body = ErrorAnswer),
    ),
)]
pub(in crate::http) async fn catalog_services(
    State(api): State<Api>,
    pairs: QueryPairs,
) -> Result<Body, NativeError> {
    let query = query(&Parameters::of(pairs)?, (api.clock)())?;
    let body = api.engine.ask(move |question| async move {
        let presence = question.red(&query.presence(&SERVICE_PRESENCE)).await?;
        let rates = question.red(&query.rates(&[GroupBy::Service])).await?;
        let operations = question.operations().await?;
        let operations_of = |service: &str| {
            let operations = operations.get(service);
            operations.map_or_else(OperationCounts::default, |operations| OperationCounts {
                all: operations.len(),
                folded_names: question.folded_names(service, operations),
            })
        };
        let services = catalog::services(&query, &presence, &rates);
        Body::json(&ServiceCatalog::of(&query, services, operations_of))
    });
    Ok(body.await?)
}

/// The instances that sent spans in a range, with their version and zone, and how they do.
///
/// Rates are those of the requests that an instance answered (kinds `server` and `consumer`) in
/// the last minutes of the range. Spans that name no instance are one entry without id.
#[utoipa::path(
    get,
    path = "/api/v1/catalog/instances",
    tag = "services",
    operation_id = "catalogInstances",
    params(
        ("service" = Option<String>, Query, description = "Of this service only; by default of all", example = "checkout"),
        ("from" = Option<String>, Query, description = "`now-1h` (default), seconds since 1970, or RFC 3339", example = "now-1h"),
        ("to" = Option<String>, Query, description = "As `from`, `now` by default", example = "now"),
        ("window" = Option<String>, Query, description = "The length of the time before `to` that rates are of, up to 1d; by default 5m", example = "5m"),
    ),
    responses(
        (status = 200, description = "By service and id", body = InstanceCatalog),
        (status = 400, description = "A parameter is malformed", body = ErrorAnswer),
        (status = 422, description = "The answer needs more memory than allowed", body = ErrorAnswer),
        (status = 500, description = "The storage cannot be read", body = ErrorAnswer),
        (status = 503, description = "Too many queries", body = ErrorAnswer),
        (status = 504, description = "The query took too long", body = ErrorAnswer),
    ),
)]
pub(in crate::http) async fn catalog_instances(
    State(api): State<Api>,
    pairs: QueryPairs,
) -> Result<Body, NativeError> {
    let query = query(&Parameters::of(pairs)?, (api.clock)())?;
    let body = api.engine.ask(move |question| async move {
        let presence = question.red(&query.presence(&INSTANCE)).await?;
        let rates = question.red(&query.rates(&INSTANCE)).await?;
        let instances = catalog::instances(&query, &presence, &rates);
        Body::json(&InstanceCatalog::of(&query, instances))
    });
    Ok(body.await?)
}

fn query(parameters: &Parameters, now: UnixNanos) -> Result<CatalogQuery, ApiError> {
    let (from, to) = parameters.range_or_last(DEFAULT_RANGE, now)?;
    let window = length(parameters, "window")?.unwrap_or(DEFAULT_WINDOW);
    if window > MAX_WINDOW {
        let problem = format!("it must be at most {} hours", MAX_WINDOW.as_secs() / 3_600);
        return Err(ApiError::malformed("window", problem));
    }
    Ok(CatalogQuery {
        from,
        to,
        step: default_step(from, to),
        window,
        service: parameters.first("service").map(str::to_owned),
    })
}
