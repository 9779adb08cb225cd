//! The scan of a table of figures as a node of DataFusion's plans.

use std::fmt;
use std::sync::Arc;

use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, Statistics};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions,
    StatisticsArgs,
};

use super::plan::WantedRows;
use super::stream::{ReadContext, read};

/// Yields the rows of a snapshot that pass the filters, in no order.
#[derive(Debug)]
pub(super) struct RollupScan {
    context: Arc<ReadContext>,
    partitions: Vec<Vec<WantedRows>>,
    /// The filters that were planned for, for `EXPLAIN`.
    filters: Vec<Arc<dyn PhysicalExpr>>,
    properties: Arc<PlanProperties>,
}

impl RollupScan {
    pub(super) fn new(
        context: ReadContext,
        partitions: Vec<Vec<WantedRows>>,
        filters: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&context.schema)),
            Partitioning::UnknownPartitioning(partitions.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self {
            context: Arc::new(context),
            partitions,
            filters,
            properties: Arc::new(properties),
        }
    }
}

impl ExecutionPlan for RollupScan {
    fn name(&self) -> &'static str {
        "RollupScan"
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
        for expr in &self.filters {
            if f(expr)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(
        &self,
        partition: usize,
        _context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let wanted = self.partitions[partition].clone();
        let rows = read(Arc::clone(&self.context), wanted);
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }

    fn statistics_from_inputs(
        &self,
        _inputs: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        let partitions = match args.partition() {
            Some(partition) => &self.partitions[partition..=partition],
            None => &self.partitions[..],
        };
        let rows = partitions.iter().flatten().map(|wanted| wanted.rows).sum();
        Ok(Arc::new(Statistics {
            num_rows: Precision::Inexact(rows),
            ..Statistics::new_unknown(&self.schema())
        }))
    }
}

impl DisplayAs for RollupScan {
    fn fmt_as(&self, format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = match format {
            DisplayFormatType::Default | DisplayFormatType::Verbose => {
                write!(f, "RollupScan: ")?;
                ", "
            }
            DisplayFormatType::TreeRender => "\n",
        };
        let wanted = || self.partitions.iter().flatten();
        let rows: usize = wanted().map(|wanted| wanted.rows).sum();
        write!(f, "row_groups={}{separator}rows={rows}", wanted().count())?;
        let filters: Vec<String> = self.filters.iter().map(ToString::to_string).collect();
        write!(f, "{separator}filter=[{}]", filters.join(" AND "))
    }
}
