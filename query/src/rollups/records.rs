//! What rows are sums of: a record for each span or call, put in the order of rows at the end.
//!
//! The sums of all rows are more than caches hold, and spans come in the order of traces. So none
//! is looked up while they come: only the number of what tells rows apart is, and the record is
//! written behind the one before.

use std::collections::HashSet;
use std::hash::Hash;

use super::bucket::ShortBucket;
use super::numbered::Numbered;
use crate::topology::{FastHashing, FastMap};

/// Records that are written one after the other.
const CHUNK: usize = 16 * 1024;

/// What a row is a sum of.
pub(crate) trait Record: Copy {
    /// The number of what tells its row apart, but for the bucket.
    fn key(&self) -> u32;
    fn bucket(&self) -> ShortBucket;
}

/// Records of rows that are told apart by `K` and the bucket. `S` is what is said of a record, from
/// which `K` is made.
#[derive(Debug)]
pub(crate) struct Records<S, K, R> {
    /// The number of the key that was made of it.
    said: FastMap<S, u32>,
    keys: Numbered<K>,
    /// As they came, in vectors of [`CHUNK`] records: none is moved when more come.
    chunks: Vec<Vec<R>>,
    buckets: HashSet<ShortBucket, FastHashing>,
    last_bucket: Option<ShortBucket>,
}

impl<S, K, R> Default for Records<S, K, R> {
    fn default() -> Self {
        Self {
            said: FastMap::default(),
            keys: Numbered::default(),
            chunks: Vec::new(),
            buckets: HashSet::default(),
            last_bucket: None,
        }
    }
}

impl<S: Copy + Eq + Hash, K: Copy + Eq + Hash, R: Record> Records<S, K, R> {
    /// The number of the key of what is said, which is made when it is said first.
    pub(crate) fn key_of(&mut self, said: S, make: impl FnOnce() -> K) -> u32 {
        if let Some(number) = self.said.get(&said) {
            return *number;
        }
        let number = self.keys.number_of(make());
        self.said.insert(said, number);
        number
    }

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

    /// The memory that all this takes, and that a file of its rows will take, about, in bytes, where
    /// a row takes so many.
    pub(crate) fn memory_bytes(&self, row_bytes: usize) -> usize {
        let places = self.keys.len().saturating_mul(self.buckets.len());
        let records: usize = self.chunks.iter().map(Vec::len).sum();
        let rows = records.min(places);
        rows * row_bytes
            + self.keys.memory_bytes()
            + self.said.len() * 2 * size_of::<(S, u32)>()
            + records * 2 * size_of::<R>()
    }

    /// Hands over the records of each key, keys in order; those of a key are in no order.
    pub(crate) fn each_key<P: Ord, E>(
        self,
        place: impl Fn(&K) -> P,
        mut see: impl FnMut(&K, &mut [R]) -> Result<(), E>,
    ) -> Result<(), E> {
        let (keys, ranks) = self.keys.ranked(place);
        let all = || self.chunks.iter().flatten();
        let rank = |record: &R| ranks[record.key() as usize] as usize;
        let mut ends = vec![0; keys.len()];
        for record in all() {
            ends[rank(record)] += 1;
        }
        let mut count = 0;
        for end in &mut ends {
            count += std::mem::replace(end, count);
        }
        // Each goes from where its key's records start to where they end.
        let mut order = vec![0u32; count];
        for (position, record) in (0..).zip(all()) {
            let place = &mut ends[rank(record)];
            order[*place] = position;
            *place += 1;
        }
        let record = |position: &u32| {
            let position = *position as usize;
            self.chunks[position / CHUNK][position % CHUNK]
        };
        let (mut start, mut of_key) = (0, Vec::new());
        for (key, end) in keys.iter().zip(ends) {
            of_key.clear();
            of_key.extend(order[start..end].iter().map(record));
            start = end;
            see(key, &mut of_key)?;
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
        fn key(&self) -> u32 {
            self.0
        }

        fn bucket(&self) -> ShortBucket {
            ShortBucket::of(self.1)
        }
    }

    #[test]
    fn records_come_key_by_key_from_all_chunks() {
        // Two words make one key; what is said last comes first.
        let said = |number: usize| 6 - number % 7;
        let mut records = Records::<usize, usize, Word>::default();
        let count = 2 * CHUNK + 5;
        let mut expect = vec![Vec::new(); 4];
        for number in 0..count {
            let key = records.key_of(said(number), || said(number) / 2);
            records.add(Word(key, number as i64));
            expect[said(number) / 2].push(number as i64);
        }
        let mut seen = Vec::new();
        let all = records.each_key(
            |key| *key,
            |key, of_key| {
                of_key.sort_unstable();
                seen.push((*key, of_key.iter().map(|word| word.1).collect::<Vec<_>>()));
                Ok::<(), ()>(())
            },
        );
        assert_eq!(all, Ok(()));
        assert_eq!(seen, expect.into_iter().enumerate().collect::<Vec<_>>());
    }

    #[test]
    fn rows_are_reckoned_by_keys_and_buckets() {
        let mut records = Records::<u32, u32, Word>::default();
        let mut memory = |key, start| {
            let before = records.memory_bytes(1_000_000);
            let key = records.key_of(key, || key);
            records.add(Word(key, start));
            (records.memory_bytes(1_000_000) - before) / 1_000_000
        };
        assert_eq!(memory(1, 0), 1);
        assert_eq!(memory(1, 1), 0, "the same row");
        assert_eq!(memory(2, 0), 1, "another key");
        assert_eq!(
            memory(2, 10_000_000_000),
            2,
            "another bucket, which each key may have"
        );
    }
}
