//! `GET /metrics/red`.

use axum::extract::State;
use axum::http::{HeaderMap, header};

use super::failure::{ApiError, ErrorAnswer, NativeError};
use super::parameters::{Parameters, QueryPairs};
use super::{Api, Body};
use crate::prometheus::{Exemplars, Format, HistogramForms};

/// The rate, errors and durations of spans and calls, for Prometheus to scrape.
///
/// Counters and histograms under the names that Grafana's service graph and span-metrics views
/// read; they are totals of all stored history. The `Accept` header chooses the form: text,
/// OpenMetrics, which has exemplars, or protobuf, which has exemplars and native histograms.
#[utoipa::path(
    get,
    path = "/metrics/red",
    tag = "figures",
    operation_id = "redMetrics",
    params(
        ("histograms" = Option<String>, Query, description = "`classic`, `native` or `both` (default): which buckets the protobuf form has; the others know classic ones alone", example = "classic"),
    ),
    responses(
        (status = 200, description = "The metrics", body = String, content_type = "text/plain; version=0.0.4; charset=utf-8", example = "# HELP traces_spanmetrics_calls_total Spans of all stored history.\n# TYPE traces_spanmetrics_calls_total counter\ntraces_spanmetrics_calls_total{service=\"checkout\",span_kind=\"SPAN_KIND_SERVER\",span_name=\"POST /orders\",status_code=\"STATUS_CODE_UNSET\"} 18000\n# HELP traces_service_graph_request_total Calls between two nodes, of all stored history.\n# TYPE traces_service_graph_request_total counter\ntraces_service_graph_request_total{client=\"shop\",connection_type=\"\",server=\"checkout\"} 18000\n"),
        (status = 400, description = "A parameter is malformed", body = ErrorAnswer),
        (status = 422, description = "The answer needs more memory than allowed", body = ErrorAnswer),
        (status = 500, description = "The storage cannot be read", body = ErrorAnswer),
        (status = 503, description = "Too many queries, or history is being counted for the first time", body = ErrorAnswer),
        (status = 504, description = "The query took too long", body = ErrorAnswer),
    ),
)]
pub(super) async fn red_metrics(
    State(api): State<Api>,
    pairs: QueryPairs,
    headers: HeaderMap,
) -> Result<Body, NativeError> {
    let forms = histogram_forms(&Parameters::of(pairs)?)?;
    let accept: Vec<&str> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    let format = Format::accepted_by(&accept.join(","));
    let exemplars = match format {
        Format::Text => Exemplars::None,
        Format::OpenMetrics | Format::Protobuf => Exemplars::Slowest,
    };
    let metrics = api.engine.red_metrics((api.clock)(), exemplars).await?;
    let body = api.engine.ask(move |_| async move {
        Ok(Body {
            content_type: format.content_type(),
            bytes: metrics.encode(format, forms).into(),
        })
    });
    Ok(body.await?)
}

fn histogram_forms(parameters: &Parameters) -> Result<HistogramForms, ApiError> {
    match parameters.first("histograms") {
        None | Some("both") => Ok(HistogramForms::Both),
        Some("classic") => Ok(HistogramForms::Classic),
        Some("native") => Ok(HistogramForms::Native),
        Some(other) => {
            let problem = format!("{other:?} is not classic, native or both");
            Err(ApiError::malformed("histograms", problem))
        }
    }
}
