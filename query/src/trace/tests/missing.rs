//! Parents that are not stored.

use super::*;

#[test]
fn orphans_of_one_parent_come_together() {
    let spans = [
        span(1, None, 5),
        span(2, Some(99), 9),
        span(3, Some(99), 3),
        span(4, Some(98), 4),
        span(5, Some(3), 4),
    ];
    check(
        &spans,
        &[
            "0 99 missing",
            "0.1 3 orphan",
            "0.1.1 5",
            "0.2 2 orphan",
            "1 98 missing",
            "1.1 4 orphan",
            "2 1",
        ],
    );
}

#[test]
fn a_placeholder_has_the_time_of_its_children_and_nothing_else() {
    let trace = assembled(vec![batch_of(
        "s",
        &[
            span(2, Some(99), 9),
            span(3, Some(99), 30),
            span(4, Some(3), 100),
        ],
    )]);
    let placeholder = &trace.spans()[0];
    assert!(placeholder.is_placeholder());
    assert_eq!(
        (
            placeholder.start,
            placeholder.duration_nano,
            placeholder.copies
        ),
        (UnixNanos(9), 31, 0)
    );
    assert_eq!(trace.content(placeholder).expect("nothing to read"), None);
    assert_eq!(
        trace.whole_span(placeholder).expect("nothing to read"),
        None
    );
    assert_eq!(trace.service_name(placeholder), None);
    let summary = trace.summary();
    let counts = (summary.span_count, summary.missing_count, summary.depth);
    assert_eq!(counts, (3, 1, 2));
    assert_eq!((summary.start, summary.duration_nano), (UnixNanos(9), 101));
    assert_eq!(summary.services.len(), 1);
}

#[test]
fn paths_stay_when_the_parent_arrives() {
    let orphans = [span(2, Some(1), 3), span(3, Some(1), 4)];
    check(&orphans, &["0 1 missing", "0.1 2 orphan", "0.2 3 orphan"]);
    let whole = [orphans[0].clone(), orphans[1].clone(), span(1, None, 0)];
    check(&whole, &["0 1", "0.1 2", "0.2 3"]);
}
