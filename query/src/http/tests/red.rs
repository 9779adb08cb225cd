//! `GET /api/v1/red`.

use schemas::SpanKind;

use super::*;

/// The present of [`routes`], 2023-11-14T22:13:20Z, which is a multiple of ten seconds.
const NOW: i64 = 1_700_000_000_000_000_000;

fn shop() -> Router {
    let request = |id, seconds_ago: i64, duration_nano| SpanRow {
        kind: SpanKind::Server,
        duration_nano,
        ..span(id, None, NOW - seconds_ago * 1_000_000_000)
    };
    let failed = SpanRow {
        status_code: schemas::StatusCode::Error,
        ..request(3, 45, 9_000_000)
    };
    let call = SpanRow {
        kind: SpanKind::Client,
        ..request(4, 45, 8_000_000)
    };
    let long_ago = request(5, 3_600, 1);
    let hour_earlier = request(6, 3_630, 1_000_000);
    let spans = [
        request(1, 30, 2_000_000),
        request(2, 25, 4_000_000),
        failed,
        call,
        long_ago,
        hour_earlier,
    ];
    routes(&[batch_of("shop", &spans)])
}

#[tokio::test]
async fn figures_are_given_in_total_and_over_time() {
    let path = "/api/v1/red?from=now-1m&step=20s&by=service,operation&percentiles=50,99.9";
    check_golden("red", &get(&shop(), path).await);
}

#[tokio::test]
async fn by_default_the_requests_of_the_last_quarter_of_an_hour_count() {
    let count = async |path: &str| get(&shop(), path).await.json()["total"]["count"].clone();
    assert_eq!(count("/api/v1/red").await, 3);
    assert_eq!(count("/api/v1/red?kind=all").await, 4);
    assert_eq!(count("/api/v1/red?kind=client").await, 1);
    assert_eq!(count("/api/v1/red?from=now-2h").await, 5);
    assert_eq!(count("/api/v1/red?service=nobody").await, 0);
    let absolute = "/api/v1/red?from=2023-11-14T22:12:00Z&to=1700000000";
    assert_eq!(count(absolute).await, 3);
}

#[tokio::test]
async fn figures_stand_beside_those_of_an_earlier_range() {
    let path = "/api/v1/red?from=now-1m&step=20s&percentiles=50&compare=1h&apdex=3ms";
    check_golden("red_compared", &get(&shop(), path).await);
}

#[tokio::test]
async fn exact_figures_are_the_same() {
    let shop = shop();
    for path in [
        "/api/v1/red?from=now-1m&step=20s&by=service,operation,kind",
        "/api/v1/red?from=now-2h&kind=all&apdex=3ms&by=instance",
        "/api/v1/red/histogram?from=now-1m",
    ] {
        let kept = get(&shop, path).await;
        let exact = get(&shop, &format!("{path}&exact=true")).await;
        assert_eq!(kept.status, StatusCode::OK);
        assert!(kept.body == exact.body, "{path}");
    }
}

#[tokio::test]
async fn malformed_questions_say_what_is_wrong() {
    let shop = shop();
    let check = async |query: &str, expected: &str| {
        let answer = get(&shop, &format!("/api/v1/red?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        let message = answer.json()["error"]["message"].to_string();
        assert!(message.contains(expected), "{query}: {message}");
    };
    check("from=now&to=now-1m", "not before 'to'").await;
    check("from=then", "no instant such as").await;
    check("step=15s", "no multiple of 10s").await;
    check("from=now-30000h&step=10s", "longer ones").await;
    check("kind=servant", "none of unspecified, internal, server").await;
    check("by=colour", "none of service, operation").await;
    check("percentiles=50,101", "no number from 0 to 100").await;
    check("compare=15s", "no multiple of the step").await;
    check("compare=yesterday", "not a duration").await;
    check("apdex=fast", "not a duration").await;
    check("exact=maybe", "not true or false").await;
}
