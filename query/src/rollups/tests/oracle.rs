//! The rows that there should be, by counting.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use schemas::rollups::{FIRST_STEPS, ROLLUP_STEPS};

use super::super::red_rows::RedRows;
use super::model::{Sent, distinct};
use crate::red::{Cell, DurationHistogram, GroupBy, RedDimension};
use crate::rollups::{Summands, TableRows};

/// A row of `red`, in the order in which rows stand.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    pub(super) is_fresh: bool,
    pub(super) key: Key,
    pub(super) count: u64,
    pub(super) sum_nano: i64,
    pub(super) max_nano: i64,
    pub(super) durations: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) step_seconds: i64,
    pub(super) dimension: Option<&'static str>,
    pub(super) service: Option<String>,
    pub(super) name: Option<String>,
    pub(super) kind: i8,
    pub(super) status_code: i8,
    /// Instance, version and zone.
    pub(super) place: [Option<String>; 3],
    pub(super) bucket: i64,
}

/// The rows of a batch, as they stand.
pub(super) fn rows_of(batch: &RecordBatch) -> Vec<Row> {
    let rows = RedRows::of(batch).expect("columns of red");
    let row = |row| {
        let mut cell = Cell::default();
        rows.add_figures(row, &mut cell);
        let text = |by| rows.text(by, row).map(str::to_owned);
        let step = rows.rows_of_step(row);
        let key = Key {
            step_seconds: step.step_seconds,
            dimension: step.dimension.map(RedDimension::name),
            service: text(GroupBy::Service),
            name: text(GroupBy::Operation),
            kind: rows.kind(row),
            status_code: rows.status_code(row),
            place: [GroupBy::Instance, GroupBy::Version, GroupBy::Zone].map(text),
            bucket: rows.bucket_start(row),
        };
        Row {
            is_fresh: rows.is_fresh(row),
            key,
            count: cell.count,
            sum_nano: i64::try_from(cell.sum_nano).expect("it came from 64 bits"),
            max_nano: cell.max_nano,
            durations: rows.histograms(row)[0].to_vec(),
        }
    };
    (0..rows.len()).map(row).collect()
}

/// The rows that spans should have at first.
pub(super) fn first_rows_of_spans(sent: &[Sent]) -> Vec<Row> {
    let [shortest, minute] = FIRST_STEPS;
    let first = |row: &Row| [shortest, minute].contains(&row.key.step_seconds);
    let mut rows = rows_of_spans(sent);
    rows.retain(first);
    for row in &mut rows {
        row.is_fresh = row.key.step_seconds == minute;
    }
    rows
}

/// The rows that spans should have in the end.
pub(super) fn rows_of_spans(sent: &[Sent]) -> Vec<Row> {
    let mut durations = BTreeMap::<Key, Vec<i64>>::new();
    for span in distinct(sent) {
        for step_seconds in ROLLUP_STEPS {
            for dimension in [None, Some("instance"), Some("operation")] {
                if dimension.is_none() && step_seconds < 60 {
                    continue;
                }
                let key = key_of(&span, step_seconds, dimension);
                durations.entry(key).or_default().push(span.duration);
            }
        }
    }
    durations.into_iter().map(row_of).collect()
}

fn key_of(span: &Sent, step_seconds: i64, dimension: Option<&'static str>) -> Key {
    let by = |wanted, text: Option<&str>| {
        text.filter(|_| dimension == Some(wanted))
            .map(str::to_owned)
    };
    let step_nano = step_seconds * 1_000_000_000;
    Key {
        step_seconds,
        dimension,
        service: span.service.map(str::to_owned),
        name: by("operation", Some(&span.name)),
        kind: span.kind.number(),
        status_code: span.status_code().number(),
        place: span.place().map(|text| by("instance", text)),
        bucket: span.start.div_euclid(step_nano) * step_nano,
    }
}

fn row_of((key, durations): (Key, Vec<i64>)) -> Row {
    let mut histogram = DurationHistogram::default();
    for duration in &durations {
        histogram.record(*duration);
    }
    Row {
        is_fresh: false,
        key,
        count: durations.len() as u64,
        sum_nano: durations.iter().sum(),
        max_nano: durations.iter().copied().max().unwrap_or_default(),
        durations: histogram.to_bytes(),
    }
}
