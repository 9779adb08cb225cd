//! The scan as a node of DataFusion's plans.

use std::fmt;
use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, Statistics};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::filter_pushdown::{
    ChildPushdownResult, FilterPushdownPhase, FilterPushdownPropagation, PushedDown,
};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions,
    StatisticsArgs,
};
use futures::StreamExt;
use object_store::ObjectStore;
use schemas::columns::span_columns;
use tokio::sync::Semaphore;

use super::plan::{PlanCounts, ScanPlan, Unit};
use super::row_group::projected_schema;
use super::stream::{ScanContext, scan};

/// Yields the spans of a snapshot that pass the filters, newest row groups first.
#[derive(Clone, Debug)]
pub(crate) struct SpanScan {
    store: Arc<dyn ObjectStore>,
    decoders: Arc<Semaphore>,
    partitions: Arc<[Vec<Unit>]>,
    counts: PlanCounts,
    /// The filters that were planned for, for `EXPLAIN`.
    filters: Arc<[Arc<dyn PhysicalExpr>]>,
    /// Filters of the physical plan's nodes above, over the span table's columns.
    late: Vec<Arc<dyn PhysicalExpr>>,
    /// Columns of the span table.
    projection: Vec<usize>,
    limit: Option<usize>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

/// What a scan is to yield, beside its plan.
pub(crate) struct ScanOrder {
    pub(crate) store: Arc<dyn ObjectStore>,
    /// One permit for each thread that may decode at the same time, for all scans.
    pub(crate) decoders: Arc<Semaphore>,
    pub(crate) filters: Vec<Arc<dyn PhysicalExpr>>,
    /// Columns of the span table.
    pub(crate) projection: Vec<usize>,
    pub(crate) limit: Option<usize>,
    pub(crate) target_partitions: usize,
}

impl SpanScan {
    /// Deals the units of `plan` out to partitions.
    pub(crate) fn new(plan: ScanPlan, order: ScanOrder) -> Result<Self> {
        let count = order.target_partitions.min(plan.units.len()).max(1);
        let mut partitions = vec![Vec::new(); count];
        for (number, unit) in plan.units.into_iter().enumerate() {
            partitions[number % count].push(unit);
        }
        let properties = PlanProperties::new(
            EquivalenceProperties::new(projected_schema(&order.projection)?),
            Partitioning::UnknownPartitioning(count),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Self {
            store: order.store,
            decoders: order.decoders,
            partitions: partitions.into(),
            counts: plan.counts,
            filters: order.filters.into(),
            late: Vec::new(),
            projection: order.projection,
            limit: order.limit,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }

    /// A filter of a node above, over the span table's columns instead of the projected ones.
    fn over_table(&self, filter: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        let over_table = filter.transform_down(|node| {
            let Some(column) = node.downcast_ref::<Column>() else {
                return Ok(Transformed::no(node));
            };
            let column = Column::new(column.name(), self.projection[column.index()]);
            Ok(Transformed::yes(Arc::new(column) as Arc<dyn PhysicalExpr>))
        });
        over_table.data()
    }

    fn statistics_of(&self, partitions: &[Vec<Unit>]) -> Statistics {
        let units = || partitions.iter().flatten();
        let rows = units().map(Unit::rows).sum::<Option<usize>>();
        let rows = match (rows, self.limit) {
            (Some(rows), Some(limit)) => Some(rows.min(limit)),
            (rows, limit) => rows.or(limit),
        };
        let is_exact = self.late.is_empty() && units().all(Unit::is_whole);
        let num_rows = match rows {
            Some(rows) if is_exact => Precision::Exact(rows),
            Some(rows) => Precision::Inexact(rows),
            None => Precision::Absent,
        };
        Statistics {
            num_rows,
            ..Statistics::new_unknown(self.properties.eq_properties.schema())
        }
    }
}

impl ExecutionPlan for SpanScan {
    fn name(&self) -> &'static str {
        "SpanScan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn replace_children(
        self: Arc<Self>,
        _children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(
        self: Arc<Self>,
        _children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        for expr in self.filters.iter().chain(&self.late) {
            if f(expr)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let schema = self.schema();
        let scan_context = ScanContext {
            store: Arc::clone(&self.store),
            decoders: Arc::clone(&self.decoders),
            projection: self.projection.clone(),
            schema: Arc::clone(&schema),
            late: self.late.clone(),
            batch_rows: context.session_config().batch_size(),
        };
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let batches = scan(
            Arc::new(scan_context),
            self.partitions[partition].clone(),
            self.limit,
        );
        let counted = batches.inspect(move |batch| {
            if let Ok(batch) = batch {
                metrics.record_output(batch.num_rows());
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, counted)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn statistics_from_inputs(
        &self,
        _inputs: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        let statistics = match args.partition() {
            Some(partition) => self.statistics_of(&self.partitions[partition..=partition]),
            None => self.statistics_of(&self.partitions),
        };
        Ok(Arc::new(statistics))
    }

    fn fetch(&self) -> Option<usize> {
        self.limit
    }

    fn with_fetch(&self, limit: Option<usize>) -> Option<Arc<dyn ExecutionPlan>> {
        let limit = limit.map(|limit| self.limit.map_or(limit, |least| least.min(limit)));
        Some(Arc::new(Self {
            limit,
            ..self.clone()
        }))
    }

    fn handle_child_pushdown_result(
        &self,
        _phase: FilterPushdownPhase,
        child_pushdown_result: ChildPushdownResult,
        _config: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        let filters = child_pushdown_result.parent_filters;
        // Filtering before a limit is not filtering after it.
        if self.limit.is_some() || filters.is_empty() {
            return Ok(FilterPushdownPropagation::with_parent_pushdown_result(
                vec![PushedDown::No; filters.len()],
            ));
        }
        let mut scan = self.clone();
        let taken = vec![PushedDown::Yes; filters.len()];
        for filter in filters {
            scan.late.push(self.over_table(filter.filter)?);
        }
        Ok(
            FilterPushdownPropagation::with_parent_pushdown_result(taken)
                .with_updated_node(Arc::new(scan)),
        )
    }
}

impl DisplayAs for SpanScan {
    fn fmt_as(&self, format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = match format {
            DisplayFormatType::Default | DisplayFormatType::Verbose => {
                write!(f, "SpanScan: ")?;
                ", "
            }
            DisplayFormatType::TreeRender => "\n",
        };
        if let [Unit::Traces { trace_ids, .. }] =
            self.partitions.iter().flatten().collect::<Vec<_>>()[..]
        {
            write!(
                f,
                "traces={}{separator}files={}",
                trace_ids.len(),
                self.counts.files.all
            )?;
        } else {
            let PlanCounts {
                memory_chunks,
                files,
                row_groups,
                rows,
                simpler_row_groups,
            } = self.counts;
            for (name, total) in [
                ("memory_chunks", memory_chunks),
                ("files", files),
                ("row_groups", row_groups),
                ("rows", rows),
            ] {
                write!(f, "{name}={}/{}{separator}", total.read, total.all)?;
            }
            write!(f, "simpler_row_groups={simpler_row_groups}")?;
        }
        let names: Vec<&str> = self
            .projection
            .iter()
            .map(|column| span_columns()[*column].name.as_str())
            .collect();
        write!(f, "{separator}projection=[{}]", names.join(", "))?;
        for (name, exprs) in [
            ("filter", &self.filters[..]),
            ("late_filter", &self.late[..]),
        ] {
            if !exprs.is_empty() {
                let exprs: Vec<String> = exprs.iter().map(ToString::to_string).collect();
                write!(f, "{separator}{name}=[{}]", exprs.join(" AND "))?;
            }
        }
        self.limit
            .map_or(Ok(()), |limit| write!(f, "{separator}limit={limit}"))
    }
}
