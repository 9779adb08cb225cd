use std::collections::BTreeMap;

use arrow_array::{Array, BooleanArray, RecordBatch, UInt32Array};
use datafusion::catalog::MemTable;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::{EmitTo, Expr, col, lit};
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::prelude::{SessionConfig, SessionContext};

use super::*;
use crate::functions::{HDR_PERCENTILE, aggregates, hdr_histogram};

/// A few durations for each of many groups, in no order.
fn rows(groups: u32) -> Vec<(u32, Option<i64>)> {
    let row = |number: u64| {
        let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        let nanos = i64::try_from(mixed >> (24 + mixed % 32)).expect("40 bits at most");
        let group = u32::try_from(mixed % u64::from(groups)).expect("less than the groups");
        (group, (!number.is_multiple_of(17)).then_some(nanos))
    };
    (0..u64::from(groups) * 6).map(row).collect()
}

fn batch(rows: &[(u32, Option<i64>)]) -> RecordBatch {
    let groups: UInt32Array = rows.iter().map(|(group, _)| Some(*group)).collect();
    let nanos: Int64Array = rows.iter().map(|(_, nanos)| *nanos).collect();
    let columns: [(&str, ArrayRef, bool); 2] = [
        ("group", Arc::new(groups), true),
        ("nanos", Arc::new(nanos), true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).expect("columns of one length")
}

/// The histograms that the aggregates are to agree with.
fn by_hand(rows: &[(u32, Option<i64>)]) -> BTreeMap<u32, DurationHistogram> {
    let mut histograms = BTreeMap::<u32, DurationHistogram>::new();
    for (group, nanos) in rows {
        let histogram = histograms.entry(*group).or_default();
        if let Some(nanos) = nanos {
            histogram.record(*nanos);
        }
    }
    histograms
}

fn percentile_of(durations: Expr, percentile: f64) -> Expr {
    HDR_PERCENTILE.call(vec![durations, lit(percentile)])
}

fn session(memory: Option<usize>) -> SessionContext {
    let config = SessionConfig::new()
        .with_target_partitions(4)
        .with_batch_size(512);
    let mut runtime = RuntimeEnvBuilder::new();
    if let Some(bytes) = memory {
        runtime = runtime.with_memory_pool(Arc::new(FairSpillPool::new(bytes)));
    }
    let runtime = runtime.build_arc().expect("a runtime");
    let session = SessionContext::new_with_config_rt(config, runtime);
    for aggregate in aggregates() {
        session.register_udaf(aggregate.as_ref().clone());
    }
    session
}

async fn plan(
    session: &SessionContext,
    rows: &[(u32, Option<i64>)],
    groups: Vec<Expr>,
    aggregates: Vec<Expr>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let part = |part: usize| {
        let rows: Vec<_> = rows.iter().skip(part).step_by(5).copied().collect();
        rows.chunks(300).map(batch).collect()
    };
    let partitions: Vec<Vec<RecordBatch>> = (0..5).map(part).collect();
    let table = MemTable::try_new(batch(&[]).schema(), partitions)?;
    let frame = session.read_table(Arc::new(table))?;
    let frame = frame.aggregate(groups, aggregates)?;
    frame.create_physical_plan().await
}

async fn aggregated(
    session: &SessionContext,
    rows: &[(u32, Option<i64>)],
    groups: Vec<Expr>,
    aggregates: Vec<Expr>,
) -> Result<Vec<RecordBatch>> {
    let plan = plan(session, rows, groups, aggregates).await?;
    collect(plan, session.task_ctx()).await
}

/// How often the parts of a plan wrote to the disk for want of memory.
fn spill_count(plan: &dyn ExecutionPlan) -> usize {
    let below = plan
        .children()
        .into_iter()
        .map(|child| spill_count(child.as_ref()));
    let here = plan.metrics().and_then(|metrics| metrics.spill_count());
    here.unwrap_or(0) + below.sum::<usize>()
}

/// Checks the figures of so many groups, and tells how often it wrote to the disk for them.
async fn check_groups(memory: Option<usize>, groups: u32) -> usize {
    let rows = rows(groups);
    let session = session(memory);
    let figures = vec![
        hdr_histogram(col("nanos")).alias("histogram"),
        percentile_of(col("nanos"), 50.0).alias("median"),
    ];
    let plan = plan(&session, &rows, vec![col("group")], figures).await;
    let plan = plan.expect("a plan");
    let found = collect(Arc::clone(&plan), session.task_ctx()).await;
    let found = found.expect("figures");
    let mut expected = by_hand(&rows);
    let of_found: usize = found.iter().map(RecordBatch::num_rows).sum();
    assert_eq!(of_found, expected.len());
    for batch in &found {
        let groups = batch
            .column(0)
            .as_primitive::<arrow_array::types::UInt32Type>();
        let histograms = batch.column(1).as_binary::<i32>();
        let medians = batch.column(2).as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let expected = expected
                .get_mut(&groups.value(row))
                .expect("a group of the rows");
            let found = histograms.is_valid(row).then(|| histograms.value(row));
            assert_eq!(found.map(<[u8]>::to_vec), bytes(expected));
            let median = medians.is_valid(row).then(|| medians.value(row));
            assert_eq!(median, at(expected, 50.0));
        }
    }
    spill_count(plan.as_ref())
}

