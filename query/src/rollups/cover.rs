//! Which buckets a range is summed from.

use std::time::Duration;

use datafusion::logical_expr::{Expr, ident, lit};
use schemas::UnixNanos;
use schemas::rollups::{BUCKET_START, IS_FRESH, ROLLUP_STEPS, STEP_SECONDS};

use crate::red::{TimeSpan, nanos};

/// Buckets of one length that follow each other without a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Buckets {
    /// Their length in seconds, one of [`ROLLUP_STEPS`].
    step: i64,
    /// From the start of the first one to the end of the last one.
    range: TimeSpan,
}

impl Buckets {
    /// The rows that count all of them once, but for what fresh rows of shorter steps count alone.
    fn are_counted_by(&self) -> Expr {
        let of_step = ident(STEP_SECONDS).eq(lit(self.step));
        let is_shorter = ident(STEP_SECONDS).lt(lit(self.step));
        of_step.or(ident(IS_FRESH).eq(lit(true)).and(is_shorter))
    }

    /// The rows of times in which they are.
    fn hold_start(&self) -> Expr {
        let start = || ident(BUCKET_START);
        let TimeSpan { from, to } = self.range;
        start().gt_eq(lit(from.0)).and(start().lt(lit(to.0)))
    }
}

/// The rows of a table of figures that add up to a range of whole ten seconds, in points of a step or
/// as one: the fewest buckets. `is_of_kind` says which rows of buckets of so many seconds are wanted.
pub(crate) fn rows_of_range(
    range: TimeSpan,
    step: Option<Duration>,
    is_of_kind: impl Fn(i64) -> Expr,
) -> Expr {
    let longest = match step.filter(|step| *step < range.length()) {
        None => i64::MAX,
        Some(step) => longest_within(step, range.from),
    };
    let parts = cover(range, longest).into_iter().map(|buckets| {
        let counted_once = buckets.are_counted_by().and(is_of_kind(buckets.step));
        counted_once.and(buckets.hold_start())
    });
    parts.reduce(Expr::or).unwrap_or_else(|| lit(false))
}

/// The fewest buckets of at most `longest` seconds that make up a range of whole ten seconds: the
/// longest ones in its middle, shorter ones at its ends. By length, then by time.
fn cover(range: TimeSpan, longest: i64) -> Vec<Buckets> {
    let mut all = Vec::new();
    let mut covered: Option<(i64, i64)> = None;
    let mut add = |step, from, to| {
        if from < to {
            let range = TimeSpan {
                from: UnixNanos(from),
                to: UnixNanos(to),
            };
            all.push(Buckets { step, range });
        }
    };
    for step in ROLLUP_STEPS
        .into_iter()
        .rev()
        .filter(|step| *step <= longest)
    {
        let length = step * 1_000_000_000;
        let from = range.from.0.saturating_add(length - 1).div_euclid(length) * length;
        let to = range.to.0.div_euclid(length).saturating_mul(length);
        if from >= to {
            continue;
        }
        match covered {
            None => add(step, from, to),
            Some((first, end)) => {
                add(step, from, first);
                add(step, end, to);
            }
        }
        covered = Some((from, to));
    }
    all
}

/// The longest buckets, in seconds, of which steps have whole ones that begin at an instant.
fn longest_within(step: Duration, from: UnixNanos) -> i64 {
    let [shortest, ..] = ROLLUP_STEPS;
    let are_whole = |length: &i64| {
        let length = length * 1_000_000_000;
        nanos(step) % length == 0 && from.0 % length == 0
    };
    ROLLUP_STEPS
        .into_iter()
        .rev()
        .find(are_whole)
        .unwrap_or(shortest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of_seconds(from: i64, to: i64) -> TimeSpan {
        TimeSpan {
            from: UnixNanos(from * 1_000_000_000),
            to: UnixNanos(to * 1_000_000_000),
        }
    }

    #[track_caller]
    fn check(from: i64, to: i64, expected: &[(i64, i64, i64)]) {
        let expected = expected.iter().map(|(step, from, to)| Buckets {
            step: *step,
            range: of_seconds(*from, *to),
        });
        let expected: Vec<Buckets> = expected.collect();
        assert_eq!(cover(of_seconds(from, to), 3_600), expected);
    }

    #[test]
    fn long_buckets_are_in_the_middle() {
        check(0, 7_200, &[(3_600, 0, 7_200)]);
        check(10, 50, &[(10, 10, 50)]);
        check(50, 190, &[(60, 60, 180), (10, 50, 60), (10, 180, 190)]);
        check(
            3_530,
            7_310,
            &[
                (3_600, 3_600, 7_200),
                (60, 3_540, 3_600),
                (60, 7_200, 7_260),
                (10, 3_530, 3_540),
                (10, 7_260, 7_310),
            ],
        );
        check(-3_600, 0, &[(3_600, -3_600, 0)]);
        check(40, 40, &[]);
    }

    #[test]
    fn a_step_has_whole_buckets() {
        let check = |from: i64, step, expected| {
            let from = UnixNanos(from * 1_000_000_000);
            assert_eq!(longest_within(Duration::from_secs(step), from), expected);
        };
        check(0, 10, 10);
        check(0, 90, 10);
        check(0, 300, 60);
        check(0, 7_200, 3_600);
        check(1_800, 7_200, 60);
        check(-86_400, 172_800, 28_800);
        check(57_600, 86_400, 28_800);
        check(-3_600, 172_800, 3_600);
    }

    proptest! {
        #[test]
        fn each_instant_is_covered_once(from in -50_000_i64..50_000, length in 0_i64..90_000, longest in prop::sample::select(vec![10, 60, 3_600, 28_800])) {
            let (from, to) = (from * 10, (from + length) * 10);
            let mut all = cover(of_seconds(from, to), longest);
            all.sort_by_key(|buckets| buckets.range.from);
            let mut next = of_seconds(from, to).from;
            for buckets in all {
                prop_assert!(buckets.step <= longest);
                prop_assert_eq!(buckets.range.from, next);
                prop_assert_eq!(buckets.range.from.0 % (buckets.step * 1_000_000_000), 0);
                next = buckets.range.to;
            }
            prop_assert_eq!(next, of_seconds(from, to).to);
        }

        #[test]
        fn any_range_has_an_answer(from: i64, to: i64) {
            cover(TimeSpan { from: UnixNanos(from), to: UnixNanos(to) }, i64::MAX);
        }
    }
}
