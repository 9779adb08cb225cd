//! `GET /api/traces`.

use std::collections::{BTreeMap, HashSet};

use axum::extract::State;
use schemas::{TraceId, UnixNanos};
use serde_json::Value;

use super::super::failure::{
    ApiError, JaegerError, JaegerErrorAnswer, JaegerErrorDetail, TRACE_NOT_FOUND,
};
use super::super::parameters::{Parameters, QueryPairs, trace_id};
use super::super::{Api, Body};
use super::JaegerTracesAnswer;
use super::envelope::Envelope;
use super::trace_handler::version;
use super::trace_json::{TraceJson, Version, trace_id_text};
use crate::{QueryError, Trace, TraceQuery};

/// How many traces are found when the request does not say.
const DEFAULT_LIMIT: usize = 100;
/// How far back a search looks when the request does not say: two days, in nanoseconds.
const DEFAULT_LOOKBACK_NANO: i64 = 2 * 24 * 3600 * 1_000_000_000;

/// What a request asks for.
#[derive(Debug, PartialEq)]
enum Wanted {
    ByIds(Vec<TraceId>),
    Matching(TraceQuery),
}

/// Traces by conditions, newest first, or by ids.
///
/// A trace is found when one of its spans meets all conditions at once. Each tag may be an
/// attribute of that span, of its resource or of one of its events.
#[utoipa::path(
    get,
    path = "/api/traces",
    tag = "jaeger",
    operation_id = "jaeger_search",
    params(
        ("service" = Option<String>, Query, description = "The span's service; required unless `traceID` is given", example = "checkout"),
        ("operation" = Option<String>, Query, description = "The span's name", example = "POST /orders"),
        ("tag" = Option<Vec<String>>, Query, description = "`key:value`; may repeat", example = json!(["error:true"])),
        ("tags" = Option<String>, Query, description = "A JSON object of tags", example = r#"{"http.response.status_code":"500"}"#),
        ("minDuration" = Option<String>, Query, description = "The shortest duration, such as `1.2ms`", example = "100ms"),
        ("maxDuration" = Option<String>, Query, description = "The longest duration", example = "1.5s"),
        ("start" = Option<i64>, Query, description = "The earliest start of the span, microseconds since 1970; two days ago by default"),
        ("end" = Option<i64>, Query, description = "The latest start of the span, microseconds since 1970; now by default"),
        ("limit" = Option<usize>, Query, description = "The most traces to find; 100 by default", example = 20),
        ("traceID" = Option<Vec<String>>, Query, description = "Asks for these traces instead; may repeat"),
        ("raw" = Option<bool>, Query, description = "Shows spans as they were stored, and as often: without clock skew adjustment, two under one id where they share it"),
    ),
    responses(
        (status = 200, description = "The traces", body = JaegerTracesAnswer),
        (status = 400, description = "A parameter is missing or malformed", body = JaegerErrorAnswer),
        (status = 422, description = "The answer needs more memory than allowed", body = JaegerErrorAnswer),
        (status = 500, description = "The storage cannot be read", body = JaegerErrorAnswer),
        (status = 503, description = "Too many queries", body = JaegerErrorAnswer),
        (status = 504, description = "The query took too long", body = JaegerErrorAnswer),
    ),
)]
pub(in crate::http) async fn search(
    State(api): State<Api>,
    pairs: QueryPairs,
) -> Result<Body, JaegerError> {
    let parameters = Parameters::of(pairs)?;
    let version = version(&parameters)?;
    let wanted = wanted(
        &parameters,
        (api.clock)(),
        api.engine.settings().search_limit,
    )?;
    let body = api.engine.ask(move |question| async move {
        match wanted {
            Wanted::Matching(query) => write(&question.search(&query).await?, &[], version),
            Wanted::ByIds(ids) => write(&question.traces(&ids).await?, &ids, version),
        }
    });
    Ok(body.await?)
}

fn write(traces: &[Trace], asked: &[TraceId], version: Version) -> Result<Body, QueryError> {
    let found: HashSet<TraceId> = traces.iter().map(Trace::id).collect();
    let missing = asked
        .iter()
        .filter(|id| !found.contains(*id))
        .map(|id| JaegerErrorDetail {
            code: None,
            msg: TRACE_NOT_FOUND.to_owned(),
            trace_id: Some(trace_id_text(*id)),
        });
    let errors: Vec<JaegerErrorDetail> = missing.collect();
    let traces: Vec<TraceJson<'_>> = traces
        .iter()
        .map(|trace| TraceJson::of(trace, version))
        .collect();
    let mut envelope = Envelope::of(traces, 0);
    envelope.errors = (!errors.is_empty()).then_some(errors);
    Body::json(&envelope)
}

fn wanted(parameters: &Parameters, now: UnixNanos, most: usize) -> Result<Wanted, ApiError> {
    let ids: Vec<TraceId> = parameters
        .all("traceID")
        .map(trace_id)
        .collect::<Result<_, _>>()?;
    if ids.len() > most {
        return Err(ApiError::malformed(
            "traceID",
            format!("at most {most} may be asked for"),
        ));
    }
    if !ids.is_empty() {
        return Ok(Wanted::ByIds(ids));
    }
    let service = parameters
        .first("service")
        .ok_or(ApiError::MissingParameter("service"))?;
    let min_duration_nano = parameters.duration("minDuration")?;
    let max_duration_nano = parameters.duration("maxDuration")?;
    if let (Some(min), Some(max)) = (min_duration_nano, max_duration_nano)
        && max < min
    {
        let problem = "it should be greater than 'minDuration'".to_owned();
        return Err(ApiError::malformed("maxDuration", problem));
    }
    let end = parameters.micros("end")?.unwrap_or(now);
    let lookback = || UnixNanos(now.0.saturating_sub(DEFAULT_LOOKBACK_NANO));
    Ok(Wanted::Matching(TraceQuery {
        service: Some(service.to_owned()),
        operation: parameters.first("operation").map(str::to_owned),
        tags: tags(parameters)?,
        min_duration_nano,
        max_duration_nano,
        start: parameters.micros("start")?.unwrap_or_else(lookback),
        end: microsecond_end(end),
        limit: limit(parameters, most)?,
    }))
}

