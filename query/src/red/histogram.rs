//! Histograms of durations that can be merged and are exact to a tenth of a per cent.
//!
//! The buckets are HdrHistogram's with three significant digits and 1 ns as the lowest value: 1 ns
//! wide below 2,048 ns, then twice as wide with each power of two, so that a bucket is never wider
//! than 1/1024 of its values. Only buckets that hold something take memory, eight bytes each.

mod count;
mod difference;
mod ordered;
mod stored;
mod sum;
mod wire;

use count::BucketCount;
pub(crate) use ordered::OrderedHistogram;
pub(crate) use stored::StoredHistogram;
pub(crate) use sum::HistogramSum;
pub use wire::MalformedHistogram;

/// Sub-buckets of a power of two; the smallest power of two that tells three digits apart.
const SUB_BUCKETS: u64 = 2048;
const HALF: u64 = SUB_BUCKETS / 2;
/// The bits of a value that its sub-bucket keeps.
const KEPT_BITS: u32 = 11;
/// So many single values wait before they are sorted into the buckets.
const PENDING: usize = 1024;
/// Histograms of no more durations are merged by these.
const FEW: u64 = 64;

/// A bucket's number, HdrHistogram's index into its counts.
pub(crate) type Bucket = u32;

/// How often durations occurred, in nanoseconds; negative ones count as zero.
///
/// A percentile is the middle of the bucket that holds it: at most 0.05 % away from the exact
/// value of the sorted list, and exact below 2,048 ns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DurationHistogram {
    /// Buckets that hold something, in order.
    counts: Vec<BucketCount>,
    pending: Vec<Bucket>,
}

impl DurationHistogram {
    /// Counts one duration.
    pub fn record(&mut self, nanos: i64) {
        self.pending.push(bucket_of_nanos(nanos));
        if self.pending.len() >= PENDING {
            self.settle();
        }
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &Self) {
        if other.count() <= FEW {
            self.merge_few(other);
            return;
        }
        self.settle();
        if self.counts.len() < other.counts.len() {
            let fewer = std::mem::replace(&mut self.counts, other.counts.clone());
            merge_into(&mut self.counts, &fewer);
        } else {
            merge_into(&mut self.counts, &other.counts);
        }
        for bucket in &other.pending {
            self.pending.push(*bucket);
        }
        self.settle();
    }

    /// A few durations wait like single ones: many small histograms are merged in little time.
    fn merge_few(&mut self, other: &Self) {
        for held in &other.counts {
            let again = (0..held.count()).map(|_| held.bucket());
            self.pending.extend(again);
        }
        self.pending.extend_from_slice(&other.pending);
        if self.pending.len() >= PENDING {
            self.settle();
        }
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        let counts = self.counts.iter().map(|held| held.count());
        counts.fold(self.pending.len() as u64, u64::saturating_add)
    }

    /// How many durations are at most `nanos`, to the precision of the buckets: those in the bucket
    /// that holds `nanos` count too, though they may be longer by a tenth of a per cent.
    pub fn count_at_most(&mut self, nanos: i64) -> u64 {
        self.settle();
        let last = bucket_of(nanos.max(0).cast_unsigned());
        let within = self.counts.partition_point(|held| held.bucket() <= last);
        self.counts[..within].iter().map(|held| held.count()).sum()
    }

    /// The memory that it takes beside itself, in bytes.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.counts.capacity() * size_of::<BucketCount>()
            + self.pending.capacity() * size_of::<Bucket>()
    }

    /// The durations of so many percentiles, each from 0 to 100, in nanoseconds; none when nothing
    /// was counted. A percentile is the smallest duration that so many per cent do not exceed.
    pub fn percentiles(&mut self, percentiles: &[f64]) -> Option<Vec<i64>> {
        self.settle();
        let total = self.count();
        if total == 0 {
            return None;
        }
        let rank = |percentile: f64| {
            let rank = (percentile / 100.0 * total as f64).ceil();
            (rank as u64).clamp(1, total)
        };
        let mut ranks: Vec<(u64, usize)> = percentiles
            .iter()
            .map(|percentile| rank(*percentile))
            .zip(0..)
            .collect();
        ranks.sort_unstable();
        let mut durations = vec![0; ranks.len()];
        // From the longest duration down: most percentiles that are asked for are high ones.
        let mut counts = self.counts.iter().rev();
        let (mut bucket, mut at_least) = (0, 0_u64);
        for (rank, place) in ranks.into_iter().rev() {
            let longer = total - rank;
            while at_least <= longer
                && let Some(next) = counts.next()
            {
                bucket = next.bucket();
                at_least = at_least.saturating_add(next.count());
            }
            let (low, width) = range_of(bucket);
            durations[place] = to_nanos(low + width / 2);
        }
        Some(durations)
    }

    /// The buckets that hold something, in order: the lowest and the highest duration, in
    /// nanoseconds, and the count.
    pub fn buckets(&mut self) -> impl Iterator<Item = (i64, i64, u64)> + '_ {
        self.settle();
        self.counts.iter().map(|held| {
            let (low, width) = range_of(held.bucket());
            (to_nanos(low), to_nanos(low + (width - 1)), held.count())
        })
    }

    /// Forgets everything but its memory.
    pub(crate) fn clear(&mut self) {
        self.counts.clear();
        self.pending.clear();
    }

    /// Sorts single values that wait into the buckets; nothing else changes.
    pub(crate) fn settle(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        self.pending.sort_unstable();
        let runs = self.pending.chunk_by(|one, next| one == next);
        let added: Vec<_> = runs
            .map(|run| BucketCount::new(run[0], run.len() as u64))
            .collect();
        self.pending.clear();
        merge_into(&mut self.counts, &added);
    }
}

/// Adds an ordered list of counts to another one, where it is; quick when it is much the shorter.
fn merge_into(counts: &mut Vec<BucketCount>, added: &[BucketCount]) {
    // Those in `..end` are to be looked at, and those from `to` on are merged.
    let mut end = counts.len();
    counts.resize(end + added.len(), BucketCount::new(0, 0));
    let mut to = counts.len();
    for more in added.iter().rev() {
        let at = counts[..end].partition_point(|held| held.bucket() < more.bucket());
        let held = counts[at..end].first().copied();
        let held = held.filter(|held| held.bucket() == more.bucket());
        let after = at + usize::from(held.is_some());
        to -= end - after;
        counts.copy_within(after..end, to);
        to -= 1;
        let count = held.map_or(0, BucketCount::count) + more.count();
        counts[to] = BucketCount::new(more.bucket(), count);
        end = at;
    }
    counts.drain(end..to);
}

/// The number of the bucket that holds a duration.
pub(crate) fn bucket_of_nanos(nanos: i64) -> Bucket {
    bucket_of(nanos.max(0).cast_unsigned())
}

/// The number of the bucket that holds a value.
fn bucket_of(value: u64) -> Bucket {
    let highest_bit = 63 - (value | (SUB_BUCKETS - 1)).leading_zeros();
    let power = highest_bit + 1 - KEPT_BITS;
    let sub_bucket = value >> power;
    let index = (u64::from(power) + 1) * HALF + sub_bucket - HALF;
    index as Bucket
}

/// The lowest value of a bucket, and how many values it holds.
fn range_of(bucket: Bucket) -> (u64, u64) {
    let bucket = u64::from(bucket);
    if bucket < SUB_BUCKETS {
        return (bucket, 1);
    }
    let power = bucket / HALF - 1;
    let sub_bucket = bucket % HALF + HALF;
    (sub_bucket << power, 1 << power)
}

fn to_nanos(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
