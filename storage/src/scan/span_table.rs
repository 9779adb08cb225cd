//! The table `spans`.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue, Statistics};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::simplifier::PhysicalExprSimplifier;
use datafusion::physical_plan::ExecutionPlan;
use object_store::ObjectStore;
use schemas::columns::{self, span_schema};
use tokio::sync::Semaphore;

use super::condition::Condition;
use super::exec::{ScanOrder, SpanScan};
use super::plan::plan;
use crate::snapshot::Snapshot;

/// All spans of one snapshot.
#[derive(Debug)]
pub(crate) struct SpanTable {
    snapshot: Snapshot,
    store: Arc<dyn ObjectStore>,
    decoders: Arc<Semaphore>,
}

impl SpanTable {
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
impl TableProvider for SpanTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(span_schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// The range of starts, which tells a search where to begin.
    fn statistics(&self) -> Option<Statistics> {
        let (oldest, newest) = self.snapshot.range_of_starts()?;
        let mut statistics = Statistics::new_unknown(span_schema());
        let start = statistics
            .column_statistics
            .get_mut(columns::START_TIME_UNIX_NANO.0)?;
        start.min_value = Precision::Inexact(ScalarValue::Int64(Some(oldest)));
        start.max_value = Precision::Inexact(ScalarValue::Int64(Some(newest)));
        Some(statistics)
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
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let filters = filters
            .iter()
            .map(|filter| physical_filter(state, span_schema(), filter))
            .collect::<Result<Vec<_>>>()?;
        let conditions = Condition::split(span_schema(), filters.iter().cloned());
        let plan = plan(&self.snapshot, &self.store, conditions).await;
        let plan = plan.map_err(|error| DataFusionError::External(Box::new(error)))?;
        let order = ScanOrder {
            store: Arc::clone(&self.store),
            decoders: Arc::clone(&self.decoders),
            filters,
            projection: projection
                .map_or_else(|| (0..span_schema().fields().len()).collect(), Clone::clone),
            limit,
            target_partitions: state.config().target_partitions(),
        };
        Ok(Arc::new(SpanScan::new(plan, order)?))
    }
}

/// Whether a scan takes each filter over: all that can be evaluated on one row.
pub(crate) fn filter_support(filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
    let support = filters.iter().map(|filter| {
        let is_ours = !filter.is_volatile() && !filter.exists(|part| Ok(needs_other_rows(part)))?;
        Ok(if is_ours {
            TableProviderFilterPushDown::Exact
        } else {
            TableProviderFilterPushDown::Unsupported
        })
    });
    support.collect()
}

/// A filter on rows of a table. Literals have been given the columns' types, and negations stand
/// on comparisons, so that pruning understands them.
pub(crate) fn physical_filter(
    state: &dyn Session,
    schema: &SchemaRef,
    filter: &Expr,
) -> Result<Arc<dyn PhysicalExpr>> {
    let columns = DFSchema::try_from(Arc::clone(schema))?;
    let expr = state.create_physical_expr(filter.clone(), &columns)?;
    PhysicalExprSimplifier::new(schema).simplify(expr)
}

/// Whether an expression cannot be evaluated on a row alone.
fn needs_other_rows(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::ScalarSubquery(_)
            | Expr::InSubquery(_)
            | Expr::Exists(_)
            | Expr::SetComparison(_)
            | Expr::OuterReferenceColumn(..)
            | Expr::AggregateFunction(_)
            | Expr::WindowFunction(_)
    )
}
