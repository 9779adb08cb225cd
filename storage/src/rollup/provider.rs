//! A table of figures for DataFusion.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;

use super::exec::RollupScan;
use super::plan::{WantedRows, deal, may_hold_rows, wanted_rows};
use super::stream::ReadContext;
use super::{RollupFile, RollupTable};
use crate::scan::{Condition, filter_support, physical_filter};

/// So many footers are fetched at a time.
const FOOTERS_AT_ONCE: usize = 16;
/// Rows of a batch, at most: histograms of busy services take kilobytes each.
const BATCH_ROWS: usize = 2048;

/// The rows of one snapshot.
///
/// The scan is ours rather than DataFusion's Parquet source, which prepares the filter anew for
/// each file: that took far longer than to read the few rows which a question needs of a file.
#[derive(Debug)]
pub(crate) struct RollupProvider {
    table: RollupTable,
    files: Arc<[Arc<RollupFile>]>,
    /// Rooted at the table.
    store: Arc<dyn ObjectStore>,
}

impl RollupProvider {
    pub(crate) fn new(
        table: RollupTable,
        files: Arc<[Arc<RollupFile>]>,
        store: Arc<dyn ObjectStore>,
    ) -> Self {
        Self {
            table,
            files,
            store,
        }
    }

    /// The row groups that may hold rows which meet the conditions.
    async fn wanted(&self, conditions: &[Condition]) -> Result<Vec<WantedRows>> {
        let candidates = self.files.iter();
        let candidates: Vec<_> = candidates
            .filter(|file| may_hold_rows(file, conditions))
            .map(Arc::clone)
            .collect();
        let footers = stream::iter(candidates).map(|file| async move {
            let footer = file.footer(&self.store).await;
            let footer = footer.map_err(|error| DataFusionError::External(Box::new(error)))?;
            Ok::<_, DataFusionError>((file, footer))
        });
        let footers: Vec<_> = footers.buffered(FOOTERS_AT_ONCE).try_collect().await?;
        let wanted = footers.iter();
        Ok(wanted
            .flat_map(|(file, footer)| wanted_rows(file, footer, conditions))
            .collect())
    }
}

#[async_trait]
impl TableProvider for RollupProvider {
    fn schema(&self) -> SchemaRef {
        Arc::clone((self.table.definition().schema)())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        filter_support(filters)
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let table = self.schema();
        let filters = filters
            .iter()
            .map(|filter| physical_filter(state, &table, filter))
            .collect::<Result<Vec<_>>>()?;
        let conditions = Condition::split(&table, filters.iter().cloned());
        let wanted = self.wanted(&conditions).await?;
        let projection: Vec<usize> = match projection {
            Some(columns) => columns.clone(),
            None => (0..table.fields().len()).collect(),
        };
        let context = ReadContext {
            store: Arc::clone(&self.store),
            schema: Arc::new(table.project(&projection)?),
            table,
            projection,
            batch_rows: BATCH_ROWS,
        };
        let partitions = deal(wanted, state.config().target_partitions());
        Ok(Arc::new(RollupScan::new(context, partitions, filters)))
    }
}
