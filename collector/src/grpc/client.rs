//! A gRPC client of another implementation, sending any bytes, for tests.

use std::sync::Arc;
use std::time::Duration;

use bytes::Buf;
use futures::Stream;
use prost::Message;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::{Channel, Endpoint};

use crate::Receiver;

/// A codec whose messages are their bytes, so that a test can send what it likes.
#[derive(Default)]
struct Raw;

impl Codec for Raw {
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

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        bytes::BufMut::put_slice(buffer, &item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining()).to_vec()))
    }
}

/// A port that is served, and a connection to it.
pub(crate) struct Server {
    pub(crate) channel: Channel,
    pub(crate) shutdown: CancellationToken,
    pub(crate) task: tokio::task::JoinHandle<()>,
}

impl Server {
    pub(crate) async fn serving<Serving>(
        serve: impl FnOnce(TcpListener, Arc<Receiver>, CancellationToken) -> Serving,
        receiver: Arc<Receiver>,
    ) -> Self
    where
        Serving: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(serve(listener, receiver, shutdown.clone()));
        let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("a URL");
        let channel = endpoint.connect().await.expect("it listens");
        Self {
            channel,
            shutdown,
            task,
        }
    }

    pub(crate) async fn call(
        &self,
        path: &'static str,
        message: Vec<u8>,
    ) -> Result<Vec<u8>, Status> {
        call(Grpc::new(self.channel.clone()), path, message).await
    }

    pub(crate) async fn stream(
        &self,
        path: &'static str,
        messages: impl Stream<Item = Vec<u8>> + Send + 'static,
    ) -> Result<Vec<u8>, Status> {
        stream(Grpc::new(self.channel.clone()), path, messages).await
    }
}

/// Sends one message.
pub(crate) async fn call(
    mut client: Grpc<Channel>,
    path: &'static str,
    message: Vec<u8>,
) -> Result<Vec<u8>, Status> {
    client.ready().await.expect("connected");
    let path = http::uri::PathAndQuery::from_static(path);
    client
        .unary(tonic::Request::new(message), path, Raw)
        .await
        .map(tonic::Response::into_inner)
}

/// Sends messages as they come, until the stream ends.
pub(crate) async fn stream(
    mut client: Grpc<Channel>,
    path: &'static str,
    messages: impl Stream<Item = Vec<u8>> + Send + 'static,
) -> Result<Vec<u8>, Status> {
    client.ready().await.expect("connected");
    let path = http::uri::PathAndQuery::from_static(path);
    client
        .client_streaming(tonic::Request::new(messages), path, Raw)
        .await
        .map(tonic::Response::into_inner)
}

#[derive(Clone, PartialEq, prost::Message)]
struct AnyMessage {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct StatusMessage {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<AnyMessage>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct DurationMessage {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<DurationMessage>,
}

/// The delay of the status's `google.rpc.RetryInfo`, as another implementation reads it.
pub(crate) fn retry_delay(status: &Status) -> Option<Duration> {
    if status.details().is_empty() {
        return None;
    }
    let details = StatusMessage::decode(status.details()).expect("a google.rpc.Status");
    assert_eq!(
        (details.code, details.message.as_str()),
        (status.code() as i32, status.message())
    );
    let [any] = details.details.as_slice() else {
        panic!("one detail")
    };
    assert_eq!(any.type_url, "type.googleapis.com/google.rpc.RetryInfo");
    let delay = RetryInfo::decode(&any.value[..])
        .expect("a RetryInfo")
        .retry_delay
        .expect("a delay");
    Some(Duration::new(
        delay.seconds.cast_unsigned(),
        delay.nanos.cast_unsigned(),
    ))
}
