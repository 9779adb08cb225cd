use arrow_array::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use schemas::{
    AttributeRef, ResourceRow, SpanBatchBuilder, SpanId, SpanKind, SpanReader, SpanRow, TraceId,
    UnixNanos,
};

use super::*;

/// `traces` traces of ten spans, in an order that is not the file's.
fn batches(traces: u8) -> Vec<SpanBatch> {
    let batch = |number: u64| {
        let mut builder = SpanBatchBuilder::default();
        builder.set_resource(&ResourceRow {
            attributes: &[
                ("service.name", AttributeRef::String("checkout")),
                ("zone", AttributeRef::Int(1)),
            ],
            ..ResourceRow::default()
        });
        for trace in (1..=traces).rev() {
            let attributes = [
                ("user.id", AttributeRef::String("u1")),
                ("mine", AttributeRef::Bool(true)),
            ];
            builder.push(&SpanRow {
                start: UnixNanos(1_000 + i64::try_from(number).expect("small")),
                name: "op",
                kind: SpanKind::Client,
                attributes: &attributes,
                ..SpanRow::new(TraceId([trace; 16]), SpanId((number + 1).to_be_bytes()))
            });
        }
        builder.finish()
    };
    (0..10).rev().map(batch).collect()
}

#[test]
fn a_file_holds_every_span_sorted_and_says_what_is_in_it() {
    let batches = batches(200);
    let files = encode_files(&batches, None).expect("encodes");
    let [file] = files.as_slice() else {
        panic!("one date, one file")
    };
    assert_eq!(
        (file.rows, file.min_start_nanos, file.max_start_nanos),
        (2_000, 1_000, 1_009)
    );
    assert_eq!(file.operations.len(), 1);
    assert!(file.footer.rest_keys.may_have("span_attributes", "mine"));
    assert!(!file.footer.rest_keys.may_have("span_attributes", "user.id"));
    let bloomed: Vec<&str> = file.footer.bloom_filters[0]
        .iter()
        .map(|(id, _)| id.column().name.as_str())
        .collect();
    assert_eq!(bloomed, ["trace_id", "span.user.id"]);

    let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(
        file.bytes.clone(),
        file.footer.reader.clone(),
    );
    let read: Vec<RecordBatch> = reader
        .build()
        .expect("opens")
        .collect::<Result<_, _>>()
        .expect("reads");
    let spans: Vec<schemas::Span> = read
        .iter()
        .map(|batch| SpanBatch::try_from_record_batch(batch).expect("spans"))
        .flat_map(|batch| SpanReader::new(&batch).spans().expect("parses"))
        .collect();
    assert!(spans.is_sorted_by_key(|span| (span.trace_id, span.start)));
    let mut expected: Vec<schemas::Span> = batches
        .iter()
        .flat_map(|batch| SpanReader::new(batch).spans().expect("parses"))
        .collect();
    expected.sort_by_key(|span| (span.trace_id, span.start));
    assert_eq!(spans, expected);
}

#[test]
fn the_file_itself_has_plain_types_for_other_engines() {
    let files = encode_files(&batches(3), None).expect("encodes");
    let plain = ParquetRecordBatchReaderBuilder::try_new(files[0].bytes.clone()).expect("opens");
    let field = plain
        .schema()
        .field_with_name("service_name")
        .expect("present")
        .clone();
    assert_eq!(field.data_type(), &arrow_schema::DataType::Utf8);
}
