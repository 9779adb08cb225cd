//! Spans that were stored more than once.

use std::cell::OnceCell;
use std::cmp::Reverse;
use std::fmt::Debug;

use schemas::typed_json::TypedJsonError;
use schemas::{Resource, Scope, Span, SpanId, SpanKind, TraceId, UnixNanos};

use super::content::{Digest, Plain};
use super::owners::Owners;
use super::rows::{Skeleton, SpanRows, resource_columns, scope_columns};

/// A span that is to be shown, and how many times it was stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Distinct {
    pub(super) skeleton: Skeleton,
    /// The positions of its resource and scope.
    pub(super) resource: usize,
    pub(super) scope: usize,
    pub(super) copies: usize,
}

/// The distinct spans of one trace, sorted by start and id, and those that differ in content alone
/// by it; and their resources and scopes.
pub(super) struct DistinctSpans {
    pub(super) spans: Vec<Distinct>,
    pub(super) resources: Vec<Resource>,
    pub(super) scopes: Vec<Scope>,
}

/// The order of spans in which the same one, sent twice, stands together.
pub(super) fn sending_order(span: &Skeleton) -> (TraceId, i64, SpanId, SpanKind) {
    let micros = span.start.0.div_euclid(1_000);
    (span.trace_id, micros, span.span_id, span.kind)
}

impl DistinctSpans {
    /// Finds the distinct ones of a trace's spans, which are in [`sending_order`].
    pub(super) fn of(rows: &SpanRows, sorted: &[Skeleton]) -> Result<Self, TypedJsonError> {
        let mut resources = Owners::new(rows, resource_columns());
        let mut scopes = Owners::new(rows, scope_columns());
        let stored = sorted.iter().map(|skeleton| {
            Ok(Distinct {
                skeleton: *skeleton,
                resource: resources.of_row(skeleton.row, |span| span.resource)?,
                scope: scopes.of_row(skeleton.row, |span| span.scope)?,
                copies: 1,
            })
        });
        let stored: Vec<Distinct> = stored.collect::<Result<_, TypedJsonError>>()?;
        let (resources, scopes) = (resources.into_distinct(), scopes.into_distinct());
        let mut finding = Finding {
            rows,
            resources: &resources,
            scopes: &scopes,
            of_owners: OnceCell::new(),
            found: Vec::with_capacity(stored.len()),
        };
        let is_same_sending = |one: &Distinct, next: &Distinct| {
            sending_order(&one.skeleton) == sending_order(&next.skeleton)
        };
        for same in stored.chunk_by(is_same_sending) {
            finding.take(same)?;
        }
        let spans = finding.into_spans();
        Ok(Self {
            spans,
            resources,
            scopes,
        })
    }
}

/// Finds the distinct ones of spans.
struct Finding<'a> {
    rows: &'a SpanRows,
    resources: &'a [Resource],
    scopes: &'a [Scope],
    of_owners: OnceCell<OfOwners>,
    /// With what tells them from others of one id, kind and start, if there may be any.
    found: Vec<(Option<Description>, Distinct)>,
}

/// What is compared of resources and scopes, by position.
struct OfOwners {
    resources: Vec<Digests>,
    scopes: Vec<Digests>,
}

impl Finding<'_> {
    /// Takes spans of one id, kind and microsecond.
    fn take(&mut self, same: &[Distinct]) -> Result<(), TypedJsonError> {
        if let [alone] = same {
            self.found.push((None, *alone));
            return Ok(());
        }
        let contents = same.iter().map(|span| self.rows.content(span.skeleton.row));
        let contents: Vec<Span> = contents.collect::<Result<_, TypedJsonError>>()?;
        let exact = contents
            .iter()
            .zip(same)
            .map(|(content, span)| (Digest::of(content), span.resource, span.scope));
        let exact: Vec<_> = exact.collect();
        if exact.iter().all(|one| *one == exact[0]) {
            // The usual reason, and quicker: the sender tried again.
            let copies = same.len();
            self.found.push((None, Distinct { copies, ..same[0] }));
            return Ok(());
        }
        let described = contents.into_iter().zip(same);
        let described = described.map(|(content, span)| (self.describe(span, content), *span));
        let mut described: Vec<(Description, Distinct)> = described.collect();
        described.sort_unstable_by_key(|(description, _)| *description);
        let equal = described.chunk_by(|(one, _), (next, _)| one.is_equal_to_next(next));
        self.found.extend(equal.map(|equal| {
            // Where nanoseconds are known they stand last, the best form first.
            let known = equal.last().map(|(last, _)| last.nanos);
            let best = equal.iter().find(|(one, _)| Some(one.nanos) == known);
            let (description, span) = *best.unwrap_or(&equal[0]);
            let copies = equal.len();
            (Some(description), Distinct { copies, ..span })
        }));
        Ok(())
    }

    fn describe(&self, span: &Distinct, content: Span) -> Description {
        let of_owners = self.of_owners.get_or_init(|| OfOwners {
            resources: self.resources.iter().cloned().map(Digests::of).collect(),
            scopes: self.scopes.iter().cloned().map(Digests::of).collect(),
        });
        let all = [
            Digests::of(content),
            of_owners.resources[span.resource],
            of_owners.scopes[span.scope],
        ];
        let (start, duration) = (span.skeleton.start, span.skeleton.duration_nano);
        let has_nanos = start.0 % 1_000 != 0 || duration % 1_000 != 0;
        Description {
            plain: Digest::of(&all.map(|digests| digests.plain)),
            nanos: has_nanos.then_some((start, duration)),
            form: Reverse(all.iter().map(|digests| digests.lost).sum()),
            exact: Digest::of(&all.map(|digests| digests.exact)),
        }
    }

    fn into_spans(mut self) -> Vec<Distinct> {
        self.found.sort_unstable_by_key(|(description, span)| {
            let skeleton = &span.skeleton;
            (
                skeleton.start,
                skeleton.span_id,
                skeleton.kind,
                *description,
            )
        });
        self.found.into_iter().map(|(_, span)| span).collect()
    }
}

/// What is compared of a span. Sorts equal ones together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Description {
    plain: Digest,
    /// Start and duration; none if they may have been rounded to microseconds.
    nanos: Option<(UnixNanos, i64)>,
    /// How much its form tells.
    form: Reverse<usize>,
    exact: Digest,
}

impl Description {
    fn is_equal_to_next(&self, next: &Self) -> bool {
        self.plain == next.plain && (self.nanos.is_none() || self.nanos == next.nanos)
    }
}

/// The digests of a content as it is and made plain.
#[derive(Clone, Copy, Debug)]
struct Digests {
    exact: Digest,
    plain: Digest,
    /// How much is lost by making it plain.
    lost: usize,
}

impl Digests {
    fn of<T: Plain + Debug>(mut content: T) -> Self {
        let exact = Digest::of(&content);
        let lost = content.make_plain();
        Self {
            exact,
            plain: Digest::of(&content),
            lost,
        }
    }
}
