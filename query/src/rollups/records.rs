//! What rows are sums of: a record for each span or call, put in the order of rows at the end.
//!
//! The sums of all rows are more than caches hold, and spans come in the order of traces. So none
//! is looked up while they come: only the number of what tells rows apart is, and the record is
//! written behind the one before.

use std::collections::HashSet;
use std::hash::Hash;

use super::bucket::ShortBucket;
use super::numbered::Numbered;
use crate::topology::FastHashing;

/// Records that are written one after the other.
const CHUNK: usize = 16 * 1024;

/// What a row is a sum of.
pub(crate) trait Record: Copy {
    fn bucket(&self) -> ShortBucket;
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

    /// The records in the order of their keys, whose numbers `number` has; in `room`, whatever is there.
    pub(crate) fn by_key<K: Copy + Eq + Hash, P: Ord>(
        &self,
        keys: Numbered<K>,
        number: impl Fn(&R) -> u32,
        place: impl Fn(&K) -> P,
        mut room: Vec<R>,
    ) -> RecordsByKey<K, R> {
        let (keys, ranks) = keys.ranked(place);
        let rank = |record: &R| ranks[number(record) as usize] as usize;
        let all = || self.chunks.iter().flatten();
        let mut ends = vec![0; keys.len()];
        for record in all() {
            ends[rank(record)] += 1;
        }
        let mut count = 0;
        for end in &mut ends {
            count += std::mem::replace(end, count);
        }
        // Each goes from where its key's records start to where they end.
        if let Some(any) = all().next() {
            room.resize(count, *any);
        }
        for record in all() {
            let place = &mut ends[rank(record)];
            room[*place] = *record;
            *place += 1;
        }
        RecordsByKey {
            keys,
            ends,
            records: room,
        }
    }
}

/// Records in the order of what tells their rows apart, but for the bucket.
#[derive(Debug)]
pub(crate) struct RecordsByKey<K, R> {
    keys: Vec<K>,
    /// Where each key's records end.
    ends: Vec<usize>,
    records: Vec<R>,
}

impl<K: Copy + Eq + Hash, R: Record> RecordsByKey<K, R> {
    /// The room that they took.
    pub(crate) fn into_room(self) -> Vec<R> {
        self.records
    }

    /// Hands over the records of each key, by that in order; those of one are in no order.
    pub(crate) fn each<E>(
        &mut self,
        mut see: impl FnMut(&K, &mut [R]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut start = 0;
        for (key, end) in self.keys.iter().zip(&self.ends) {
            see(key, &mut self.records[start..*end])?;
            start = *end;
        }
        Ok(())
    }

    /// Hands over the records of what keys become, by that in order; those of one are in no order.
    pub(crate) fn each_as<P: Ord, E>(
        &self,
        to_key: impl Fn(&K) -> K,
        place: impl Fn(&K) -> P,
        mut see: impl FnMut(&K, &mut [R]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut become_keys = Numbered::default();
        let keys = self.keys.iter();
        let numbers: Vec<u32> = keys.map(|key| become_keys.number_of(to_key(key))).collect();
        let (keys, ranks) = become_keys.ranked(place);
        let ranked = numbers.into_iter().map(|number| ranks[number as usize]);
        let mut order: Vec<(u32, usize)> = ranked.zip(0..).collect();
        order.sort_unstable();
        let mut records = Vec::new();
        for (key, parts) in keys.iter().zip(order.chunk_by(|one, next| one.0 == next.0)) {
            records.clear();
            for (_, part) in parts {
                let start = part.checked_sub(1).map_or(0, |before| self.ends[before]);
                records.extend_from_slice(&self.records[start..self.ends[*part]]);
            }
            see(key, &mut records)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    struct Word(u32, i64);

    impl Record for Word {
        fn bucket(&self) -> ShortBucket {
            ShortBucket::of(self.1)
        }
    }

    #[test]
    fn records_come_key_by_key_from_all_chunks() {
        // The key that is met last comes first.
        let key_of = |number: usize| (6 - number % 7) / 2;
        let mut keys = Numbered::<usize>::default();
        let mut records = Records::<Word>::default();
        let mut expect = vec![Vec::new(); 4];
        for number in 0..2 * CHUNK + 5 {
            records.add(Word(keys.number_of(key_of(number)), number as i64));
            expect[key_of(number)].push(number as i64);
        }
        let times = |words: &[Word]| {
            let mut times: Vec<i64> = words.iter().map(|word| word.1).collect();
            times.sort_unstable();
            times
        };
        let mut records = records.by_key(keys, |word| word.0, |key| *key, Vec::new());
        let mut seen = Vec::new();
        let all = records.each(|key, words| {
            seen.push((*key, times(words)));
            Ok::<(), ()>(())
        });
        assert_eq!(all, Ok(()));
        assert!(seen.iter().map(|(key, _)| *key).eq(0..4));
        assert!(seen.iter().map(|(_, times)| times).eq(&expect));
        let mut seen = Vec::new();
        let all = records.each_as(
            |key| 9 - key % 2,
            |key| *key,
            |key, words| {
                seen.push((*key, times(words)));
                Ok::<(), ()>(())
            },
        );
        assert_eq!(all, Ok(()));
        let of = |one: usize, other: usize| {
            let mut times = [expect[one].as_slice(), &expect[other]].concat();
            times.sort_unstable();
            times
        };
        assert!(seen == [(8, of(1, 3)), (9, of(0, 2))]);
    }

    #[test]
    fn rows_are_reckoned_by_keys_and_buckets() {
        let mut keys = Numbered::<u32>::default();
        let mut records = Records::<Word>::default();
        let mut rows = |key, start| {
            records.add(Word(keys.number_of(key), start));
            records.most_rows(keys.len())
        };
        assert_eq!(rows(1, 0), 1);
        assert_eq!(rows(1, 1), 1, "the same row");
        assert_eq!(rows(2, 0), 2, "another key");
        let message = "another bucket, which each key may have";
        assert_eq!(rows(2, 10_000_000_000), 4, "{message}");
    }
}
