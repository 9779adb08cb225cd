//! Spans to rows of the table `red`, and rows to fewer rows.

use std::collections::{BTreeMap, HashMap};

use arrow_array::RecordBatch;
use schemas::SpanBatch;
use schemas::rollups::ROLLUP_STEPS;

use super::RollUps;
use super::red_rows::{RedRows, RowsOfStep};
use super::red_sums::{RedGroup, RedSums, SortedSums, bucket_of};
use super::red_writer::RedWriter;
use crate::QueryError;
use crate::red::{Codes, DistinctSpans, GroupBy, SpanColumns, is_error};

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const FINEST_STEP_NANO: i64 = ROLLUP_STEPS[0] * NANOS_PER_SECOND;

/// What all rows of a batch with the same codes have in common.
#[derive(Clone, Copy)]
struct OfCodes {
    group: u32,
    identity: u64,
    is_error: bool,
}

/// The rows that `fresh` spans add.
pub(super) fn red_rows(
    fresh: &[SpanBatch],
    earlier: &[SpanBatch],
    rollups: &RollUps,
) -> Result<RecordBatch, QueryError> {
    let mut distinct = DistinctSpans::default();
    distinct.reserve(fresh.iter().chain(earlier).map(SpanBatch::rows).sum());
    for batch in earlier {
        note(batch, &mut distinct);
    }
    let mut sums = RedSums::default();
    for batch in fresh {
        add(batch, rollups, &mut distinct, &mut sums);
    }
    write_all_steps(sums.sorted())
}

fn note(batch: &SpanBatch, distinct: &mut DistinctSpans) {
    let Some(columns) = SpanColumns::of(batch) else {
        return;
    };
    let mut by_codes = HashMap::<Codes, u64>::new();
    for row in 0..batch.rows() {
        let codes = columns.codes(row);
        let of_codes = by_codes
            .entry(codes)
            .or_insert_with(|| columns.identity_of_codes(&codes));
        distinct.insert(columns.identity(row, *of_codes));
    }
}

fn add(batch: &SpanBatch, rollups: &RollUps, distinct: &mut DistinctSpans, sums: &mut RedSums) {
    let Some(columns) = SpanColumns::of(batch) else {
        return;
    };
    // Texts are looked at once for each distinct combination.
    let mut by_codes = HashMap::<Codes, OfCodes>::new();
    for row in 0..batch.rows() {
        let codes = columns.codes(row);
        let of_codes = *by_codes.entry(codes).or_insert_with(|| OfCodes {
            group: sums.number_of(group_of(&columns, &codes, rollups)),
            identity: columns.identity_of_codes(&codes),
            is_error: is_error(&codes),
        });
        if distinct.insert(columns.identity(row, of_codes.identity)) {
            let bucket = bucket_of(columns.start(row), FINEST_STEP_NANO);
            sums.cell(of_codes.group, bucket)
                .add(columns.duration_nano(row), of_codes.is_error);
        }
    }
}

fn group_of(columns: &SpanColumns<'_>, codes: &Codes, rollups: &RollUps) -> RedGroup {
    let text = |by| columns.text(by, codes).map(str::to_owned);
    let number = |by: GroupBy| i8::try_from(codes[by as usize]).unwrap_or_default();
    let service = columns.text(GroupBy::Service, codes);
    let name = columns.text(GroupBy::Operation, codes).unwrap_or_default();
    RedGroup {
        service: service.map(str::to_owned),
        name: Some(rollups.kept(service, name).to_owned()),
        kind: number(GroupBy::Kind),
        status_code: number(GroupBy::Status),
        instance: text(GroupBy::Instance),
        version: text(GroupBy::Version),
        zone: text(GroupBy::Zone),
    }
}

/// The rows of all steps, from the sums at the finest.
fn write_all_steps(mut sums: SortedSums) -> Result<RecordBatch, QueryError> {
    let mut writer = RedWriter::default();
    for step_seconds in ROLLUP_STEPS {
        sums = sums.coarser(step_seconds * NANOS_PER_SECOND);
        let mut totals = sums.totals();
        for (is_total, sums) in [(false, &mut sums), (true, &mut totals)] {
            let rows = RowsOfStep {
                step_seconds,
                is_total,
            };
            writer.write(rows, sums);
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
                _ => sums.number_of(group_of_row(&rows, row)),
            };
            last = Some((row, number));
            sums.cell(number, rows.bucket_start(row))
                .merge(&rows.cell(row)?);
        }
    }
    let mut writer = RedWriter::default();
    for (step, sums) in by_step {
        writer.write(step, &mut sums.sorted());
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
