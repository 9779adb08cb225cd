//! Jaeger's JSON against Jaeger's own recordings.

use super::*;
use crate::fixtures::recorded;

#[tokio::test]
async fn a_trace_is_given_in_jaegers_json() {
    let routes = everything();
    let answer = get(
        &routes,
        &format!("/api/traces/{EVERYTHING_ID}?start=1&end=2"),
    )
    .await;
    check_golden("jaeger_trace", &answer);
    let raw = get(&routes, &format!("/api/traces/{EVERYTHING_ID}?raw=true"))
        .await
        .json();
    assert_eq!(raw["data"][0]["spans"].as_array().map(Vec::len), Some(4));
}

/// Tags in the order of their keys: attributes with a column of their own are read back first.
fn with_sorted_tags(mut answer: Value) -> Value {
    for trace in answer["data"].as_array_mut().expect("data") {
        for span in trace["spans"].as_array_mut().expect("spans") {
            let tags = span["tags"].as_array_mut().expect("tags");
            tags.sort_by_key(|tag| tag["key"].to_string());
        }
    }
    answer
}

#[tokio::test]
async fn jaegers_own_transformation_is_equalled() {
    let Some(sent) = recorded("jaeger/transform/otlp2jaeger-in.json") else {
        return;
    };
    let expected =
        recorded("jaeger/transform/otlp2jaeger-out.json").expect("the recordings are at hand");
    let expected = with_sorted_tags(serde_json::from_str(&expected).expect("JSON"));
    let routes = routes(&[batch_of_otlp_json(&sent)]);
    // The recording has one span twice, which only `raw` shows.
    let path = "/api/traces/83a9efd15c1c98a977e0711cc93ee28b?raw=true";
    assert_eq!(with_sorted_tags(get(&routes, path).await.json()), expected);
    let merged = get(&routes, "/api/traces/83a9efd15c1c98a977e0711cc93ee28b")
        .await
        .json();
    let mut merged = with_sorted_tags(merged);
    let merged_span = &mut merged["data"][0]["spans"][0];
    // What Jaeger's query service adds after the transformation.
    let warnings = merged_span["warnings"].take();
    let expected_warning =
        "parent span ID=909541b92cf05311 is not in the trace; skipping clock skew adjustment";
    assert_eq!(warnings, json!([expected_warning]));
    assert_eq!(*merged_span, expected["data"][0]["spans"][0]);
    assert_eq!(merged["data"][0]["spans"].as_array().map(Vec::len), Some(1));
}

/// The spans of Jaeger's recorded UI JSON as OTLP says the same.
fn ui_trace() -> SpanBatch {
    let span = |id: &str, name: &str, duration: i64, more: Value| {
        let mut span = json!({
            "traceId": "00000000000000000000000000000001", "spanId": id, "name": name,
            "startTimeUnixNano": "1485467191639875139",
            "endTimeUnixNano": (1_485_467_191_639_875_139_i64 + duration).to_string(), "status": {},
        });
        let more = more.as_object().expect("an object").clone();
        span.as_object_mut().expect("an object").extend(more);
        span
    };
    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let event = |name: &str, attributes: Value| json!({"timeUnixNano": "1485467191639875139", "name": name, "attributes": attributes});
    let link = |trace: &str, kind: &str| {
        let span = if trace.ends_with("ff") {
            "00000000000000ff"
        } else {
            "0000000000000002"
        };
        json!({"traceId": trace, "spanId": span, "attributes": [text("opentracing.ref_type", kind)]})
    };
    let of_service = |name: &str, spans: Value| json!({"resource": {"attributes": [text("service.name", name)]}, "scopeSpans": [{"scope": {}, "spans": spans}]});
    let one = "00000000000000000000000000000001";
    let data = json!({"resourceSpans": [
        of_service("service-x", json!([
            span("0000000000000002", "test-general-conversion", 5_000, json!({
                "events": [event("some-event", json!([])), event("", json!([text("x", "y")]))],
            })),
            span("0000000000000002", "some-operation", 5_000, json!({"attributes": [
                text("peer.service", "service-y"),
                {"key": "peer.ipv4", "value": {"intValue": "23456"}},
                {"key": "error", "value": {"boolValue": true}},
                {"key": "temperature", "value": {"doubleValue": 72.5}},
                {"key": "javascript_limit", "value": {"intValue": "9223372036854775222"}},
                {"key": "blob", "value": {"bytesValue": "AAAwOQ=="}},
            ]})),
        ])),
        of_service("service-y", json!([
            span("0000000000000003", "some-operation", 5_000, json!({"parentSpanId": "0000000000000002"})),
            span("0000000000000004", "reference-test", 5_000, json!({"links": [
                link("000000000000000000000000000000ff", "child_of"), link(one, "child_of"), link(one, "follows_from"),
            ]})),
            span("0000000000000005", "preserveParentID-test", 4_000, json!({"parentSpanId": "0000000000000004"})),
        ])),
    ]});
    batch_of_otlp_json(&data.to_string())
}

