//! Tells spans of one id apart by their whole content.

use std::cmp::Ordering;
use std::fmt::{self, Write};
use std::hash::{DefaultHasher, Hasher};

use schemas::Span;

/// A digest of everything that a span says, by which spans are put in an order that depends on
/// nothing else: not on where they are stored.
///
/// It is taken of the span's debug text, which has every field by construction, tells types and
/// signed zeros apart, and holds a NaN equal to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ContentDigest([u64; 2]);

struct Digesting([DefaultHasher; 2]);

impl ContentDigest {
    pub(super) fn of(span: &Span) -> Self {
        // The hasher's keys are fixed, so a digest is the same in each process; two of them with
        // different beginnings make equal digests of different spans a practical impossibility.
        let mut digesting = Digesting([DefaultHasher::new(), DefaultHasher::new()]);
        digesting.0[1].write_u8(1);
        write!(digesting, "{span:?}").expect("hashing never fails");
        Self(digesting.0.map(|hasher| hasher.finish()))
    }

    pub(super) fn order(self, other: Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl Write for Digesting {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for hasher in &mut self.0 {
            hasher.write(text.as_bytes());
        }
        Ok(())
    }
}
