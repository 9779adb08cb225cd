//! One partition of a scan: its units one after the other.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow_array::{Array, BooleanArray, RecordBatch};
use arrow_buffer::BooleanBuffer;
use arrow_select::filter::filter_record_batch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::{DataFusionError, Result};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr_common::physical_expr::snapshot_physical_expr;
use futures::{Stream, stream};
use object_store::ObjectStore;
use object_store::path::Path;
use parquet::DecodeResult;
use parquet::arrow::push_decoder::ParquetPushDecoder;
use schemas::SpanBatch;
use schemas::columns::span_schema;
use tokio::sync::Semaphore;

use super::condition::Condition;
use super::facts::{BatchFacts, RowGroupFacts};
use super::plan::Unit;
use super::pruning::{Facts, prune};
use super::row_group::{RowGroup, Wanted, complete, decoder, work};
use super::row_test::{RowCheck, RowTest};
use crate::lookup::lookup;

/// What all partitions of a scan share.
#[derive(Debug)]
pub(crate) struct ScanContext {
    pub(crate) store: Arc<dyn ObjectStore>,
    /// One permit for each thread that may decode and filter at the same time.
    pub(crate) decoders: Arc<Semaphore>,
    /// Columns of the span table.
    pub(crate) projection: Vec<usize>,
    /// The schema of the projected columns.
    pub(crate) schema: SchemaRef,
    /// Filters that came after planning; some change while the scan runs.
    pub(crate) late: Vec<Arc<dyn PhysicalExpr>>,
    pub(crate) batch_rows: usize,
}

/// The wanted rows of `units`, at most `limit`.
pub(crate) fn scan(
    context: Arc<ScanContext>,
    units: Vec<Unit>,
    limit: Option<usize>,
) -> impl Stream<Item = Result<RecordBatch>> + Send {
    let progress = Progress {
        context,
        units: units.into(),
        current: Current::Nothing,
        limit,
    };
    stream::try_unfold(progress, |mut progress| async move {
        let batch = progress.next().await?;
        Ok(batch.map(|batch| (batch, progress)))
    })
}

struct Progress {
    context: Arc<ScanContext>,
    units: VecDeque<Unit>,
    current: Current,
    limit: Option<usize>,
}

/// The unit at work.
enum Current {
    Nothing,
    Memory(VecDeque<SpanBatch>, Arc<[Condition]>),
    File(Path, Box<ParquetPushDecoder>),
}

/// What a decoder came to.
type Decoded = (Box<ParquetPushDecoder>, DecodeResult<RecordBatch>);

impl Progress {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        while self.limit != Some(0) {
            let batch = match std::mem::replace(&mut self.current, Current::Nothing) {
                Current::Nothing => {
                    let Some(unit) = self.units.pop_front() else {
                        return Ok(None);
                    };
                    self.current = begin(&self.context, self.limit, unit).await?;
                    continue;
                }
                Current::Memory(mut chunks, conditions) => {
                    let Some(spans) = chunks.pop_front() else {
                        continue;
                    };
                    self.current = Current::Memory(chunks, Arc::clone(&conditions));
                    let context = Arc::clone(&self.context);
                    blocking(&self.context, move || {
                        passing(&spans, &conditions, &context)
                    })
                    .await?
                }
                Current::File(path, decoder) => {
                    let context = Arc::clone(&self.context);
                    let step =
                        blocking(&self.context, move || decode(decoder, &context.schema)).await?;
                    self.advance(path, step).await?
                }
            };
            if let Some(batch) = batch.filter(|batch| batch.num_rows() > 0) {
                return Ok(Some(self.limited(batch)));
            }
        }
        Ok(None)
    }

    /// Keeps a decoder going: fetches what it lacks, takes what it has.
    async fn advance(
        &mut self,
        path: Path,
        (mut decoder, step): Decoded,
    ) -> Result<Option<RecordBatch>> {
        match step {
            DecodeResult::Finished => Ok(None),
            DecodeResult::Data(batch) => {
                self.current = Current::File(path, decoder);
                Ok(Some(batch))
            }
            DecodeResult::NeedsData(ranges) => {
                let bytes = self.context.store.get_ranges(&path, &ranges).await?;
                decoder.push_ranges(ranges, bytes)?;
                self.current = Current::File(path, decoder);
                Ok(None)
            }
        }
    }

    fn limited(&mut self, batch: RecordBatch) -> RecordBatch {
        let Some(limit) = &mut self.limit else {
            return batch;
        };
        let rows = batch.num_rows().min(*limit);
        *limit -= rows;
        batch.slice(0, rows)
    }
}

