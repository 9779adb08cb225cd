//! What is answered: `ExportTraceServiceResponse` and `google.rpc.Status`, in both encodings.

use serde_json::json;

use super::OtlpEncoding;
use crate::protobuf::{put_bytes, put_number};
use crate::receiver::Receipt;
use crate::rpc_status::RpcStatus;

/// The status in the encoding of the request.
pub(super) fn status(status: &RpcStatus, encoding: OtlpEncoding) -> Vec<u8> {
    match encoding {
        OtlpEncoding::Protobuf => status.to_protobuf(),
        OtlpEncoding::Json => status.to_json(),
    }
}

/// `ExportTraceServiceResponse { ExportTracePartialSuccess partial_success = 1; }` with
/// `{ int64 rejected_spans = 1; string error_message = 2; }`; unset when all went well.
pub(super) fn export_response(receipt: &Receipt, encoding: OtlpEncoding) -> Vec<u8> {
    let is_full_success = receipt.rejected == 0 && receipt.message.is_empty();
    match encoding {
        OtlpEncoding::Protobuf => {
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
        OtlpEncoding::Json if is_full_success => b"{}".to_vec(),
        OtlpEncoding::Json => {
            // 64-bit integers are text in protobuf's JSON form.
            let partial_success = json!({ "rejectedSpans": receipt.rejected.to_string(), "errorMessage": receipt.message });
            json!({ "partialSuccess": partial_success })
                .to_string()
                .into_bytes()
        }
    }
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
            ..Receipt::default()
        }
    }

    #[test]
    fn full_success_leaves_partial_success_unset() {
        assert_eq!(
            export_response(&receipt(0, ""), OtlpEncoding::Protobuf),
            b""
        );
        assert_eq!(export_response(&receipt(0, ""), OtlpEncoding::Json), b"{}");
    }

    #[test]
    fn refused_spans_and_warnings_are_told() {
        for (rejected, message) in [(300, "300 spans refused"), (0, "only a warning")] {
            let bytes = export_response(&receipt(rejected, message), OtlpEncoding::Protobuf);
            let response = ExportTraceServiceResponse::decode(bytes.as_slice()).expect("protobuf");
            let partial_success = response.partial_success.expect("set");
            assert_eq!(partial_success.rejected_spans.cast_unsigned(), rejected);
            assert_eq!(partial_success.error_message, message);

            let bytes = export_response(&receipt(rejected, message), OtlpEncoding::Json);
            let value: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
            assert_eq!(
                value["partialSuccess"]["rejectedSpans"],
                rejected.to_string()
            );
            assert_eq!(value["partialSuccess"]["errorMessage"], message);
        }
    }
}
