//! MTrace, a Dapper-style tracer's own JSON: spans with hierarchical ids, as `docs/mtrace.md` states.
//!
//! ```text
//!   body ──► one span after the other ──► halves of a call ──► ids ──► drafts
//!   body.rs        model.rs                  halves.rs        ids.rs   rows.rs
//! ```
//!
//! A span that breaks a rule is refused alone, with its reason; only a body that is not JSON is
//! refused as a whole.

mod annotations;
mod body;
mod halves;
mod http;
mod ids;
mod model;
mod rows;

use crate::{DecodeError, Decoded};

pub use http::router;

use body::Spans;
use rows::Rows;

/// Decodes MTrace spans: a JSON array of them, one object, or one object a line. Spans that are
/// invalid are counted and described in the result.
///
/// # Errors
/// [`DecodeError::Malformed`] when the text is not JSON.
pub fn decode(body: &[u8]) -> Result<Decoded, DecodeError> {
    let mut spans = Spans::of(body)?;
    let mut rows = Rows::default();
    while let Some(span) = spans.next()? {
        rows.push(span);
    }
    Ok(rows.finish())
}

#[cfg(test)]
mod tests;
