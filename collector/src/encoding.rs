//! The encodings of a request's spans, and decoding by their tag.

use crate::otlp::{decode_json, decode_protobuf};
use crate::{DecodeError, Decoded};

/// How the spans of a request are written. The number is stored beside the bytes in the
/// write-ahead log, so it never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Encoding {
    /// OTLP's `ExportTraceServiceRequest` in protobuf.
    OtlpProtobuf = 1,
    /// OTLP's `ExportTraceServiceRequest` in protobuf's JSON form.
    OtlpJson = 2,
}

impl Encoding {
    /// The number that is stored.
    pub const fn tag(self) -> u8 {
        self as u8
    }

    /// The encoding of a stored number.
    pub const fn from_tag(tag: u8) -> Option<Self> {
        match tag {
            1 => Some(Self::OtlpProtobuf),
            2 => Some(Self::OtlpJson),
            _ => None,
        }
    }

    /// Decodes `body`, which is not compressed.
    ///
    /// # Errors
    /// [`DecodeError`] when the body is not of this encoding. Single spans that are invalid are
    /// no error: they are counted in [`Decoded`].
    pub fn decode(self, body: &[u8]) -> Result<Decoded, DecodeError> {
        match self {
            Self::OtlpProtobuf => decode_protobuf(body),
            Self::OtlpJson => decode_json(body),
        }
    }
}

/// Decodes a stored payload: the encoding's tag and the bytes as received, after decompression.
/// The same payload always gives the same batch.
///
/// # Errors
/// [`DecodeError`] when the tag is unknown or the body is not of its encoding.
pub fn decode_payload(encoding: u8, body: &[u8]) -> Result<Decoded, DecodeError> {
    Encoding::from_tag(encoding)
        .ok_or(DecodeError::UnknownEncoding(encoding))?
        .decode(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_stable_and_unknown_ones_are_refused() {
        assert_eq!(
            (Encoding::OtlpProtobuf.tag(), Encoding::OtlpJson.tag()),
            (1, 2)
        );
        for encoding in [Encoding::OtlpProtobuf, Encoding::OtlpJson] {
            assert_eq!(Encoding::from_tag(encoding.tag()), Some(encoding));
        }
        assert!(matches!(
            decode_payload(3, b""),
            Err(DecodeError::UnknownEncoding(3))
        ));
        assert_eq!(
            decode_payload(1, b"")
                .expect("an empty request")
                .batch
                .rows(),
            0
        );
        assert_eq!(
            decode_payload(2, b"{}")
                .expect("an empty request")
                .batch
                .rows(),
            0
        );
    }

    /// The fuzz targets' checks on their seeds, so that the seeds stay what they are named for.
    #[test]
    fn the_seeds_of_the_fuzz_targets_decode_and_read_back() {
        let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
        for (folder, tag) in [("otlp_protobuf", 1), ("otlp_json", 2)] {
            let mut seeds = 0;
            for entry in std::fs::read_dir(corpus.join(folder)).expect("a folder") {
                let path = entry.expect("readable").path();
                let body = std::fs::read(&path).expect("readable");
                let Ok(decoded) = decode_payload(tag, &body) else {
                    continue;
                };
                let spans = schemas::SpanReader::new(&decoded.batch).spans();
                assert_eq!(spans.expect("own text parses").len(), decoded.batch.rows());
                seeds += 1;
            }
            assert!(seeds >= 9, "{seeds} seeds of {folder} decode");
        }
    }
}
