mod answers;
mod limits;
mod model;
mod oracle;

use datafusion::arrow::compute::filter_record_batch;
use proptest::collection::vec;
use proptest::prelude::*;
use schemas::rollups::{IS_FRESH, red_schema};
use schemas::{SpanBatch, SpanKind};

use super::*;
use crate::fixtures;
use model::{Sent, batch, commits};
use oracle::{Row, first_rows_of_spans, rows_of, rows_of_spans};

/// Folds commits one after another, each with the earlier spans of its traces.
fn fold_all(rollups: &RollUps, commits: &[Vec<Sent>]) -> Vec<RecordBatch> {
    let fold = |at: usize| {
        let fresh = &commits[at];
        let is_of_trace = |span: &&Sent| fresh.iter().any(|new| new.trace == span.trace);
        let earlier: Vec<Sent> = commits[..at]
            .iter()
            .flatten()
            .filter(is_of_trace)
            .cloned()
            .collect();
        let (one, other) = fresh.split_at(fresh.len() / 2);
        let fresh = [batch(one), batch(other)];
        let rolled_up = rollups.fold(&fresh, &[batch(&earlier)]).expect("rows");
        rolled_up.red
    };
    (0..commits.len()).map(fold).collect()
}

fn merge(rows: &[RecordBatch], merging: Merging) -> Vec<RecordBatch> {
    let mut merged = Vec::new();
    let see = |rows| {
        merged.push(rows);
        Ok::<(), QueryError>(())
    };
    RollUps::merge_red(rows, merging, see).expect("rows of red");
    merged
}

/// The rows after all merges.
fn merged(rows: &[RecordBatch]) -> RecordBatch {
    let merged = fixtures::merged(rows, merge);
    concat_batches(red_schema(), &merged).expect("rows of red")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// At every step and by every dimension: count, errors by status, sum, longest and every bucket of the
    /// histogram; in whatever commits spans came, and however rows were merged.
    #[test]
    fn rows_add_up_to_the_sums_of_all_spans(commits in commits(), group in vec(0..3_usize, 12)) {
        let folded = fold_all(&RollUps::default(), &commits);
        let mut groups = vec![Vec::new(); 3];
        for (batch, group) in folded.into_iter().zip(group) {
            groups[group].push(batch);
        }
        // Some are merged before, some are still fresh.
        let mut parts = groups.split_off(1).concat();
        parts.extend(groups.iter().map(|group| merged(group)));
        parts = fixtures::raised(parts, 3_600, merge);
        let all = merged(&parts);
        prop_assert_eq!(all.schema_ref(), red_schema());
        prop_assert_eq!(rows_of(&all), rows_of_spans(&commits.concat()));
    }

    /// Rows of the next step are the same whether those that they are made of are handed over too.
    #[test]
    fn rows_of_a_longer_step_alone_are_those_beside_the_sums(commits in commits()) {
        let minutes: Vec<RecordBatch> = fold_all(&RollUps::default(), &commits)
            .iter()
            .map(minutes_of)
            .collect();
        let both = merge(&minutes, Merging::SumsAndLonger);
        let mut both: Vec<Row> = both.iter().flat_map(rows_of).collect();
        let mut rows_of_steps = rows_of_spans(&commits.concat());
        rows_of_steps.retain(|row| [60, 3_600].contains(&row.key.step_seconds));
        rows_of_steps.iter_mut().for_each(|row| row.is_fresh = row.key.step_seconds == 3_600);
        both.sort_unstable();
        rows_of_steps.sort_unstable();
        prop_assert_eq!(both, rows_of_steps.clone());
        let alone = merge(&minutes, Merging::Longer);
        let alone: Vec<Row> = alone.iter().flat_map(rows_of).collect();
        rows_of_steps.retain(|row| row.is_fresh);
        prop_assert_eq!(alone, rows_of_steps);
    }

    /// Rows are ordered from the start: readers prune by it.
    #[test]
    fn rows_of_one_commit_are_in_order(sent in model::spans()) {
        let rolled_up = RollUps::default().fold(&[batch(&sent)], &[]).expect("rows");
        let rows = rows_of(&rolled_up.red);
        prop_assert!(rows.is_sorted_by(|one, next| one.key < next.key));
        prop_assert_eq!(rows, first_rows_of_spans(&sent));
    }
}

