//! Questions to the tables of figures.

use std::sync::Arc;

use arrow_select::concat::concat_batches;
use bytes::Bytes;
use datafusion::logical_expr::{Expr, ident, lit, not};
use datafusion::physical_plan::displayable;
use datafusion::prelude::{SessionConfig, SessionContext};
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};
use schemas::rollups::{DIMENSION, IS_FRESH, red_schema};

use super::counting::{counts, fresh, numbers};
use super::merging::stored;
use super::world::{Open, World};
use crate::rollup::encode::encode_as_one;
use crate::rollup::plan::wanted_rows;
use crate::rollup::{RollupFile, RollupProvider, RollupTable};
use crate::scan::{Condition, physical_filter};

const SECOND: i64 = 1_000_000_000;

async fn counted(open: &Open, filter: Expr) -> Vec<(i64, i64)> {
    let tables = open.tables();
    let table = tables
        .table("red")
        .await
        .expect("no failure")
        .expect("exists");
    let config = SessionConfig::new().with_target_partitions(2);
    let frame = SessionContext::new_with_config(config).read_table(table);
    let frame = frame.expect("reads").filter(filter).expect("plans");
    let rows = frame.collect().await.expect("runs");
    let numbers = rows.iter().flat_map(|rows| numbers(RollupTable::Red, rows));
    let mut found: Vec<_> = numbers
        .map(|(bucket, _, count)| (bucket / SECOND, count))
        .collect();
    found.sort_unstable();
    found
}

#[tokio::test]
async fn rows_are_filtered_and_files_of_other_times_are_not_read() {
    let world = World::new();
    let mut open = world.open().await;
    for start in [0, 10, 20, 30] {
        let first = start as u64;
        open.flush(&[
            (first, 1, start),
            (first, 2, start + 1),
            (first, 3, start + 10),
        ])
        .await;
        open.roll_up().await;
    }
    let bucket = || ident("bucket_start_unix_nano");
    let from = |second: i64| bucket().gt_eq(lit(second * SECOND));
    assert_eq!(counted(&open, from(30)).await, [(30, 1), (30, 2), (40, 1)]);
    assert_eq!(
        counted(&open, from(30).and(ident("count").gt(lit(1_i64)))).await,
        [(30, 2)]
    );
    assert_eq!(counted(&open, ident("name").is_not_null()).await, []);
    assert_eq!(counted(&open, bucket().lt(lit(0_i64))).await, []);

    let snapshot = open.live.store_snapshot();
    let oldest = snapshot.rollups.red.first().expect("four files");
    let store = world.figures.red.as_ref();
    store
        .delete(&oldest.added.location())
        .await
        .expect("deletes");
    let open = world.open().await;
    assert_eq!(
        counted(&open, from(20)).await,
        [(20, 1), (20, 2), (30, 1), (30, 2), (40, 1)]
    );
}

/// A file with 100 fresh rows, and with 90, 20 and 3 rows of the steps.
async fn with_fresh_rows(store: &Arc<dyn ObjectStore>) -> Arc<RollupFile> {
    let rows = |step: i64, count: i64| {
        let rows = (0..count).map(move |bucket| (step, bucket * step * SECOND, 1));
        counts(&rows.collect::<Vec<_>>())
    };
    let rows = [
        fresh(&rows(10, 100)),
        rows(10, 90),
        rows(60, 20),
        rows(3_600, 3),
    ];
    let rows = concat_batches(red_schema(), &rows).expect("one schema");
    let file = encode_as_one(&rows).expect("rows of a rollup table");
    stored(store, "mixed", Bytes::from(file.bytes).to_vec()).await
}

/// The row groups that a question reads: their rows, and what these are tested for.
async fn read_for(filter: &Expr) -> Vec<(usize, String)> {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let file = with_fresh_rows(&store).await;
    let context = SessionContext::new();
    let files = [Arc::clone(&file)].into();
    let table = RollupProvider::new(RollupTable::Red, files, Arc::clone(&store));
    let frame = context.read_table(Arc::new(table)).expect("reads");
    let frame = frame.filter(filter.clone()).expect("plans");
    let plan = frame.clone().create_physical_plan().await.expect("plans");
    let plan = displayable(plan.as_ref()).indent(false).to_string();
    let footer = file.footer(&store).await.expect("reads");
    let physical = physical_filter(&context.state(), red_schema(), filter).expect("plans");
    let conditions = Condition::split(red_schema(), [physical]);
    let wanted = wanted_rows(&file, &footer, &conditions);
    let planned: usize = wanted.iter().map(|rows| rows.rows).sum();
    let expect = format!("row_groups={}, rows={planned}, ", wanted.len());
    assert!(plan.contains(&expect), "{plan} has not {expect}");
    let wanted = wanted.iter().map(|rows| {
        let conditions = rows.conditions.iter().map(|part| part.expr.to_string());
        (rows.rows, conditions.collect::<Vec<_>>().join("; "))
    });
    wanted.collect()
}

#[tokio::test]
async fn of_a_step_and_fresh_rows_no_others_are_read_and_none_are_tested() {
    let step = |step: i64| ident("step_seconds").eq(lit(step));
    let of_step = |seconds| step(seconds).and(ident(DIMENSION).is_null());
    let untested = |rows: &[usize]| {
        let rows = rows.iter().map(|rows| (*rows, String::new()));
        rows.collect::<Vec<_>>()
    };
    let fresh = || ident(IS_FRESH);
    let merged = || fresh().eq(lit(false));
    for is_fresh in [fresh(), fresh().eq(lit(true)), not(merged())] {
        let filter = |seconds| of_step(seconds).or(is_fresh.clone());
        assert_eq!(read_for(&filter(3_600)).await, untested(&[100, 3]));
        assert_eq!(read_for(&filter(60)).await, untested(&[100, 20]));
        assert_eq!(read_for(&filter(10)).await, untested(&[100, 90]));
        for not_fresh in [merged(), not(fresh())] {
            let filter = of_step(3_600).and(not_fresh).or(is_fresh.clone());
            assert_eq!(read_for(&filter).await, untested(&[100, 3]));
        }
        assert_eq!(read_for(&is_fresh).await, untested(&[100]));
    }
    for not_fresh in [merged(), not(fresh())] {
        assert_eq!(read_for(&not_fresh).await, untested(&[90, 20, 3]));
    }
    let by_operation = ident(DIMENSION).eq(lit("operation"));
    assert_eq!(
        read_for(&step(60).and(by_operation).or(fresh())).await,
        untested(&[100])
    );
}

#[tokio::test]
async fn what_else_is_asked_for_is_still_tested() {
    let of_step = ident("step_seconds").eq(lit(60_i64));
    let wanted = of_step.or(ident(IS_FRESH).eq(lit(true)));
    let from = ident("bucket_start_unix_nano").gt_eq(lit(300 * SECOND));
    let tested = "bucket_start_unix_nano@1 >= 300000000000".to_owned();
    let found = read_for(&wanted.and(from)).await;
    assert_eq!(found, [(100, tested.clone()), (20, tested)]);
}
