//! One question: everything it reads comes from one snapshot.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int8Type;
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use datafusion::arrow::compute::cast;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::error::DataFusionError;
use futures::TryStreamExt;
use schemas::{SpanKind, TraceId, UNKNOWN_SERVICE, UnixNanos};

use super::{Shared, scan};
use crate::prometheus::{ExemplarSource, RecentExemplars};
use crate::red::{self, Heatmap, HeatmapQuery, RedAnswer, RedQuery, RedSource};
use crate::search::{self, TraceQuery};
use crate::topology::{self, Topology, TopologyQuery, TopologySource};
use crate::trace::{self, Trace};
use crate::{Operation, QueryError, RollUps};

/// The table with one row a span.
const SPANS: &str = "spans";
/// The table with one row a distinct service, operation and kind.
const OPERATIONS: &str = "operations";
/// All spans, rows of sums of calls, the spans that are in the sums, and those that are not.
const EDGES: [&str; 4] = [SPANS, "edges", "rolled_spans", "unrolled_spans"];
/// All spans, rows of sums of them, those that are in the sums, and those that are not.
const RED: [&str; 4] = [SPANS, "red", "rolled_spans", "unrolled_spans"];

/// The schema with the tables of one instant.
const NOW: &str = "now";

/// A question while it is being answered. All that it reads is of the instant at which it began.
pub(crate) struct Question {
    shared: Arc<Shared>,
    rollups: RollUps,
    tables: Arc<dyn SchemaProvider>,
}

impl Question {
    /// Pins the snapshot that the answer is of.
    pub(super) fn begin(shared: Arc<Shared>, rollups: RollUps) -> Result<Self, QueryError> {
        let tables = shared.catalog.schema(NOW).ok_or(QueryError::NoTable(NOW))?;
        Ok(Self {
            shared,
            rollups,
            tables,
        })
    }

    /// The whole trace with this id.
    pub(crate) async fn trace(self, id: TraceId) -> Result<Option<Trace>, QueryError> {
        Ok(self.traces(&[id]).await?.pop())
    }

    /// The whole traces with these ids, in the order asked.
    pub(crate) async fn traces(self, ids: &[TraceId]) -> Result<Vec<Trace>, QueryError> {
        let spans = self.table(SPANS).await?;
        self.whole_traces(&spans, ids).await
    }

    /// The whole traces that `query` finds, newest first.
    pub(crate) async fn search(self, query: &TraceQuery) -> Result<Vec<Trace>, QueryError> {
        let spans = self.table(SPANS).await?;
        let first_window = self.shared.settings.first_search_window;
        let scan = self.scan(&spans);
        let found = search::find(&scan, query, first_window, &self.shared.counting).await?;
        self.whole_traces(&spans, &found).await
    }

    /// The rate, errors and durations that `query` asks for.
    pub(crate) async fn red(&self, query: &RedQuery) -> Result<RedAnswer, QueryError> {
        let tables = self.tables(RED).await?;
        red::answer(&self.red_source(&tables), query).await
    }

    /// Durations by step and size.
    pub(crate) async fn heatmap(&self, query: &HeatmapQuery) -> Result<Heatmap, QueryError> {
        let tables = self.tables(RED).await?;
        red::heatmap(&self.red_source(&tables), query).await
    }

    fn red_source<'a>(&'a self, tables: &'a [Arc<dyn TableProvider>; 4]) -> RedSource<'a> {
        let [spans, red, rolled_spans, unrolled_spans] =
            tables.each_ref().map(|table| self.scan(table));
        RedSource {
            spans,
            red,
            rolled_spans,
            unrolled_spans,
            rollups: &self.rollups,
            counting: &self.shared.counting,
        }
    }

    /// Who calls whom.
    pub(crate) async fn topology(self, query: &TopologyQuery) -> Result<Topology, QueryError> {
        let tables = self.tables(EDGES).await?;
        let [spans, edges, rolled_spans, unrolled_spans] =
            tables.each_ref().map(|table| self.scan(table));
        let source = TopologySource {
            spans,
            edges,
            rolled_spans,
            unrolled_spans,
            rollups: &self.rollups,
            counting: &self.shared.counting,
        };
        topology::answer(&source, query).await
    }

