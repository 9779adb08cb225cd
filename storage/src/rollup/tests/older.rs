//! Tables with rows of other kinds than ours.

use datafusion::logical_expr::{ident, lit};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde_json::{Value, json};

use super::world::{World, rows_that, spans};
use crate::clock;
use crate::rollup::RollupTable;
use crate::table::tests::faulty_store::FaultyStore;

/// Makes a table one of which it is told by an older name how far it has got, and that has a column
/// which ours has no more.
async fn make_older(store: &FaultyStore) {
    let listed: Vec<_> = store.list(None).try_collect().await.expect("lists");
    let logs = listed.into_iter().map(|found| found.location);
    for path in logs.filter(|path| path.as_ref().starts_with("_delta_log/")) {
        let text = get(store, &path).await;
        let lines: String = text.lines().map(|line| older_action(line) + "\n").collect();
        store.put(&path, lines.into()).await.expect("puts");
    }
}

async fn get(store: &FaultyStore, path: &Path) -> String {
    let got = store.get(path).await.expect("is there");
    let bytes = got.bytes().await.expect("reads");
    str::from_utf8(&bytes).expect("text").to_owned()
}

fn older_action(line: &str) -> String {
    let mut action: Value = serde_json::from_str(line).expect("JSON");
    if let Some(name) = action.pointer_mut("/txn/appId") {
        *name = json!("spans");
    }
    if let Some(schema) = action.pointer_mut("/metaData/schemaString") {
        let mut columns: Value =
            serde_json::from_str(schema.as_str().expect("text")).expect("JSON");
        let fields = columns["fields"].as_array_mut().expect("columns");
        fields.push(json!({
            "name": "is_total", "type": "boolean", "nullable": false, "metadata": {},
        }));
        *schema = json!(columns.to_string());
    }
    action.to_string()
}

#[tokio::test]
async fn a_table_with_rows_of_other_kinds_begins_anew() {
    let world = World::new();
    let mut open = world.open().await;
    for round in 0..3 {
        open.flush(&spans(round * 50, 100)).await;
        open.roll_up().await;
    }
    let before = open.sums().await;
    assert_eq!(before.counted, 200);
    drop(open);
    make_older(&world.figures.red).await;
    let mut open = world.open().await;
    // Until then all is computed from spans.
    let tables = open.tables();
    let of_step = ident("step_seconds").eq(lit(10_i64));
    let rows = rows_that(&tables, RollupTable::Red, of_step).await;
    assert!(rows.iter().all(|rows| rows.num_rows() == 0));
    open.roll_up().await;
    assert_eq!(open.sums().await, before);
    open.flush(&spans(200, 10)).await;
    open.roll_up().await;
    let now_ms = clock::unix_millis();
    open.roller.maintain_at(now_ms).await.expect("goes on");
    assert_eq!(open.sums().await.counted, 210);
    assert_eq!(world.open().await.sums().await, open.sums().await);
}
