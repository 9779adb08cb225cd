//! What rows are told apart by, in several ways at once.

use std::hash::Hash;

use super::numbered::Numbered;
use crate::topology::Words;

/// What is said of spans or calls, by number, and the key that follows from it in each way to tell rows
/// apart. Of all that is said there may be much, of keys there are few in each way.
#[derive(Debug)]
pub(crate) struct Ways<K, const WORDS: usize, const WAYS: usize> {
    said: Numbered<Words<WORDS>>,
    /// By what is said, the numbers of its keys.
    of_said: Vec<[u32; WAYS]>,
    /// By what is said, how often it was.
    times: Vec<u32>,
    keys: [Numbered<K>; WAYS],
}

/// The keys of one way, in order.
#[derive(Debug)]
pub(crate) struct RankedKeys<K> {
    pub(crate) keys: Vec<K>,
    /// By what is said, the position of its key.
    pub(crate) ranks: Vec<u32>,
    /// By key, how often it was said.
    pub(crate) times: Vec<u32>,
}

impl<K, const WORDS: usize, const WAYS: usize> Default for Ways<K, WORDS, WAYS> {
    fn default() -> Self {
        Self {
            said: Numbered::default(),
            of_said: Vec::new(),
            times: Vec::new(),
            keys: std::array::from_fn(|_| Numbered::default()),
        }
    }
}

impl<K: Copy + Eq + Hash, const WORDS: usize, const WAYS: usize> Ways<K, WORDS, WAYS> {
    /// The number of what is said once more, from which `keys` follow.
    pub(crate) fn number_of(
        &mut self,
        said: Words<WORDS>,
        keys: impl FnOnce() -> [K; WAYS],
    ) -> u32 {
        let number = self.said.number_of(said);
        if number as usize == self.of_said.len() {
            let mut numbers = [0; WAYS];
            for ((number, of_way), key) in numbers.iter_mut().zip(&mut self.keys).zip(keys()) {
                *number = of_way.number_of(key);
            }
            self.of_said.push(numbers);
            self.times.push(0);
        }
        self.times[number as usize] += 1;
        number
    }

    /// The number of the key that follows in one way from what is said.
    pub(crate) fn key_number(&self, said: u32, way: usize) -> u32 {
        self.of_said[said as usize][way]
    }

    /// The keys of each way in order.
    pub(crate) fn ranked<P: Ord>(mut self, place: impl Fn(&K) -> P) -> [RankedKeys<K>; WAYS] {
        std::array::from_fn(|way| {
            let (keys, ranks) = std::mem::take(&mut self.keys[way]).ranked(&place);
            let numbers = self.of_said.iter().map(|numbers| numbers[way]);
            let ranks: Vec<u32> = numbers.map(|number| ranks[number as usize]).collect();
            let mut times = vec![0; keys.len()];
            for (rank, said) in ranks.iter().zip(&self.times) {
                times[*rank as usize] += said;
            }
            RankedKeys { keys, ranks, times }
        })
    }

    /// The memory that all of it takes, and what `of_rows` says of so many keys, in bytes.
    pub(crate) fn memory_bytes(&self, of_rows: impl Fn(usize) -> usize) -> usize {
        let keys = self.keys.iter();
        let of_keys = keys.map(|keys| keys.memory_bytes() + of_rows(keys.len()));
        let of_said = self.of_said.len() * size_of::<([u32; WAYS], u32)>();
        of_keys.sum::<usize>() + self.said.memory_bytes() + of_said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_has_the_rank_of_its_key_in_each_way() {
        let mut ways = Ways::<u64, 1, 2>::default();
        // By tens, and by units.
        let mut number_of = |said: u64| ways.number_of(Words([said]), || [said / 10, said % 10]);
        let numbers = [72, 15, 75, 72, 12].map(&mut number_of);
        assert_eq!(numbers, [0, 1, 2, 0, 3]);
        assert_eq!([0, 1].map(|way| ways.key_number(3, way)), [1, 0]);
        let [tens, units] = ways.ranked(|key| *key);
        assert_eq!((tens.keys, tens.ranks), (vec![1, 7], vec![1, 0, 1, 0]));
        assert_eq!((units.keys, units.ranks), (vec![2, 5], vec![0, 1, 1, 0]));
        assert_eq!((tens.times, units.times), (vec![2, 3], vec![3, 2]));
    }
}
