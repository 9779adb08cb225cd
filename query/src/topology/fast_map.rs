//! Maps by keys that are made of small numbers of our own.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// A map whose keys are numbers that were given out here, such as a
/// [`Name`](super::names::Name): nobody who sends spans chooses them, so the hash need not
/// withstand an adversary, and is many times faster than the standard one.
pub(crate) type FastMap<K, V> = HashMap<K, V, FastHashing>;

/// A key of few words, each of which is hashed as one.
#[derive(Clone, Copy, Debug, Eq)]
pub(crate) struct Words<const COUNT: usize>(pub(crate) [u64; COUNT]);

impl<const COUNT: usize> PartialEq for Words<COUNT> {
    /// All at once: most that are compared are equal.
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        let pairs = self.0.into_iter().zip(other.0);
        pairs.fold(0, |rest, (one, other)| rest | (one ^ other)) == 0
    }
}

impl<const COUNT: usize> Hash for Words<COUNT> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.into_iter().for_each(|word| state.write_u64(word));
    }
}

/// How a [`FastMap`] hashes.
pub(crate) type FastHashing = BuildHasherDefault<MixingHasher>;

/// Mixes numbers by multiplication; both halves of the product count.
#[derive(Debug, Default)]
pub(crate) struct MixingHasher(u64);

/// The fractional part of the golden ratio: an odd number whose bits have no pattern.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for MixingHasher {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_i32(&mut self, number: i32) {
        self.write_u32(number.cast_unsigned());
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        let mixed = u128::from(self.0 ^ number ^ MULTIPLIER) * u128::from(MULTIPLIER);
        self.0 = (mixed >> 64) as u64 ^ mixed as u64;
    }

    fn write_i64(&mut self, number: i64) {
        self.write_u64(number.cast_unsigned());
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u64(number as u64);
    }
}