/// The fresh rows that a fold makes.
fn minutes_of(rows: &RecordBatch) -> RecordBatch {
    let fresh = rows[IS_FRESH].as_boolean();
    filter_record_batch(rows, fresh).expect("as many rows")
}

#[test]
fn rows_of_several_steps_are_refused() {
    let rows = RollUps::default().fold(&[batch(&[Sent::default()])], &[]);
    let see = |_| Ok::<(), QueryError>(());
    let error = RollUps::merge_red(&[rows.expect("rows").red], Merging::Sums, see);
    let error = error.expect_err("10 s and 1 min").to_string();
    assert!(error.contains("several steps"), "{error}");
}

#[test]
fn a_span_adds_nothing_when_it_comes_again() {
    let sent = [Sent::default(), Sent::default()];
    let rollups = RollUps::default();
    let count = |fresh: &[Sent], earlier: &[Sent]| {
        let rolled_up = rollups
            .fold(&[batch(fresh)], &[batch(earlier)])
            .expect("rows");
        rows_of(&rolled_up.red).iter().map(|row| row.count).max()
    };
    assert_eq!(count(&sent, &[]), Some(1));
    assert_eq!(count(&sent, &sent[..1]), None);
    // All that figures are made of tells spans apart.
    let original = Sent::default();
    let others = [
        Sent {
            trace: 2,
            ..original.clone()
        },
        Sent {
            id: 2,
            ..original.clone()
        },
        Sent {
            start: 1,
            ..original.clone()
        },
        Sent {
            duration: 11,
            ..original.clone()
        },
        Sent {
            kind: SpanKind::Client,
            ..original.clone()
        },
        Sent {
            is_error: true,
            ..original.clone()
        },
        Sent {
            service: Some("cart"),
            ..original.clone()
        },
        Sent {
            service: None,
            ..original.clone()
        },
        Sent {
            place: 1,
            ..original.clone()
        },
        Sent {
            name: "POST /".into(),
            ..original
        },
    ];
    for other in others {
        assert_eq!(
            count(std::slice::from_ref(&other), &sent),
            Some(1),
            "{other:?}"
        );
    }
}

#[test]
fn extreme_numbers_saturate() {
    let extreme = |id, start, duration| Sent {
        id,
        start,
        duration,
        ..Sent::default()
    };
    let sent = [
        extreme(1, i64::MAX, i64::MAX),
        extreme(5, i64::MAX, i64::MAX),
        extreme(9, i64::MIN, i64::MIN),
        extreme(13, i64::MIN, 5),
    ];
    let rolled_up = RollUps::default().fold(&[batch(&sent)], &[]).expect("rows");
    let twice = [rolled_up.red.clone(), rolled_up.red];
    let merged = merged(&twice);
    let longest: Vec<_> = rows_of(&merged)
        .into_iter()
        .filter(|row| row.max_nano == i64::MAX)
        .map(
            |Row {
                 count, sum_nano, ..
             }| (count, sum_nano),
        )
        .collect();
    assert_eq!(longest, vec![(4, i64::MAX); 11]);
}

#[test]
fn nothing_folds_to_nothing() {
    let nothing = RollUps::default()
        .fold(&[], &[batch(&[])])
        .expect("no rows");
    assert_eq!((nothing.red.num_rows(), nothing.edges.num_rows()), (0, 0));
    assert_eq!(merged(&[nothing.red]).num_rows(), 0);
}

#[test]
fn the_columns_that_are_read_are_enough() {
    let whole = batch(&[Sent::default()]);
    let columns = RollUps::default().columns();
    let positions: Vec<usize> = columns.iter().map(|id| id.0).collect();
    assert!(positions.is_sorted());
    let part = whole.to_record_batch(Some(&positions));
    let part = SpanBatch::try_from_record_batch(&part).expect("all columns that spans must have");
    let folded = |batch| RollUps::default().fold(&[batch], &[]).expect("rows").red;
    assert_eq!(folded(part), folded(whole));
}
