//! The decoder of SkyWalking's segments: it never panics, and what it takes reads back, is the same
//! each time, and is the same in a collection.

#![no_main]

use collector::Decoded;
use collector::skywalking::{decode_segment, decode_segments};
use libfuzzer_sys::fuzz_target;
use schemas::SpanReader;

fuzz_target!(|bytes: &[u8]| {
    drop(decode_segments(bytes));
    let Ok(decoded) = decode_segment(bytes) else {
        return;
    };
    let spans = SpanReader::new(&decoded.batch)
        .spans()
        .expect("the batch holds text of our own");
    assert_eq!(spans.len(), decoded.batch.rows());
    assert!(spans.iter().all(|span| span.duration_nano >= 0));
    let same = |again: &Decoded| {
        assert_eq!(
            again.batch.to_record_batch(None),
            decoded.batch.to_record_batch(None)
        );
        assert_eq!(again.reason, decoded.reason);
    };
    same(&decode_segment(bytes).expect("as before"));
    // It may be nested too deep for being one level further down.
    if let Ok(again) = decode_segments(&collection_of(bytes)) {
        same(&again);
    }
});

/// A `SegmentCollection` of this segment.
fn collection_of(segment: &[u8]) -> Vec<u8> {
    let mut message = vec![0x0a];
    let mut length = segment.len();
    while length >= 0x80 {
        message.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    message.push(length as u8);
    message.extend_from_slice(segment);
    message
}
