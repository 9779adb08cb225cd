use std::collections::BTreeSet;

use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use schemas::{SpanBatchBuilder, SpanId, SpanReader, SpanRow};
use tokio::runtime::Builder;
use uuid::Uuid;

use super::*;
use crate::data_file::FileMemory;
use crate::flush::encode_files;
use crate::memtable::MemTable;
use crate::table::{AddedFile, data_file_path};
use crate::trace_filters::TraceFilters;
use crate::wal::WalPosition;

/// Trace `n` for each of `traces`, with `spans` spans each; ids spread over all 128 bits.
fn batch(traces: std::ops::Range<u64>, spans: u64) -> SpanBatch {
    let mut builder = SpanBatchBuilder::default();
    for trace in traces {
        for span in 1..=spans {
            builder.push(&SpanRow {
                name: "op",
                ..SpanRow::new(id(trace), SpanId(span.to_be_bytes()))
            });
        }
    }
    builder.finish()
}

fn id(trace: u64) -> TraceId {
    let high = u128::from(trace + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c834);
    TraceId(high.to_be_bytes())
}

async fn file(
    store: &Arc<dyn ObjectStore>,
    spans: SpanBatch,
    forget_footer: bool,
) -> Arc<DataFile> {
    stored(store, spans, forget_footer).await.0
}

/// A file, and its traces.
async fn stored(
    store: &Arc<dyn ObjectStore>,
    spans: SpanBatch,
    forget_footer: bool,
) -> (Arc<DataFile>, Vec<TraceId>) {
    let encoded = encode_files(&[spans], None).expect("encodes").remove(0);
    let added = AddedFile {
        path: data_file_path(encoded.date, Uuid::new_v4()),
        size: encoded.bytes.len() as u64,
        modification_time_ms: 0,
        date: Some(encoded.date),
        rows: Some(encoded.rows),
        min_start_nanos: encoded.min_start_nanos,
        max_start_nanos: encoded.max_start_nanos,
        figures: None,
    };
    store
        .put(&added.location(), encoded.bytes.into())
        .await
        .expect("puts");
    let memory = FileMemory::new(Vec::new());
    let file = if forget_footer {
        memory.file(added)
    } else {
        memory.written(added, encoded.footer, encoded.operations)
    };
    (file, encoded.traces)
}

async fn spans_of(
    snapshot: &Snapshot,
    store: &Arc<dyn ObjectStore>,
    ids: &[TraceId],
) -> Vec<(TraceId, SpanId)> {
    let batches = lookup(snapshot, store, ids).await.expect("reads");
    let mut found: Vec<_> = batches
        .iter()
        .flat_map(|batch| SpanReader::new(batch).spans().expect("parses"))
        .map(|span| (span.trace_id, span.span_id))
        .collect();
    found.sort_unstable();
    found
}

#[tokio::test]
async fn traces_are_found_whole_in_memory_and_files_with_and_without_footers_at_hand() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let mut memtable = MemTable::default();
    memtable.push(WalPosition::new(1), batch(90..100, 2));
    let files = [
        file(&store, batch(0..60_000, 3), false).await,
        file(&store, batch(50..150, 1), true).await,
    ];
    let snapshot = Snapshot {
        memtables: vec![memtable.view()],
        files: Arc::new(files),
        version: 1,
    };
    let expect = |trace: u64, spans: &[u64]| {
        spans
            .iter()
            .map(|span| (id(trace), SpanId(span.to_be_bytes())))
            .collect::<Vec<_>>()
    };
    for trace in [0, 1, 49, 59_999, 30_000] {
        assert_eq!(
            spans_of(&snapshot, &store, &[id(trace)]).await,
            expect(trace, &[1, 2, 3])
        );
    }
    assert_eq!(
        spans_of(&snapshot, &store, &[id(95)]).await,
        expect(95, &[1, 1, 1, 2, 2, 3])
    );
    assert!(spans_of(&snapshot, &store, &[id(70_000)]).await.is_empty());
    let many: Vec<TraceId> = (59_000..59_500).map(id).collect();
    assert_eq!(spans_of(&snapshot, &store, &many).await.len(), 1_500);
}

#[tokio::test]
async fn a_file_that_is_gone_is_an_error_that_names_it() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let lost = file(&store, batch(0..10, 1), false).await;
    store.delete(&lost.path()).await.expect("deletes");
    let snapshot = Snapshot {
        memtables: Vec::new(),
        files: Arc::new([Arc::clone(&lost)]),
        version: 1,
    };
    let error = lookup(&snapshot, &store, &[id(3)])
        .await
        .expect_err("cannot read");
    assert!(error.to_string().contains(&lost.added.path), "{error}");
}

/// How a file is known to the process that looks traces up in it.
#[derive(Clone, Copy, Debug)]
enum Known {
    /// It was written by it.
    Written,
    /// It was there at the start, or another engine wrote it.
    Found,
    /// Its filter had to go.
    Forgotten,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn filters_leave_out_no_span(
        files in vec((0..400_u64, 1..60_u64, select(vec![Known::Written, Known::Found, Known::Forgotten])), 1..8),
        removed in any::<Index>(),
        wanted in vec(0..500_u64, 0..40),
    ) {
        let (kept, forgotten) = (TraceFilters::default(), TraceFilters::default());
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let runtime = Builder::new_multi_thread().worker_threads(1).build().expect("threads start");
        let mut listed = Vec::new();
        let mut expected = Vec::new();
        for (first, count, known) in &files {
            let spans = batch(*first..first + count, 2);
            let (file, traces) = runtime.block_on(stored(&store, spans, true));
            match known {
                Known::Written => file.set_trace_filter(kept.note(&traces)),
                Known::Found => {}
                Known::Forgotten => file.set_trace_filter(forgotten.note(&traces)),
            }
            listed.push(file);
        }
        drop(forgotten);
        // Another engine removes a file, whose traces its filter still knows.
        let removed = removed.index(files.len());
        let lost = listed.remove(removed);
        runtime.block_on(store.delete(&lost.path())).expect("deletes");
        let asked: BTreeSet<u64> = wanted.into_iter().collect();
        for (number, (first, count, _)) in files.iter().enumerate() {
            let found = asked.range(first..&(first + count)).filter(|_| number != removed);
            let spans = |trace: &u64| [1, 2_u64].map(|span: u64| (id(*trace), SpanId(span.to_be_bytes())));
            expected.extend(found.flat_map(spans));
        }
        expected.sort_unstable();
        let snapshot = Snapshot { memtables: Vec::new(), files: listed.into(), version: 1 };
        let ids: Vec<TraceId> = asked.into_iter().map(id).collect();
        prop_assert_eq!(runtime.block_on(spans_of(&snapshot, &store, &ids)), expected);
    }
}

#[tokio::test]
async fn files_that_a_filter_rules_out_are_not_opened() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let filters = TraceFilters::default();
    let mut files = Vec::new();
    for first in [0, 100, 200] {
        let (file, traces) = stored(&store, batch(first..first + 10, 1), true).await;
        store.delete(&file.path()).await.expect("deletes");
        file.set_trace_filter(filters.note(&traces));
        files.push(file);
    }
    let snapshot = Snapshot {
        memtables: Vec::new(),
        files: files.into(),
        version: 1,
    };
    for absent in [1, 2 * FEW_TRACES as u64] {
        let absent: Vec<TraceId> = (1_000..1_000 + absent).map(id).collect();
        assert!(spans_of(&snapshot, &store, &absent).await.is_empty());
    }
    lookup(&snapshot, &store, &[id(105)])
        .await
        .expect_err("the file is gone");
}
