//! The sums of one key's records in the buckets of the first steps.

use schemas::rollups::FIRST_STEPS;

use super::bucket::SHORT_BUCKETS;
use super::records::Record;
use crate::topology::Sign;

const SHORTEST: i64 = FIRST_STEPS[0];
const MINUTE: i64 = FIRST_STEPS[1];

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
        let minute = |record: &R| record.bucket().minute();
        for records in records.chunk_by(|one, next| minute(one) == minute(next)) {
            for record in records {
                let sign = record.sign() as usize;
                self.minute[sign].add(record);
                if wants_shortest {
                    self.shorts[record.bucket().position()][sign].add(record);
                }
            }
            let minute = minute(&records[0]);
            let shorts = (0..).zip(&mut self.shorts);
            let shorts = shorts.map(|(position, sums)| {
                let start = minute.start_of_short(position);
                (SHORTEST, start, sums)
            });
            for (step, bucket, sums) in shorts.chain([(MINUTE, minute.start(), &mut self.minute)]) {
                for (sign, sum) in SIGNS.into_iter().zip(sums) {
                    if !sum.is_empty() {
                        see(SummedRow { step, bucket, sign }, sum)?;
                        sum.clear();
                    }
                }
            }
        }
        Ok(())
    }
}
