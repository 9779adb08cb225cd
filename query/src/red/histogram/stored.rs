//! Histograms that are read when they are needed.

use super::{DurationHistogram, MalformedHistogram};

/// A histogram in HdrHistogram's form, of which nothing was read yet: a fifth of what it takes when
/// it is read.
#[derive(Clone, Debug)]
pub(crate) struct StoredHistogram(Box<[u8]>);

impl StoredHistogram {
    /// Keeps a copy.
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The bytes that it was made of.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl DurationHistogram {
    /// Adds what a stored one counted.
    ///
    /// # Errors
    /// [`MalformedHistogram`] when the bytes are none; the histogram is then of no use.
    pub(crate) fn add_stored(
        &mut self,
        stored: &StoredHistogram,
    ) -> Result<(), MalformedHistogram> {
        if self.is_empty() {
            return self.read(&stored.0);
        }
        self.merge(&Self::from_bytes(&stored.0)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn stored_histograms_add_up_to_what_they_counted(parts in vec(vec(0..60_000_000_000_i64, 0..300), 0..5)) {
            let mut all = DurationHistogram::default();
            let mut sum = DurationHistogram::default();
            sum.record(7);
            sum.clear();
            for part in &parts {
                let mut histogram = DurationHistogram::default();
                for nanos in part {
                    histogram.record(*nanos);
                    all.record(*nanos);
                }
                sum.add_stored(&StoredHistogram::new(&histogram.to_bytes())).expect("a histogram");
            }
            prop_assert_eq!(sum.to_bytes(), all.to_bytes());
        }
    }

    #[test]
    fn what_is_no_histogram_is_told() {
        let mut sum = DurationHistogram::default();
        sum.add_stored(&StoredHistogram::new(b"none"))
            .expect_err("too short");
        sum.clear();
        sum.record(1);
        sum.add_stored(&StoredHistogram::new(b"none"))
            .expect_err("too short");
    }
}
