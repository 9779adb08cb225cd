//! What decoding a request gives.

use std::fmt::Display;

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
    /// What was wrong with each of the first refused spans, in protocols that tell it one by one.
    pub details: Vec<String>,
    pub(crate) refused: RefusalCounts,
}

/// A request that is not of its encoding, so that none of its spans can be told.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The bytes are not of their encoding.
    #[error("not {form}: {reason}")]
    Malformed {
        /// What they should be, with its article.
        form: &'static str,
        /// Why they are not.
        reason: String,
    },
    /// The tag of the encoding means nothing to this version.
    #[error("encoding {0} is unknown to this version of spanhouse")]
    UnknownEncoding(u8),
}

impl DecodeError {
    pub(crate) fn malformed(form: &'static str, reason: &(impl Display + ?Sized)) -> Self {
        Self::Malformed {
            form,
            reason: reason.to_string(),
        }
    }
}
