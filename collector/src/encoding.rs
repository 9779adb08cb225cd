//! The encodings of a request's spans, and decoding by their tag.

use bytes::{BufMut, Bytes, BytesMut};
use schemas::UnixNanos;

use crate::{DecodeError, Decoded, jaeger, mtrace, otlp, skywalking, zipkin};

/// How the spans of a request are written. The number is stored beside the bytes in the
/// write-ahead log, so it never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Encoding {
    /// OTLP's `ExportTraceServiceRequest` in protobuf.
    OtlpProtobuf = 1,
    /// OTLP's `ExportTraceServiceRequest` in protobuf's JSON form.
    OtlpJson = 2,
    /// When it arrived, then a JSON array of Zipkin v2 spans.
    ZipkinV2Json = 3,
    /// When it arrived, then `zipkin.proto3.ListOfSpans`.
    ZipkinV2Protobuf = 4,
    /// When it arrived, then a JSON array of Zipkin v1 spans.
    ZipkinV1Json = 5,
    /// When it arrived, then a list of Zipkin v1 spans in Thrift's binary protocol.
    ZipkinV1Thrift = 6,
    /// A Jaeger `Batch` in Thrift's binary protocol.
    JaegerThriftBinary = 7,
    /// A call of the Jaeger agent's `emitBatch` in Thrift's binary protocol.
    JaegerAgentBinary = 8,
    /// A call of the Jaeger agent's `emitBatch` in Thrift's compact protocol.
    JaegerAgentCompact = 9,
    /// Jaeger's `jaeger.api_v2.PostSpansRequest` in protobuf.
    JaegerProtobuf = 10,
    /// MTrace spans: a JSON array, one object, or one object a line.
    MtraceJson = 11,
    /// SkyWalking's `SegmentObject` in protobuf.
    SkyWalkingSegment = 12,
    /// SkyWalking's `SegmentCollection` in protobuf.
    SkyWalkingSegments = 13,
}

impl Encoding {
    /// All of them, by number.
    pub const ALL: [Self; 13] = [
        Self::OtlpProtobuf,
        Self::OtlpJson,
        Self::ZipkinV2Json,
        Self::ZipkinV2Protobuf,
        Self::ZipkinV1Json,
        Self::ZipkinV1Thrift,
        Self::JaegerThriftBinary,
        Self::JaegerAgentBinary,
        Self::JaegerAgentCompact,
        Self::JaegerProtobuf,
        Self::MtraceJson,
        Self::SkyWalkingSegment,
        Self::SkyWalkingSegments,
    ];

    /// The number that is stored.
    pub const fn tag(self) -> u8 {
        self as u8
    }

    /// The encoding of a stored number.
    pub fn from_tag(tag: u8) -> Option<Self> {
        let index = usize::from(tag).checked_sub(1)?;
        Self::ALL.get(index).copied()
    }

    /// Decodes `payload`, which is not compressed.
    ///
    /// # Errors
    /// [`DecodeError`] when the payload is not of this encoding. Single spans that are invalid are
    /// no error: they are counted in [`Decoded`].
    pub fn decode(self, payload: &[u8]) -> Result<Decoded, DecodeError> {
        match self {
            Self::OtlpProtobuf => otlp::decode_protobuf(payload),
            Self::OtlpJson => otlp::decode_json(payload),
            Self::ZipkinV2Json => unstamp(payload, zipkin::decode_v2_json),
            Self::ZipkinV2Protobuf => unstamp(payload, zipkin::decode_v2_protobuf),
            Self::ZipkinV1Json => unstamp(payload, zipkin::decode_v1_json),
            Self::ZipkinV1Thrift => unstamp(payload, zipkin::decode_v1_thrift),
            Self::JaegerThriftBinary => jaeger::decode_thrift_binary(payload),
            Self::JaegerAgentBinary => jaeger::decode_agent_binary(payload),
            Self::JaegerAgentCompact => jaeger::decode_agent_compact(payload),
            Self::JaegerProtobuf => jaeger::decode_protobuf(payload),
            Self::MtraceJson => mtrace::decode(payload),
            Self::SkyWalkingSegment => skywalking::decode_segment(payload),
            Self::SkyWalkingSegments => skywalking::decode_segments(payload),
        }
    }

