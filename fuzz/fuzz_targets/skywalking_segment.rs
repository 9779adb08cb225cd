//! The decoder of SkyWalking's segments: it never panics, and what it takes reads back, is the same
//! each time, and is the same in a collection.

#![no_main]

use collector::skywalking::{decode_segment, decode_segments};
use libfuzzer_sys::fuzz_target;
use spanhouse_fuzz::{assert_same, decodes_alike};

fuzz_target!(|bytes: &[u8]| {
    drop(decode_segments(bytes));
    let Some((decoded, _)) = decodes_alike(|| decode_segment(bytes)) else {
        return;
    };
    // It may be nested too deep for being one level further down.
    if let Ok(again) = decode_segments(&collection_of(bytes)) {
        assert_same(&again, &decoded);
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
