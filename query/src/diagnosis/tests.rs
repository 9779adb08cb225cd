use std::time::{Duration, Instant};

use proptest::prelude::*;
use schemas::{AttributeRef, SpanBatch, SpanKind, SpanRow, StatusCode};

use super::call_tree::{Call, Zones};
use super::interval::Interval;
use super::*;
use crate::fixtures::{batch_of, span};
use crate::trace::{SpanRows, assemble};

/// A call of a service and an operation of its own.
pub(super) fn call(parent: Option<usize>, start: i64, end: i64) -> Call {
    Call {
        parent,
        depth: 0,
        time: Interval { start, end },
        service: usize::MAX,
        operation: usize::MAX,
        kind: SpanKind::Internal,
        is_error: false,
        is_placeholder: false,
        zones: Zones::default(),
    }
}

/// A failed one.
fn failed(parent: Option<usize>, start: i64, end: i64) -> Call {
    Call {
        is_error: true,
        ..call(parent, start, end)
    }
}

/// A call of the service and operation `name`.
fn named(name: usize, parent: Option<usize>, start: i64, end: i64) -> Call {
    Call {
        service: name,
        operation: name,
        ..call(parent, start, end)
    }
}

/// A tree of calls whose parents come first.
pub(super) fn tree_of(calls: Vec<Call>) -> CallTree {
    let mut tree = CallTree::default();
    for number in 0..calls.len() {
        tree.services.number(&format!("s{number}"));
        tree.operations.number(&format!("o{number}"));
    }
    for (position, call) in calls.into_iter().enumerate() {
        let parent = call.parent.map(|parent| tree.calls[parent].depth);
        tree.calls.push(Call {
            depth: parent.map_or(0, |depth| depth + 1),
            service: call.service.min(position),
            operation: call.operation.min(position),
            ..call
        });
    }
    tree
}

fn diagnosed(calls: Vec<Call>) -> Diagnosis {
    Diagnosis::of(&tree_of(calls), Repetition::default())
}

#[test]
fn self_time_is_what_no_child_covers() {
    let calls = vec![
        call(None, 0, 100),
        call(Some(0), 10, 30),
        call(Some(0), 20, 50),
        call(Some(0), 90, 120),
        call(Some(0), 200, 300),
        call(Some(4), 190, 310),
    ];
    assert_eq!(self_times(&tree_of(calls)), [50, 20, 30, 30, 0, 120]);
}

#[test]
fn the_first_error_is_the_origin_of_the_failure_that_went_up_highest() {
    let check = |calls: Vec<Call>, expect: Option<(usize, usize)>, origins: usize| {
        let diagnosis = diagnosed(calls);
        let first = diagnosis
            .first_error
            .map(|first| (first.origin, first.reached));
        assert_eq!((first, diagnosis.error_origin_count), (expect, origins));
    };
    check(vec![call(None, 0, 9)], None, 0);
    // One that was dealt with came before the one that failed the root.
    let dealt_with = vec![
        failed(None, 0, 100),
        call(Some(0), 5, 30),
        failed(Some(1), 6, 20),
        failed(Some(0), 40, 90),
        failed(Some(3), 45, 80),
    ];
    check(dealt_with, Some((4, 0)), 2);
    // Of two attempts the one that failed first, though it began last.
    let attempts = vec![
        failed(None, 0, 100),
        failed(Some(0), 10, 90),
        failed(Some(0), 20, 50),
    ];
    check(attempts, Some((2, 0)), 2);
    let alone = vec![
        call(None, 0, 100),
        call(Some(0), 10, 90),
        failed(Some(1), 20, 50),
    ];
    check(alone, Some((2, 2)), 1);
}

#[test]
fn calls_are_repeated_under_one_parent_and_to_one_operation() {
    let mut calls = vec![call(None, 0, 1_000), named(0, Some(0), 900, 990)];
    for number in 0..4 {
        calls.push(named(1, Some(0), 100 * number, 100 * number + 150));
    }
    calls.push(named(1, Some(1), 900, 910));
    assert_eq!(diagnosed(calls.clone()).repeated_calls, []);
    let repetition = Repetition::at_least(4).expect("at least two");
    let found = Diagnosis::of(&tree_of(calls), repetition).repeated_calls;
    let expected = RepeatedCalls {
        parent: 0,
        first: 2,
        count: 4,
        total_nano: 600,
        elapsed_nano: 450,
    };
    assert_eq!(found, [expected]);
    assert_eq!(Repetition::at_least(1), None);
}

