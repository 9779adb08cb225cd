//! Three tables in stores that outlive whoever opened them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow_array::RecordBatch;
use datafusion::catalog::{CatalogProvider, SchemaProvider};
use datafusion::logical_expr::{Expr, ident, lit};
use datafusion::prelude::SessionContext;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};
use schemas::rollups::{IS_FRESH, ROLLUP_STEPS};
use schemas::{SpanBatch, SpanBatchBuilder, SpanId, SpanRow, TraceId, UnixNanos};
use uuid::Uuid;

use super::counting::{counting, ids, numbers};
use crate::catalog::{Catalog, Objects};
use crate::data_file::DataFile;
use crate::flush::encode_files;
use crate::live::{FileChange, Live};
use crate::rollup::opening::begin;
use crate::rollup::writer::RollupWriter;
use crate::rollup::{PerTable, RollUp, Roller, RollerParts, RollupTable};
use crate::table::tests::faulty_store::FaultyStore;
use crate::table::{AddedFile, Changes, Commit, DeltaLog, Operation, SPANS, data_file_path};
use crate::{StorageError, clock};

/// Trace, span and start in seconds.
pub(super) type Sample = (u64, u64, i64);

/// So many spans, each of a trace of its own.
pub(super) fn spans(first: u64, count: u64) -> Vec<Sample> {
    let all = first..first + count;
    all.map(|id| (id, id + 1, i64::try_from(id).expect("small")))
        .collect()
}

pub(super) fn batch_of(samples: &[Sample]) -> SpanBatch {
    let mut builder = SpanBatchBuilder::default();
    for &(trace, span, start) in samples {
        builder.push(&SpanRow {
            name: "work",
            start: UnixNanos(start * 1_000_000_000),
            ..SpanRow::new(
                TraceId((u128::from(trace) + 1).to_be_bytes()),
                SpanId(span.to_be_bytes()),
            )
        });
    }
    builder.finish()
}

/// What is stored.
pub(super) struct World {
    pub(super) spans: Arc<dyn ObjectStore>,
    pub(super) figures: PerTable<Arc<FaultyStore>>,
}

impl World {
    pub(super) fn new() -> Self {
        let faulty = || FaultyStore::new(Arc::new(InMemory::new()), "_delta_log/0");
        Self {
            spans: Arc::new(InMemory::new()),
            figures: PerTable {
                red: faulty(),
                edges: faulty(),
            },
        }
    }

    pub(super) async fn open(&self) -> Open {
        self.open_with(counting(0)).await
    }

    pub(super) async fn open_with(&self, roll_up: RollUp) -> Open {
        self.try_open(roll_up).await.expect("opens")
    }

    pub(super) async fn try_open(&self, roll_up: RollUp) -> Result<Open, StorageError> {
        let (log, state) = open_log(&self.spans).await;
        let objects = Objects::new(Arc::clone(&self.spans), Vec::new());
        let files = state.into_iter().map(|added| objects.files.file(added));
        let files: Arc<[Arc<DataFile>]> = files.collect();
        let live = Arc::new(Live::new(Arc::clone(&files), log.version(), usize::MAX));
        let store = |table| Arc::clone(self.figures.get(table)) as Arc<dyn ObjectStore>;
        let open = |table| RollupWriter::open_in(store(table), table);
        let writers = PerTable {
            red: open(RollupTable::Red).await?,
            edges: open(RollupTable::Edges).await?,
        };
        let opened = begin(writers, &log, files, &objects.files).await?;
        live.begin_rollups(opened.rollups);
        let objects = objects.with_figures(PerTable {
            red: store(RollupTable::Red),
            edges: store(RollupTable::Edges),
        });
        let roller = Roller::new(RollerParts {
            roll_up,
            live: Arc::clone(&live),
            objects: objects.clone(),
            writers: opened.writers,
            catch_up: opened.catch_up,
        });
        Ok(Open {
            log,
            live,
            roller,
            objects,
        })
    }
}

/// The log of the spans' table, and its live files.
pub(super) async fn open_log(store: &Arc<dyn ObjectStore>) -> (DeltaLog, Vec<AddedFile>) {
    let opened = DeltaLog::open_or_create(&SPANS, Arc::clone(store), clock::unix_millis()).await;
    let (log, state) = opened.expect("opens");
    (log, state.files)
}

/// Stores spans as files that are not part of the table yet.
pub(super) async fn store_files(
    store: &Arc<dyn ObjectStore>,
    samples: &[Sample],
) -> Vec<AddedFile> {
    let mut files = Vec::new();
    for file in encode_files(&[batch_of(samples)], None).expect("encodes") {
        let added = AddedFile {
            path: data_file_path(file.date, Uuid::new_v4()),
            size: file.bytes.len() as u64,
            modification_time_ms: clock::unix_millis(),
            date: Some(file.date),
            rows: Some(file.rows),
            min_start_nanos: file.min_start_nanos,
            max_start_nanos: file.max_start_nanos,
            figures: None,
        };
        let put = store.put(&added.location(), file.bytes.into()).await;
        put.expect("puts");
        files.push(added);
    }
    files
}

