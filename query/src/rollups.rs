//! Rollups: figures of spans and calls by steps of time.

mod operations;

pub(crate) use operations::OperationLimits;
