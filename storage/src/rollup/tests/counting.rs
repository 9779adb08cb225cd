//! A fold whose figures are easily known.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int64Type};
use arrow_array::{ArrayRef, BooleanArray, Int8Array, Int64Array, RecordBatch, new_null_array};
use arrow_schema::{DataType, SchemaRef};
use schemas::rollups::{FIRST_STEPS, IS_FRESH, Merging, edge_schema, longer_step, red_schema};
use schemas::{SpanBatch, columns};

use crate::rollup::{Folding, MergedRows, RollUp, RollUpInput, RollupTable, WriteRows};

const SECOND: i64 = 1_000_000_000;
const TEN_SECONDS: i64 = 10 * SECOND;

/// Rows of `red`, none of them fresh, that say nothing but steps, buckets and counts.
pub(crate) fn counts(rows: &[(i64, i64, i64)]) -> RecordBatch {
    let column = |part: fn(&(i64, i64, i64)) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(rows.iter().map(part)))
    };
    batch(
        red_schema(),
        rows.len(),
        &[
            ("step_seconds", column(|row| row.0)),
            ("bucket_start_unix_nano", column(|row| row.1)),
            ("count", column(|row| row.2)),
        ],
    )
}

/// The same rows, all fresh.
pub(super) fn fresh(rows: &RecordBatch) -> RecordBatch {
    let is_fresh: ArrayRef = Arc::new(BooleanArray::from(vec![true; rows.num_rows()]));
    let columns = rows.schema_ref().fields().iter().zip(rows.columns());
    let columns = columns.map(|(field, column)| match field.name() == IS_FRESH {
        true => Arc::clone(&is_fresh),
        false => Arc::clone(column),
    });
    RecordBatch::try_new(rows.schema(), columns.collect()).expect("the same columns")
}

/// Rows of `edges`, none of them fresh, that say nothing but steps, buckets, weights and calls.
fn calls(rows: &[(i64, i64, i64, i64)]) -> RecordBatch {
    let column = |part: fn(&(i64, i64, i64, i64)) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(rows.iter().map(part)))
    };
    let weights = rows.iter().map(|row| if row.2 < 0 { -1 } else { 1 });
    batch(
        edge_schema(),
        rows.len(),
        &[
            ("step_seconds", column(|row| row.0)),
            ("bucket_start_unix_nano", column(|row| row.1)),
            ("weight", Arc::new(Int8Array::from_iter_values(weights))),
            ("calls", column(|row| row.3)),
        ],
    )
}

fn batch(schema: &SchemaRef, rows: usize, known: &[(&str, ArrayRef)]) -> RecordBatch {
    let columns = schema.fields().iter().map(|field| {
        let named = known.iter().find(|(name, _)| name == field.name());
        match (named, field.data_type()) {
            (Some((_, column)), _) => Arc::clone(column),
            (None, DataType::Boolean) => Arc::new(BooleanArray::from(vec![false; rows])),
            (None, data_type) if field.is_nullable() => new_null_array(data_type, rows),
            (None, DataType::Int64) => Arc::new(Int64Array::from(vec![0; rows])),
            (None, DataType::Int8) => Arc::new(Int8Array::from(vec![0; rows])),
            (None, DataType::BinaryView) => {
                Arc::new(arrow_array::BinaryViewArray::from_iter_values(vec![
                    b"h";
                    rows
                ]))
            }
            (None, _) => Arc::new(arrow_array::StringArray::from(vec!["x"; rows])),
        }
    });
    RecordBatch::try_new(Arc::clone(schema), columns.collect()).expect("the schema's columns")
}

/// Counts distinct spans by the first steps, and by longer ones when rows are merged; as calls, it takes
/// those of the whole trace back and puts them in again. The first `failures` folds fail.
pub(super) fn counting(failures: usize) -> RollUp {
    let left = Arc::new(AtomicUsize::new(failures));
    RollUp {
        columns: vec![columns::KIND],
        fold: Arc::new(move || {
            Box::new(Counting {
                failures: Arc::clone(&left),
                parts: Vec::new(),
            })
        }),
        merge: Arc::new(|table, merged, write| merge(table, &merged, write)),
        on_open: Arc::new(|_| Box::pin(async { Ok(()) })),
    }
}

struct Counting {
    failures: Arc<AtomicUsize>,
    parts: Vec<RolledUp>,
}

impl Folding for Counting {
    fn add(&mut self, spans: RollUpInput) -> Result<(), String> {
        let one_less = |left: usize| left.checked_sub(1);
        let fails = self
            .failures
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
        if fails.is_ok() {
            return Err("planned failure".to_owned());
        }
        self.parts.push(fold(&spans));
        Ok(())
    }

    fn memory_bytes(&self) -> usize {
        self.parts.len()
    }

    fn finish(self: Box<Self>, write: &mut WriteRows<'_>) -> Result<(), String> {
        let [shortest, minute] = FIRST_STEPS;
        let mut write = |table, of: fn(&RolledUp) -> &RecordBatch| {
            let parts: Vec<_> = self.parts.iter().map(|part| of(part).clone()).collect();
            let sums = sums_of(table, &parts);
            assert!(sums.keys().all(|(step, ..)| *step == shortest));
            write(table, &of_sums(table, &sums))?;
            write(table, &fresh(&of_sums(table, &by_step(&sums, minute))))
        };
        write(RollupTable::Red, |part| &part.red)?;
        write(RollupTable::Edges, |part| &part.edges)
    }
}

/// What some spans add to both tables.
struct RolledUp {
    red: RecordBatch,
    edges: RecordBatch,
}