async fn begin(context: &Arc<ScanContext>, limit: Option<usize>, unit: Unit) -> Result<Current> {
    match unit {
        Unit::Memory { spans, conditions } => {
            Ok(Current::Memory([spans].into(), conditions.into()))
        }
        Unit::Traces {
            snapshot,
            trace_ids,
            conditions,
        } => {
            let found = lookup(&snapshot, &context.store, &trace_ids).await;
            let found = found.map_err(|error| DataFusionError::External(Box::new(error)))?;
            Ok(Current::Memory(found.into(), conditions.into()))
        }
        Unit::RowGroup(row_group) => {
            let path = row_group.file.path();
            let opening = Arc::clone(context);
            let decoder = blocking(context, move || open(&row_group, &opening, limit)).await?;
            Ok(decoder.map_or(Current::Nothing, |decoder| {
                Current::File(path, Box::new(decoder))
            }))
        }
    }
}

/// Runs work of milliseconds beside the asynchronous tasks, on a bounded number of threads.
async fn blocking<T: Send + 'static>(
    context: &ScanContext,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let permit = Arc::clone(&context.decoders).acquire_owned().await;
    let permit = permit.map_err(|error| DataFusionError::External(Box::new(error)))?;
    let done = tokio::task::spawn_blocking(move || {
        let done = work();
        drop(permit);
        done
    });
    done.await
        .map_err(|error| DataFusionError::External(Box::new(error)))?
}

/// Whether rows of which `facts` hold may pass the filters that came late, as they are now.
fn may_pass(late: &[Arc<dyn PhysicalExpr>], facts: &dyn Facts) -> Result<bool> {
    if late.is_empty() {
        return Ok(true);
    }
    let now = late
        .iter()
        .map(|expr| snapshot_physical_expr(Arc::clone(expr)))
        .collect::<Result<Vec<_>>>()?;
    Ok(prune(&Condition::split(span_schema(), now), facts).is_some())
}

fn open(
    row_group: &RowGroup,
    context: &ScanContext,
    limit: Option<usize>,
) -> Result<Option<ParquetPushDecoder>> {
    let facts = RowGroupFacts {
        footer: &row_group.footer,
        row_group: row_group.number,
    };
    if !may_pass(&context.late, &facts)? {
        return Ok(None);
    }
    let wanted = Wanted {
        projection: &context.projection,
        batch_rows: context.batch_rows,
        limit,
    };
    decoder(row_group, &context.late, &wanted)
}

fn decode(mut decoder: Box<ParquetPushDecoder>, schema: &SchemaRef) -> Result<Decoded> {
    let step = match decoder.try_decode()? {
        DecodeResult::Data(batch) => DecodeResult::Data(complete(&batch, schema)?),
        other => other,
    };
    Ok((decoder, step))
}

/// The rows of a batch in memory that pass.
fn passing(
    spans: &SpanBatch,
    conditions: &[Condition],
    context: &ScanContext,
) -> Result<Option<RecordBatch>> {
    if !may_pass(&context.late, &BatchFacts(spans))? {
        return Ok(None);
    }
    let early = conditions.iter().map(|condition| &condition.expr);
    let mut exprs: Vec<&Arc<dyn PhysicalExpr>> = early.chain(&context.late).collect();
    exprs.sort_by_key(|expr| work(expr));
    let mut passed: Option<BooleanArray> = None;
    for expr in exprs {
        let mut test =
            match RowTest::prepare(expr, &|column| spans.column(column).map(|_| column.0))? {
                RowCheck::Passed => continue,
                RowCheck::Failed => return Ok(None),
                RowCheck::Test(test) => test,
            };
        let columns: Vec<usize> = test.columns().iter().map(|column| column.0).collect();
        let rows = spans.to_record_batch(Some(&columns));
        let now = match &passed {
            None => test.evaluate(&rows)?,
            Some(before) => narrowed(
                before,
                &test.evaluate(&filter_record_batch(&rows, before)?)?,
            ),
        };
        if now.true_count() == 0 {
            return Ok(None);
        }
        passed = Some(now);
    }
    let rows = spans.to_record_batch(Some(&context.projection));
    Ok(Some(match passed {
        Some(passed) => filter_record_batch(&rows, &passed)?,
        None => rows,
    }))
}

/// The rows of `before` of which `after` says, one verdict for each, that they passed.
fn narrowed(before: &BooleanArray, after: &BooleanArray) -> BooleanArray {
    let mut after = after.iter();
    let passed = BooleanBuffer::collect_bool(before.len(), |row| {
        before.is_valid(row) && before.value(row) && after.next() == Some(Some(true))
    });
    BooleanArray::new(passed, None)
}
