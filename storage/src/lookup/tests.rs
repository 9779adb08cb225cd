use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};
use schemas::{SpanBatchBuilder, SpanId, SpanReader, SpanRow};
use uuid::Uuid;

use super::*;
use crate::flush::encode_files;
use crate::memtable::MemTable;
use crate::table::{AddedFile, data_file_path};
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
    let encoded = encode_files(&[spans]).expect("encodes").remove(0);
    let added = AddedFile {
        path: data_file_path(encoded.date, Uuid::new_v4()),
        size: encoded.bytes.len() as u64,
        modification_time_ms: 0,
        date: Some(encoded.date),
        rows: Some(encoded.rows),
        min_start_nanos: encoded.min_start_nanos,
        max_start_nanos: encoded.max_start_nanos,
    };
    store
        .put(&added.location(), encoded.bytes.into())
        .await
        .expect("puts");
    Arc::new(if forget_footer {
        DataFile::new(added)
    } else {
        DataFile::written(added, encoded.footer, encoded.operations)
    })
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
