//! Jaeger over gRPC: `jaeger.api_v2.CollectorService/PostSpans`, and what clients ask beside it.

use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::grpc::{self, ExportMethod, Port};
use crate::receiver::Receiver;
use crate::{Encoding, Protocol, connections};

const POST_SPANS: &str = "/jaeger.api_v2.CollectorService/PostSpans";
const GET_SAMPLING_STRATEGY: &str = "/jaeger.api_v2.SamplingManager/GetSamplingStrategy";

/// `SamplingStrategyResponse { probabilistic_sampling: { sampling_rate: 1.0 } }`: to clients that
/// are told by their collector how much to send, everything is welcome.
const SAMPLE_ALL: &[u8] = &[0x12, 9, 0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f];

const PORT: Port = Port {
    takes: "Jaeger's batches only, at /jaeger.api_v2.CollectorService/PostSpans",
    to_strangers: "this is the Jaeger gRPC receiver (content-type application/grpc over HTTP/2); Jaeger's Thrift over \
                   HTTP has a port of its own, 14268 by default\n",
};

/// Serves Jaeger over gRPC without TLS on `listener` until `shutdown`. Returns when requests in
/// flight have finished, or the drain timeout is over.
pub async fn serve(listener: TcpListener, receiver: Arc<Receiver>, shutdown: CancellationToken) {
    let router = router(Arc::clone(&receiver));
    connections::serve(listener, router, &receiver, shutdown).await;
}

fn router(receiver: Arc<Receiver>) -> Router {
    let post_spans = grpc::unary(ExportMethod {
        protocol: Protocol::JaegerGrpc,
        encoding: Encoding::JaegerProtobuf,
        // `PostSpansResponse` has no fields.
        reply: |_| Vec::new(),
    });
    let methods = Router::new()
        .route(POST_SPANS, post_spans)
        .route(GET_SAMPLING_STRATEGY, grpc::constant(SAMPLE_ALL));
    grpc::router(PORT, methods, receiver)
}

#[cfg(test)]
mod tests;
