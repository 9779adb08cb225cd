//! Sums of spans by what tells rows of `red` apart: from 10 s to longer steps, and to totals.
//!
//! ```text
//!   spans ──► sums of 10 s ──► 60 s ──► 1 h      a step's totals are made of its sums
//!                  │             │        │
//!                  ▼             ▼        ▼
//!               totals        totals    totals
//! ```

use arrow_array::RecordBatch;
use schemas::rollups::ROLLUP_STEPS;

use super::durations::SortedDurations;
use super::red_group::{RedGroup, RedGroups, totals_of};
use super::red_rows::RowsOfStep;
use super::red_writer::{RedWriter, RowSums};
use super::{BATCH_ROWS, RollUps};
use crate::QueryError;
use crate::red::{bucket_of_nanos, bytes_of_sorted};
use crate::topology::{FastMap, LinkedSpan, Names};

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const FINEST_STEP_NANO: i64 = ROLLUP_STEPS[0] * NANOS_PER_SECOND;

/// What the rows of a sum take in a file, typically, in bytes: of three steps and their totals, which
/// it shares with others.
const ROWS_BYTES: usize = 200;

/// The sums of the spans of one group in one bucket.
#[derive(Clone, Copy, Debug)]
struct SpanSum {
    group: u32,
    bucket: i64,
    count: usize,
    sum_nano: i128,
    max_nano: i64,
}

impl SpanSum {
    fn place(&self) -> (u32, i64) {
        (self.group, self.bucket)
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
    groups: RedGroups,
    /// The numbers of groups, by what spans say: operations by their own names.
    of_spans: FastMap<RedGroup, u32>,
    places: FastMap<(u32, i64), u32>,
    sums: Vec<SpanSum>,
    /// The number of the sum, and the histogram's bucket, of each span.
    durations: Vec<(u32, u32)>,
}

impl SpanSums {
    /// Counts a span in its group's bucket of the shortest step.
    pub(super) fn add(&mut self, span: &LinkedSpan, names: &mut Names, rollups: &RollUps) {
        let said = RedGroup {
            service: span.service,
            name: span.operation,
            kind: span.kind.number(),
            status_code: span.status.number(),
            instance: span.instance,
            version: span.version,
            zone: span.zone,
        };
        let group = *self.of_spans.entry(said).or_insert_with(|| {
            let name = names.text_of(said.name).unwrap_or_default();
            let kept = rollups.kept(names.text_of(said.service), name).to_owned();
            let name = Some(names.number(&kept));
            self.groups.number_of(RedGroup { name, ..said })
        });
        let bucket = bucket_of(span.start.0, FINEST_STEP_NANO);
        let number = *self.places.entry((group, bucket)).or_insert_with(|| {
            self.sums.push(SpanSum {
                group,
                bucket,
                count: 0,
                sum_nano: 0,
                max_nano: 0,
            });
            u32::try_from(self.sums.len() - 1).expect("fewer sums than spans in memory")
        });
        let sum = &mut self.sums[number as usize];
        sum.count += 1;
        sum.sum_nano += i128::from(span.duration_nano);
        sum.max_nano = sum.max_nano.max(span.duration_nano);
        self.durations
            .push((number, bucket_of_nanos(span.duration_nano)));
    }

    /// The memory that the sums take, and that a file of their rows will take, about, in bytes.
    pub(super) fn memory_bytes(&self) -> usize {
        self.sums.len() * (3 * size_of::<SpanSum>() + ROWS_BYTES)
            + self.groups.memory_bytes()
            + self.of_spans.len() * 2 * size_of::<RedGroup>()
            + self.durations.len() * 2 * size_of::<(u32, u32)>()
    }

