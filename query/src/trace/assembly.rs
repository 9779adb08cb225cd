//! Rows to traces.

use std::collections::HashMap;
use std::sync::Arc;

use schemas::typed_json::TypedJsonError;
use schemas::{Resource, SpanKind, StatusCode, TraceId, UnixNanos};

use super::call_path::SentPath;
use super::distinct::{Distinct, DistinctSpans, sending_order};
use super::forest::{self, Place};
use super::links::{Linked, Links};
use super::marks::Mark;
use super::owners::in_order_of_use;
use super::rows::{Skeleton, SpanRows};
use super::{Trace, TraceSpan, TraceSummary, envelope, service_name, skew};
use crate::QueryError;

/// Puts together all traces whose spans are among the rows, by trace id.
///
/// # Errors
/// [`QueryError::Attributes`] and [`QueryError::Columns`] for rows that spanhouse did not write.
pub(crate) fn assemble(mut rows: SpanRows) -> Result<Vec<Trace>, QueryError> {
    rows.split_owners()?;
    let mut skeletons = rows.skeletons();
    skeletons.sort_unstable_by_key(sending_order);
    let rows = Arc::new(rows);
    let traces = skeletons.chunk_by(|one, next| one.trace_id == next.trace_id);
    traces
        .map(|spans| Ok(assemble_one(spans[0].trace_id, &rows, spans)?))
        .collect()
}

fn assemble_one(
    id: TraceId,
    rows: &Arc<SpanRows>,
    skeletons: &[Skeleton],
) -> Result<Trace, TypedJsonError> {
    let DistinctSpans {
        spans: distinct,
        resources,
        scopes,
    } = DistinctSpans::of(rows, skeletons)?;
    let linked = linked(rows, &distinct, &resources);
    let links = Links::of(&linked);
    let places = forest::grow(&links);
    let mut spans: Vec<TraceSpan> = places
        .iter()
        .map(|place| match distinct.get(place.node) {
            Some(span) => stored(place, span, &linked[place.node]),
            None => placeholder(place, &links, &distinct),
        })
        .collect();
    let resources = in_order_of_use(resources, spans.iter_mut().map(|span| &mut span.resource));
    let scopes = in_order_of_use(scopes, spans.iter_mut().map(|span| &mut span.scope));
    skew::adjust(&mut spans, rows, &resources);
    envelope::of_placeholders(&mut spans);
    Ok(Trace {
        id,
        rows: Arc::clone(rows),
        summary: TraceSummary::of(&spans, &resources),
        spans,
        resources,
        scopes,
    })
}

/// What links depend on.
fn linked<'a>(
    rows: &'a SpanRows,
    distinct: &[Distinct],
    resources: &[Resource],
) -> Vec<Linked<'a>> {
    let mut numbers = HashMap::new();
    let services: Vec<usize> = resources
        .iter()
        .map(|resource| {
            let next = numbers.len();
            *numbers.entry(service_name(resource)).or_insert(next)
        })
        .collect();
    let link = |Distinct {
                    skeleton, resource, ..
                }: &Distinct| Linked {
        span_id: skeleton.span_id,
        parent: skeleton.parent,
        path: rows.call_path(skeleton.row),
        kind: skeleton.kind,
        start: skeleton.start,
        service: services[*resource],
    };
    distinct.iter().map(link).collect()
}

fn stored(place: &Place, span: &Distinct, linked: &Linked<'_>) -> TraceSpan {
    let skeleton = &span.skeleton;
    let mut marks = place.marks;
    if span.copies > 1 {
        marks.add(Mark::Duplicate);
    }
    TraceSpan {
        row: Some(skeleton.row),
        sent_path: linked.path.map(|path| SentPath::of(skeleton.row, path)),
        span_id: Some(skeleton.span_id),
        start: skeleton.start,
        duration_nano: skeleton.duration_nano,
        clock_skew_nano: 0,
        kind: skeleton.kind,
        status_code: skeleton.status_code,
        parent: place.parent,
        end: place.end,
        half: place.half,
        depth: place.depth,
        levels: place.levels,
        ordinal: place.ordinal,
        copies: span.copies,
        marks,
        resource: Some(span.resource),
        scope: Some(span.scope),
    }
}

fn placeholder(place: &Place, links: &Links<'_>, distinct: &[Distinct]) -> TraceSpan {
    let missing = links.missing(place.node);
    let sent_path = missing.and_then(|missing| missing.path);
    TraceSpan {
        row: None,
        sent_path: sent_path.map(|(path, span)| SentPath::of(distinct[span].skeleton.row, path)),
        span_id: missing.and_then(|missing| missing.span_id),
        start: UnixNanos(0),
        duration_nano: 0,
        clock_skew_nano: 0,
        kind: SpanKind::Unspecified,
        status_code: StatusCode::Unset,
        parent: place.parent,
        end: place.end,
        half: None,
        depth: place.depth,
        levels: place.levels,
        ordinal: place.ordinal,
        copies: 0,
        marks: place.marks,
        resource: None,
        scope: None,
    }
}
