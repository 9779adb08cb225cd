//! DataFusion's session: one for all questions.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::optimizer::optimize_projections::OptimizeProjections;
use datafusion::optimizer::push_down_filter::PushDownFilter;
use datafusion::optimizer::simplify_expressions::SimplifyExpressions;
use datafusion::prelude::SessionConfig;

use crate::functions;
use crate::{QueryError, QuerySettings};

/// The session. The only plans are filtered scans and plain aggregates of them, so only the rules
/// that help those are kept: planning takes part of every search.
pub(crate) fn build(settings: &QuerySettings) -> Result<SessionState, QueryError> {
    let spill_nothing = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_limit(settings.memory_limit_bytes, 1.0)
        .with_disk_manager_builder(spill_nothing)
        .build_arc()?;
    let state = SessionStateBuilder::new()
        .with_config(SessionConfig::from(options(settings)))
        .with_runtime_env(runtime)
        .with_optimizer_rules(vec![
            Arc::new(SimplifyExpressions::new()),
            Arc::new(PushDownFilter::new()),
            Arc::new(OptimizeProjections::new()),
        ])
        .with_scalar_functions(functions::all())
        .with_aggregate_functions(functions::aggregates())
        .build();
    Ok(state)
}

fn options(settings: &QuerySettings) -> ConfigOptions {
    let mut options = ConfigOptions::new();
    options.catalog.create_default_catalog_and_schema = false;
    options.execution.target_partitions = settings.threads.get();
    options.optimizer.max_passes = 1;
    let parquet = &mut options.execution.parquet;
    parquet.pushdown_filters = true;
    parquet.reorder_filters = true;
    // The span table's texts are Utf8 and dictionaries, and stay so.
    parquet.schema_force_view_types = false;
    options
}
