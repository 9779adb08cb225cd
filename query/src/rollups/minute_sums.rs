//! The sums of one key's records in the buckets of the first steps.

use schemas::rollups::FIRST_STEPS;

use super::records::Record;
use crate::topology::Sign;

const SHORTEST: i64 = FIRST_STEPS[0];
const MINUTE: i64 = FIRST_STEPS[1];

/// Buckets of the shortest step in a minute.
const SHORT_BUCKETS: usize = (MINUTE / SHORTEST) as usize;

/// In the order of rows.
const SIGNS: [Sign; 2] = [Sign::Added, Sign::Taken];

/// What records of a row add up to.
pub(crate) trait RowSum<R> {
    fn add(&mut self, record: &R);
    fn is_empty(&self) -> bool;
    /// Forgets all, but for the memory.
    fn clear(&mut self);
}

/// The row that a sum is of, where the key is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SummedRow {
    /// The bucket's length, in seconds: one of [`FIRST_STEPS`].
    pub(crate) step: i64,
    /// The bucket's start, in nanoseconds since 1970.
    pub(crate) bucket: i64,
    pub(crate) sign: Sign,
}

/// Sums up the records of one key after the other, in the same memory.
#[derive(Debug, Default)]
pub(crate) struct MinuteSums<S> {
    minute: [S; SIGNS.len()],
    shorts: [[S; SIGNS.len()]; SHORT_BUCKETS],
}

impl<S> MinuteSums<S> {
    /// Hands over the sums of a key's records, those of a minute together: rows of minutes and, where
    /// they are wanted, of the shortest step, each step's in the order of time.
    pub(crate) fn each_row<R: Record, E>(
        &mut self,
        records: &[R],
        wants_shortest: bool,
        mut see: impl FnMut(SummedRow, &mut S) -> Result<(), E>,
    ) -> Result<(), E>
    where
        S: RowSum<R>,
    {
        let is_with = |one: &R, next: &R| one.bucket().is_with(next.bucket(), MINUTE);
        for records in records.chunk_by(is_with) {
            for record in records {
                let sign = record.sign() as usize;
                self.minute[sign].add(record);
                if wants_shortest {
                    self.shorts[record.bucket().position_in(MINUTE)][sign].add(record);
                }
            }
            let first = records[0].bucket().first_in(MINUTE);
            let shorts = (0..).zip(&mut self.shorts);
            let shorts = shorts.map(|(position, sums)| (SHORTEST, first.later_by(position), sums));
            for (step, bucket, sums) in shorts.chain([(MINUTE, first, &mut self.minute)]) {
                for (sign, sum) in SIGNS.into_iter().zip(sums) {
                    if !sum.is_empty() {
                        let bucket = bucket.start_in(step);
                        see(SummedRow { step, bucket, sign }, sum)?;
                        sum.clear();
                    }
                }
            }
        }
        Ok(())
    }
}
