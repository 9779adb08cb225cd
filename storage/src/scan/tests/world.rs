//! Small snapshots of memory and files, and the answer that a scan must give.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, BooleanArray, RecordBatch};
use arrow_select::filter::filter_record_batch;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit,
};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::prelude::SessionContext;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use schemas::columns::{self, span_columns, span_schema};
use schemas::typed_json::parse_attributes;
use schemas::{
    AttributeRef, AttributeValue, EventRow, ResourceRow, SpanBatch, SpanBatchBuilder, SpanId,
    SpanKind, SpanRow, TraceId, UnixNanos,
};
use uuid::Uuid;

use crate::catalog::{Objects, PinnedTables};
use crate::data_file::{REST_KEYS_METADATA, RestKeys};
use crate::gather::{Gather, concat, rows_of};
use crate::memtable::MemTableView;
use crate::scan::span_table::physical_filter;
use crate::snapshot::{Snapshot, StoreSnapshot};
use crate::table::{AddedFile, PartitionDate, data_file_path};

/// A span of few possible values.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) trace: u8,
    pub(crate) service: Option<&'static str>,
    pub(crate) name: &'static str,
    pub(crate) start: i64,
    /// Fits its column.
    pub(crate) status: Option<i64>,
    pub(crate) user: Option<&'static str>,
    /// An attribute without a column.
    pub(crate) tier: Option<&'static str>,
    /// The name of an event, which has the attribute `reason` = its name.
    pub(crate) event: Option<&'static str>,
}

impl Default for Sample {
    fn default() -> Self {
        let (service, name) = (Some("cart"), "GET");
        Self {
            trace: 1,
            service,
            name,
            start: 1,
            status: None,
            user: None,
            tier: None,
            event: None,
        }
    }
}

/// Where spans lie.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Memory,
    File {
        row_group_rows: usize,
        page_rows: usize,
    },
}

impl Place {
    /// A file of many row groups and pages.
    pub(crate) const SPLIT_FILE: Self = Self::File {
        row_group_rows: 2,
        page_rows: 1,
    };
}

/// A store with a snapshot of it.
pub(crate) struct World {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) objects: Objects,
    pub(crate) snapshot: Snapshot,
    /// All spans.
    pub(crate) all: SpanBatch,
}

impl World {
    /// Puts each batch of samples into its place. Spans are numbered: their ids are 1, 2, …
    pub(crate) async fn new(layout: &[(Place, Vec<Sample>)]) -> Self {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let objects = Objects::new(Arc::clone(&store), Vec::new());
        let (mut chunks, mut files, mut all) = (Vec::new(), Vec::new(), Vec::new());
        let mut next_id = 1;
        for (place, samples) in layout.iter().filter(|(_, samples)| !samples.is_empty()) {
            let spans = batch(next_id, samples);
            next_id += samples.len() as u64;
            match *place {
                Place::Memory => chunks.push(spans.clone()),
                Place::File {
                    row_group_rows,
                    page_rows,
                } => {
                    let added = file(&store, &spans, row_group_rows, page_rows).await;
                    files.push(objects.files.file(added));
                }
            }
            all.push(spans);
        }
        let memtables = vec![MemTableView {
            chunks: chunks.into(),
        }];
        let snapshot = Snapshot {
            memtables,
            files: files.into(),
            version: 1,
        };
        Self {
            store,
            objects,
            snapshot,
            all: concat(&all),
        }
    }

    pub(crate) fn tables(&self) -> PinnedTables {
        PinnedTables::new(
            StoreSnapshot::without_rollups(self.snapshot.clone()),
            self.objects.clone(),
        )
    }

    /// The ids of the spans that pass, found without any pruning.
    pub(crate) fn expected(&self, filters: &[Expr]) -> Vec<u64> {
        let mut rows = self.all.to_record_batch(None);
        for filter in filters {
            let passed = physical(filter)
                .evaluate(&rows)
                .and_then(|value| value.into_array(rows.num_rows()));
            rows = filter_record_batch(&rows, passed.expect("evaluates").as_boolean())
                .expect("filters");
        }
        span_ids(&[rows])
    }
}

/// The sorted ids of spans, as numbers.
pub(crate) fn span_ids(batches: &[RecordBatch]) -> Vec<u64> {
    let name = &columns::SPAN_ID.column().name;
    let ids = batches.iter().flat_map(|batch| {
        let ids = batch
            .column_by_name(name)
            .expect("projected")
            .as_fixed_size_binary();
        ids.value_data()
            .as_chunks::<8>()
            .0
            .iter()
            .map(|id| u64::from_be_bytes(*id))
            .collect::<Vec<_>>()
    });
    let mut ids: Vec<u64> = ids.collect();
    ids.sort_unstable();
    ids
}

/// A filter as scans see it.
pub(crate) fn physical(filter: &Expr) -> Arc<dyn PhysicalExpr> {
    physical_filter(&SessionContext::new().state(), span_schema(), filter).expect("plans")
}

pub(crate) fn trace_id(trace: u8) -> TraceId {
    TraceId([trace; 16])
}

