//! What rows add to when they are merged.

use crate::topology::Sign;

/// A row, and what it adds to, or takes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Part {
    /// The position of the key.
    pub(crate) key: u32,
    pub(crate) bucket: i64,
    pub(crate) sign: Sign,
    pub(crate) batch: usize,
    pub(crate) row: usize,
}

impl Part {
    pub(crate) fn place(&self) -> (u32, i64) {
        (self.key, self.bucket)
    }
}

/// Rows, and the number of each one's key.
pub(crate) type NumberedRows<R> = Vec<(R, Vec<u32>)>;

/// The rows that add to something, in order of that, where `ranks` has the position of what each
/// key adds to, and `place` says to which bucket a row adds, if to any, and how.
pub(crate) fn parts_of<R>(
    rows: &NumberedRows<R>,
    ranks: &[u32],
    place: impl Fn(&R, usize) -> Option<(i64, Sign)>,
) -> Vec<Part> {
    let mut parts = Vec::new();
    for (batch, (rows, numbers)) in rows.iter().enumerate() {
        for (row, number) in numbers.iter().enumerate() {
            if let Some((bucket, sign)) = place(rows, row) {
                parts.push(Part {
                    key: ranks[*number as usize],
                    bucket,
                    sign,
                    batch,
                    row,
                });
            }
        }
    }
    parts.sort_unstable();
    parts
}
