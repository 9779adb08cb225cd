//! What the crate's tests ask questions of: tables in memory, and spans from OTLP's JSON.

mod otlp;
mod raising;
mod silent;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int8Array, RecordBatch, StringArray};
use arrow_schema::SchemaRef;
use datafusion::catalog::{
    CatalogProvider, MemTable, MemoryCatalogProvider, MemorySchemaProvider, SchemaProvider,
    TableProvider,
};
use schemas::columns::span_schema;
use schemas::rollups::{edge_schema, red_schema};
use schemas::{
    AttributeRef, ResourceRow, SpanBatch, SpanBatchBuilder, SpanId, SpanReader, SpanRow, TraceId,
    UnixNanos,
};

use crate::{Engine, QuerySettings};

pub(crate) use otlp::batch_of_otlp_json;
pub(crate) use raising::{merged, merged_so_far, raised};
pub(crate) use silent::SilentTables;

/// A table of all columns of these batches, which ignores filters, as `MemTable` does.
pub(crate) fn spans_table(batches: &[SpanBatch]) -> Arc<dyn TableProvider> {
    let batches = batches
        .iter()
        .map(|batch| batch.to_record_batch(None))
        .collect();
    Arc::new(MemTable::try_new(Arc::clone(span_schema()), vec![batches]).expect("one schema"))
}

/// A catalog of these tables alone.
pub(crate) fn catalog_of(tables: impl SchemaProvider + 'static) -> Arc<dyn CatalogProvider> {
    let catalog = MemoryCatalogProvider::new();
    catalog
        .register_schema("now", Arc::new(tables))
        .expect("a new name");
    Arc::new(catalog)
}

/// A catalog with all tables, of spans that are not rolled up yet.
pub(crate) fn catalog(batches: &[SpanBatch]) -> Arc<dyn CatalogProvider> {
    let spans = batches
        .iter()
        .flat_map(|batch| SpanReader::new(batch).spans().expect("own text parses"));
    let operations: BTreeSet<(Option<String>, String, i8)> = spans
        .map(|span| {
            (
                span.resource.service_name().map(str::to_owned),
                span.name.clone(),
                span.kind.number(),
            )
        })
        .collect();
    let services: StringArray = operations
        .iter()
        .map(|(service, _, _)| service.clone())
        .collect();
    let names: StringArray = operations
        .iter()
        .map(|(_, name, _)| Some(name.clone()))
        .collect();
    let kinds: Int8Array = operations.iter().map(|(_, _, kind)| Some(*kind)).collect();
    let columns: [(&str, ArrayRef); 3] = [
        ("service_name", Arc::new(services)),
        ("name", Arc::new(names)),
        ("kind", Arc::new(kinds)),
    ];
    let operations = RecordBatch::try_from_iter_with_nullable(
        columns.map(|(name, column)| (name, column, true)),
    )
    .expect("columns of one length");
    let operations =
        MemTable::try_new(operations.schema(), vec![vec![operations]]).expect("one schema");
    let tables: [(&str, Arc<dyn TableProvider>); 6] = [
        ("spans", spans_table(batches)),
        ("operations", Arc::new(operations)),
        ("red", empty_table(red_schema())),
        ("edges", empty_table(edge_schema())),
        ("unrolled_spans", spans_table(batches)),
        ("rolled_spans", spans_table(&[])),
    ];
    let schema = MemorySchemaProvider::new();
    for (name, table) in tables {
        schema
            .register_table(name.into(), table)
            .expect("a new name");
    }
    catalog_of(schema)
}

fn empty_table(schema: &SchemaRef) -> Arc<dyn TableProvider> {
    Arc::new(MemTable::try_new(Arc::clone(schema), vec![vec![]]).expect("no rows"))
}

/// An engine over these batches with default settings.
pub(crate) fn engine(batches: &[SpanBatch]) -> Engine {
    Engine::new(catalog(batches), QuerySettings::default()).expect("threads start")
}

/// A span of the trace that most tests use.
pub(crate) fn span(id: u64, parent: Option<u64>, start: i64) -> SpanRow<'static> {
    SpanRow {
        parent_span_id: parent.map(span_id),
        start: UnixNanos(start),
        duration_nano: 10,
        name: "work",
        ..SpanRow::new(TRACE, span_id(id))
    }
}

/// The trace that most tests use.
pub(crate) const TRACE: TraceId = TraceId([7; 16]);

pub(crate) fn span_id(number: u64) -> SpanId {
    SpanId(number.to_be_bytes())
}

/// Spans of one service.
pub(crate) fn batch_of(service: &str, spans: &[SpanRow<'_>]) -> SpanBatch {
    let mut builder = SpanBatchBuilder::default();
    builder.set_resource(&ResourceRow {
        attributes: &[("service.name", AttributeRef::String(service))],
        ..ResourceRow::default()
    });
    for span in spans {
        builder.push(span);
    }
    builder.finish()
}

/// The text of a recorded file of another project; none where the recordings are not at hand.
/// `SPANHOUSE_FIXTURES` says where they are.
pub(crate) fn recorded(path: &str) -> Option<String> {
    let root = PathBuf::from(std::env::var_os("SPANHOUSE_FIXTURES")?);
    let file = root.join(path);
    Some(
        std::fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display())),
    )
}
