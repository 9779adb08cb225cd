//! The catalog: what tables there are.

use std::fmt;
use std::sync::Arc;
use std::thread::available_parallelism;

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, MemTable, SchemaProvider, TableProvider};
use datafusion::common::Result;
use object_store::ObjectStore;
use schemas::ColumnId;
use tokio::sync::Semaphore;

use crate::data_file::FileMemory;
use crate::operations::OperationTable;
use crate::rollup::{PerTable, RollupProvider, RollupTable};
use crate::scan::SpanTable;
use crate::snapshot::{Snapshot, StoreSnapshot};

/// The one schema of the catalog: the tables as they are at the instant at which it is asked for.
const NOW: &str = "now";

const SPANS: &str = "spans";
const OPERATIONS: &str = "operations";
const RED: &str = "red";
const EDGES: &str = "edges";
const UNROLLED_SPANS: &str = "unrolled_spans";
const ROLLED_SPANS: &str = "rolled_spans";

/// A catalog with the schema `now`; each call of `schema("now")` gives one that stays with the
/// snapshot of that instant.
pub(crate) struct Catalog {
    snapshot: Arc<dyn Fn() -> StoreSnapshot + Send + Sync>,
    objects: Objects,
}

/// Where tables are read from, and what is remembered of them.
#[derive(Clone, Debug)]
pub(crate) struct Objects {
    /// Rooted at the table of spans.
    pub(crate) spans: Arc<dyn ObjectStore>,
    /// Of the files of that table.
    pub(crate) files: Arc<FileMemory>,
    /// Rooted at the tables of figures, where there are any.
    figures: Option<PerTable<Arc<dyn ObjectStore>>>,
    /// One permit for each thread that may decode at the same time.
    pub(crate) decoders: Arc<Semaphore>,
}

/// The tables of one snapshot.
#[derive(Debug)]
pub(crate) struct PinnedTables {
    snapshot: StoreSnapshot,
    objects: Objects,
}

impl Objects {
    /// With some columns of spans that are kept from when they are written until they are rolled up.
    pub(crate) fn new(spans: Arc<dyn ObjectStore>, kept: Vec<ColumnId>) -> Self {
        let threads = available_parallelism().map_or(1, usize::from);
        Self {
            spans,
            files: FileMemory::new(kept),
            figures: None,
            decoders: Arc::new(Semaphore::new(threads)),
        }
    }

    /// With tables of figures too, each rooted at its table.
    pub(crate) fn with_figures(self, figures: PerTable<Arc<dyn ObjectStore>>) -> Self {
        Self {
            figures: Some(figures),
            ..self
        }
    }
}

impl Catalog {
    /// Serves what `snapshot` gives at each instant.
    pub(crate) fn new(
        snapshot: Arc<dyn Fn() -> StoreSnapshot + Send + Sync>,
        objects: Objects,
    ) -> Self {
        Self { snapshot, objects }
    }
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalog")
            .field("objects", &self.objects)
            .finish_non_exhaustive()
    }
}

impl CatalogProvider for Catalog {
    fn schema_names(&self) -> Vec<String> {
        vec![NOW.to_owned()]
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        let pin = || PinnedTables::new((self.snapshot)(), self.objects.clone());
        (name == NOW).then(|| Arc::new(pin()) as Arc<dyn SchemaProvider>)
    }
}

impl PinnedTables {
    pub(crate) fn new(snapshot: StoreSnapshot, objects: Objects) -> Self {
        Self { snapshot, objects }
    }

    fn spans(&self, snapshot: &Snapshot) -> Arc<dyn TableProvider> {
        let decoders = Arc::clone(&self.objects.decoders);
        let store = Arc::clone(&self.objects.spans);
        Arc::new(SpanTable::new(snapshot.clone(), store, decoders))
    }

    fn figures(&self, table: RollupTable) -> Result<Arc<dyn TableProvider>> {
        let Some(stores) = &self.objects.figures else {
            let schema = Arc::clone((table.definition().schema)());
            return Ok(Arc::new(MemTable::try_new(schema, vec![vec![]])?));
        };
        let files = Arc::clone(self.snapshot.rollups.get(table));
        let store = Arc::clone(stores.get(table));
        Ok(Arc::new(RollupProvider::new(table, files, store)))
    }

    fn operations(&self) -> Arc<dyn TableProvider> {
        let snapshot = self.snapshot.all.clone();
        Arc::new(OperationTable::new(snapshot, self.objects.clone()))
    }
}

#[async_trait]
impl SchemaProvider for PinnedTables {
    fn table_names(&self) -> Vec<String> {
        [OPERATIONS, SPANS, RED, EDGES, UNROLLED_SPANS, ROLLED_SPANS]
            .map(str::to_owned)
            .to_vec()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let snapshot = &self.snapshot;
        Ok(Some(match name {
            SPANS => self.spans(&snapshot.all),
            UNROLLED_SPANS => self.spans(&snapshot.unrolled),
            ROLLED_SPANS => self.spans(&snapshot.rolled),
            OPERATIONS => self.operations(),
            RED => self.figures(RollupTable::Red)?,
            EDGES => self.figures(RollupTable::Edges)?,
            _ => return Ok(None),
        }))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.table_names().iter().any(|table| table == name)
    }
}