#[tokio::test]
async fn jaegers_ui_json_is_equalled() {
    let Some(expected) = recorded("jaeger/ui-json/ui_01.json") else {
        return;
    };
    let mut expected: Value = serde_json::from_str(&expected).expect("JSON");
    // The recording's model carries warnings, which OTLP has none of.
    expected["warnings"] = Value::Null;
    for span in expected["spans"].as_array_mut().expect("spans") {
        span["warnings"] = Value::Null;
    }
    let answer = get(&routes(&[ui_trace()]), "/api/traces/0000000000000001")
        .await
        .json();
    let mut answer = answer["data"][0].clone();
    // Spans of one start stand in the tree's order here, in the order sent there.
    let sort = |trace: &mut Value| {
        let key = |span: &Value| {
            (
                span["spanID"].to_string(),
                span["operationName"].to_string(),
            )
        };
        trace["spans"]
            .as_array_mut()
            .expect("spans")
            .sort_by_key(key);
    };
    sort(&mut answer);
    sort(&mut expected);
    assert_eq!(answer, expected);
}

/// What Jaeger's receivers keep beside OTLP's fields is shown as it was sent.
#[tokio::test]
async fn references_and_flags_of_jaegers_own_format_are_as_sent() {
    let id = "00000000000000020000000000000002";
    let link = |span: &str, kind: &str| {
        let kind = json!({"key": "opentracing.ref_type", "value": {"stringValue": kind}});
        json!({"traceId": id, "spanId": span, "attributes": [kind]})
    };
    let (parent, other) = ("0000000000000007", "0000000000000008");
    let shown = async |links: Value| {
        let data = json!({"resourceSpans": [{"scopeSpans": [{"spans": [{
            "traceId": id, "spanId": "0000000000000001", "parentSpanId": parent, "flags": 1, "links": links,
            "startTimeUnixNano": "1485467191639875139", "endTimeUnixNano": "1485467191639875139",
            "attributes": [{"key": "jaeger.flags", "value": {"intValue": "3"}}],
        }]}]}]});
        let routes = routes(&[batch_of_otlp_json(&data.to_string())]);
        let answer = get(&routes, &format!("/api/traces/{id}?raw=true")).await;
        let span = answer.json()["data"][0]["spans"][0].clone();
        assert_eq!((&span["flags"], &span["tags"]), (&json!(3), &json!([])));
        let references = span["references"].as_array().expect("a list").clone();
        let reference = |one: &Value| (one["refType"].to_string(), one["spanID"].to_string());
        references.iter().map(reference).collect::<Vec<_>>()
    };
    let expect = |references: &[(&str, &str)]| {
        let quoted = |text: &str| json!(text).to_string();
        let references = references.iter();
        references
            .map(|(kind, span)| (quoted(kind), quoted(span)))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        shown(json!([link(other, "follows_from")])).await,
        expect(&[("CHILD_OF", parent), ("FOLLOWS_FROM", other)])
    );
    assert_eq!(
        shown(json!([link(parent, "follows_from")])).await,
        expect(&[("FOLLOWS_FROM", parent)])
    );
    assert_eq!(
        shown(json!([
            link(parent, "follows_from"),
            link(parent, "child_of")
        ]))
        .await,
        expect(&[("FOLLOWS_FROM", parent), ("CHILD_OF", parent)])
    );
}

