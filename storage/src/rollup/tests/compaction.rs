//! Merging of small files.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use datafusion::logical_expr::{ident, lit};
use object_store::{ObjectStore, ObjectStoreExt};
use schemas::rollups::{IS_FRESH, ROLLUP_STEPS, red_schema};
use uuid::Uuid;

use super::scanning::{Writer, written};
use super::world::{Open, World, commit_of, rows_that, spans};
use crate::clock;
use crate::rollup::RollupTable;
use crate::table::tests::faulty_store::{Fault, FaultyStore};
use crate::table::{AddedFile, DeltaLog, Outcome, data_file_path};

const HOUR_MS: i64 = 3_600_000;

fn files(open: &Open, table: RollupTable) -> usize {
    let snapshot = open.live.store_snapshot();
    snapshot.rollups.get(table).len()
}

/// How many rows there are of each step: fresh ones, and others.
async fn kinds(open: &Open, table: RollupTable) -> ([usize; 4], [usize; 4]) {
    let count = async |step: i64, is_fresh: bool| {
        let of_step = ident("step_seconds").eq(lit(step));
        let filter = of_step.and(ident(IS_FRESH).eq(lit(is_fresh)));
        let rows = rows_that(&open.tables(), table, filter).await;
        rows.iter().map(RecordBatch::num_rows).sum()
    };
    let (mut fresh, mut others) = ([0; 4], [0; 4]);
    for (position, step) in ROLLUP_STEPS.into_iter().enumerate() {
        fresh[position] = count(step, true).await;
        others[position] = count(step, false).await;
    }
    (fresh, others)
}

#[tokio::test]
async fn minutes_become_hours_once_there_are_many_files() {
    let world = World::new();
    let mut open = world.open().await;
    for round in 0..15 {
        open.flush(&spans(round * 10, 10)).await;
        open.roll_up().await;
    }
    let before = open.sums().await;
    open.roller.maintain().await.expect("merges nothing");
    for table in RollupTable::ALL {
        assert_eq!(files(&open, table), 30);
    }
    let red = kinds(&open, RollupTable::Red).await;
    assert_eq!(red, ([0, 15, 0, 0], [15, 0, 0, 0]));
    assert_eq!(open.sums().await, before);

    open.flush(&spans(150, 10)).await;
    open.roll_up().await;
    let before = open.sums().await;
    open.roller.maintain().await.expect("merges");
    for table in RollupTable::ALL {
        assert_eq!(files(&open, table), 3, "a file for each step");
    }
    // One of an hour for each part of the rows that is in memory at a time, here for all.
    let red = kinds(&open, RollupTable::Red).await;
    assert_eq!(red, ([0, 0, 1, 0], [16, 16, 0, 0]));
    // Those that add calls, and those that take them.
    let edges = kinds(&open, RollupTable::Edges).await;
    assert_eq!(edges, ([0, 0, 2, 0], [32, 32, 0, 0]));
    assert_eq!(open.sums().await, before);
    assert_eq!(world.open().await.sums().await, before);
}