#[test]
fn siblings_that_overlap_nobody_and_have_different_targets_are_serial() {
    let check = |children: &[(usize, i64, i64)], expect: &[(usize, i64, i64)]| {
        let children = children
            .iter()
            .map(|(name, start, end)| named(*name, Some(0), *start, *end));
        let calls = [call(None, 0, 1_000)].into_iter().chain(children).collect();
        let found = diagnosed(calls).serial_siblings;
        let found: Vec<_> = found
            .iter()
            .map(|serial| (serial.count, serial.total_nano, serial.saved_nano))
            .collect();
        assert_eq!(found, expect);
    };
    check(
        &[(1, 0, 300), (2, 300, 400), (3, 500, 600)],
        &[(3, 500, 200)],
    );
    // Calls to one target alone are repeated ones.
    check(&[(1, 0, 300), (1, 300, 400)], &[]);
    check(
        &[(1, 0, 300), (2, 300, 400), (1, 500, 600)],
        &[(3, 500, 100)],
    );
    // Two that overlap part the others.
    let parted = [
        (1, 0, 100),
        (2, 100, 200),
        (3, 300, 500),
        (4, 400, 600),
        (5, 700, 800),
    ];
    check(&parted, &[(2, 200, 100)]);
    // A long one beside them, and one that the parent did not wait for.
    check(&[(1, 0, 900), (2, 100, 200), (3, 300, 400)], &[]);
    check(&[(1, 0, 100), (2, 1_000, 2_000)], &[]);
    // A microsecond of rounding is no overlap.
    check(&[(1, 0, 201), (2, 200, 400)], &[(2, 401, 200)]);
}

