//! The latest spans, and the calls among them: some to look at, not all.

use schemas::TraceId;

use super::call::Call;
use super::fetch::SpanSource;
use super::link::Linker;
use super::names::Names;
use super::spans::{LinkedSpan, TraceSpans, by_trace};
use crate::QueryError;
use crate::counters::Counting;
use crate::engine::Scan;
use crate::red::TimeSpan;

/// Spans that started in a range, and nothing else of their traces.
#[derive(Debug)]
pub(crate) struct RecentSpans {
    spans: TraceSpans,
    names: Names,
}

/// What is among them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Recent<'a> {
    /// A span.
    Span(&'a LinkedSpan),
    /// A call, as far as the spans of its trace tell.
    Call(TraceId, &'a Call),
}

impl RecentSpans {
    /// Reads the spans of a range until there are `enough`.
    ///
    /// # Errors
    /// As every question; [`QueryError::TooLarge`] when they take more memory than queries may use.
    pub(crate) async fn read(
        scan: &Scan<'_>,
        counting: &Counting,
        range: TimeSpan,
        enough: usize,
    ) -> Result<Self, QueryError> {
        let source = SpanSource { scan, counting };
        let (mut spans, mut names) = (source.no_spans(), Names::default());
        source
            .add_some_of_range(range, enough, &mut spans, &mut names)
            .await?;
        Ok(Self { spans, names })
    }

    /// Hands over all spans and calls, trace by trace.
    pub(crate) fn each(&mut self, mut see: impl FnMut(Recent<'_>)) {
        let Self { spans, names } = self;
        let mut linker = Linker::default();
        for trace in by_trace(spans.in_order(names)) {
            for span in trace {
                see(Recent::Span(span));
            }
            for call in linker.link(trace, names) {
                see(Recent::Call(trace[0].trace_id, call));
            }
        }
    }

    /// The texts of what is handed over.
    pub(crate) fn names(&self) -> &Names {
        &self.names
    }
}
