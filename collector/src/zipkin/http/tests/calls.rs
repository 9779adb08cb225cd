//! The gRPC method on the same port.

use super::*;

async fn call(receiver: &Arc<Receiver>, path: &str, message: &[u8]) -> Answer {
    let frame = [&[0, 0, 0, 0, message.len() as u8][..], message].concat();
    ask(receiver, post_of(path, "application/grpc"), frame).await
}

#[tokio::test]
async fn a_report_is_answered_with_an_empty_message() {
    let sink = FakeSink::new();
    let receiver = sink.receiver();
    let answer = call(&receiver, REPORT, &protobuf_span()).await;
    assert_eq!(
        (
            answer.status,
            answer.header("content-type"),
            &answer.body[..]
        ),
        (StatusCode::OK, "application/grpc", &[0; 5][..])
    );
    assert_eq!(sink.spans(), 1);
    let counts = receiver.counters().protocol(Protocol::ZipkinV2Protobuf);
    assert_eq!(counts.accepted_spans, 1);
}

#[tokio::test]
async fn failures_are_those_of_grpc() {
    let receiver = FakeSink::new().receiver();
    let answer = call(&receiver, REPORT, b"hello").await;
    assert_eq!(
        (answer.status, answer.header("grpc-status")),
        (StatusCode::OK, "3")
    );
    let answer = call(&receiver, "/zipkin.proto3.SpanService/Fetch", b"").await;
    assert_eq!(answer.header("grpc-status"), "12");
    assert!(answer.header("grpc-message").contains("SpanService/Report"));
}

#[tokio::test]
async fn the_method_is_no_path_of_plain_http() {
    let receiver = FakeSink::new().receiver();
    let answer = ask(&receiver, post_of(REPORT, PROTOBUF), protobuf_span()).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}
