//! Exports of OTLP through a gRPC client of another implementation.

use std::sync::Arc;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use tonic::Status;

pub(super) use crate::grpc::client::{Server, call, retry_delay};

use super::super::{EXPORT, serve};
use crate::Receiver;

impl Server {
    pub(super) async fn start(receiver: Arc<Receiver>) -> Self {
        Self::serving(serve, receiver).await
    }

    pub(super) async fn export(
        &self,
        message: Vec<u8>,
    ) -> Result<ExportTraceServiceResponse, Status> {
        self.call(EXPORT, message)
            .await
            .map(|bytes| response(&bytes))
    }
}

pub(super) fn response(bytes: &[u8]) -> ExportTraceServiceResponse {
    ExportTraceServiceResponse::decode(bytes).expect("protobuf")
}
