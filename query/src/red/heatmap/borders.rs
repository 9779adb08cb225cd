//! Borders of buckets, on a logarithmic scale.
//!
//! Each border is one of the histograms' own, so that a bucket's count is exact: powers of two,
//! which are divided into as many equal parts as there is room for.

/// How fine buckets may be, finest first.
const RESOLUTIONS: [Resolution; 12] = [
    Resolution::Parts(16),
    Resolution::Parts(8),
    Resolution::Parts(4),
    Resolution::Parts(2),
    Resolution::Parts(1),
    Resolution::Powers(2),
    Resolution::Powers(3),
    Resolution::Powers(4),
    Resolution::Powers(8),
    Resolution::Powers(16),
    Resolution::Powers(32),
    Resolution::Powers(63),
];

/// The powers of two that an `i64` may have.
const POWERS: u32 = 63;

#[derive(Clone, Copy)]
enum Resolution {
    /// So many parts of each power of two.
    Parts(i64),
    /// A bucket for so many powers of two.
    Powers(usize),
}

/// The borders of at most `limit` buckets that hold the durations from `lowest` to `highest`, in
/// nanoseconds; none when there is no duration.
pub(super) fn finest(lowest: i64, highest: i64, limit: usize) -> Vec<i64> {
    if lowest > highest {
        return Vec::new();
    }
    let fitting = RESOLUTIONS
        .into_iter()
        .map(|resolution| between(&resolution.borders(), lowest, highest))
        .find(|borders| borders.len() <= limit.saturating_add(1));
    fitting.unwrap_or_else(|| vec![0, i64::MAX])
}

/// The borders from the last one that is not above `lowest` to the first one above `highest`.
fn between(borders: &[i64], lowest: i64, highest: i64) -> Vec<i64> {
    let first = borders.partition_point(|border| *border <= lowest);
    let last = borders.partition_point(|border| *border <= highest);
    let last = last.min(borders.len() - 1);
    borders[first.saturating_sub(1)..=last].to_vec()
}

impl Resolution {
    /// All borders from 0 to the longest duration there is.
    fn borders(self) -> Vec<i64> {
        let powers = (0..POWERS).map(|power| 1_i64 << power);
        let mut borders = vec![0];
        match self {
            Self::Parts(parts) => {
                for power in powers {
                    borders.extend((0..parts).map(|part| power + power / parts * part));
                }
            }
            Self::Powers(step) => borders.extend(powers.step_by(step)),
        }
        borders.push(i64::MAX);
        borders.dedup();
        borders
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::red::DurationHistogram;

    #[test]
    fn as_fine_as_there_is_room_for() {
        let check = |lowest, highest, limit, expect: &[i64]| {
            assert_eq!(finest(lowest, highest, limit), expect);
        };
        check(4_096, 16_383, 4, &[4_096, 6_144, 8_192, 12_288, 16_384]);
        check(4_096, 16_383, 3, &[4_096, 8_192, 16_384]);
        check(5_000, 9_000, 2, &[4_096, 8_192, 16_384]);
        check(5_000, 9_000, 1, &[4_096, 16_384]);
        check(0, i64::MAX, 1, &[0, i64::MAX]);
        check(0, 0, 10, &[0, 1]);
        check(i64::MAX, 0, 10, &[]);
    }

    #[test]
    fn borders_grow_and_are_those_of_histograms() {
        for resolution in RESOLUTIONS {
            let borders = resolution.borders();
            assert!(borders.is_sorted_by(|one, next| one < next));
            for border in &borders[1..borders.len() - 1] {
                let mut histogram = DurationHistogram::default();
                histogram.record(border - 1);
                histogram.record(*border);
                let buckets: Vec<_> = histogram.buckets().collect();
                assert_eq!((buckets[0].1, buckets[1].0), (border - 1, *border));
            }
        }
    }

    #[test]
    fn every_duration_is_between_two_borders() {
        for limit in [1, 2, 7, 40, 200] {
            for lowest in (0..62).map(|power| 3_i64 << power >> 1) {
                for highest in [lowest, lowest.saturating_mul(100), i64::MAX] {
                    let highest = highest.min(i64::MAX - 1);
                    let borders = finest(lowest, highest, limit);
                    assert!(borders.len() <= limit + 1);
                    assert!(borders[0] <= lowest && highest < borders[borders.len() - 1]);
                }
            }
        }
    }
}
