//! Apdex, and figures beside earlier ones.

use super::*;

#[tokio::test]
async fn apdex_is_that_of_the_durations_without_error() {
    let check = async |durations: &[(i64, bool)], expect: Option<f64>| {
        let sent: Vec<_> = (2..)
            .zip(durations)
            .map(|(id, (millis, is_error))| Sent {
                is_error: *is_error,
                ..request(id, 0, millis * 1_000_000)
            })
            .collect();
        let range = TimeSpan::of_steps(UnixNanos(0), UnixNanos(1), STEP);
        let query = RedQuery {
            apdex: Some(Duration::from_millis(100)),
            ..everything(range)
        };
        let answer = ask(&sent, query).await;
        assert_eq!(answer.total.apdex, expect, "{durations:?}");
        assert_eq!(answer.series.len(), usize::from(!durations.is_empty()));
        if let Some(series) = answer.series.first() {
            assert_eq!(series.value(GroupBy::Status), None);
            assert_eq!(series.points[0].1.apdex, expect);
        }
    };
    check(&[], None).await;
    check(&[(1, false), (100, false)], Some(1.0)).await;
    check(&[(101, false), (400, false)], Some(0.5)).await;
    check(&[(401, false)], Some(0.0)).await;
    check(&[(1, true)], Some(0.0)).await;
    check(
        &[(1, false), (200, false), (900, false), (1, true)],
        Some(0.375),
    )
    .await;
}

#[tokio::test]
async fn without_threshold_there_is_no_apdex() {
    let range = TimeSpan::of_steps(UnixNanos(0), UnixNanos(1), STEP);
    let answer = ask(&[request(2, 0, 1)], everything(range)).await;
    assert_eq!(answer.total.apdex, None);
}

#[tokio::test]
async fn earlier_figures_stand_beside_those_of_the_same_group() {
    let named = |service, id, start| Sent {
        service,
        ..request(id, start, 5)
    };
    let sent = [
        named("cart", 2, STEP_NANO),
        named("shop", 3, 11 * STEP_NANO),
        named("shop", 4, STEP_NANO),
        named("stock", 5, 10 * STEP_NANO),
    ];
    let range = TimeSpan::of_steps(UnixNanos(10 * STEP_NANO), UnixNanos(12 * STEP_NANO), STEP);
    let query = everything(range);
    let mut now = ask(&sent, query.clone()).await;
    let mut earlier = ask(&sent, query.earlier_by(10 * STEP)).await;
    align(&mut now, &mut earlier, 10 * STEP);
    let told = |answer: &RedAnswer| -> Vec<(String, u64, Vec<i64>)> {
        let told = answer.series.iter().map(|series| {
            let starts = series.points.iter().map(|(start, _)| start.0 / STEP_NANO);
            let service = series.value(GroupBy::Service).unwrap_or_default();
            (service.to_owned(), series.total.count, starts.collect())
        });
        told.collect()
    };
    let expected = |counts: [(&str, u64, &[i64]); 3]| {
        counts.map(|(service, count, starts)| (service.to_owned(), count, starts.to_vec()))
    };
    assert_eq!(
        told(&now),
        expected([("cart", 0, &[]), ("shop", 1, &[11]), ("stock", 1, &[10])])
    );
    assert_eq!(
        told(&earlier),
        expected([("cart", 1, &[11]), ("shop", 1, &[11]), ("stock", 0, &[])])
    );
}
