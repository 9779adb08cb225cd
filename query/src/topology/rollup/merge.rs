//! Fewer rows of the table that say the same, of each step and dimension.

use arrow_array::RecordBatch;

use super::super::call::Sign;
use super::super::cell::EdgeCell;
use super::super::edge::EdgeKey;
use super::super::names::Names;
use super::read::{EdgeRows, malformed};
use super::writer::{EdgeWriter, RowKey, RowKind, RowSums};
use crate::QueryError;
use crate::red::HistogramSum;
use crate::rollups::{Numbered, NumberedRows, Part, bucket_start, parts_of};

/// Rows, and the number of each one's edge.
struct MergedRows {
    batches: NumberedRows<EdgeRows>,
}

/// Hands over rows of the table with equal edge and bucket as one, some at a time, in order; where
/// some add and some take, they are netted if nothing goes below zero by that. In place of a fresh
/// row there is one of each step and dimension.
///
/// # Errors
/// [`QueryError::Table`] when the batches are not rows of the table, and what `see` says.
pub(crate) fn merge_edges<E: From<QueryError>>(
    batches: &[RecordBatch],
    mut see: impl FnMut(RecordBatch) -> Result<(), E>,
) -> Result<(), E> {
    let mut names = Names::default();
    let (rows, numbers) = MergedRows::of(batches, &mut names)?;
    let order = names.order();
    let mut writer = EdgeWriter::new(&names);
    let mut sum = HistogramSum::default();
    for kind in RowKind::all().filter(|kind| rows.hold(*kind)) {
        let is_by = |dimension| kind.dimension == Some(dimension);
        let (edges, ranks) =
            numbers.ranked_as(|edge| edge.told_apart_by(is_by), |edge| edge.place(&order));
        let parts = parts_of(&rows.batches, &ranks, |rows, row| {
            let is_part = rows.is_fresh(row) || rows.kind(row) == kind;
            is_part.then(|| (bucket_start(rows.bucket(row), kind.step), rows.sign(row)))
        });
        for parts in parts.chunk_by(|one, next| one.place() == next.place()) {
            let (edge, bucket) = parts[0].place();
            let edge = edges[edge as usize];
            let key = RowKey { kind, edge, bucket };
            rows.write(parts, &key, &mut sum, &mut writer)?;
            if let Some(rows) = writer.take_when_full()? {
                see(rows)?;
            }
        }
    }
    see(writer.take()?)
}

impl MergedRows {
    fn of(
        batches: &[RecordBatch],
        names: &mut Names,
    ) -> Result<(Self, Numbered<EdgeKey>), QueryError> {
        let mut numbers = Numbered::default();
        let numbered = batches.iter().map(|batch| {
            let rows = EdgeRows::of(batch)?;
            let mut edges = rows.edges();
            let numbers = (0..rows.len()).map(|row| numbers.number_of(edges.edge(row, names)));
            let numbers = numbers.collect();
            Ok((rows, numbers))
        });
        let batches = numbered.collect::<Result<_, QueryError>>()?;
        Ok((Self { batches }, numbers))
    }

    /// Whether there is a row that adds to those of a kind.
    fn hold(&self, kind: RowKind) -> bool {
        let mut batches = self.batches.iter();
        batches.any(|(rows, _)| {
            (0..rows.len()).any(|row| rows.is_fresh(row) || rows.kind(row) == kind)
        })
    }

    /// Writes what rows of one place come to: one row, or one that adds and one that takes.
    fn write(
        &self,
        parts: &[Part],
        key: &RowKey,
        sum: &mut HistogramSum,
        writer: &mut EdgeWriter<'_>,
    ) -> Result<(), QueryError> {
        if let [only] = parts {
            let (rows, row) = (&self.batches[only.batch].0, only.row);
            let (client, server) = (rows.client_durations(row), rows.server_durations(row));
            writer.add(
                (key, only.sign),
                RowSums::of(&self.figures(parts)),
                client,
                server,
            );
            return Ok(());
        }
        let (added, taken) = parts.split_at(parts.partition_point(|part| part.sign == Sign::Added));
        let (mut added, mut taken) = (self.sum_of(added, sum)?, self.sum_of(taken, sum)?);
        if added.holds(&taken) {
            added.subtract(&taken);
            taken = EdgeCell::default();
        } else if taken.holds(&added) {
            taken.subtract(&added);
            added = EdgeCell::default();
        }
        for (sign, mut cell) in [(Sign::Added, added), (Sign::Taken, taken)] {
            if !cell.is_empty() {
                let client = cell.client.durations.to_bytes();
                let server = cell.server.durations.to_bytes();
                writer.add((key, sign), RowSums::of(&cell), &client, &server);
            }
        }
        Ok(())
    }

    /// The sums of rows without their histograms.
    fn figures(&self, parts: &[Part]) -> EdgeCell {
        let mut cell = EdgeCell::default();
        for part in parts {
            self.batches[part.batch].0.add_figures(part.row, &mut cell);
        }
        cell
    }

    fn sum_of(&self, parts: &[Part], sum: &mut HistogramSum) -> Result<EdgeCell, QueryError> {
        let mut cell = self.figures(parts);
        for part in parts {
            let bytes = self.batches[part.batch].0.client_durations(part.row);
            sum.add_bytes(bytes, 1).map_err(malformed)?;
        }
        cell.client.durations = sum.take();
        for part in parts {
            let bytes = self.batches[part.batch].0.server_durations(part.row);
            sum.add_bytes(bytes, 1).map_err(malformed)?;
        }
        cell.server.durations = sum.take();
        Ok(cell)
    }
}
