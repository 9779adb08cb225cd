//! Rollups: figures of spans and calls by steps of time.

mod cover;
mod operations;

pub(crate) use cover::{cover, longest_within};
pub(crate) use operations::OperationLimits;
