use std::time::{Duration, Instant};

use proptest::prelude::*;
use schemas::{AttributeRef, SpanBatch, SpanRow};

use super::*;
use crate::fixtures::{TRACE, batch_of, span, span_id};

fn assembled(batches: Vec<SpanBatch>) -> Trace {
    let mut traces = assemble(SpanRows::new(batches)).expect("own rows");
    assert_eq!(traces.len(), 1);
    traces.remove(0)
}

/// The tree as lines: call path, span id, marks.
fn drawn(trace: &Trace) -> Vec<String> {
    let line = |span: &TraceSpan| {
        let path = trace.call_path(span).unwrap_or_default();
        let marks: String = span
            .marks
            .iter()
            .map(|mark| format!(" {}", mark.name()))
            .collect();
        format!("{path} {}{marks}", u64::from_be_bytes(span.span_id.0))
    };
    trace.spans().iter().map(line).collect()
}

#[track_caller]
fn check(spans: &[SpanRow<'_>], expect: &[&str]) {
    let forward = assembled(vec![batch_of("s", spans)]);
    assert_eq!(drawn(&forward), expect);
    let mut backward = spans.to_vec();
    backward.reverse();
    let apart: Vec<SpanBatch> = backward
        .iter()
        .map(|span| batch_of("s", std::slice::from_ref(span)))
        .collect();
    assert_eq!(drawn(&assembled(apart)), expect);
}

#[test]
fn children_stand_in_start_order_and_ties_by_id() {
    check(
        &[
            span(1, None, 0),
            span(2, Some(1), 9),
            span(3, Some(1), 5),
            span(5, Some(3), 6),
            span(4, Some(1), 5),
        ],
        &["0 1", "0.1 3", "0.1.1 5", "0.2 4", "0.3 2"],
    );
}

#[test]
fn several_roots_are_numbered_and_orphans_are_marked() {
    check(
        &[
            span(1, None, 5),
            span(2, None, 1),
            span(3, Some(99), 3),
            span(4, Some(3), 4),
        ],
        &["0 2", "1 3 orphan", "1.1 4", "2 1"],
    );
}

#[test]
fn circles_are_cut_at_their_earliest_span() {
    check(
        &[
            span(1, Some(3), 5),
            span(2, Some(1), 2),
            span(3, Some(2), 7),
            span(4, Some(3), 8),
            span(5, None, 9),
        ],
        &["0 2 cycle", "0.1 3", "0.1.1 1", "0.1.2 4", "1 5"],
    );
    check(
        &[span(1, Some(1), 5), span(2, Some(1), 6)],
        &["0 1 cycle", "0.1 2"],
    );
}

#[test]
fn equal_spans_are_shown_once_and_others_of_one_id_are_kept() {
    let other = SpanRow {
        name: "other",
        ..span(2, Some(1), 5)
    };
    let later = span(2, Some(1), 6);
    let spans = [
        span(1, None, 0),
        span(2, Some(1), 5),
        other,
        span(2, Some(1), 5),
        later,
        span(3, Some(2), 7),
    ];
    let trace = assembled(vec![batch_of("s", &spans)]);
    assert_eq!(
        (trace.summary().span_count, trace.summary().duplicate_count),
        (5, 1)
    );
    let mut copies: Vec<_> = trace
        .spans()
        .iter()
        .filter(|span| span.span_id == span_id(2))
        .map(|span| span.copies)
        .collect();
    copies.sort_unstable();
    assert_eq!(copies, [1, 1, 2]);
    let repeated = trace
        .spans()
        .iter()
        .filter(|span| span.marks.contains(Mark::RepeatedId));
    assert_eq!(repeated.count(), 3);
    let child = trace
        .spans()
        .iter()
        .find(|span| span.span_id == span_id(3))
        .expect("kept");
    let parent = child
        .parent
        .map(|parent| &trace.spans()[parent])
        .expect("a parent");
    assert_eq!((parent.span_id, parent.start), (span_id(2), UnixNanos(5)));
    // The same id from another service is another content too.
    let two = assembled(vec![batch_of("a", &spans[..1]), batch_of("b", &spans[..1])]);
    assert_eq!((two.summary().span_count, two.resources().len()), (2, 2));
}

#[test]
fn not_a_number_equals_itself() {
    let attributes = [("ratio", AttributeRef::Double(f64::NAN))];
    let odd = SpanRow {
        attributes: &attributes,
        ..span(1, None, 0)
    };
    let trace = assembled(vec![batch_of("s", &[odd.clone(), odd])]);
    assert_eq!((trace.spans().len(), trace.spans()[0].copies), (1, 2));
}

#[test]
fn the_summary_counts_what_is_shown() {
    let failed = SpanRow {
        status_code: StatusCode::Error,
        duration_nano: 100,
        ..span(2, Some(1), 5)
    };
    let trace = assembled(vec![
        batch_of("b", &[span(1, None, 1)]),
        batch_of("a", &[failed, span(3, Some(2), 6)]),
    ]);
    let summary = trace.summary();
    assert_eq!((summary.start, summary.duration_nano), (UnixNanos(1), 104));
    assert_eq!(
        (summary.span_count, summary.error_count, summary.depth),
        (3, 1, 3)
    );
    let services: Vec<_> = summary
        .services
        .iter()
        .map(|s| (s.name.as_str(), s.span_count, s.error_count))
        .collect();
    assert_eq!(services, [("a", 2, 1), ("b", 1, 0)]);
    let whole = trace
        .whole_span(&trace.spans()[1])
        .expect("own text parses");
    assert_eq!(whole.resource.service_name(), Some("a"));
}

#[test]
fn traces_among_the_rows_are_taken_apart() {
    let other = SpanRow {
        trace_id: TraceId([1; 16]),
        ..span(1, None, 0)
    };
    let rows = SpanRows::new(vec![batch_of("s", &[span(1, None, 0), other])]);
    let ids: Vec<TraceId> = assemble(rows)
        .expect("own rows")
        .iter()
        .map(Trace::id)
        .collect();
    assert_eq!(ids, [TraceId([1; 16]), TRACE]);
}

/// A forest in which anything may be wrong: parents absent, circles, repeated ids.
fn any_spans() -> impl Strategy<Value = Vec<(u64, Option<u64>, i64, bool)>> {
    let span = (
        1..12_u64,
        prop::option::of(1..14_u64),
        0..6_i64,
        any::<bool>(),
    );
    prop::collection::vec(span, 1..30)
}

fn rows(spans: &[(u64, Option<u64>, i64, bool)]) -> Vec<SpanRow<'static>> {
    let row = |(id, parent, start, is_named): &(u64, Option<u64>, i64, bool)| SpanRow {
        name: if *is_named { "named" } else { "work" },
        ..span(*id, *parent, *start)
    };
    spans.iter().map(row).collect()
}

