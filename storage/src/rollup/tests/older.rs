//! Tables that were made before rows were fresh.

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use schemas::rollups::IS_FRESH;
use serde_json::{Value, json};

use super::world::{World, spans};
use crate::clock;
use crate::rollup::RollupTable;
use crate::table::tests::faulty_store::FaultyStore;

const HOUR_MS: i64 = 3_600_000;

/// Takes the column away from a table, as if it had never been there.
async fn make_older(store: &FaultyStore) {
    let mut objects: Vec<Path> = Vec::new();
    let mut listed = store.list(None);
    while let Some(found) = listed.try_next().await.expect("lists") {
        objects.push(found.location);
    }
    let mut sizes = Vec::new();
    let (logs, files): (Vec<Path>, Vec<Path>) = objects
        .into_iter()
        .partition(|path| path.as_ref().starts_with("_delta_log/"));
    for path in files {
        let bytes = without_column(get(store, &path).await);
        sizes.push((path.to_string(), bytes.len()));
        store.put(&path, bytes.into()).await.expect("puts");
    }
    for path in logs {
        let text = get(store, &path).await;
        let lines = str::from_utf8(&text).expect("text").lines();
        let lines = lines.map(|line| older_action(line, &sizes) + "\n");
        let text: String = lines.collect();
        store.put(&path, text.into()).await.expect("puts");
    }
}

async fn get(store: &FaultyStore, path: &Path) -> Bytes {
    let got = store.get(path).await.expect("is there");
    got.bytes().await.expect("reads")
}

fn without_column(bytes: Bytes) -> Vec<u8> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).expect("Parquet");
    let mut writer = None;
    for rows in reader.build().expect("reads") {
        let mut rows = rows.expect("rows");
        let column = rows.schema_ref().index_of(IS_FRESH).expect("the column");
        rows.remove_column(column);
        let writer = writer.get_or_insert_with(|| {
            ArrowWriter::try_new(Vec::new(), rows.schema(), None).expect("begins")
        });
        writer.write(&rows).expect("encodes");
    }
    writer.expect("some rows").into_inner().expect("ends")
}

/// An action of the log, without the column and with the new sizes of files.
fn older_action(line: &str, sizes: &[(String, usize)]) -> String {
    let mut action: Value = serde_json::from_str(line).expect("JSON");
    if let Some(Value::String(schema)) = action.pointer_mut("/metaData/schemaString") {
        let mut fields: Value = serde_json::from_str(schema).expect("a schema");
        let fields_of = fields["fields"].as_array_mut().expect("fields");
        fields_of.retain(|field| field["name"] != IS_FRESH);
        *schema = fields.to_string();
    }
    let path = action.pointer("/add/path").and_then(Value::as_str);
    let known = sizes.iter().find(|(known, _)| Some(known.as_str()) == path);
    if let Some((_, size)) = known {
        action["add"]["size"] = json!(size);
    }
    action.to_string()
}

#[tokio::test]
async fn a_table_without_the_column_is_read_and_goes_on() {
    let world = World::new();
    let mut open = world.open().await;
    open.flush(&spans(0, 100)).await;
    open.roll_up().await;
    let later = clock::unix_millis() + HOUR_MS;
    open.roller.maintain_at(later).await.expect("merges");
    let before = open.sums().await;
    drop(open);
    for table in RollupTable::ALL {
        make_older(world.figures.get(table)).await;
    }
    let mut open = world.open().await;
    assert_eq!(open.sums().await, before);
    open.flush(&spans(50, 100)).await;
    open.roll_up().await;
    let sums = open.sums().await;
    assert_eq!((before.counted, sums.counted), (100, 150));
    let merging = open.roller.maintain_at(later + HOUR_MS).await;
    merging.expect("merges rows from before with those from after");
    assert_eq!(open.sums().await, sums);
    assert_eq!(world.open().await.sums().await, sums);
}
