//! What rows add to when they are summed up.

use super::bucket::bucket_start;
use super::sums::Summands;
use crate::topology::Sign;

/// A row, and what it adds to, or takes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    bucket: i64,
    /// The position of the key.
    key: u32,
    batch: u32,
    row: u32,
    sign: Sign,
}

impl Part {
    /// The position of the key, and the bucket's start.
    pub(crate) fn place(&self) -> (u32, i64) {
        (self.key, self.bucket)
    }

    pub(crate) fn sign(&self) -> Sign {
        self.sign
    }

    /// The batch that the row is of.
    pub(crate) fn rows<'a, R>(&self, rows: &'a NumberedRows<R>) -> &'a R {
        &rows[self.batch as usize].0
    }

    pub(crate) fn row(&self) -> usize {
        self.row as usize
    }
}

/// Rows, and the number of each one's key.
pub(crate) type NumberedRows<R> = Vec<(R, Vec<u32>)>;

/// The rows that are part of sums by buckets of a step, in order of what they add to, where `ranks`
/// has the position of what each key adds to.
pub(super) fn parts_of<R: Summands<HISTOGRAMS>, const HISTOGRAMS: usize>(
    rows: &NumberedRows<R>,
    ranks: &[u32],
    step_seconds: i64,
    is_part: impl Fn(&R, usize) -> bool,
) -> Vec<Part> {
    let mut parts = Vec::new();
    for (batch, (rows, numbers)) in (0..).zip(rows) {
        for (row, number) in (0..).zip(numbers) {
            if is_part(rows, row as usize) {
                parts.push(Part {
                    bucket: bucket_start(rows.bucket(row as usize), step_seconds),
                    key: ranks[*number as usize],
                    batch,
                    row,
                    sign: rows.sign(row as usize),
                });
            }
        }
    }
    // Rows of a file are in order already, so this mostly merges what files have.
    parts.sort_by_key(|part| (part.place(), part.sign));
    parts
}