#[tokio::test]
async fn many_groups_over_many_partitions() {
    assert_eq!(check_groups(None, 5_000).await, 0);
}

#[tokio::test]
async fn states_that_went_to_disk_are_merged() {
    assert!(check_groups(Some(6_000_000), 20_000).await > 0);
}

#[tokio::test]
async fn without_groups() {
    let rows = rows(1);
    let mut expected = by_hand(&rows).remove(&0).expect("one group");
    let figures = vec![
        hdr_histogram(col("nanos")),
        percentile_of(col("nanos"), 99.0),
    ];
    let found = aggregated(&session(None), &rows, Vec::new(), figures)
        .await
        .expect("figures");
    assert_eq!(
        found[0].column(0).as_binary::<i32>().value(0),
        expected.to_bytes()
    );
    let percentile = found[0].column(1).as_primitive::<Int64Type>().value(0);
    assert_eq!(Some(percentile), at(&mut expected, 99.0));
    let nothing = aggregated(
        &session(None),
        &[],
        Vec::new(),
        vec![hdr_histogram(col("nanos"))],
    )
    .await
    .expect("figures");
    assert!(nothing[0].column(0).is_null(0));
}

#[tokio::test]
async fn percentiles_are_literals_from_0_to_100() {
    for wrong in [
        percentile_of(col("nanos"), 100.5),
        HDR_PERCENTILE.call(vec![col("nanos"), col("nanos")]),
    ] {
        let found = aggregated(&session(None), &rows(3), Vec::new(), vec![wrong]).await;
        let message = found.expect_err("no such percentile").to_string();
        assert!(message.contains("a literal from 0 to 100"), "{message}");
    }
}

#[test]
fn groups_can_be_emitted_in_parts_and_skipped() {
    let durations: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), None, Some(9), Some(1)]));
    let keep = BooleanArray::from(vec![Some(true), Some(true), None, Some(true)]);
    let mut groups = HistogramGroups::new(Outcome::Percentile(100.0));
    let values = std::slice::from_ref(&durations);
    groups
        .update_batch(values, &[0, 1, 1, 2], Some(&keep), 4)
        .expect("durations");
    let first = groups.state(EmitTo::First(1)).expect("a state");
    // The other way to states: row by row, as where most groups have one row.
    let converted = groups
        .convert_to_state(values, Some(&keep))
        .expect("states");
    assert_eq!(converted[0].null_count(), 2);
    groups.merge_batch(&first, &[2], 4).expect("a state");
    groups
        .merge_batch(&converted, &[3, 3, 3, 3], 4)
        .expect("states");
    let longest = groups.evaluate(EmitTo::All).expect("figures");
    let longest: Vec<_> = longest.as_primitive::<Int64Type>().iter().collect();
    assert_eq!(longest, [None, Some(1), Some(7), Some(7)]);
    assert_eq!(groups.size(), 0);
    let malformed: ArrayRef = Arc::new(BinaryArray::from(vec![b"no histogram".as_slice()]));
    assert!(groups.merge_batch(&[malformed], &[0], 1).is_err());
}
