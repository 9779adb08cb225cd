//! Streams whose frames are made by hand.

use std::io;

use axum::body::Body;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use http::Response;
use tower::ServiceExt;

use super::*;

/// A message as a call frames it.
fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("short");
    [&[0], &length.to_be_bytes()[..], message].concat()
}

/// Sends these pieces of a body, then what follows.
async fn call(
    receiver: Arc<Receiver>,
    pieces: Vec<Vec<u8>>,
    then: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
) -> Response<Body> {
    let pieces = stream::iter(pieces).map(|piece| Ok(Bytes::from(piece)));
    let request = http::Request::post(COLLECT[0])
        .header("content-type", "application/grpc")
        .body(Body::from_stream(pieces.chain(then)))
        .expect("a request");
    let response = router(receiver).oneshot(request).await;
    response.expect("infallible")
}

/// The code of a call, and what it says.
fn status(response: &Response<Body>) -> (&str, &str) {
    let header = |name| {
        let value = response.headers().get(name);
        value.map_or("", |value| value.to_str().expect("ASCII"))
    };
    (header("grpc-status"), header("grpc-message"))
}

#[tokio::test]
async fn messages_may_be_cut_anywhere() {
    let body = [message_of(1), Vec::new(), message_of(30), message_of(2)];
    let body: Vec<u8> = body.iter().flat_map(|message| framed(message)).collect();
    for size in [1, 2, 4, 5, 6, 7, 64, 1000, body.len()] {
        let sink = FakeSink::new();
        let pieces = body.chunks(size).map(<[u8]>::to_vec).collect();
        let response = call(sink.receiver(), pieces, stream::empty()).await;
        // Success is told in trailers.
        assert_eq!(status(&response), ("", ""), "pieces of {size}");
        assert_eq!(sink.spans(), 33, "pieces of {size}");
    }
}

#[tokio::test]
async fn what_was_durable_stays_when_the_call_breaks_off() {
    let rest = framed(&message_of(7));
    for end in [1, 4, 5, rest.len() - 1] {
        let cut = || vec![framed(&message_of(3)), rest[..end].to_vec()];
        let sink = FakeSink::new();
        let receiver = sink.receiver();
        let response = call(Arc::clone(&receiver), cut(), stream::empty()).await;
        assert_eq!(
            status(&response),
            ("3", "the call ends within a message"),
            "cut at {end}"
        );
        let broken = stream::iter([Err(io::ErrorKind::ConnectionReset.into())]);
        let response = call(Arc::clone(&receiver), cut(), broken).await;
        let (code, message) = status(&response);
        assert_eq!(code, "3");
        assert!(message.starts_with("the call was cut off"), "{message}");
        assert_eq!(sink.spans(), 6);
        let counts = receiver.counters().protocol(Protocol::SkyWalkingGrpc);
        assert_eq!((counts.accepted_requests, counts.invalid_requests), (2, 2));
    }
}

#[tokio::test]
async fn a_message_that_was_begun_must_come() {
    let settings = CollectorSettings {
        body_timeout: Duration::from_millis(20),
        ..CollectorSettings::default()
    };
    let sink = FakeSink::new();
    let receiver = sink.receiver_with(settings);
    let pieces = vec![framed(&message_of(3)), vec![0, 0]];
    let response = call(receiver, pieces, stream::pending()).await;
    let (code, message) = status(&response);
    assert_eq!((code, sink.spans()), ("4", 3));
    assert!(message.contains("20ms"), "{message}");
}

#[tokio::test]
async fn impossible_frames_are_refused() {
    for (frame, code) in [
        (vec![2, 0, 0, 0, 0], "3"),
        (vec![0, 0xff, 0xff, 0xff, 0xff], "8"),
        (vec![1, 0, 0, 0, 1, 9], "13"),
    ] {
        let sink = FakeSink::new();
        let pieces = vec![framed(&message_of(1)), frame];
        let response = call(sink.receiver(), pieces, stream::pending()).await;
        assert_eq!((status(&response).0, sink.spans()), (code, 1));
    }
}

#[tokio::test]
async fn messages_share_the_budget_with_all_requests() {
    let message = message_of(10);
    let settings = CollectorSettings {
        in_flight_bytes: 4096,
        ..CollectorSettings::default()
    };
    let sink = FakeSink::new();
    let receiver = sink.receiver_with(settings);
    // A message of as much as the whole budget, of which only the beginning came.
    let begun = vec![vec![0, 0, 0, 0x10, 0]];
    let mut slow = Box::pin(call(Arc::clone(&receiver), begun, stream::pending()));
    assert!(futures::poll!(&mut slow).is_pending());
    let whole = || vec![framed(&message)];
    let response = call(Arc::clone(&receiver), whole(), stream::empty()).await;
    let (code, text) = status(&response);
    assert_eq!((code, sink.spans()), ("8", 0), "{text}");
    assert!(response.headers().contains_key("grpc-status-details-bin"));
    // The sender of the slow one goes away.
    drop(slow);
    let response = call(receiver, whole(), stream::empty()).await;
    assert_eq!(status(&response), ("", ""));
    assert_eq!(sink.spans(), 10);
}
