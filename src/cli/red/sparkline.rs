//! A chart of one line, eight steps high.

use super::document::{Figures, RedDocument, Series};

const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// How the points that share a column become one value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Together {
    /// The mean over the column's steps, for rates: a step without spans is zero.
    Mean,
    /// The largest, for percentiles.
    Largest,
}

/// The values of a series over the range, in so many columns at most; blank where there are none.
pub(super) fn draw(
    document: &RedDocument,
    series: &Series,
    columns: usize,
    together: Together,
    value: impl Fn(&Figures) -> Option<f64>,
) -> String {
    let step = i64::try_from(document.step_seconds).unwrap_or(i64::MAX);
    let step = step.saturating_mul(1_000_000_000).max(1);
    let length = document
        .to_unix_nano
        .saturating_sub(document.from_unix_nano);
    let steps = usize::try_from(length / step).unwrap_or(0);
    let in_column = steps.div_ceil(columns.max(1)).max(1);
    let mut values = vec![None; steps.div_ceil(in_column)];
    for point in &series.points {
        let since_start = point.start_time_unix_nano - document.from_unix_nano;
        let position = usize::try_from(since_start / step).unwrap_or(usize::MAX);
        let column = position / in_column;
        let (Some(slot), Some(value)) = (values.get_mut(column), value(&point.figures)) else {
            continue;
        };
        // The last column may be shorter.
        let steps_of_column = in_column.min(steps - column * in_column);
        let of_slot = slot.get_or_insert(0.0_f64);
        *of_slot = match together {
            Together::Mean => *of_slot + value / steps_of_column as f64,
            Together::Largest => of_slot.max(value),
        };
    }
    line(&values)
}

/// Each value by its share of the largest one.
fn line(values: &[Option<f64>]) -> String {
    let largest = values.iter().flatten().copied().fold(0.0, f64::max);
    let level = |value: f64| {
        let share = if largest > 0.0 { value / largest } else { 0.0 };
        let level = (share * LEVELS.len() as f64).ceil() as usize;
        LEVELS[level.clamp(1, LEVELS.len()) - 1]
    };
    values
        .iter()
        .map(|value| value.map_or(' ', level))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shares_of_the_largest() {
        let check = |values: &[Option<f64>], expect: &str| assert_eq!(line(values), expect);
        check(&[], "");
        check(&[None, Some(0.0)], " ▁");
        check(&[Some(1.0), Some(4.0), None, Some(8.0)], "▁▄ █");
        check(&[Some(3.5), Some(3.5)], "██");
    }
}
