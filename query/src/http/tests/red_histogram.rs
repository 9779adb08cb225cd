//! `GET /api/v1/red/histogram`.

use schemas::SpanKind;

use super::*;

const NOW: i64 = 1_700_000_000_000_000_000;

fn shop() -> Router {
    let request = |id, seconds_ago: i64, duration_nano| SpanRow {
        kind: SpanKind::Server,
        duration_nano,
        ..span(id, None, NOW - seconds_ago * 1_000_000_000)
    };
    let failed = SpanRow {
        status_code: schemas::StatusCode::Error,
        ..request(3, 25, 4_100_000)
    };
    let other_trace = SpanRow {
        trace_id: schemas::TraceId([8; 16]),
        ..request(4, 28, 4_050_000)
    };
    let spans = [
        request(1, 45, 2_000_000),
        request(2, 29, 4_000_000),
        failed,
        other_trace,
    ];
    routes(&[batch_of("shop", &spans)])
}

#[tokio::test]
async fn cells_have_counts_and_exemplars() {
    let path = "/api/v1/red/histogram?from=now-1m&step=20s&buckets=4&exemplars=2";
    check_golden("red_histogram", &get(&shop(), path).await);
}

#[tokio::test]
async fn exemplars_can_be_left_out() {
    let shop = shop();
    let exemplars = async |query: &str| -> usize {
        let answer = get(&shop, &format!("/api/v1/red/histogram?{query}")).await;
        let answer = answer.json();
        let steps = answer["steps"].as_array().expect("steps");
        let cells = steps.iter().flat_map(|step| {
            let cells = step["cells"].as_array().expect("cells");
            cells.iter().map(|cell| cell["exemplars"].as_array())
        });
        cells
            .map(|exemplars| exemplars.expect("exemplars").len())
            .sum()
    };
    assert_eq!(exemplars("exemplars=0").await, 0);
    assert_eq!(exemplars("buckets=1&step=10s").await, 2);
    assert_eq!(exemplars("buckets=1&step=10s&exemplars=10").await, 3);
}

#[tokio::test]
async fn malformed_questions_say_what_is_wrong() {
    let shop = shop();
    let check = async |query: &str, expected: &str| {
        let answer = get(&shop, &format!("/api/v1/red/histogram?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        let message = answer.json()["error"]["message"].to_string();
        assert!(message.contains(expected), "{query}: {message}");
    };
    check("buckets=0", "from 1 to 200").await;
    check("exemplars=11", "from 0 to 10").await;
    check("from=now-2h&step=10s", "over 500 steps").await;
    check("kind=servant", "none of unspecified, internal, server").await;
}
