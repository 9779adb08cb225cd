//! Stores that fail, before and after the effect.

use super::faulty_store::{Fault, FaultyStore};
use super::*;

async fn faulty() -> (Arc<FaultyStore>, Arc<dyn ObjectStore>, DeltaLog) {
    let store = FaultyStore::new(in_memory(), "_delta_log/0");
    let shared: Arc<dyn ObjectStore> = Arc::clone(&store) as _;
    let (log, _) = open(&shared).await;
    (store, shared, log)
}

#[tokio::test]
async fn one_failure_is_made_up_for() {
    for fault in [Fault::Before, Fault::After] {
        let (store, shared, mut log) = faulty().await;
        store.plan([fault]);
        assert_eq!(
            commit(&mut log, write_as("wal", 1, [file(1)])).await,
            written(1),
            "{fault:?}"
        );
        assert_eq!(
            commit(&mut log, write_as("wal", 2, [file(2)])).await,
            written(2),
            "{fault:?}"
        );
        assert_eq!(open(&shared).await.1.files, [file(1), file(2)], "{fault:?}");
    }
}

#[tokio::test]
async fn a_lasting_failure_is_told_and_the_retry_commits_once() {
    for faults in [
        [Fault::Before; 2],
        [Fault::After; 2],
        [Fault::Before, Fault::After],
    ] {
        let (store, shared, mut log) = faulty().await;
        store.plan(faults);
        let error = log
            .commit(write_as("wal", 1, [file(1)]))
            .await
            .expect_err("fails");
        assert!(
            matches!(error, StorageError::Unavailable { .. }),
            "{error:?}"
        );
        let text = error.to_string();
        assert!(
            text.contains("_delta_log/00000000000000000001.json")
                && text.contains("planned failure"),
            "{text}"
        );

        // Its own files must not look like another writer's, beside the spans in memory.
        let refreshed = log.refresh(NOW_MS).await.expect("reads");
        assert_eq!(refreshed, Changes::default(), "{faults:?}");
        // The caller does not know what happened to file 1, and offers the same spans again.
        let retried = commit(&mut log, write_as("wal", 1, [file(2)])).await;
        let expected = if faults.contains(&Fault::After) {
            let foreign = Changes {
                added: vec![file(1)],
                ..Changes::default()
            };
            Committed {
                outcome: Outcome::AlreadyCommitted,
                foreign,
                version: 1,
            }
        } else {
            written(1)
        };
        assert_eq!(retried, expected, "{faults:?}");
        assert_eq!(store.left(), 0);
        let live = open(&shared).await.1.files;
        assert_eq!(
            live,
            if faults.contains(&Fault::After) {
                [file(1)]
            } else {
                [file(2)]
            },
            "{faults:?}"
        );
    }
}

#[tokio::test]
async fn a_lost_commit_of_unknown_fate_stops_later_ones() {
    let (store, shared, mut log) = faulty().await;
    store.plan([Fault::Before, Fault::After]);
    log.commit(write_as("wal", 1, [file(1)]))
        .await
        .expect_err("fails");
    // Against the contract: the later transaction holds the spans of the first, too.
    for attempt in 1..=2 {
        let error = log
            .commit(write_as("wal", 2, [file(2)]))
            .await
            .expect_err("would double spans");
        assert!(
            matches!(error, StorageError::Incompatible { .. }),
            "attempt {attempt}: {error:?}"
        );
    }
    assert_eq!(open(&shared).await.1.files, [file(1)]);
}

#[tokio::test]
async fn others_changes_survive_a_failure_of_ours() {
    let store = FaultyStore::new(in_memory(), "00000000000000000002.json");
    let shared: Arc<dyn ObjectStore> = Arc::clone(&store) as _;
    let (mut ours, _) = open(&shared).await;
    let (mut theirs, _) = open(&shared).await;
    assert_eq!(commit(&mut theirs, write([file(1)])).await, written(1));
    store.plan([Fault::Before; 2]);
    // It finds version 1 taken, and cannot write version 2.
    ours.commit(write_as("wal", 1, [file(2)]))
        .await
        .expect_err("fails");
    assert_eq!(store.left(), 0);
    let foreign = Changes {
        added: vec![file(1)],
        ..Changes::default()
    };
    assert_eq!(
        commit(&mut ours, write_as("wal", 1, [file(2)])).await,
        Committed {
            foreign,
            ..written(2)
        }
    );
}

#[tokio::test]
async fn a_table_that_cannot_be_made_is_unavailable() {
    let store = FaultyStore::new(in_memory(), "");
    store.plan([Fault::Before; 2]);
    let error = DeltaLog::open_or_create(&SPANS, store, NOW_MS)
        .await
        .expect_err("fails");
    assert!(
        matches!(error, StorageError::Unavailable { .. }),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("00000000000000000000.json"),
        "{error}"
    );
}