/// The last nanosecond of the microsecond: a span shown as starting at `end` is within it.
fn microsecond_end(end: UnixNanos) -> UnixNanos {
    UnixNanos(
        end.0
            .div_euclid(1_000)
            .saturating_mul(1_000)
            .saturating_add(999),
    )
}

fn limit(parameters: &Parameters, most: usize) -> Result<usize, ApiError> {
    let limit = parameters.count("limit", 1..=most)?;
    Ok(limit.unwrap_or(DEFAULT_LIMIT.min(most)))
}

/// All tags asked for, each once.
fn tags(parameters: &Parameters) -> Result<Vec<(String, String)>, ApiError> {
    let mut tags = BTreeMap::new();
    for tag in parameters.all("tag") {
        let (key, value) = tag.split_once(':').ok_or_else(|| {
            ApiError::malformed("tag", format!("expecting key:value, received: {tag}"))
        })?;
        tags.insert(key.to_owned(), value.to_owned());
    }
    for text in parameters.all("tags") {
        let malformed = |problem: String| ApiError::malformed("tags", problem);
        let object: BTreeMap<String, Value> = serde_json::from_str(text)
            .map_err(|error| malformed(format!("cannot unmarshal JSON: {error}")))?;
        for (key, value) in object {
            let value = match value {
                Value::String(text) => text,
                Value::Bool(truth) => truth.to_string(),
                Value::Number(number) => number.to_string(),
                Value::Null | Value::Array(_) | Value::Object(_) => {
                    return Err(malformed(format!(
                        "the value of {key:?} is not a text, number or truth value"
                    )));
                }
            };
            tags.insert(key, value);
        }
    }
    Ok(tags.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use axum::extract::Query;

    use super::*;

    const NOW: UnixNanos = UnixNanos(1_700_000_000_000_000_000);

    fn parsed(pairs: &[(&str, &str)]) -> Result<Wanted, ApiError> {
        let pairs = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        wanted(&Parameters::of(Ok(Query(pairs.collect())))?, NOW, 1_000)
    }

    #[test]
    fn all_parameters_are_understood() {
        let wanted = parsed(&[
            ("service", "s"),
            ("operation", "o"),
            ("tag", "a:b:c"),
            ("tag", "x:1"),
            ("tags", r#"{"n":2,"t":true,"x":"3"}"#),
            ("minDuration", "1.5ms"),
            ("maxDuration", "2s"),
            ("start", "10"),
            ("end", "20"),
            ("limit", "7"),
        ]);
        let text = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect()
        };
        let expected = TraceQuery {
            service: Some("s".into()),
            operation: Some("o".into()),
            tags: text(&[("a", "b:c"), ("n", "2"), ("t", "true"), ("x", "3")]),
            min_duration_nano: Some(1_500_000),
            max_duration_nano: Some(2_000_000_000),
            start: UnixNanos(10_000),
            end: UnixNanos(20_999),
            limit: 7,
        };
        assert_eq!(wanted.expect("well-formed"), Wanted::Matching(expected));
    }

    #[test]
    fn the_last_two_days_are_searched_by_default() {
        let Ok(Wanted::Matching(query)) =
            parsed(&[("service", "s"), ("operation", ""), ("minDuration", "0")])
        else {
            panic!("a search");
        };
        assert_eq!(query.start, UnixNanos(NOW.0 - 172_800 * 1_000_000_000));
        assert_eq!(
            (query.end, query.limit, query.operation),
            (UnixNanos(NOW.0 + 999), 100, None)
        );
        assert_eq!(
            (query.min_duration_nano, query.max_duration_nano),
            (None, None)
        );
    }

    #[test]
    fn ids_take_the_place_of_conditions() {
        let wanted = parsed(&[
            ("traceID", "00f067aa0ba902b7"),
            ("traceID", "0AF7651916cd43dd8448eb211c80319c"),
        ]);
        assert!(matches!(wanted, Ok(Wanted::ByIds(ids)) if ids.len() == 2));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (pairs, name) in [
            (vec![("service", "s"), ("limit", "0")], "limit"),
            (vec![("service", "s"), ("limit", "1001")], "limit"),
            (vec![("service", "s"), ("limit", "x")], "limit"),
            (vec![("service", "s"), ("start", "yesterday")], "start"),
            (vec![("service", "s"), ("tag", "novalue")], "tag"),
            (vec![("service", "s"), ("tags", "novalue")], "tags"),
            (vec![("service", "s"), ("tags", r#"{"a":[1]}"#)], "tags"),
            (vec![("service", "s"), ("minDuration", "5")], "minDuration"),
            (
                vec![
                    ("service", "s"),
                    ("minDuration", "5s"),
                    ("maxDuration", "1s"),
                ],
                "maxDuration",
            ),
        ] {
            let error = parsed(&pairs).expect_err("malformed");
            assert!(
                matches!(&error, ApiError::MalformedParameter { name: wrong, .. } if *wrong == name),
                "{error:?}"
            );
        }
        assert!(matches!(
            parsed(&[]),
            Err(ApiError::MissingParameter("service"))
        ));
        assert!(matches!(
            parsed(&[("traceID", "xyz")]),
            Err(ApiError::MalformedTraceId { .. })
        ));
    }
}
