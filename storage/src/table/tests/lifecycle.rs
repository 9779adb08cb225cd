//! Making, opening and opening again.

use object_store::ObjectStoreExt;
use object_store::path::Path;
use serde_json::Value;

use super::*;

#[tokio::test]
async fn a_new_table_is_empty_and_stays_so() {
    let store = in_memory();
    for _ in 0..2 {
        let (log, state) = open(&store).await;
        assert_eq!((state.version, state.files), (0, vec![]));
        assert_eq!(log.app_transaction("wal"), None);
    }
}

#[tokio::test]
async fn what_was_committed_is_there_again() {
    let store = in_memory();
    let (mut log, _) = open(&store).await;
    assert_eq!(
        commit(&mut log, write_as("wal", 7, [file(2), file(1)])).await,
        written(1)
    );
    let unknown = AddedFile {
        rows: None,
        min_start_nanos: i64::MIN,
        max_start_nanos: i64::MAX,
        figures: None,
        ..file(3)
    };
    assert_eq!(
        commit(&mut log, write_as("wal", 9, [unknown.clone()])).await,
        written(2)
    );
    assert_eq!(
        commit(&mut log, replace([file(2)], [file(4)])).await,
        written(3)
    );

    let (log, state) = open(&store).await;
    assert_eq!(
        (state.version, state.files),
        (3, vec![file(1), unknown, file(4)])
    );
    assert_eq!(log.app_transaction("wal"), Some(9));
    assert_eq!(log.app_transaction("other"), None);
}

#[tokio::test]
async fn commits_read_as_delta_says() {
    let store = in_memory();
    let (mut log, _) = open(&store).await;
    assert_eq!(
        commit(&mut log, write_as("wal", 7, [file(1)])).await,
        written(1)
    );
    assert_eq!(commit(&mut log, replace([file(1)], [])).await, written(2));
    let entry = async |version: u64| -> Vec<Value> {
        let path = Path::from(format!("_delta_log/{version:020}.json"));
        let bytes = store
            .get(&path)
            .await
            .expect("exists")
            .bytes()
            .await
            .expect("reads");
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        text.lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    };
    let date = "2026-11-23";
    let path = format!("date={date}/part-00000000-0000-0000-0000-000000000001.parquet");

    let created = entry(0).await;
    assert_eq!(created[0]["commitInfo"]["operation"], "CREATE TABLE");
    assert_eq!(
        created[1]["protocol"],
        serde_json::json!({"minReaderVersion": 1, "minWriterVersion": 2})
    );
    assert_eq!(
        created[2]["metaData"]["partitionColumns"],
        serde_json::json!(["date"])
    );

    let added = entry(1).await;
    assert_eq!(added[0]["commitInfo"]["operation"], "WRITE");
    let engine = added[0]["commitInfo"]["engineInfo"]
        .as_str()
        .expect("an engine");
    assert!(engine.starts_with("spanhouse/"), "{engine}");
    assert_eq!(
        added[1],
        serde_json::json!({"txn": {"appId": "wal", "version": 7, "lastUpdated": NOW_MS}})
    );
    let add = serde_json::json!({"add": {
        "path": path, "partitionValues": {"date": date}, "size": 1001, "modificationTime": NOW_MS + 1,
        "dataChange": true, "stats": file(1).stats(SPANS.time_column),
    }});
    assert_eq!(added[2..], [add]);

    let remove = serde_json::json!({"remove": {
        "path": path, "deletionTimestamp": NOW_MS, "dataChange": false, "extendedFileMetadata": true,
        "partitionValues": {"date": date}, "size": 1001,
    }});
    assert_eq!(entry(2).await[1..], [remove]);
}

#[tokio::test]
async fn data_without_a_log_is_not_taken_for_an_empty_table() {
    let store = in_memory();
    store
        .put(&file(1).location(), "spans".into())
        .await
        .expect("put");
    let error = DeltaLog::open_or_create(&SPANS, Arc::clone(&store), NOW_MS)
        .await
        .expect_err("data");
    assert!(
        matches!(error, StorageError::Incompatible { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("no `_delta_log`"), "{error}");
}

#[tokio::test]
async fn only_old_files_that_nothing_needs_are_removed() {
    let store = in_memory();
    let (mut log, _) = open(&store).await;
    // The store stamps files with the time of this test, so they are old to a later opening.
    let later_ms = i64::MAX / 2;
    let foreign = Path::from("date=2026-11-23/part-00000-x.parquet");
    for path in [
        file(1).location(),
        file(2).location(),
        file(3).location(),
        foreign.clone(),
    ] {
        store.put(&path, "spans".into()).await.expect("put");
    }
    assert_eq!(
        commit(&mut log, write([file(1), file(2)])).await,
        written(1)
    );
    // Old in the log's eyes would be over a week, so the removal is dated by the store's clock.
    let stamp = store
        .head(&file(1).location())
        .await
        .expect("exists")
        .last_modified
        .timestamp_millis();
    let removal = Commit {
        time_ms: stamp,
        ..replace([file(2)], [])
    };
    assert_eq!(commit(&mut log, removal).await, written(2));

    drop(
        DeltaLog::open_or_create(&SPANS, Arc::clone(&store), 0)
            .await
            .expect("opens"),
    );
    assert!(
        store.head(&file(3).location()).await.is_ok(),
        "it may be about to be committed"
    );
    drop(
        DeltaLog::open_or_create(&SPANS, Arc::clone(&store), later_ms)
            .await
            .expect("opens"),
    );
    assert!(store.head(&file(1).location()).await.is_ok(), "it is live");
    assert!(
        store.head(&file(2).location()).await.is_ok(),
        "older versions have it"
    );
    assert!(store.head(&foreign).await.is_ok(), "it is not ours");
    assert!(
        store.head(&file(3).location()).await.is_err(),
        "nothing needs it"
    );
}
