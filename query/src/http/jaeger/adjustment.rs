//! What Jaeger adjusts before it shows a trace: ids that two spans share, parents, clock skew.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hasher};

use schemas::{Span, SpanId, UnixNanos};

use super::warnings;
use crate::{Mark, Trace};

/// The adjustment of one trace.
pub(super) struct Adjustment<'a> {
    trace: &'a Trace,
    /// New ids, by position.
    derived: HashMap<usize, SpanId>,
}

impl<'a> Adjustment<'a> {
    /// Derives an id for each called span that shares its caller's. It is of the shared id alone,
    /// so that it stays the same when more spans arrive.
    pub(super) fn of(trace: &'a Trace) -> Self {
        let spans = trace.spans();
        let shares = |position: &usize| {
            let span = &spans[*position];
            let caller = span.parent.map(|parent| &spans[parent]);
            caller.is_some_and(|caller| !caller.is_placeholder() && caller.span_id == span.span_id)
        };
        let sharing: Vec<usize> = (0..spans.len()).filter(shares).collect();
        let mut taken: HashSet<SpanId> = match sharing.is_empty() {
            true => HashSet::new(),
            false => spans.iter().filter_map(|span| span.span_id).collect(),
        };
        let derived = sharing.into_iter().filter_map(|position| {
            let shared = spans[position].span_id?;
            Some((position, derive(shared, &mut taken)))
        });
        Self {
            derived: derived.collect(),
            trace,
        }
    }

    /// Adjusts the span at a position, and gives the warnings about it.
    pub(super) fn apply(&self, position: usize, span: &mut Span) -> Vec<String> {
        let place = &self.trace.spans()[position];
        let mut warnings = Vec::new();
        span.span_id = self.id(position).unwrap_or(span.span_id);
        let named = span.parent_span_id;
        match place.parent {
            Some(parent) => {
                span.parent_span_id = self.id(parent).or(named);
                if let (Some(named), None) = (named, self.id(parent)) {
                    warnings.push(warnings::missing_parent(named));
                }
            }
            None => {
                span.parent_span_id = None;
                if let Some(named) = named.filter(|_| place.marks.contains(Mark::Cycle)) {
                    warnings.push(warnings::circle(named));
                }
            }
        }
        let skew = place.clock_skew_nano;
        if skew != 0 {
            let adjusted = |time: UnixNanos| UnixNanos(time.0.saturating_add(skew));
            span.start = adjusted(span.start);
            for event in &mut span.events {
                event.time = adjusted(event.time);
            }
            warnings.push(warnings::clock_skew(skew));
        }
        warnings
    }

    /// The id under which the span at a position is shown; none for a placeholder.
    fn id(&self, position: usize) -> Option<SpanId> {
        let span = &self.trace.spans()[position];
        let stored = span.span_id.filter(|_| !span.is_placeholder());
        self.derived.get(&position).copied().or(stored)
    }
}

fn derive(shared: SpanId, taken: &mut HashSet<SpanId>) -> SpanId {
    let mut hasher = DefaultHasher::new();
    hasher.write(&shared.0);
    loop {
        hasher.write(b"server half");
        let id = SpanId(hasher.finish().to_be_bytes());
        if id.0 != [0; 8] && taken.insert(id) {
            return id;
        }
    }
}
