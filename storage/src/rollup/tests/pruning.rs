//! Questions to the tables of figures.

use datafusion::logical_expr::{Expr, ident, lit};
use datafusion::prelude::{SessionConfig, SessionContext};
use object_store::ObjectStoreExt;

use super::counting::numbers;
use super::world::{Open, World};
use crate::rollup::RollupTable;

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
