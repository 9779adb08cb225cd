//! The receiver behind a real socket.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::connections;

#[tokio::test]
async fn spans_are_taken_until_shutdown() {
    let sink = FakeSink::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let shutdown = CancellationToken::new();
    let (receiver, stop) = (sink.receiver(), shutdown.clone());
    let serving = tokio::spawn(async move {
        let router = router(Arc::clone(&receiver));
        connections::serve(listener, router, &receiver, stop).await;
    });

    let body = json_spans(3, 0);
    let length = body.len();
    let head = format!(
        "POST {V2_PATH} HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream
        .write_all(&[head.as_bytes(), &body].concat())
        .await
        .expect("writable");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("readable");
    assert!(answer.starts_with("HTTP/1.1 202 Accepted\r\n"), "{answer}");
    assert_eq!(sink.spans(), 3);

    shutdown.cancel();
    serving.await.expect("no panic");
    assert!(TcpStream::connect(address).await.is_err());
}
