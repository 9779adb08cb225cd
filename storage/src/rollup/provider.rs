//! A table of figures for DataFusion.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use object_store::ObjectStore;
use parquet::arrow::async_reader::AsyncFileReader;
use schemas::rollups::BUCKET_START;

use super::{RollupFile, RollupTable};

/// The rows of one snapshot. Files, row groups and pages are pruned, by their ranges of buckets
/// above all.
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

    /// The files, dealt out to at most `count` groups.
    fn groups(&self, count: usize) -> Result<Vec<FileGroup>> {
        let schema = self.schema();
        let bucket = schema.index_of(BUCKET_START)?;
        let count = count.min(self.files.len()).max(1);
        let mut groups = vec![FileGroup::default(); count];
        for (number, file) in self.files.iter().enumerate() {
            let added = &file.added;
            let mut statistics = Statistics::new_unknown(&schema);
            let is_known = added.min_start_nanos > i64::MIN && added.max_start_nanos < i64::MAX;
            if is_known && let Some(column) = statistics.column_statistics.get_mut(bucket) {
                let exact = |nanos| Precision::Exact(ScalarValue::Int64(Some(nanos)));
                column.min_value = exact(added.min_start_nanos);
                column.max_value = exact(added.max_start_nanos);
            }
            let planned = PartitionedFile::new(added.location().to_string(), added.size)
                .with_statistics(Arc::new(statistics))
                .with_extension(Arc::clone(file));
            groups[number % count].push(planned);
        }
        Ok(groups)
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
        // Pruning leaves rows in; the filter above takes them out, or is taken over while planning.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = self.schema();
        let readers = Arc::new(Readers {
            store: Arc::clone(&self.store),
        });
        let mut source = ParquetSource::new(Arc::clone(&schema))
            .with_parquet_file_reader_factory(readers)
            .with_pushdown_filters(true)
            .with_reorder_filters(true)
            .with_enable_page_index(true);
        if let Some(filter) = conjunction(filters.iter().cloned()) {
            let columns = DFSchema::try_from(Arc::clone(&schema))?;
            source = source.with_predicate(state.create_physical_expr(filter, &columns)?);
        }
        // Files are opened by the readers above; the address is only that of a store which exists.
        let address = ObjectStoreUrl::local_filesystem();
        // A scan that filters may not stop early: rows that are left over are not the wanted ones.
        let limit = limit.filter(|_| filters.is_empty());
        let config = FileScanConfigBuilder::new(address, Arc::new(source))
            .with_file_groups(self.groups(state.config().target_partitions())?)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

/// Opens files of one table with the footers that they keep.
#[derive(Debug)]
struct Readers {
    store: Arc<dyn ObjectStore>,
}

impl ParquetFileReaderFactory for Readers {
    fn create_reader(
        &self,
        _partition: usize,
        file: PartitionedFile,
        _metadata_size_hint: Option<usize>,
        _metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let known = file.extension::<Arc<RollupFile>>().ok_or_else(|| {
            DataFusionError::Internal(format!("{} is no file of ours", file.path()))
        })?;
        Ok(Box::new(known.reader(&self.store)))
    }
}
