mod apdex;
mod exact;

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use schemas::{SpanBatch, SpanKind, SpanRow, StatusCode, TraceId, UnixNanos};

use super::*;
use crate::fixtures::{batch_of, engine, span_id};

const STEP: Duration = Duration::from_secs(10);
const STEP_NANO: i64 = 10_000_000_000;

/// A span as the oracle sees it.
#[derive(Clone, Debug)]
struct Sent {
    service: &'static str,
    name: &'static str,
    kind: SpanKind,
    id: u64,
    start: i64,
    duration: i64,
    is_error: bool,
}

fn batch(sent: &Sent) -> SpanBatch {
    let row = SpanRow {
        name: sent.name,
        kind: sent.kind,
        start: UnixNanos(sent.start),
        duration_nano: sent.duration,
        status_code: if sent.is_error {
            StatusCode::Error
        } else {
            StatusCode::Unset
        },
        ..SpanRow::new(TraceId([9; 16]), span_id(sent.id))
    };
    batch_of(sent.service, &[row])
}

fn everything(range: TimeSpan) -> RedQuery {
    RedQuery {
        group_by: vec![GroupBy::Service, GroupBy::Operation],
        percentiles: vec![0.0, 50.0, 99.9, 100.0],
        ..RedQuery::new(range, STEP)
    }
}

async fn ask(sent: &[Sent], query: RedQuery) -> RedAnswer {
    let batches: Vec<_> = sent.iter().map(batch).collect();
    engine(&batches).red(query).await.expect("an answer")
}

fn request(id: u64, start: i64, duration: i64) -> Sent {
    Sent {
        service: "shop",
        name: "GET /",
        kind: SpanKind::Server,
        id,
        start,
        duration,
        is_error: id == 1,
    }
}

#[tokio::test]
async fn figures_are_those_of_the_spans() {
    let range = TimeSpan::of_steps(UnixNanos(0), UnixNanos(3 * STEP_NANO), STEP);
    let sent = [
        request(1, 0, 100),
        request(2, STEP_NANO - 1, 300),
        request(3, 2 * STEP_NANO, 200),
        // After the range.
        request(4, 3 * STEP_NANO, 999),
        // The same span, sent again.
        request(3, 2 * STEP_NANO, 200),
    ];
    let answer = ask(&sent, everything(range)).await;
    assert_eq!((answer.total.count, answer.total.errors), (3, 1));
    assert_eq!(
        (answer.total.avg_time_nano, answer.total.max_time_nano),
        (Some(200.0), Some(300))
    );
    assert_eq!(answer.total.percentiles_nano, [100, 200, 300, 300]);
    assert!((answer.total.qps - 0.1).abs() < 1e-12);
    let [series] = answer.series.as_slice() else {
        panic!("one series: {answer:?}");
    };
    assert_eq!(
        (
            series.value(GroupBy::Service),
            series.value(GroupBy::Operation),
            series.value(GroupBy::Kind)
        ),
        (Some("shop"), Some("GET /"), None)
    );
    let points: Vec<_> = series
        .points
        .iter()
        .map(|(start, figures)| (start.0, figures.count, figures.qps))
        .collect();
    assert_eq!(points, [(0, 2, 0.2), (2 * STEP_NANO, 1, 0.1)]);
}

#[tokio::test]
async fn conditions_choose_spans() {
    let range = TimeSpan::of_steps(UnixNanos(0), UnixNanos(1), STEP);
    let sent = [
        request(1, 0, 1),
        Sent {
            service: "cart",
            ..request(2, 0, 1)
        },
        Sent {
            name: "POST /",
            ..request(3, 0, 1)
        },
        Sent {
            kind: SpanKind::Client,
            ..request(4, 0, 1)
        },
    ];
    let all = everything(range);
    let count = async |query: RedQuery| ask(&sent, query).await.total.count;
    assert_eq!(count(all.clone()).await, 4);
    assert_eq!(
        count(RedQuery {
            service: Some("shop".into()),
            ..all.clone()
        })
        .await,
        3
    );
    assert_eq!(
        count(RedQuery {
            operation: Some("POST /".into()),
            ..all.clone()
        })
        .await,
        1
    );
    assert_eq!(
        count(RedQuery {
            instance: Some("none".into()),
            ..all.clone()
        })
        .await,
        0
    );
    let kinds = vec![SpanKind::Client, SpanKind::Consumer];
    assert_eq!(
        count(RedQuery {
            kinds,
            ..all.clone()
        })
        .await,
        1
    );
    let nothing = ask(&[], all).await;
    assert_eq!(
        (nothing.total.count, nothing.total.avg_time_nano),
        (0, None)
    );
    assert!(nothing.series.is_empty() && nothing.total.percentiles_nano.is_empty());
}

