//! Sums of rows, until they are written: of equal rows, and of those that longer buckets hold.

use std::ops::AddAssign;

use datafusion::error::DataFusionError;
use schemas::rollups::{Merging, longer_step};

use super::parts::{NumberedRows, Part, parts_of};
use crate::QueryError;
use crate::red::{HistogramSum, MalformedHistogram};
use crate::topology::Sign;

/// Rows that are summed up: of numbers, and of histograms in HdrHistogram's form.
pub(crate) trait Summands<const HISTOGRAMS: usize> {
    type Figures: AddAssign + Copy + Default;
    /// The bucket's start, in nanoseconds since 1970.
    fn bucket(&self, row: usize) -> i64;
    fn sign(&self, row: usize) -> Sign;
    fn figures(&self, row: usize) -> Self::Figures;
    fn histograms(&self, row: usize) -> [&[u8]; HISTOGRAMS];
}

/// A sum, but for its histograms.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sum<F, const HISTOGRAMS: usize> {
    /// The position of what it is told apart by.
    pub(crate) key: u32,
    /// The bucket's start, in nanoseconds since 1970.
    pub(crate) bucket: i64,
    pub(crate) sign: Sign,
    pub(crate) figures: F,
    /// Where its histograms end.
    ends: [usize; HISTOGRAMS],
}

/// Sums in order of their keys, buckets and signs.
#[derive(Debug)]
pub(crate) struct Sums<F, const HISTOGRAMS: usize> {
    sums: Vec<Sum<F, HISTOGRAMS>>,
    /// The histograms of all sums, one after the other.
    bytes: Vec<u8>,
}

impl<F, const HISTOGRAMS: usize> Default for Sums<F, HISTOGRAMS> {
    fn default() -> Self {
        Self {
            sums: Vec::new(),
            bytes: Vec::new(),
        }
    }
}

impl<F: AddAssign + Copy + Default, const HISTOGRAMS: usize> Sums<F, HISTOGRAMS> {
    /// All of them, with their histograms.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Sum<F, HISTOGRAMS>, [&[u8]; HISTOGRAMS])> {
        let histograms = (0..self.sums.len()).map(|row| self.histograms(row));
        self.sums.iter().zip(histograms)
    }

    /// Appends a sum with other figures.
    pub(crate) fn push(
        &mut self,
        sum: &Sum<F, HISTOGRAMS>,
        figures: F,
        histograms: [&[u8]; HISTOGRAMS],
    ) {
        let ends = histograms.map(|histogram| {
            self.bytes.extend_from_slice(histogram);
            self.bytes.len()
        });
        let sum = Sum {
            figures,
            ends,
            ..*sum
        };
        self.sums.push(sum);
    }

    fn clear(&mut self) {
        self.sums.clear();
        self.bytes.clear();
    }

    fn histograms(&self, row: usize) -> [&[u8]; HISTOGRAMS] {
        let before = row.checked_sub(1).map(|before| &self.sums[before].ends);
        let mut start = before.and_then(|ends| ends.last()).copied().unwrap_or(0);
        self.sums[row].ends.map(|end| {
            let histogram = &self.bytes[start..end];
            start = end;
            histogram
        })
    }
}

/// Sums up the rows that are part of it, by what their keys become, by buckets of a step, and by
/// sign; `ranks` has the position of what the key of each number becomes. Hands over the sums of each
/// key and bucket, one or two, in order; `sums` is memory for them.
///
/// # Errors
/// [`QueryError::Table`] when bytes of a row are none, and what `see` says.
fn sum_up<R: Summands<HISTOGRAMS>, const HISTOGRAMS: usize, E: From<QueryError>>(
    (rows, ranks): (&NumberedRows<R>, &[u32]),
    step_seconds: i64,
    is_part: impl Fn(&R, usize) -> bool,
    (histogram, sums): (&mut HistogramSum, &mut Sums<R::Figures, HISTOGRAMS>),
    mut see: impl FnMut(&Sums<R::Figures, HISTOGRAMS>) -> Result<(), E>,
) -> Result<(), E> {
    let parts = parts_of(rows, ranks, step_seconds, is_part);
    for parts in parts.chunk_by(|one, next| one.place() == next.place()) {
        sums.clear();
        for parts in parts.chunk_by(|one, next| one.sign() == next.sign()) {
            let mut figures = R::Figures::default();
            for part in parts {
                figures += part.rows(rows).figures(part.row());
            }
            let ends = put_sums(rows, parts, (histogram, &mut sums.bytes));
            let ends = ends.map_err(QueryError::from)?;
            let first = &parts[0];
            let (key, bucket) = first.place();
            sums.sums.push(Sum {
                key,
                bucket,
                sign: first.sign(),
                figures,
                ends,
            });
        }
        see(sums)?;
    }
    Ok(())
}

