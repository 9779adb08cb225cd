//! Whoever wrote the files: a scan gives the rows that meet a filter, neither more nor fewer.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, BooleanArray, Int8Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Schema};
use arrow_select::concat::concat_batches;
use bytes::Bytes;
use datafusion::arrow::compute::cast;
use datafusion::catalog::MemTable;
use datafusion::logical_expr::{Expr, ident, lit, not};
use datafusion::prelude::{SessionConfig, SessionContext};
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use schemas::rollups::{DIMENSION, IS_FRESH, red_schema};

use super::counting::counts;
use crate::rollup::encode::encode_as_one;
use crate::rollup::file::tests::rollup_file;
use crate::rollup::{RollupProvider, RollupTable};
use crate::table::AddedFile;

/// Step, dimension, service, kind, bucket, and whether it is fresh.
type Row = (
    i64,
    Option<&'static str>,
    Option<&'static str>,
    i8,
    i64,
    bool,
);

/// Who wrote a file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Writer {
    /// We, in order.
    Ours,
    /// One that keeps no order and writes no statistics.
    WithoutStatistics,
    /// One with small row groups and pages, other types, and columns in another order.
    OtherTypes,
    /// One that leaves out columns without values.
    FewerColumns,
}

fn row() -> impl Strategy<Value = Row> {
    (
        select(vec![10, 60, 3600]),
        select(vec![None, Some("operation")]),
        select(vec![None, Some("bar"), Some("cart"), Some("shop")]),
        0..3_i8,
        0..6_i64,
        any::<bool>(),
    )
}

/// Rows that are told apart by their counts, from `first` on.
fn batch(first: i64, rows: &[Row]) -> RecordBatch {
    let numbered = (first..).zip(rows);
    let numbers: Vec<_> = numbered.map(|(id, row)| (row.0, row.4, id)).collect();
    let known: [(&str, ArrayRef); 4] = [
        (
            DIMENSION,
            Arc::new(rows.iter().map(|row| row.1).collect::<StringArray>()),
        ),
        (
            IS_FRESH,
            Arc::new(rows.iter().map(|row| Some(row.5)).collect::<BooleanArray>()),
        ),
        (
            "service_name",
            Arc::new(rows.iter().map(|row| row.2).collect::<StringArray>()),
        ),
        (
            "kind",
            Arc::new(rows.iter().map(|row| Some(row.3)).collect::<Int8Array>()),
        ),
    ];
    let batch = counts(&numbers);
    let columns = batch.schema_ref().fields().iter().zip(batch.columns());
    let columns = columns.map(|(field, column)| {
        let known = known.iter().find(|(name, _)| name == field.name());
        Arc::clone(known.map_or(column, |(_, known)| known))
    });
    RecordBatch::try_new(batch.schema(), columns.collect()).expect("the schema's columns")
}

pub(super) fn written(by: Writer, rows: &RecordBatch) -> Vec<u8> {
    let properties = WriterProperties::builder();
    let (rows, properties) = match by {
        Writer::Ours => {
            let file = encode_as_one(rows).expect("rows of a rollup table");
            return Bytes::from(file.bytes).to_vec();
        }
        Writer::WithoutStatistics => (
            rows.clone(),
            properties
                .set_statistics_enabled(EnabledStatistics::None)
                .set_offset_index_disabled(true),
        ),
        Writer::OtherTypes => (
            with_other_types(rows),
            properties
                .set_max_row_group_row_count(Some(7))
                .set_data_page_row_count_limit(2)
                .set_write_batch_size(2),
        ),
        Writer::FewerColumns => {
            let kept = 0..rows.num_columns();
            let kept = kept.filter(|column| rows.column(*column).null_count() < rows.num_rows());
            let kept: Vec<usize> = kept.collect();
            (rows.project(&kept).expect("some columns"), properties)
        }
    };
    let properties = Some(properties.build());
    let mut writer = ArrowWriter::try_new(Vec::new(), rows.schema(), properties).expect("a writer");
    writer.write(&rows).expect("writes");
    writer.into_inner().expect("writes")
}

fn with_other_types(rows: &RecordBatch) -> RecordBatch {
    let columns = rows.schema_ref().fields().iter().zip(rows.columns()).rev();
    let columns = columns.map(|(field, column)| {
        let other = match field.data_type() {
            DataType::Utf8 => DataType::Binary,
            DataType::Int8 => DataType::Int32,
            same => same.clone(),
        };
        let column = cast(column, &other).expect("casts");
        (field.as_ref().clone().with_data_type(other), column)
    });
    let (fields, columns): (Vec<_>, Vec<_>) = columns.unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).expect("as many columns")
}

