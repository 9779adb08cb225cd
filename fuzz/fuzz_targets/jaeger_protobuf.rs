//! Jaeger's protobuf decoder: it never panics, and what it takes reads back and is the same each
//! time.

#![no_main]

use collector::jaeger::decode_protobuf;
use libfuzzer_sys::fuzz_target;
use schemas::SpanReader;

fuzz_target!(|bytes: &[u8]| {
    let Ok(decoded) = decode_protobuf(bytes) else {
        return;
    };
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
});
