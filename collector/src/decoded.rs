//! What decoding a request gives.

use schemas::SpanBatch;

use crate::refusal::RefusalCounts;

/// The spans of a request.
#[derive(Debug)]
pub struct Decoded {
    /// The valid spans, in the order sent.
    pub batch: SpanBatch,
    /// How many spans were refused.
    pub rejected: u64,
    /// What was wrong with them, for the sender's eyes; with none refused a warning, or empty.
    pub reason: String,
    pub(crate) refused: RefusalCounts,
}

/// A request that is not of its encoding, so that none of its spans can be told.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The bytes are no protobuf `ExportTraceServiceRequest`.
    #[error("not a protobuf ExportTraceServiceRequest: {0}")]
    Protobuf(&'static str),
    /// The text is no `ExportTraceServiceRequest` in protobuf's JSON form.
    #[error("not a JSON ExportTraceServiceRequest: {0}")]
    Json(#[from] serde_json::Error),
    /// The tag of the encoding means nothing to this version.
    #[error("encoding {0} is unknown to this version of spanhouse")]
    UnknownEncoding(u8),
}
