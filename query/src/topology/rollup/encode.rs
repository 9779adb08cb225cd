//! Sums as rows of the table.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, StringBuilder};
use arrow_array::{ArrayRef, BooleanArray, Int8Array, Int64Array, RecordBatch, StringArray};
use schemas::rollups::edge_schema;

use super::super::cell::{EdgeCell, HalfCell};
use super::super::names::{Name, Names};
use super::sums::EdgeRow;
use crate::QueryError;

/// The rows as columns of [`edge_schema`], in their order.
pub(super) fn to_batch(mut rows: Vec<EdgeRow>, names: &Names) -> Result<RecordBatch, QueryError> {
    let client = durations(&mut rows, |cell| &mut cell.client);
    let server = durations(&mut rows, |cell| &mut cell.server);
    let columns = Columns { rows: &rows, names };
    let columns: Vec<ArrayRef> = vec![
        columns.int64(|row| row.key.step),
        columns.int64(|row| row.key.bucket),
        Arc::new(BooleanArray::from_iter(
            rows.iter().map(|row| Some(row.key.is_total)),
        )),
        Arc::new(Int8Array::from_iter_values(
            rows.iter().map(|row| row.sign.weight()),
        )),
        columns.text(|row| row.key.edge.caller.node.name),
        columns.word(|row| row.key.edge.caller.node.kind.name()),
        columns.text(|row| row.key.edge.callee.node.name),
        columns.word(|row| row.key.edge.callee.node.kind.name()),
        columns.word(|row| row.key.edge.connection.name()),
        columns.text(|row| row.key.edge.operation),
        columns.text(|row| row.key.edge.caller.version),
        columns.text(|row| row.key.edge.caller.zone),
        columns.text(|row| row.key.edge.callee.version),
        columns.text(|row| row.key.edge.callee.zone),
        columns.int64(|row| narrow(i128::from(row.cell.calls))),
        columns.int64(|row| narrow(i128::from(row.cell.errors))),
        columns.int64(|row| narrow(row.cell.client.sum_nano)),
        client,
        columns.int64(|row| narrow(row.cell.server.sum_nano)),
        server,
    ];
    Ok(RecordBatch::try_new(Arc::clone(edge_schema()), columns)?)
}

struct Columns<'a> {
    rows: &'a [EdgeRow],
    names: &'a Names,
}

impl Columns<'_> {
    fn int64(&self, value: impl Fn(&EdgeRow) -> i64) -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(self.rows.iter().map(value)))
    }

    fn word(&self, value: impl Fn(&EdgeRow) -> &'static str) -> ArrayRef {
        Arc::new(StringArray::from_iter_values(self.rows.iter().map(value)))
    }

    fn text(&self, value: impl Fn(&EdgeRow) -> Option<Name>) -> ArrayRef {
        let mut column = StringBuilder::new();
        for row in self.rows {
            column.append_option(self.names.text_of(value(row)));
        }
        Arc::new(column.finish())
    }
}

fn durations(rows: &mut [EdgeRow], half: impl Fn(&mut EdgeCell) -> &mut HalfCell) -> ArrayRef {
    let mut column = BinaryBuilder::new();
    for row in rows {
        column.append_value(half(&mut row.cell).durations.to_bytes());
    }
    Arc::new(column.finish())
}

fn narrow(sum: i128) -> i64 {
    i64::try_from(sum).unwrap_or(i64::MAX)
}
