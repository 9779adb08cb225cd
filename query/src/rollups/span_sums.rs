//! Sums of spans by one thing at a time that tells them apart, in buckets of the first steps.

use arrow_array::RecordBatch;
use schemas::rollups::{FIRST_STEPS, SHORTEST_STEP_OF_ALL};

use super::bucket::ShortBucket;
use super::duration_sum::DurationSum;
use super::minute_sums::{MinuteSums, RowSum};
use super::records::{Record, Records};
use super::red_group::RedGroup;
use super::red_rows::RowsOfStep;
use super::red_writer::{RedWriter, RowSums};
use super::ways::Ways;
use crate::QueryError;
use crate::red::{RedDimension, bucket_of_nanos};
use crate::topology::{CalledOperation, KeptOperations, LinkedSpan, Names, Sign};

/// What a row of the shortest step, and its part of those of the next one, take in files, typically,
/// in bytes.
const ROW_BYTES: usize = 120;

/// In how many ways spans are told apart: one of them is by service, kind and status alone.
const WAYS: usize = RedDimension::OF_ROWS.len();

/// What counts of a span.
#[derive(Clone, Copy, Debug)]
struct SpanRecord {
    /// The number of what it says.
    said: u32,
    bucket: ShortBucket,
    nanos: i64,
}

impl Record for SpanRecord {
    fn bucket(&self) -> ShortBucket {
        self.bucket
    }

    fn sign(&self) -> Sign {
        Sign::Added
    }

    fn duration_rank(&self) -> u32 {
        bucket_of_nanos(self.nanos)
    }
}

/// Spans until they are summed up.
#[derive(Debug, Default)]
pub(super) struct SpanSums {
    /// What spans say has the operation's own name.
    groups: Ways<RedGroup, 3, WAYS>,
    records: Records<SpanRecord>,
}

impl SpanSums {
    /// Counts a span in its groups' buckets.
    pub(super) fn add(&mut self, span: &LinkedSpan, names: &mut Names, kept: &mut KeptOperations) {
        let whole = RedGroup {
            service: span.service,
            name: span.operation,
            kind: span.kind.number(),
            status_code: span.status.number(),
            instance: span.instance,
            version: span.version,
            zone: span.zone,
        };
        let said = self.groups.number_of(whole.code(), || {
            let operation = CalledOperation {
                service: whole.service,
                name: whole.name.unwrap_or_else(|| names.number("")),
            };
            let name = Some(kept.name(operation, names));
            let counted = RedGroup { name, ..whole };
            RedDimension::OF_ROWS.map(|dimension| counted.told_apart_by(dimension))
        });
        self.records.add(SpanRecord {
            said,
            bucket: ShortBucket::of(span.start.0),
            nanos: span.duration_nano,
        });
    }

    /// The memory that the spans take, and that a file of their rows will take, about, in bytes.
    pub(super) fn memory_bytes(&self) -> usize {
        let rows = |groups| self.records.most_rows(groups) * ROW_BYTES;
        self.groups.memory_bytes(rows) + self.records.memory_bytes()
    }

    /// Hands over rows, some at a time, each time of one step and in order.
    pub(super) fn into_rows<E: From<QueryError>>(
        self,
        names: &Names,
        mut see: impl FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let order = names.order();
        let [shortest, _] = FIRST_STEPS;
        let mut of_shortest = RedWriter::new(names, false);
        let mut of_minutes = RedWriter::new(names, true);
        let mut sums = MinuteSums::<DurationSum>::default();
        let mut spans = self.records.in_order();
        let said = |span: &SpanRecord| span.said;
        let ranked = self.groups.ranked(|group| group.place(&order));
        for (dimension, groups) in RedDimension::OF_ROWS.into_iter().zip(ranked) {
            let has_shortest = dimension.is_some() || shortest >= SHORTEST_STEP_OF_ALL;
            spans.each_key(&groups, said, |group, spans| {
                sums.each_row(spans, has_shortest, |row, sum| {
                    let writer = match row.step == shortest {
                        true => &mut of_shortest,
                        false => &mut of_minutes,
                    };
                    let kind = RowsOfStep {
                        step_seconds: row.step,
                        dimension,
                    };
                    let figures = RowSums {
                        count: sum.count(),
                        sum_nano: sum.nanos(),
                        max_nano: sum.longest_nano(),
                    };
                    let histogram = sum.take_histogram();
                    writer.add((kind, group, row.bucket), figures, histogram);
                    match writer.take_when_full()? {
                        Some(rows) => see(rows),
                        None => Ok(()),
                    }
                })
            })?;
        }
        see(of_shortest.take()?)?;
        see(of_minutes.take()?)
    }
}

impl RowSum<SpanRecord> for DurationSum {
    fn add(&mut self, record: &SpanRecord) {
        self.add(record.nanos);
    }

    fn is_empty(&self) -> bool {
        self.count() == 0
    }

    fn clear(&mut self) {
        self.clear();
    }
}
