//! The distinct operations of a snapshot, and the table `operations` of them.

use std::collections::BTreeSet;
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
use roaring::RoaringBitmap;

use crate::StorageError;
use crate::catalog::Objects;
use crate::data_file::Operation;
use crate::flush::{OPERATION_COLUMNS, collect_operations};
use crate::learning::learn_operations;
use crate::snapshot::Snapshot;

/// Files that are read at the same time.
const PARALLEL_FILES: usize = 4;

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
    objects: &Objects,
) -> Result<BTreeSet<Operation>, StorageError> {
    let in_memory = {
        let snapshot = snapshot.clone();
        tokio::task::spawn_blocking(move || in_memory(&snapshot))
    };
    stream::iter(snapshot.files.iter().cloned())
        .map(|file| async move { learn_operations(&file, objects).await })
        .buffered(PARALLEL_FILES)
        .try_collect::<()>()
        .await?;
    let known = snapshot
        .files
        .iter()
        .filter_map(|file| file.operations.get());
    let in_files = known.fold(RoaringBitmap::new(), |all, of_file| all | of_file);
    let mut all = in_memory
        .await
        .map_err(|error| StorageError::unavailable("look through the memtables", error))?;
    all.append(&mut objects.files.operations.of(&in_files));
    Ok(all)
}

fn in_memory(snapshot: &Snapshot) -> BTreeSet<Operation> {
    let wanted = OPERATION_COLUMNS.map(|column| column.0);
    let mut operations = BTreeSet::new();
    for batch in snapshot.memory_batches() {
        collect_operations(&batch.to_record_batch(Some(&wanted)), &mut operations);
    }
    operations
}

/// The table `operations` of one snapshot.
#[derive(Debug)]
pub(crate) struct OperationTable {
    snapshot: Snapshot,
    objects: Objects,
}

impl OperationTable {
    pub(crate) fn new(snapshot: Snapshot, objects: Objects) -> Self {
        Self { snapshot, objects }
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
        let operations = operations(&self.snapshot, &self.objects).await;
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
