//! Traces of 100,000 spans take no time: nothing is recursive, and nothing quadratic.

use std::time::{Duration, Instant};

use schemas::SpanKind::{Client, Server};

use super::halves::of_kind;
use super::skew::on_host;
use super::*;

const MANY: u64 = 100_000;

fn start(id: u64) -> i64 {
    i64::try_from(id).expect("small")
}

fn spans(of_id: impl Fn(u64) -> SpanRow<'static>) -> Vec<SpanRow<'static>> {
    (1..=MANY).map(of_id).collect()
}

#[track_caller]
fn is_quick(spans: &[SpanRow<'_>], entries: usize, depth: usize) -> Trace {
    let batch = batch_of("s", spans);
    let begin = Instant::now();
    let trace = assembled(vec![batch]);
    let took = begin.elapsed();
    assert_eq!(
        (trace.spans().len(), trace.summary().depth),
        (entries, depth)
    );
    // Unoptimised on a machine that may be very busy; anything quadratic would take minutes.
    assert!(took < Duration::from_secs(60), "{took:?}");
    trace
}

#[test]
fn chains_stars_and_circles() {
    let chain = spans(|id| span(id, (id > 1).then(|| id - 1), start(id)));
    is_quick(&chain, 100_000, 100_000);
    let star = spans(|id| span(id, (id > 1).then_some(1), start(id)));
    is_quick(&star, 100_000, 2);
    let circle = spans(|id| span(id, Some(id % MANY + 1), start(id)));
    is_quick(&circle, 100_000, 100_000);
}

#[test]
fn calls_with_both_halves_and_orphans() {
    let calls = spans(|id| {
        let call = id.div_ceil(2);
        let kind = if id % 2 == 1 { Client } else { Server };
        of_kind(kind, span(call, (call > 1).then(|| call - 1), start(id)))
    });
    let trace = is_quick(&calls, 100_000, 50_000);
    // All clocks differ, all the way down.
    let on_hosts = [("a", 0), ("b", 1)].map(|(host, odd)| {
        let of_host: Vec<_> = calls.iter().skip(odd).step_by(2).cloned().collect();
        on_host(host, &of_host)
    });
    let adjusted = assembled(on_hosts.to_vec());
    assert_eq!(adjusted.spans().len(), trace.spans().len());
    let skews = adjusted.spans().iter().map(|span| span.clock_skew_nano);
    assert_eq!(skews.filter(|skew| *skew == -1).count(), 50_000);

    let orphans = spans(|id| span(id, Some(MANY + id), start(id)));
    let trace = is_quick(&orphans, 200_000, 1);
    assert_eq!(trace.summary().missing_count, 100_000);
    let of_one = spans(|id| span(id, Some(MANY + 1), start(id)));
    is_quick(&of_one, 100_001, 1);
    let of_one_id = spans(|id| span(1, Some(1), 1_000 * start(id)));
    is_quick(&of_one_id, 100_000, 1);
}

#[test]
fn sent_paths_deep_wide_and_missing() {
    let sent = |paths: Vec<String>, entries: usize, depth: usize| {
        let rows: Vec<_> = (1..)
            .zip(&paths)
            .map(|(id, path)| SpanRow {
                call_path: Some(path),
                ..span(id, None, 0)
            })
            .collect();
        is_quick(&rows, entries, depth);
    };
    sent(
        (0..MANY).map(|number| format!("0.{number}")).collect(),
        100_001,
        1,
    );
    // 390 lines of 256 levels, all there; then only the last span of each line.
    let line = |number: u64| format!("0.{number}");
    let deep = |number: u64, levels: usize| line(number) + &".1".repeat(levels);
    let lines = (0..390).flat_map(|number| (0..255).map(move |levels| deep(number, levels)));
    sent(lines.collect(), 99_451, 255);
    let ends = (0..50_000).map(|number| deep(number, 254)).collect();
    sent(ends, 100_001, 1);
}

#[test]
fn everything_sent_twice() {
    let twice: Vec<_> = (2..=MANY + 1)
        .map(|id| span(id / 2, (id > 3).then(|| id / 2 - 1), 0))
        .collect();
    let trace = is_quick(&twice, 50_000, 50_000);
    assert_eq!(trace.summary().duplicate_count, 50_000);
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
