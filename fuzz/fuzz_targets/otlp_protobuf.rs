//! The protobuf decoder against prost: it never panics, what it takes reads back, and it takes
//! whatever prost takes, span for span.

#![no_main]

use collector::otlp::decode_protobuf;
use libfuzzer_sys::fuzz_target;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use schemas::SpanReader;

fuzz_target!(|bytes: &[u8]| {
    let decoded = decode_protobuf(bytes);
    if let Ok(decoded) = &decoded {
        let spans = SpanReader::new(&decoded.batch)
            .spans()
            .expect("the batch holds text of our own");
        assert_eq!(spans.len(), decoded.batch.rows());
        assert!(spans.iter().all(|span| span.duration_nano >= 0));
        let again = decode_protobuf(bytes).expect("as before");
        assert_eq!(
            again.batch.to_record_batch(None),
            decoded.batch.to_record_batch(None)
        );
        assert_eq!(again.reason, decoded.reason);
    }
    // prost refuses the whole request for one text that is not UTF-8; we refuse its span.
    if let Ok(request) = ExportTraceServiceRequest::decode(bytes) {
        let decoded = decoded.expect("prost takes it");
        let scopes = request
            .resource_spans
            .iter()
            .flat_map(|resource_spans| &resource_spans.scope_spans);
        let spans: usize = scopes.map(|scope_spans| scope_spans.spans.len()).sum();
        assert_eq!(decoded.batch.rows() as u64 + decoded.rejected, spans as u64);
    }
});
