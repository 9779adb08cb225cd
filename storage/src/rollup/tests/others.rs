//! Other engines that write to the table of spans.

use crate::table::Outcome;

use super::world::{Open, Sample, World, commit_of, open_log, spans, store_files};

/// Another engine writes spans again that some files hold.
async fn rewrite(world: &World, samples: &[Sample], chosen: std::ops::Range<usize>) {
    let (mut log, mut files) = open_log(&world.spans).await;
    files.sort_by_key(|file| file.min_start_nanos);
    let removes = files.get(chosen).expect("so many files").to_vec();
    let adds = store_files(&world.spans, samples).await;
    let committed = log.commit(commit_of(adds, removes)).await;
    assert_eq!(committed.expect("commits").outcome, Outcome::Written);
}

async fn append(world: &World, samples: &[Sample]) {
    let (mut log, _) = open_log(&world.spans).await;
    let adds = store_files(&world.spans, samples).await;
    let committed = log.commit(commit_of(adds, Vec::new())).await;
    assert_eq!(committed.expect("commits").outcome, Outcome::Written);
}

/// Two files that are rolled up and two that are not.
async fn halfway(world: &World) -> Open {
    let mut open = world.open().await;
    open.flush(&spans(0, 10)).await;
    open.flush(&spans(10, 10)).await;
    open.roll_up().await;
    open.flush(&spans(20, 10)).await;
    open.flush(&spans(30, 10)).await;
    open
}

#[tokio::test]
async fn spans_that_others_write_again_count_once() {
    for (chosen, again) in [
        (0..2, spans(0, 20)),
        (2..4, spans(20, 20)),
        (1..3, spans(10, 20)),
    ] {
        for is_restarted in [false, true] {
            let world = World::new();
            let mut open = halfway(&world).await;
            rewrite(&world, &again, chosen.clone()).await;
            if is_restarted {
                open = world.open().await;
            } else {
                open.refresh().await;
            }
            open.roll_up().await;
            let sums = open.tables_add_up().await;
            assert_eq!(sums, (40, 0), "{chosen:?} {is_restarted}");
            open.flush(&again).await;
            open.roll_up().await;
            assert_eq!(open.tables_add_up().await, (40, 0));
        }
    }
}

#[tokio::test]
async fn spans_that_others_add_count_too() {
    let world = World::new();
    let mut open = halfway(&world).await;
    append(&world, &spans(40, 10)).await;
    append(&world, &spans(50, 10)).await;
    // Written again before we knew of them: they are still new.
    rewrite(&world, &spans(40, 20), 4..6).await;
    open.refresh().await;
    open.roll_up().await;
    assert_eq!(open.tables_add_up().await, (60, 0));
}

impl Open {
    /// The sum of figures, and how many spans are not rolled up.
    async fn tables_add_up(&self) -> (i64, usize) {
        let sums = self.sums().await;
        (sums.counted, sums.unrolled)
    }
}
