//! Single values of a span, read from their columns: the rest of its content stays unread.

use schemas::SpanReader;
use schemas::columns::{self, ColumnId};

use super::{Trace, TraceSpan};

impl Trace {
    /// The operation's name; empty for a placeholder.
    pub(crate) fn operation(&self, span: &TraceSpan) -> &str {
        self.text(span, columns::NAME).unwrap_or_default()
    }

    /// The status message; empty when none was sent.
    pub(crate) fn status_message(&self, span: &TraceSpan) -> &str {
        self.text(span, columns::STATUS_MESSAGE).unwrap_or_default()
    }

    /// The text or the number of a span's attribute whose key has no column.
    pub(crate) fn attribute_text(&self, span: &TraceSpan, key: &str) -> Option<String> {
        self.rows.span_text(span.row?, key)
    }

    fn text(&self, span: &TraceSpan, column: ColumnId) -> Option<&str> {
        let row = span.row?;
        let batch = &self.rows.batches()[row.batch as usize];
        SpanReader::new(batch).text(column, row.row as usize)
    }
}
