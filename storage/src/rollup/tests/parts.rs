//! Large files are rolled up in parts, each of whole traces.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::counting::ids;
use super::world::{Sample, World, store_files};
use crate::data_file::FileMemory;
use crate::rollup::parts::{PART_ROWS, SpanParts};

/// So many traces of three spans each.
fn traces(count: u64) -> Vec<Sample> {
    let spans = (0..3 * count).map(|number| (number / 3, number + 1, 7));
    spans.collect()
}

#[tokio::test]
async fn a_trace_is_in_one_part() {
    let world = World::new();
    let samples = traces(PART_ROWS as u64);
    let files = store_files(&world.spans, &samples).await;
    let file = FileMemory::new().file(files[0].clone());
    let decoders = Arc::new(Semaphore::new(2));
    let opened = SpanParts::open(&file, &world.spans, &decoders, &[]).await;
    let mut parts = opened.expect("opens");
    let mut met = HashSet::new();
    let mut rows = Vec::new();
    while let Some(part) = parts.next().await.expect("reads") {
        let ids = ids(&part);
        rows.push(ids.len());
        let of_part: HashSet<_> = ids.into_iter().map(|(trace, ..)| trace).collect();
        assert!(met.is_disjoint(&of_part), "a trace is in two parts");
        met.extend(of_part);
    }
    assert_eq!(rows.iter().sum::<usize>(), samples.len());
    assert_eq!(rows.len(), 3);
    assert!(
        rows[..2]
            .iter()
            .all(|rows| (PART_ROWS..2 * PART_ROWS).contains(rows)),
        "{rows:?}"
    );
}

#[tokio::test]
async fn a_trace_larger_than_a_part_is_in_one_too() {
    let world = World::new();
    let one = (0..2 * PART_ROWS as u64).map(|number| (1, number + 1, 7));
    let samples: Vec<Sample> = one.chain([(0, 1, 7), (2, 1, 7)]).collect();
    let mut open = world.open().await;
    open.flush(&samples).await;
    open.roll_up().await;
    assert_eq!(open.sums().await.counted, samples.len() as i64);
}
