//! The gRPC services that agents call.

use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::grpc::{self, ExportMethod, Port};
use crate::receiver::Receiver;
use crate::{Encoding, Protocol, connections};

/// Segments come by these; agents of the first releases leave the package's name out.
const COLLECT: [&str; 2] = [
    "/skywalking.v3.TraceSegmentReportService/collect",
    "/TraceSegmentReportService/collect",
];
const COLLECT_IN_SYNC: [&str; 2] = [
    "/skywalking.v3.TraceSegmentReportService/collectInSync",
    "/TraceSegmentReportService/collectInSync",
];

/// What else agents call; all of these are answered with `skywalking.v3.Commands`.
const IGNORED: [&str; 25] = [
    "/skywalking.v3.ManagementService/reportInstanceProperties",
    "/skywalking.v3.ManagementService/keepAlive",
    "/skywalking.v3.ConfigurationDiscoveryService/fetchConfigurations",
    "/skywalking.v3.JVMMetricReportService/collect",
    "/skywalking.v3.CLRMetricReportService/collect",
    "/skywalking.v3.MeterReportService/collect",
    "/skywalking.v3.MeterReportService/collectBatch",
    "/skywalking.v3.LogReportService/collect",
    "/skywalking.v3.EventService/collect",
    "/skywalking.v3.BrowserPerfService/collectPerfData",
    "/skywalking.v3.BrowserPerfService/collectErrorLogs",
    "/skywalking.v3.ProfileTask/getProfileTaskCommands",
    "/skywalking.v3.ProfileTask/collectSnapshot",
    "/skywalking.v3.ProfileTask/reportTaskFinish",
    "/skywalking.v10.PprofTask/getPprofTaskCommands",
    "/ManagementService/reportInstanceProperties",
    "/ManagementService/keepAlive",
    "/JVMMetricReportService/collect",
    "/CLRMetricReportService/collect",
    "/MeterReportService/collect",
    "/BrowserPerfService/collectPerfData",
    "/BrowserPerfService/collectErrorLogs",
    "/ProfileTask/getProfileTaskCommands",
    "/ProfileTask/collectSnapshot",
    "/ProfileTask/reportTaskFinish",
];

const PORT: Port = Port {
    takes: "segments only, at /skywalking.v3.TraceSegmentReportService/collect",
    to_strangers: "this is the SkyWalking receiver (gRPC: content-type application/grpc over HTTP/2)\n",
};

/// Serves SkyWalking's agents over gRPC without TLS on `listener` until `shutdown`. Returns when
/// requests in flight have finished, or the drain timeout is over.
pub async fn serve(listener: TcpListener, receiver: Arc<Receiver>, shutdown: CancellationToken) {
    let router = router(Arc::clone(&receiver));
    connections::serve(listener, router, &receiver, shutdown).await;
}

fn router(receiver: Arc<Receiver>) -> Router {
    let method = |encoding| ExportMethod {
        protocol: Protocol::SkyWalkingGrpc,
        encoding,
        // `Commands` without any: it has no word for refused spans, which are only counted.
        reply: |_receipt| Vec::new(),
    };
    let mut methods = Router::new();
    for path in COLLECT {
        methods = methods.route(path, grpc::streaming(method(Encoding::SkyWalkingSegment)));
    }
    for path in COLLECT_IN_SYNC {
        methods = methods.route(path, grpc::unary(method(Encoding::SkyWalkingSegments)));
    }
    for path in IGNORED {
        methods = methods.route(path, grpc::acknowledge());
    }
    grpc::router(PORT, methods, receiver)
}

#[cfg(test)]
mod tests;
