//! Reads from one table provider: whole traces directly, anything else through DataFusion's planner.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, BooleanArray, RecordBatch};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{
    Expr, LogicalPlan, LogicalPlanBuilder, TableProviderFilterPushDown, ident, lit,
};
use datafusion::physical_plan::{execute_stream, execute_stream_partitioned};
use futures::TryStreamExt;
use schemas::{SpanBatch, TraceId, columns};

use super::measure::Measure;
use crate::QueryError;
use crate::trace::SpanRows;

/// A table of one snapshot, and what is needed to read it.
pub(crate) struct Scan<'a> {
    pub(super) session: &'a SessionState,
    pub(super) task_context: &'a Arc<TaskContext>,
    pub(super) provider: &'a Arc<dyn TableProvider>,
}

impl Scan<'_> {
    /// No span starts after this, nanoseconds since 1970, where the provider knows.
    pub(crate) fn newest_start(&self) -> Option<i64> {
        let statistics = self.provider.statistics()?;
        let column = statistics
            .column_statistics
            .get(columns::START_TIME_UNIX_NANO.0)?;
        match column.max_value.get_value()? {
            ScalarValue::Int64(newest) => *newest,
            _ => None,
        }
    }

    /// All spans of these traces, in no order.
    ///
    /// Goes past the planner: the provider knows this one filter and looks the traces up.
    pub(crate) async fn traces(&self, ids: &[TraceId]) -> Result<SpanRows, QueryError> {
        let filter = trace_ids_filter(ids);
        let support = self.provider.supports_filters_pushdown(&[&filter])?;
        let is_exact = support == [TableProviderFilterPushDown::Exact];
        let plan = self
            .provider
            .scan(self.session, None, &[filter], None)
            .await?;
        let mut stream = execute_stream(plan, Arc::clone(self.task_context))?;
        let memory = self.reserve_memory("spans of whole traces");
        let wanted: HashSet<&[u8]> = ids.iter().map(|id| id.0.as_slice()).collect();
        let mut measure = Measure::default();
        let mut batches = Vec::new();
        while let Some(mut batch) = stream.try_next().await? {
            if !is_exact {
                batch = keep_traces(&batch, &wanted)?;
            }
            if batch.num_rows() > 0 {
                memory.try_grow(measure.new_bytes(&batch))?;
                batches.push(SpanBatch::try_from_record_batch(&batch)?);
            }
        }
        Ok(SpanRows::holding(batches, memory))
    }

    /// A reservation of nothing yet, for what is kept of the rows.
    pub(crate) fn reserve_memory(&self, of: &str) -> MemoryReservation {
        let pool = &self.session.runtime_env().memory_pool;
        MemoryConsumer::new(of).register(pool)
    }

    /// All rows and columns of the table.
    pub(super) async fn all_rows(&self) -> Result<SendableRecordBatchStream, QueryError> {
        let plan = self.provider.scan(self.session, None, &[], None).await?;
        Ok(execute_stream(plan, Arc::clone(self.task_context))?)
    }

    /// Some columns of the spans that meet `condition`.
    pub(crate) async fn matching(
        &self,
        condition: Expr,
        columns: &[columns::ColumnId],
    ) -> Result<SendableRecordBatchStream, QueryError> {
        let names = columns.iter().map(|id| id.column().name.as_str());
        self.select(condition, names).await
    }

    /// Some columns of the rows of any table that meet `condition`.
    pub(crate) async fn select<'n>(
        &self,
        condition: Expr,
        columns: impl IntoIterator<Item = &'n str>,
    ) -> Result<SendableRecordBatchStream, QueryError> {
        let wanted = columns.into_iter().map(ident);
        let plan = self.rows_meeting(condition)?.project(wanted)?.build()?;
        self.rows_of(&plan).await
    }

    /// As [`Self::select`], in parts that can be read at the same time.
    pub(crate) async fn select_partitions<'n>(
        &self,
        condition: Expr,
        columns: impl IntoIterator<Item = &'n str>,
    ) -> Result<Vec<SendableRecordBatchStream>, QueryError> {
        let wanted = columns.into_iter().map(ident);
        let plan = self.rows_meeting(condition)?.project(wanted)?.build()?;
        let plan = self.session.create_physical_plan(&plan).await?;
        Ok(execute_stream_partitioned(
            plan,
            Arc::clone(self.task_context),
        )?)
    }

    /// The beginning of a plan: the rows that meet `condition`.
    pub(crate) fn rows_meeting(&self, condition: Expr) -> Result<LogicalPlanBuilder, QueryError> {
        let source = provider_as_source(Arc::clone(self.provider));
        Ok(LogicalPlanBuilder::scan("rows", source, None)?.filter(condition)?)
    }

    /// What a plan gives.
    pub(crate) async fn rows_of(
        &self,
        plan: &LogicalPlan,
    ) -> Result<SendableRecordBatchStream, QueryError> {
        let plan = self.session.create_physical_plan(plan).await?;
        Ok(execute_stream(plan, Arc::clone(self.task_context))?)
    }
}

fn trace_ids_filter(ids: &[TraceId]) -> Expr {
    let column = ident(&columns::TRACE_ID.column().name);
    let literal = |id: &TraceId| lit(ScalarValue::FixedSizeBinary(16, Some(id.0.to_vec())));
    match ids {
        [id] => column.eq(literal(id)),
        _ => column.in_list(ids.iter().map(literal).collect(), false),
    }
}

/// The rows of these traces: a provider may give more than it was asked for.
fn keep_traces(
    batch: &RecordBatch,
    wanted: &HashSet<&[u8]>,
) -> Result<RecordBatch, DataFusionError> {
    let column = batch
        .schema_ref()
        .index_of(&columns::TRACE_ID.column().name)?;
    let ids = batch.column(column).as_fixed_size_binary();
    let keep: BooleanArray = (0..ids.len())
        .map(|row| Some(wanted.contains(ids.value(row))))
        .collect();
    if keep.true_count() == keep.len() {
        return Ok(batch.clone());
    }
    Ok(filter_record_batch(batch, &keep)?)
}
