//! Sums of spans by what tells rows of `red` apart, in buckets of the shortest step.

use arrow_array::RecordBatch;
use schemas::rollups::ROLLUP_STEPS;

use super::RollUps;
use super::durations::SortedDurations;
use super::numbered::Numbered;
use super::red_group::RedGroup;
use super::red_rows::RowsOfStep;
use super::red_writer::{RedWriter, RowSums};
use crate::QueryError;
use crate::red::{bucket_of_nanos, bytes_of_sorted};
use crate::topology::{FastMap, LinkedSpan, Names};

/// What the row of a sum takes in a file, typically, in bytes.
const ROW_BYTES: usize = 100;

/// The sums of the spans of one group in one bucket.
#[derive(Clone, Copy, Debug)]
struct SpanSum {
    group: u32,
    bucket: i64,
    count: usize,
    sum_nano: i128,
    max_nano: i64,
}

/// Sums while spans are added to them.
#[derive(Debug, Default)]
pub(super) struct SpanSums {
    groups: Numbered<RedGroup>,
    /// The numbers of sums by what spans say, operations by their own names, and the bucket.
    of_spans: FastMap<(RedGroup, i64), u32>,
    /// The numbers of sums by the number of the group, and the bucket.
    places: FastMap<(u32, i64), u32>,
    sums: Vec<SpanSum>,
    /// The number of the sum, and the histogram's bucket, of each span.
    durations: Vec<(u32, u32)>,
}

impl SpanSums {
    /// Counts a span in its group's bucket.
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
        let [shortest, ..] = ROLLUP_STEPS;
        let bucket = bucket_start(span.start.0, shortest);
        let number = match self.of_spans.get(&(said, bucket)) {
            Some(number) => *number,
            None => {
                let number = self.number_of(kept(said, names, rollups), bucket);
                self.of_spans.insert((said, bucket), number);
                number
            }
        };
        let sum = &mut self.sums[number as usize];
        sum.count += 1;
        sum.sum_nano += i128::from(span.duration_nano);
        sum.max_nano = sum.max_nano.max(span.duration_nano);
        self.durations
            .push((number, bucket_of_nanos(span.duration_nano)));
    }

    /// The number of a sum, which may be a new one.
    fn number_of(&mut self, group: RedGroup, bucket: i64) -> u32 {
        let group = self.groups.number_of(group);
        *self.places.entry((group, bucket)).or_insert_with(|| {
            self.sums.push(SpanSum {
                group,
                bucket,
                count: 0,
                sum_nano: 0,
                max_nano: 0,
            });
            u32::try_from(self.sums.len() - 1).expect("fewer sums than spans in memory")
        })
    }

    /// The memory that the sums take, and that a file of their rows will take, about, in bytes.
    pub(super) fn memory_bytes(&self) -> usize {
        self.sums.len() * (3 * size_of::<SpanSum>() + ROW_BYTES)
            + self.groups.memory_bytes()
            + self.of_spans.len() * 2 * size_of::<(RedGroup, i64)>()
            + self.durations.len() * 2 * size_of::<(u32, u32)>()
    }

    /// Hands over fresh rows, some at a time: by group, then by bucket.
    pub(super) fn into_rows<E: From<QueryError>>(
        self,
        names: &Names,
        mut see: impl FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let order = names.order();
        let (groups, ranks) = self.groups.ranked(|group| group.place(&order));
        let mut sums = self.sums;
        for sum in &mut sums {
            sum.group = ranks[sum.group as usize];
        }
        let mut order: Vec<u32> = (0..).take(sums.len()).collect();
        order.sort_unstable_by_key(|number| {
            let sum = &sums[*number as usize];
            (sum.group, sum.bucket)
        });
        let count = |number: u32| sums[number as usize].count;
        let durations = SortedDurations::of_added(self.durations, &order, count);
        let mut rest = durations.all();
        let mut writer = RedWriter::of_fresh(names);
        let mut bytes = Vec::new();
        for number in order {
            let sum = &sums[number as usize];
            let (of_sum, others) = rest.split_at(sum.count);
            rest = others;
            bytes_of_sorted(of_sum, &mut bytes);
            let row_sums = RowSums {
                count: sum.count as u64,
                sum_nano: sum.sum_nano,
                max_nano: sum.max_nano,
            };
            let place = (RowsOfStep::FRESH, &groups[sum.group as usize], sum.bucket);
            writer.add(place, row_sums, &bytes);
            if let Some(rows) = writer.take_when_full()? {
                see(rows)?;
            }
        }
        see(writer.take()?)
    }
}

/// The group with the name by which its operation counts.
fn kept(said: RedGroup, names: &mut Names, rollups: &RollUps) -> RedGroup {
    let name = names.text_of(said.name).unwrap_or_default();
    let kept = rollups.kept(names.text_of(said.service), name).to_owned();
    let name = Some(names.number(&kept));
    RedGroup { name, ..said }
}

/// The start of the bucket of so many seconds that holds an instant, both in nanoseconds.
pub(crate) fn bucket_start(instant: i64, step_seconds: i64) -> i64 {
    let step = step_seconds.saturating_mul(1_000_000_000);
    instant.div_euclid(step).saturating_mul(step)
}
