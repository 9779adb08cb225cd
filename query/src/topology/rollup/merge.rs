//! Fewer rows of the table that say the same.

use arrow_array::RecordBatch;

use super::super::call::Sign;
use super::super::cell::EdgeCell;
use super::super::fast_map::FastMap;
use super::super::names::Names;
use super::EdgeRows;
use super::writer::{EdgeWriter, RowKey, RowSums};
use crate::QueryError;
use crate::red::HistogramSum;

/// Rows of the table with equal edge and bucket as one; where some add and some take, they are
/// netted if nothing goes below zero by that.
///
/// # Errors
/// [`QueryError::Table`] when the batches are not rows of the table.
pub(crate) fn merge_edges(batches: &[RecordBatch]) -> Result<RecordBatch, QueryError> {
    let mut names = Names::default();
    let mut parts: FastMap<(RowKey, Sign), Vec<EdgeCell>> = FastMap::default();
    for batch in batches {
        let rows = EdgeRows::of(batch)?;
        let mut edges = rows.edges();
        for row in 0..rows.len() {
            let key = RowKey {
                step: rows.step(row),
                dimension: rows.dimension(row),
                edge: edges.edge(row, &mut names),
                bucket: rows.bucket(row),
            };
            let parts = parts.entry((key, rows.sign(row))).or_default();
            parts.push(rows.cell(row)?);
        }
    }
    let mut sum = HistogramSum::default();
    let rows = parts.into_iter().map(|((key, sign), parts)| EdgeRow {
        key,
        sign,
        cell: EdgeCell::sum_of(parts, &mut sum),
    });
    let mut rows: Vec<EdgeRow> = rows.collect();
    let order = names.order();
    rows.sort_by_cached_key(|EdgeRow { key, sign, .. }| {
        let edge = key.edge.place(&order);
        (key.dimension, key.step, edge, key.bucket, *sign)
    });
    let mut writer = EdgeWriter::new(&names);
    for mut row in netted(rows) {
        let sums = RowSums {
            calls: row.cell.calls,
            errors: row.cell.errors,
            client_nano: row.cell.client.sum_nano,
            server_nano: row.cell.server.sum_nano,
        };
        let client = row.cell.client.durations.to_bytes();
        let server = row.cell.server.durations.to_bytes();
        writer.add((&row.key, row.sign), sums, &client, &server);
    }
    writer.take()
}

/// A row of the table.
struct EdgeRow {
    key: RowKey,
    sign: Sign,
    cell: EdgeCell,
}

fn netted(rows: Vec<EdgeRow>) -> Vec<EdgeRow> {
    let mut netted: Vec<EdgeRow> = Vec::with_capacity(rows.len());
    for mut row in rows {
        match netted.last_mut() {
            // Of a key's two rows the one that adds comes first.
            Some(before) if before.key == row.key => {
                if before.cell.holds(&row.cell) {
                    before.cell.subtract(&row.cell);
                } else if row.cell.holds(&before.cell) {
                    row.cell.subtract(&before.cell);
                    *before = row;
                } else {
                    netted.push(row);
                }
            }
            _ => netted.push(row),
        }
    }
    netted.retain(|row| !row.cell.is_empty());
    netted
}
