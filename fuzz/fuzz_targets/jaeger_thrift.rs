//! Jaeger's Thrift decoders: they never panic, and what they take reads back and is the same each
//! time. The first byte selects the form: a batch, or the agent's call in one of two protocols.

#![no_main]

use collector::jaeger::{decode_agent_binary, decode_agent_compact, decode_thrift_binary};
use libfuzzer_sys::fuzz_target;
use schemas::SpanReader;

fuzz_target!(|bytes: &[u8]| {
    let Some((form, body)) = bytes.split_first() else {
        return;
    };
    let decode = match form % 3 {
        0 => decode_thrift_binary,
        1 => decode_agent_binary,
        _ => decode_agent_compact,
    };
    let Ok(decoded) = decode(body) else {
        return;
    };
    let spans = SpanReader::new(&decoded.batch)
        .spans()
        .expect("the batch holds text of our own");
    assert_eq!(spans.len(), decoded.batch.rows());
    assert!(spans.iter().all(|span| span.duration_nano >= 0));
    let again = decode(body).expect("as before");
    assert_eq!(
        again.batch.to_record_batch(None),
        decoded.batch.to_record_batch(None)
    );
    assert_eq!(again.reason, decoded.reason);
});
