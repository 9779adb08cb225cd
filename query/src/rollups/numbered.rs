//! Numbers for what rows are told apart by.

use std::hash::{BuildHasher, Hash};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::topology::FastHashing;

/// Keys by number, in the order in which they were met. Each is there once, so that many fit into a cache.
#[derive(Debug)]
pub(crate) struct Numbered<K> {
    keys: Vec<K>,
    numbers: HashTable<u32>,
}

impl<K> Default for Numbered<K> {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            numbers: HashTable::new(),
        }
    }
}

impl<K: Copy + Eq + Hash> Numbered<K> {
    pub(crate) fn number_of(&mut self, key: K) -> u32 {
        let Self { keys, numbers } = self;
        let hash = |key: &K| FastHashing::default().hash_one(key);
        let of_number = |number: &u32| &keys[*number as usize];
        let is_it = |number: &u32| *of_number(number) == key;
        match numbers.entry(hash(&key), is_it, |number| hash(of_number(number))) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                let number = u32::try_from(keys.len()).expect("fewer keys than spans in memory");
                new.insert(number);
                keys.push(key);
                number
            }
        }
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
