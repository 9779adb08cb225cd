use std::time::Duration;

use super::*;

const STEP: Duration = Duration::from_secs(10);
const STEP_NANO: i64 = 10_000_000_000;

/// A map of so many steps with these counts.
fn heatmap(counts: &[u64]) -> Heatmap {
    let cells = (0..).zip(counts).map(|(step, count)| {
        let cell = HeatmapCell {
            count: *count,
            ..HeatmapCell::default()
        };
        ((step, 0), cell)
    });
    Heatmap {
        borders: vec![0, 1],
        cells: cells.filter(|(_, cell)| cell.count > 0).collect(),
    }
}

fn windows_of(counts: &[u64]) -> Vec<(i64, i64)> {
    let steps = i64::try_from(counts.len()).expect("few steps");
    let range = TimeSpan::of_steps(UnixNanos(0), UnixNanos(steps * STEP_NANO), STEP);
    let windows = windows(&RedQuery::new(range, STEP), &heatmap(counts));
    let told = windows.iter().map(|window| (window.from.0, window.to.0));
    told.collect()
}

#[test]
fn few_spans_are_all_read() {
    assert_eq!(windows_of(&[0, 0]), []);
    assert_eq!(windows_of(&[READ_ALL, 0]), [(0, 2 * STEP_NANO)]);
}

#[test]
fn of_many_spans_the_newest_of_each_part_are_read() {
    let allowed = READ_ALL / PARTS;
    let mut counts = vec![0; 64];
    // The newest part: its last step alone is as many as may be read.
    counts[63] = allowed;
    counts[62] = allowed;
    // Twice as many in one step: the second half of it.
    counts[41] = 2 * allowed;
    // Both steps of a part.
    counts[20] = 5;
    counts[21] = 5;
    counts[0] = READ_ALL * 1_000_000;
    let windows = windows_of(&counts);
    let half = STEP_NANO / 2;
    assert_eq!(
        windows[..3],
        [
            (63 * STEP_NANO, 64 * STEP_NANO),
            (41 * STEP_NANO + half, 42 * STEP_NANO),
            (20 * STEP_NANO, 22 * STEP_NANO),
        ]
    );
    let (from, to) = windows[3];
    assert!(to == STEP_NANO && to - from < 1_000);
    assert_eq!(windows.len(), 4);
}

#[test]
fn the_newest_spans_of_different_traces_are_kept() {
    let mut cell = HeatmapCell::default();
    let mut seen = |trace, start| {
        let exemplar = Exemplar {
            trace_id: TraceId([trace; 16]),
            span_id: SpanId([1; 8]),
            start: UnixNanos(start),
            duration_nano: 1,
        };
        see(&mut cell, exemplar, 2);
        let kept = cell.exemplars.iter();
        kept.map(|exemplar| (exemplar.trace_id.0[0], exemplar.start.0))
            .collect::<Vec<_>>()
    };
    assert_eq!(seen(1, 5), [(1, 5)]);
    assert_eq!(seen(1, 3), [(1, 5)]);
    assert_eq!(seen(1, 7), [(1, 7)]);
    assert_eq!(seen(2, 6), [(1, 7), (2, 6)]);
    assert_eq!(seen(3, i64::MIN), [(1, 7), (2, 6)]);
    assert_eq!(seen(2, 8), [(2, 8), (1, 7)]);
    assert_eq!(seen(3, 9), [(3, 9), (2, 8)]);
}
