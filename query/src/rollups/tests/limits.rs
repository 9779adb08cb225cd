use std::collections::{BTreeMap, BTreeSet};

use schemas::rollups::OTHER_OPERATIONS;

use super::model::{Sent, batch};
use super::oracle::{Row, rows_of};
use super::{RollUps, fold_all, merged};

/// Spans of `names` operations, two of each.
fn spans_of_operations(names: u64) -> Vec<Sent> {
    (0..2 * names)
        .map(|id| Sent {
            id,
            name: format!("GET /{}", id % names),
            ..Sent::default()
        })
        .collect()
}

fn sums<K: Ord>(rows: &[Row], key: impl Fn(&Row) -> K) -> BTreeMap<K, (u64, i64)> {
    let mut sums = BTreeMap::new();
    for row in rows {
        let (count, sum_nano) = sums.entry(key(row)).or_insert((0, 0));
        *count += row.count;
        *sum_nano += row.sum_nano;
    }
    sums
}

fn names(rows: &[Row]) -> BTreeSet<&str> {
    rows.iter()
        .filter_map(|row| row.key.name.as_deref())
        .collect()
}

#[test]
fn operations_beyond_the_limit_count_together() {
    let spans = spans_of_operations(10);
    let fold = |limit| {
        let rollups = RollUps::new(limit);
        let rows = fold_all(&rollups, &[spans[..7].to_vec(), spans[7..].to_vec()]);
        rows_of(&merged(&rows))
    };
    let (limited, all) = (fold(3), fold(10));
    assert_eq!(
        names(&limited),
        BTreeSet::from(["(other)", "GET /0", "GET /1", "GET /2"])
    );
    assert_eq!(names(&all).len(), 10);
    let folded = limited.iter().filter(|row| {
        row.key.step_seconds == 10 && row.key.name.as_deref() == Some(OTHER_OPERATIONS)
    });
    assert_eq!(folded.map(|row| row.count).sum::<u64>(), 14);
    let of_service = |row: &Row| {
        (
            row.key.step_seconds,
            row.key.dimension,
            row.key.service.clone(),
        )
    };
    assert_eq!(sums(&limited, of_service), sums(&all, of_service));
}

#[test]
fn operations_of_the_table_stay_apart_after_a_restart() {
    let spans = spans_of_operations(4);
    let before = RollUps::new(2).fold(&[batch(&spans)], &[]).expect("rows");
    let restarted = RollUps::new(2);
    restarted.admit(&before.red).expect("rows of red");
    let reversed: Vec<Sent> = spans.into_iter().rev().collect();
    let after = restarted.fold(&[batch(&reversed)], &[]).expect("rows");
    assert_eq!(names(&rows_of(&before.red)), names(&rows_of(&after.red)));
}
