//! Clock skew between hosts, found and adjusted as Zipkin and Jaeger do.

use schemas::{Resource, SpanKind, UnixNanos};

use super::hosts::Hosts;
use super::rows::SpanRows;
use super::{Half, TraceSpan};

/// Says of each span how far its host's clock is off from that of its caller's host.
///
/// A called span on another host that does not fit into its caller's span is moved: to the middle
/// where it is shorter, since the way there and the way back are taken to be equally long, and to
/// the start where it is longer and begins too early. Spans below it on its own host move with it.
/// Messages may be taken at any time, and spans of unknown hosts may be on any: they stay.
pub(super) fn adjust(spans: &mut [TraceSpan], rows: &SpanRows, resources: &[Resource]) {
    // Hosts are looked up for the few traces where something may be wrong.
    let is_misfit = |span: &TraceSpan| {
        let caller = span.parent.map(|parent| &spans[parent]);
        caller.is_some_and(|caller| is_call(caller, span) && shift(caller, span) != 0)
    };
    if !spans.iter().any(is_misfit) {
        return;
    }
    let hosts = Hosts::of(spans, rows, resources);
    for position in 0..spans.len() {
        let Some(parent) = spans[position].parent else {
            continue;
        };
        let (span, caller) = (&spans[position], &spans[parent]);
        spans[position].clock_skew_nano = match (hosts.at(position), hosts.at(parent)) {
            (Some(own), Some(callers)) if own == callers => caller.clock_skew_nano,
            (Some(_), Some(_)) if is_call(caller, span) => shift(caller, span),
            _ => 0,
        };
    }
}

/// Whether `span` is what `caller` waited for. Old clients do not say of which kind they are.
fn is_call(caller: &TraceSpan, span: &TraceSpan) -> bool {
    let is_caller = matches!(caller.kind, SpanKind::Client | SpanKind::Unspecified);
    let is_called = match span.kind {
        SpanKind::Server | SpanKind::Unspecified => true,
        SpanKind::Internal => span.half == Some(Half::Server),
        SpanKind::Client | SpanKind::Producer | SpanKind::Consumer => false,
    };
    is_caller && is_called && !caller.is_placeholder() && !span.is_placeholder()
}

/// How far `span` is to be moved to fit into `caller`, in nanoseconds.
fn shift(caller: &TraceSpan, span: &TraceSpan) -> i64 {
    let (UnixNanos(caller_start), UnixNanos(start)) = (caller.adjusted_start(), span.start);
    let spare = caller.duration_nano.saturating_sub(span.duration_nano);
    if spare < 0 {
        return caller_start.saturating_sub(start).max(0);
    }
    let end = start.saturating_add(span.duration_nano);
    if start >= caller_start && end <= caller.adjusted_end().0 {
        return 0;
    }
    caller_start.saturating_add(spare / 2).saturating_sub(start)
}
