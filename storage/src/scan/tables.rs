//! The catalog: what tables there are.

use std::fmt;
use std::sync::Arc;
use std::thread::available_parallelism;

use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::common::Result;
use object_store::ObjectStore;
use tokio::sync::Semaphore;

use super::span_table::SpanTable;
use crate::operations::OperationTable;
use crate::snapshot::Snapshot;

const SPANS: &str = "spans";
const OPERATIONS: &str = "operations";

/// The tables `spans` and `operations` of a store. Every table that is asked for is pinned to the
/// snapshot of that instant, so that one query sees each span exactly once.
pub struct SpanTables {
    snapshot: Arc<dyn Fn() -> Snapshot + Send + Sync>,
    store: Arc<dyn ObjectStore>,
    decoders: Arc<Semaphore>,
}

impl SpanTables {
    /// Serves what `snapshot` gives at each instant; `store` is rooted at the table.
    pub(crate) fn new(
        snapshot: Arc<dyn Fn() -> Snapshot + Send + Sync>,
        store: Arc<dyn ObjectStore>,
    ) -> Self {
        let threads = available_parallelism().map_or(1, usize::from);
        Self {
            snapshot,
            store,
            decoders: Arc::new(Semaphore::new(threads)),
        }
    }
}

impl fmt::Debug for SpanTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpanTables")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl SchemaProvider for SpanTables {
    fn table_names(&self) -> Vec<String> {
        vec![OPERATIONS.to_owned(), SPANS.to_owned()]
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let (store, decoders) = (Arc::clone(&self.store), Arc::clone(&self.decoders));
        Ok(match name {
            SPANS => Some(Arc::new(SpanTable::new((self.snapshot)(), store, decoders))),
            OPERATIONS => Some(Arc::new(OperationTable::new(
                (self.snapshot)(),
                store,
                decoders,
            ))),
            _ => None,
        })
    }

    fn table_exist(&self, name: &str) -> bool {
        [SPANS, OPERATIONS].contains(&name)
    }
}
