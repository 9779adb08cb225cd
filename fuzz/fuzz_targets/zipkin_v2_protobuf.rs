//! The protobuf decoder of Zipkin v2: it never panics, and what it takes reads back and is the same each time.

#![no_main]

use collector::zipkin::decode_v2_protobuf;
use libfuzzer_sys::fuzz_target;
use schemas::UnixNanos;
use spanhouse_fuzz::decodes_alike;

/// When everything arrives.
const ARRIVAL: UnixNanos = UnixNanos(1_700_000_000_000_000_000);

fuzz_target!(|bytes: &[u8]| {
    decodes_alike(|| decode_v2_protobuf(bytes, ARRIVAL));
});
