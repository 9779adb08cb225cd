//! Exemplars: traces to look at, the slowest of each bucket in the last minutes.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use datafusion::arrow::compute::cast;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::lit;
use futures::TryStreamExt;
use schemas::columns::{self, ColumnId};
use schemas::{SpanId, SpanKind, StatusCode, TraceId, UNKNOWN_SERVICE, UnixNanos};

use super::bucket_counts::{BOUNDS, classic_bucket};
use super::labels::{Labels, SpanLabels};
use crate::QueryError;
use crate::counters::Counting;
use crate::engine::Scan;
use crate::search::column;

/// How recent the spans are.
const WINDOW: Duration = Duration::from_secs(120);
/// So many spans are looked at; where more came in the window, the slowest of these.
const MOST_SPANS: usize = 200_000;

/// A span that stands for its bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Exemplar {
    pub(super) trace_id: TraceId,
    pub(super) span_id: SpanId,
    pub(super) duration_nano: i64,
    /// When it ended.
    pub(super) end: UnixNanos,
}

impl Exemplar {
    pub(super) fn seconds(&self) -> f64 {
        self.duration_nano as f64 / 1e9
    }

    pub(super) fn labels(&self) -> [(&'static str, String); 2] {
        [
            ("span_id", self.span_id.to_string()),
            ("trace_id", self.trace_id.to_string()),
        ]
    }
}

/// The exemplars of a histogram by classic bucket, the one without a bound last.
pub(crate) type BucketExemplars = [Option<Exemplar>; BOUNDS + 1];

/// Exemplars by label set.
pub(crate) type ExemplarsOfSpans = HashMap<Labels, BucketExemplars>;

/// The slowest span of each bucket among those that started in the last two minutes.
pub(crate) async fn of_recent(
    spans: &Scan<'_>,
    now: UnixNanos,
    counting: &Counting,
) -> Result<ExemplarsOfSpans, QueryError> {
    static COLUMNS: LazyLock<[ColumnId; 8]> = LazyLock::new(|| {
        [
            columns::TRACE_ID,
            columns::SPAN_ID,
            columns::START_TIME_UNIX_NANO,
            columns::DURATION_NANO,
            columns::KIND,
            columns::STATUS_CODE,
            columns::SERVICE_NAME,
            columns::NAME,
        ]
    });
    let window = WINDOW.as_nanos() as i64;
    let start = || column(columns::START_TIME_UNIX_NANO);
    let is_recent = start()
        .gt_eq(lit(now.0.saturating_sub(window)))
        .and(start().lt_eq(lit(now.0)));
    let mut rows = spans.matching(is_recent, COLUMNS.as_slice()).await?;
    let mut slowest = Slowest::default();
    let mut looked_at = 0;
    while looked_at < MOST_SPANS
        && let Some(batch) = rows.try_next().await?
    {
        counting.read_spans(batch.num_rows());
        looked_at += batch.num_rows();
        slowest.add(&batch)?;
    }
    Ok(slowest.by_labels())
}

#[derive(Default)]
struct Slowest {
    numbers: HashMap<Labels, usize>,
    exemplars: Vec<BucketExemplars>,
}

impl Slowest {
    fn add(&mut self, batch: &RecordBatch) -> Result<(), DataFusionError> {
        let [
            trace_ids,
            span_ids,
            starts,
            durations,
            kinds,
            codes,
            services,
            names,
        ] = batch.columns()
        else {
            return Ok(());
        };
        let (services, names) = (Texts::of(services)?, Texts::of(names)?);
        let (trace_ids, span_ids) = (
            trace_ids.as_fixed_size_binary(),
            span_ids.as_fixed_size_binary(),
        );
        let starts = starts.as_primitive::<Int64Type>();
        let durations = durations.as_primitive::<Int64Type>();
        let (kinds, codes) = (
            kinds.as_primitive::<Int8Type>(),
            codes.as_primitive::<Int8Type>(),
        );
        // Texts are looked at once for each distinct combination.
        let mut numbers = HashMap::new();
        for row in 0..batch.num_rows() {
            let (kind, code) = (kinds.value(row), codes.value(row));
            let key = (services.code(row), names.code(row), kind, code);
            let number = *numbers.entry(key).or_insert_with(|| {
                let labels = SpanLabels::of(
                    services.text(row).unwrap_or(UNKNOWN_SERVICE),
                    names.text(row).unwrap_or_default(),
                    SpanKind::from_number(kind.into()),
                    StatusCode::from_number(code.into()),
                );
                self.number_of(labels.labels())
            });
            let duration_nano = durations.value(row).max(0);
            let place = &mut self.exemplars[number][classic_bucket(duration_nano)];
            if place.is_none_or(|slowest| slowest.duration_nano < duration_nano) {
                *place = Some(Exemplar {
                    trace_id: TraceId(trace_ids.value(row).try_into().unwrap_or_default()),
                    span_id: SpanId(span_ids.value(row).try_into().unwrap_or_default()),
                    duration_nano,
                    end: UnixNanos(starts.value(row).saturating_add(duration_nano)),
                });
            }
        }
        Ok(())
    }

    fn number_of(&mut self, labels: Labels) -> usize {
        let next = self.exemplars.len();
        let number = *self.numbers.entry(labels).or_insert(next);
        if number == next {
            self.exemplars.push([None; BOUNDS + 1]);
        }
        number
    }

    fn by_labels(self) -> ExemplarsOfSpans {
        let Self { numbers, exemplars } = self;
        let all = numbers.into_iter();
        all.map(|(labels, number)| (labels, exemplars[number]))
            .collect()
    }
}

/// A column of texts as a dictionary.
struct Texts(ArrayRef);

impl Texts {
    fn of(column: &ArrayRef) -> Result<Self, DataFusionError> {
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        Ok(Self(cast(column, &dictionary)?))
    }

    /// None for a row without a text.
    fn code(&self, row: usize) -> Option<usize> {
        let keys = self.0.as_dictionary::<Int32Type>().keys();
        keys.is_valid(row)
            .then(|| usize::try_from(keys.value(row)).ok())
            .flatten()
    }

    fn text(&self, row: usize) -> Option<&str> {
        let values = self.0.as_dictionary::<Int32Type>().values();
        Some(values.as_string::<i32>().value(self.code(row)?))
    }
}
