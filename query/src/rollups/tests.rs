mod answers;
mod limits;
mod model;
mod oracle;

use proptest::collection::vec;
use proptest::prelude::*;
use schemas::rollups::{ROLLUP_STEPS, red_schema};
use schemas::{SpanBatch, SpanKind};

use super::*;
use model::{Sent, batch, commits};
use oracle::{Row, fresh_rows_of_spans, rows_of, rows_of_spans};

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

/// What a merge hands over, after which no row is fresh.
fn merged(rows: &[RecordBatch]) -> RecordBatch {
    merged_beside(rows, FreshRows::GoOver)
}

fn merged_beside(rows: &[RecordBatch], fresh: FreshRows) -> RecordBatch {
    let mut merged = Vec::new();
    let see = |rows| {
        merged.push(rows);
        Ok::<(), QueryError>(())
    };
    RollUps::merge_red(rows, fresh, see).expect("rows of red");
    concat_batches(red_schema(), &merged).expect("rows of red")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// At every step and for totals: count, errors by status, sum, longest and every bucket of the
    /// histogram; in whatever commits spans came, and however rows were merged.
    #[test]
    fn rows_add_up_to_the_sums_of_all_spans(commits in commits(), group in vec(0..3_usize, 12)) {
        let folded = fold_all(&RollUps::default(), &commits);
        let mut groups = vec![Vec::new(); 3];
        for (batch, group) in folded.into_iter().zip(group) {
            groups[group].push(batch);
        }
        // Some are merged before, some are still fresh.
        let mut parts = groups.split_off(2).concat();
        parts.extend(groups.iter().map(|group| merged(group)));
        let all = merged(&parts);
        prop_assert_eq!(all.schema_ref(), red_schema());
        prop_assert_eq!(rows_of(&all), rows_of_spans(&commits.concat()));
    }

    /// Fresh rows that stay are those of the shortest step: what is made of them is the rest.
    #[test]
    fn rows_beside_fresh_ones_that_stay_are_all_others(commits in commits()) {
        let fresh = fold_all(&RollUps::default(), &commits);
        let mut expect = rows_of_spans(&commits.concat());
        expect.retain(|row| row.key.step_seconds > ROLLUP_STEPS[0] || row.key.is_total);
        prop_assert_eq!(rows_of(&merged_beside(&fresh, FreshRows::Stay)), expect);
    }

    /// Rows are ordered from the start: readers prune by it.
    #[test]
    fn rows_of_one_commit_are_in_order(sent in model::spans()) {
        let rolled_up = RollUps::default().fold(&[batch(&sent)], &[]).expect("rows");
        let rows = rows_of(&rolled_up.red);
        prop_assert!(rows.is_sorted_by(|one, next| one.key < next.key));
        prop_assert_eq!(rows, fresh_rows_of_spans(&sent));
    }
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
    assert_eq!(longest, vec![(4, i64::MAX); 6]);
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