    /// Whether the time of arrival stands before the body: a span of these protocols need not say
    /// when it began.
    pub(crate) const fn is_stamped(self) -> bool {
        matches!(
            self,
            Self::ZipkinV2Json | Self::ZipkinV2Protobuf | Self::ZipkinV1Json | Self::ZipkinV1Thrift
        )
    }

    /// The memory of decoded spans, as a multiple of the body: columns, and for JSON its tree too.
    pub(crate) const fn expansion(self) -> usize {
        match self {
            Self::OtlpJson | Self::ZipkinV2Json | Self::ZipkinV1Json | Self::MtraceJson => 4,
            // Each span repeats the ids of its trace and segment as text.
            Self::SkyWalkingSegment | Self::SkyWalkingSegments => 4,
            Self::ZipkinV1Thrift
            | Self::JaegerThriftBinary
            | Self::JaegerAgentBinary
            | Self::JaegerAgentCompact => 2,
            Self::OtlpProtobuf | Self::ZipkinV2Protobuf | Self::JaegerProtobuf => 1,
        }
    }
}

/// The payload of a body that arrived then: its nanoseconds in eight bytes, little-endian, and the
/// body.
pub(crate) fn stamp(arrival: UnixNanos, body: &[u8]) -> Bytes {
    let mut payload = BytesMut::with_capacity(8 + body.len());
    payload.put_i64_le(arrival.0);
    payload.put_slice(body);
    payload.freeze()
}

fn unstamp(
    payload: &[u8],
    decode: fn(&[u8], UnixNanos) -> Result<Decoded, DecodeError>,
) -> Result<Decoded, DecodeError> {
    let Some((arrival, body)) = payload.split_first_chunk() else {
        return Err(DecodeError::malformed(
            "a stamped request",
            "it is too short",
        ));
    };
    decode(body, UnixNanos(i64::from_le_bytes(*arrival)))
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
        for (index, encoding) in Encoding::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(encoding.tag()), index + 1);
            assert_eq!(Encoding::from_tag(encoding.tag()), Some(encoding));
        }
        for unknown in [0, 14] {
            assert!(matches!(
                decode_payload(unknown, b""),
                Err(DecodeError::UnknownEncoding(tag)) if tag == unknown
            ));
        }
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
        for (folder, tag, least) in [
            ("otlp_protobuf", 1, 9),
            ("otlp_json", 2, 9),
            ("zipkin_v2_json", 3, 5),
            ("zipkin_v2_protobuf", 4, 3),
            ("zipkin_v1_json", 5, 3),
            ("zipkin_v1_thrift", 6, 4),
            ("jaeger_protobuf", 10, 6),
            ("mtrace_json", 11, 7),
            ("skywalking_segment", 12, 6),
        ] {
            let mut seeds = 0;
            for entry in std::fs::read_dir(corpus.join(folder)).expect("a folder") {
                let path = entry.expect("readable").path();
                let body = std::fs::read(&path).expect("readable");
                let is_stamped = Encoding::from_tag(tag).is_some_and(Encoding::is_stamped);
                let payload = if is_stamped {
                    stamp(UnixNanos(1), &body)
                } else {
                    body.into()
                };
                let Ok(decoded) = decode_payload(tag, &payload) else {
                    continue;
                };
                let spans = schemas::SpanReader::new(&decoded.batch).spans();
                assert_eq!(spans.expect("own text parses").len(), decoded.batch.rows());
                seeds += 1;
            }
            assert!(seeds >= least, "{seeds} seeds of {folder} decode");
        }
    }
}
