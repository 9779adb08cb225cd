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
fn summed<R: Summands<HISTOGRAMS>, const HISTOGRAMS: usize>(
    rows: &NumberedRows<R>,
    ranks: &[u32],
    step_seconds: i64,
    is_part: impl Fn(&R, usize) -> bool,
    histogram: &mut HistogramSum,
) -> Result<Sums<R::Figures, HISTOGRAMS>, MalformedHistogram> {
    let parts = parts_of(rows, ranks, step_seconds, is_part);
    let most_bytes = parts
        .iter()
        .flat_map(|part| part.rows(rows).histograms(part.row()));
    let mut sums = Sums {
        sums: Vec::new(),
        // What is not written to takes no memory, and what grows is moved.
        bytes: Vec::with_capacity(most_bytes.map(<[u8]>::len).sum()),
    };
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
    Ok(sums)
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

/// What rows of one kind and step become.
#[derive(Debug)]
pub(crate) struct MergedSums<F, const HISTOGRAMS: usize> {
    /// Their sums; none where they are not wanted.
    pub(crate) own: Option<Sums<F, HISTOGRAMS>>,
    /// The sums of the next longer step; none where they are not wanted, or there is none.
    pub(crate) longer: Option<Sums<F, HISTOGRAMS>>,
}

/// Sums up the rows of a kind, which are of `step_seconds`; `ranks` has the position of each number's
/// key.
///
/// # Errors
/// [`MalformedHistogram`] when bytes of a row are none.
pub(crate) fn merged<R: Summands<HISTOGRAMS>, const HISTOGRAMS: usize>(
    rows: &NumberedRows<R>,
    ranks: &[u32],
    (merging, step_seconds): (Merging, i64),
    is_of_kind: impl Fn(&R, usize) -> bool,
    histogram: &mut HistogramSum,
) -> Result<MergedSums<R::Figures, HISTOGRAMS>, MalformedHistogram> {
    let longer_step = longer_step(step_seconds);
    if merging == Merging::Longer {
        let sums = |step| summed(rows, ranks, step, is_of_kind, histogram);
        return Ok(MergedSums {
            own: None,
            longer: longer_step.map(sums).transpose()?,
        });
    }
    let own = summed(rows, ranks, step_seconds, is_of_kind, histogram)?;
    let (own, longer) = match longer_step.filter(|_| merging == Merging::SumsAndLonger) {
        Some(longer_step) => {
            let mut rows = vec![own.into_rows()];
            let longer = summed(&rows, ranks, longer_step, |_, _| true, histogram)?;
            (rows.pop().map(|(own, _)| own), Some(longer))
        }
        None => (Some(own), None),
    };
    Ok(MergedSums { own, longer })
}
