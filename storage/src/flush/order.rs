//! The order of rows in files.

use std::collections::BTreeMap;

use schemas::SpanBatch;

use crate::gather::RowRef;
use crate::table::PartitionDate;

/// The rows of `batches` per date of their start (UTC), each date's sorted by trace, then start,
/// then arrival.
pub(super) fn rows_by_date(batches: &[SpanBatch]) -> BTreeMap<PartitionDate, Vec<RowRef>> {
    let mut keys: BTreeMap<PartitionDate, Vec<(u128, i64, RowRef)>> = BTreeMap::new();
    for (batch, spans) in (0u32..).zip(batches) {
        let (Some(trace_ids), Some(starts)) = (spans.trace_ids(), spans.start_times()) else {
            continue;
        };
        let ids = trace_ids.value_data().as_chunks::<16>().0;
        for ((row, id), start) in (0u32..).zip(ids).zip(starts.values()) {
            let date = PartitionDate::from_unix_nanos(*start);
            keys.entry(date).or_default().push((
                u128::from_be_bytes(*id),
                *start,
                RowRef { batch, row },
            ));
        }
    }
    let sorted = keys.into_iter().map(|(date, mut keys)| {
        keys.sort_unstable();
        (date, keys.into_iter().map(|(_, _, row)| row).collect())
    });
    sorted.collect()
}

#[cfg(test)]
mod tests {
    use schemas::{SpanBatchBuilder, SpanId, SpanRow, TraceId, UnixNanos};

    use super::*;

    const NANOS_A_DAY: i64 = 86_400 * 1_000_000_000;

    #[test]
    fn rows_are_grouped_by_date_and_sorted_by_trace_and_start() {
        let batch = |spans: &[(u8, i64)]| {
            let mut builder = SpanBatchBuilder::default();
            for &(trace, start) in spans {
                builder.push(&SpanRow {
                    start: UnixNanos(start),
                    ..SpanRow::new(TraceId([trace; 16]), SpanId([1; 8]))
                });
            }
            builder.finish()
        };
        let batches = [
            batch(&[(9, 5), (1, 7)]),
            batch(&[(1, 3), (9, NANOS_A_DAY), (9, -1), (1, 3)]),
        ];
        let row = |batch, row| RowRef { batch, row };
        let date = |text| PartitionDate::parse(text).expect("a date");
        let expected = BTreeMap::from([
            (date("1969-12-31"), vec![row(1, 2)]),
            (
                date("1970-01-01"),
                vec![row(1, 0), row(1, 3), row(0, 1), row(0, 0)],
            ),
            (date("1970-01-02"), vec![row(1, 1)]),
        ]);
        assert_eq!(rows_by_date(&batches), expected);
    }
}
