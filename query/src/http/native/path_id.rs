//! The trace id in a path.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use schemas::TraceId;

use super::super::failure::ApiError;

/// The path's parameter as it came.
pub(super) type PathId = Result<Path<String>, PathRejection>;

/// The trace that a path names.
#[derive(Debug)]
pub(super) struct NamedTrace {
    pub(super) id: TraceId,
    /// The text that stands for the id, where it is not the id itself.
    sent: Option<String>,
}

impl NamedTrace {
    /// # Errors
    /// [`ApiError`], when the path names none.
    pub(super) fn of(id: PathId) -> Result<Self, ApiError> {
        let Path(text) =
            id.map_err(|rejection| ApiError::malformed("id", rejection.body_text()))?;
        let text = text.trim();
        if let Ok(id) = TraceId::parse(text) {
            return Ok(Self { id, sent: None });
        }
        match TraceId::of_sent(text) {
            Ok(id) => Ok(Self {
                id,
                sent: Some(text.to_owned()),
            }),
            Err(source) => Err(ApiError::MalformedTraceId {
                text: text.to_owned(),
                problem: source.to_string(),
            }),
        }
    }

    /// What is answered when it is not stored.
    pub(super) fn not_found(self) -> ApiError {
        match self.sent {
            None => ApiError::TraceNotFound(self.id),
            Some(sent) => ApiError::SentTraceNotFound { sent, id: self.id },
        }
    }
}
