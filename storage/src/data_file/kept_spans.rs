//! Spans of files that were just written, until they are rolled up: they need not be read again.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use schemas::ColumnId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many spans are kept at a time, of which each takes about a hundred bytes: those of one file, or of
/// some small ones.
const MOST_SPANS: usize = 300_000;

/// Keeps some columns of spans, within bounds.
#[derive(Debug)]
pub(crate) struct SpanKeeper {
    columns: Vec<ColumnId>,
    room: Arc<Semaphore>,
}

/// Spans in the order of their file.
#[derive(Debug)]
pub(crate) struct KeptSpans {
    batches: Vec<RecordBatch>,
    /// Which columns of the batches of a file are kept.
    projection: Vec<usize>,
    room: OwnedSemaphorePermit,
}

impl SpanKeeper {
    /// Keeps these columns; nothing without any.
    pub(crate) fn of(columns: Vec<ColumnId>) -> Self {
        Self {
            columns,
            room: Arc::new(Semaphore::new(MOST_SPANS)),
        }
    }

    /// Begins to keep so many spans of a schema; none where there is no room, or nobody asks for them.
    pub(crate) fn begin(&self, rows: usize, schema: &Schema) -> Option<KeptSpans> {
        let is_kept = |name: &str| self.columns.iter().any(|id| id.column().name == name);
        let fields = schema.fields().iter().enumerate();
        let fields = fields.filter(|(_, field)| is_kept(field.name()));
        let projection: Vec<usize> = fields.map(|(position, _)| position).collect();
        if projection.is_empty() {
            return None;
        }
        let rows = u32::try_from(rows).ok()?;
        let room = Arc::clone(&self.room).try_acquire_many_owned(rows).ok()?;
        Some(KeptSpans {
            batches: Vec::new(),
            projection,
            room,
        })
    }
}

impl KeptSpans {
    /// Keeps the next rows of the file.
    pub(crate) fn add(&mut self, rows: &RecordBatch) {
        let kept = rows.project(&self.projection);
        self.batches.push(kept.expect("columns of the schema"));
    }

    /// Hands them over; there is room for others once the last ones are gone.
    pub(crate) fn into_batches(self) -> impl Iterator<Item = RecordBatch> + Send {
        let Self { batches, room, .. } = self;
        batches.into_iter().inspect(move |_| {
            let _held_until_then = &room;
        })
    }
}

#[cfg(test)]
mod tests {
    use schemas::columns;
    use schemas::columns::span_schema;

    use super::*;

    #[test]
    fn so_many_spans_are_kept_until_they_are_dropped() {
        let keeper = SpanKeeper::of(vec![columns::TRACE_ID]);
        let first = keeper.begin(MOST_SPANS - 1, span_schema());
        assert!(first.is_some());
        assert!(keeper.begin(2, span_schema()).is_none(), "no room");
        assert!(keeper.begin(1, span_schema()).is_some());
        drop(first.map(KeptSpans::into_batches));
        assert!(keeper.begin(MOST_SPANS, span_schema()).is_some());
        assert!(keeper.begin(MOST_SPANS + 1, span_schema()).is_none());
    }

    #[test]
    fn nothing_is_kept_for_nobody() {
        let keeper = SpanKeeper::of(Vec::new());
        assert!(keeper.begin(1, span_schema()).is_none());
    }

    #[test]
    fn columns_that_are_asked_for_are_kept() {
        let keeper = SpanKeeper::of(vec![columns::NAME, columns::TRACE_ID]);
        let rows = RecordBatch::new_empty(Arc::clone(span_schema()));
        let mut kept = keeper.begin(0, span_schema()).expect("room");
        kept.add(&rows);
        let schema = kept.into_batches().next().expect("one").schema();
        let names: Vec<&str> = schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        assert_eq!(names, ["trace_id", "name"]);
    }
}
