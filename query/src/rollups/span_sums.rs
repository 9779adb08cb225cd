//! Sums of spans by what tells rows of `red` apart, in buckets of the first steps.

use arrow_array::RecordBatch;
use schemas::rollups::FIRST_STEPS;

use super::bucket::ShortBucket;
use super::duration_sum::DurationSum;
use super::numbered::Numbered;
use super::records::{Record, Records};
use super::red_group::RedGroup;
use super::red_rows::RowsOfStep;
use super::red_writer::{RedWriter, RowSums};
use crate::QueryError;
use crate::topology::{CalledOperation, FastMap, KeptOperations, LinkedSpan, Names};

/// What a row of the shortest step, and its part of those of the next one, take in files, typically,
/// in bytes.
const ROW_BYTES: usize = 120;

/// What counts of a span.
#[derive(Clone, Copy, Debug)]
struct SpanRecord {
    group: u32,
    bucket: ShortBucket,
    nanos: i64,
}

impl Record for SpanRecord {
    fn bucket(&self) -> ShortBucket {
        self.bucket
    }
}

/// Spans until they are summed up.
#[derive(Debug, Default)]
pub(super) struct SpanSums {
    /// The numbers of the groups that spans say are theirs, which have the operation's own name.
    said: FastMap<RedGroup, u32>,
    groups: Numbered<RedGroup>,
    records: Records<SpanRecord>,
}

impl SpanSums {
    /// Counts a span in its group's bucket.
    pub(super) fn add(&mut self, span: &LinkedSpan, names: &mut Names, kept: &mut KeptOperations) {
        let said = RedGroup {
            service: span.service,
            name: span.operation,
            kind: span.kind.number(),
            status_code: span.status.number(),
            instance: span.instance,
            version: span.version,
            zone: span.zone,
        };
        let group = *self.said.entry(said).or_insert_with(|| {
            let operation = CalledOperation {
                service: said.service,
                name: said.name.unwrap_or_else(|| names.number("")),
            };
            let name = Some(kept.name(operation, names));
            self.groups.number_of(RedGroup { name, ..said })
        });
        self.records.add(SpanRecord {
            group,
            bucket: ShortBucket::of(span.start.0),
            nanos: span.duration_nano,
        });
    }

    /// The memory that the spans take, and that a file of their rows will take, about, in bytes.
    pub(super) fn memory_bytes(&self) -> usize {
        let rows = self.records.most_rows(self.groups.len());
        let said = self.said.len() * 2 * size_of::<(RedGroup, u32)>();
        rows * ROW_BYTES + said + self.groups.memory_bytes() + self.records.memory_bytes()
    }

    /// Hands over rows, some at a time, each time of one step and in order.
    pub(super) fn into_rows<E: From<QueryError>>(
        self,
        names: &Names,
        mut see: impl FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let order = names.order();
        let [shortest, minute] = FIRST_STEPS;
        let mut shortest = RowsInStep::new(shortest, RedWriter::new(names, false));
        let mut minutes = RowsInStep::new(minute, RedWriter::new(names, true));
        let place = |group: &RedGroup| group.place(&order);
        let records = self.records;
        let mut spans = records.by_key(self.groups, |span| span.group, place, Vec::new());
        spans.each(|group, spans| {
            shortest.add((group, false), spans, &mut see)?;
            minutes.add((group, false), spans, &mut see)
        })?;
        spans.each_as(RedGroup::total, place, |group, spans| {
            minutes.add((group, true), spans, &mut see)
        })?;
        see(shortest.writer.take()?)?;
        see(minutes.writer.take()?)
    }
}

/// Rows of a step as they are made.
struct RowsInStep<'a> {
    step_seconds: i64,
    writer: RedWriter<'a>,
    durations: DurationSum,
}

impl<'a> RowsInStep<'a> {
    fn new(step_seconds: i64, writer: RedWriter<'a>) -> Self {
        Self {
            step_seconds,
            writer,
            durations: DurationSum::default(),
        }
    }

    /// Adds the rows of a group, or of a total.
    fn add<E: From<QueryError>>(
        &mut self,
        (group, is_total): (&RedGroup, bool),
        spans: &mut [SpanRecord],
        see: &mut impl FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let step_seconds = self.step_seconds;
        spans.sort_unstable_by_key(|span| span.bucket);
        let kind = RowsOfStep {
            step_seconds,
            is_total,
        };
        for spans in spans.chunk_by(|one, next| one.bucket.is_with(next.bucket, step_seconds)) {
            self.durations.sum_up(spans.iter().map(|span| span.nanos));
            let sums = RowSums {
                count: spans.len() as u64,
                sum_nano: self.durations.nanos(),
                max_nano: self.durations.longest_nano(),
            };
            let row = (kind, group, spans[0].bucket.start_in(step_seconds));
            self.writer.add(row, sums, self.durations.histogram());
            if let Some(rows) = self.writer.take_when_full()? {
                see(rows)?;
            }
        }
        Ok(())
    }
}
