//! `GET /metrics/red`.

use axum::http::{Request, StatusCode, header};
use schemas::{SpanRow, UnixNanos};

use super::{RequestBody, ask, batch_of, get, routes, span};

#[tokio::test]
async fn the_accept_header_chooses_the_form() {
    let request = SpanRow {
        start: UnixNanos(1_700_000_000_000_000_000 - 60_000_000_000),
        ..span(1, None, 0)
    };
    let shop = routes(&[batch_of("shop", &[request])]);
    let form = async |accept: &str| {
        let request = Request::get("/metrics/red").header(header::ACCEPT, accept);
        let answer = ask(
            &shop,
            request.body(RequestBody::empty()).expect("a request"),
        )
        .await;
        assert_eq!(answer.status, StatusCode::OK);
        (
            answer.content_type,
            String::from_utf8_lossy(&answer.body).into_owned(),
        )
    };
    let (content_type, text) = form("*/*").await;
    assert_eq!(content_type, "text/plain; version=0.0.4; charset=utf-8");
    assert!(
        text.contains("\ntraces_spanmetrics_calls_total{service=\"shop\""),
        "{text}"
    );
    let (content_type, text) = form("application/openmetrics-text;version=1.0.0").await;
    assert!(content_type.starts_with("application/openmetrics-text; version=1.0.0"));
    assert!(text.ends_with("# EOF\n"));
    let (content_type, _) = form("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited").await;
    assert!(content_type.starts_with("application/vnd.google.protobuf"));

    let answer = get(&shop, "/metrics/red?histograms=round").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.json()["error"]["code"], "malformed_parameter");
}
