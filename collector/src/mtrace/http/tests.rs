use std::time::Duration;

use ::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_ENCODING, ORIGIN, RETRY_AFTER};
use axum::body::Body;
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::fake_sink::{FakeSink, gzip};
use crate::{CollectorSettings, SinkError};

const SPANS: &str = r#"[{"traceId": "1", "spanId": "0", "name": "a", "start": 1, "duration": 2},
    {"traceId": "1", "spanId": "0..1", "name": "b", "start": 1, "duration": 2},
    {"traceId": "1", "spanId": "0.1", "name": "c", "annotations": {"cs": 1, "sr": 2, "ss": 3, "cr": 4}}]"#;

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

async fn ask(receiver: &Arc<Receiver>, request: http::request::Builder, body: &[u8]) -> Answer {
    let request = request.body(Body::from(body.to_vec())).expect("a request");
    let routed = router(Arc::clone(receiver)).oneshot(request).await;
    let (parts, body) = routed.expect("infallible").into_parts();
    let body = body.collect().await.expect("a whole body").to_bytes();
    assert_eq!(parts.headers[CONTENT_TYPE], JSON);
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: serde_json::from_slice(&body).expect("JSON"),
    }
}

fn export() -> http::request::Builder {
    http::Request::post(PATH)
}

/// The answer is an error of the native API's shape with this code.
fn check_error(answer: &Answer, status: StatusCode, code: &str) {
    assert_eq!(
        (answer.status, &answer.body["error"]["code"]),
        (status, &json!(code))
    );
    let error = answer.body["error"].as_object().expect("an object");
    assert_eq!(
        error.keys().collect::<Vec<_>>(),
        ["code", "hint", "message"]
    );
    let texts = error.values().filter_map(Value::as_str);
    assert_eq!(texts.filter(|text| !text.is_empty()).count(), 3);
}

#[tokio::test]
async fn spans_are_accepted_and_refused_one_by_one() {
    let sink = FakeSink::new();
    let receiver = sink.receiver();
    let answer = ask(
        &receiver,
        export().header(CONTENT_TYPE, "application/json; charset=utf-8"),
        SPANS.as_bytes(),
    )
    .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let errors = json!(["span 2 (spanId \"0..1\"): an empty part"]);
    assert_eq!(
        answer.body,
        json!({"accepted": 3, "rejected": 1, "errors": errors})
    );
    assert_eq!(sink.spans(), 3);
    let counts = receiver.counters().protocol(Protocol::Mtrace);
    assert_eq!((counts.accepted_requests, counts.accepted_spans), (1, 3));
    let taken = sink.taken.lock().expect("no panic within");
    assert_eq!(
        (taken[0].0.encoding, &taken[0].0.body[..]),
        (Encoding::MtraceJson, SPANS.as_bytes())
    );
}

#[tokio::test]
async fn all_stated_types_and_compressions_are_taken() {
    let sink = FakeSink::new();
    let receiver = sink.receiver();
    let span = br#"{"traceId": 1, "spanId": "0", "name": "a", "start": 1, "duration": 2}"#;
    let zstd = zstd::encode_all(&span[..], 3).expect("memory");
    for (request, body) in [
        (export(), span.to_vec()),
        (
            export().header(CONTENT_TYPE, "application/x-ndjson"),
            [span, &b"\n"[..], span].concat(),
        ),
        (export().header(CONTENT_ENCODING, "gzip"), gzip(span)),
        (export().header(CONTENT_ENCODING, "zstd"), zstd),
    ] {
        let answer = ask(&receiver, request, &body).await;
        assert_eq!(
            (answer.status, &answer.body["errors"]),
            (StatusCode::ACCEPTED, &json!([]))
        );
    }
    assert_eq!(sink.spans(), 5);
}

#[tokio::test]
async fn browsers_of_any_page_may_send() {
    let request = export().header(ORIGIN, "https://shop.example");
    let answer = ask(&FakeSink::new().receiver(), request, b"[]").await;
    assert_eq!(
        answer.headers[ACCESS_CONTROL_ALLOW_ORIGIN],
        "https://shop.example"
    );
}

#[tokio::test]
async fn failures_have_the_shape_of_the_native_api() {
    let sink = FakeSink::new();
    let settings = CollectorSettings {
        max_request_bytes: 1_000,
        ..CollectorSettings::default()
    };
    let receiver = sink.receiver_with(settings);
    let answer = ask(&receiver, export(), b"[{]").await;
    check_error(&answer, StatusCode::BAD_REQUEST, "malformed_body");
    let answer = ask(&receiver, export().header(CONTENT_TYPE, "text/xml"), b"").await;
    check_error(
        &answer,
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
    );
    let answer = ask(&receiver, export().header(CONTENT_ENCODING, "br"), b"").await;
    check_error(
        &answer,
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_compression",
    );
    let answer = ask(&receiver, export(), &[b' '; 1_001]).await;
    check_error(&answer, StatusCode::PAYLOAD_TOO_LARGE, "too_large");
    let answer = ask(&receiver, http::Request::put(PATH), b"").await;
    check_error(
        &answer,
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
    );
    assert_eq!(answer.headers[ALLOW], "POST");
    assert_eq!(sink.spans(), 0);
}

#[tokio::test]
async fn senders_are_told_when_to_come_again() {
    let sink = FakeSink::new();
    let retry_after = Duration::from_millis(1_500);
    sink.fail_with(SinkError::Busy { retry_after });
    let answer = ask(&sink.receiver(), export(), SPANS.as_bytes()).await;
    check_error(&answer, StatusCode::TOO_MANY_REQUESTS, "busy");
    assert_eq!(answer.headers[RETRY_AFTER], "2");
    let reason = "the log is being replayed".to_owned();
    sink.not_ready(SinkError::Unavailable {
        reason,
        retry_after,
    });
    let answer = ask(&sink.receiver(), export(), SPANS.as_bytes()).await;
    check_error(&answer, StatusCode::SERVICE_UNAVAILABLE, "unavailable");
    assert_eq!(answer.headers[RETRY_AFTER], "2");
}
