//! Sums of spans by what tells rows of `red` apart, in buckets of the shortest step.

use arrow_array::RecordBatch;

use super::bucket::ShortBucket;
use super::records::{Record, Records};
use super::red_group::RedGroup;
use super::red_rows::RowsOfStep;
use super::red_writer::{RedWriter, RowSums};
use crate::QueryError;
use crate::red::{bucket_of_nanos, bytes_of_sorted};
use crate::topology::{CalledOperation, KeptOperations, LinkedSpan, Names};

/// What a row takes in a file, typically, in bytes.
const ROW_BYTES: usize = 100;

/// What counts of a span.
#[derive(Clone, Copy, Debug)]
struct SpanRecord {
    group: u32,
    bucket: ShortBucket,
    nanos: i64,
}

impl SpanRecord {
    /// By bucket, then by duration, in one number: comparing two takes longer than all else does.
    fn place(&self) -> i128 {
        (i128::from(self.bucket.number()) << 64) + i128::from(self.nanos)
    }
}

impl Record for SpanRecord {
    fn key(&self) -> u32 {
        self.group
    }

    fn bucket(&self) -> ShortBucket {
        self.bucket
    }
}

/// Spans until they are summed up. What they say is their group with the operation's own name.
#[derive(Debug, Default)]
pub(super) struct SpanSums(Records<RedGroup, RedGroup, SpanRecord>);

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
        let group = self.0.key_of(said, || {
            let operation = CalledOperation {
                service: said.service,
                name: said.name.unwrap_or_else(|| names.number("")),
            };
            let name = Some(kept.name(operation, names));
            RedGroup { name, ..said }
        });
        self.0.add(SpanRecord {
            group,
            bucket: ShortBucket::of(span.start.0),
            nanos: span.duration_nano,
        });
    }

    /// The memory that the spans take, and that a file of their rows will take, about, in bytes.
    pub(super) fn memory_bytes(&self) -> usize {
        self.0.memory_bytes(ROW_BYTES)
    }

    /// Hands over fresh rows, some at a time: by group, then by bucket.
    pub(super) fn into_rows<E: From<QueryError>>(
        self,
        names: &Names,
        mut see: impl FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let order = names.order();
        let mut writer = RedWriter::of_fresh(names);
        let (mut buckets, mut bytes) = (Vec::new(), Vec::new());
        let place = |group: &RedGroup| group.place(&order);
        self.0.each_key(place, |group, spans| {
            spans.sort_unstable_by_key(SpanRecord::place);
            for spans in spans.chunk_by(|one, next| one.bucket == next.bucket) {
                buckets.clear();
                buckets.extend(spans.iter().map(|span| bucket_of_nanos(span.nanos)));
                bytes_of_sorted(&buckets, &mut bytes);
                let nanos = || spans.iter().map(|span| span.nanos);
                let sums = RowSums {
                    count: spans.len() as u64,
                    sum_nano: nanos().map(i128::from).sum(),
                    max_nano: nanos().fold(0, i64::max),
                };
                let bucket = spans[0].bucket.start();
                writer.add((RowsOfStep::FRESH, group, bucket), sums, &bytes);
                if let Some(rows) = writer.take_when_full()? {
                    see(rows)?;
                }
            }
            Ok::<(), E>(())
        })?;
        see(writer.take()?)
    }
}
