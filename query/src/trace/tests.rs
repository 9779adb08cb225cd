mod halves;
mod missing;
mod scale;
mod selection;
mod sent_paths;
mod skew;

use schemas::{AttributeRef, AttributeValue, SpanBatch, SpanRow};

use super::*;
use crate::fixtures::{TRACE, batch_of, span, span_id};

fn assembled(batches: Vec<SpanBatch>) -> Trace {
    let mut traces = assemble(SpanRows::new(batches)).expect("own rows");
    assert_eq!(traces.len(), 1);
    traces.remove(0)
}

/// The tree as lines: call path, span id, half, marks.
fn drawn(trace: &Trace) -> Vec<String> {
    let line = |span: &TraceSpan| {
        let path = trace.call_path(span).unwrap_or_default();
        let marks: String = span
            .marks
            .iter()
            .map(|mark| format!(" {}", mark.name()))
            .collect();
        let half = match span.half {
            Some(Half::Client { .. }) => " client",
            Some(Half::Server) => " server",
            None => "",
        };
        format!(
            "{path} {}{half}{marks}",
            span.span_id.map_or(0, |id| u64::from_be_bytes(id.0))
        )
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
        &["0 2", "1 99 missing", "1.1 3 orphan", "1.1.1 4", "2 1"],
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
        .filter(|span| span.span_id == Some(span_id(2)))
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
        .find(|span| span.span_id == Some(span_id(3)))
        .expect("kept");
    let parent = child
        .parent
        .map(|parent| &trace.spans()[parent])
        .expect("a parent");
    assert_eq!(
        (parent.span_id, parent.start),
        (Some(span_id(2)), UnixNanos(5))
    );
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
        .expect("own text parses")
        .expect("a stored span");
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

#[test]
fn a_span_that_came_by_two_protocols_is_one() {
    let typed = [
        ("n", AttributeRef::Int(5)),
        ("ok", AttributeRef::Bool(true)),
        ("z", AttributeRef::String("z")),
    ];
    let one = SpanRow {
        attributes: &typed,
        duration_nano: 20_123,
        flags: 0x101,
        ..span(1, None, 1_000_789)
    };
    let texts = [
        ("z", AttributeRef::String("z")),
        ("ok", AttributeRef::String("true")),
        ("n", AttributeRef::String("5")),
    ];
    let other = SpanRow {
        attributes: &texts,
        duration_nano: 20_000,
        flags: 0,
        ..span(1, None, 1_000_000)
    };
    let both = |one: &SpanRow<'_>, other: &SpanRow<'_>| {
        let batches = [one, other].map(|span| batch_of("s", std::slice::from_ref(span)));
        assembled(batches.to_vec())
    };
    for trace in [both(&one, &other), both(&other, &one)] {
        assert_eq!(drawn(&trace), ["0 1 duplicate"]);
        assert_eq!(trace.spans()[0].copies, 2);
        // The one that says more is shown.
        let shown = trace.content(&trace.spans()[0]).expect("own text parses");
        let shown = shown.expect("a stored span");
        assert_eq!((shown.start, shown.flags), (UnixNanos(1_000_789), 0x101));
        assert_eq!(shown.attributes.get("n"), Some(&AttributeValue::Int(5)));
    }
    let more = [("n", AttributeRef::String("6"))];
    let differs = SpanRow {
        attributes: &more,
        ..other
    };
    let expected = ["0 1 repeatedId", "1 1 repeatedId"];
    assert_eq!(drawn(&both(&one, &differs)), expected);
}