fn answer(trace: &Trace) -> String {
    let copies_apart = |span: &TraceSpan| {
        let content = trace.whole_span(span).expect("own text parses");
        let TraceSpan {
            parent,
            depth,
            ordinal,
            marks,
            ..
        } = span;
        format!(
            "{:?} {parent:?} {depth} {ordinal} {} {content:?}\n",
            span.span_id,
            marks.contains(Mark::Cycle)
        )
    };
    trace.spans().iter().map(copies_apart).collect()
}

proptest! {
    #[test]
    fn any_order_and_any_duplicates_give_the_same_tree(
        (spans, shuffled) in any_spans().prop_flat_map(|spans| {
            let mut doubled = spans.clone();
            doubled.extend(spans.iter().step_by(2).copied());
            (Just(spans), Just(doubled).prop_shuffle())
        }),
        cut in 0..40_usize,
    ) {
        let plain = assembled(vec![batch_of("s", &rows(&spans))]);
        let shuffled = rows(&shuffled);
        let (one, other) = shuffled.split_at(cut.min(shuffled.len()));
        let doubled = assembled([one, other].iter().filter(|spans| !spans.is_empty()).map(|spans| batch_of("s", spans)).collect());
        prop_assert_eq!(answer(&plain), answer(&doubled));

        let mut distinct = spans.clone();
        distinct.sort_unstable();
        distinct.dedup();
        prop_assert_eq!(plain.spans().len(), distinct.len());
        for (position, span) in plain.spans().iter().enumerate() {
            match span.parent {
                None => prop_assert_eq!(span.depth, 0),
                Some(parent) => {
                    prop_assert!(parent < position);
                    prop_assert_eq!(span.depth, plain.spans()[parent].depth + 1);
                }
            }
        }
    }
}

#[track_caller]
fn is_quick(spans: &[SpanRow<'_>], depth: usize) {
    let batch = batch_of("s", spans);
    let begin = Instant::now();
    let trace = assembled(vec![batch]);
    let took = begin.elapsed();
    assert_eq!(
        (trace.spans().len(), trace.summary().depth),
        (spans.len(), depth)
    );
    // Unoptimised on a busy machine; anything quadratic would take minutes.
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn a_hundred_thousand_spans_take_no_time() {
    let many = 100_000_u64;
    let start = |id: u64| i64::try_from(id).expect("small");
    let chain: Vec<_> = (1..=many)
        .map(|id| span(id, (id > 1).then(|| id - 1), start(id)))
        .collect();
    is_quick(&chain, 100_000);
    let star: Vec<_> = (1..=many)
        .map(|id| span(id, (id > 1).then_some(1), start(id)))
        .collect();
    is_quick(&star, 2);
    let circle: Vec<_> = (1..=many)
        .map(|id| span(id, Some(id % many + 1), start(id)))
        .collect();
    is_quick(&circle, 100_000);
}

#[test]
fn call_paths_end_where_they_would_grow_too_long() {
    let chain: Vec<_> = (1..=300_u64)
        .map(|id| span(id, (id > 1).then(|| id - 1), 0))
        .collect();
    let trace = assembled(vec![batch_of("s", &chain)]);
    let last = trace
        .call_path(&trace.spans()[MAX_CALL_PATH_LEVELS - 1])
        .expect("short enough");
    assert_eq!(last.matches('.').count(), MAX_CALL_PATH_LEVELS - 1);
    assert_eq!(trace.call_path(&trace.spans()[MAX_CALL_PATH_LEVELS]), None);
}
