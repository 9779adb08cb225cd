//! Spans that were sent more than once count once.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use schemas::SpanBatch;

use super::span_columns::SpanColumns;
use super::texts::Texts;

/// The spans met so far, each by a digest of all that figures are made of: trace, id, kind, start,
/// duration, status, service, name, instance, version and zone
/// ([`super::span_columns::SpanColumns::identity`]). What a sender's retry repeats is the same in
/// all of them. Spans that differ in one are different ones, such as the halves of an RPC that
/// share an id.
///
/// A span takes sixteen bytes. Two spans of one digest would be needed to lose one: not to be
/// expected in fewer than 2^64 spans that nobody made for that.
#[derive(Debug, Default)]
pub(crate) struct DistinctSpans(HashSet<u128, ByDigest>);

impl DistinctSpans {
    /// Whether the span is new.
    pub(crate) fn insert(&mut self, identity: Digest) -> bool {
        self.0.insert(identity.0)
    }

    /// Notes all spans of a batch.
    pub(crate) fn note(&mut self, batch: &SpanBatch, texts: &mut Texts) {
        let Some(mut columns) = SpanColumns::of(batch) else {
            return;
        };
        for row in 0..batch.rows() {
            let values = columns.values(row, texts);
            self.insert(columns.identity(row, &values));
        }
    }

    /// The memory that the next spans may need, in bytes: the table doubles when it is full.
    pub(super) fn bytes_with(&self, more: usize) -> usize {
        let needed = self.0.len() + more;
        let capacity = if needed > self.0.capacity() {
            2 * needed
        } else {
            self.0.capacity()
        };
        capacity * (size_of::<u128>() + 1) * 8 / 7
    }
}

/// Takes words in, one after another, so that all bits of each reach all bits of the digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digest(u128);

/// An odd number with bits all over: the constant of a well-tested generator (PCG, 128 bits).
const SPREADING: u128 = 0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645;

impl Digest {
    /// The digest of some words.
    pub(crate) fn of(words: impl IntoIterator<Item = u64>) -> Self {
        let start = Self(SPREADING);
        words.into_iter().fold(start, Self::with).with(0)
    }

    /// Each step is a bijection of the state and of the word.
    fn with(self, word: u64) -> Self {
        let spread = (self.0 ^ u128::from(word)).wrapping_mul(SPREADING);
        Self(spread ^ (spread >> 64))
    }

    /// What keys of maps by digest hand to their hasher.
    pub(crate) fn hash_into(self, state: &mut impl Hasher) {
        state.write_u128(self.0);
    }
}

/// For maps whose keys hash as digests: these are mixed already, so half of one is the hash.
pub(crate) type ByDigest = BuildHasherDefault<LowHalf>;

/// See [`ByDigest`].
#[derive(Debug, Default)]
pub(crate) struct LowHalf(u64);

impl Hasher for LowHalf {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, digest: u128) {
        self.0 = digest as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
