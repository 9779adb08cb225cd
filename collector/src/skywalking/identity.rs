//! The bytes of ids that are texts and numbers.

use schemas::TraceId;
use sha2::{Digest, Sha256};

/// The longest id of a trace or segment, in bytes; agents send 32 to 60. Each span repeats both.
pub(super) const MAX_ID: usize = 128;

/// The bytes of a trace's id: 32 hexadecimal digits as they are, other texts by their hash.
pub(super) fn trace_id(text: &[u8]) -> [u8; 16] {
    match std::str::from_utf8(text).map(TraceId::parse) {
        Ok(Ok(id)) if text.len() == 32 => id.0,
        _ => TraceId::of_hash(text).0,
    }
}

/// Gives the spans of one segment their ids.
pub(super) struct SpanIds(Sha256);

impl SpanIds {
    pub(super) fn of_segment(segment_id: &[u8]) -> Self {
        Self(Sha256::new_with_prefix(segment_id))
    }

    /// The bytes of a span's id; the number has a fixed length, so no two inputs are the same.
    pub(super) fn span_id(&self, number: i32) -> [u8; 8] {
        let hash = self.0.clone().chain_update(number.to_be_bytes());
        *hash
            .finalize()
            .first_chunk()
            .expect("a SHA-256 has 32 bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_trace_ids_are_kept_and_others_hashed() {
        let check = |text: &str, expect: &str| {
            assert_eq!(TraceId(trace_id(text.as_bytes())).to_string(), expect);
        };
        let hex = "0123456789abcdeffedcba9876543210";
        check(hex, hex);
        check(&hex.to_uppercase(), hex);
        // Computed with another implementation of SHA-256.
        check(
            "9a1b.57.16900000000000001",
            "5e75a80991c7eba9cb9189de110be80e",
        );
        check("0123456789abcdef", "9f9f5111f7b27a781f1f1ddde5ebc2dd");
        check(&"0".repeat(32), "84e0c0eafaa95a34c293f278ac52e45c");
    }

    #[test]
    fn span_ids_are_hashed_from_segment_and_number() {
        let ids = SpanIds::of_segment(b"segment");
        // Computed with another implementation of SHA-256.
        let expect = [0xee, 0x64, 0x61, 0xa7, 0x23, 0x32, 0xa2, 0x8b];
        assert_eq!(ids.span_id(0), expect);
        let expect = [0x61, 0x39, 0x1d, 0x8e, 0x7f, 0x5c, 0x6d, 0x3f];
        assert_eq!(ids.span_id(1), expect);
        let expect = [0x55, 0x67, 0x97, 0xbd, 0x25, 0xae, 0x66, 0x1e];
        assert_eq!(ids.span_id(-1), expect);
    }
}
