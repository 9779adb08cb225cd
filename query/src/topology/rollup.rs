//! The rows of the table `edges`: calls by bucket of time.
//!
//! A row is what calls add to, or take from, the sums of an edge and a bucket. So the sum of all
//! rows is the figures of all calls of the traces as they are now, whatever the order and the parts
//! in which their spans came.

mod call_sums;
mod dimension;
mod merge;
mod read;
mod writer;

pub(crate) use call_sums::CallSums;
pub(crate) use dimension::EdgeDimension;
pub(crate) use merge::merge_edges;
pub(super) use read::EdgeRows;

#[cfg(test)]
mod tests;
