//! Jaeger's protobuf decoder: it never panics, and what it takes reads back and is the same each
//! time.

#![no_main]

use collector::jaeger::decode_protobuf;
use libfuzzer_sys::fuzz_target;
use spanhouse_fuzz::decodes_alike;

fuzz_target!(|bytes: &[u8]| {
    decodes_alike(|| decode_protobuf(bytes));
});
