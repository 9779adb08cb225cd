//! `GET /api/v1/topology`.

use schemas::{ResourceRow, SpanBatchBuilder, SpanKind, SpanRow};

use super::*;

/// The present of [`routes`].
const NOW: i64 = 1_700_000_000_000_000_000;
const SECOND: i64 = 1_000_000_000;

fn of(service: &str, version: &str, zone: &str, span: &SpanRow<'_>) -> SpanBatch {
    let mut builder = SpanBatchBuilder::default();
    builder.set_resource(&ResourceRow {
        attributes: &[
            ("service.name", AttributeRef::String(service)),
            ("service.version", AttributeRef::String(version)),
            ("cloud.availability_zone", AttributeRef::String(zone)),
        ],
        ..ResourceRow::default()
    });
    builder.push(span);
    builder.finish()
}

/// The shop calls the cart twice, half a minute apart, in other zones.
fn shop() -> Router {
    let mut batches = Vec::new();
    for (id, seconds_ago, zone) in [(1, 50, "a"), (3, 20, "b")] {
        let call = SpanRow {
            kind: SpanKind::Client,
            duration_nano: 2_000,
            ..span(id, Some(99), NOW - seconds_ago * SECOND)
        };
        let answer = SpanRow {
            kind: SpanKind::Server,
            duration_nano: 1_000,
            name: "GET /cart",
            ..span(id + 1, Some(id), NOW - seconds_ago * SECOND + 10)
        };
        batches.push(of("shop", "v1", "a", &call));
        batches.push(of("cart", "v2", zone, &answer));
    }
    routes(&batches)
}

#[tokio::test]
async fn edges_have_totals_points_and_parts() {
    let path =
        "/api/v1/topology?from=now-1m&step=30s&by=version,zone,operation&percentiles=50,99.9";
    check_golden("topology", &get(&shop(), path).await);
}

#[tokio::test]
async fn the_spans_themselves_say_the_same() {
    let shop = shop();
    for parameters in ["", "&by=zone", "&step=10s", "&step=1h&by=operation"] {
        let path = format!("/api/v1/topology?from=now-1m{parameters}");
        let rolled_up = get(&shop, &path).await.json();
        assert_eq!(rolled_up["edges"][0]["callee"], 0, "{path}: {rolled_up}");
        let exact = get(&shop, &format!("{path}&exact=true")).await.json();
        assert_eq!(rolled_up, exact, "{path}");
    }
}

#[tokio::test]
async fn malformed_questions_say_what_is_wrong() {
    let shop = shop();
    let check = async |query: &str, expected: &str| {
        let answer = get(&shop, &format!("/api/v1/topology?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        let message = answer.json()["error"]["message"].to_string();
        assert!(message.contains(expected), "{query}: {message}");
    };
    check("by=instance", "instance").await;
    check("step=15s", "no multiple of 10s").await;
    check("from=now-30000h&step=10s", "take longer ones").await;
    check("exact=maybe", "not true or false").await;
    check("minQps=-1", "no number from 0 up").await;
}
