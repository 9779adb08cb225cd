//! Rows to traces.

use std::sync::Arc;

use schemas::TraceId;
use schemas::typed_json::TypedJsonError;

use super::content::ContentDigest;
use super::forest::{self, Linked};
use super::marks::Mark;
use super::owners::Owners;
use super::rows::{Skeleton, SpanRows, resource_columns, scope_columns};
use super::{Trace, TraceSpan, TraceSummary};
use crate::QueryError;

/// A span that is to be shown, and how many times it was stored.
struct Distinct {
    skeleton: Skeleton,
    copies: usize,
}

/// Puts together all traces whose spans are among the rows, by trace id.
///
/// # Errors
/// [`QueryError::Attributes`] and [`QueryError::Columns`] for rows that spanhouse did not write.
pub(crate) fn assemble(mut rows: SpanRows) -> Result<Vec<Trace>, QueryError> {
    rows.split_owners()?;
    let mut skeletons = rows.skeletons();
    skeletons.sort_unstable_by_key(|span| (span.trace_id, span.start, span.span_id));
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
    let distinct = distinct_spans(rows, skeletons)?;
    let links: Vec<Linked> = distinct
        .iter()
        .map(|span| Linked {
            span_id: span.skeleton.span_id,
            parent: span.skeleton.parent,
        })
        .collect();
    let mut resources = Owners::new(rows, resource_columns());
    let mut scopes = Owners::new(rows, scope_columns());
    let mut spans = Vec::with_capacity(distinct.len());
    for place in forest::grow(&links) {
        let Distinct { skeleton, copies } = &distinct[place.span];
        let mut marks = place.marks;
        if *copies > 1 {
            marks.add(Mark::Duplicate);
        }
        spans.push(TraceSpan {
            row: skeleton.row,
            span_id: skeleton.span_id,
            start: skeleton.start,
            duration_nano: skeleton.duration_nano,
            status_code: skeleton.status_code,
            parent: place.parent,
            depth: place.depth,
            ordinal: place.ordinal,
            copies: *copies,
            marks,
            resource: resources.of_row(skeleton.row, |span| span.resource)?,
            scope: scopes.of_row(skeleton.row, |span| span.scope)?,
        });
    }
    let resources = resources.into_distinct();
    let summary = TraceSummary::of(&spans, &resources);
    let scopes = scopes.into_distinct();
    Ok(Trace {
        id,
        rows: Arc::clone(rows),
        spans,
        resources,
        scopes,
        summary,
    })
}

/// Spans sorted by start and id, equal ones once; those that differ in content alone are sorted
/// by it.
fn distinct_spans(rows: &SpanRows, sorted: &[Skeleton]) -> Result<Vec<Distinct>, TypedJsonError> {
    let mut distinct = Vec::with_capacity(sorted.len());
    for same in sorted.chunk_by(|one, next| (one.start, one.span_id) == (next.start, next.span_id))
    {
        if let [skeleton] = same {
            distinct.push(Distinct {
                skeleton: *skeleton,
                copies: 1,
            });
            continue;
        }
        let digest = |span: &Skeleton| Ok((ContentDigest::of(&rows.whole(span.row)?), *span));
        let mut digested: Vec<(ContentDigest, Skeleton)> = same
            .iter()
            .map(digest)
            .collect::<Result<_, TypedJsonError>>()?;
        digested.sort_unstable_by(|(one, _), (other, _)| one.order(*other));
        let copies = digested.chunk_by(|(one, _), (next, _)| one == next);
        distinct.extend(copies.map(|copies| Distinct {
            skeleton: copies[0].1,
            copies: copies.len(),
        }));
    }
    Ok(distinct)
}
