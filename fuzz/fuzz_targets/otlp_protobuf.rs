//! The protobuf decoder against prost: it never panics, what it takes reads back, and it takes
//! whatever prost takes, span for span.

#![no_main]

use collector::otlp::decode_protobuf;
use libfuzzer_sys::fuzz_target;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use spanhouse_fuzz::decodes_alike;

fuzz_target!(|bytes: &[u8]| {
    let decoded = decodes_alike(|| decode_protobuf(bytes));
    // prost refuses the whole request for one text that is not UTF-8; we refuse its span.
    if let Ok(request) = ExportTraceServiceRequest::decode(bytes) {
        let (decoded, _) = decoded.expect("prost takes it");
        let scopes = request
            .resource_spans
            .iter()
            .flat_map(|resource_spans| &resource_spans.scope_spans);
        let spans: usize = scopes.map(|scope_spans| scope_spans.spans.len()).sum();
        assert_eq!(decoded.batch.rows() as u64 + decoded.rejected, spans as u64);
    }
});
