//! Clock skew. The cases are those of Jaeger's own tests.

use schemas::ResourceRow;
use schemas::SpanKind::{Client, Consumer, Internal, Producer, Server, Unspecified};

use super::halves::of_kind;
use super::*;

pub(super) fn on_host(host: &str, spans: &[SpanRow<'_>]) -> SpanBatch {
    on(&[("host.name", AttributeRef::String(host))], spans)
}

fn on(attributes: &[(&str, AttributeRef<'_>)], spans: &[SpanRow<'_>]) -> SpanBatch {
    let mut builder = schemas::SpanBatchBuilder::default();
    builder.set_resource(&ResourceRow {
        attributes,
        ..ResourceRow::default()
    });
    for span in spans {
        builder.push(span);
    }
    builder.finish()
}

fn timed(id: u64, parent: Option<u64>, start: i64, duration_nano: i64) -> SpanRow<'static> {
    SpanRow {
        duration_nano,
        ..span(id, parent, start)
    }
}

fn skews(batches: Vec<SpanBatch>) -> Vec<i64> {
    let trace = assembled(batches);
    let skews = trace.spans().iter().map(|span| span.clock_skew_nano);
    skews.collect()
}

#[test]
fn a_called_span_that_does_not_fit_is_moved() {
    let check = |start: i64, duration: i64, expect: i64| {
        let caller = of_kind(Client, timed(1, None, 10, 100));
        let called = of_kind(Server, timed(2, Some(1), start, duration));
        let batches = vec![on_host("a", &[caller]), on_host("b", &[called])];
        assert_eq!(skews(batches), [0, expect], "{start} {duration}");
    };
    check(20, 50, 0);
    check(10, 100, 0);
    check(0, 50, 35);
    check(80, 50, -45);
    check(20, 150, 0);
    check(0, 150, 10);
    check(i64::MIN, 1, i64::MAX);
}

#[test]
fn spans_of_the_same_host_move_together() {
    let caller = of_kind(Client, timed(1, None, 10, 100));
    let there = [
        of_kind(Server, timed(2, Some(1), 50, 70)),
        of_kind(Internal, timed(3, Some(2), 60, 20)),
        of_kind(Client, timed(4, Some(3), 62, 10)),
    ];
    // It fits into its caller as sent, but not after that was moved.
    let third = [of_kind(Server, timed(5, Some(4), 63, 8))];
    let batches = vec![
        on_host("a", &[caller]),
        on_host("b", &there),
        on_host("c", &third),
    ];
    assert_eq!(skews(batches.clone()), [0, -25, -25, -25, -25]);
    let trace = assembled(batches);
    assert_eq!(trace.spans()[1].start, UnixNanos(50));
    assert_eq!(trace.spans()[1].adjusted_start(), UnixNanos(25));
    let summary = trace.summary();
    assert_eq!((summary.start, summary.duration_nano), (UnixNanos(10), 100));
}

#[test]
fn halves_of_a_call_are_adjusted_by_their_endpoints() {
    let address = |address| [("network.local.address", AttributeRef::String(address))];
    let (here, there) = (address("10.0.0.1"), address("10.0.0.2"));
    let client = SpanRow {
        attributes: &here,
        ..of_kind(Client, timed(1, None, 1_000, 100))
    };
    let server = SpanRow {
        attributes: &there,
        ..of_kind(Server, timed(1, None, 5_000, 80))
    };
    // It says no address, but is of the same resource as what it is below.
    let local = timed(2, Some(1), 5_010, 20);
    let batches = vec![
        batch_of("a", std::slice::from_ref(&client)),
        batch_of("b", &[server.clone(), local]),
    ];
    assert_eq!(skews(batches), [0, -3_990, -3_990]);
    let same_host = SpanRow {
        attributes: &here,
        ..server
    };
    assert_eq!(
        skews(vec![batch_of("a", &[client]), batch_of("b", &[same_host])]),
        [0, 0]
    );
}

#[test]
fn what_nobody_waits_for_and_what_is_nowhere_stays() {
    let check = |caller, called, expect: i64| {
        let caller = of_kind(caller, timed(1, None, 10, 100));
        let called = of_kind(called, timed(2, Some(1), 0, 50));
        let batches = vec![
            on_host("a", std::slice::from_ref(&caller)),
            on_host("b", std::slice::from_ref(&called)),
        ];
        assert_eq!(skews(batches), [0, expect]);
        let unknown = vec![on_host("a", &[caller]), batch_of("b", &[called])];
        assert_eq!(skews(unknown), [0, 0]);
    };
    check(Client, Server, 35);
    check(Unspecified, Unspecified, 35);
    check(Producer, Consumer, 0);
    check(Client, Consumer, 0);
    check(Internal, Server, 0);
}

#[test]
fn hosts_have_several_names() {
    let ips = "[\"10.0.0.1\",\"::1\"]";
    for (one, other) in [
        ("host.id", AttributeRef::String("x")),
        ("host.ip", AttributeRef::TypedJson(ips)),
        ("ip", AttributeRef::String("10.0.0.1")),
        ("hostname", AttributeRef::String("x")),
    ]
    .map(|named| {
        (
            on(&[named], &[of_kind(Client, timed(1, None, 10, 100))]),
            named,
        )
    }) {
        let called = [of_kind(Server, timed(2, Some(1), 0, 50))];
        assert_eq!(skews(vec![one.clone(), on(&[other], &called)]), [0, 0]);
        assert_eq!(skews(vec![one, on_host("other", &called)]), [0, 35]);
    }
}
