//! Stores that fail, and processes that end, at every step.

use object_store::ObjectStoreExt;
use object_store::path::Path;

use super::counting::counting;
use super::world::{World, commit_of, spans};
use crate::StorageError;
use crate::rollup::RollupTable;
use crate::table::Outcome;
use crate::table::tests::faulty_store::Fault;

/// Faults of the commits, each of which is tried twice.
const FAULTS: [[Fault; 2]; 3] = [
    [Fault::Before; 2],
    [Fault::After; 2],
    [Fault::Before, Fault::After],
];

#[tokio::test]
async fn a_failed_commit_is_tried_again_or_taken_up_after_a_crash() {
    for table in RollupTable::ALL {
        for faults in FAULTS {
            for is_crash in [false, true] {
                let world = World::new();
                let mut open = world.open().await;
                open.flush(&spans(0, 10)).await;
                open.roll_up().await;
                open.flush(&spans(5, 10)).await;
                world.figures.get(table).plan(faults);
                let error = open.roller.step().await.expect_err("fails");
                assert!(
                    matches!(error, StorageError::Unavailable { .. }),
                    "{error:?}"
                );
                assert_eq!(open.sums().await.counted, 10);
                // Nothing waits for figures.
                open.flush(&spans(50, 1)).await;
                if is_crash {
                    open = world.open().await;
                    // Also while a table is behind the other.
                    open.sums().await;
                }
                open.flush(&spans(60, 1)).await;
                open.sums().await;
                open.roll_up().await;
                let sums = open.sums().await;
                assert_eq!(
                    (sums.unrolled, sums.counted),
                    (0, 17),
                    "{table:?} {faults:?} {is_crash}"
                );
                assert_eq!(world.open().await.sums().await, sums);
            }
        }
    }
}

#[tokio::test]
async fn a_fold_that_fails_is_tried_again() {
    let world = World::new();
    let mut open = world.open_with(counting(2)).await;
    open.flush(&spans(0, 10)).await;
    for _ in 0..2 {
        let error = open.roller.step().await.expect_err("fails");
        assert!(error.to_string().contains("planned failure"), "{error}");
        assert_eq!(open.sums().await.unrolled, 10);
    }
    open.flush(&spans(10, 10)).await;
    open.roll_up().await;
    assert_eq!(open.sums().await.counted, 20);
}

/// Removes the log's entries through a version, as time does.
async fn forget(world: &World, through: u64) {
    for version in 0..=through {
        let path = Path::from(format!("_delta_log/{version:020}.json"));
        world.spans.delete(&path).await.expect("deletes");
    }
}

#[tokio::test]
async fn tables_of_which_the_log_tells_nothing_any_more_begin_anew() {
    let world = World::new();
    let mut open = world.open().await;
    open.flush(&spans(0, 10)).await;
    open.roll_up().await;
    open.flush(&spans(5, 10)).await;
    // The edges stay behind.
    world.figures.edges.plan([Fault::Before; 2]);
    open.roller.step().await.expect_err("fails");
    while open.log.version() < 100 {
        let committed = open.log.commit(commit_of(Vec::new(), Vec::new())).await;
        assert_eq!(committed.expect("commits").outcome, Outcome::Written);
    }
    open.log.close().await;
    open.flush(&spans(40, 10)).await;
    drop(open);
    forget(&world, 100).await;

    let mut open = world.open().await;
    let sums = open.sums().await;
    assert_eq!((sums.unrolled, sums.counted), (30, 0));
    open.roll_up().await;
    let sums = open.sums().await;
    assert_eq!((sums.unrolled, sums.counted), (0, 25));
    assert_eq!(world.open().await.sums().await, sums);
}

#[tokio::test]
async fn figures_of_another_table_of_spans_are_refused() {
    let world = World::new();
    let mut open = world.open().await;
    open.flush(&spans(0, 10)).await;
    open.flush(&spans(10, 10)).await;
    open.roll_up().await;
    let other = World {
        figures: world.figures,
        ..World::new()
    };
    let Err(error) = other.try_open(counting(0)).await else {
        panic!("opened")
    };
    assert!(
        matches!(error, StorageError::Incompatible { .. }),
        "{error:?}"
    );
    assert!(
        error
            .to_string()
            .contains("version 2 of the table of spans"),
        "{error}"
    );
}
