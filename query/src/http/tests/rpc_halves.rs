//! The two sides of one call in each form of a trace.

use schemas::SpanKind::{Client, Server};
use schemas::{EventRow, ResourceRow, SpanBatchBuilder};

use super::*;

const ID: &str = "07070707070707070707070707070707";

/// A call that both sides recorded under one id, on hosts whose clocks differ by 4 µs, and what
/// the called side did.
pub(super) fn shared() -> Router {
    let events = [EventRow {
        time: UnixNanos(6_500_000),
        name: "read",
        ..EventRow::default()
    }];
    let mut builder = SpanBatchBuilder::default();
    for (host, span) in [
        (
            "front",
            SpanRow {
                kind: Client,
                duration_nano: 3_000_000,
                ..span(1, None, 1_000_000)
            },
        ),
        (
            "back",
            SpanRow {
                kind: Server,
                duration_nano: 1_000_000,
                events: &events,
                ..span(1, None, 6_000_000)
            },
        ),
        (
            "back",
            SpanRow {
                duration_nano: 500_000,
                ..span(2, Some(1), 6_200_000)
            },
        ),
        ("back", span(3, Some(99), 6_200_000)),
    ] {
        let attributes = [
            ("service.name", AttributeRef::String(host)),
            ("host.name", AttributeRef::String(host)),
        ];
        builder.set_resource(&ResourceRow {
            attributes: &attributes,
            ..ResourceRow::default()
        });
        builder.push(&span);
    }
    routes(&[builder.finish()])
}

#[tokio::test]
async fn native_json_has_one_entry() {
    let json = get(&shared(), &format!("/api/v1/traces/{ID}")).await.json();
    let spans = json["spans"].as_array().expect("a list");
    let paths: Vec<_> = spans.iter().map(|span| span["callPath"].clone()).collect();
    assert_eq!(paths, [json!("0"), json!("0.1"), json!("1"), json!("1.1")]);
    let (call, half) = (&spans[0], &spans[0]["serverHalf"]);
    let facts = |span: &Value| {
        [
            "callPath",
            "depth",
            "spanId",
            "kind",
            "serviceName",
            "startTimeUnixNano",
            "durationNano",
            "clockSkewNano",
        ]
        .map(|key| span[key].clone())
    };
    let id = "0000000000000001";
    let expected = [
        json!("0"),
        json!(0),
        json!(id),
        json!("client"),
        json!("front"),
        json!("1000000"),
        json!(3_000_000),
        Value::Null,
    ];
    assert_eq!(facts(call), expected);
    let expected = [
        json!("0"),
        json!(0),
        json!(id),
        json!("server"),
        json!("back"),
        json!("6000000"),
        json!(1_000_000),
        json!(-4_000_000),
    ];
    assert_eq!(facts(half), expected);
    assert_eq!(half["events"][0]["timeUnixNano"], "6500000");
    assert_eq!(spans[1]["clockSkewNano"], json!(-4_000_000));
    let missing = &spans[2];
    assert_eq!(missing["marks"], json!(["missing"]));
    assert_eq!(missing["spanId"], "0000000000000063");
    assert_eq!(
        (missing.get("resource"), &missing["name"]),
        (None, &json!(""))
    );
    assert_eq!(
        (&json["spanCount"], &json["missingCount"], &json["depth"]),
        (&json!(4), &json!(1), &json!(2))
    );
}

#[tokio::test]
async fn jaegers_json_has_an_id_for_each_side() {
    let json = get(&shared(), &format!("/api/traces/{ID}")).await.json();
    let spans = json["data"][0]["spans"].as_array().expect("a list");
    let parent = |span: &Value| span["references"][0]["spanID"].clone();
    assert_eq!(spans.len(), 4);
    assert_eq!(spans[0]["spanID"], "0000000000000001");
    let derived = &spans[1]["spanID"];
    assert_ne!(derived, "0000000000000001");
    assert_eq!(parent(&spans[1]), "0000000000000001");
    assert_eq!(parent(&spans[2]), *derived);
    assert_eq!(
        (&spans[1]["startTime"], &spans[1]["duration"]),
        (&json!(2_000), &json!(1_000))
    );
    assert_eq!(spans[1]["logs"][0]["timestamp"], json!(2_500));
    let moved = json!(["This span's timestamps were adjusted by -4ms"]);
    assert_eq!(
        (&spans[1]["warnings"], &spans[2]["warnings"]),
        (&moved, &moved)
    );
    assert_eq!(spans[2]["startTime"], json!(2_200));
    let orphan =
        "parent span ID=0000000000000063 is not in the trace; skipping clock skew adjustment";
    assert_eq!(spans[3]["warnings"], json!([orphan]));
    assert_eq!(parent(&spans[3]), "0000000000000063");

    let raw = get(&shared(), &format!("/api/traces/{ID}?raw=true"))
        .await
        .json();
    let raw = raw["data"][0]["spans"].as_array().expect("a list");
    let ids: Vec<_> = raw.iter().map(|span| span["spanID"].clone()).collect();
    let expected = ["1", "1", "2", "3"].map(|id| json!(format!("{id:0>16}")));
    assert_eq!(ids, expected);
    assert_eq!(
        (&raw[1]["startTime"], &raw[1]["warnings"]),
        (&json!(6_000), &Value::Null)
    );
}

#[tokio::test]
async fn otlp_has_what_was_sent() {
    let json = get(&shared(), &format!("/api/v1/traces/{ID}?format=otlp"))
        .await
        .json();
    let resources = json["resourceSpans"].as_array().expect("a list");
    let spans = resources.iter().flat_map(|of| {
        let scopes = of["scopeSpans"].as_array().expect("a list").iter();
        scopes.flat_map(|of| of["spans"].as_array().expect("a list"))
    });
    let facts: Vec<_> = spans
        .map(|span| (span["spanId"].clone(), span["startTimeUnixNano"].clone()))
        .collect();
    let expected = [
        ("1", "1000000"),
        ("1", "6000000"),
        ("2", "6200000"),
        ("3", "6200000"),
    ]
    .map(|(id, start)| (json!(format!("{id:0>16}")), json!(start)));
    assert_eq!(facts, expected);
}

#[tokio::test]
async fn circles_reach_jaegers_clients() {
    let routes = routes(&[batch_of("s", &[span(1, Some(2), 0), span(2, Some(1), 1)])]);
    let json = get(&routes, &format!("/api/traces/{ID}")).await.json();
    let first = &json["data"][0]["spans"][0];
    assert_eq!(first["references"], json!([]));
    let warning =
        "parent span ID=0000000000000002 is a descendant of this span; skipping the reference";
    assert_eq!(first["warnings"], json!([warning]));
}