pub(super) fn commit_of(adds: Vec<AddedFile>, removes: Vec<AddedFile>) -> Commit {
    Commit {
        operation: match removes.is_empty() {
            true => Operation::Write,
            false => Operation::Optimize,
        },
        adds,
        removes,
        app_transaction: None,
        time_ms: clock::unix_millis(),
    }
}

/// The tables while they are open.
pub(super) struct Open {
    pub(super) log: DeltaLog,
    pub(super) live: Arc<Live>,
    pub(super) roller: Roller,
    objects: Objects,
}

impl Open {
    /// Commits spans as a flush does.
    pub(super) async fn flush(&mut self, samples: &[Sample]) {
        let files = store_files(&self.objects.spans, samples).await;
        let committed = self.log.commit(commit_of(files.clone(), Vec::new())).await;
        let committed = committed.expect("commits");
        let changes = Changes {
            added: committed.foreign.added.into_iter().chain(files).collect(),
            ..committed.foreign
        };
        self.apply(changes);
    }

    /// Learns what other engines did.
    pub(super) async fn refresh(&mut self) {
        let changes = self.log.refresh(clock::unix_millis()).await;
        self.apply(changes.expect("reads"));
    }

    fn apply(&self, changes: Changes) {
        let added = changes.added.into_iter();
        let added = added.map(|added| self.objects.files.file(added));
        self.live.apply(FileChange {
            version: self.log.version(),
            added: added.collect(),
            removed: changes.removed,
            rewritten: changes.rewritten,
        });
    }

    pub(super) async fn roll_up(&mut self) {
        while self.roller.step().await.expect("rolls up") {}
    }

    pub(super) fn tables(&self) -> Arc<dyn SchemaProvider> {
        let live = Arc::clone(&self.live);
        let now = Arc::new(move || live.store_snapshot());
        let catalog = Catalog::new(now, self.objects.clone());
        catalog.schema("now").expect("the only schema")
    }

    pub(super) async fn sums(&self) -> Sums {
        sums(&self.tables()).await
    }
}

/// What the tables of one snapshot sum up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sums {
    /// Spans that are rolled up, as often as they came.
    pub(super) rolled: usize,
    pub(super) unrolled: usize,
    /// The sum of the table `red`.
    pub(super) counted: i64,
    /// The sum of the table `edges`.
    pub(super) called: i64,
}

/// The rows of a table of figures that meet a filter.
pub(super) async fn rows_that(
    tables: &Arc<dyn SchemaProvider>,
    table: RollupTable,
    filter: Expr,
) -> Vec<RecordBatch> {
    let found = tables.table(table.definition().name).await;
    let found = found.expect("no failure").expect("exists");
    let frame = SessionContext::new().read_table(found).expect("reads");
    let frame = frame.filter(filter).expect("plans");
    frame.collect().await.expect("runs")
}

/// Adds the tables up, having made sure that they agree: the figures of each step, with fresh rows,
/// count each rolled-up span once, and each span is either rolled up or not.
pub(super) async fn sums(tables: &Arc<dyn SchemaProvider>) -> Sums {
    let rows = async |name: &str| {
        let table = tables
            .table(name)
            .await
            .expect("no failure")
            .expect("exists");
        let frame = SessionContext::new().read_table(table).expect("reads");
        frame.collect().await.expect("runs")
    };
    let spans = async |name: &str| {
        let rows = rows(name).await;
        let batches = rows
            .iter()
            .map(|rows| SpanBatch::try_from_record_batch(rows).expect("spans"));
        let mut counts: BTreeMap<_, usize> = BTreeMap::new();
        for id in ids(&batches.collect::<Vec<_>>()) {
            *counts.entry(id).or_default() += 1;
        }
        counts
    };
    let sum_of_step = async |table: RollupTable, step: i64| -> i64 {
        let of_step = || ident("step_seconds");
        let is_shorter = ident(IS_FRESH).eq(lit(true)).and(of_step().lt(lit(step)));
        let rows = rows_that(tables, table, of_step().eq(lit(step)).or(is_shorter)).await;
        let numbers = rows.iter().flat_map(|rows| numbers(table, rows));
        numbers.map(|(_, weight, number)| weight * number).sum()
    };
    let sum = async |table: RollupTable| -> i64 {
        let sum = sum_of_step(table, 10).await;
        for step in ROLLUP_STEPS {
            assert_eq!(sum_of_step(table, step).await, sum, "{table:?} by {step} s");
        }
        sum
    };
    let (all, rolled, unrolled) = (
        spans("spans").await,
        spans("rolled_spans").await,
        spans("unrolled_spans").await,
    );
    let mut either = rolled.clone();
    for (id, count) in &unrolled {
        *either.entry(id.clone()).or_default() += count;
    }
    assert_eq!(either, all, "each span is either rolled up or not");
    let sums = Sums {
        rolled: rolled.values().sum(),
        unrolled: unrolled.values().sum(),
        counted: sum(RollupTable::Red).await,
        called: sum(RollupTable::Edges).await,
    };
    let distinct = i64::try_from(rolled.keys().collect::<BTreeSet<_>>().len()).expect("few");
    assert_eq!(
        (sums.counted, sums.called),
        (distinct, distinct),
        "{sums:?}"
    );
    sums
}
