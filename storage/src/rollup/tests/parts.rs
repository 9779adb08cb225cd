//! Large files are rolled up in parts, each of whole traces.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::counting::ids;
use super::world::{Sample, World, batch_of, store_files};
use crate::data_file::FileMemory;
use crate::flush::encode_files;
use crate::lookup::with_required;
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
    let file = FileMemory::new(Vec::new()).file(files[0].clone());
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
async fn spans_just_written_are_not_read_again() {
    let world = World::new();
    let samples = traces(PART_ROWS as u64);
    let files = store_files(&world.spans, &samples).await;
    let memory = FileMemory::new(with_required(&[]));
    let encoded = encode_files(&[batch_of(&samples)], Some(&memory.keeper)).expect("encodes");
    let kept = encoded.into_iter().next().and_then(|file| file.kept);
    let file = memory.file(files[0].clone());
    file.keep_spans(kept.expect("there is room"));
    let decoders = Arc::new(Semaphore::new(2));
    // From a store that does not have it, then from one that has: they are kept until they are taken once.
    let elsewhere = World::new();
    let mut all = Vec::new();
    for world in [&elsewhere, &world] {
        let opened = SpanParts::open(&file, &world.spans, &decoders, &[]).await;
        let mut parts = opened.expect("opens");
        let mut read = Vec::new();
        while let Some(part) = parts.next().await.expect("reads") {
            read.extend(ids(&part));
        }
        all.push(read);
    }
    assert_eq!(all[0].len(), samples.len());
    assert_eq!(all[0], all[1], "in the same order");
    let missing = SpanParts::open(&file, &elsewhere.spans, &decoders, &[]).await;
    let mut missing = missing.expect("its end is remembered");
    assert!(missing.next().await.is_err());
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
