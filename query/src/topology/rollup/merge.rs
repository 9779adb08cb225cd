//! Fewer rows of the table that say the same, and rows of longer steps.

use arrow_array::RecordBatch;
use schemas::rollups::{Merging, longer_step};

use super::super::cell::{EdgeCell, HalfCell};
use super::super::edge::EdgeKey;
use super::super::names::Names;
use super::dimension::EdgeDimension;
use super::read::EdgeRows;
use super::writer::{EdgeWriter, RowKey, RowKind, RowSums};
use crate::red::DurationHistogram;
use crate::rollups::{Merger, Numbered, NumberedRows, Sums, step_of_all};
use crate::{MalformedHistogram, QueryError};

/// Hands over what rows of one step become, some at a time, each time of one step and in order: one
/// row for all with equal edge and bucket, and such rows of the next longer step; where some add and
/// some take, they are netted if nothing goes below zero by that.
///
/// # Errors
/// [`QueryError::Table`] when the batches are not rows of the table, or are of several steps, and what
/// `see` says.
pub(crate) fn merge_edges<E: From<QueryError>>(
    batches: &[RecordBatch],
    merging: Merging,
    mut see: impl FnMut(RecordBatch) -> Result<(), E>,
) -> Result<(), E> {
    let mut names = Names::default();
    let (rows, edges) = numbered(batches, &mut names)?;
    let Some((step, is_fresh)) = step_of_all(&rows)? else {
        return Ok(());
    };
    let order = names.order();
    let (edges, ranks) = edges.ranked(|edge| edge.place(&order));
    let next_step = longer_step(step);
    let mut own = EdgeWriter::new(&names, is_fresh && merging == Merging::Sums);
    let mut longer = EdgeWriter::new(&names, next_step.and_then(longer_step).is_some());
    let mut merger = Merger::default();
    for dimension in EdgeDimension::OF_ROWS {
        let of_step = |step| RowKind { dimension, step };
        let is_of_kind = |rows: &EdgeRows, row| rows.kind(row) == of_step(step);
        let write = |of_sums, sums: &Sums<RowSums, 2>| {
            let writer = if of_sums == step {
                &mut own
            } else {
                &mut longer
            };
            let netted = netted(sums).map_err(QueryError::from)?;
            for (sum, [client, server]) in netted.as_ref().unwrap_or(sums).iter() {
                let key = RowKey {
                    kind: of_step(of_sums),
                    edge: edges[sum.key as usize],
                    bucket: sum.bucket,
                };
                writer.add((&key, sum.sign), sum.figures, client, server);
                if let Some(rows) = writer.take_when_full()? {
                    see(rows)?;
                }
            }
            Ok::<(), E>(())
        };
        merger.merge((&rows, &ranks), (merging, step), is_of_kind, write)?;
    }
    see(own.take()?)?;
    see(longer.take()?)
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

/// The sums of an edge and bucket where those that add and those that take are netted; none where nothing
/// is both added and taken.
fn netted(sums: &Sums<RowSums, 2>) -> Result<Option<Sums<RowSums, 2>>, MalformedHistogram> {
    let mut each = sums.iter();
    let (Some((add, adding)), Some((take, taking))) = (each.next(), each.next()) else {
        return Ok(None);
    };
    let mut added = cell(add.figures, adding)?;
    let mut taken = cell(take.figures, taking)?;
    if added.holds(&taken) {
        added.subtract(&taken);
        taken = EdgeCell::default();
    } else if taken.holds(&added) {
        taken.subtract(&added);
        added = EdgeCell::default();
    }
    let mut netted = Sums::default();
    for (sum, mut cell) in [(add, added), (take, taken)] {
        if !cell.is_empty() {
            let figures = RowSums::of(&cell);
            let client = cell.client.durations.to_bytes();
            let server = cell.server.durations.to_bytes();
            netted.push(sum, figures, [&client, &server]);
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
