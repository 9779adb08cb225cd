//! The rows that must come out, by brute force: every call in every row that it belongs to.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use schemas::rollups::{DIMENSION, FIRST_STEPS, IS_FRESH};

use super::super::super::call::{Call, End};
use super::super::super::link::Linker;
use super::super::super::names::Names;
use super::super::super::spans::by_trace;
use super::model::{Sent, batch};
use super::spans_of;
use crate::DurationHistogram;

type Text = Option<String>;

/// What rows may tell apart: version and zone of both ends, or the operation.
const DIMENSIONS: [&str; 2] = ["ends", "operation"];

/// What a row is about, in the order of rows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) step: i64,
    /// What the edge is told apart by besides.
    pub(super) dimension: Option<&'static str>,
    /// Name and kind.
    pub(super) caller: (Text, String),
    pub(super) callee: (Text, String),
    connection: String,
    pub(super) operation: Text,
    /// Version and zone of the caller, then of the callee.
    parts: [Text; 4],
    bucket: i64,
    pub(super) weight: i8,
}

/// A row: calls, errors, and the sum and histogram of each side's durations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) is_fresh: bool,
    pub(super) key: Key,
    calls: i64,
    errors: i64,
    client: (i64, Vec<u8>),
    server: (i64, Vec<u8>),
}

pub(super) fn rows_of(batch: &RecordBatch) -> Vec<Row> {
    let column = |name: &str| batch.column_by_name(name).expect("a column of edges");
    let int64 = |name: &str, row| column(name).as_primitive::<Int64Type>().value(row);
    let text = |name: &str, row| {
        let texts = column(name).as_string::<i32>();
        texts.is_valid(row).then(|| texts.value(row).to_owned())
    };
    let word = |name: &str, row| text(name, row).expect("a word");
    let half = |sum: &str, durations: &str, row| {
        let bytes = column(durations).as_binary_view().value(row).to_vec();
        (int64(sum, row), bytes)
    };
    let row = |row| Row {
        is_fresh: column(IS_FRESH).as_boolean().value(row),
        key: Key {
            step: int64("step_seconds", row),
            dimension: dimension_of(text(DIMENSION, row)),
            caller: (text("caller", row), word("caller_kind", row)),
            callee: (text("callee", row), word("callee_kind", row)),
            connection: word("connection", row),
            operation: text("operation", row),
            parts: [
                "caller_version",
                "caller_zone",
                "callee_version",
                "callee_zone",
            ]
            .map(|name| text(name, row)),
            bucket: int64("bucket_start_unix_nano", row),
            weight: column("weight").as_primitive::<Int8Type>().value(row),
        },
        calls: int64("calls", row),
        errors: int64("errors", row),
        client: half("client_sum_nano", "client_durations", row),
        server: half("server_sum_nano", "server_durations", row),
    };
    (0..batch.num_rows()).map(row).collect()
}

/// All calls of these spans, each span counted once.
pub(super) fn calls_of(sent: &[Sent]) -> (Vec<Call>, Names) {
    let mut names = Names::default();
    let spans = spans_of(&[batch(sent)], &mut names);
    let mut calls = Vec::new();
    for trace in by_trace(&spans) {
        calls.extend_from_slice(Linker::default().link(trace, &names));
    }
    (calls, names)
}

/// The rows that spans should have at first.
pub(super) fn first_rows_of_spans(sent: &[Sent]) -> Vec<Row> {
    let [shortest, minute] = FIRST_STEPS;
    let mut rows = rows_of_spans(sent);
    rows.retain(|row| [shortest, minute].contains(&row.key.step));
    for row in &mut rows {
        row.is_fresh = row.key.step == minute;
    }
    rows
}

/// The rows that spans should have in the end.
pub(super) fn rows_of_spans(sent: &[Sent]) -> Vec<Row> {
    let totals = [10, 60, 3_600, 28_800].map(|step| (step, None));
    let further = [60, 3_600, 28_800]
        .into_iter()
        .flat_map(|step| DIMENSIONS.map(|dimension| (step, Some(dimension))));
    let kinds: Vec<_> = totals.into_iter().chain(further).collect();
    let (calls, names) = calls_of(sent);
    let mut rows: BTreeMap<Key, Vec<Call>> = BTreeMap::new();
    for call in calls {
        for (step, dimension) in &kinds {
            let key = key(&call, *step, *dimension, &names);
            rows.entry(key).or_default().push(call);
        }
    }
    let half = |calls: &[Call], nanos: fn(&Call) -> Option<i64>| {
        let mut histogram = DurationHistogram::default();
        calls
            .iter()
            .filter_map(nanos)
            .for_each(|nanos| histogram.record(nanos));
        let sum = calls.iter().filter_map(nanos).sum();
        (sum, histogram.to_bytes())
    };
    let row = |(key, calls): (Key, Vec<Call>)| Row {
        is_fresh: false,
        key,
        calls: calls.len() as i64,
        errors: calls.iter().filter(|call| call.is_error).count() as i64,
        client: half(&calls, |call| call.client_nano),
        server: half(&calls, |call| call.server_nano),
    };
    rows.into_iter().map(row).collect()
}

fn dimension_of(name: Text) -> Option<&'static str> {
    let name = name?;
    let mut all = DIMENSIONS.into_iter();
    Some(
        all.find(|dimension| *dimension == name)
            .expect("a dimension"),
    )
}

fn key(call: &Call, step: i64, dimension: Option<&'static str>, names: &Names) -> Key {
    let text = |name| names.text_of(name).map(str::to_owned);
    let node = |end: End| (text(end.node.name), end.node.kind.name().to_owned());
    let by = |one, name| text(name).filter(|_| dimension == Some(one));
    let length = step * 1_000_000_000;
    Key {
        step,
        dimension,
        caller: node(call.caller),
        callee: node(call.callee),
        connection: call.connection.name().to_owned(),
        operation: by("operation", call.operation.map(|operation| operation.name)),
        parts: [
            by("ends", call.caller.version),
            by("ends", call.caller.zone),
            by("ends", call.callee.version),
            by("ends", call.callee.zone),
        ],
        bucket: call.start.0.div_euclid(length) * length,
        weight: 1,
    }
}
