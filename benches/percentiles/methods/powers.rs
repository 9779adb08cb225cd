//! Buckets between powers of a number, read as if logarithms were spread evenly between them.

use std::collections::BTreeMap;

use super::super::{Figures, PERCENTILES};

const SECOND: f64 = 1e9;

/// A native histogram of schema 3, which a factor of 1.1 asks for: eight buckets to a power of two,
/// in seconds.
pub(super) fn prometheus_native(values: &[i64]) -> Figures {
    const BUCKETS_A_POWER: f64 = 8.0;
    let bucket_of = |value: i64| ((value as f64 / SECOND).log2() * BUCKETS_A_POWER).ceil() as i32;
    let counts = counted(values, bucket_of);
    PERCENTILES.map(|percentile| {
        let rank = percentile / 100.0 * values.len() as f64;
        let mut below = 0.0;
        for (bucket, count) in &counts {
            let count = *count as f64;
            if below + count >= rank {
                let position = f64::from(*bucket) - 1.0 + (rank - below) / count;
                return (position / BUCKETS_A_POWER).exp2() * SECOND;
            }
            below += count;
        }
        f64::NAN
    })
}

/// TraceQL's buckets end at powers of two of nanoseconds, and begin where the next lower one that
/// holds something ends. A rank that is the last of its bucket is given as the bucket's end.
pub(super) fn traceql(values: &[i64]) -> Figures {
    let counts = counted(values, |value| (value as f64).log2().ceil() as i32);
    PERCENTILES.map(|percentile| {
        let rank = (percentile / 100.0 * values.len() as f64).ceil();
        let mut below = 0.0;
        let mut previous = None;
        for (power, count) in &counts {
            let (power, count) = (f64::from(*power), *count as f64);
            if below + count >= rank {
                let low = previous.unwrap_or(power - 1.0);
                return (low + (power - low) * (rank - below) / count).exp2();
            }
            below += count;
            previous = Some(power);
        }
        f64::NAN
    })
}

fn counted(values: &[i64], bucket_of: impl Fn(i64) -> i32) -> BTreeMap<i32, u64> {
    let mut counts = BTreeMap::new();
    for value in values {
        *counts.entry(bucket_of(*value)).or_default() += 1;
    }
    counts
}
