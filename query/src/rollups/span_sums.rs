//! Sums of spans by what tells rows of `red` apart: from 10 s to longer steps, and to totals.
//!
//! ```text
//!   spans ──► cells of 10 s ──► 60 s ──► 1 h      a step's totals are made of its cells
//!                  │             │        │
//!                  ▼             ▼        ▼
//!               totals        totals    totals
//! ```
//!
//! The durations of all cells lie in one array, as numbers of histogram buckets, cell after cell.
//! In the order of groups and time, those of a longer step are the ones of its shorter steps side
//! by side: nothing is copied, and nothing is allocated for a cell.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use super::red_sums::{RedGroup, RedGroups};
use crate::red::{ByDigest, Digest, bucket_of_nanos};

/// Where a span counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    group: u32,
    bucket: i64,
}

impl Hash for Place {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let words = [self.group.into(), self.bucket.cast_unsigned()];
        Digest::of(words).hash_into(state);
    }
}

/// The sums of the spans of one group in one bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct SpanSum {
    group: u32,
    pub(super) bucket: i64,
    pub(super) count: u64,
    pub(super) sum_nano: i128,
    pub(super) max_nano: i64,
}

impl SpanSum {
    fn none_of(place: Place) -> Self {
        Self {
            group: place.group,
            bucket: place.bucket,
            count: 0,
            sum_nano: 0,
            max_nano: 0,
        }
    }

    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum_nano += other.sum_nano;
        self.max_nano = self.max_nano.max(other.max_nano);
    }
}

/// Sums while spans are added to them.
#[derive(Debug, Default)]
pub(super) struct SpanSums {
    places: HashMap<Place, u32, ByDigest>,
    sums: Vec<SpanSum>,
    /// The place and the histogram's bucket of each span.
    durations: Vec<(u32, u32)>,
}

/// Sums by group and bucket, in order.
#[derive(Debug)]
pub(super) struct SortedSpanSums {
    sums: Vec<SpanSum>,
    /// The histogram's buckets of the durations of each sum, in order, one sum after another.
    durations: Vec<u32>,
}

impl SpanSums {
    pub(super) fn reserve(&mut self, spans: usize) {
        self.durations.reserve(spans);
    }

    /// Adds a span to the bucket that starts then.
    pub(super) fn add(&mut self, group: u32, bucket: i64, duration_nano: i64) {
        let place = Place { group, bucket };
        let number = *self.places.entry(place).or_insert_with(|| {
            self.sums.push(SpanSum::none_of(place));
            u32::try_from(self.sums.len() - 1).expect("fewer sums than spans in memory")
        });
        let sum = &mut self.sums[number as usize];
        sum.count += 1;
        sum.sum_nano += i128::from(duration_nano);
        sum.max_nano = sum.max_nano.max(duration_nano);
        self.durations
            .push((number, bucket_of_nanos(duration_nano)));
    }

    /// The sums in order, where `ranks` has the place in order of each group.
    pub(super) fn sorted(mut self, ranks: &[u32]) -> SortedSpanSums {
        for sum in &mut self.sums {
            sum.group = ranks[sum.group as usize];
        }
        let mut order: Vec<u32> = (0..).take(self.sums.len()).collect();
        order.sort_unstable_by_key(|number| {
            let sum = &self.sums[*number as usize];
            (sum.group, sum.bucket)
        });
        let mut next = vec![0; order.len()];
        let mut end = 0;
        for number in &order {
            next[*number as usize] = end;
            end += self.sums[*number as usize].count as usize;
        }
        let mut durations = vec![0; end];
        for (number, duration) in self.durations {
            let place = &mut next[number as usize];
            durations[*place] = duration;
            *place += 1;
        }
        let sums = order.iter().map(|number| self.sums[*number as usize]);
        SortedSpanSums {
            sums: sums.collect(),
            durations,
        }
        .with_sorted_durations()
    }
}

impl SortedSpanSums {
    /// The sums of buckets that are each a whole number of these ones.
    pub(super) fn coarser(self, step_nano: i64) -> Self {
        let mut sums: Vec<SpanSum> = Vec::with_capacity(self.sums.len());
        for mut sum in self.sums {
            sum.bucket = bucket_of(sum.bucket, step_nano);
            match sums.last_mut() {
                Some(last) if (last.group, last.bucket) == (sum.group, sum.bucket) => {
                    last.merge(&sum);
                }
                _ => sums.push(sum),
            }
        }
        Self {
            sums,
            durations: self.durations,
        }
        .with_sorted_durations()
    }

    /// The sums of the groups' totals, where `totals` has the total's group of each group.
    pub(super) fn totals(&self, totals: &[u32]) -> Self {
        let mut parts: Vec<(SpanSum, &[u32])> = Vec::with_capacity(self.sums.len());
        parts.extend(self.rows());
        for (sum, _) in &mut parts {
            sum.group = totals[sum.group as usize];
        }
        parts.sort_by_key(|(sum, _)| (sum.group, sum.bucket));
        let mut durations = Vec::with_capacity(self.durations.len());
        for (_, part) in &parts {
            durations.extend_from_slice(part);
        }
        let sums = parts.into_iter().map(|(sum, _)| sum).collect();
        let all = Self { sums, durations };
        // Each bucket stays: only equal ones of several groups become one.
        all.coarser(1)
    }

    /// Each sum and its durations, in order.
    pub(super) fn rows(&self) -> impl Iterator<Item = (SpanSum, &[u32])> {
        let mut rest = self.durations.as_slice();
        self.sums.iter().map(move |sum| {
            let (durations, others) = rest.split_at(sum.count as usize);
            rest = others;
            (*sum, durations)
        })
    }

    /// The group of a sum.
    pub(super) fn group_of<'g>(sum: &SpanSum, groups: &'g [RedGroup]) -> &'g RedGroup {
        &groups[sum.group as usize]
    }

    fn with_sorted_durations(mut self) -> Self {
        let mut rest = self.durations.as_mut_slice();
        for sum in &self.sums {
            let (durations, others) = rest.split_at_mut(sum.count as usize);
            // A stable sort takes what is in order already as it is.
            durations.sort();
            rest = others;
        }
        self
    }
}

/// The groups of totals in order, and the place in it of each group's total.
pub(super) fn totals_of(groups: &[RedGroup]) -> (Vec<RedGroup>, Vec<u32>) {
    let mut totals = RedGroups::default();
    let numbers: Vec<u32> = groups
        .iter()
        .map(|group| totals.number_of(group.total()))
        .collect();
    let (totals, ranks) = totals.ranked();
    let ranked = numbers.into_iter().map(|number| ranks[number as usize]);
    (totals, ranked.collect())
}

/// The start of the bucket that an instant is in.
pub(super) fn bucket_of(instant: i64, step_nano: i64) -> i64 {
    instant.div_euclid(step_nano).saturating_mul(step_nano)
}
