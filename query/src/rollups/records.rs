//! What rows are sums of: a record for each span or call, put in the order of rows at the end.
//!
//! The sums of all rows are more than caches hold, and spans come in the order of traces. So none
//! is looked up while they come: only the number of what tells rows apart is, and the record is
//! written behind the one before. At the end all are put in the order of minutes and durations once,
//! and then, for each kind of row, in that of its keys: what is summed up stands together, and its
//! durations are sorted.

use std::collections::HashSet;

use schemas::rollups::FIRST_STEPS;

use super::bucket::ShortBucket;
use crate::topology::{FastHashing, Sign};

/// Records that are written one after the other.
const CHUNK: usize = 16 * 1024;

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
    /// Vectors of [`CHUNK`] records: none is moved when more come.
    chunks: Vec<Vec<R>>,
    buckets: HashSet<ShortBucket, FastHashing>,
    last_bucket: Option<ShortBucket>,
}

impl<R> Default for Records<R> {
    fn default() -> Self {
        Self {
            chunks: Vec::new(),
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
        match self.chunks.last_mut() {
            Some(last) if last.len() < CHUNK => last.push(record),
            _ => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(record);
                self.chunks.push(chunk);
            }
        }
    }

    /// How many rows of the shortest step they make, at most, where so many keys tell them apart.
    pub(crate) fn most_rows(&self, keys: usize) -> usize {
        self.len().min(keys.saturating_mul(self.buckets.len()))
    }

    /// The memory that they take, and once more as they are put in order, in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.len() * 2 * size_of::<R>()
    }

    fn len(&self) -> usize {
        self.chunks.iter().map(Vec::len).sum()
    }

    /// All of them, in the order of minutes and durations.
    pub(crate) fn in_order(self) -> RecordsInOrder<R> {
        let Self {
            chunks, buckets, ..
        } = self;
        let mut records = Vec::new();
        let duration = |record: &R| record.duration_rank() as usize;
        put_in_order(|| chunks.iter().flatten(), duration, &mut records);
        drop(chunks);
        let [_, minute] = FIRST_STEPS;
        let minutes = buckets.iter().map(|bucket| bucket.first_in(minute));
        let mut minutes: Vec<ShortBucket> = minutes.collect();
        minutes.sort_unstable();
        minutes.dedup();
        let mut room = Vec::new();
        if minutes.len() > 1 {
            let place = |record: &R| {
                let minute = record.bucket().first_in(minute);
                minutes.partition_point(|one| *one < minute)
            };
            put_in_order(|| records.iter(), place, &mut room);
            std::mem::swap(&mut records, &mut room);
        }
        RecordsInOrder { records, room }
    }
}

/// Records in the order of minutes and durations.
#[derive(Debug)]
pub(crate) struct RecordsInOrder<R> {
    records: Vec<R>,
    /// Memory for as many.
    room: Vec<R>,
}

impl<R: Record> RecordsInOrder<R> {
    /// Hands over the records of each key, by keys in order, where `rank` has a record's position
    /// among them: those of a minute together, the shortest first.
    pub(crate) fn each_key<K, E>(
        &mut self,
        keys: &[K],
        rank: impl Fn(&R) -> u32,
        mut see: impl FnMut(&K, &[R]) -> Result<(), E>,
    ) -> Result<(), E> {
        let rank = |record: &R| rank(record) as usize;
        let ends = put_in_order(|| self.records.iter(), rank, &mut self.room);
        let mut start = 0;
        for (key, end) in keys.iter().zip(ends) {
            see(key, &self.room[start..end as usize])?;
            start = end as usize;
        }
        Ok(())
    }
}

/// Puts records in the order of their places, of which there are few, over what is in `room`; those of
/// one place stay in their order. Where those of each place end.
fn put_in_order<'a, R: Copy + 'a, I: Iterator<Item = &'a R>>(
    records: impl Fn() -> I,
    place: impl Fn(&R) -> usize,
    room: &mut Vec<R>,
) -> Vec<u32> {
    let mut ends = Vec::new();
    for record in records() {
        let place = place(record);
        if place >= ends.len() {
            ends.resize(place + 1, 0_u32);
        }
        ends[place] += 1;
    }
    let mut count = 0;
    for end in &mut ends {
        count += std::mem::replace(end, count);
    }
    if let Some(any) = records().next() {
        room.resize(count as usize, *any);
    }
    // Each goes from where its place starts to where it ends.
    for record in records() {
        let end = &mut ends[place(record)];
        room[*end as usize] = *record;
        *end += 1;
    }
    ends
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
    fn records_come_key_by_key_from_all_chunks_by_minute_and_duration() {
        let mixed = |number: u32| number.wrapping_mul(0x9e37_79b9) >> 7;
        for minutes in [1, 3] {
            let record = |number: u32| {
                let second = i64::from(mixed(number) % (60 * minutes)) - 60;
                Timed(number % 4, second * SECOND, mixed(number) % 1_000)
            };
            let records: Vec<Timed> = (0..2 * CHUNK as u32 + 5).map(record).collect();
            let mut seen = Vec::new();
            // The keys by another order than their numbers, twice.
            for keys in [[3, 1, 0, 2], [0, 1, 2, 3]] {
                let mut in_order = in_order(&records);
                let place = |record: &Timed| keys.iter().position(|key| *key == record.0);
                let rank = |record: &Timed| place(record).expect("a key") as u32;
                for _ in 0..2 {
                    seen.clear();
                    let all = in_order.each_key(&keys, rank, |key, records| {
                        assert!(records.iter().all(|record| record.0 == *key));
                        seen.extend_from_slice(records);
                        Ok::<(), ()>(())
                    });
                    assert_eq!(all, Ok(()));
                    let order = |record: &Timed| {
                        let minute = record.1.div_euclid(60 * SECOND);
                        (rank(record), minute, record.2)
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
        assert_eq!(none.each_key(&[], |_| 0, see), Ok(()));
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
