//! Merging of small files.

use super::world::{World, spans};
use crate::rollup::RollupTable;
use crate::table::tests::faulty_store::Fault;

#[tokio::test]
async fn small_files_are_merged_and_the_sums_stay() {
    let world = World::new();
    let mut open = world.open().await;
    for round in 0..40 {
        open.flush(&spans(round * 5, 10)).await;
        open.roll_up().await;
    }
    let before = open.sums().await;
    assert_eq!(before.counted, 205);
    let pinned = open.tables();
    let files = |open: &super::world::Open, table| {
        let snapshot = open.live.store_snapshot();
        snapshot.rollups.get(table).len()
    };
    assert_eq!(files(&open, RollupTable::Red), 40);
    open.roller.maintain().await.expect("merges");
    for table in RollupTable::ALL {
        assert!(files(&open, table) < 16, "{table:?}");
    }
    assert_eq!(open.sums().await, before);
    // Who reads an older snapshot still finds its files.
    assert_eq!(super::world::sums(&pinned).await, before);
    open.flush(&spans(500, 1)).await;
    open.roll_up().await;
    assert_eq!(open.sums().await.counted, 206);
    assert_eq!(world.open().await.sums().await, open.sums().await);
}

#[tokio::test]
async fn a_merge_that_fails_changes_nothing() {
    for faults in [[Fault::Before; 2], [Fault::After; 2]] {
        let world = World::new();
        let mut open = world.open().await;
        for round in 0..20 {
            open.flush(&spans(round * 5, 10)).await;
            open.roll_up().await;
        }
        let before = open.sums().await;
        world.figures.red.plan(faults);
        open.roller.maintain().await.expect_err("fails");
        assert_eq!(open.sums().await, before);
        open.flush(&spans(500, 1)).await;
        open.roll_up().await;
        open.roller.maintain().await.expect("merges");
        assert_eq!(open.sums().await.counted, before.counted + 1);
        assert_eq!(world.open().await.sums().await, open.sums().await);
    }
}