    /// Hands over the rows of all steps, some at a time: by step, totals last, then by group and
    /// bucket.
    pub(super) fn into_rows<E: From<QueryError>>(
        self,
        names: &Names,
        mut see: impl FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let order = names.order();
        let (groups, ranks) = self.groups.ranked(&order);
        let (total_groups, totals) = totals_of(&groups, &order);
        let mut sums = SortedSpanSums::of(self.sums, self.durations, &ranks);
        let mut writer = RedWriter::new(names);
        let mut durations = Vec::new();
        for step_seconds in ROLLUP_STEPS {
            sums = sums.longer(step_seconds * NANOS_PER_SECOND);
            let total_sums = sums.totals(&totals);
            let both = [(false, &groups, &sums), (true, &total_groups, &total_sums)];
            for (is_total, groups, sums) in both {
                let rows = RowsOfStep {
                    step_seconds,
                    is_total,
                };
                for (sum, buckets) in sums.rows() {
                    bytes_of_sorted(buckets, &mut durations);
                    let row_sums = RowSums {
                        count: sum.count as u64,
                        sum_nano: sum.sum_nano,
                        max_nano: sum.max_nano,
                    };
                    let group = &groups[sum.group as usize];
                    writer.add((rows, group, sum.bucket), row_sums, &durations);
                    if writer.len() == BATCH_ROWS {
                        see(writer.take().map_err(QueryError::from)?)?;
                    }
                }
            }
        }
        see(writer.take().map_err(QueryError::from)?)
    }
}

/// Sums by group and bucket, in order.
#[derive(Debug)]
struct SortedSpanSums {
    sums: Vec<SpanSum>,
    durations: SortedDurations,
}

impl SortedSpanSums {
    /// The sums in order, where `ranks` has the place in order of each group.
    fn of(mut sums: Vec<SpanSum>, durations: Vec<(u32, u32)>, ranks: &[u32]) -> Self {
        for sum in &mut sums {
            sum.group = ranks[sum.group as usize];
        }
        let mut order: Vec<u32> = (0..).take(sums.len()).collect();
        order.sort_unstable_by_key(|number| sums[*number as usize].place());
        Self {
            durations: SortedDurations::of_added(durations.into_iter(), &order, |number| {
                sums[number as usize].count
            }),
            sums: order.iter().map(|number| sums[*number as usize]).collect(),
        }
    }

    /// The sums of buckets that are each a whole number of these ones.
    fn longer(&self, step_nano: i64) -> Self {
        let mut parts: Vec<_> = self.rows().collect();
        for (sum, _) in &mut parts {
            sum.bucket = bucket_of(sum.bucket, step_nano);
        }
        Self::of_parts(&parts)
    }

    /// The sums of the groups' totals, where `totals` has the total's group of each group.
    fn totals(&self, totals: &[u32]) -> Self {
        let mut parts: Vec<_> = self.rows().collect();
        for (sum, _) in &mut parts {
            sum.group = totals[sum.group as usize];
        }
        parts.sort_by_key(|(sum, _)| sum.place());
        Self::of_parts(&parts)
    }

    /// Those of one place as one.
    fn of_parts(parts: &[(SpanSum, &[u32])]) -> Self {
        let mut sums: Vec<SpanSum> = Vec::with_capacity(parts.len());
        let mut durations = Vec::with_capacity(parts.iter().map(|(sum, _)| sum.count).sum());
        for (sum, of_sum) in parts {
            durations.extend_from_slice(of_sum);
            match sums.last_mut() {
                Some(last) if last.place() == sum.place() => last.merge(sum),
                _ => sums.push(*sum),
            }
        }
        Self {
            durations: SortedDurations::of(durations, sums.iter().map(|sum| sum.count)),
            sums,
        }
    }

    /// Each sum and its durations' buckets, in order.
    fn rows(&self) -> impl Iterator<Item = (SpanSum, &[u32])> {
        let mut rest = self.durations.all();
        self.sums.iter().map(move |sum| {
            let (of_sum, others) = rest.split_at(sum.count);
            rest = others;
            (*sum, of_sum)
        })
    }
}

/// The start of the bucket that an instant is in.
fn bucket_of(instant: i64, step_nano: i64) -> i64 {
    instant.div_euclid(step_nano).saturating_mul(step_nano)
}
