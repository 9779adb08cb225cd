//! Everything that listens: the receivers of all protocols, and the HTTP API.

use std::sync::Arc;

use collector::jaeger::udp::UdpProtocol;
use collector::{Receiver, connections, jaeger, otlp, skywalking};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::house::House;
use super::lifetime::Part;
use super::listeners::Listeners;

/// Starts to serve what was bound; each part ends when the server stops.
pub(super) fn start(house: &House, listeners: Listeners, parts: &mut JoinSet<Part>) {
    let shared = || (Arc::clone(&house.receiver), house.stop.clone());
    serve(
        parts,
        "OTLP gRPC",
        Some(listeners.otlp_grpc),
        shared(),
        otlp::grpc::serve,
    );
    serve(
        parts,
        "OTLP HTTP",
        Some(listeners.otlp_http),
        shared(),
        otlp::http::serve,
    );
    let zipkin = house.zipkin_router();
    serve(
        parts,
        "Zipkin",
        listeners.zipkin,
        shared(),
        |listener, receiver, stop| async move {
            connections::serve(listener, zipkin, &receiver, stop).await;
        },
    );
    serve(
        parts,
        "Jaeger HTTP",
        listeners.jaeger_http,
        shared(),
        jaeger::http::serve,
    );
    serve(
        parts,
        "Jaeger gRPC",
        listeners.jaeger_grpc,
        shared(),
        jaeger::grpc::serve,
    );
    serve(
        parts,
        "SkyWalking gRPC",
        listeners.skywalking_grpc,
        shared(),
        skywalking::serve,
    );
    serve(
        parts,
        "Jaeger UDP, compact",
        listeners.jaeger_udp_compact,
        shared(),
        |socket, receiver, stop| jaeger::udp::serve(socket, receiver, UdpProtocol::Compact, stop),
    );
    serve(
        parts,
        "Jaeger UDP, binary",
        listeners.jaeger_udp_binary,
        shared(),
        |socket, receiver, stop| jaeger::udp::serve(socket, receiver, UdpProtocol::Binary, stop),
    );
    let router = house.http_router();
    serve(
        parts,
        "the HTTP API",
        Some(listeners.http),
        shared(),
        |listener, receiver, stop| async move {
            connections::serve(listener, router, &receiver, stop).await;
        },
    );
}

/// Starts one listener, unless it is switched off.
fn serve<Socket, Serving>(
    parts: &mut JoinSet<Part>,
    name: &'static str,
    socket: Option<Socket>,
    (receiver, stop): (Arc<Receiver>, CancellationToken),
    serve: impl FnOnce(Socket, Arc<Receiver>, CancellationToken) -> Serving,
) where
    Serving: Future<Output = ()> + Send + 'static,
{
    if let Some(socket) = socket {
        let serving = serve(socket, receiver, stop);
        parts.spawn(async move {
            serving.await;
            (name, Ok(()))
        });
    }
}
