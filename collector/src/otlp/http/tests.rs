mod limits;
mod over_sockets;

use ::http::header::CONTENT_ENCODING;
use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::fake_sink::{self, FakeSink, gzip};
use crate::receiver::Compression;
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

    fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), JSON);
        serde_json::from_slice(&self.body).expect("JSON")
    }

    fn message(&self) -> String {
        self.json()["message"]
            .as_str()
            .expect("a google.rpc.Status")
            .to_owned()
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

fn export_of(content_type: &str) -> http::request::Builder {
    http::Request::post(PATH).header(CONTENT_TYPE, content_type)
}

async fn post_protobuf(receiver: &Arc<Receiver>, body: Vec<u8>) -> Answer {
    ask(receiver, export_of(PROTOBUF), body).await
}

async fn post_json(receiver: &Arc<Receiver>, body: Vec<u8>) -> Answer {
    ask(receiver, export_of(JSON), body).await
}

#[tokio::test]
async fn success_is_200_with_an_empty_response_in_the_requests_encoding() {
    let sink = FakeSink::new();
    let receiver = sink.receiver();
    let answer = post_protobuf(&receiver, fake_sink::protobuf(3, 0)).await;
    assert_eq!(
        (
            answer.status,
            answer.header("content-type"),
            &answer.body[..]
        ),
        (StatusCode::OK, PROTOBUF, &b""[..])
    );
    let answer = post_json(&receiver, fake_sink::json(2, 0)).await;
    assert_eq!(
        (
            answer.status,
            answer.header("content-type"),
            &answer.body[..]
        ),
        (StatusCode::OK, JSON, &b"{}"[..])
    );
    assert_eq!(sink.spans(), 5);
    let counts = receiver.counters().protocol(Protocol::OtlpHttpProtobuf);
    assert_eq!((counts.accepted_requests, counts.accepted_spans), (1, 3));
    assert_eq!(
        receiver
            .counters()
            .protocol(Protocol::OtlpHttpJson)
            .accepted_spans,
        2
    );
}

#[tokio::test]
async fn the_sink_gets_the_request_as_it_was_before_compression() {
    let sink = FakeSink::new();
    let body = fake_sink::protobuf(3, 1);
    let answer = ask(
        &sink.receiver(),
        export_of(PROTOBUF).header(CONTENT_ENCODING, "gzip"),
        gzip(&body),
    )
    .await;
    assert_eq!(answer.status, StatusCode::OK);
    let taken = sink.taken.lock().expect("no panic within");
    let (payload, batch) = &taken[0];
    assert_eq!(
        (payload.encoding, &payload.body[..], batch.rows()),
        (Encoding::OtlpProtobuf, &body[..], 3)
    );
    let again = crate::decode_payload(payload.encoding.tag(), &payload.body).expect("as before");
    assert_eq!(
        again.batch.to_record_batch(None),
        batch.to_record_batch(None)
    );
}

#[tokio::test]
async fn gzip_zstd_deflate_and_none_are_supported() {
    let sink = FakeSink::new();
    let receiver = sink.receiver();
    let body = fake_sink::protobuf(500, 0);
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut zlib, &body).expect("memory");
    let forms = [
        ("gzip", gzip(&body)),
        ("zstd", zstd::encode_all(&body[..], 3).expect("memory")),
        ("deflate", zlib.finish().expect("memory")),
        ("identity", body),
    ];
    for (index, (name, body)) in forms.into_iter().enumerate() {
        let answer = ask(
            &receiver,
            export_of(PROTOBUF).header(CONTENT_ENCODING, name),
            body,
        )
        .await;
        assert_eq!(
            (answer.status, sink.spans()),
            (StatusCode::OK, 500 * (index + 1)),
            "{name}"
        );
    }
}

#[tokio::test]
async fn an_unknown_compression_is_415_and_says_what_is_supported() {
    let request = export_of(JSON).header(CONTENT_ENCODING, "br");
    let answer = ask(&FakeSink::new().receiver(), request, b"x".to_vec()).await;
    assert_eq!(
        (answer.status, answer.header("accept-encoding")),
        (StatusCode::UNSUPPORTED_MEDIA_TYPE, Compression::ACCEPTED)
    );
    assert_eq!(
        answer.message(),
        "Content-Encoding \"br\" is not supported; send one of gzip, zstd, deflate, identity"
    );
}

#[tokio::test]
async fn an_export_without_spans_is_a_success() {
    let sink = FakeSink::new();
    let receiver = sink.receiver();
    assert_eq!(
        post_protobuf(&receiver, Vec::new()).await.status,
        StatusCode::OK
    );
    let answer = post_json(&receiver, b"{\"resourceSpans\":[]}".to_vec()).await;
    assert_eq!(
        (answer.status, &answer.body[..]),
        (StatusCode::OK, &b"{}"[..])
    );
    assert!(sink.taken.lock().expect("no panic within").is_empty());
}

