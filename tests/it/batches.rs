//! Numbered batches of spans, sent as raw OTLP, and the answers to them.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use tonic::transport::Channel;

use crate::server::Server;

/// The media type of OTLP in protobuf.
pub(crate) const PROTOBUF: &str = "application/x-protobuf";

/// 2026-11-23 00:00:30 UTC: batches that start half a minute before it lie in the day before.
pub(crate) const MIDNIGHT_NANOS: u64 = 1_795_392_030_000_000_000;

/// The id of the trace that batch `number` of `run` is.
pub(crate) fn trace_id(run: u64, number: u64) -> [u8; 16] {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&run.to_be_bytes());
    id[8..].copy_from_slice(&number.to_be_bytes());
    id
}

/// An id in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One trace of `spans` spans, a root and its children, as one request.
pub(crate) fn batch(run: u64, number: u64, spans: u64) -> ExportTraceServiceRequest {
    let trace_id = trace_id(run, number).to_vec();
    // Every seventh batch lies before midnight, so that flushes write files of two days.
    let start = match number % 7 {
        0 => MIDNIGHT_NANOS - 60_000_000_000 + number,
        _ => MIDNIGHT_NANOS + number * 1_000,
    };
    let span = |index: u64| Span {
        trace_id: trace_id.clone(),
        span_id: (index + 1).to_be_bytes().to_vec(),
        parent_span_id: match index {
            0 => Vec::new(),
            _ => 1_u64.to_be_bytes().to_vec(),
        },
        name: format!("operation {}", index % 10),
        kind: i32::try_from(1 + index % 5).unwrap(),
        start_time_unix_nano: start + index * 10_000,
        end_time_unix_nano: start + index * 10_000 + 1_000_000,
        attributes: vec![
            text("http.request.method", "GET"),
            text("url.path", &format!("/orders/{number}")),
            text("user.id", &format!("user-{}", number % 100)),
            key_value(
                "batch.number",
                Value::IntValue(i64::try_from(number).unwrap()),
            ),
        ],
        ..Span::default()
    };
    let scope = InstrumentationScope {
        name: "tests".to_owned(),
        ..InstrumentationScope::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource {
                attributes: vec![text("service.name", "numbered")],
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans {
                scope: Some(scope),
                spans: (0..spans).map(span).collect(),
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

/// An attribute that is a text.
pub(crate) fn text(key: &str, text: &str) -> KeyValue {
    key_value(key, Value::StringValue(text.to_owned()))
}

fn key_value(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

/// How an export ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reply {
    /// Acknowledged: every span is durable.
    Acked,
    /// Refused for now, with the protocol's word for it and how long to wait, if it said so.
    Retry {
        code: String,
        after: Option<Duration>,
    },
    /// Refused in another way.
    Refused { code: String, message: String },
    /// The connection broke: nobody knows.
    Lost,
}

/// A connection to one of the receivers.
#[derive(Debug, Clone)]
pub(crate) enum Sender {
    Grpc(TraceServiceClient<Channel>),
    Http {
        client: reqwest::Client,
        url: String,
    },
}

impl Sender {
    /// Connects to the gRPC receiver at the first export.
    pub(crate) fn grpc(server: &Server) -> Self {
        let channel = Channel::from_shared(server.otlp_grpc.clone()).unwrap();
        Self::Grpc(TraceServiceClient::new(channel.connect_lazy()))
    }

    /// Connects to the HTTP receiver at the first export.
    pub(crate) fn http(server: &Server) -> Self {
        Self::Http {
            client: reqwest::Client::new(),
            url: format!("{}/v1/traces", server.otlp_http),
        }
    }

    /// Sends a request once.
    pub(crate) async fn send(&mut self, request: ExportTraceServiceRequest) -> Reply {
        match self {
            Self::Http { .. } => self.send_encoded(request.encode_to_vec()).await,
            Self::Grpc(client) => match client.export(request).await {
                Ok(response) => {
                    assert_eq!(response.into_inner().partial_success, None);
                    Reply::Acked
                }
                Err(status) => grpc_refusal(&status),
            },
        }
    }

    /// Sends an encoded request once; over HTTP only.
    pub(crate) async fn send_encoded(&mut self, body: Vec<u8>) -> Reply {
        let Self::Http { client, url } = self else {
            panic!("gRPC encodes for itself");
        };
        let request = client
            .post(url.as_str())
            .header("content-type", PROTOBUF)
            .body(body);
        let Ok(response) = request.send().await else {
            return Reply::Lost;
        };
        let code = response.status().as_u16();
        let after = response.headers().get("retry-after").cloned();
        let Ok(body) = response.bytes().await else {
            return Reply::Lost;
        };
        match code {
            200 => {
                assert!(
                    body.is_empty(),
                    "full success leaves the answer empty: {body:?}"
                );
                Reply::Acked
            }
            429 | 503 => {
                let seconds = after.map(|after| after.to_str().unwrap().parse().unwrap());
                Reply::Retry {
                    code: code.to_string(),
                    after: seconds.map(Duration::from_secs),
                }
            }
            _ => Reply::Refused {
                code: code.to_string(),
                message: String::from_utf8_lossy(&body).into_owned(),
            },
        }
    }
}

fn grpc_refusal(status: &tonic::Status) -> Reply {
    let code = format!("{:?}", status.code());
    match status.code() {
        // What tonic makes of a broken connection has no details, and a cause.
        tonic::Code::Unavailable
        | tonic::Code::Unknown
        | tonic::Code::Cancelled
        | tonic::Code::Internal
            if std::error::Error::source(status).is_some() =>
        {
            Reply::Lost
        }
        tonic::Code::Unavailable => Reply::Retry {
            code,
            after: retry_info(status.details()),
        },
        // Without RetryInfo, this code means that the same request will never be taken.
        tonic::Code::ResourceExhausted if retry_info(status.details()).is_some() => Reply::Retry {
            code,
            after: retry_info(status.details()),
        },
        _ => Reply::Refused {
            code,
            message: status.message().to_owned(),
        },
    }
}

/// `google.rpc.Status`, as far as `RetryInfo` needs it.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<RetryDelay>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, PartialEq, Message)]
struct RetryDelay {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

/// The delay in a `RetryInfo` among the details.
fn retry_info(details: &[u8]) -> Option<Duration> {
    let status = RpcStatus::decode(details).unwrap();
    let info = status
        .details
        .iter()
        .find(|any| any.type_url == "type.googleapis.com/google.rpc.RetryInfo")?;
    let delay = RetryInfo::decode(info.value.as_slice())
        .unwrap()
        .retry_delay?;
    Some(Duration::new(
        u64::try_from(delay.seconds).unwrap(),
        u32::try_from(delay.nanos).unwrap(),
    ))
}