/// Appends the sums of each of the histograms that rows have: where they end.
fn put_sums<R: Summands<HISTOGRAMS>, const HISTOGRAMS: usize>(
    rows: &NumberedRows<R>,
    parts: &[Part],
    (histogram, bytes): (&mut HistogramSum, &mut Vec<u8>),
) -> Result<[usize; HISTOGRAMS], MalformedHistogram> {
    let of_part = |part: &Part| part.rows(rows).histograms(part.row());
    let mut last = bytes.len()..bytes.len();
    let mut ends = [0; HISTOGRAMS];
    for position in 0..HISTOGRAMS {
        let start = bytes.len();
        // Of calls to what reports no spans both sides have one span, so the same durations.
        let is_that_before = |before: usize| {
            let mut of_parts = parts.iter().map(of_part);
            of_parts.all(|histograms| histograms[position] == histograms[before])
        };
        if let [only] = parts {
            bytes.extend_from_slice(of_part(only)[position]);
        } else if position.checked_sub(1).is_some_and(is_that_before) {
            bytes.extend_from_within(last);
        } else {
            for part in parts {
                histogram.add_bytes(of_part(part)[position], 1)?;
            }
            histogram.take_bytes(bytes);
        }
        last = start..bytes.len();
        ends[position] = last.end;
    }
    Ok(ends)
}

/// Rows of a table.
pub(crate) trait TableRows<const HISTOGRAMS: usize>: Summands<HISTOGRAMS> {
    /// The bucket's length, in seconds.
    fn step(&self, row: usize) -> i64;
    /// Whether no row of a longer step counts what it counts.
    fn is_fresh(&self, row: usize) -> bool;
}

/// The step of rows, and whether they are fresh; none where there are no rows.
///
/// # Errors
/// [`QueryError::Table`] when they differ in that.
pub(crate) fn step_of_all<R: TableRows<HISTOGRAMS>, const HISTOGRAMS: usize>(
    rows: &NumberedRows<R>,
) -> Result<Option<(i64, bool)>, QueryError> {
    let all = rows.iter().flat_map(|(rows, numbers)| {
        (0..numbers.len()).map(|row| (rows.step(row), rows.is_fresh(row)))
    });
    let mut step = None;
    for of_row in all {
        if *step.get_or_insert(of_row) != of_row {
            let error = DataFusionError::Plan("rows to be merged are of several steps".to_owned());
            return Err(QueryError::Table(error));
        }
    }
    Ok(step)
}

/// Merges rows of one kind after the other, in the same memory.
#[derive(Debug)]
pub(crate) struct Merger<F, const HISTOGRAMS: usize> {
    histogram: HistogramSum,
    sums: Sums<F, HISTOGRAMS>,
}

impl<F, const HISTOGRAMS: usize> Default for Merger<F, HISTOGRAMS> {
    fn default() -> Self {
        Self {
            histogram: HistogramSum::default(),
            sums: Sums::default(),
        }
    }
}

impl<F: AddAssign + Copy + Default, const HISTOGRAMS: usize> Merger<F, HISTOGRAMS> {
    /// Sums up the rows of a kind, which are of `step_seconds`; `ranks` has the position of each
    /// number's key. Hands over the sums of each key and bucket, one or two, in order, with their step: first
    /// those of the rows' own, then those of the next longer one, as far as they are wanted.
    ///
    /// # Errors
    /// [`QueryError::Table`] when bytes of a row are none, and what `see` says.
    pub(crate) fn merge<R: Summands<HISTOGRAMS, Figures = F>, E: From<QueryError>>(
        &mut self,
        (rows, ranks): (&NumberedRows<R>, &[u32]),
        (merging, step_seconds): (Merging, i64),
        is_of_kind: impl Fn(&R, usize) -> bool,
        mut see: impl FnMut(i64, &Sums<F, HISTOGRAMS>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Self { histogram, sums } = self;
        let longer_step = longer_step(step_seconds).filter(|_| merging != Merging::Sums);
        let own_step = (merging != Merging::Longer).then_some(step_seconds);
        for step in own_step.into_iter().chain(longer_step) {
            let memory = (&mut *histogram, &mut *sums);
            sum_up((rows, ranks), step, &is_of_kind, memory, |sums| {
                see(step, sums)
            })?;
        }
        Ok(())
    }
}
