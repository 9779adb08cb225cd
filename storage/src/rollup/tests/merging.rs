//! Rows of files side by side: all of them, in order, few at a time.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use bytes::Bytes;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use schemas::rollups::{IS_FRESH, red_schema};

use super::counting::{counts, fresh, numbers};
use super::scanning::{Writer, written};
use crate::rollup::copying::copied;
use crate::rollup::encode::{encode, encode_as_one};
use crate::rollup::family::Family;
use crate::rollup::file::tests::rollup_file;
use crate::rollup::merging::{ROWS_IN_MEMORY, ROWS_TOGETHER, SideBySide};
use crate::rollup::stream::conform;
use crate::rollup::{RollupFile, RollupTable};
use crate::table::{AddedFile, PartitionDate};

const STEPS: [i64; 3] = [10, 60, 3_600];

/// So many buckets of each step, from `first` on; the count says which file a row is of.
fn rows(first: i64, buckets: i64, file: i64) -> Vec<(i64, i64, i64)> {
    let of_step = |step| (first..first + buckets).map(move |bucket| (step, bucket, file));
    STEPS.into_iter().flat_map(of_step).collect()
}

/// A file of which the log says nothing.
fn unknown(name: &str, size: u64) -> AddedFile {
    AddedFile {
        path: name.to_owned(),
        size,
        modification_time_ms: 0,
        date: Some(PartitionDate(0)),
        rows: None,
        min_start_nanos: i64::MIN,
        max_start_nanos: i64::MAX,
        figures: None,
    }
}

pub(super) async fn stored(
    store: &Arc<dyn ObjectStore>,
    name: &str,
    bytes: Vec<u8>,
) -> Arc<RollupFile> {
    let added = unknown(name, bytes.len() as u64);
    let put = store.put(&added.location(), bytes.into()).await;
    put.expect("puts");
    rollup_file(RollupTable::Red, added)
}

fn by_us(rows: &[(i64, i64, i64)]) -> Vec<u8> {
    let file = encode_as_one(&counts(rows)).expect("rows of a rollup table");
    Bytes::from(file.bytes).to_vec()
}

fn by_others(rows: &[(i64, i64, i64)]) -> Vec<u8> {
    let rows = counts(rows);
    let mut writer = ArrowWriter::try_new(Vec::new(), rows.schema(), None).expect("a writer");
    writer.write(&rows).expect("writes");
    writer.into_inner().expect("writes")
}

/// All parts, each as step, bucket and count of its rows in order.
async fn parts(files: &[Arc<RollupFile>], store: &Arc<dyn ObjectStore>) -> Vec<Vec<[i64; 3]>> {
    let opened = SideBySide::open(RollupTable::Red, files, store).await;
    let mut rows = opened.expect("opens");
    let mut parts = Vec::new();
    while let Some(batches) = rows.next().await.expect("reads") {
        let mut part: Vec<_> = batches.iter().flat_map(steps_and_numbers).collect();
        part.sort_unstable();
        parts.push(part);
    }
    parts
}

fn steps_and_numbers(rows: &RecordBatch) -> Vec<[i64; 3]> {
    use arrow_array::cast::AsArray;
    use arrow_array::types::Int64Type;

    let steps = rows
        .column_by_name("step_seconds")
        .expect("a column of red");
    let steps = steps.as_primitive::<Int64Type>().values().iter();
    let numbers = numbers(RollupTable::Red, rows).into_iter();
    let rows = steps.zip(numbers);
    rows.map(|(step, (bucket, _, count))| [*step, bucket, count])
        .collect()
}

#[tokio::test]
async fn rows_of_large_files_come_few_at_a_time_and_in_order() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let of_files = [rows(0, 9_000, 1), rows(4_000, 6_000, 2), rows(500, 10, 3)];
    let mut shuffled = of_files[2].clone();
    shuffled.reverse();
    let files = [
        stored(&store, "one", by_us(&of_files[0])).await,
        stored(&store, "two", by_us(&of_files[1])).await,
        stored(&store, "three", by_others(&shuffled)).await,
        stored(&store, "four", by_us(&rows(7, 1, 4)[..1])).await,
    ];
    let parts = parts(&files, &store).await;
    assert!(parts.len() > 3, "{} parts", parts.len());
    let of_file = ROWS_IN_MEMORY / files.len();
    let most = ROWS_TOGETHER + 3 * of_file + 1;
    assert!(parts.iter().all(|part| part.len() <= most));
    let (_, others) = parts.split_last().expect("some parts");
    assert!(others.iter().all(|part| part.len() >= ROWS_TOGETHER));
    let mut expected: Vec<[i64; 3]> = of_files
        .concat()
        .into_iter()
        .chain([(10, 7, 4)])
        .map(|(step, bucket, count)| [step, bucket, count])
        .collect();
    expected.sort_unstable();
    assert_eq!(parts.concat(), expected);
}

#[tokio::test]
async fn a_file_of_ours_that_is_not_in_order_is_refused() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let reversed: Vec<_> = rows(0, 10, 1).into_iter().rev().collect();
    let files = [stored(&store, "one", by_us(&reversed)).await];
    let opened = SideBySide::open(RollupTable::Red, &files, &store).await;
    let error = opened.expect("opens").next().await.expect_err("no order");
    assert!(error.to_string().contains("not in order"), "{error}");
}

