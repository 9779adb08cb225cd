//! Spans to rows of the table `red`, and rows to fewer rows.

use std::collections::{BTreeMap, HashMap};

use arrow_array::RecordBatch;
use schemas::SpanBatch;
use schemas::rollups::ROLLUP_STEPS;

use super::RollUps;
use super::red_rows::{RedRows, RowsOfStep};
use super::red_sums::{RedGroup, RedGroups, RedSums};
use super::red_writer::{RedWriter, RowSums};
use super::span_sums::{SortedSpanSums, SpanSums, bucket_of, totals_of};
use crate::QueryError;
use crate::red::{
    ByDigest, DistinctSpans, GroupBy, SpanColumns, SpanValues, Texts, bytes_of_sorted,
};

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const FINEST_STEP_NANO: i64 = ROLLUP_STEPS[0] * NANOS_PER_SECOND;

/// The rows that `fresh` spans add.
pub(super) fn red_rows(
    fresh: &[SpanBatch],
    earlier: &[SpanBatch],
    rollups: &RollUps,
) -> Result<RecordBatch, QueryError> {
    let mut texts = Texts::default();
    let mut distinct = DistinctSpans::default();
    distinct.reserve(spans_in(fresh) + spans_in(earlier));
    for batch in earlier {
        distinct.note(batch, &mut texts);
    }
    let mut groups = RedGroups::default();
    let mut group_of_values = HashMap::<SpanValues, u32, ByDigest>::default();
    let mut sums = SpanSums::default();
    sums.reserve(spans_in(fresh));
    for batch in fresh {
        let Some(mut columns) = SpanColumns::of(batch) else {
            continue;
        };
        for row in 0..batch.rows() {
            let values = columns.values(row, &mut texts);
            if distinct.insert(columns.identity(row, &values)) {
                let group = *group_of_values
                    .entry(values)
                    .or_insert_with(|| groups.number_of(group_of(&values, &texts, rollups)));
                let bucket = bucket_of(columns.start(row), FINEST_STEP_NANO);
                sums.add(group, bucket, columns.duration_nano(row));
            }
        }
    }
    let (groups, ranks) = groups.ranked();
    write_all_steps(&groups, sums.sorted(&ranks))
}

fn spans_in(batches: &[SpanBatch]) -> usize {
    batches.iter().map(SpanBatch::rows).sum()
}

fn group_of(values: &SpanValues, texts: &Texts, rollups: &RollUps) -> RedGroup {
    let text = |by| values.text(by, texts).map(str::to_owned);
    let name = values.text(GroupBy::Operation, texts).unwrap_or_default();
    let name = rollups.kept(values.text(GroupBy::Service, texts), name);
    RedGroup {
        service: text(GroupBy::Service),
        name: Some(name.to_owned()),
        kind: values.code(GroupBy::Kind),
        status_code: values.code(GroupBy::Status),
        instance: text(GroupBy::Instance),
        version: text(GroupBy::Version),
        zone: text(GroupBy::Zone),
    }
}

/// The rows of all steps, from the sums at the finest.
fn write_all_steps(
    groups: &[RedGroup],
    mut sums: SortedSpanSums,
) -> Result<RecordBatch, QueryError> {
    let (total_groups, totals) = totals_of(groups);
    let mut writer = RedWriter::default();
    let mut durations = Vec::new();
    for step_seconds in ROLLUP_STEPS {
        sums = sums.coarser(step_seconds * NANOS_PER_SECOND);
        let total_sums = sums.totals(&totals);
        let both = [
            (false, groups, &sums),
            (true, total_groups.as_slice(), &total_sums),
        ];
        for (is_total, groups, sums) in both {
            let rows = RowsOfStep {
                step_seconds,
                is_total,
            };
            for (sum, buckets) in sums.rows() {
                bytes_of_sorted(buckets, &mut durations);
                let row_sums = RowSums {
                    count: sum.count,
                    sum_nano: sum.sum_nano,
                    max_nano: sum.max_nano,
                };
                let group = SortedSpanSums::group_of(&sum, groups);
                writer.add((rows, group, sum.bucket), row_sums, &durations);
            }
        }
    }
    Ok(writer.finish()?)
}

/// One row for all rows that differ in their sums alone.
pub(super) fn merged(batches: &[RecordBatch]) -> Result<RecordBatch, QueryError> {
    let mut by_step = BTreeMap::<RowsOfStep, RedSums>::new();
    for batch in batches {
        let rows = RedRows::of(batch)?;
        let mut last = None;
        for row in 0..rows.len() {
            let step = rows.rows_of_step(row);
            let sums = by_step.entry(step).or_default();
            // Rows of a group stand together.
            let number = match last {
                Some((of_last, number)) if rows.are_of_one_group(of_last, row) => number,
                _ => sums.groups.number_of(group_of_row(&rows, row)),
            };
            last = Some((row, number));
            sums.cell(number, rows.bucket_start(row))
                .merge(&rows.cell(row)?);
        }
    }
    let mut writer = RedWriter::default();
    for (step, sums) in by_step {
        let (groups, cells) = sums.sorted();
        for ((group, bucket), mut cell) in cells {
            let sums = RowSums {
                count: cell.count,
                sum_nano: cell.sum_nano,
                max_nano: cell.max_nano,
            };
            let durations = cell.durations.to_bytes();
            writer.add((step, &groups[group as usize], bucket), sums, &durations);
        }
    }
    Ok(writer.finish()?)
}

fn group_of_row(rows: &RedRows, row: usize) -> RedGroup {
    let text = |by| rows.text(by, row).map(str::to_owned);
    RedGroup {
        service: text(GroupBy::Service),
        name: text(GroupBy::Operation),
        kind: rows.kind(row),
        status_code: rows.status_code(row),
        instance: text(GroupBy::Instance),
        version: text(GroupBy::Version),
        zone: text(GroupBy::Zone),
    }
}
