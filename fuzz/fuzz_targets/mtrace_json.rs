//! The MTrace decoder: it never panics, and what it takes reads back and is the same each time.

#![no_main]

use collector::mtrace::decode;
use libfuzzer_sys::fuzz_target;
use schemas::{CallPath, SpanReader};

fuzz_target!(|bytes: &[u8]| {
    let Ok(decoded) = decode(bytes) else {
        return;
    };
    let spans = SpanReader::new(&decoded.batch)
        .spans()
        .expect("the batch holds text of our own");
    assert_eq!(spans.len(), decoded.batch.rows());
    for span in &spans {
        assert!(span.duration_nano >= 0);
        let path = span.call_path.as_deref().expect("every span has one");
        assert!(CallPath::parse(path).is_ok());
    }
    assert_eq!(decoded.details.len() as u64, decoded.rejected.min(100));
    let again = decode(bytes).expect("as before");
    assert_eq!(
        again.batch.to_record_batch(None),
        decoded.batch.to_record_batch(None)
    );
    assert_eq!(again.details, decoded.details);
});
