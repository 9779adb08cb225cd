//! What a table provider is asked, which storage builds on.

use std::sync::{Arc, Mutex};

use arrow_schema::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{MemorySchemaProvider, SchemaProvider, Session, TableProvider};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use schemas::{SpanRow, UnixNanos};

use super::*;
use crate::fixtures::{TRACE, batch_of, catalog_of, span, spans_table};

/// One question as the provider saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    columns: Vec<String>,
    filters: Vec<String>,
}

/// A table that notes what it is asked, and says that it prunes but does not filter.
#[derive(Debug)]
struct Noting {
    table: Arc<dyn TableProvider>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

#[async_trait]
impl TableProvider for Noting {
    fn schema(&self) -> SchemaRef {
        self.table.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = self.schema();
        let columns = projection.map(|columns| {
            columns
                .iter()
                .map(|column| schema.field(*column).name().clone())
                .collect()
        });
        self.asked
            .lock()
            .expect("no test panics with it")
            .push(Asked {
                columns: columns.unwrap_or_default(),
                filters: filters.iter().map(ToString::to_string).collect(),
            });
        self.table.scan(state, projection, filters, limit).await
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }
}

fn noting() -> (Engine, Arc<Mutex<Vec<Asked>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let other = SpanRow {
        trace_id: TraceId([1; 16]),
        ..span(1, None, 0)
    };
    let table = Noting {
        table: spans_table(&[batch_of("cart", &[span(1, None, 0), other])]),
        asked: Arc::clone(&asked),
    };
    let tables = MemorySchemaProvider::new();
    tables
        .register_table("spans".into(), Arc::new(table))
        .expect("a new name");
    let engine = Engine::new(catalog_of(tables), QuerySettings::default()).expect("threads start");
    (engine, asked)
}

#[tokio::test]
async fn a_trace_is_asked_for_by_its_id_alone() {
    let (engine, asked) = noting();
    let trace = engine
        .trace(TRACE)
        .await
        .expect("an answer")
        .expect("a trace");
    assert_eq!(trace.spans().len(), 1);
    let ids = [TraceId([9; 16]), TRACE, TraceId([1; 16])];
    let traces = engine.traces(&ids).await.expect("an answer");
    assert_eq!(traces.iter().map(Trace::id).collect::<Vec<_>>(), ids[1..]);
    let asked = asked.lock().expect("no test panics with it");
    insta::assert_debug_snapshot!(*asked);
}

#[tokio::test]
async fn a_search_names_columns_before_functions() {
    let (engine, asked) = noting();
    let query = TraceQuery {
        service: Some("cart".into()),
        operation: Some("work".into()),
        tags: vec![
            ("user.id".into(), "u1".into()),
            ("http.response.status_code".into(), "500".into()),
            ("k8s.pod.name".into(), "p".into()),
            ("error".into(), "true".into()),
        ],
        min_duration_nano: Some(5),
        ..TraceQuery::of_range(UnixNanos(0), UnixNanos(10), 3)
    };
    assert_eq!(engine.search(query).await.expect("an answer").len(), 0);
    let asked = asked.lock().expect("no test panics with it");
    insta::assert_debug_snapshot!(*asked);
}
