//! The JSON decoder of Zipkin v2: it never panics, and what it takes reads back and is the same each time.

#![no_main]

use collector::zipkin::decode_v2_json;
use libfuzzer_sys::fuzz_target;
use schemas::{SpanReader, UnixNanos};

/// When everything arrives.
const ARRIVAL: UnixNanos = UnixNanos(1_700_000_000_000_000_000);

fuzz_target!(|bytes: &[u8]| {
    let Ok(decoded) = decode_v2_json(bytes, ARRIVAL) else {
        return;
    };
    let spans = SpanReader::new(&decoded.batch)
        .spans()
        .expect("the batch holds text of our own");
    assert_eq!(spans.len(), decoded.batch.rows());
    assert!(spans.iter().all(|span| span.duration_nano >= 0));
    let again = decode_v2_json(bytes, ARRIVAL).expect("as before");
    assert_eq!(
        again.batch.to_record_batch(None),
        decoded.batch.to_record_batch(None)
    );
    assert_eq!(again.reason, decoded.reason);
});
