//! Answers from rows and the spans that are not rolled up, against answers from all spans.

use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use datafusion::catalog::{MemTable, MemorySchemaProvider, SchemaProvider, TableProvider};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, UnboundedMemoryPool};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use schemas::UnixNanos;
use schemas::rollups::edge_schema;

use super::super::super::call::Sign;
use super::super::super::graph::GraphSums;
use super::model::{Sent, batch, commits};
use super::oracle::calls_of;
use super::{fold_all, merge};
use crate::fixtures::{catalog_of, merged_so_far, spans_table};
use crate::{Engine, QuerySettings, RollUps, TimeSpan, Topology, TopologyDimension, TopologyQuery};

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
    let edges = MemTable::try_new(Arc::clone(edge_schema()), vec![rows]);
    let tables: [(&str, Arc<dyn TableProvider>); 4] = [
        ("spans", spans(commits)),
        ("rolled_spans", spans(&commits[..rolled_up])),
        ("unrolled_spans", spans(&commits[rolled_up..])),
        ("edges", Arc::new(edges.expect("rows of edges"))),
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

fn ask(engine: &Engine, query: &TopologyQuery) -> Topology {
    let answer = runtime().block_on(engine.topology(query.clone()));
    answer.expect("an answer")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime")
}

/// The answer by brute force.
fn of_all_calls(sent: &[Sent], query: &TopologyQuery) -> Topology {
    let (calls, mut names) = calls_of(sent);
    let pool: Arc<dyn MemoryPool> = Arc::new(UnboundedMemoryPool::default());
    let mut sums = GraphSums::new(
        Arc::new(query.clone()),
        MemoryConsumer::new("sums").register(&pool),
    );
    for call in calls {
        sums.add(&call, Sign::Added);
    }
    let topology = runtime().block_on(sums.finish(&mut names));
    topology.expect("nothing is read")
}

fn query() -> impl Strategy<Value = TopologyQuery> {
    let step = prop::option::of(select(vec![10, 20, 60, 600, 3_600, 7_200]));
    let range = (-6 * 3_600..60_i64, 1..6 * 3_600_i64);
    let by = subsequence(TopologyDimension::ALL.to_vec(), 0..=3);
    let focus = prop::option::weighted(0.2, Just("cart".to_owned()));
    (step, range, by, focus, 0..3_usize).prop_map(|(step, (from, length), by, focus, steps)| {
        let step = step.map(Duration::from_secs);
        let at = |second: i64| UnixNanos(second * 1_000_000_000);
        let minute = Duration::from_secs(60);
        let shortest = if by.is_empty() {
            crate::RED_BUCKET
        } else {
            minute
        };
        let whole = step.unwrap_or(shortest);
        let ends = |by: &TopologyDimension| *by != TopologyDimension::Operation;
        let is_of_one_kind = by.iter().all(ends) || !by.iter().any(ends);
        let has_rows = is_of_one_kind && whole >= shortest;
        // Answers from spans hold for clocks that agree to a minute, which these do not: all of them.
        let (from, length) = if has_rows {
            (from, length)
        } else {
            (-6 * 3_600, 7 * 3_600)
        };
        TopologyQuery {
            by,
            focus,
            up: steps,
            down: steps,
            step,
            percentiles: vec![0.0, 50.0, 99.0, 100.0],
            ..TopologyQuery::new(TimeSpan::of_steps(at(from), at(from + length), whole))
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is asked, and however many commits are rolled up when it is.
    #[test]
    fn answers_are_the_same_at_every_moment(commits in commits(), query in query()) {
        let rollups = RollUps::default();
        let rows = fold_all(&rollups, &commits);
        let expected = of_all_calls(&commits.concat(), &query);
        for rolled_up in 0..=commits.len() {
            let engine = engine_at(&commits, rolled_up, &rows, &rollups);
            prop_assert_eq!(&ask(&engine, &query), &expected, "{} of {} rolled up", rolled_up, commits.len());
        }
    }

    #[test]
    fn the_spans_themselves_say_the_same(commits in commits(), by in subsequence(TopologyDimension::ALL.to_vec(), 0..=3)) {
        let at = |hour: i64| UnixNanos(hour * 3_600_000_000_000);
        let query = TopologyQuery {
            by,
            exact: true,
            ..TopologyQuery::new(TimeSpan { from: at(-6), to: at(1) })
        };
        let engine = engine_at(&commits, 0, &[], &RollUps::default());
        prop_assert_eq!(ask(&engine, &query), of_all_calls(&commits.concat(), &query));
    }
}

/// Names that were beyond the limit when they were rolled up count with the others until the end.
#[test]
fn calls_that_were_counted_as_others_are_taken_from_them() {
    let call = |id, name| Sent {
        name,
        peer: Some("bank"),
        ..Sent::of(id, None, schemas::SpanKind::Client, "shop")
    };
    let answer = Sent::of(9, Some(2), schemas::SpanKind::Server, "bank");
    let commits = [vec![call(1, "a"), call(2, "b"), call(3, "b")], vec![answer]];
    let rows = fold_all(&RollUps::new(1), &commits[..1]);
    let engine = engine_at(&commits, 1, &rows, &RollUps::new(9));
    let range = TimeSpan::of_steps(UnixNanos(0), UnixNanos(1), Duration::from_secs(60));
    let topology = ask(
        &engine,
        &TopologyQuery {
            by: vec![TopologyDimension::Operation],
            ..TopologyQuery::new(range)
        },
    );
    let edges: Vec<_> = topology
        .edges
        .iter()
        .map(|edge| {
            (
                edge.connection.name(),
                edge.operation.as_deref(),
                edge.calls,
            )
        })
        .collect();
    assert_eq!(
        edges,
        [
            ("rpc", Some("work"), 1),
            ("virtual_node", Some("(other)"), 1),
            ("virtual_node", Some("a"), 1),
        ]
    );
}