    /// The slowest spans of the last minutes, and the slowest calls that started before an instant.
    pub(crate) async fn exemplars(
        self,
        now: UnixNanos,
        calls_until: UnixNanos,
    ) -> Result<RecentExemplars, QueryError> {
        let spans = self.table(SPANS).await?;
        let source = ExemplarSource {
            spans: self.scan(&spans),
            rollups: &self.rollups,
            counting: &self.shared.counting,
        };
        source.recent(now, calls_until).await
    }

    /// All operations by service.
    pub(crate) async fn operations(
        &self,
    ) -> Result<BTreeMap<String, BTreeSet<Operation>>, QueryError> {
        let provider = self.table(OPERATIONS).await?;
        let scan = self.scan(&provider);
        let mut rows = scan.all_rows().await?;
        let mut services = BTreeMap::<String, BTreeSet<Operation>>::new();
        while let Some(batch) = rows.try_next().await? {
            read_operations(&batch, &mut services)?;
        }
        Ok(services)
    }

    /// How many names of a service's operations figures do not tell apart.
    pub(crate) fn folded_names(&self, service: &str, operations: &BTreeSet<Operation>) -> usize {
        // In order of names, so that those of one name with several kinds are neighbours.
        let mut names: Vec<&str> = operations.iter().map(|each| each.name.as_str()).collect();
        names.dedup();
        self.rollups.names_beyond(service, names)
    }

    fn scan<'a>(&'a self, provider: &'a Arc<dyn TableProvider>) -> scan::Scan<'a> {
        scan::Scan {
            session: &self.shared.session,
            task_context: &self.shared.task_context,
            provider,
        }
    }

    async fn tables<const N: usize>(
        &self,
        names: [&'static str; N],
    ) -> Result<[Arc<dyn TableProvider>; N], QueryError> {
        let mut tables = Vec::with_capacity(N);
        for name in names {
            tables.push(self.table(name).await?);
        }
        Ok(tables.try_into().expect("one table a name"))
    }

    async fn table(&self, name: &'static str) -> Result<Arc<dyn TableProvider>, QueryError> {
        self.tables
            .table(name)
            .await?
            .ok_or(QueryError::NoTable(name))
    }

    async fn whole_traces(
        &self,
        spans: &Arc<dyn TableProvider>,
        ids: &[TraceId],
    ) -> Result<Vec<Trace>, QueryError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.scan(spans).traces(ids).await?;
        self.shared.counting.read_spans(rows.len());
        let mut traces: HashMap<TraceId, Trace> = trace::assemble(rows)?
            .into_iter()
            .map(|trace| (trace.id(), trace))
            .collect();
        self.shared.counting.assembled(traces.len());
        Ok(ids.iter().filter_map(|id| traces.remove(id)).collect())
    }
}

fn read_operations(
    batch: &RecordBatch,
    services: &mut BTreeMap<String, BTreeSet<Operation>>,
) -> Result<(), DataFusionError> {
    let column = |name: &str, data_type: &DataType| {
        let column = batch
            .schema_ref()
            .index_of(name)
            .map(|index| batch.column(index));
        column.and_then(|column| cast(column, data_type))
    };
    let service_names = column("service_name", &DataType::Utf8)?;
    let names = column("name", &DataType::Utf8)?;
    let kinds = column("kind", &DataType::Int8)?;
    let (service_names, names) = (service_names.as_string::<i32>(), names.as_string::<i32>());
    let kinds = kinds.as_primitive::<Int8Type>();
    for row in 0..batch.num_rows() {
        let is_known = service_names.is_valid(row);
        let service = if is_known {
            service_names.value(row)
        } else {
            UNKNOWN_SERVICE
        };
        let operation = Operation {
            name: names.value(row).to_owned(),
            kind: SpanKind::from_number(i32::from(kinds.value(row))),
        };
        if let Some(operations) = services.get_mut(service) {
            operations.insert(operation);
        } else {
            services.insert(service.to_owned(), BTreeSet::from([operation]));
        }
    }
    Ok(())
}
