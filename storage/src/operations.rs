//! The distinct operations of a snapshot, and the table `operations` of them.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::{Arc, LazyLock};

use arrow_array::{ArrayRef, Int8Array, RecordBatch, StringArray};
use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::MemTable;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use schemas::{ColumnId, columns};
use tokio::sync::Semaphore;

use crate::StorageError;
use crate::data_file::{DataFile, Operation};
use crate::flush::collect_operations;
use crate::scan::{ScanContext, projected_schema, scan, whole_file};
use crate::snapshot::Snapshot;

/// Files that are read at the same time.
const PARALLEL_FILES: usize = 4;
/// Few enough that looking through a batch takes well under a millisecond.
const BATCH_ROWS: usize = 8192;

const WANTED: [ColumnId; 3] = [columns::SERVICE_NAME, columns::NAME, columns::KIND];

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("service_name", DataType::Utf8, true),
        Field::new("name", DataType::Utf8, false),
        Field::new("kind", DataType::Int8, false),
    ]))
});

/// The distinct operations of all spans, sorted: spans without a service first.
///
/// Files know theirs from when they were written, or are read once; memory is looked through each
/// time.
///
/// # Errors
/// [`StorageError::Unavailable`] when a file cannot be read.
pub(crate) async fn operations(
    snapshot: &Snapshot,
    store: &Arc<dyn ObjectStore>,
    decoders: &Arc<Semaphore>,
) -> Result<BTreeSet<Operation>, StorageError> {
    let in_memory = {
        let snapshot = snapshot.clone();
        tokio::task::spawn_blocking(move || in_memory(&snapshot))
    };
    let in_files = stream::iter(snapshot.files.iter().cloned())
        .map(|file| async move {
            file.operations
                .get_or_try_init(|| read(&file, store, decoders))
                .await
                .cloned()
        })
        .buffered(PARALLEL_FILES)
        .try_collect::<Vec<_>>()
        .await?;
    let mut all = in_memory
        .await
        .map_err(|error| StorageError::unavailable("look through the memtables", error))?;
    for operations in in_files {
        all.extend(operations.iter().cloned());
    }
    Ok(all)
}

fn in_memory(snapshot: &Snapshot) -> BTreeSet<Operation> {
    let wanted = WANTED.map(|column| column.0);
    let mut operations = BTreeSet::new();
    for batch in snapshot.memory_batches() {
        collect_operations(&batch.to_record_batch(Some(&wanted)), &mut operations);
    }
    operations
}

/// Reads the three columns of a file.
async fn read(
    file: &Arc<DataFile>,
    store: &Arc<dyn ObjectStore>,
    decoders: &Arc<Semaphore>,
) -> Result<Arc<BTreeSet<Operation>>, StorageError> {
    let footer = file.footer(store).await?;
    let unreadable =
        |error| StorageError::unavailable(&format!("read data file {}", file.added.path), error);
    let projection = WANTED.map(|column| column.0).to_vec();
    let context = ScanContext {
        store: Arc::clone(store),
        decoders: Arc::clone(decoders),
        schema: projected_schema(&projection).map_err(unreadable)?,
        projection,
        late: Vec::new(),
        batch_rows: BATCH_ROWS,
    };
    let mut batches = pin!(scan(Arc::new(context), whole_file(file, &footer), None));
    let mut operations = BTreeSet::new();
    while let Some(batch) = batches.try_next().await.map_err(unreadable)? {
        collect_operations(&batch, &mut operations);
    }
    Ok(Arc::new(operations))
}

/// The table `operations` of one snapshot.
#[derive(Debug)]
pub(crate) struct OperationTable {
    snapshot: Snapshot,
    store: Arc<dyn ObjectStore>,
    decoders: Arc<Semaphore>,
}

impl OperationTable {
    /// `decoders` has one permit for each thread that may decode at the same time.
    pub(crate) fn new(
        snapshot: Snapshot,
        store: Arc<dyn ObjectStore>,
        decoders: Arc<Semaphore>,
    ) -> Self {
        Self {
            snapshot,
            store,
            decoders,
        }
    }
}

#[async_trait]
impl TableProvider for OperationTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&SCHEMA)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let operations = operations(&self.snapshot, &self.store, &self.decoders).await;
        let operations = operations.map_err(|error| DataFusionError::External(Box::new(error)))?;
        let table = MemTable::try_new(self.schema(), vec![vec![rows(&operations)?]])?;
        table.scan(state, projection, filters, limit).await
    }
}

fn rows(operations: &BTreeSet<Operation>) -> Result<RecordBatch> {
    let services: StringArray = operations
        .iter()
        .map(|operation| operation.service_name.as_deref())
        .collect();
    let names = StringArray::from_iter_values(operations.iter().map(|operation| &operation.name));
    let kinds = Int8Array::from_iter_values(operations.iter().map(|operation| operation.kind));
    let columns: Vec<ArrayRef> = vec![Arc::new(services), Arc::new(names), Arc::new(kinds)];
    Ok(RecordBatch::try_new(Arc::clone(&SCHEMA), columns)?)
}

#[cfg(test)]
mod tests;
