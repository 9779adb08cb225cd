use axum::body::Body;
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, RETRY_AFTER};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::super::tests::sent::{Batch, Sent};
use super::*;
use crate::fake_sink::{FakeSink, gzip};
use crate::{Refusal, SinkError};

/// So many valid spans.
fn batch(spans: u64) -> Batch {
    let sent = |span_id| Sent {
        trace_id: 1,
        span_id,
        name: "get".to_owned(),
        start: 1_700_000_000_000_000,
        ..Sent::default()
    };
    Batch::of((1..=spans).map(sent).collect())
}

async fn ask(
    receiver: &Arc<Receiver>,
    request: http::request::Builder,
    body: Vec<u8>,
) -> (StatusCode, HeaderMap, Bytes) {
    let request = request.body(Body::from(body)).expect("a request");
    let response = router(Arc::clone(receiver))
        .oneshot(request)
        .await
        .expect("infallible");
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a whole body").to_bytes();
    (parts.status, parts.headers, body)
}

fn thrift() -> http::request::Builder {
    http::Request::post(PATH).header(CONTENT_TYPE, THRIFT)
}

#[tokio::test]
async fn success_is_202_with_no_body_however_the_body_is_announced() {
    let sink = FakeSink::new();
    let receiver = sink.receiver();
    let forms = [
        thrift(),
        http::Request::post(PATH),
        http::Request::post(PATH).header(CONTENT_TYPE, THRIFT_BINARY),
        http::Request::post(PATH).header(CONTENT_TYPE, "Application/X-Thrift; charset=utf-8"),
        http::Request::post("/api/traces?format=jaeger.thrift").header(CONTENT_TYPE, THRIFT),
    ];
    let count = forms.len();
    for request in forms {
        let (status, _, body) = ask(&receiver, request, batch(2).thrift()).await;
        assert_eq!((status, &body[..]), (StatusCode::ACCEPTED, &b""[..]));
    }
    let compressed = thrift().header(CONTENT_ENCODING, "gzip");
    let (status, _, _) = ask(&receiver, compressed, gzip(&batch(1).thrift())).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    assert_eq!(sink.spans(), 2 * count + 1);
    let counts = receiver.counters().protocol(Protocol::JaegerHttpThrift);
    assert_eq!(counts.accepted_requests, count as u64 + 1);
}

#[tokio::test]
async fn invalid_spans_are_counted_and_the_others_are_taken() {
    let sink = FakeSink::new();
    let receiver = sink.receiver();
    let mut batch = batch(3);
    batch.spans[1].span_id = 0;
    let (status, _, _) = ask(&receiver, thrift(), batch.thrift()).await;
    assert_eq!((status, sink.spans()), (StatusCode::ACCEPTED, 2));
    let counts = receiver.counters().protocol(Protocol::JaegerHttpThrift);
    assert_eq!(counts.refused_spans[Refusal::SpanId as usize], 1);
    let taken = sink.taken.lock().expect("no panic within");
    let (payload, stored) = &taken[0];
    let again = crate::decode_payload(payload.encoding.tag(), &payload.body).expect("as before");
    assert!(again.batch.to_record_batch(None) == stored.to_record_batch(None));
}

#[tokio::test]
async fn what_cannot_be_taken_is_told_in_a_line() {
    let sink = FakeSink::new();
    let receiver = sink.receiver();
    let check = async |request, body, status, text: &str| {
        let (code, headers, body) = ask(&receiver, request, body).await;
        let answer = std::str::from_utf8(&body).expect("text");
        assert_eq!((code, answer), (status, text));
        assert_eq!(headers[CONTENT_TYPE], "text/plain; charset=utf-8");
        headers
    };
    let mut cut_off = batch(1).thrift();
    cut_off.pop();
    check(
        thrift(),
        cut_off,
        StatusCode::BAD_REQUEST,
        "not a Jaeger batch in Thrift's binary protocol: it ends within a value\n",
    )
    .await;
    check(
        http::Request::post(PATH).header(CONTENT_TYPE, "application/json"),
        b"{}".to_vec(),
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "Content-Type \"application/json\" is not supported; send a Jaeger batch in Thrift's binary protocol as \
         application/x-thrift\n",
    )
    .await;
    let headers = check(
        http::Request::get(PATH),
        Vec::new(),
        StatusCode::METHOD_NOT_ALLOWED,
        "GET is not possible here; Jaeger batches come by POST /api/traces, and traces are read at the HTTP API's port, \
         16686 by default\n",
    )
    .await;
    assert_eq!(headers[ALLOW], "POST");
    check(
        http::Request::post("/api/v2/spans"),
        Vec::new(),
        StatusCode::NOT_FOUND,
        "nothing is at /api/v2/spans; this is the Jaeger receiver, batches come by POST /api/traces; Zipkin has a port \
         of its own, 9411 by default\n",
    )
    .await;
    assert_eq!(sink.spans(), 0);
    sink.fail_with(SinkError::Busy {
        retry_after: std::time::Duration::from_secs(3),
    });
    let headers = check(
        thrift(),
        batch(1).thrift(),
        StatusCode::TOO_MANY_REQUESTS,
        "too many requests in flight; send again later\n",
    )
    .await;
    assert_eq!(headers[RETRY_AFTER], "3");
    let counts = receiver.counters().protocol(Protocol::JaegerHttpThrift);
    assert_eq!((counts.invalid_requests, counts.busy_requests), (1, 1));
}