#[tokio::test]
async fn minutes_that_are_alone_become_hours_at_last_and_hours_eight_of_them() {
    let world = World::new();
    let mut open = world.open().await;
    open.flush(&spans(0, 100)).await;
    open.roll_up().await;
    let before = open.sums().await;
    let at_first = ([0, 2, 0, 0], [10, 0, 0, 0]);
    assert_eq!(kinds(&open, RollupTable::Red).await, at_first);
    let soon = clock::unix_millis() + HOUR_MS / 60;
    open.roller.maintain_at(soon).await.expect("merges nothing");
    assert_eq!(kinds(&open, RollupTable::Red).await, at_first);
    // Also by who knows nothing of the files but what is stored.
    let mut open = world.open().await;
    let later = clock::unix_millis() + HOUR_MS;
    for _ in 0..2 {
        open.roller.step().await.expect("has nothing to roll up");
        open.roller.maintain_at(later).await.expect("merges");
        let red = kinds(&open, RollupTable::Red).await;
        assert_eq!(red, ([0, 0, 1, 0], [10, 2, 0, 0]));
        assert_eq!(open.sums().await, before);
    }
    // The next date.
    open.flush(&spans(86_400, 1)).await;
    open.roll_up().await;
    open.roller.maintain_at(later).await.expect("merges");
    let red = kinds(&open, RollupTable::Red).await;
    assert_eq!(red, ([0, 0, 1, 0], [11, 3, 1, 1]));
    assert_eq!(open.sums().await.counted, 101);
    // What comes late stands beside it.
    open.flush(&spans(50, 100)).await;
    open.roll_up().await;
    assert_eq!(open.sums().await.counted, 151);
    let even_later = later + HOUR_MS;
    open.roller.maintain_at(even_later).await.expect("merges");
    let (fresh, others) = kinds(&open, RollupTable::Red).await;
    assert_eq!((fresh, others[2..].to_vec()), ([0, 0, 1, 0], vec![1, 1]));
    assert_eq!(open.sums().await.counted, 151);
    assert_eq!(world.open().await.sums().await, open.sums().await);
}

/// Another program makes one file of all of `red`, in its own way.
async fn write_again(world: &World, open: &Open, by: Writer) {
    let store: Arc<dyn ObjectStore> = Arc::<FaultyStore>::clone(&world.figures.red);
    let rows = rows_that(&open.tables(), RollupTable::Red, lit(true)).await;
    let rows = concat_batches(red_schema(), &rows).expect("one schema");
    let bytes = written(by, &rows);
    let opened = DeltaLog::open_or_create(
        RollupTable::Red.definition(),
        Arc::clone(&store),
        clock::unix_millis(),
    );
    let (mut log, state) = opened.await.expect("opens");
    let date = state.files[0].date.expect("a date");
    let added = AddedFile {
        path: data_file_path(date, Uuid::new_v4()),
        size: bytes.len() as u64,
        rows: Some(rows.num_rows() as u64),
        min_start_nanos: i64::MIN,
        max_start_nanos: i64::MAX,
        figures: None,
        ..state.files[0].clone()
    };
    let put = store.put(&added.location(), bytes.into()).await;
    put.expect("puts");
    let committed = log.commit(commit_of(vec![added], state.files)).await;
    assert_eq!(committed.expect("commits").outcome, Outcome::Written);
}

#[tokio::test]
async fn files_of_others_that_mix_rows_of_steps_are_merged_too() {
    for by in [
        Writer::WithoutStatistics,
        Writer::OtherTypes,
        Writer::FewerColumns,
    ] {
        let world = World::new();
        let mut open = world.open().await;
        for round in 0..20 {
            open.flush(&spans(round * 10, 10)).await;
            open.roll_up().await;
            if round == 15 {
                open.roller.maintain().await.expect("merges");
            }
        }
        let before = open.sums().await;
        let mixed = ([0, 4, 1, 0], [20, 16, 0, 0]);
        assert_eq!(kinds(&open, RollupTable::Red).await, mixed);
        write_again(&world, &open, by).await;
        open.roller.maintain().await.expect("tells rows apart");
        assert_eq!(files(&open, RollupTable::Red), 4, "{by:?}");
        assert_eq!(kinds(&open, RollupTable::Red).await, mixed);
        assert_eq!(open.sums().await, before);
        let later = clock::unix_millis() + HOUR_MS;
        open.roller.maintain_at(later).await.expect("merges");
        let (fresh, others) = kinds(&open, RollupTable::Red).await;
        assert_eq!((fresh, others), ([0, 0, 2, 0], [20, 20, 0, 0]));
        assert_eq!(open.sums().await, before);
    }
}

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
    assert_eq!(files(&open, RollupTable::Red), 80);
    open.roller.maintain().await.expect("merges");
    for table in RollupTable::ALL {
        assert!(files(&open, table) < 32, "{table:?}");
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
