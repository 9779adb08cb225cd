//! Numbers for what rows are told apart by.

use std::hash::Hash;

use crate::topology::FastMap;

/// Keys by number, in the order in which they were met.
#[derive(Debug)]
pub(crate) struct Numbered<K> {
    keys: Vec<K>,
    numbers: FastMap<K, u32>,
}

impl<K> Default for Numbered<K> {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            numbers: FastMap::default(),
        }
    }
}

impl<K: Copy + Eq + Hash> Numbered<K> {
    pub(crate) fn number_of(&mut self, key: K) -> u32 {
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        let number = u32::try_from(self.keys.len()).expect("fewer keys than spans in memory");
        self.keys.push(key);
        self.numbers.insert(key, number);
        number
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The keys in order, and the position in it of each number.
    pub(crate) fn ranked<P: Ord>(self, place: impl Fn(&K) -> P) -> (Vec<K>, Vec<u32>) {
        let mut keys: Vec<(usize, K)> = self.keys.into_iter().enumerate().collect();
        keys.sort_by_cached_key(|(_, key)| place(key));
        let mut ranks = vec![0; keys.len()];
        for (rank, (number, _)) in (0..).zip(&keys) {
            ranks[*number] = rank;
        }
        (keys.into_iter().map(|(_, key)| key).collect(), ranks)
    }

    /// The memory that the keys take, about, in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.keys.len() * 3 * size_of::<K>()
    }
}
