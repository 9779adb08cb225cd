//! The trace id in a path.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use schemas::TraceId;

use super::super::failure::ApiError;
use super::super::parameters::trace_id;

/// The path's parameter as it came.
pub(super) type PathId = Result<Path<String>, PathRejection>;

/// The trace that a path names.
pub(super) fn trace_id_of(id: PathId) -> Result<TraceId, ApiError> {
    let Path(id) = id.map_err(|rejection| ApiError::malformed("id", rejection.body_text()))?;
    trace_id(&id)
}
