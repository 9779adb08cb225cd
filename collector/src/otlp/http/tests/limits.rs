//! What is refused for its size, or because too much is going on.

use std::time::Duration;

use super::*;

pub(super) fn small_limit() -> CollectorSettings {
    CollectorSettings {
        max_request_bytes: 10_000,
        ..CollectorSettings::default()
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_before_and_after_decompression() {
    let sink = FakeSink::new();
    let receiver = sink.receiver_with(small_limit());
    let large = fake_sink::json(1000, 0);
    let answer = post_json(&receiver, large.clone()).await;
    assert_eq!(
        (answer.status, answer.json()["code"].as_u64()),
        (StatusCode::PAYLOAD_TOO_LARGE, Some(8))
    );
    assert!(
        answer.message().contains("10000 bytes"),
        "{}",
        answer.message()
    );
    assert_eq!(answer.header("retry-after"), "");
    let declared = export_of(JSON).header("content-length", large.len());
    assert_eq!(
        ask(&receiver, declared, large.clone()).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    for (name, body) in [
        ("gzip", gzip(&large)),
        ("zstd", zstd::encode_all(&large[..], 3).expect("memory")),
    ] {
        assert!(body.len() < 10_000);
        let answer = ask(
            &receiver,
            export_of(JSON).header(CONTENT_ENCODING, name),
            body,
        )
        .await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{name}");
    }
    assert_eq!(
        (
            sink.spans(),
            receiver
                .counters()
                .protocol(Protocol::OtlpHttpJson)
                .too_large_requests
        ),
        (0, 4)
    );
}

#[tokio::test]
async fn an_overloaded_sink_is_429_or_503_with_retry_after() {
    let retry_after = Duration::from_millis(1500);
    let sink = FakeSink::new();
    let receiver = sink.receiver();
    sink.fail_with(SinkError::Busy { retry_after });
    let answer = post_json(&receiver, fake_sink::json(1, 0)).await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (StatusCode::TOO_MANY_REQUESTS, "2")
    );
    sink.fail_with(SinkError::Unavailable {
        reason: "the disk is full".into(),
        retry_after,
    });
    let answer = post_json(&receiver, fake_sink::json(1, 0)).await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (StatusCode::SERVICE_UNAVAILABLE, "2")
    );
    assert_eq!(
        (answer.message().as_str(), answer.json()["code"].as_u64()),
        ("the disk is full", Some(14))
    );
    sink.fail_with(SinkError::Rejected {
        reason: "too large for a record".into(),
    });
    let answer = post_json(&receiver, fake_sink::json(1, 0)).await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (StatusCode::BAD_REQUEST, "")
    );
    let counts = receiver.counters().protocol(Protocol::OtlpHttpJson);
    assert_eq!(
        (
            counts.busy_requests,
            counts.unavailable_requests,
            counts.accepted_spans
        ),
        (1, 1, 0)
    );
}

#[tokio::test]
async fn before_the_sink_is_ready_every_export_is_503() {
    let sink = FakeSink::new();
    sink.not_ready(SinkError::Unavailable {
        reason: "replaying: 40 %".into(),
        retry_after: Duration::from_secs(1),
    });
    let answer = post_json(&sink.receiver(), b"{}".to_vec()).await;
    assert_eq!(
        (answer.status, answer.message().as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "replaying: 40 %")
    );
}

#[tokio::test]
async fn requests_beyond_the_byte_budget_are_429_until_there_is_room() {
    let sink = FakeSink::new();
    sink.permits
        .forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    let body = fake_sink::protobuf(100, 0);
    // Room for one body and its columns.
    let settings = CollectorSettings {
        in_flight_bytes: body.len() * 5 / 2,
        ..CollectorSettings::default()
    };
    let receiver = sink.receiver_with(settings);
    let first = tokio::spawn({
        let (receiver, body) = (Arc::clone(&receiver), body.clone());
        async move { post_protobuf(&receiver, body).await.status }
    });
    while receiver
        .counters()
        .protocol(Protocol::OtlpHttpProtobuf)
        .received_bytes
        == 0
    {
        tokio::task::yield_now().await;
    }
    let answer = post_protobuf(&receiver, body.clone()).await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (StatusCode::TOO_MANY_REQUESTS, "1")
    );
    sink.permits.add_permits(2);
    assert_eq!(first.await.expect("no panic"), StatusCode::OK);
    assert_eq!(post_protobuf(&receiver, body).await.status, StatusCode::OK);
}
