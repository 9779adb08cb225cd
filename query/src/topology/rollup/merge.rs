//! Fewer rows of the table that say the same, of each step and dimension.

use arrow_array::RecordBatch;

use super::super::call::Sign;
use super::super::cell::EdgeCell;
use super::super::edge::{EdgeKey, EdgeNumbers};
use super::super::names::{NameOrder, Names};
use super::read::{EdgeRows, malformed};
use super::writer::{EdgeWriter, RowKey, RowKind, RowSums};
use crate::QueryError;
use crate::red::HistogramSum;
use crate::rollups::bucket_start;

/// A row, and what it adds to, or takes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    edge: u32,
    bucket: i64,
    sign: Sign,
    batch: usize,
    row: usize,
}

impl Part {
    fn place(&self) -> (u32, i64) {
        (self.edge, self.bucket)
    }
}

/// Rows, and the number of each one's edge.
struct NumberedRows {
    batches: Vec<(EdgeRows, Vec<u32>)>,
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
    let (rows, numbers) = NumberedRows::of(batches, &mut names)?;
    let order = names.order();
    let mut writer = EdgeWriter::new(&names);
    let mut sum = HistogramSum::default();
    for kind in RowKind::all().filter(|kind| rows.hold(*kind)) {
        let (edges, ranks) = told_apart(numbers.edges(), kind, &order);
        let parts = rows.parts(kind, &ranks);
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

/// What edges are for rows of a kind, in order, and the position there of each one.
fn told_apart(edges: &[EdgeKey], kind: RowKind, order: &NameOrder) -> (Vec<EdgeKey>, Vec<u32>) {
    let mut told_apart = EdgeNumbers::default();
    let numbers: Vec<u32> = edges
        .iter()
        .map(|edge| {
            let edge = edge.told_apart_by(|one| kind.dimension == Some(one));
            told_apart.number_of(edge)
        })
        .collect();
    let (edges, ranks) = told_apart.ranked(order);
    let ranks = numbers.into_iter().map(|number| ranks[number as usize]);
    (edges, ranks.collect())
}

impl NumberedRows {
    fn of(batches: &[RecordBatch], names: &mut Names) -> Result<(Self, EdgeNumbers), QueryError> {
        let mut numbers = EdgeNumbers::default();
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

    /// The rows that add to those of a kind, in order of what they add to, where `ranks` has the
    /// position of what each edge adds to.
    fn parts(&self, kind: RowKind, ranks: &[u32]) -> Vec<Part> {
        let mut parts = Vec::new();
        for (batch, (rows, numbers)) in self.batches.iter().enumerate() {
            for (row, number) in numbers.iter().enumerate() {
                if rows.is_fresh(row) || rows.kind(row) == kind {
                    parts.push(Part {
                        edge: ranks[*number as usize],
                        bucket: bucket_start(rows.bucket(row), kind.step),
                        sign: rows.sign(row),
                        batch,
                        row,
                    });
                }
            }
        }
        parts.sort_unstable();
        parts
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
