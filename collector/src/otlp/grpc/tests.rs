mod client;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::StatusCode;
use prost::Message;
use tonic::Code;
use tonic::client::Grpc;
use tonic::codec::CompressionEncoding;
use tower::ServiceExt;

use client::{Server, call, response, retry_delay};

use super::*;
use crate::fake_sink::{self, FakeSink};
use crate::grpc::{GRPC, HEALTH_CHECK};
use crate::{CollectorSettings, SinkError};

#[tokio::test]
async fn full_success_leaves_partial_success_unset() {
    let sink = FakeSink::new();
    let receiver = sink.receiver();
    let server = Server::start(Arc::clone(&receiver)).await;
    let response = server
        .export(fake_sink::protobuf(1000, 0))
        .await
        .expect("success");
    assert_eq!((response.partial_success, sink.spans()), (None, 1000));
    let counts = receiver.counters().protocol(Protocol::OtlpGrpc);
    assert_eq!((counts.accepted_requests, counts.accepted_spans), (1, 1000));
}

#[tokio::test]
async fn an_export_without_spans_is_a_success() {
    let sink = FakeSink::new();
    let server = Server::start(sink.receiver()).await;
    assert_eq!(
        server
            .export(Vec::new())
            .await
            .expect("success")
            .partial_success,
        None
    );
    assert!(sink.taken.lock().expect("no panic within").is_empty());
}

#[tokio::test]
async fn invalid_spans_are_refused_by_partial_success_and_never_stored() {
    let sink = FakeSink::new();
    let server = Server::start(sink.receiver()).await;
    let response = server
        .export(fake_sink::protobuf(2, 3))
        .await
        .expect("partial success");
    let partial_success = response.partial_success.expect("set");
    assert_eq!((partial_success.rejected_spans, sink.spans()), (3, 2));
    assert!(
        partial_success
            .error_message
            .starts_with("3 spans refused: 3 with trace_id not 16 bytes or all zero")
    );
}

#[tokio::test]
async fn gzip_zstd_and_none_are_supported_for_requests() {
    let sink = FakeSink::new();
    let server = Server::start(sink.receiver()).await;
    for (index, encoding) in [CompressionEncoding::Gzip, CompressionEncoding::Zstd]
        .into_iter()
        .enumerate()
    {
        let client = Grpc::new(server.channel.clone()).send_compressed(encoding);
        call(client, EXPORT, fake_sink::protobuf(700, 0))
            .await
            .expect("success");
        assert_eq!(sink.spans(), 700 * (index + 1));
    }
}

#[tokio::test]
async fn a_long_answer_is_gzipped_for_those_who_understand_it() {
    let server = Server::start(FakeSink::new().receiver()).await;
    let mut request = fake_sink::request(0, 8);
    let spans = &mut request.resource_spans[0].scope_spans[0].spans;
    spans[0].name = "a long name ".repeat(20);
    for (index, span) in spans.iter_mut().enumerate().skip(1) {
        span.trace_id = vec![1; 16];
        match index % 4 {
            0 => span.span_id = Vec::new(),
            1 => span.parent_span_id = vec![1],
            2 => span.start_time_unix_nano = u64::MAX,
            _ => span.end_time_unix_nano = 1,
        }
    }
    let client = Grpc::new(server.channel.clone()).accept_compressed(CompressionEncoding::Gzip);
    let answer = call(client, EXPORT, request.encode_to_vec())
        .await
        .expect("partial success");
    assert_eq!(
        response(&answer)
            .partial_success
            .expect("set")
            .rejected_spans,
        8
    );
    assert!(answer.len() >= 256, "as long as compressed answers are");
}

#[tokio::test]
async fn too_large_is_resource_exhausted_without_retry_info() {
    let sink = FakeSink::new();
    let settings = CollectorSettings {
        max_request_bytes: 10_000,
        ..CollectorSettings::default()
    };
    let server = Server::start(sink.receiver_with(settings)).await;
    let large = fake_sink::protobuf(1000, 0);
    let status = server
        .export(large.clone())
        .await
        .expect_err("over the limit");
    assert_eq!(
        (status.code(), retry_delay(&status)),
        (Code::ResourceExhausted, None)
    );
    assert!(
        status.message().contains("10000 bytes"),
        "{}",
        status.message()
    );
    for encoding in [CompressionEncoding::Gzip, CompressionEncoding::Zstd] {
        let client = Grpc::new(server.channel.clone()).send_compressed(encoding);
        let status = call(client, EXPORT, large.clone())
            .await
            .expect_err("over the limit once decompressed");
        assert_eq!(
            (status.code(), retry_delay(&status)),
            (Code::ResourceExhausted, None)
        );
    }
    assert_eq!(sink.spans(), 0);
}

#[tokio::test]
async fn overload_is_retryable_and_says_when() {
    let retry_after = Duration::from_millis(1500);
    let sink = FakeSink::new();
    let server = Server::start(sink.receiver()).await;
    sink.fail_with(SinkError::Unavailable {
        reason: "the disk is full: 100 %".into(),
        retry_after,
    });
    let status = server
        .export(fake_sink::protobuf(1, 0))
        .await
        .expect_err("unavailable");
    assert_eq!(
        (status.code(), retry_delay(&status)),
        (Code::Unavailable, Some(retry_after))
    );
    assert_eq!(status.message(), "the disk is full: 100 %");
    sink.fail_with(SinkError::Busy { retry_after });
    let status = server
        .export(fake_sink::protobuf(1, 0))
        .await
        .expect_err("busy");
    assert_eq!(
        (status.code(), retry_delay(&status)),
        (Code::ResourceExhausted, Some(retry_after))
    );
    sink.fail_with(SinkError::Rejected {
        reason: "never".into(),
    });
    let status = server
        .export(fake_sink::protobuf(1, 0))
        .await
        .expect_err("rejected");
    assert_eq!(
        (status.code(), retry_delay(&status)),
        (Code::InvalidArgument, None)
    );
}

