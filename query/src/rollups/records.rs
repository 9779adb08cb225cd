//! What rows are sums of: a record for each span or call, put in the order of rows at the end.
//!
//! The sums of all rows are more than caches hold, and spans come in the order of traces. So none
//! is looked up while they come: only the number of what tells rows apart is, and the record is
//! written behind the one before. At the end all are put in the order of minutes and durations once,
//! and then, for each kind of row, in that of its keys: what is summed up stands together, and its
//! durations are sorted.

use std::collections::HashSet;

use super::bucket::{Minute, ShortBucket};
use super::ways::RankedKeys;
use crate::topology::{FastHashing, Sign};

/// There is room for so many from the start, so that seldom any is moved as more come. Room that is not
/// written to takes no memory.
const FIRST_ROOM: usize = 256 * 1024;

/// What a row is a sum of.
pub(crate) trait Record: Copy {
    fn bucket(&self) -> ShortBucket;
    fn sign(&self) -> Sign;
    /// A small number that grows with the duration.
    fn duration_rank(&self) -> u32;
}

/// Records as they came.
#[derive(Debug)]
pub(crate) struct Records<R> {
    records: Vec<R>,
    buckets: HashSet<ShortBucket, FastHashing>,
    last_bucket: Option<ShortBucket>,
}

impl<R> Default for Records<R> {
    fn default() -> Self {
        Self {
            records: Vec::with_capacity(FIRST_ROOM),
            buckets: HashSet::default(),
            last_bucket: None,
        }
    }
}

impl<R: Record> Records<R> {
    pub(crate) fn add(&mut self, record: R) {
        // Those of a trace are mostly of one bucket.
        if self.last_bucket.replace(record.bucket()) != Some(record.bucket()) {
            self.buckets.insert(record.bucket());
        }
        self.records.push(record);
    }

    /// How many rows of the shortest step they make, at most, where so many keys tell them apart.
    pub(crate) fn most_rows(&self, keys: usize) -> usize {
        self.records
            .len()
            .min(keys.saturating_mul(self.buckets.len()))
    }

    /// The memory that they take, and once more as they are put in order, in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.records.len() * 2 * size_of::<R>()
    }

    /// All of them, in the order of minutes and durations.
    pub(crate) fn in_order(self) -> RecordsInOrder<R> {
        let Self {
            mut records,
            buckets,
            ..
        } = self;
        let mut room = Vec::new();
        put_in_order(
            &mut records,
            |record| record.duration_rank() as usize,
            &mut room,
        );
        let mut minutes: Vec<Minute> = buckets.iter().map(|bucket| bucket.minute()).collect();
        minutes.sort_unstable();
        minutes.dedup();
        if minutes.len() > 1 {
            let place = |record: &R| {
                let minute = record.bucket().minute();
                minutes.partition_point(|one| *one < minute)
            };
            put_in_order(&mut records, place, &mut room);
        }
        RecordsInOrder { records, room }
    }
}

/// Records in the order of minutes and durations.
#[derive(Debug)]
pub(crate) struct RecordsInOrder<R> {
    records: Vec<R>,
    /// Memory for as many records.
    room: Vec<R>,
}

