//! Jaeger's Thrift decoders: they never panic, and what they take reads back and is the same each
//! time. The first byte selects the form: a batch, or the agent's call in one of two protocols.

#![no_main]

use collector::jaeger::{decode_agent_binary, decode_agent_compact, decode_thrift_binary};
use libfuzzer_sys::fuzz_target;
use spanhouse_fuzz::decodes_alike;

fuzz_target!(|bytes: &[u8]| {
    let Some((form, body)) = bytes.split_first() else {
        return;
    };
    let decode = match form % 3 {
        0 => decode_thrift_binary,
        1 => decode_agent_binary,
        _ => decode_agent_compact,
    };
    decodes_alike(|| decode(body));
});
