//! OTLP over gRPC: `opentelemetry.proto.collector.trace.v1.TraceService/Export`.

use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::OtlpEncoding;
use super::reply::export_response;
use crate::grpc::{self, ExportMethod, Port};
use crate::receiver::Receiver;
use crate::{Encoding, Protocol, connections};

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

const PORT: Port = Port {
    takes: "traces only, at /opentelemetry.proto.collector.trace.v1.TraceService/Export",
    to_strangers: "this is the OTLP gRPC receiver (content-type application/grpc over HTTP/2); OTLP over HTTP has a \
                   port of its own, 4318 by default\n",
};

/// Serves OTLP over gRPC without TLS on `listener` until `shutdown`. Returns when requests in
/// flight have finished, or the drain timeout is over.
pub async fn serve(listener: TcpListener, receiver: Arc<Receiver>, shutdown: CancellationToken) {
    let router = router(Arc::clone(&receiver));
    connections::serve(listener, router, &receiver, shutdown).await;
}

fn router(receiver: Arc<Receiver>) -> Router {
    let export = grpc::unary(ExportMethod {
        protocol: Protocol::OtlpGrpc,
        encoding: Encoding::OtlpProtobuf,
        reply: |receipt| export_response(receipt, OtlpEncoding::Protobuf),
    });
    grpc::router(PORT, Router::new().route(EXPORT, export), receiver)
}

#[cfg(test)]
mod tests;
