//! Answers from rows and the spans that are not rolled up, against answers from all spans.

use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use datafusion::catalog::{MemTable, MemorySchemaProvider, SchemaProvider, TableProvider};
use proptest::prelude::*;
use proptest::sample::subsequence;
use schemas::rollups::red_schema;
use schemas::{SpanKind, UnixNanos};

use super::model::{Sent, batch, commits};
use super::{RollUps, fold_all, merge};
use crate::fixtures::{catalog_of, engine, merged_so_far, spans_table};
use crate::{Engine, GroupBy, QuerySettings, RedAnswer, RedQuery, RedSeries, TimeSpan};

/// An engine over commits of which the first so many are rolled up.
fn engine_at(
    commits: &[Vec<Sent>],
    rolled_up: usize,
    rows: &[RecordBatch],
    rollups: &RollUps,
) -> Engine {
    let spans = |commits: &[Vec<Sent>]| {
        let batches: Vec<_> = commits.iter().map(|commit| batch(commit)).collect();
        spans_table(&batches)
    };
    let rows = merged_so_far(&rows[..rolled_up], merge);
    let red = MemTable::try_new(Arc::clone(red_schema()), vec![rows]);
    let tables: [(&str, Arc<dyn TableProvider>); 4] = [
        ("spans", spans(commits)),
        ("rolled_spans", spans(&commits[..rolled_up])),
        ("unrolled_spans", spans(&commits[rolled_up..])),
        ("red", Arc::new(red.expect("rows of red"))),
    ];
    let schema = MemorySchemaProvider::new();
    for (name, table) in tables {
        schema
            .register_table(name.into(), table)
            .expect("a new name");
    }
    let engine = Engine::new(catalog_of(schema), QuerySettings::default()).expect("threads start");
    engine.with_rollups(rollups.clone())
}

fn ask(engine: &Engine, query: &RedQuery) -> RedAnswer {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    runtime
        .block_on(engine.red(query.clone()))
        .expect("an answer")
}

fn query() -> impl Strategy<Value = RedQuery> {
    let one_of = |values: &'static [&'static str]| {
        prop::option::weighted(0.3, prop::sample::select(values).prop_map(str::to_owned))
    };
    (
        prop::sample::select(vec![10, 20, 60, 600, 3_600, 7_200, 28_800, 86_400, 100_000]),
        (-30 * 3_600..60_i64, 1..30 * 3_600_i64),
        subsequence(GroupBy::ALL.to_vec(), 0..=3),
        (one_of(&["shop", "unknown_service"]), one_of(&["GET /", ""])),
        (one_of(&["pod-1"]), one_of(&["v1"]), one_of(&["a", "b"])),
        any::<bool>(),
    )
        .prop_map(
            |(step, (from, length), group_by, (service, operation), place, is_server)| {
                let (instance, version, zone) = place;
                let step = Duration::from_secs(step);
                let at = |second: i64| UnixNanos(second * 1_000_000_000);
                RedQuery {
                    service,
                    operation,
                    instance,
                    version,
                    zone,
                    kinds: if is_server {
                        vec![SpanKind::Server]
                    } else {
                        Vec::new()
                    },
                    group_by,
                    percentiles: vec![0.0, 50.0, 99.0, 100.0],
                    apdex: is_server.then_some(Duration::from_micros(2)),
                    ..RedQuery::new(TimeSpan::of_steps(at(from), at(from + length), step), step)
                }
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever is asked, and however many commits are rolled up when it is; and the same is computed
    /// by DataFusion's aggregates.
    #[test]
    fn answers_are_the_same_at_every_moment(commits in commits(), query in query()) {
        let rollups = RollUps::default();
        let rows = fold_all(&rollups, &commits);
        let exactly = RedQuery { exact: true, ..query.clone() };
        let expected = ask(&engine(&[batch(&commits.concat())]), &exactly);
        for rolled_up in 0..=commits.len() {
            let engine = engine_at(&commits, rolled_up, &rows, &rollups);
            prop_assert_eq!(&ask(&engine, &query), &expected, "{} of {} rolled up", rolled_up, commits.len());
        }
    }
}

fn by_operation() -> RedQuery {
    let step = Duration::from_secs(10);
    RedQuery {
        group_by: vec![GroupBy::Operation],
        ..RedQuery::new(TimeSpan::of_steps(UnixNanos(0), UnixNanos(1), step), step)
    }
}

/// A span counts as the same operation before it is rolled up and after.
#[test]
fn operations_beyond_the_limit_are_asked_for_together() {
    let commit = |ids: std::ops::Range<u64>| -> Vec<Sent> {
        let span = |id: u64| Sent {
            id,
            name: format!("GET /{}", id % 5),
            ..Sent::default()
        };
        ids.map(span).collect()
    };
    let commits = [commit(0..3), commit(3..12)];
    let rollups = RollUps::new(2);
    let rows = fold_all(&rollups, &commits);
    for rolled_up in 0..=commits.len() {
        let engine = engine_at(&commits, rolled_up, &rows, &rollups);
        let answer = ask(&engine, &by_operation());
        let counts: Vec<_> = answer
            .series
            .iter()
            .map(|series| (series.value(GroupBy::Operation), series.total.count))
            .collect();
        assert_eq!(
            counts,
            [
                (Some("(other)"), 6),
                (Some("GET /0"), 3),
                (Some("GET /1"), 3)
            ]
        );
        let of = |operation: &str| RedQuery {
            operation: Some(operation.into()),
            ..by_operation()
        };
        assert_eq!(ask(&engine, &of("(other)")).total.count, 6);
        assert_eq!(ask(&engine, &of("GET /1")).total.count, 3);
        assert_eq!(ask(&engine, &of("GET /4")).total.count, 0);
        // Together with instances there are no rows of them.
        for (operation, count) in [("(other)", 6), ("GET /1", 3), ("GET /4", 0)] {
            let with_instances = RedQuery {
                group_by: vec![GroupBy::Operation, GroupBy::Instance],
                ..of(operation)
            };
            let answer = ask(&engine, &with_instances);
            assert_eq!(answer.total.count, count, "{operation}");
            let named = |series: &RedSeries| series.value(GroupBy::Operation) == Some(operation);
            assert!(answer.series.iter().all(named), "{operation}");
        }
    }
}

/// Rollups are kept for multiples of ten seconds; other steps are answered from the spans.
#[test]
fn steps_that_rollups_do_not_have_are_answered_too() {
    let commits = [vec![Sent::default()]];
    let engine = engine_at(&commits, 0, &[], &RollUps::default());
    let step = Duration::from_secs(3);
    let range = TimeSpan::of_steps(UnixNanos(0), UnixNanos(1), step);
    assert_eq!(ask(&engine, &RedQuery::new(range, step)).total.count, 1);
}
