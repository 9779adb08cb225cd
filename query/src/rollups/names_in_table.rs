//! Learning at start which operations the table `red` tells apart.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use datafusion::arrow::compute::cast;
use datafusion::catalog::SchemaProvider;
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{LogicalPlanBuilder, ident, lit};
use datafusion::physical_plan::execute_stream;
use futures::TryStreamExt;
use schemas::rollups::{DIMENSION, IS_FRESH, ROLLUP_STEPS, STEP_SECONDS};

use super::RollUps;
use crate::engine::session;
use crate::red::RedDimension;
use crate::{QueryError, QuerySettings};

const RED: &str = "red";
const COLUMNS: [&str; 2] = ["service_name", "name"];

impl RollUps {
    /// Takes over the operations that the table `red` of these tables tells apart. To be awaited
    /// before the first spans are folded.
    ///
    /// # Errors
    /// [`QueryError::Table`] when the table cannot be read.
    pub async fn admit_names_of(&self, tables: &dyn SchemaProvider) -> Result<(), QueryError> {
        let table = tables.table(RED).await?.ok_or(QueryError::NoTable(RED))?;
        let session = session::build(&QuerySettings::default())?;
        // The fewest rows: each operation is in the longest step, too, or in a fresh row.
        let longest = ROLLUP_STEPS.into_iter().max().unwrap_or_default();
        let counts_once = ident(STEP_SECONDS).eq(lit(longest)).or(ident(IS_FRESH));
        let by_operation = ident(DIMENSION).eq(lit(RedDimension::Operation.name()));
        let plan = LogicalPlanBuilder::scan(RED, provider_as_source(table), None)?
            .filter(counts_once.and(by_operation))?
            .project(COLUMNS.map(ident))?
            .build()?;
        let plan = session.create_physical_plan(&plan).await?;
        let mut rows = execute_stream(plan, Arc::clone(&session.task_ctx()))?;
        while let Some(batch) = rows.try_next().await? {
            self.admit_names(&batch)?;
        }
        Ok(())
    }

    fn admit_names(&self, batch: &RecordBatch) -> Result<(), DataFusionError> {
        let [services, names] = COLUMNS.map(|column| {
            let column = batch.column(batch.schema_ref().index_of(column)?);
            Ok::<_, DataFusionError>(cast(column, &DataType::Utf8)?)
        });
        let (services, names) = (services?, names?);
        let (services, names) = (services.as_string::<i32>(), names.as_string::<i32>());
        let mut operations = self.operations();
        for row in (0..batch.num_rows()).filter(|row| names.is_valid(*row)) {
            let service = services.is_valid(row).then(|| services.value(row));
            operations.admit(service, names.value(row));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use datafusion::catalog::{MemTable, MemorySchemaProvider};
    use schemas::rollups::{OTHER_OPERATIONS, red_schema};

    use super::*;
    use crate::fixtures::{batch_of, span};

    #[tokio::test]
    async fn operations_of_the_table_stay_apart_after_a_restart() {
        let spans = batch_of("cart", &[span(1, None, 0), span(2, None, 0)]);
        let before = RollUps::new(1);
        let rows = before.fold(&[spans], &[]).expect("rows").red;
        let table = MemTable::try_new(Arc::clone(red_schema()), vec![vec![rows]]).expect("rows");
        let tables = MemorySchemaProvider::new();
        tables
            .register_table(RED.into(), Arc::new(table))
            .expect("a new name");
        let after = RollUps::new(1);
        after.admit_names_of(&tables).await.expect("reads");
        assert_eq!(after.kept(Some("cart"), "another"), OTHER_OPERATIONS);
        assert_eq!(after.kept(Some("cart"), "work"), "work");
        let empty = MemorySchemaProvider::new();
        let error = after.admit_names_of(&empty).await;
        assert!(matches!(error, Err(QueryError::NoTable(RED))));
    }
}
