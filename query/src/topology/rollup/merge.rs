//! Fewer rows of the table that say the same, of each step and dimension.

use arrow_array::RecordBatch;

use super::super::call::Sign;
use super::super::cell::{EdgeCell, HalfCell};
use super::super::edge::EdgeKey;
use super::super::names::Names;
use super::read::{EdgeRows, malformed};
use super::writer::{EdgeWriter, RowKey, RowKind, RowSums};
use crate::red::{DurationHistogram, HistogramSum};
use crate::rollups::{Numbered, NumberedRows, Sum, Sums, SumsOfKind, TableRows};
use crate::{MalformedHistogram, QueryError};

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
    let (rows, numbers) = numbered(batches, &mut names)?;
    let order = names.order();
    let mut writer = EdgeWriter::new(&names);
    let mut histogram = HistogramSum::default();
    // Of the same dimension, by the step before.
    let mut shorter: Option<(RowKind, SumsOfKind<RowSums, 2>)> = None;
    for kind in RowKind::all().filter(|kind| hold(&rows, *kind)) {
        let is_by = |dimension| kind.dimension == Some(dimension);
        let (edges, ranks) =
            numbers.ranked_as(|edge| edge.told_apart_by(is_by), |edge| edge.place(&order));
        let of_shorter = shorter
            .as_ref()
            .filter(|(shorter, _)| shorter.dimension == kind.dimension);
        let sums = SumsOfKind::of(
            &rows,
            of_shorter.map(|(_, sums)| sums),
            (&ranks, kind.step),
            |rows: &EdgeRows, row| rows.kind(row) == kind,
            &mut histogram,
        );
        let sums = sums.map_err(malformed)?;
        let netted = netted(sums.all()).map_err(malformed)?;
        for (sum, [client, server]) in netted.as_ref().unwrap_or(sums.all()).iter() {
            let key = RowKey {
                kind,
                edge: edges[sum.key as usize],
                bucket: sum.bucket,
            };
            writer.add((&key, sum.sign), sum.figures, client, server);
            if let Some(rows) = writer.take_when_full()? {
                see(rows)?;
            }
        }
        shorter = Some((kind, sums));
    }
    see(writer.take()?)
}

fn numbered(
    batches: &[RecordBatch],
    names: &mut Names,
) -> Result<(NumberedRows<EdgeRows>, Numbered<EdgeKey>), QueryError> {
    let mut numbers = Numbered::default();
    let numbered = batches.iter().map(|batch| {
        let rows = EdgeRows::of(batch)?;
        let mut edges = rows.edges();
        let numbers = (0..rows.len()).map(|row| numbers.number_of(edges.edge(row, names)));
        let numbers = numbers.collect();
        Ok((rows, numbers))
    });
    let rows = numbered.collect::<Result<_, QueryError>>()?;
    Ok((rows, numbers))
}

/// Whether there is a row that adds to those of a kind.
fn hold(rows: &NumberedRows<EdgeRows>, kind: RowKind) -> bool {
    rows.iter()
        .any(|(rows, _)| (0..rows.len()).any(|row| rows.is_fresh(row) || rows.kind(row) == kind))
}

/// The sums with those netted that add and take of one edge and bucket; none where nothing is taken.
fn netted(sums: &Sums<RowSums, 2>) -> Result<Option<Sums<RowSums, 2>>, MalformedHistogram> {
    if sums.iter().all(|(sum, _)| sum.sign == Sign::Added) {
        return Ok(None);
    }
    let all: Vec<_> = sums.iter().collect();
    let place = |sum: &Sum<RowSums, 2>| (sum.key, sum.bucket);
    let mut netted = Sums::default();
    for parts in all.chunk_by(|(one, _), (next, _)| place(one) == place(next)) {
        let [(add, adding), (take, taking)] = parts else {
            for (sum, histograms) in parts {
                netted.push(sum, sum.figures, *histograms);
            }
            continue;
        };
        let (mut added, mut taken) = (cell(add.figures, *adding)?, cell(take.figures, *taking)?);
        if added.holds(&taken) {
            added.subtract(&taken);
            taken = EdgeCell::default();
        } else if taken.holds(&added) {
            taken.subtract(&added);
            added = EdgeCell::default();
        }
        for (sum, mut cell) in [(add, added), (take, taken)] {
            if !cell.is_empty() {
                let figures = RowSums::of(&cell);
                let client = cell.client.durations.to_bytes();
                let server = cell.server.durations.to_bytes();
                netted.push(sum, figures, [&client, &server]);
            }
        }
    }
    Ok(Some(netted))
}

fn cell(figures: RowSums, histograms: [&[u8]; 2]) -> Result<EdgeCell, MalformedHistogram> {
    let half = |sum_nano, bytes| {
        let durations = DurationHistogram::from_bytes(bytes)?;
        Ok(HalfCell {
            sum_nano,
            durations,
        })
    };
    let [client, server] = histograms;
    Ok(EdgeCell {
        calls: figures.calls,
        errors: figures.errors,
        client: half(figures.client_nano, client)?,
        server: half(figures.server_nano, server)?,
    })
}