fn filters() -> Vec<Option<Expr>> {
    let step = |step: i64| ident("step_seconds").eq(lit(step));
    let total = || ident(DIMENSION).is_null();
    let by_operation = || ident(DIMENSION).eq(lit("operation"));
    let service = || ident("service_name");
    let start = || ident("bucket_start_unix_nano");
    let kind = |kind: i8| ident("kind").eq(lit(kind));
    let fresh = || ident(IS_FRESH);
    let of_step = || step(60).and(total());
    let in_range = start().gt_eq(lit(1_i64)).and(start().lt(lit(4_i64)));
    vec![
        None,
        Some(step(60).and(total()).and(in_range.clone())),
        Some(
            step(10)
                .and(service().eq(lit("cart")))
                .and(in_range.clone()),
        ),
        Some(
            service()
                .eq(lit("shop"))
                .or(service().is_null())
                .and(by_operation()),
        ),
        Some(service().not_eq(lit("bar")).and(kind(1).or(kind(2)))),
        Some(ident("name").is_not_null()),
        Some(ident("name").is_null().and(ident("count").gt(lit(7_i64)))),
        Some(of_step().or(fresh().eq(lit(true))).and(in_range.clone())),
        Some(of_step().and(fresh().eq(lit(false))).or(fresh())),
        Some(not(fresh()).and(by_operation())),
        Some((start() + lit(1_i64)).gt(lit(3_i64)).and(kind(0))),
    ]
}

async fn found(context: &SessionContext, filter: Option<Expr>) -> Vec<i64> {
    let mut frame = context.table("red").await.expect("exists");
    if let Some(filter) = filter {
        frame = frame.filter(filter).expect("plans");
    }
    let frame = frame.select_columns(&["count"]).expect("plans");
    let batches = frame.collect().await.expect("runs");
    let counts = batches
        .iter()
        .map(|batch| batch.column(0).as_primitive::<Int64Type>());
    let mut counts: Vec<i64> = counts.flat_map(|counts| counts.values().to_vec()).collect();
    counts.sort_unstable();
    counts
}

async fn check(files: Vec<(Writer, bool, Vec<Row>)>) {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let mut added = Vec::new();
    let mut all = Vec::new();
    for (number, (writer, is_known, mut rows)) in (0..).zip(files) {
        if matches!(writer, Writer::Ours) {
            rows.sort_unstable();
        }
        let batch = batch(number * 100, &rows);
        let bytes = written(writer, &batch);
        let starts = || rows.iter().map(|row| row.4).filter(|_| is_known);
        let file = AddedFile {
            path: format!("{number}.parquet"),
            size: bytes.len() as u64,
            modification_time_ms: 0,
            date: None,
            rows: None,
            min_start_nanos: starts().min().unwrap_or(i64::MIN),
            max_start_nanos: starts().max().unwrap_or(i64::MAX),
            figures: None,
        };
        let put = store.put(&file.location(), bytes.into()).await;
        put.expect("stores");
        added.push(rollup_file(RollupTable::Red, file));
        all.push(batch);
    }
    let context = |table| {
        let config = SessionConfig::new().with_target_partitions(2);
        let context = SessionContext::new_with_config(config);
        context.register_table("red", table).expect("registers");
        context
    };
    let scanned = context(Arc::new(RollupProvider::new(
        RollupTable::Red,
        added.into(),
        store,
    )));
    let all = concat_batches(red_schema(), &all).expect("one schema");
    let everything = MemTable::try_new(Arc::clone(red_schema()), vec![vec![all]]);
    let everything = context(Arc::new(everything.expect("one schema")));
    for filter in filters() {
        let expect = found(&everything, filter.clone()).await;
        assert_eq!(found(&scanned, filter.clone()).await, expect, "{filter:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_scan_gives_the_rows_that_meet_a_filter(
        files in vec(
            (
                select(vec![
                    Writer::Ours,
                    Writer::WithoutStatistics,
                    Writer::OtherTypes,
                    Writer::FewerColumns,
                ]),
                any::<bool>(),
                vec(row(), 1..40),
            ),
            0..5,
        )
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(check(files));
    }
}