#[tokio::test]
async fn footers_tell_what_rows_files_hold() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let merged = counts(&rows(0, 10, 1));
    let fresh = fresh(&merged.slice(0, 10));
    let mixed = concat_batches(merged.schema_ref(), [&merged, &fresh]).expect("one schema");
    let older = merged.schema_ref().fields().iter().enumerate();
    let older = older.filter(|(_, field)| field.name() != IS_FRESH);
    let older: Vec<usize> = older.map(|(position, _)| position).collect();
    let older = fresh.project(&older).expect("some columns");
    let minutes = merged.slice(10, 10);
    for (number, (by, rows, expect)) in [
        (Writer::Ours, &fresh, Family::Fresh(10)),
        (Writer::Ours, &minutes, Family::Settled(60)),
        (Writer::Ours, &merged, Family::Mixed),
        (Writer::Ours, &mixed, Family::Mixed),
        (Writer::OtherTypes, &fresh, Family::Fresh(10)),
        (Writer::OtherTypes, &minutes, Family::Settled(60)),
        (Writer::OtherTypes, &mixed, Family::Mixed),
        (Writer::WithoutStatistics, &minutes, Family::Mixed),
        (Writer::FewerColumns, &older, Family::Settled(10)),
    ]
    .into_iter()
    .enumerate()
    {
        let file = stored(&store, &number.to_string(), written(by, rows)).await;
        let footer = file.footer(&store).await.expect("reads");
        assert_eq!(Family::of(&file, &footer), expect, "{number} by {by:?}");
    }
}

#[tokio::test]
async fn the_log_tells_what_rows_our_files_hold() {
    let all = rows(0, 10, 1);
    let family = |rows: &RecordBatch| {
        let encoded = encode(rows).expect("rows of a rollup table").remove(0);
        let added = AddedFile {
            figures: encoded.figures,
            ..unknown("one", 0)
        };
        Family::by_log(&rollup_file(RollupTable::Red, added))
    };
    assert_eq!(family(&fresh(&counts(&all[..10]))), Some(Family::Fresh(10)));
    assert_eq!(family(&counts(&all[10..20])), Some(Family::Settled(60)));
    let edges = rollup_file(RollupTable::Edges, unknown("two", 0));
    assert_eq!(Family::by_log(&edges), None);
}

/// Whose rows are read with page indexes, as those of a file that was written row by row.
#[tokio::test]
async fn copies_have_the_rows_of_files_and_none_is_fresh() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let (one, two) = (
        counts(&rows(0, 9_000, 1)[..9_000]),
        counts(&rows(3, 5, 2)[..5]),
    );
    let files = [
        stored(&store, "one", written(Writer::Ours, &fresh(&one))).await,
        stored(&store, "two", written(Writer::Ours, &fresh(&two))).await,
    ];
    let once = copied(&files, &store).await.expect("copies");
    assert_eq!(once.rows, 9_005);
    let copy = stored(&store, "once", Bytes::from(once.bytes.clone()).to_vec()).await;
    let again = copied(&[Arc::clone(&copy)], &store).await;
    let again = again.expect("copies a copy");
    let copy_again = stored(&store, "again", Bytes::from(again.bytes.clone()).to_vec()).await;
    for (file, bytes) in [(copy, once.bytes), (copy_again, again.bytes)] {
        let footer = file.footer(&store).await.expect("reads");
        assert_eq!(Family::of(&file, &footer), Family::Settled(10));
        let metadata = footer.reader.metadata();
        let pages = metadata.offset_index().expect("an index");
        assert!(
            pages
                .iter()
                .flatten()
                .all(|pages| !pages.page_locations().is_empty())
        );
        assert!(metadata.column_index().is_some());
        let read = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).expect("Parquet");
        let read: Vec<RecordBatch> = read.build().expect("reads").map(Result::unwrap).collect();
        let read = concat_batches(&read[0].schema(), &read).expect("one schema");
        let read = conform(&read, red_schema()).expect("columns of red");
        let expect = concat_batches(one.schema_ref(), [&one, &two]).expect("one schema");
        assert_eq!(read.columns(), expect.columns());
    }
}

#[tokio::test]
async fn files_of_others_are_read_in_the_columns_of_the_table() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let all = fresh(&counts(&rows(0, 10, 1)));
    for (by, name) in [(Writer::OtherTypes, "one"), (Writer::FewerColumns, "two")] {
        let file = stored(&store, name, written(by, &all)).await;
        let files = [Arc::clone(&file), file];
        let opened = SideBySide::open(RollupTable::Red, &files, &store).await;
        let mut rows = opened.expect("opens");
        let mut read = Vec::new();
        while let Some(batches) = rows.next().await.expect("reads") {
            read.extend(batches);
        }
        let schema = read[0].schema();
        let read = concat_batches(&schema, &read).expect("one schema");
        assert_eq!(read.num_rows(), 2 * all.num_rows());
        for start in [0, all.num_rows()] {
            let read = read.slice(start, all.num_rows());
            assert_eq!(read.columns(), all.columns(), "{by:?}");
        }
    }
}