#[tokio::test]
async fn invalid_spans_are_refused_by_partial_success_and_never_stored() {
    let sink = FakeSink::new();
    let receiver = sink.receiver();
    let answer = post_protobuf(&receiver, fake_sink::protobuf(1, 2)).await;
    assert_eq!((answer.status, sink.spans()), (StatusCode::OK, 1));
    let response = ExportTraceServiceResponse::decode(answer.body).expect("protobuf");
    let partial_success = response.partial_success.expect("set");
    assert_eq!(partial_success.rejected_spans, 2);
    let expect = "2 spans refused: 2 with trace_id not 16 bytes or all zero (first: \"span 0\" span 0000000000000001)";
    assert_eq!(partial_success.error_message, expect);

    let answer = post_json(&receiver, fake_sink::json(0, 2)).await;
    let partial_success = json!({ "rejectedSpans": "2", "errorMessage": expect });
    assert_eq!(
        (answer.status, answer.json()),
        (StatusCode::OK, json!({ "partialSuccess": partial_success }))
    );
    assert_eq!(sink.spans(), 1);
    let refused = receiver
        .counters()
        .protocol(Protocol::OtlpHttpJson)
        .refused_spans;
    assert_eq!(refused[crate::Refusal::TraceId as usize], 2);
}

#[tokio::test]
async fn a_warning_alone_refuses_nothing() {
    let mut request = fake_sink::request(1, 0);
    request.resource_spans[0].scope_spans[0].spans[0].kind = 99;
    let answer = post_protobuf(&FakeSink::new().receiver(), request.encode_to_vec()).await;
    let partial_success = ExportTraceServiceResponse::decode(answer.body)
        .expect("protobuf")
        .partial_success
        .expect("set");
    assert_eq!(partial_success.rejected_spans, 0);
    assert!(
        partial_success.error_message.contains("1 span kept"),
        "{}",
        partial_success.error_message
    );
}

#[tokio::test]
async fn media_types_may_have_parameters_and_others_are_415() {
    let sink = FakeSink::new();
    let receiver = sink.receiver();
    let with_parameter = export_of("Application/JSON; charset=utf-8");
    assert_eq!(
        ask(&receiver, with_parameter, fake_sink::json(1, 0))
            .await
            .status,
        StatusCode::OK
    );
    let answer = ask(&receiver, export_of("text/plain"), fake_sink::json(1, 0)).await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(
        answer.message(),
        "Content-Type \"text/plain\" is not supported; send OTLP as application/x-protobuf or application/json"
    );
    let answer = ask(&receiver, http::Request::post(PATH), fake_sink::json(1, 0)).await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn malformed_bodies_are_400_with_a_status_in_the_requests_encoding() {
    let receiver = FakeSink::new().receiver();
    let answer = post_json(&receiver, b"{\"resourceSpans\": 1}".to_vec()).await;
    assert_eq!(
        (answer.status, answer.json()["code"].as_u64()),
        (StatusCode::BAD_REQUEST, Some(3))
    );
    assert!(
        answer
            .message()
            .starts_with("not a JSON ExportTraceServiceRequest: "),
        "{}",
        answer.message()
    );
    let answer = post_protobuf(&receiver, vec![0x0a, 0x7f]).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (StatusCode::BAD_REQUEST, PROTOBUF)
    );
    // google.rpc.Status: the code in field 1, the message in field 2.
    assert_eq!(&answer.body[..3], &[0x08, 3, 0x12]);
    assert!(
        answer
            .body
            .ends_with(b"a length reaches past the end of its message")
    );
    let request = export_of(JSON).header(CONTENT_ENCODING, "gzip");
    let answer = ask(&receiver, request, b"not gzip".to_vec()).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(
        answer
            .message()
            .starts_with("the body cannot be decompressed"),
        "{}",
        answer.message()
    );
    assert_eq!(
        receiver
            .counters()
            .protocol(Protocol::OtlpHttpJson)
            .invalid_requests,
        2
    );
}

#[tokio::test]
async fn other_paths_and_methods_say_where_spans_go() {
    let receiver = FakeSink::new().receiver();
    let answer = ask(&receiver, http::Request::get(PATH), Vec::new()).await;
    assert_eq!(
        (answer.status, answer.header("allow")),
        (StatusCode::METHOD_NOT_ALLOWED, "POST")
    );
    assert_eq!(
        answer.message(),
        "GET is not possible here; OTLP spans come by POST /v1/traces"
    );
    let answer = ask(&receiver, http::Request::post("/v1/metrics"), Vec::new()).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(
        answer.message().contains("traces only"),
        "{}",
        answer.message()
    );
    let answer = ask(&receiver, http::Request::post("/"), Vec::new()).await;
    assert!(
        answer.message().contains("POST /v1/traces"),
        "{}",
        answer.message()
    );
}

#[tokio::test]
async fn browsers_may_export_from_allowed_origins() {
    let preflight = |origin: &str| {
        http::Request::options(PATH)
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type,x-tenant")
    };
    let anywhere = FakeSink::new().receiver();
    let answer = ask(&anywhere, preflight("https://shop.example"), Vec::new()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "https://shop.example"
    );
    assert_eq!(
        answer.header("access-control-allow-headers"),
        "content-type,x-tenant"
    );
    assert_eq!(answer.header("access-control-allow-methods"), "POST");

    let cors_allowed_origins = vec!["https://shop.example".to_owned()];
    let one = FakeSink::new().receiver_with(CollectorSettings {
        cors_allowed_origins,
        ..CollectorSettings::default()
    });
    let answer = ask(&one, preflight("https://other.example"), Vec::new()).await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
    let export = export_of(JSON).header("origin", "https://shop.example");
    let answer = ask(&one, export, fake_sink::json(1, 0)).await;
    assert_eq!(
        (answer.status, answer.header("access-control-allow-origin")),
        (StatusCode::OK, "https://shop.example")
    );
}
