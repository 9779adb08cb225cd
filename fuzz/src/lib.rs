//! What every fuzz target checks of its decoder.

use collector::{DecodeError, Decoded};
use schemas::{Span, SpanReader};

/// Decodes twice. What is taken must read back, and be the same each time; then its spans are
/// given too.
pub fn decodes_alike(
    decode: impl Fn() -> Result<Decoded, DecodeError>,
) -> Option<(Decoded, Vec<Span>)> {
    let decoded = decode().ok()?;
    let spans = SpanReader::new(&decoded.batch)
        .spans()
        .expect("the batch holds text of our own");
    assert_eq!(spans.len(), decoded.batch.rows());
    assert!(spans.iter().all(|span| span.duration_nano >= 0));
    assert_same(&decode().expect("as before"), &decoded);
    Some((decoded, spans))
}

/// Panics unless both hold the same spans and refused the same.
pub fn assert_same(one: &Decoded, other: &Decoded) {
    assert_eq!(
        one.batch.to_record_batch(None),
        other.batch.to_record_batch(None)
    );
    assert_eq!(one.reason, other.reason);
    assert_eq!(one.details, other.details);
}