fn batch(first_id: u64, samples: &[Sample]) -> SpanBatch {
    let mut builder = SpanBatchBuilder::default();
    for (id, sample) in (first_id..).zip(samples) {
        let service = sample
            .service
            .map(|service| ("service.name", AttributeRef::String(service)));
        builder.set_resource(&ResourceRow {
            attributes: service.as_slice(),
            ..ResourceRow::default()
        });
        let attributes = [
            sample
                .status
                .map(|status| ("http.response.status_code", AttributeRef::Int(status))),
            sample
                .user
                .map(|user| ("user.id", AttributeRef::String(user))),
            sample
                .tier
                .map(|tier| ("shop.tier", AttributeRef::String(tier))),
        ];
        let attributes: Vec<_> = attributes.into_iter().flatten().collect();
        let reason = sample
            .event
            .map(|event| ("reason", AttributeRef::String(event)));
        let event = sample.event.map(|name| EventRow {
            name,
            attributes: reason.as_slice(),
            ..EventRow::default()
        });
        builder.push(&SpanRow {
            name: sample.name,
            start: UnixNanos(sample.start),
            kind: SpanKind::Server,
            attributes: &attributes,
            events: event.as_slice(),
            ..SpanRow::new(trace_id(sample.trace), SpanId(id.to_be_bytes()))
        });
    }
    builder.finish()
}

async fn file(
    store: &Arc<dyn ObjectStore>,
    spans: &SpanBatch,
    row_group_rows: usize,
    page_rows: usize,
) -> AddedFile {
    let spans = std::slice::from_ref(spans);
    let rows = Gather::new(spans).record_batch(&rows_of(spans));
    let mut properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(row_group_rows))
        .set_data_page_row_count_limit(page_rows)
        .set_write_batch_size(1);
    for column in span_columns().iter().filter(|column| column.bloom_filter) {
        properties = properties
            .set_column_bloom_filter_enabled(ColumnPath::new(vec![column.name.clone()]), true);
    }
    let options = ArrowWriterOptions::new()
        .with_properties(properties.build())
        .with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), rows.schema(), options)
        .expect("a Parquet schema");
    writer.write(&rows).expect("writes");
    let mut keys = RestKeys::of_new_file();
    keys.add(&rows);
    let keys = serde_json::to_string(&keys).expect("keys are JSON");
    writer.append_key_value_metadata(KeyValue::new(REST_KEYS_METADATA.to_owned(), keys));
    let bytes = writer.into_inner().expect("writes");
    let starts = spans[0].start_times().expect("not empty").values();
    let date = PartitionDate(20_780);
    let added = AddedFile {
        path: data_file_path(date, Uuid::new_v4()),
        size: bytes.len() as u64,
        modification_time_ms: 0,
        date: Some(date),
        rows: Some(rows.num_rows() as u64),
        min_start_nanos: starts.iter().copied().min().expect("not empty"),
        max_start_nanos: starts.iter().copied().max().expect("not empty"),
        figures: None,
    };
    store
        .put(&added.location(), bytes.into())
        .await
        .expect("puts");
    added
}

/// `attribute_matches(column, key, value)`.
pub(crate) fn attribute_matches(column: Expr, key: &str, value: &str) -> Expr {
    call(columns::ATTRIBUTE_MATCHES, column, key, value)
}

/// `event_attribute_matches(events, key, value)`.
pub(crate) fn event_attribute_matches(events: Expr, key: &str, value: &str) -> Expr {
    call(columns::EVENT_ATTRIBUTE_MATCHES, events, key, value)
}

fn call(name: &'static str, column: Expr, key: &str, value: &str) -> Expr {
    ScalarUDF::from(Matches {
        name,
        signature: Signature::any(3, Volatility::Immutable),
    })
    .call(vec![column, lit(key), lit(value)])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Matches {
    name: &'static str,
    signature: Signature,
}

impl ScalarUDFImpl for Matches {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = arguments.number_rows;
        let [column, key, value] = &arguments.args[..] else {
            panic!("three arguments")
        };
        let text = |value: &ColumnarValue| match value {
            ColumnarValue::Scalar(text) => text.try_as_str().flatten().expect("a text").to_owned(),
            ColumnarValue::Array(_) => panic!("a literal"),
        };
        let (key, value) = (text(key), text(value));
        let column = column.to_array(rows)?;
        let passed: BooleanArray = match column.data_type() {
            DataType::List(_) => {
                let events = column.as_list::<i32>();
                let has = |row: usize| {
                    let events = events.value(row);
                    let attributes = events
                        .as_struct()
                        .column_by_name("attributes")
                        .expect("a field");
                    let mut texts = attributes.as_string::<i32>().iter().flatten();
                    texts.any(|text| matches(text, &key, &value))
                };
                (0..rows)
                    .map(|row| events.is_valid(row).then(|| has(row)))
                    .collect()
            }
            _ => {
                let texts = datafusion::arrow::compute::cast(&column, &DataType::Utf8)?;
                texts
                    .as_string::<i32>()
                    .iter()
                    .map(|text| text.map(|text| matches(text, &key, &value)))
                    .collect()
            }
        };
        Ok(ColumnarValue::Array(Arc::new(passed)))
    }
}

fn matches(text: &str, key: &str, value: &str) -> bool {
    let attributes = parse_attributes(text).expect("typed JSON");
    attributes
        .0
        .iter()
        .any(|(name, found)| name == key && *found == AttributeValue::String(value.to_owned()))
}
