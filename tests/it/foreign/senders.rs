//! Sending bodies as the protocols have it.

use axum::http::uri::PathAndQuery;
use bytes::{Buf, BufMut, Bytes};
use tokio::net::UdpSocket;
use tonic::Status;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;

use crate::server::{Answer, PATIENCE};

/// Posts a body.
pub(super) async fn post(url: &str, content_type: &str, body: impl Into<Bytes>) -> Answer {
    let request = reqwest::Client::new()
        .post(url)
        .timeout(PATIENCE)
        .header("content-type", content_type)
        .body(body.into());
    Answer::of(request.send().await.unwrap()).await.unwrap()
}

/// Sends a datagram to a host and port.
pub(super) async fn datagram(address: &str, bytes: &[u8]) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    assert_eq!(socket.send_to(bytes, address).await.unwrap(), bytes.len());
}

/// Calls a unary gRPC method with an encoded message.
pub(super) async fn call(url: &str, method: &'static str, message: Vec<u8>) -> Vec<u8> {
    let channel = Channel::from_shared(url.to_owned()).unwrap();
    let mut client = Grpc::new(channel.connect().await.unwrap());
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static(method);
    let mut request = tonic::Request::new(message);
    request.set_timeout(PATIENCE);
    client
        .unary(request, path, Encoded)
        .await
        .unwrap()
        .into_inner()
}

/// A codec of messages that are encoded already.
struct Encoded;

impl Codec for Encoded {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Encoded {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Encoded {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining()).to_vec()))
    }
}
