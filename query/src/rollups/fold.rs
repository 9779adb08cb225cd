//! Spans to rows of the rollup tables, of their first steps.

use arrow_array::RecordBatch;
use schemas::SpanBatch;

use super::RollUps;
use super::span_sums::SpanSums;
use crate::QueryError;
use crate::topology::{
    CallSums, Change, KeptOperations, LinkedSpan, Names, each_change, put_in_order, read_spans,
};

/// Some rows of one of the tables.
#[derive(Clone, Debug)]
pub enum FoldedRows {
    /// Rows of `red`.
    Red(RecordBatch),
    /// Rows of `edges`.
    Edges(RecordBatch),
}

/// What spans add to the rollups, summed up part by part.
///
/// ```text
///   fresh spans ─┐             ┌─► new spans ──► sums by group and bucket ─► rows of `red`
///                ├─► by trace ─┤
///   earlier ─────┘             └─► calls + − ──► sums by edge and bucket ──► rows of `edges`
/// ```
#[derive(Debug)]
pub struct Folding {
    names: Names,
    spans: SpanSums,
    calls: CallSums,
    kept: KeptOperations,
    /// The spans that are added, in memory that the next ones take, too.
    fresh: Vec<LinkedSpan>,
    earlier: Vec<LinkedSpan>,
}

impl Folding {
    pub(super) fn new(rollups: &RollUps) -> Self {
        Self {
            names: Names::default(),
            spans: SpanSums::default(),
            calls: CallSums::default(),
            kept: KeptOperations::of(rollups),
            fresh: Vec::new(),
            earlier: Vec::new(),
        }
    }

    /// Adds what `fresh` spans add to the rollups, where `earlier` are all spans of the same traces
    /// that were folded before, here or anywhere. A span that is in there already, or comes twice,
    /// adds nothing. Earlier spans of other traces do not matter.
    ///
    /// Takes tenths of a microsecond a span, on one core: not for threads that serve sockets.
    pub fn add(&mut self, fresh: &[SpanBatch], earlier: &[SpanBatch]) {
        read_in_order(fresh, &mut self.names, &mut self.fresh);
        read_in_order(earlier, &mut self.names, &mut self.earlier);
        let Self {
            spans, calls, kept, ..
        } = self;
        each_change(
            &self.fresh,
            &self.earlier,
            &mut self.names,
            |change, names| match change {
                Change::Span(span) => spans.add(span, names, kept),
                Change::Call(call, sign) => calls.add(call, sign, names, kept),
            },
        );
    }

    /// The memory that the sums take, and that files of their rows will take, about, in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.names.memory_bytes() + self.spans.memory_bytes() + self.calls.memory_bytes()
    }

    /// Hands over rows of all that was added, some at a time, each time of one step; those of a step
    /// in the order of [`RolledUp`](super::RolledUp).
    ///
    /// # Errors
    /// [`QueryError::EncodeColumns`] when they cannot be written, and what `see` says.
    pub fn finish<E: From<QueryError>>(
        self,
        mut see: impl FnMut(FoldedRows) -> Result<(), E>,
    ) -> Result<(), E> {
        self.spans
            .into_rows(&self.names, |rows| see(FoldedRows::Red(rows)))?;
        self.calls
            .into_rows(&self.names, |rows| see(FoldedRows::Edges(rows)))
    }
}

fn read_in_order(batches: &[SpanBatch], names: &mut Names, spans: &mut Vec<LinkedSpan>) {
    spans.clear();
    spans.reserve(batches.iter().map(SpanBatch::rows).sum());
    for batch in batches {
        read_spans(batch, names, spans);
    }
    put_in_order(spans, names);
}
