//! What is answered: `ExportTraceServiceResponse` and `google.rpc.Status`, in both encodings.

use std::time::Duration;

use serde_json::json;

use super::receiver::Receipt;
use crate::Encoding;

/// The codes of `google.rpc.Code` that we answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum RpcCode {
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    ResourceExhausted = 8,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
}

/// A `google.rpc.Status`.
#[derive(Clone, Debug)]
pub(super) struct RpcStatus {
    pub(super) code: RpcCode,
    pub(super) message: String,
    /// Tells the sender to come again; becomes a `google.rpc.RetryInfo`.
    pub(super) retry_after: Option<Duration>,
}

const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

impl RpcStatus {
    pub(super) fn new(code: RpcCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            retry_after: None,
        }
    }

    pub(super) fn with_retry_after(self, retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..self
        }
    }

    pub(super) fn encode(&self, encoding: Encoding) -> Vec<u8> {
        match encoding {
            Encoding::OtlpProtobuf => self.to_protobuf(),
            Encoding::OtlpJson => self.to_json(),
        }
    }

    /// `Status { int32 code = 1; string message = 2; repeated Any details = 3; }`
    pub(super) fn to_protobuf(&self) -> Vec<u8> {
        let mut status = Vec::new();
        put_number(&mut status, 1, u64::from(self.code as u8));
        put_bytes(&mut status, 2, self.message.as_bytes());
        if let Some(retry_after) = self.retry_after {
            let mut duration = Vec::new();
            put_number(&mut duration, 1, retry_after.as_secs());
            put_number(&mut duration, 2, u64::from(retry_after.subsec_nanos()));
            let mut retry_info = Vec::new();
            put_bytes(&mut retry_info, 1, &duration);
            let mut any = Vec::new();
            put_bytes(&mut any, 1, RETRY_INFO.as_bytes());
            put_bytes(&mut any, 2, &retry_info);
            put_bytes(&mut status, 3, &any);
        }
        status
    }

    fn to_json(&self) -> Vec<u8> {
        let mut status = json!({ "code": self.code as u8, "message": self.message });
        if let Some(retry_after) = self.retry_after {
            let delay = format!("{}s", retry_after.as_secs_f64());
            status["details"] = json!([{ "@type": RETRY_INFO, "retryDelay": delay }]);
        }
        status.to_string().into_bytes()
    }
}

/// `ExportTraceServiceResponse { ExportTracePartialSuccess partial_success = 1; }` with
/// `{ int64 rejected_spans = 1; string error_message = 2; }`; unset when all went well.
pub(super) fn export_response(receipt: &Receipt, encoding: Encoding) -> Vec<u8> {
    let is_full_success = receipt.rejected == 0 && receipt.message.is_empty();
    match encoding {
        Encoding::OtlpProtobuf => {
            let mut response = Vec::new();
            if !is_full_success {
                let mut partial_success = Vec::new();
                if receipt.rejected > 0 {
                    put_number(&mut partial_success, 1, receipt.rejected);
                }
                put_bytes(&mut partial_success, 2, receipt.message.as_bytes());
                put_bytes(&mut response, 1, &partial_success);
            }
            response
        }
        Encoding::OtlpJson if is_full_success => b"{}".to_vec(),
        Encoding::OtlpJson => {
            // 64-bit integers are text in protobuf's JSON form.
            let partial_success = json!({ "rejectedSpans": receipt.rejected.to_string(), "errorMessage": receipt.message });
            json!({ "partialSuccess": partial_success })
                .to_string()
                .into_bytes()
        }
    }
}

pub(super) fn put_number(message: &mut Vec<u8>, field: u8, number: u64) {
    message.push(field << 3);
    put_varint(message, number);
}

fn put_bytes(message: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    message.push(field << 3 | 2);
    put_varint(message, bytes.len() as u64);
    message.extend_from_slice(bytes);
}

fn put_varint(message: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        message.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    message.push(number as u8);
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
    use prost::Message;

    use super::*;

    fn receipt(rejected: u64, message: &str) -> Receipt {
        Receipt {
            rejected,
            message: message.to_owned(),
        }
    }

    #[test]
    fn full_success_leaves_partial_success_unset() {
        assert_eq!(
            export_response(&receipt(0, ""), Encoding::OtlpProtobuf),
            b""
        );
        assert_eq!(export_response(&receipt(0, ""), Encoding::OtlpJson), b"{}");
    }

    #[test]
    fn refused_spans_and_warnings_are_told() {
        for (rejected, message) in [(300, "300 spans refused"), (0, "only a warning")] {
            let bytes = export_response(&receipt(rejected, message), Encoding::OtlpProtobuf);
            let response = ExportTraceServiceResponse::decode(bytes.as_slice()).expect("protobuf");
            let partial_success = response.partial_success.expect("set");
            assert_eq!(partial_success.rejected_spans.cast_unsigned(), rejected);
            assert_eq!(partial_success.error_message, message);

            let bytes = export_response(&receipt(rejected, message), Encoding::OtlpJson);
            let value: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
            assert_eq!(
                value["partialSuccess"]["rejectedSpans"],
                rejected.to_string()
            );
            assert_eq!(value["partialSuccess"]["errorMessage"], message);
        }
    }

    #[test]
    fn a_status_in_json_has_its_retry_info() {
        let status = RpcStatus::new(RpcCode::Unavailable, "wait")
            .with_retry_after(Duration::from_millis(1500));
        let value: serde_json::Value = serde_json::from_slice(&status.to_json()).expect("JSON");
        let details = json!([{ "@type": RETRY_INFO, "retryDelay": "1.5s" }]);
        assert_eq!(
            value,
            json!({ "code": 14, "message": "wait", "details": details })
        );
    }
}
