use super::super::tests::sent::{Batch, Sent, text};
use super::*;
use crate::fake_sink::FakeSink;
use crate::thrift::value::Written;
use crate::{CollectorSettings, ProtocolCounts, SinkError};

/// One span with that many bytes of a tag.
fn batch(padding: usize) -> Batch {
    Batch::of(vec![Sent {
        trace_id: 1,
        span_id: 1,
        start: 1_700_000_000_000_000,
        tags: vec![text("padding", &"x".repeat(padding))],
        ..Sent::default()
    }])
}

fn compact() -> Vec<u8> {
    batch(0).agent(Written::Compact)
}

/// A port that is served, and a socket that sends to it.
struct Served {
    receiver: Arc<Receiver>,
    protocol: UdpProtocol,
    client: UdpSocket,
    shutdown: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Served {
    async fn start(receiver: Arc<Receiver>, protocol: UdpProtocol) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let client = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let address = socket.local_addr().expect("bound");
        client.connect(address).await.expect("a route");
        let shutdown = CancellationToken::new();
        let serving = serve(socket, Arc::clone(&receiver), protocol, shutdown.clone());
        Self {
            receiver,
            protocol,
            client,
            shutdown,
            task: tokio::spawn(serving),
        }
    }

    async fn send(&self, datagram: &[u8]) {
        let sent = self.client.send(datagram).await.expect("sent");
        assert_eq!(sent, datagram.len());
    }

    /// Waits until the counts are as they should be.
    async fn until(&self, are_so: impl Fn(ProtocolCounts) -> bool) {
        let protocol = self.protocol.protocol();
        let waiting = async {
            while !are_so(self.receiver.counters().protocol(protocol)) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), waiting)
            .await
            .expect("in time");
    }
}

#[tokio::test]
async fn datagrams_of_both_protocols_are_taken() {
    let sink = FakeSink::new();
    let receiver = sink.receiver();
    let forms = [
        (UdpProtocol::Compact, Written::Compact),
        (UdpProtocol::Binary, Written::Binary),
        (UdpProtocol::Binary, Written::OldBinary),
    ];
    for (protocol, written) in forms {
        let served = Served::start(Arc::clone(&receiver), protocol).await;
        let before = receiver.counters().protocol(protocol.protocol());
        served.send(&batch(0).agent(written)).await;
        // As large as Jaeger's clients make them.
        let overhead = batch(60_000).agent(written).len() - 60_000;
        let largest = batch(65_000 - overhead).agent(written);
        assert_eq!(largest.len(), 65_000);
        served.send(&largest).await;
        let expect = before.accepted_requests + 2;
        served
            .until(|counts| counts.accepted_requests == expect)
            .await;
    }
    assert_eq!(sink.spans(), 6);
}

#[tokio::test]
async fn datagrams_that_nobody_can_read_are_counted_and_others_go_on() {
    let sink = FakeSink::new();
    let served = Served::start(sink.receiver(), UdpProtocol::Compact).await;
    let good = compact();
    served.send(&good[..good.len() - 5]).await;
    served.send(b"").await;
    served.send(b"GET / HTTP/1.1").await;
    served.send(&batch(0).agent(Written::Binary)).await;
    served.send(&good).await;
    served
        .until(|counts| (counts.invalid_requests, counts.accepted_requests) == (4, 1))
        .await;
    assert_eq!(sink.spans(), 1);
}

#[tokio::test]
async fn datagrams_are_dropped_and_counted_while_there_is_no_room() {
    let sink = FakeSink::new();
    sink.permits
        .forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    let receiver = sink.receiver_with(CollectorSettings {
        in_flight_bytes: 1024,
        ..CollectorSettings::default()
    });
    let served = Served::start(receiver, UdpProtocol::Compact).await;
    served.send(&compact()).await;
    served.until(|counts| counts.received_bytes > 0).await;
    served.send(&compact()).await;
    served.until(|counts| counts.busy_requests == 1).await;
    sink.permits.add_permits(100);
    served.until(|counts| counts.accepted_requests == 1).await;
    served.send(&compact()).await;
    served.until(|counts| counts.accepted_requests == 2).await;

    sink.fail_with(SinkError::Busy {
        retry_after: Duration::from_secs(1),
    });
    served.send(&compact()).await;
    served.until(|counts| counts.busy_requests == 2).await;
    sink.not_ready(SinkError::Unavailable {
        reason: "starting".to_owned(),
        retry_after: Duration::from_secs(1),
    });
    served.send(&compact()).await;
    served
        .until(|counts| counts.unavailable_requests == 1)
        .await;
    assert_eq!(sink.spans(), 2);
}

#[tokio::test]
async fn only_so_many_datagrams_are_in_flight() {
    let sink = FakeSink::new();
    sink.permits
        .forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    let receiver = sink.receiver();
    let mut agent = Agent::new(Arc::clone(&receiver), UdpProtocol::Compact);
    let sender = SocketAddr::from(([127, 0, 0, 1], 9));
    for _ in 0..MAX_IN_FLIGHT + 5 {
        agent.take(&compact(), sender);
    }
    let counts = || receiver.counters().protocol(Protocol::JaegerUdpCompact);
    assert_eq!(counts().busy_requests, 5);
    sink.permits.add_permits(MAX_IN_FLIGHT);
    agent.drain().await;
    assert_eq!(counts().accepted_requests, MAX_IN_FLIGHT as u64);
    assert_eq!(sink.spans(), MAX_IN_FLIGHT);
}

#[tokio::test]
async fn what_is_in_flight_is_stored_before_the_end() {
    let sink = FakeSink::new();
    sink.permits
        .forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    let served = Served::start(sink.receiver(), UdpProtocol::Compact).await;
    served.send(&compact()).await;
    served.until(|counts| counts.received_bytes > 0).await;
    served.shutdown.cancel();
    sink.permits.add_permits(1);
    served.task.await.expect("no panic");
    assert_eq!(sink.spans(), 1);
}
