//! Spans that are durable in the write-ahead log and not yet in the table.

use std::sync::Arc;

use schemas::SpanBatch;

use crate::gather::concat;
use crate::wal::WalPosition;

/// How many chunks of one size class wait before they are merged into one of the next.
const MERGE_WIDTH: usize = 16;
/// Chunks of so many rows are not merged any more: their columns outweigh their fixed costs.
const FULL_CHUNK_ROWS: usize = 4096;

/// Spans in the order of the log. Small batches are merged as they come, so that a thousand
/// exporters of single spans do not cost a thousand sets of columns.
#[derive(Debug, Default)]
pub(crate) struct MemTable {
    chunks: Vec<SpanBatch>,
    rows: usize,
    bytes: usize,
    last: WalPosition,
}

/// The content of a memtable at one instant; shares its memory.
#[derive(Clone, Debug)]
pub(crate) struct MemTableView {
    pub(crate) chunks: Arc<[SpanBatch]>,
}

impl MemTable {
    /// Appends the batch of the record at `position`, which follows all before.
    pub(crate) fn push(&mut self, position: WalPosition, batch: SpanBatch) {
        self.last = position;
        if batch.is_empty() {
            return;
        }
        self.rows += batch.rows();
        self.bytes += batch.memory_bytes();
        self.chunks.push(batch);
        while let Some(start) = mergeable_tail(&self.chunks) {
            let tail = self.chunks.split_off(start);
            let merged = concat(&tail);
            let before: usize = tail.iter().map(SpanBatch::memory_bytes).sum();
            self.bytes = self.bytes + merged.memory_bytes() - before;
            self.chunks.push(merged);
        }
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The number of spans.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The position of the last record.
    pub(crate) fn last(&self) -> WalPosition {
        self.last
    }

    /// The content now.
    pub(crate) fn view(&self) -> MemTableView {
        MemTableView {
            chunks: self.chunks.as_slice().into(),
        }
    }
}

/// Where the tail of chunks begins that belong together: as many as [`MERGE_WIDTH`] in a row, none
/// larger than the size class of the last.
fn mergeable_tail(chunks: &[SpanBatch]) -> Option<usize> {
    let last = chunks.last()?.rows();
    if last >= FULL_CHUNK_ROWS {
        return None;
    }
    let class = size_class(last);
    let alike = chunks
        .iter()
        .rev()
        .take_while(|chunk| size_class(chunk.rows()) <= class)
        .count();
    (alike >= MERGE_WIDTH).then(|| chunks.len() - alike)
}

fn size_class(rows: usize) -> u32 {
    rows.max(1).ilog2() / MERGE_WIDTH.ilog2()
}

#[cfg(test)]
mod tests {
    use schemas::{SpanBatchBuilder, SpanId, SpanRow, TraceId};

    use super::*;

    fn batch(first: u64, rows: u64) -> SpanBatch {
        let mut builder = SpanBatchBuilder::default();
        for id in first..first + rows {
            builder.push(&SpanRow::new(TraceId([1; 16]), SpanId(id.to_be_bytes())));
        }
        builder.finish()
    }

    #[test]
    fn single_spans_do_not_pile_up_as_chunks_and_keep_their_order() {
        let mut memtable = MemTable::default();
        for id in 1..=10_000 {
            memtable.push(WalPosition::new(id), batch(id, 1));
        }
        let view = memtable.view();
        assert!(
            view.chunks.len() <= 4 * MERGE_WIDTH,
            "{} chunks",
            view.chunks.len()
        );
        let ids = view.chunks.iter().flat_map(|chunk| {
            let ids: &arrow_array::FixedSizeBinaryArray = chunk
                .typed_column(schemas::columns::SPAN_ID)
                .expect("present");
            ids.iter().flatten().map(<[u8]>::to_vec).collect::<Vec<_>>()
        });
        assert!(ids.eq((1..=10_000u64).map(|id| id.to_be_bytes().to_vec())));
        assert_eq!(
            (memtable.rows(), memtable.last()),
            (10_000, WalPosition::new(10_000))
        );
        let bytes: usize = view.chunks.iter().map(SpanBatch::memory_bytes).sum();
        assert_eq!(memtable.bytes(), bytes);
    }

    #[test]
    fn large_batches_are_taken_as_they_are() {
        let mut memtable = MemTable::default();
        for position in 1..=20 {
            memtable.push(WalPosition::new(position), batch(1, 5_000));
        }
        assert_eq!(memtable.view().chunks.len(), 20);
    }
}
