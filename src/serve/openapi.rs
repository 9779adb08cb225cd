//! The description of the whole HTTP API: that of queries, and that of alerts.

use axum::http::header;
use axum::response::{IntoResponse, Response};

/// The description as JSON with line breaks.
pub(crate) fn openapi_json() -> String {
    let mut description = query::openapi();
    description.merge(::alerts::openapi());
    let mut text = description
        .to_pretty_json()
        .expect("the description has no maps with other keys than texts");
    text.push('\n');
    text
}

/// Answers with the description, also while the log is replayed.
pub(super) async fn serve() -> Response {
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    (content_type, openapi_json()).into_response()
}