#[test]
fn zones_cross_where_both_sides_name_them_under_one_key() {
    let zoned = |service, zone: &'static str, rows: &[SpanRow<'static>]| {
        let mut builder = schemas::SpanBatchBuilder::default();
        builder.set_resource(&schemas::ResourceRow {
            attributes: &[
                ("service.name", AttributeRef::String(service)),
                ("cloud.availability_zone", AttributeRef::String(zone)),
            ],
            ..schemas::ResourceRow::default()
        });
        rows.iter().for_each(|row| builder.push(row));
        builder.finish()
    };
    const NEAR: &[(&str, AttributeRef<'_>)] = &[("idc", AttributeRef::Int(7))];
    const FAR: &[(&str, AttributeRef<'_>)] = &[("idc", AttributeRef::String("far"))];
    const OWN: &[(&str, AttributeRef<'_>)] =
        &[("cloud.availability_zone", AttributeRef::String("c"))];
    let with = |row: SpanRow<'static>, attributes| SpanRow { attributes, ..row };
    let trace = assemble(SpanRows::new(vec![
        zoned("one", "a", &[span(1, None, 0), span(2, Some(1), 1)]),
        // A span's own attribute says more than its resource's.
        zoned(
            "two",
            "b",
            &[span(3, Some(2), 2), with(span(4, Some(3), 3), OWN)],
        ),
        batch_of(
            "none",
            &[
                with(span(5, Some(4), 4), NEAR),
                with(span(6, Some(5), 5), FAR),
            ],
        ),
    ]));
    let tree = CallTree::of(&trace.expect("own rows")[0]);
    let told = |crossing: &ZoneCrossing| {
        let (from, to) = crossing.zone_names(&tree);
        format!("{} {} {from} → {to}", crossing.child, crossing.key.name())
    };
    let found = Diagnosis::of(&tree, Repetition::default()).zone_crossings;
    let expected = [
        "2 cloud.availability_zone a → b",
        "3 cloud.availability_zone b → c",
        "5 idc 7 → far",
    ];
    assert_eq!(found.iter().map(told).collect::<Vec<_>>(), expected);
}

#[test]
fn services_share_the_critical_path() {
    let calls = vec![
        named(0, None, 0, 100),
        named(1, Some(0), 10, 90),
        named(0, Some(1), 20, 30),
        Call {
            is_error: true,
            ..named(2, Some(1), 20, 25)
        },
    ];
    let diagnosis = diagnosed(calls);
    let shares: Vec<_> = diagnosis
        .services
        .iter()
        .map(|s| {
            (
                s.service,
                s.span_count,
                s.error_count,
                s.self_nano,
                s.critical_path_nano,
            )
        })
        .take(3)
        .collect();
    assert_eq!(
        shares,
        [(1, 1, 0, 70, 70), (0, 2, 0, 30, 30), (2, 1, 1, 5, 0)]
    );
    assert_eq!(diagnosis.bottleneck, Some(1));
}

#[test]
fn placeholders_are_never_the_bottleneck() {
    let missing = Call {
        is_placeholder: true,
        ..call(None, 0, 100)
    };
    assert_eq!(
        diagnosed(vec![missing, call(Some(0), 10, 20)]).bottleneck,
        Some(1)
    );
    assert_eq!(diagnosed(vec![missing]).bottleneck, None);
    assert_eq!(diagnosed(vec![]).bottleneck, None);
}

fn any_calls() -> impl Strategy<Value = Vec<Call>> {
    let call = (
        any::<prop::sample::Index>(),
        0..400_i64,
        0..300_i64,
        any::<[bool; 3]>(),
    );
    let calls = prop::collection::vec(call, 1..60);
    calls.prop_map(|calls| {
        let place = |(position, (parent, start, length, flags)): (
            usize,
            &(prop::sample::Index, i64, i64, [bool; 3]),
        )| {
            let [is_error, is_rare, is_common] = *flags;
            let is_root = position == 0 || (is_rare && is_error && is_common);
            Call {
                is_error,
                ..named(
                    usize::from(is_common),
                    (!is_root).then(|| parent.index(position)),
                    *start,
                    start + length,
                )
            }
        };
        calls.iter().enumerate().map(place).collect()
    })
}

proptest! {
    #[test]
    fn whatever_the_calls_the_path_covers_its_root_once(calls in any_calls()) {
        let tree = tree_of(calls);
        let diagnosis = Diagnosis::of(&tree, Repetition::default());
        let path = &diagnosis.critical_path;
        let root = &tree.calls[path.root.expect("there is a call")];
        let mut covered_to = root.time.start;
        for segment in &path.segments {
            prop_assert_eq!(segment.time.start, covered_to);
            prop_assert!(segment.time.start < segment.time.end);
            let whole = tree.calls[segment.call].time;
            prop_assert_eq!(segment.time.within(whole), segment.time);
            prop_assert!(path.is_on[segment.call]);
            covered_to = segment.time.end;
        }
        prop_assert_eq!(covered_to, root.time.end);
        prop_assert_eq!(path.length_nano(), root.time.length());
        for (position, call) in tree.calls.iter().enumerate() {
            prop_assert!((0..=call.time.length()).contains(&diagnosis.self_times[position]));
            // The path leads down from its root.
            let is_reached = call.parent.is_none_or(|parent| path.is_on[parent]);
            prop_assert!(is_reached || !path.is_on[position]);
        }
        let shared: i64 = diagnosis.services.iter().map(|share| share.critical_path_nano).sum();
        prop_assert_eq!(shared, root.time.length());
        for serial in &diagnosis.serial_siblings {
            prop_assert!(0 < serial.saved_nano && serial.saved_nano < serial.total_nano);
        }
        if let Some(first) = diagnosis.first_error {
            prop_assert!(tree.calls[first.origin].is_error && tree.calls[first.reached].is_error);
        }
    }

    #[test]
    fn any_order_of_arrival_gives_the_same_diagnosis(
        (spans, shuffled) in prop::collection::vec((1..12_u64, prop::option::of(1..14_u64), 0..60_i64, any::<bool>()), 1..30)
            .prop_flat_map(|spans| (Just(spans.clone()), Just(spans).prop_shuffle())),
    ) {
        let told = |spans: &[(u64, Option<u64>, i64, bool)]| {
            let row = |&(id, parent, start, is_error): &(u64, Option<u64>, i64, bool)| SpanRow {
                status_code: if is_error { StatusCode::Error } else { StatusCode::Ok },
                ..span(id, parent, start)
            };
            let batches: Vec<SpanBatch> = spans.iter().map(|span| batch_of(if span.3 { "a" } else { "b" }, &[row(span)])).collect();
            let trace = assemble(SpanRows::new(batches)).expect("own rows").remove(0);
            format!("{:?}", Diagnosis::of(&CallTree::of(&trace), Repetition::default()))
        };
        prop_assert_eq!(told(&spans), told(&shuffled));
    }
}

#[track_caller]
fn is_quick(name: &str, parents: impl Fn(usize) -> usize) {
    const MANY: i64 = 100_000;
    let calls = (0..MANY).map(|number| {
        let position = usize::try_from(number).expect("small");
        let parent = (position > 0).then(|| parents(position));
        named(position % 7, parent, number, 2 * MANY + number % 1_000)
    });
    let tree = tree_of(calls.collect());
    let begin = Instant::now();
    let diagnosis = Diagnosis::of(&tree, Repetition::default());
    let took = begin.elapsed();
    assert_eq!(diagnosis.critical_path.length_nano(), 2 * MANY);
    // Unoptimised on a busy machine; anything quadratic would take minutes.
    assert!(took < Duration::from_secs(5), "{name}: {took:?}");
}

#[test]
fn a_hundred_thousand_calls_take_no_time() {
    is_quick("chain", |position| position - 1);
    is_quick("star", |_| 0);
    is_quick("random", |position| {
        position.wrapping_mul(2_654_435_761) % position
    });
    is_quick("broom", |position| position.min(50_000) - 1);
}

#[test]
fn times_at_the_ends_of_what_is_countable_do_no_harm() {
    let calls = vec![
        call(None, i64::MIN, i64::MAX),
        call(Some(0), i64::MIN, i64::MAX),
        call(Some(1), i64::MAX, i64::MAX),
        call(Some(0), 0, i64::MAX),
    ];
    let diagnosis = diagnosed(calls);
    assert!(diagnosis.self_times.iter().all(|time| *time >= 0));
    let backwards = Interval::lasting(5, -3);
    assert_eq!(backwards.length(), 0);
}