#[test]
fn ranges_are_whole_steps() {
    let check = |from, to, expect: (i64, i64)| {
        let range = TimeSpan::of_steps(UnixNanos(from), UnixNanos(to), STEP);
        assert_eq!((range.from.0, range.to.0), expect);
    };
    check(5, 6, (0, STEP_NANO));
    check(0, STEP_NANO, (0, STEP_NANO));
    check(-1, STEP_NANO + 1, (-STEP_NANO, 2 * STEP_NANO));
}

fn sent() -> impl Strategy<Value = Vec<Sent>> {
    let one = (
        prop_oneof![Just("shop"), Just("cart")],
        prop_oneof![Just("GET /"), Just("POST /")],
        0..200_u64,
        0..6 * STEP_NANO,
        prop_oneof![0..5_000_i64, 0..9_000_000_000_i64],
        any::<bool>(),
    );
    let one = one.prop_map(|(service, name, id, start, duration, is_error)| Sent {
        service,
        name,
        kind: SpanKind::Server,
        id,
        start,
        duration,
        is_error,
    });
    vec(one, 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Against counting by hand, in any order of arrival, with spans sent twice.
    #[test]
    fn the_answer_is_what_counting_by_hand_gives(sent in sent().prop_shuffle(), again in vec(any::<prop::sample::Index>(), 0..20)) {
        let mut by_key = BTreeMap::new();
        for span in &sent {
            by_key.entry((span.id, span.start)).or_insert(span.clone());
        }
        let distinct: Vec<Sent> = by_key.into_values().collect();
        let mut arrived = distinct.clone();
        if !distinct.is_empty() {
            arrived.extend(again.iter().map(|index| distinct[index.index(distinct.len())].clone()));
        }
        let range = TimeSpan::of_steps(UnixNanos(STEP_NANO), UnixNanos(5 * STEP_NANO), STEP);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let answer = runtime.block_on(ask(&arrived, everything(range)));
        let exact = RedQuery { exact: true, ..everything(range) };
        prop_assert_eq!(&runtime.block_on(ask(&arrived, exact)), &answer);

        let mut expected = BTreeMap::<(&str, &str), BTreeMap<i64, Vec<&Sent>>>::new();
        let in_range = distinct.iter().filter(|span| (STEP_NANO..5 * STEP_NANO).contains(&span.start));
        for span in in_range {
            let bucket = span.start / STEP_NANO * STEP_NANO;
            expected.entry((span.service, span.name)).or_default().entry(bucket).or_default().push(span);
        }
        prop_assert_eq!(answer.series.len(), expected.len());
        for (series, ((service, name), buckets)) in answer.series.iter().zip(expected) {
            prop_assert_eq!(series.value(GroupBy::Service), Some(service));
            prop_assert_eq!(series.value(GroupBy::Operation), Some(name));
            prop_assert_eq!(series.points.len(), buckets.len());
            for ((start, figures), (bucket, spans)) in series.points.iter().zip(buckets) {
                prop_assert_eq!(start.0, bucket);
                prop_assert_eq!(figures.count, spans.len() as u64);
                prop_assert_eq!(figures.errors, spans.iter().filter(|span| span.is_error).count() as u64);
                prop_assert_eq!(figures.max_time_nano, spans.iter().map(|span| span.duration).max());
                let sum: i64 = spans.iter().map(|span| span.duration).sum();
                prop_assert_eq!(figures.avg_time_nano, Some(sum as f64 / spans.len() as f64));
                let longest = figures.percentiles_nano.last().copied().unwrap_or_default();
                let exact = figures.max_time_nano.unwrap_or_default();
                prop_assert!((longest - exact).abs() as f64 <= exact as f64 * 0.0005);
            }
        }
    }
}