/// Trace, span and start of each span.
pub(super) fn ids(batches: &[SpanBatch]) -> Vec<(Vec<u8>, Vec<u8>, i64)> {
    let mut ids = Vec::new();
    for batch in batches {
        let (Some(traces), Some(starts)) = (batch.trace_ids(), batch.start_times()) else {
            continue;
        };
        let spans: &arrow_array::FixedSizeBinaryArray = batch
            .typed_column(columns::SPAN_ID)
            .expect("every span has an id");
        ids.extend((0..batch.rows()).map(|row| {
            (
                traces.value(row).to_vec(),
                spans.value(row).to_vec(),
                starts.value(row),
            )
        }));
    }
    ids
}

fn fold(input: &RollUpInput) -> RolledUp {
    let earlier: HashSet<_> = ids(&input.earlier).into_iter().collect();
    let fresh = ids(&input.fresh);
    let traces: HashSet<_> = fresh.iter().map(|(trace, ..)| trace.clone()).collect();
    assert!(
        earlier.iter().all(|(trace, ..)| traces.contains(trace)),
        "spans of other traces"
    );
    let mut counted: BTreeMap<i64, i64> = BTreeMap::new();
    let new: HashSet<_> = fresh
        .into_iter()
        .filter(|id| !earlier.contains(id))
        .collect();
    for (_, _, start) in &new {
        *counted
            .entry(start - start.rem_euclid(TEN_SECONDS))
            .or_default() += 1;
    }
    let red: Vec<_> = counted
        .iter()
        .map(|(bucket, count)| (10, *bucket, *count))
        .collect();
    let mut edges = Vec::new();
    if let Some(bucket) = counted.keys().next() {
        let (before, after) = (earlier.len(), earlier.len() + new.len());
        edges.push((10, *bucket, -1, i64::try_from(before).expect("few")));
        edges.push((10, *bucket, 1, i64::try_from(after).expect("few")));
    }
    RolledUp {
        red: counts(&red),
        edges: calls(&edges),
    }
}

/// Bucket, weight and number of each row.
pub(super) fn numbers(table: RollupTable, rows: &RecordBatch) -> Vec<(i64, i64, i64)> {
    let int64 = |name: &str| {
        let column = rows.column_by_name(name).expect("a column of the table");
        column.as_primitive::<Int64Type>().values().to_vec()
    };
    let (buckets, weights, numbers) = match table {
        RollupTable::Red => (
            int64("bucket_start_unix_nano"),
            vec![1; rows.num_rows()],
            int64("count"),
        ),
        RollupTable::Edges => {
            let weights = rows
                .column_by_name("weight")
                .expect("a column of the table");
            let weights = weights.as_primitive::<Int8Type>().values();
            let weights = weights.iter().map(|weight| i64::from(*weight)).collect();
            (int64("bucket_start_unix_nano"), weights, int64("calls"))
        }
    };
    let rows = buckets.into_iter().zip(weights).zip(numbers);
    rows.map(|((bucket, weight), number)| (bucket, weight, number))
        .collect()
}

/// Sums by step, bucket and weight.
type NumberSums = BTreeMap<(i64, i64, i64), i64>;

fn sums_of(table: RollupTable, rows: &[RecordBatch]) -> NumberSums {
    let mut sums = NumberSums::new();
    for rows in rows {
        let steps = rows.column_by_name("step_seconds").expect("a column");
        let steps = steps.as_primitive::<Int64Type>().values().iter();
        for (step, (bucket, weight, number)) in steps.zip(numbers(table, rows)) {
            *sums.entry((*step, bucket, weight)).or_default() += number;
        }
    }
    sums
}

fn of_sums(table: RollupTable, sums: &NumberSums) -> RecordBatch {
    let rows = sums
        .iter()
        .map(|((step, bucket, weight), number)| (*step, *bucket, *weight, *number));
    match table {
        RollupTable::Red => {
            let rows = rows.map(|(step, bucket, _, number)| (step, bucket, number));
            counts(&rows.collect::<Vec<_>>())
        }
        RollupTable::Edges => calls(&rows.collect::<Vec<_>>()),
    }
}

/// The same sums by buckets of another step.
fn by_step(sums: &NumberSums, step: i64) -> NumberSums {
    let mut longer = NumberSums::new();
    for ((_, bucket, weight), number) in sums {
        let bucket = bucket - bucket.rem_euclid(step * SECOND);
        *longer.entry((step, bucket, *weight)).or_default() += number;
    }
    longer
}

/// Sums rows of one step up, and makes fresh rows of the next step of them, unless it is the longest.
fn merge(
    table: RollupTable,
    MergedRows { rows, merging }: &MergedRows,
    write: &mut WriteRows<'_>,
) -> Result<(), String> {
    let own = sums_of(table, rows);
    let Some((step, ..)) = own.keys().next() else {
        return Ok(());
    };
    assert!(own.keys().all(|(other, ..)| other == step), "one step");
    let trues = rows.iter().map(|rows| {
        let is_fresh = rows.column_by_name(IS_FRESH).expect("a column");
        is_fresh.as_boolean().true_count()
    });
    let (trues, count) = (
        trues.sum::<usize>(),
        rows.iter().map(RecordBatch::num_rows).sum::<usize>(),
    );
    assert!(trues == 0 || trues == count, "some are fresh");
    let mut write = |sums: &NumberSums, is_fresh: bool| {
        let rows = of_sums(table, sums);
        write(table, &if is_fresh { fresh(&rows) } else { rows })
    };
    if *merging != Merging::Longer {
        write(&own, *merging == Merging::Sums && trues > 0)?;
    }
    if *merging != Merging::Sums {
        let longer = longer_step(*step).expect("no rows of the longest step are fresh");
        write(&by_step(&own, longer), longer_step(longer).is_some())?;
    }
    Ok(())
}
