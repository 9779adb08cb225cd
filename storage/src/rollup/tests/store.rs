//! The whole store, with its tasks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tempfile::TempDir;

use super::counting::counting;
use super::world::{Sample, Sums, batch_of, spans, sums};
use crate::rollup::RollUp;
use crate::{SpanStore, StorageSettings};

async fn open(dir: &TempDir) -> SpanStore {
    open_with(dir, counting(0)).await
}

async fn open_with(dir: &TempDir, roll_up: RollUp) -> SpanStore {
    let decode = |_: u8, body: &[u8]| Ok(batch_of(&decoded(body)));
    let opened = SpanStore::open_rolling_up(
        StorageSettings::new(dir.path()),
        Arc::new(decode),
        Arc::new(|_| {}),
        roll_up,
    );
    opened.await.expect("opens")
}

fn encoded(samples: &[Sample]) -> Bytes {
    let numbers = samples
        .iter()
        .flat_map(|(trace, span, start)| [*trace, *span, *start as u64]);
    numbers.flat_map(u64::to_be_bytes).collect()
}

fn decoded(body: &[u8]) -> Vec<Sample> {
    let numbers: Vec<u64> = body
        .as_chunks::<8>()
        .0
        .iter()
        .map(|bytes| u64::from_be_bytes(*bytes))
        .collect();
    let samples = numbers.as_chunks::<3>().0.iter();
    samples
        .map(|[trace, span, start]| (*trace, *span, *start as i64))
        .collect()
}

async fn append(store: &SpanStore, samples: &[Sample]) {
    let appended = store.append(0, encoded(samples), batch_of(samples)).await;
    let _ = appended.expect("acknowledged");
}

async fn sums_of(store: &SpanStore) -> Sums {
    sums(&store.catalog().schema("now").expect("the only schema")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_survive_a_restart() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = open(&dir).await;
    append(&store, &spans(0, 10)).await;
    assert_eq!(sums_of(&store).await.unrolled, 10);
    store.flush().await.expect("flushes");
    store.roll_up().await.expect("rolls up");
    assert_eq!(sums_of(&store).await.counted, 10);
    append(&store, &spans(10, 10)).await;
    store.close().await.expect("closes");
    drop(store);
    let store = open(&dir).await;
    let sums = sums_of(&store).await;
    assert_eq!((sums.unrolled, sums.counted), (0, 20));
    store.close().await.expect("closes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_see_each_span_once_while_spans_are_flushed_and_rolled_up() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = Arc::new(open(&dir).await);
    let is_done = Arc::new(AtomicBool::new(false));
    let (asked, done) = (Arc::clone(&store), Arc::clone(&is_done));
    let asking = tokio::spawn(async move {
        let mut last = 0;
        while !done.load(Ordering::Acquire) {
            let sums = sums_of(&asked).await;
            assert!(sums.counted >= last, "{sums:?}");
            last = sums.counted;
        }
    });
    for round in 0..30 {
        append(&store, &spans(round * 10, 20)).await;
        if round % 2 == 0 {
            store.flush().await.expect("flushes");
        }
    }
    store.flush().await.expect("flushes");
    store.roll_up().await.expect("rolls up");
    is_done.store(true, Ordering::Release);
    asking.await.expect("no question saw anything else");
    let sums = sums_of(&store).await;
    assert_eq!((sums.unrolled, sums.counted), (0, 310));
    store.close().await.expect("closes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_panics_while_it_rolls_up_is_tried_again() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let has_panicked = Arc::new(AtomicBool::new(false));
    let panicked = Arc::clone(&has_panicked);
    let counting = counting(0);
    let fold = Arc::clone(&counting.fold);
    let roll_up = RollUp {
        fold: Arc::new(move || {
            assert!(panicked.swap(true, Ordering::AcqRel), "once");
            fold()
        }),
        ..counting
    };
    let store = open_with(&dir, roll_up).await;
    append(&store, &spans(0, 10)).await;
    store.flush().await.expect("flushes");
    // The store does it by itself, a second later.
    while store.stats().unrolled_rows > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(has_panicked.load(Ordering::Acquire));
    assert_eq!(sums_of(&store).await.counted, 10);
    assert_eq!(store.stats().roll_up_failures, 1);
    store.close().await.expect("closes");
}

/// A runtime waits for threads when it ends, so this would not end.
#[test]
fn a_store_that_is_dropped_open_ends_its_thread() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let store = runtime.block_on(open(&dir));
    drop(store);
    drop(runtime);
}
