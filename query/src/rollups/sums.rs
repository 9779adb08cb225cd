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
    /// The number of the key of a row that is part of it.
    number: u32,
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

    /// The sums as rows to be summed up further.
    fn into_rows(self) -> (Self, Vec<u32>) {
        let numbers = self.sums.iter().map(|sum| sum.number).collect();
        (self, numbers)
    }
}

impl<F: AddAssign + Copy + Default, const HISTOGRAMS: usize> Summands<HISTOGRAMS>
    for Sums<F, HISTOGRAMS>
{
    type Figures = F;

    fn bucket(&self, row: usize) -> i64 {
        self.sums[row].bucket
    }

    fn sign(&self, row: usize) -> Sign {
        self.sums[row].sign
    }

    fn figures(&self, row: usize) -> F {
        self.sums[row].figures
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
/// sign; `ranks` has the position of what the key of each number becomes.
///
/// # Errors
/// [`MalformedHistogram`] when bytes of a row are none.
fn sum_up<R: Summands<HISTOGRAMS>, const HISTOGRAMS: usize>(
    rows: &NumberedRows<R>,
    ranks: &[u32],
    step_seconds: i64,
    is_part: impl Fn(&R, usize) -> bool,
    (histogram, sums): (&mut HistogramSum, &mut Sums<R::Figures, HISTOGRAMS>),
) -> Result<(), MalformedHistogram> {
    sums.clear();
    let parts = parts_of(rows, ranks, step_seconds, is_part);
    for parts in parts.chunk_by(|one, next| one.place() == next.place()) {
        let first = &parts[0];
        let mut figures = R::Figures::default();
        for part in parts {
            figures += part.rows(rows).figures(part.row());
        }
        let mut ends = [0; HISTOGRAMS];
        for (position, end) in ends.iter_mut().enumerate() {
            let of_part = |part: &Part| part.rows(rows).histograms(part.row())[position];
            if let [only] = parts {
                sums.bytes.extend_from_slice(of_part(only));
            } else {
                for part in parts {
                    histogram.add_bytes(of_part(part), 1)?;
                }
                histogram.take_bytes(&mut sums.bytes);
            }
            *end = sums.bytes.len();
        }
        let (key, bucket, sign) = first.place();
        sums.sums.push(Sum {
            key,
            bucket,
            sign,
            figures,
            number: first.number(rows),
            ends,
        });
    }
    Ok(())
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
    own: Sums<F, HISTOGRAMS>,
    longer: Sums<F, HISTOGRAMS>,
}

impl<F, const HISTOGRAMS: usize> Default for Merger<F, HISTOGRAMS> {
    fn default() -> Self {
        Self {
            histogram: HistogramSum::default(),
            own: Sums::default(),
            longer: Sums::default(),
        }
    }
}

/// What rows of one kind and step become.
#[derive(Debug)]
pub(crate) struct MergedSums<'a, F, const HISTOGRAMS: usize> {
    /// Their sums; none where they are not wanted.
    pub(crate) own: Option<&'a Sums<F, HISTOGRAMS>>,
    /// The sums of the next longer step; none where they are not wanted, or there is none.
    pub(crate) longer: Option<&'a Sums<F, HISTOGRAMS>>,
}

impl<F: AddAssign + Copy + Default, const HISTOGRAMS: usize> Merger<F, HISTOGRAMS> {
    /// Sums up the rows of a kind, which are of `step_seconds`; `ranks` has the position of each
    /// number's key.
    ///
    /// # Errors
    /// [`MalformedHistogram`] when bytes of a row are none.
    pub(crate) fn merge<R: Summands<HISTOGRAMS, Figures = F>>(
        &mut self,
        rows: &NumberedRows<R>,
        ranks: &[u32],
        (merging, step_seconds): (Merging, i64),
        is_of_kind: impl Fn(&R, usize) -> bool,
    ) -> Result<MergedSums<'_, F, HISTOGRAMS>, MalformedHistogram> {
        let longer_step = longer_step(step_seconds).filter(|_| merging != Merging::Sums);
        let wants_own = merging != Merging::Longer;
        if wants_own {
            let sums = (&mut self.histogram, &mut self.own);
            sum_up(rows, ranks, step_seconds, &is_of_kind, sums)?;
        }
        let sums = (&mut self.histogram, &mut self.longer);
        match longer_step {
            Some(step) if wants_own => {
                let mut rows = vec![std::mem::take(&mut self.own).into_rows()];
                sum_up(&rows, ranks, step, |_, _| true, sums)?;
                self.own = rows.pop().map(|(own, _)| own).unwrap_or_default();
            }
            Some(step) => sum_up(rows, ranks, step, is_of_kind, sums)?,
            None => {}
        }
        Ok(MergedSums {
            own: wants_own.then_some(&self.own),
            longer: longer_step.map(|_| &self.longer),
        })
    }
}
