//! Checkpoints, and logs of which only the checkpoint is left.

use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;

use super::faulty_store::{Fault, FaultyStore};
use super::*;
use crate::table::checkpoint::CHECKPOINT_INTERVAL;

async fn log_files(store: &Arc<dyn ObjectStore>) -> Vec<String> {
    let listing = store.list(Some(&Path::from("_delta_log")));
    let files: Vec<_> = listing.try_collect().await.expect("lists");
    let mut names: Vec<_> = files
        .into_iter()
        .map(|meta| meta.location.filename().unwrap_or_default().to_owned())
        .collect();
    names.sort();
    names
}

/// Commits one file a version, from the version after `from` to `to`, at `now_ms`.
async fn commit_many(log: &mut DeltaLog, from: u64, to: u64, now_ms: i64) {
    for version in from + 1..=to {
        let next = Commit {
            time_ms: now_ms,
            ..write_as("wal", version as i64, [file(version)])
        };
        assert_eq!(commit(log, next).await.outcome, Outcome::Written);
    }
}

async fn remove_entries(store: &Arc<dyn ObjectStore>, through: u64) {
    for version in 0..=through {
        store
            .delete(&Path::from(format!("_delta_log/{version:020}.json")))
            .await
            .expect("deletes");
    }
}

async fn check_checkpoint(store: Arc<dyn ObjectStore>) {
    let (mut log, _) = open(&store).await;
    commit_many(&mut log, 0, CHECKPOINT_INTERVAL - 1, NOW_MS).await;
    let compacted = commit(&mut log, replace([file(1), file(2)], [file(1000)])).await;
    assert_eq!(compacted, written(CHECKPOINT_INTERVAL));
    log.close().await;
    let name = format!("{CHECKPOINT_INTERVAL:020}.checkpoint.parquet");
    assert!(
        log_files(&store).await.contains(&name),
        "{:?}",
        log_files(&store).await
    );
    assert!(
        log_files(&store)
            .await
            .contains(&"_last_checkpoint".to_owned())
    );

    remove_entries(&store, CHECKPOINT_INTERVAL - 1).await;
    let (mut log, state) = open(&store).await;
    let mut expected: Vec<_> = (3..CHECKPOINT_INTERVAL).map(file).collect();
    expected.push(file(1000));
    assert_eq!(
        (state.version, &state.files),
        (CHECKPOINT_INTERVAL, &expected)
    );
    assert_eq!(
        log.app_transaction("wal"),
        Some(CHECKPOINT_INTERVAL as i64 - 1)
    );

    assert_eq!(
        commit(&mut log, write([file(2000)])).await,
        written(CHECKPOINT_INTERVAL + 1)
    );
    expected.push(file(2000));
    assert_eq!(open(&store).await.1.files, expected);
}

#[tokio::test]
async fn a_checkpoint_stands_for_the_entries_before_it() {
    check_checkpoint(in_memory()).await;
}

#[tokio::test]
async fn a_checkpoint_is_written_to_a_directory_too() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    check_checkpoint(Arc::new(
        DurableLocal::open(dir.path(), NOW_MS).expect("opens"),
    ))
    .await;
}

#[tokio::test]
async fn a_checkpoint_that_fails_is_written_later() {
    let store = FaultyStore::new(in_memory(), "checkpoint");
    let shared: Arc<dyn ObjectStore> = Arc::clone(&store) as _;
    let (mut log, _) = open(&shared).await;
    store.plan([Fault::Before]);
    commit_many(&mut log, 0, CHECKPOINT_INTERVAL, NOW_MS).await;
    log.close().await;
    assert_eq!(store.left(), 0);
    let has_checkpoint = async || {
        log_files(&shared)
            .await
            .contains(&"_last_checkpoint".to_owned())
    };
    assert!(!has_checkpoint().await);
    commit_many(
        &mut log,
        CHECKPOINT_INTERVAL,
        CHECKPOINT_INTERVAL + 9,
        NOW_MS,
    )
    .await;
    log.close().await;
    assert!(!has_checkpoint().await);
    commit_many(
        &mut log,
        CHECKPOINT_INTERVAL + 9,
        CHECKPOINT_INTERVAL + 10,
        NOW_MS,
    )
    .await;
    log.close().await;
    assert!(has_checkpoint().await);
    assert_eq!(
        open(&shared).await.1.files.len() as u64,
        CHECKPOINT_INTERVAL + 10
    );
}

#[tokio::test]
async fn old_entries_go_once_an_old_checkpoint_stands_for_them() {
    let store = in_memory();
    let (mut log, _) = open(&store).await;
    // The store's clock says when a checkpoint was written: after the one time, before the other.
    let (early_ms, later_ms) = (0, i64::MAX / 2);
    commit_many(&mut log, 0, CHECKPOINT_INTERVAL, early_ms).await;
    log.close().await;
    commit_many(
        &mut log,
        CHECKPOINT_INTERVAL,
        2 * CHECKPOINT_INTERVAL,
        early_ms,
    )
    .await;
    log.close().await;
    assert!(log_files(&store).await.contains(&format!("{:020}.json", 0)));
    commit_many(
        &mut log,
        2 * CHECKPOINT_INTERVAL,
        3 * CHECKPOINT_INTERVAL,
        later_ms,
    )
    .await;
    log.close().await;
    let left = log_files(&store).await;
    // By then the third checkpoint looks as old as the others.
    assert_eq!(
        left.first().map(String::as_str),
        Some(format!(
            "{:020}.checkpoint.parquet",
            3 * CHECKPOINT_INTERVAL
        ))
        .as_deref()
    );
    assert_eq!(
        open(&store).await.1.files.len() as u64,
        3 * CHECKPOINT_INTERVAL
    );
}

#[tokio::test]
async fn a_gap_that_others_left_in_the_log_is_not_written_into() {
    let store = in_memory();
    let (mut stale, _) = open(&store).await;
    let (mut log, _) = open(&store).await;
    commit_many(&mut log, 0, CHECKPOINT_INTERVAL, NOW_MS).await;
    log.close().await;
    remove_entries(&store, CHECKPOINT_INTERVAL - 1).await;
    let late = Commit {
        time_ms: NOW_MS + 3_600_000,
        ..write_as("late", 1, [file(5000)])
    };
    let error = stale.commit(late).await.expect_err("a gap");
    assert!(
        matches!(error, StorageError::Incompatible { .. }),
        "{error:?}"
    );
    assert!(!log_files(&store).await.contains(&format!("{:020}.json", 1)));
}
