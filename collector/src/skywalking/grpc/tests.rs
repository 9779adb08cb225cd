mod framing;

use std::time::Duration;

use futures::channel::mpsc;
use futures::stream;
use prost::Message;
use tonic::Code;
use tonic::client::Grpc;
use tonic::codec::CompressionEncoding;

use super::*;
use crate::fake_sink::FakeSink;
use crate::grpc::HEALTH_CHECK;
use crate::grpc::client::{self, Server, retry_delay};
use crate::skywalking::messages::{SegmentCollection, SegmentObject, segment, span};
use crate::{CollectorSettings, SinkError, decode_payload};

/// A segment of so many spans.
fn segment_of(spans: usize) -> SegmentObject {
    let numbers = (0..spans).map(|number| i32::try_from(number).expect("few"));
    let spans = numbers.map(|number| span(number, number - 1, 2)).collect();
    segment("a trace", "a segment", spans)
}

fn message_of(spans: usize) -> Vec<u8> {
    segment_of(spans).encode_to_vec()
}

/// Waits until so many spans are stored.
async fn stored(sink: &FakeSink, spans: usize) {
    while sink.spans() < spans {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn each_message_of_a_stream_is_stored_as_it_came() {
    let sink = FakeSink::new();
    let receiver = sink.receiver();
    let server = Server::serving(serve, Arc::clone(&receiver)).await;
    let messages = [message_of(1), message_of(20), Vec::new(), message_of(300)];
    for path in COLLECT {
        let sent = stream::iter(messages.clone());
        let commands = server.stream(path, sent).await.expect("success");
        assert_eq!(commands, b"", "no commands");
    }
    assert_eq!(sink.spans(), 2 * 321);
    let taken = sink.taken.lock().expect("no panic within");
    assert_eq!(taken.len(), 6, "the empty ones are not stored");
    for (payload, batch) in taken.iter() {
        let again = decode_payload(payload.encoding.tag(), &payload.body).expect("as before");
        assert_eq!(
            again.batch.to_record_batch(None),
            batch.to_record_batch(None)
        );
    }
    let counts = receiver.counters().protocol(Protocol::SkyWalkingGrpc);
    assert_eq!((counts.accepted_requests, counts.accepted_spans), (8, 642));
}

#[tokio::test]
async fn a_stream_without_messages_is_a_success() {
    let server = Server::serving(serve, FakeSink::new().receiver()).await;
    let commands = server.stream(COLLECT[0], stream::iter([])).await;
    assert_eq!(commands.expect("success"), b"");
}

#[tokio::test]
async fn a_collection_of_segments_comes_in_one_message() {
    let sink = FakeSink::new();
    let server = Server::serving(serve, sink.receiver()).await;
    let segments = vec![segment_of(2), segment_of(3)];
    let message = SegmentCollection { segments }.encode_to_vec();
    for path in COLLECT_IN_SYNC {
        let commands = server.call(path, message.clone()).await.expect("success");
        assert_eq!(commands, b"", "no commands");
    }
    assert_eq!(sink.spans(), 10);
}

#[tokio::test]
async fn a_message_is_durable_before_its_stream_ends() {
    let sink = FakeSink::new();
    let server = Server::serving(serve, sink.receiver()).await;
    let (mut sender, messages) = mpsc::channel(1);
    let call = client::stream(Grpc::new(server.channel.clone()), COLLECT[0], messages);
    let call = tokio::spawn(call);
    for spans in [1, 2, 3] {
        sender.try_send(message_of(1)).expect("there is room");
        stored(&sink, spans).await;
    }
    assert!(!call.is_finished());
    drop(sender);
    call.await.expect("no panic").expect("success");
}

#[tokio::test]
async fn a_message_of_many_frames_is_joined() {
    let sink = FakeSink::new();
    let server = Server::serving(serve, sink.receiver()).await;
    // Longer than a frame of HTTP/2, and than what may be sent before it is read.
    let messages = stream::iter([message_of(40_000), message_of(1), message_of(20_000)]);
    server.stream(COLLECT[0], messages).await.expect("success");
    assert_eq!(sink.spans(), 60_001);
}

#[tokio::test]
async fn compressed_messages_are_read() {
    let sink = FakeSink::new();
    let server = Server::serving(serve, sink.receiver()).await;
    for encoding in [CompressionEncoding::Gzip, CompressionEncoding::Zstd] {
        let client = Grpc::new(server.channel.clone()).send_compressed(encoding);
        let messages = stream::iter([message_of(100), message_of(200)]);
        client::stream(client, COLLECT[0], messages)
            .await
            .expect("success");
    }
    assert_eq!(sink.spans(), 600);
}

#[tokio::test]
async fn what_was_durable_stays_when_a_later_message_fails() {
    let settings = CollectorSettings {
        max_request_bytes: 10_000,
        ..CollectorSettings::default()
    };
    for (bad, code) in [
        (message_of(1000), Code::ResourceExhausted),
        (vec![0x0a, 0x7f], Code::InvalidArgument),
    ] {
        let sink = FakeSink::new();
        let receiver = sink.receiver_with(settings.clone());
        let server = Server::serving(serve, Arc::clone(&receiver)).await;
        let messages = stream::iter([message_of(1), message_of(2), bad, message_of(4)]);
        let status = server
            .stream(COLLECT[0], messages)
            .await
            .expect_err("the third message is bad");
        assert_eq!((status.code(), retry_delay(&status)), (code, None));
        assert_eq!(sink.spans(), 3);
        let counts = receiver.counters().protocol(Protocol::SkyWalkingGrpc);
        let failures = counts.invalid_requests + counts.too_large_requests;
        assert_eq!((counts.accepted_requests, failures), (2, 1));
        // The connection is as good as before.
        let messages = stream::iter([message_of(4)]);
        server.stream(COLLECT[0], messages).await.expect("success");
        assert_eq!(sink.spans(), 7);
    }
}

#[tokio::test]
async fn what_was_durable_stays_when_the_sender_goes_away() {
    let sink = FakeSink::new();
    let server = Server::serving(serve, sink.receiver()).await;
    let (mut sender, messages) = mpsc::channel(1);
    let call = client::stream(Grpc::new(server.channel.clone()), COLLECT[0], messages);
    let call = tokio::spawn(call);
    sender.try_send(message_of(5)).expect("there is room");
    stored(&sink, 5).await;
    call.abort();
    assert!(call.await.expect_err("aborted").is_cancelled());
    let messages = stream::iter([message_of(2)]);
    server.stream(COLLECT[0], messages).await.expect("success");
    assert_eq!(sink.spans(), 7);
}

#[tokio::test]
async fn overload_is_retryable_and_says_when() {
    let retry_after = Duration::from_millis(1500);
    let sink = FakeSink::new();
    let server = Server::serving(serve, sink.receiver()).await;
    sink.fail_with(SinkError::Busy { retry_after });
    let messages = stream::iter([message_of(1)]);
    let status = server.stream(COLLECT[0], messages).await.expect_err("busy");
    assert_eq!(
        (status.code(), retry_delay(&status)),
        (Code::ResourceExhausted, Some(retry_after))
    );
    sink.not_ready(SinkError::Unavailable {
        reason: "replaying".into(),
        retry_after,
    });
    let messages = stream::iter([message_of(1)]);
    let status = server.stream(COLLECT[0], messages).await;
    let status = status.expect_err("not ready");
    assert_eq!(
        (status.code(), retry_delay(&status)),
        (Code::Unavailable, Some(retry_after))
    );
}

#[tokio::test]
async fn refused_spans_are_counted_and_the_others_stored() {
    let sink = FakeSink::new();
    let receiver = sink.receiver();
    let server = Server::serving(serve, Arc::clone(&receiver)).await;
    let mut sent = segment_of(3);
    sent.spans[1].end_time = sent.spans[1].start_time - 1;
    let messages = stream::iter([sent.encode_to_vec()]);
    server.stream(COLLECT[0], messages).await.expect("success");
    let counts = receiver.counters().protocol(Protocol::SkyWalkingGrpc);
    let refused: u64 = counts.refused_spans.iter().sum();
    assert_eq!((counts.accepted_spans, refused), (2, 1));
}

#[tokio::test]
async fn what_agents_report_besides_is_answered_with_no_commands() {
    let sink = FakeSink::new();
    let server = Server::serving(serve, sink.receiver()).await;
    for path in IGNORED {
        let commands = server.call(path, vec![0xff; 100]).await;
        assert_eq!(commands.expect("success"), b"", "{path}");
        let messages = stream::iter([vec![0xff; 100], Vec::new(), vec![0; 100_000]]);
        let commands = server.stream(path, messages).await;
        assert_eq!(commands.expect("success"), b"", "{path}");
    }
    assert_eq!(sink.spans(), 0);
}

#[tokio::test]
async fn what_is_ignored_is_not_read_without_end() {
    let settings = CollectorSettings {
        max_request_bytes: 100_000,
        ..CollectorSettings::default()
    };
    let server = Server::serving(serve, FakeSink::new().receiver_with(settings)).await;
    let messages = stream::repeat(vec![0; 10_000]);
    let commands = server.stream(IGNORED[7], messages).await;
    assert_eq!(commands.expect("success"), b"");
}

#[tokio::test]
async fn other_services_are_unimplemented_and_health_is_told() {
    let server = Server::serving(serve, FakeSink::new().receiver()).await;
    let path = "/skywalking.v3.SpanAttachedEventReportService/collect";
    let status = server.call(path, Vec::new()).await.expect_err("unknown");
    assert_eq!(status.code(), Code::Unimplemented);
    assert!(
        status.message().contains("segments only"),
        "{}",
        status.message()
    );
    let health = server.call(HEALTH_CHECK, Vec::new()).await;
    assert_eq!(health.expect("an answer"), [0x08, 1]);
}