#[tokio::test]
async fn before_the_sink_is_ready_every_export_is_unavailable() {
    let sink = FakeSink::new();
    sink.not_ready(SinkError::Unavailable {
        reason: "replaying".into(),
        retry_after: Duration::from_secs(1),
    });
    let server = Server::start(sink.receiver()).await;
    let status = server.export(Vec::new()).await.expect_err("not ready");
    assert_eq!(
        (status.code(), retry_delay(&status)),
        (Code::Unavailable, Some(Duration::from_secs(1)))
    );
    let health = server
        .call(HEALTH_CHECK, Vec::new())
        .await
        .expect("an answer");
    assert_eq!(health, [0x08, 2]);
}

#[tokio::test]
async fn probes_of_health_are_answered() {
    let server = Server::start(FakeSink::new().receiver()).await;
    assert_eq!(
        server
            .call(HEALTH_CHECK, Vec::new())
            .await
            .expect("an answer"),
        [0x08, 1]
    );
}

#[tokio::test]
async fn bad_data_is_invalid_argument() {
    let receiver = FakeSink::new().receiver();
    let server = Server::start(Arc::clone(&receiver)).await;
    let status = server
        .export(vec![0x0a, 0x7f])
        .await
        .expect_err("malformed");
    assert_eq!(
        (status.code(), retry_delay(&status)),
        (Code::InvalidArgument, None)
    );
    assert!(
        status
            .message()
            .starts_with("not a protobuf ExportTraceServiceRequest"),
        "{}",
        status.message()
    );
    assert_eq!(
        receiver
            .counters()
            .protocol(Protocol::OtlpGrpc)
            .invalid_requests,
        1
    );
}

#[tokio::test]
async fn other_services_are_unimplemented() {
    let server = Server::start(FakeSink::new().receiver()).await;
    let metrics = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
    let status = server.call(metrics, Vec::new()).await.expect_err("unknown");
    assert_eq!(status.code(), Code::Unimplemented);
    assert!(
        status.message().contains("traces only"),
        "{}",
        status.message()
    );
}

#[tokio::test]
async fn many_exports_share_a_connection_and_finish_at_shutdown() {
    let sink = FakeSink::new();
    sink.permits
        .forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    let receiver = sink.receiver();
    let server = Server::start(Arc::clone(&receiver)).await;
    let exports: Vec<_> = (0..50)
        .map(|_| {
            let client = Grpc::new(server.channel.clone());
            tokio::spawn(call(client, EXPORT, fake_sink::protobuf(10, 0)))
        })
        .collect();
    let body = fake_sink::protobuf(10, 0).len() as u64;
    while receiver
        .counters()
        .protocol(Protocol::OtlpGrpc)
        .decompressed_bytes
        < 50 * body
    {
        tokio::task::yield_now().await;
    }
    server.shutdown.cancel();
    sink.permits.add_permits(50);
    for export in exports {
        export.await.expect("no panic").expect("success");
    }
    server.task.await.expect("no panic");
    assert_eq!(sink.spans(), 500);
}

/// What a call whose frame is made by hand is answered: the code and whether it is a gRPC answer.
async fn raw_call(headers: &[(&str, &str)], body: Vec<u8>) -> (StatusCode, String) {
    let mut request = http::Request::post(EXPORT);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body)).expect("a request");
    let response = router(FakeSink::new().receiver())
        .oneshot(request)
        .await
        .expect("infallible");
    let code = response
        .headers()
        .get("grpc-status")
        .map_or("", |value| value.to_str().expect("a number"));
    (response.status(), code.to_owned())
}

#[tokio::test]
async fn impossible_frames_are_refused() {
    let grpc = ("content-type", GRPC);
    let check = |headers: Vec<(&'static str, &'static str)>, body: Vec<u8>, code: &'static str| async move {
        assert_eq!(
            raw_call(&headers, body.clone()).await,
            (StatusCode::OK, code.to_owned()),
            "{body:?}"
        );
    };
    check(vec![grpc], vec![], "3").await;
    check(vec![grpc], vec![0, 0, 0, 0], "3").await;
    check(vec![grpc], vec![0, 0, 0, 0, 1], "3").await;
    check(vec![grpc], vec![0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "3").await;
    check(vec![grpc], vec![2, 0, 0, 0, 0], "3").await;
    check(vec![grpc], vec![0, 0xff, 0xff, 0xff, 0xff], "8").await;
    check(vec![grpc], vec![1, 0, 0, 0, 0], "13").await;
    check(
        vec![grpc, ("grpc-encoding", "gzip")],
        vec![1, 0, 0, 0, 1, 9],
        "3",
    )
    .await;
    check(
        vec![grpc, ("grpc-encoding", "snappy")],
        vec![0, 0, 0, 0, 0],
        "12",
    )
    .await;
}

#[tokio::test]
async fn senders_that_mistook_the_port_are_told() {
    for content_type in [
        "application/json",
        "application/grpcweb",
        "application/grpc+json",
    ] {
        let (status, code) = raw_call(&[("content-type", content_type)], Vec::new()).await;
        assert_eq!(
            (status, code.as_str()),
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, ""),
            "{content_type}"
        );
    }
    let (status, _) = raw_call(&[("content-type", "application/grpc+proto")], vec![0; 5]).await;
    assert_eq!(status, StatusCode::OK);
}
