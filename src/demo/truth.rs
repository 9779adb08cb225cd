//! The truth about a run: what the accepted spans add up to, for comparing with what is shown of
//! them.
//!
//! ```text
//!   traffic ──► expect (facts of a whole trace) ──┐
//!   collector ──► take (spans that failed) ───────┴─► settle ──► Figures ──► JSON
//! ```
//!
//! Nothing here is estimated: durations are kept whole, and who called whom is read from the traces
//! as they were made, before anything could get lost.

mod call;
mod document;

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::SystemTime;

use anyhow::Context;
use opentelemetry::trace::{SpanKind, Status};

use super::collector::{Flush, Receipt, SpanRef};
use super::fleet::Fleet;
use super::traffic::DemoSpan;
use call::{Call, Edge, calls};

/// So many spans' durations are kept, 160 MB; then the run ends.
const MOST_SPANS: usize = 20_000_000;

/// Spans of one service, name and kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Operation {
    service: &'static str,
    name: String,
    kind: &'static str,
}

#[derive(Debug, Default)]
struct OperationFigures {
    errors: u64,
    durations_nano: Vec<u64>,
}

#[derive(Debug, Default)]
struct EdgeFigures {
    calls: u64,
    errors: u64,
}

/// What a span adds, should it be accepted.
#[derive(Debug)]
struct Fact {
    id: SpanRef,
    operation: Operation,
    start_unix_nano: u64,
    duration_nano: u64,
    is_error: bool,
}

/// A trace whose spans wait or are on their way.
#[derive(Debug)]
struct Underway {
    facts: Vec<Fact>,
    calls: Vec<Call>,
}

/// The figures of accepted spans.
#[derive(Debug, Default)]
struct Figures {
    operations: BTreeMap<Operation, OperationFigures>,
    edges: BTreeMap<Edge, EdgeFigures>,
    spans: usize,
    /// Of failed exports: they may have been stored all the same.
    uncertain: usize,
    /// The first start and the last end.
    range_unix_nano: Option<(u64, u64)>,
}

/// The truth in the making.
#[derive(Debug)]
pub(super) struct Truth {
    file: File,
    underway: Vec<Underway>,
    failed: HashSet<SpanRef>,
    figures: Figures,
}

impl Truth {
    /// The truth of a run that has not begun, to be written to a new file.
    ///
    /// # Errors
    /// Fails when the file cannot be made.
    pub(super) fn to_file(path: &Path) -> anyhow::Result<Self> {
        let file = File::create(path)
            .with_context(|| format!("cannot make the file {}", path.display()))?;
        Ok(Self {
            file,
            underway: Vec::new(),
            failed: HashSet::new(),
            figures: Figures::default(),
        })
    }

    /// Notes a trace that is about to be sent.
    pub(super) fn expect(&mut self, trace: &[DemoSpan], fleet: &Fleet) {
        self.underway.push(Underway {
            facts: trace.iter().map(|span| Fact::of(span, fleet)).collect(),
            calls: calls(trace, fleet),
        });
    }

    /// Notes what became of a flush; after one of everything, no span is on its way.
    pub(super) fn take(&mut self, receipt: &Receipt, flush: Flush) {
        self.failed.extend(&receipt.refused);
        if flush == Flush::All {
            for trace in self.underway.drain(..) {
                self.figures.add(trace, &self.failed);
            }
            self.failed.clear();
        }
    }

    /// Whether no more spans can be told of.
    pub(super) fn is_full(&self) -> bool {
        self.figures.spans >= MOST_SPANS
    }

    /// Writes the JSON document.
    ///
    /// # Errors
    /// Fails when the file cannot be written.
    pub(super) fn write(self) -> anyhow::Result<()> {
        let mut writer = BufWriter::new(self.file);
        let document = document::of(self.figures);
        let written = serde_json::to_writer_pretty(&mut writer, &document);
        written.context("cannot write the truth")?;
        writer.flush().context("cannot write the truth")
    }
}

impl Fact {
    fn of(DemoSpan { instance, span }: &DemoSpan, fleet: &Fleet) -> Self {
        let start_unix_nano = unix_nanos(span.start_time);
        Self {
            id: SpanRef::of(span),
            operation: Operation {
                service: fleet.get(*instance).service.name,
                name: span.name.to_string(),
                kind: kind_name(&span.span_kind),
            },
            start_unix_nano,
            duration_nano: unix_nanos(span.end_time).saturating_sub(start_unix_nano),
            is_error: is_error(span),
        }
    }
}

impl Figures {
    fn add(&mut self, trace: Underway, failed: &HashSet<SpanRef>) {
        let is_accepted = |position: &usize| !failed.contains(&trace.facts[*position].id);
        for call in trace.calls {
            if call.halves().all(|half| is_accepted(&half)) {
                let edge = self.edges.entry(call.edge).or_default();
                edge.calls += 1;
                edge.errors += u64::from(call.is_error);
            }
        }
        for fact in trace.facts {
            if failed.contains(&fact.id) {
                self.uncertain += 1;
                continue;
            }
            self.spans += 1;
            let end = fact.start_unix_nano + fact.duration_nano;
            let (first, last) = self.range_unix_nano.unwrap_or((u64::MAX, 0));
            self.range_unix_nano = Some((first.min(fact.start_unix_nano), last.max(end)));
            let figures = self.operations.entry(fact.operation).or_default();
            figures.errors += u64::from(fact.is_error);
            figures.durations_nano.push(fact.duration_nano);
        }
    }
}

fn is_error(span: &opentelemetry_sdk::trace::SpanData) -> bool {
    matches!(span.status, Status::Error { .. })
}

fn unix_nanos(moment: SystemTime) -> u64 {
    let since_epoch = moment
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX)
}

/// A kind as the HTTP API names it.
fn kind_name(kind: &SpanKind) -> &'static str {
    match kind {
        SpanKind::Client => "client",
        SpanKind::Server => "server",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
        SpanKind::Internal => "internal",
    }
}

#[cfg(test)]
mod tests;
