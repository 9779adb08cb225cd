use prost::Message;
use tonic::Code;

use super::super::tests::messages::{
    ProbabilisticSamplingStrategy, SamplingStrategyParameters, SamplingStrategyResponse,
};
use super::super::tests::sent::{Batch, Sent};
use super::*;
use crate::fake_sink::FakeSink;
use crate::grpc::client::Server;
use crate::{Refusal, SinkError};

/// Two spans, of which one has no trace.
fn batch() -> Batch {
    let sent = |trace_id| Sent {
        trace_id,
        span_id: 1,
        start: 1_700_000_000_000_000,
        ..Sent::default()
    };
    Batch::of(vec![sent(1), sent(0)])
}

#[tokio::test]
async fn batches_are_taken_and_answered_with_nothing() {
    let sink = FakeSink::new();
    let receiver = sink.receiver();
    let server = Server::serving(serve, Arc::clone(&receiver)).await;
    let answer = server.call(POST_SPANS, batch().protobuf()).await;
    assert_eq!(answer.expect("taken"), b"");
    assert_eq!(sink.spans(), 1);
    let counts = receiver.counters().protocol(Protocol::JaegerGrpc);
    assert_eq!((counts.accepted_requests, counts.accepted_spans), (1, 1));
    assert_eq!(counts.refused_spans[Refusal::TraceId as usize], 1);
}

#[tokio::test]
async fn clients_that_ask_how_much_to_send_are_told_everything() {
    let sink = FakeSink::new();
    let server = Server::serving(serve, sink.receiver()).await;
    let parameters = SamplingStrategyParameters {
        service_name: "shop".to_owned(),
    };
    let answer = server
        .call(GET_SAMPLING_STRATEGY, parameters.encode_to_vec())
        .await
        .expect("an answer");
    let expect = SamplingStrategyResponse {
        strategy_type: 0,
        probabilistic_sampling: Some(ProbabilisticSamplingStrategy { sampling_rate: 1.0 }),
    };
    assert_eq!(SamplingStrategyResponse::decode(&answer[..]), Ok(expect));
}

#[tokio::test]
async fn what_cannot_be_taken_has_a_status_that_tells_whether_to_come_again() {
    let sink = FakeSink::new();
    let server = Server::serving(serve, sink.receiver()).await;
    let malformed = server.call(POST_SPANS, vec![0x0a, 5]).await;
    let status = malformed.expect_err("refused");
    assert_eq!(
        (status.code(), status.message()),
        (
            Code::InvalidArgument,
            "not a Jaeger PostSpansRequest: a length reaches past the end of its message"
        )
    );
    let unknown = server
        .call("/jaeger.api_v2.QueryService/GetServices", Vec::new())
        .await;
    let status = unknown.expect_err("refused");
    assert_eq!(status.code(), Code::Unimplemented);
    assert!(status.message().contains(POST_SPANS), "{status}");
    sink.not_ready(SinkError::Unavailable {
        reason: "starting".to_owned(),
        retry_after: std::time::Duration::from_secs(1),
    });
    let status = server
        .call(POST_SPANS, batch().protobuf())
        .await
        .expect_err("not now");
    assert_eq!(
        (status.code(), status.message()),
        (Code::Unavailable, "starting")
    );
}
