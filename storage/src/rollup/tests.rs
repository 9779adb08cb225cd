//! Rolling up, with a fold that counts spans: whatever happens, each counts once.

mod compaction;
mod counting;
mod crashes;
mod merging;
mod older;
mod others;
mod parts;
mod pruning;
mod scanning;
mod store;
mod world;

use world::{World, spans};

pub(super) use counting::counts;

#[tokio::test]
async fn each_commit_is_rolled_up_once() {
    let world = World::new();
    let mut open = world.open().await;
    assert_eq!(open.sums().await.counted, 0);
    for round in 0..5 {
        open.flush(&spans(round * 10, 10)).await;
        let sums = open.sums().await;
        assert_eq!((sums.rolled, sums.unrolled), (round as usize * 10, 10));
        open.roll_up().await;
        let sums = open.sums().await;
        assert_eq!((sums.rolled, sums.unrolled), (round as usize * 10 + 10, 0));
        assert_eq!(sums.counted, round as i64 * 10 + 10);
    }
}

#[tokio::test]
async fn what_waits_is_rolled_up_after_a_restart() {
    let world = World::new();
    let mut open = world.open().await;
    for round in 0..3 {
        open.flush(&spans(round * 10, 10)).await;
    }
    drop(open);
    let mut open = world.open().await;
    assert_eq!(open.sums().await.unrolled, 30);
    open.roll_up().await;
    assert_eq!(open.sums().await.counted, 30);
    open.flush(&spans(100, 1)).await;
    let open = world.open().await;
    let sums = open.sums().await;
    assert_eq!((sums.rolled, sums.unrolled, sums.counted), (30, 1, 30));
}

#[tokio::test]
async fn spans_that_come_again_are_found_among_those_before() {
    let world = World::new();
    let mut open = world.open().await;
    open.flush(&spans(0, 10)).await;
    open.roll_up().await;
    // Of the traces 5 to 14, half are known.
    open.flush(&spans(5, 10)).await;
    open.roll_up().await;
    let sums = open.sums().await;
    assert_eq!((sums.rolled, sums.counted, sums.called), (20, 15, 15));
    // The same within one step, of two files: one trace over midnight, twice.
    const DAY: i64 = 86_400;
    let over_midnight = [(77, 1, DAY - 1), (77, 2, DAY)];
    open.flush(&over_midnight).await;
    open.flush(&over_midnight).await;
    open.roll_up().await;
    let sums = open.sums().await;
    assert_eq!((sums.rolled, sums.counted, sums.called), (24, 17, 17));
}

#[tokio::test]
async fn a_commit_without_rows_moves_on_too() {
    let world = World::new();
    let mut open = world.open().await;
    open.flush(&spans(0, 3)).await;
    open.roll_up().await;
    open.flush(&spans(0, 3)).await;
    open.roll_up().await;
    let open = world.open().await;
    let sums = open.sums().await;
    assert_eq!((sums.unrolled, sums.counted), (0, 3));
}
