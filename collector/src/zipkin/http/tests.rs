mod calls;
mod over_sockets;

use std::time::Duration;

use ::http::header::CONTENT_ENCODING;
use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use serde_json::json;
use tower::ServiceExt;

use super::*;
use crate::fake_sink::{ARRIVAL, FakeSink, gzip};
use crate::receiver::Compression;
use crate::thrift::Type;
use crate::thrift::value::{Value, Written};
use crate::{CollectorSettings, SinkError};

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn header(&self, name: impl AsRef<str>) -> &str {
        self.headers
            .get(name.as_ref())
            .map_or("", |value| value.to_str().expect("text"))
    }

    /// The one line of text that the answer is.
    fn line(&self) -> &str {
        assert_eq!(self.header("content-type"), "text/plain; charset=utf-8");
        let text = std::str::from_utf8(&self.body).expect("text");
        let line = text.strip_suffix('\n').expect("a whole line");
        assert!(!line.contains('\n'), "{line}");
        line
    }
}

async fn ask(receiver: &Arc<Receiver>, request: http::request::Builder, body: Vec<u8>) -> Answer {
    let request = request.body(Body::from(body)).expect("a request");
    let response = router(Arc::clone(receiver))
        .oneshot(request)
        .await
        .expect("infallible");
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a whole body").to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}

fn post_of(path: &str, content_type: &str) -> http::request::Builder {
    let request = http::Request::post(path);
    match content_type {
        "" => request,
        _ => request.header(CONTENT_TYPE, content_type),
    }
}

async fn post_v2(receiver: &Arc<Receiver>, body: Vec<u8>) -> Answer {
    ask(receiver, post_of(V2_PATH, JSON), body).await
}

/// So many valid spans, then so many whose trace id is zero.
fn json_spans(valid: usize, invalid: usize) -> Vec<u8> {
    let span = |trace_id: &str| json!({ "traceId": trace_id, "id": "7", "name": "get" });
    let spans = std::iter::repeat_n(span("1"), valid);
    let spans = spans.chain(std::iter::repeat_n(span("0"), invalid));
    json!(spans.collect::<Vec<_>>()).to_string().into_bytes()
}

/// A protobuf list of one span.
fn protobuf_span() -> Vec<u8> {
    let span = [&[0x0a, 8][..], &[1; 8], &[0x1a, 8], &[2; 8]].concat();
    [&[0x0a, span.len() as u8][..], &span].concat()
}

/// A Thrift list of one span.
fn thrift_span() -> Vec<u8> {
    let span = Value::Struct(vec![(1, Value::I64(1)), (4, Value::I64(2))]);
    Value::List(Type::Struct, vec![span]).write(Written::Binary)
}

#[tokio::test]
async fn every_encoding_is_202_with_an_empty_body() {
    let sink = FakeSink::new();
    let receiver = sink.receiver();
    let requests = [
        (V2_PATH, JSON, json_spans(1, 0), Protocol::ZipkinV2Json),
        (V2_PATH, "", json_spans(1, 0), Protocol::ZipkinV2Json),
        (
            V2_PATH,
            "Application/JSON; charset=utf-8",
            json_spans(1, 0),
            Protocol::ZipkinV2Json,
        ),
        (
            V2_PATH,
            PROTOBUF,
            protobuf_span(),
            Protocol::ZipkinV2Protobuf,
        ),
        (V1_PATH, JSON, json_spans(1, 0), Protocol::ZipkinV1Json),
        (V1_PATH, "", json_spans(1, 0), Protocol::ZipkinV1Json),
        (V1_PATH, THRIFT, thrift_span(), Protocol::ZipkinV1Thrift),
    ];
    for (index, (path, content_type, body, protocol)) in requests.into_iter().enumerate() {
        let before = receiver.counters().protocol(protocol).accepted_spans;
        let answer = ask(&receiver, post_of(path, content_type), body).await;
        assert_eq!(
            (answer.status, &answer.body[..], sink.spans()),
            (StatusCode::ACCEPTED, &b""[..], index + 1),
            "{path} {content_type}"
        );
        assert_eq!(
            receiver.counters().protocol(protocol).accepted_spans,
            before + 1
        );
    }
}

#[tokio::test]
async fn the_sink_gets_the_arrival_and_the_request() {
    let sink = FakeSink::new();
    let body = json_spans(2, 1);
    let request = post_of(V2_PATH, JSON).header(CONTENT_ENCODING, "gzip");
    let answer = ask(&sink.receiver(), request, gzip(&body)).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let taken = sink.taken.lock().expect("no panic within");
    let (payload, batch) = &taken[0];
    let stamped = [&ARRIVAL.0.to_le_bytes()[..], &body].concat();
    assert_eq!(
        (payload.encoding, &payload.body[..], batch.rows()),
        (Encoding::ZipkinV2Json, &stamped[..], 2)
    );
    let again = crate::decode_payload(payload.encoding.tag(), &payload.body).expect("as before");
    assert_eq!(
        again.batch.to_record_batch(None),
        batch.to_record_batch(None)
    );
}

#[tokio::test]
async fn bodies_may_be_compressed() {
    let sink = FakeSink::new();
    let receiver = sink.receiver();
    let body = json_spans(500, 0);
    let forms = [
        ("gzip", gzip(&body)),
        ("zstd", zstd::encode_all(&body[..], 3).expect("memory")),
        ("identity", body.clone()),
    ];
    for (index, (name, body)) in forms.into_iter().enumerate() {
        let request = post_of(V1_PATH, JSON).header(CONTENT_ENCODING, name);
        let answer = ask(&receiver, request, body).await;
        assert_eq!(
            (answer.status, sink.spans()),
            (StatusCode::ACCEPTED, 500 * (index + 1)),
            "{name}"
        );
    }
    let unknown = post_of(V2_PATH, JSON).header(CONTENT_ENCODING, "br");
    let answer = ask(&receiver, unknown, body.clone()).await;
    assert_eq!(
        (answer.status, answer.header("accept-encoding")),
        (StatusCode::UNSUPPORTED_MEDIA_TYPE, Compression::ACCEPTED)
    );
    let broken = post_of(V2_PATH, JSON).header(CONTENT_ENCODING, "gzip");
    let answer = ask(&receiver, broken, body).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(
        answer.line().starts_with("the body cannot be decompressed"),
        "{}",
        answer.line()
    );
}

#[tokio::test]
async fn a_request_without_spans_is_accepted_and_stores_nothing() {
    let sink = FakeSink::new();
    let receiver = sink.receiver();
    let empty_thrift = Value::List(Type::Struct, vec![]).write(Written::Binary);
    for (path, content_type, body) in [
        (V2_PATH, "", &b""[..]),
        (V2_PATH, JSON, b"[]"),
        (V2_PATH, PROTOBUF, b""),
        (V1_PATH, JSON, b""),
        (V1_PATH, "", b"[]"),
        (V1_PATH, THRIFT, b""),
        (V1_PATH, THRIFT, &empty_thrift),
    ] {
        let answer = ask(&receiver, post_of(path, content_type), body.to_vec()).await;
        assert_eq!(
            (answer.status, &answer.body[..]),
            (StatusCode::ACCEPTED, &b""[..])
        );
    }
    assert!(sink.taken.lock().expect("no panic within").is_empty());
}

#[tokio::test]
async fn refused_spans_are_named_and_the_others_land() {
    let sink = FakeSink::new();
    let receiver = sink.receiver();
    let answer = post_v2(&receiver, json_spans(1, 2)).await;
    assert_eq!((answer.status, sink.spans()), (StatusCode::ACCEPTED, 1));
    assert_eq!(
        answer.line(),
        "2 spans refused: 2 with trace_id not 16 bytes or all zero (first: \"get\" span 0000000000000007)"
    );
    let refused = receiver
        .counters()
        .protocol(Protocol::ZipkinV2Json)
        .refused_spans;
    assert_eq!(refused[crate::Refusal::TraceId as usize], 2);
}

#[tokio::test]
async fn what_cannot_be_read_is_400_with_the_reason_and_stores_nothing() {
    let sink = FakeSink::new();
    let receiver = sink.receiver();
    let v1 = json!([{ "traceId": "1", "id": "2", "binaryAnnotations": [] }]).to_string();
    let v2 = json!([{ "traceId": "1", "id": "2", "tags": {} }]).to_string();
    let single = json!({ "traceId": "1", "id": "2" }).to_string();
    let cut = protobuf_span().len() - 1;
    let cut_thrift = thrift_span().len() - 1;
    for (path, content_type, body, reason) in [
        (V2_PATH, JSON, v1.as_bytes(), "POST /api/v1/spans"),
        (V1_PATH, JSON, v2.as_bytes(), "POST /api/v2/spans"),
        (V2_PATH, JSON, single.as_bytes(), "expected a list of spans"),
        (V1_PATH, JSON, single.as_bytes(), "expected a list of spans"),
        (V2_PATH, "", b"hello", "expected value at line 1"),
        (
            V2_PATH,
            PROTOBUF,
            &protobuf_span()[..cut],
            "reaches past the end",
        ),
        (V2_PATH, PROTOBUF, v2.as_bytes(), "looks like JSON"),
        (
            V1_PATH,
            THRIFT,
            &thrift_span()[..cut_thrift],
            "ends within a value",
        ),
        (
            V1_PATH,
            THRIFT,
            &[12, 0x7f, 0xff, 0xff, 0xff],
            "a length is",
        ),
    ] {
        let answer = ask(&receiver, post_of(path, content_type), body.to_vec()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path} {reason}");
        assert!(answer.line().contains(reason), "{}", answer.line());
    }
    assert!(sink.taken.lock().expect("no panic within").is_empty());
    let counts = receiver.counters().protocol(Protocol::ZipkinV1Thrift);
    assert_eq!(counts.invalid_requests, 2);
}

#[tokio::test]
async fn other_media_types_are_415_and_say_what_is_supported() {
    let receiver = FakeSink::new().receiver();
    let check = async |path: &str, content_type: &str, expect: &str| {
        let answer = ask(&receiver, post_of(path, content_type), json_spans(1, 0)).await;
        let given = (answer.status, answer.line());
        assert_eq!(given, (StatusCode::UNSUPPORTED_MEDIA_TYPE, expect));
    };
    check(
        V2_PATH,
        "text/plain",
        "Content-Type \"text/plain\" is not supported; send Zipkin v2 spans as application/json or application/x-protobuf",
    )
    .await;
    check(
        V1_PATH,
        PROTOBUF,
        "Content-Type \"application/x-protobuf\" is not supported; send Zipkin v1 spans as application/json or \
         application/x-thrift",
    )
    .await;
    check(
        V2_PATH,
        THRIFT,
        "Content-Type \"application/x-thrift\" is not supported; send Zipkin v2 spans as application/json or \
         application/x-protobuf",
    )
    .await;
}

#[tokio::test]
async fn an_overloaded_sink_is_429_or_503_with_retry_after() {
    let retry_after = Duration::from_millis(1500);
    let sink = FakeSink::new();
    let receiver = sink.receiver();
    sink.fail_with(SinkError::Busy { retry_after });
    let answer = post_v2(&receiver, json_spans(1, 0)).await;
    assert_eq!(
        (answer.status, answer.header("retry-after"), answer.line()),
        (
            StatusCode::TOO_MANY_REQUESTS,
            "2",
            "too many requests in flight; send again later"
        )
    );
    sink.fail_with(SinkError::Unavailable {
        reason: "the disk is full".into(),
        retry_after,
    });
    let answer = post_v2(&receiver, json_spans(1, 0)).await;
    assert_eq!(
        (answer.status, answer.header("retry-after"), answer.line()),
        (StatusCode::SERVICE_UNAVAILABLE, "2", "the disk is full")
    );
}

#[tokio::test]
async fn a_body_over_the_limit_is_413() {
    let receiver = FakeSink::new().receiver_with(CollectorSettings {
        max_request_bytes: 1_000,
        ..CollectorSettings::default()
    });
    let answer = post_v2(&receiver, json_spans(100, 0)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.line().contains("1000 bytes"), "{}", answer.line());
}

#[tokio::test]
async fn other_paths_and_methods_say_where_spans_go() {
    let receiver = FakeSink::new().receiver();
    let answer = ask(&receiver, http::Request::get(V2_PATH), Vec::new()).await;
    assert_eq!(
        (answer.status, answer.header("allow"), answer.line()),
        (
            StatusCode::METHOD_NOT_ALLOWED,
            "POST",
            "GET is not possible here; this is the Zipkin receiver, spans come by POST /api/v2/spans or POST \
             /api/v1/spans"
        )
    );
    let answer = ask(&receiver, http::Request::post("/v1/traces"), Vec::new()).await;
    assert_eq!(
        (answer.status, answer.line()),
        (
            StatusCode::NOT_FOUND,
            "nothing is at /v1/traces; this is the Zipkin receiver, spans come by POST /api/v2/spans or POST \
             /api/v1/spans; OTLP over HTTP has a port of its own, 4318 by default"
        )
    );
}

#[tokio::test]
async fn browsers_may_send_from_allowed_origins() {
    let receiver = FakeSink::new().receiver();
    let preflight = http::Request::options(V2_PATH)
        .header("origin", "https://shop.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type");
    let answer = ask(&receiver, preflight, Vec::new()).await;
    assert_eq!(
        (answer.status, answer.header("access-control-allow-origin")),
        (StatusCode::OK, "https://shop.example")
    );
    let export = post_of(V2_PATH, JSON).header("origin", "https://shop.example");
    let answer = ask(&receiver, export, json_spans(1, 0)).await;
    assert_eq!(
        (answer.status, answer.header("access-control-allow-origin")),
        (StatusCode::ACCEPTED, "https://shop.example")
    );
}