#[tokio::test]
async fn services_and_operations_are_listed() {
    let routes = everything();
    let envelope = |data: Value, total: usize| json!({"data": data, "total": total, "limit": 0, "offset": 0, "errors": null});
    let check = async |path: &str, expected: Value| {
        assert_eq!(get(&routes, path).await.json(), expected, "{path}");
    };
    check("/api/services", envelope(json!(["cart", "front end"]), 2)).await;
    check(
        "/api/services/front%20end/operations",
        envelope(json!(["GET /", "late"]), 2),
    )
    .await;
    check("/api/services/none/operations", envelope(json!([]), 0)).await;
    let all = json!([{"name": "GET /", "spanKind": "server"}, {"name": "late", "spanKind": ""}]);
    check("/api/operations?service=front+end", envelope(all, 2)).await;
    let servers = json!([{"name": "GET /", "spanKind": "server"}]);
    check(
        "/api/operations?service=front+end&spanKind=server",
        envelope(servers, 1),
    )
    .await;
}

#[tokio::test]
async fn searches_find_whole_traces() {
    let routes = everything();
    let range = "start=1544700000000000&end=1544800000000000";
    let found = async |query: &str| {
        let answer = get(&routes, &format!("/api/traces?{range}&{query}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}");
        answer.json()["data"].as_array().expect("data").len()
    };
    assert_eq!(found("service=cart").await, 1);
    assert_eq!(found("service=front+end&operation=GET+%2F&tags=%7B%22http.response.status_code%22%3A%22500%22%7D").await, 1);
    assert_eq!(
        found(
            "service=front+end&tag=error:true&tag=event:exception&minDuration=1s&maxDuration=1.1s"
        )
        .await,
        1
    );
    assert_eq!(found("service=front+end&tag=error:false").await, 0);
    assert_eq!(found("service=front+end&minDuration=2s").await, 0);
    assert_eq!(found("service=none").await, 0);
    let other = "00000000000000001111111111111111";
    let answer = get(
        &routes,
        &format!("/api/traces?traceID={EVERYTHING_ID}&traceID={other}"),
    )
    .await
    .json();
    assert_eq!(answer["data"][0]["spans"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        answer["errors"],
        json!([{"msg": "trace not found", "traceID": "1111111111111111"}])
    );
}

#[tokio::test]
async fn failures_have_jaegers_shape() {
    let routes = everything();
    for (path, status) in [
        ("/api/traces/abc", 400),
        ("/api/traces/11111111111111111111111111111111", 404),
        ("/api/traces/11111111111111111111111111111111?start=x", 400),
        ("/api/traces", 400),
        ("/api/traces?service=cart&limit=x", 400),
        (
            "/api/traces?service=cart&minDuration=2s&maxDuration=1s",
            400,
        ),
        ("/api/operations", 400),
    ] {
        let answer = get(&routes, path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        let body = answer.json();
        assert_eq!(
            (&body["data"], &body["total"]),
            (&Value::Null, &json!(0)),
            "{path}"
        );
        assert_eq!(body["errors"][0]["code"], json!(status), "{path}");
        assert!(
            body["errors"][0]["msg"]
                .as_str()
                .is_some_and(|msg| !msg.is_empty()),
            "{path}"
        );
    }
    let unknown = get(&routes, "/api/traces/11111111111111111111111111111111")
        .await
        .json();
    assert_eq!(unknown["errors"][0]["msg"], "trace not found");
}