impl<R: Record> RecordsInOrder<R> {
    /// Hands over the records of each key, by keys in order: those of a minute together, the shortest
    /// first. The keys are those of what the records say, by its number in `said`; it was said as often as
    /// there are records.
    pub(crate) fn each_key<K, E>(
        &mut self,
        RankedKeys { keys, ranks, times }: &RankedKeys<K>,
        said: impl Fn(&R) -> u32,
        mut see: impl FnMut(&K, &[R]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut ends = times.clone();
        let rank = |record: &R| ranks[said(record) as usize] as usize;
        put_in_places(&self.records, rank, &mut ends, &mut self.room);
        let mut start = 0;
        for (key, end) in keys.iter().zip(ends) {
            see(key, &self.room[start..end as usize])?;
            start = end as usize;
        }
        Ok(())
    }
}

/// Puts records in the order of their places, of which there are few; those of one place stay in their
/// order. What is in `room` is lost.
fn put_in_order<R: Copy>(records: &mut Vec<R>, place: impl Fn(&R) -> usize, room: &mut Vec<R>) {
    let mut counts = counts(records, &place);
    put_in_places(records, place, &mut counts, room);
    std::mem::swap(records, room);
}

/// How many records are of each place.
fn counts<R>(records: &[R], place: impl Fn(&R) -> usize) -> Vec<u32> {
    let mut counts = Vec::new();
    for record in records {
        let place = place(record);
        if place >= counts.len() {
            counts.resize(place + 1, 0);
        }
        counts[place] += 1;
    }
    counts
}

/// Writes records to `room` in the order of their places, where it is known how many are of each; then
/// it is where they end.
fn put_in_places<R: Copy>(
    records: &[R],
    place: impl Fn(&R) -> usize,
    counts: &mut [u32],
    room: &mut Vec<R>,
) {
    let mut all = 0;
    for count in counts.iter_mut() {
        all += std::mem::replace(count, all);
    }
    if let Some(any) = records.first() {
        room.resize(records.len(), *any);
    }
    // Each goes from where its place starts to where it ends.
    for record in records {
        let end = &mut counts[place(record)];
        room[*end as usize] = *record;
        *end += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    /// Key, start and duration.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    struct Timed(u32, i64, u32);

    impl Record for Timed {
        fn bucket(&self) -> ShortBucket {
            ShortBucket::of(self.1)
        }

        fn sign(&self) -> Sign {
            Sign::Added
        }

        fn duration_rank(&self) -> u32 {
            self.2
        }
    }

    fn in_order(records: &[Timed]) -> RecordsInOrder<Timed> {
        let mut all = Records::default();
        records.iter().for_each(|record| all.add(*record));
        all.in_order()
    }

    #[test]
    fn records_come_key_by_key_by_minute_and_duration() {
        let mixed = |number: u32| number.wrapping_mul(0x9e37_79b9) >> 7;
        for minutes in [1, 3] {
            let record = |number: u32| {
                let second = i64::from(mixed(number) % (60 * minutes)) - 60;
                Timed(number % 4, second * SECOND, mixed(number) % 1_000)
            };
            let records: Vec<Timed> = (0..40_000).map(record).collect();
            let mut seen = Vec::new();
            // The keys by another order than their numbers, twice.
            for keys in [[3, 1, 0, 2], [0, 1, 2, 3]] {
                let mut in_order = in_order(&records);
                let rank = |said| keys.iter().position(|key| *key == said).expect("a key") as u32;
                let ranked = RankedKeys {
                    keys: keys.to_vec(),
                    ranks: (0..4).map(rank).collect(),
                    times: vec![10_000; 4],
                };
                for _ in 0..2 {
                    seen.clear();
                    let all = in_order.each_key(
                        &ranked,
                        |record| record.0,
                        |key, records| {
                            assert!(records.iter().all(|record| record.0 == *key));
                            seen.extend_from_slice(records);
                            Ok::<(), ()>(())
                        },
                    );
                    assert_eq!(all, Ok(()));
                    let order = |record: &Timed| {
                        let minute = record.1.div_euclid(60 * SECOND);
                        (rank(record.0), minute, record.2)
                    };
                    assert!(seen.is_sorted_by_key(order));
                }
            }
            let (mut seen, mut records) = (seen, records);
            seen.sort_unstable();
            records.sort_unstable();
            assert!(seen == records);
        }
    }

    #[test]
    fn no_records_have_no_keys() {
        let mut none = in_order(&[]);
        let see = |_: &u32, _: &[Timed]| Err(());
        let no_keys = RankedKeys {
            keys: Vec::new(),
            ranks: Vec::new(),
            times: Vec::new(),
        };
        assert_eq!(none.each_key(&no_keys, |record| record.0, see), Ok(()));
    }

    #[test]
    fn rows_are_reckoned_by_keys_and_buckets() {
        let mut records = Records::<Timed>::default();
        let mut rows = |keys, start| {
            records.add(Timed(0, start, 0));
            records.most_rows(keys)
        };
        assert_eq!(rows(1, 0), 1);
        assert_eq!(rows(1, 1), 1, "the same row");
        assert_eq!(rows(2, 0), 2, "another key");
        let message = "another bucket, which each key may have";
        assert_eq!(rows(2, 10 * SECOND), 4, "{message}");
    }
}
