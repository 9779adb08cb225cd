use std::time::Duration;

use schemas::{SpanKind, SpanRow};

use super::*;
use crate::fixtures::{batch_of, engine, span_id};
use crate::red::TimeSpan;

const STEP: Duration = Duration::from_secs(10);
const STEP_NANO: i64 = 10_000_000_000;

fn spans(count: u64) -> Vec<SpanRow<'static>> {
    let span = |number: u64| {
        let random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31);
        SpanRow {
            name: "work",
            kind: SpanKind::Server,
            start: UnixNanos((random % (4 * STEP_NANO as u64)).cast_signed()),
            duration_nano: (random >> (20 + random % 40)).cast_signed(),
            status_code: StatusCode::from_number((random % 3) as i32),
            ..SpanRow::new(TraceId([(number % 99) as u8 + 1; 16]), span_id(number + 1))
        }
    };
    (0..count).map(span).collect()
}

fn question(buckets: usize, exemplars: usize) -> HeatmapQuery {
    let range = TimeSpan::of_steps(UnixNanos(0), UnixNanos(4 * STEP_NANO), STEP);
    HeatmapQuery {
        red: RedQuery::new(range, STEP),
        buckets,
        exemplars,
    }
}

async fn ask(spans: &[SpanRow<'_>], query: HeatmapQuery) -> Heatmap {
    let engine = engine(&[batch_of("shop", spans)]);
    let answer = engine.ask(move |question| async move { question.heatmap(&query).await });
    answer.await.expect("an answer")
}

#[tokio::test]
async fn cells_hold_what_counting_by_hand_gives() {
    let spans = spans(3_000);
    for (buckets, exemplars) in [(1, 1), (7, 3), (40, 1), (200, 0)] {
        let heatmap = ask(&spans, question(buckets, exemplars)).await;
        assert!(heatmap.borders.len() <= buckets + 1);
        let mut cells = BTreeMap::<(u32, usize), HeatmapCell>::new();
        let mut newest_first: Vec<_> = spans.iter().collect();
        newest_first.sort_by_key(|span| -span.start.0);
        for span in newest_first {
            let bucket = heatmap
                .borders
                .windows(2)
                .position(|pair| (pair[0]..pair[1]).contains(&span.duration_nano));
            let step = u32::try_from(span.start.0 / STEP_NANO).expect("four steps");
            let cell = cells
                .entry((step, bucket.expect("a bucket for each span")))
                .or_default();
            cell.count += 1;
            cell.errors += u64::from(span.status_code == StatusCode::Error);
            let mut traces = cell.exemplars.iter().map(|exemplar| exemplar.trace_id);
            if cell.exemplars.len() < exemplars && traces.all(|trace| trace != span.trace_id) {
                cell.exemplars.push(Exemplar {
                    trace_id: span.trace_id,
                    span_id: span.span_id,
                    start: span.start,
                    duration_nano: span.duration_nano,
                });
            }
        }
        assert_eq!(heatmap.cells, cells, "{buckets}");
    }
}

#[tokio::test]
async fn no_spans_have_no_cells() {
    let heatmap = ask(&[], question(40, 1)).await;
    assert!(heatmap.borders.is_empty() && heatmap.cells.is_empty());
}
