//! What other engines write.

use object_store::ObjectStoreExt;
use object_store::path::Path;
use serde_json::{Value, json};

use super::*;

async fn put_entry(store: &Arc<dyn ObjectStore>, version: u64, actions: &[Value]) {
    let lines: Vec<_> = actions.iter().map(Value::to_string).collect();
    let path = Path::from(format!("_delta_log/{version:020}.json"));
    store
        .put(&path, lines.join("\n").into())
        .await
        .expect("put");
}

fn add(path: &str, stats: Option<&str>) -> Value {
    json!({"add": {
        "path": path, "partitionValues": {"date": "2026-11-23"}, "size": 5, "modificationTime": 6,
        "dataChange": false, "stats": stats, "tags": {"ZCUBE_ID": "x"},
    }})
}

fn foreign_file(path: &str) -> AddedFile {
    AddedFile {
        path: path.to_owned(),
        size: 5,
        modification_time_ms: 6,
        date: PartitionDate::parse("2026-11-23"),
        rows: None,
        min_start_nanos: i64::MIN,
        max_start_nanos: i64::MAX,
        figures: None,
    }
}

#[tokio::test]
async fn files_without_statistics_are_taken_read_or_learned() {
    let store = in_memory();
    let (mut log, _) = open(&store).await;
    let path = "date=2026-11-23/part-00000-a%20b.c000.snappy.parquet";
    let rows_only = "date=2026-11-23/part-1.parquet";
    let actions = [
        json!({"commitInfo": {"operation": "OPTIMIZE", "operationMetrics": {"numFiles": "2"}, "txnId": null}}),
        json!({"domainMetadata": {"domain": "x", "configuration": "", "removed": false}}),
        add(path, None),
        add(
            rows_only,
            Some(r#"{"numRecords":7,"minValues":{},"maxValues":{},"nullCount":{}}"#),
        ),
    ];
    put_entry(&store, 1, &actions).await;
    let expected = [
        foreign_file(path),
        AddedFile {
            rows: Some(7),
            ..foreign_file(rows_only)
        },
    ];
    assert_eq!(log.refresh(NOW_MS).await.expect("reads").added, expected);
    assert_eq!(open(&store).await.1.files, expected);
    assert_eq!(
        expected[0].location().as_ref(),
        "date=2026-11-23/part-00000-a b.c000.snappy.parquet"
    );
}

#[tokio::test]
async fn what_would_be_misread_is_refused_at_open_and_later() {
    let feature = json!({"protocol": {
        "minReaderVersion": 3, "minWriterVersion": 7,
        "readerFeatures": ["deletionVectors"], "writerFeatures": ["deletionVectors"],
    }});
    let unknown_feature = json!({"protocol": {
        "minReaderVersion": 3, "minWriterVersion": 7,
        "readerFeatures": ["fromTheFuture"], "writerFeatures": ["fromTheFuture"],
    }});
    let absolute = add("s3://elsewhere/part.parquet", None);
    for (action, part) in [
        (feature, "deletionVectors"),
        (unknown_feature, "fromTheFuture"),
        (absolute, "table's root"),
    ] {
        let store = in_memory();
        let (mut log, _) = open(&store).await;
        put_entry(&store, 1, &[action]).await;
        let later = log.commit(write([file(1)])).await.expect_err(part);
        let at_open = DeltaLog::open_or_create(&SPANS, store, NOW_MS)
            .await
            .expect_err(part);
        for error in [later, at_open] {
            assert!(
                matches!(error, StorageError::Incompatible { .. }),
                "{error:?}"
            );
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}

/// The metadata of the table, with its schema edited.
async fn edited_metadata(store: &Arc<dyn ObjectStore>, edit: impl Fn(&mut Vec<Value>)) -> Value {
    let created = store
        .get(&Path::from("_delta_log/00000000000000000000.json"))
        .await
        .expect("exists");
    let created = created.bytes().await.expect("reads");
    let mut actions = serde_json::Deserializer::from_slice(&created).into_iter::<Value>();
    let mut metadata = actions
        .find_map(|action| action.expect("JSON").get("metaData").cloned())
        .expect("a metadata action");
    let mut schema: Value =
        serde_json::from_str(metadata["schemaString"].as_str().expect("text")).expect("JSON");
    edit(schema["fields"].as_array_mut().expect("fields"));
    metadata["schemaString"] = schema.to_string().into();
    metadata["configuration"]["theirs"] = "kept".into();
    json!({ "metaData": metadata })
}

#[tokio::test]
async fn missing_columns_are_added_at_open() {
    let store = in_memory();
    let (mut log, _) = open(&store).await;
    assert_eq!(commit(&mut log, write([file(1)])).await, written(1));
    let older = edited_metadata(&store, |fields| {
        fields.retain(|field| field["name"] != "flags");
    })
    .await;
    put_entry(&store, 2, &[older]).await;
    let error = log.refresh(NOW_MS).await.expect_err("columns went");
    assert!(
        matches!(error, StorageError::Incompatible { .. }),
        "{error:?}"
    );

    let (mut log, state) = open(&store).await;
    assert_eq!((state.version, state.files), (3, vec![file(1)]));
    assert_eq!(open(&store).await.1.version, 3);
    let entry = store
        .get(&Path::from("_delta_log/00000000000000000003.json"))
        .await
        .expect("exists");
    let entry = String::from_utf8(entry.bytes().await.expect("reads").to_vec()).expect("text");
    assert!(
        entry.contains(r#"\"name\":\"flags\""#) && entry.contains(r#""theirs":"kept""#),
        "{entry}"
    );
    assert_eq!(commit(&mut log, write([file(2)])).await, written(4));
}

#[tokio::test]
async fn a_column_of_another_type_is_refused() {
    let store = in_memory();
    drop(open(&store).await);
    let other = edited_metadata(&store, |fields| {
        let kind = fields
            .iter_mut()
            .find(|field| field["name"] == "kind")
            .expect("the column");
        kind["type"] = "string".into();
    });
    put_entry(&store, 1, &[other.await]).await;
    let error = DeltaLog::open_or_create(&SPANS, store, NOW_MS)
        .await
        .expect_err("another type");
    assert!(
        matches!(error, StorageError::Incompatible { .. }),
        "{error:?}"
    );
    assert!(
        error
            .to_string()
            .contains("\"kind\" with the type \"string\", not \"byte\""),
        "{error}"
    );
}

#[tokio::test]
async fn a_damaged_entry_is_corrupt() {
    let store = in_memory();
    let (mut log, _) = open(&store).await;
    store
        .put(
            &Path::from("_delta_log/00000000000000000001.json"),
            "{\"add\":".into(),
        )
        .await
        .expect("put");
    let error = log.refresh(NOW_MS).await.expect_err("damaged");
    assert!(matches!(error, StorageError::Corrupt { .. }), "{error:?}");
    let error = DeltaLog::open_or_create(&SPANS, store, NOW_MS)
        .await
        .expect_err("damaged");
    assert!(matches!(error, StorageError::Corrupt { .. }), "{error:?}");
}
