//! Parts of large traces.

use std::time::{Duration, Instant};

use schemas::SpanKind;

use super::*;

const TRACE_PATH: &str = "/api/v1/traces/07070707070707070707070707070707";

fn example() -> Router {
    routes(&[batch_of(
        "s",
        &[
            span(1, None, 0),
            span(2, Some(1), 1),
            span(3, Some(2), 2),
            span(4, Some(2), 3),
            span(5, Some(99), 4),
        ],
    )])
}

/// The call paths shown, with what is left out below each, and what is left out in all.
async fn shown(query: &str) -> (Vec<String>, Value) {
    let answer = get(&example(), &format!("{TRACE_PATH}?{query}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{query}");
    let json = answer.json();
    assert_eq!((&json["spanCount"], &json["depth"]), (&json!(5), &json!(3)));
    let line = |span: &Value| {
        let path = span["callPath"].as_str().expect("not deep");
        match span.get("omitted") {
            Some(omitted) => format!("{path} -{omitted}"),
            None => path.to_owned(),
        }
    };
    let spans = json["spans"].as_array().expect("a list");
    (spans.iter().map(line).collect(), json["omitted"].clone())
}

#[tokio::test]
async fn a_part_is_given_and_the_rest_counted() {
    let check = async |query: &str, expect: &[&str], omitted: Value| {
        let (lines, left_out) = shown(query).await;
        assert_eq!(lines, expect, "{query}");
        assert_eq!(left_out, omitted, "{query}");
    };
    let all = ["0", "0.1", "0.1.1", "0.1.2", "1", "1.1"];
    check("", &all, Value::Null).await;
    check("under=0.1", &all[1..4], json!(2)).await;
    check("under=0&maxDepth=2", &["0", "0.1 -2"], json!(3)).await;
    check("maxDepth=1", &["0 -3", "1 -1"], json!(4)).await;
    check(
        "maxWidth=1",
        &["0", "0.1 -1", "0.1.1", "1", "1.1"],
        json!(1),
    )
    .await;
    check("maxSpans=1", &["0 -3"], json!(4)).await;
    check("ancestors=0.1.2", &["0", "0.1 -1", "0.1.2"], json!(2)).await;
    check("ancestors=0000000000000005", &["1", "1.1"], json!(4)).await;
    let answer = get(&example(), &format!("{TRACE_PATH}?under=0.1"))
        .await
        .json();
    assert_eq!(answer["roots"], json!(["0.1"]));
}

#[tokio::test]
async fn what_is_not_there_or_not_understood_is_told() {
    for (query, status, code, word) in [
        ("under=0..1", 400, "malformed_parameter", "under"),
        ("maxDepth=0", 400, "malformed_parameter", "maxDepth"),
        ("maxSpans=all", 400, "malformed_parameter", "maxSpans"),
        ("ancestors=x", 400, "malformed_parameter", "span id"),
        (
            "ancestors=0&under=0",
            400,
            "malformed_parameter",
            "ancestors",
        ),
        ("format=otlp&under=0", 400, "malformed_parameter", "OTLP"),
        ("under=0.1.7.1", 404, "call_path_not_found", "0.1.7.1"),
        ("ancestors=5", 404, "call_path_not_found", "5"),
        (
            "ancestors=00000000000000ff",
            404,
            "span_not_found",
            "00000000000000ff",
        ),
    ] {
        let answer = get(&example(), &format!("{TRACE_PATH}?{query}")).await;
        let error = &answer.json()["error"];
        assert_eq!(
            (answer.status.as_u16(), error["code"].as_str()),
            (status, Some(code)),
            "{query}"
        );
        let message = error["message"].as_str().expect("a text");
        assert!(message.contains(word), "{query}: {message}");
    }
    let answer = get(&example(), &format!("{TRACE_PATH}?under=0.1.7.1")).await;
    let hint = answer.json()["error"]["hint"].clone();
    assert_eq!(
        hint,
        json!("there is 0.1: ?under=0.1&maxDepth=2 shows what is below it")
    );
}

/// A star, and chains of calls with both halves, below parents that are not stored.
fn many_spans(count: u64) -> Vec<SpanRow<'static>> {
    let start = |id: u64| i64::try_from(id).expect("small");
    let of_number = |id: u64| match id % 10 {
        0 => span(id, (id > 0).then_some(1_000_000_000 + id / 100), start(id)),
        1 => span(id, Some(0), start(id)),
        digit => SpanRow {
            kind: match digit % 2 {
                0 => SpanKind::Client,
                _ => SpanKind::Server,
            },
            ..span(id - digit % 2, Some(id - digit % 2 - 2), start(id))
        },
    };
    (0..count).map(of_number).collect()
}

async fn time_to_serve(spans: &[SpanRow<'_>], query: &str) -> Duration {
    let routes = routes(&[batch_of("s", spans)]);
    let begin = Instant::now();
    let answer = get(&routes, &format!("{TRACE_PATH}{query}")).await;
    let took = begin.elapsed();
    assert_eq!(answer.status, StatusCode::OK);
    took
}

#[tokio::test]
async fn a_hundred_thousand_spans_are_served() {
    let start = |id: u64| i64::try_from(id).expect("small");
    let star: Vec<_> = (1..=100_000)
        .map(|id| span(id, (id > 1).then_some(1), start(id)))
        .collect();
    let chain: Vec<_> = (1..=100_000)
        .map(|id| span(id, (id > 1).then(|| id - 1), start(id)))
        .collect();
    let mixed = many_spans(100_000);
    for (spans, query) in [
        (&star, "?maxWidth=10"),
        (&chain, "?maxSpans=100"),
        (&mixed, ""),
        (&mixed, "?ancestors=0000000000000050"),
    ] {
        // Unoptimised on a busy machine; anything quadratic would take minutes.
        let took = time_to_serve(spans, query).await;
        assert!(took < Duration::from_secs(60), "{query} {took:?}");
    }
}
