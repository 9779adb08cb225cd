//! The receiver behind a real socket: connections, time limits, shutdown.

use std::time::Duration;

use std::num::NonZeroUsize;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::limits::small_limit;
use super::*;

struct Server {
    address: std::net::SocketAddr,
    shutdown: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    async fn start(receiver: Arc<Receiver>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(serve(listener, receiver, shutdown.clone()));
        Self {
            address,
            shutdown,
            task,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("it listens")
    }
}

fn head(length: usize) -> Vec<u8> {
    format!("POST {PATH} HTTP/1.1\r\nhost: h\r\ncontent-type: {JSON}\r\ncontent-length: {length}\r\n\r\n").into_bytes()
}

/// Reads until the answer's body, a JSON object, has come.
async fn read_answer(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while !text.ends_with('}') {
        let read = stream.read(&mut buffer).await.expect("readable");
        assert!(read > 0, "closed after {text:?}");
        text.push_str(std::str::from_utf8(&buffer[..read]).expect("text"));
    }
    text
}

#[tokio::test]
async fn a_connection_takes_export_after_export() {
    let sink = FakeSink::new();
    let server = Server::start(sink.receiver()).await;
    let mut stream = server.connect().await;
    let body = fake_sink::json(2, 0);
    for round in 1..=3 {
        stream
            .write_all(&[head(body.len()), body.clone()].concat())
            .await
            .expect("writable");
        assert!(
            read_answer(&mut stream)
                .await
                .starts_with("HTTP/1.1 200 OK")
        );
        assert_eq!(sink.spans(), 2 * round);
    }
}

#[tokio::test]
async fn a_sender_still_writing_sees_why_it_is_refused_and_may_go_on() {
    let sink = FakeSink::new();
    let server = Server::start(sink.receiver_with(small_limit())).await;
    let mut stream = server.connect().await;
    stream.write_all(&head(15_000)).await.expect("writable");
    stream.write_all(&[b' '; 15_000]).await.expect("writable");
    assert!(read_answer(&mut stream).await.starts_with("HTTP/1.1 413"));
    let body = fake_sink::json(1, 0);
    stream
        .write_all(&[head(body.len()), body].concat())
        .await
        .expect("the same connection");
    assert!(read_answer(&mut stream).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_half_sent_body_times_out() {
    let settings = CollectorSettings {
        body_timeout: Duration::from_millis(50),
        ..CollectorSettings::default()
    };
    let receiver = FakeSink::new().receiver_with(settings);
    let server = Server::start(Arc::clone(&receiver)).await;
    let mut stream = server.connect().await;
    stream
        .write_all(&[head(100), b"{".to_vec()].concat())
        .await
        .expect("writable");
    assert!(read_answer(&mut stream).await.starts_with("HTTP/1.1 408"));
}

#[tokio::test]
async fn headers_that_do_not_end_and_silent_connections_time_out() {
    let settings = CollectorSettings {
        header_timeout: Duration::from_millis(50),
        idle_timeout: Duration::from_millis(50),
        ..CollectorSettings::default()
    };
    let server = Server::start(FakeSink::new().receiver_with(settings)).await;
    for beginning in ["", "P", "POST /v1/traces HTTP/1.1\r\nhost:"] {
        let mut stream = server.connect().await;
        stream
            .write_all(beginning.as_bytes())
            .await
            .expect("writable");
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.expect("closed");
    }
}

#[tokio::test]
async fn connections_beyond_the_bound_wait_until_one_ends() {
    let max_connections = NonZeroUsize::new(1).expect("not zero");
    let sink = FakeSink::new();
    let receiver = sink.receiver_with(CollectorSettings {
        max_connections,
        ..CollectorSettings::default()
    });
    let server = Server::start(Arc::clone(&receiver)).await;
    let body = fake_sink::json(1, 0);
    let export = [head(body.len()), body].concat();
    let mut first = server.connect().await;
    first.write_all(&export).await.expect("writable");
    read_answer(&mut first).await;
    let mut second = server.connect().await;
    second.write_all(&export).await.expect("writable");
    assert_eq!(
        (sink.spans(), receiver.counters().open_connections()),
        (1, 1)
    );
    drop(first);
    assert!(read_answer(&mut second).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn at_shutdown_requests_in_flight_finish_and_no_new_ones_come() {
    let sink = FakeSink::new();
    sink.permits
        .forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    let receiver = sink.receiver();
    let server = Server::start(Arc::clone(&receiver)).await;
    let mut stream = server.connect().await;
    let body = fake_sink::json(1, 0);
    stream
        .write_all(&[head(body.len()), body].concat())
        .await
        .expect("writable");
    while receiver
        .counters()
        .protocol(Protocol::OtlpHttpJson)
        .received_bytes
        == 0
    {
        tokio::task::yield_now().await;
    }
    server.shutdown.cancel();
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    sink.permits.add_permits(1);
    let answer = read_answer(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    server.task.await.expect("no panic");
    assert_eq!(
        (sink.spans(), receiver.counters().open_connections()),
        (1, 0)
    );
}

#[tokio::test]
async fn what_does_not_finish_in_the_drain_time_is_cut_off() {
    let sink = FakeSink::new();
    sink.permits
        .forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    let settings = CollectorSettings {
        drain_timeout: Duration::from_millis(50),
        ..CollectorSettings::default()
    };
    let receiver = sink.receiver_with(settings);
    let server = Server::start(Arc::clone(&receiver)).await;
    let mut stream = server.connect().await;
    let body = fake_sink::json(1, 0);
    stream
        .write_all(&[head(body.len()), body].concat())
        .await
        .expect("writable");
    while receiver
        .counters()
        .protocol(Protocol::OtlpHttpJson)
        .received_bytes
        == 0
    {
        tokio::task::yield_now().await;
    }
    server.shutdown.cancel();
    server.task.await.expect("no panic");
    assert_eq!(receiver.counters().open_connections(), 0);
}
