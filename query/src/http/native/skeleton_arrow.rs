//! A trace's tree as columns.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, FixedSizeBinaryArray, Int8Array, Int32Array,
    Int64Array, RecordBatch, StringArray, UInt32Array,
};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, Field, Schema};

use crate::diagnosis::{CallTree, CriticalPath, Names, self_times};
use crate::{Half, Mark, Trace};

/// The version of the columns, stated in the schema's metadata: raised when one of them changes its
/// meaning, not when columns are added.
const VERSION: &str = "1";

/// The one column with nulls.
const SPAN_ID: &str = "spanId";

/// The tree as an Arrow IPC stream of one record batch.
pub(super) fn skeleton_stream(trace: &Trace) -> Result<Vec<u8>, ArrowError> {
    let batch = skeleton(trace)?;
    let mut writer = StreamWriter::try_new(Vec::new(), batch.schema_ref())?;
    writer.write(&batch)?;
    writer.finish()?;
    writer.into_inner()
}

/// One row for each span, in the order of the trace's tree.
fn skeleton(trace: &Trace) -> Result<RecordBatch, ArrowError> {
    let tree = CallTree::of(trace);
    let path = CriticalPath::of(&tree);
    let begin = trace.summary().start.0;
    let calls = || tree.calls.iter();
    let parents: Int32Array = calls().map(|call| call.parent.map_or(-1, row)).collect();
    let depths: Int32Array = calls().map(|call| Some(row(call.depth))).collect();
    let offsets = calls().map(|call| Some(call.time.start.saturating_sub(begin)));
    let durations = calls().map(|call| Some(call.time.length()));
    let services = dictionary(&tree.services, calls().map(|call| call.service))?;
    let operations = dictionary(&tree.operations, calls().map(|call| call.operation))?;
    let kinds: Int8Array = calls().map(|call| Some(call.kind.number())).collect();
    let spans = || trace.spans().iter();
    let status_codes: Int8Array = spans()
        .map(|span| Some(span.status_code.number()))
        .collect();
    let marks: UInt32Array = spans().map(|span| Some(span.marks.bits())).collect();
    let ordinals: Int32Array = spans().map(|span| Some(row(span.ordinal))).collect();
    let halves: Int8Array = spans().map(|span| Some(half_number(span.half))).collect();
    let self_times = Int64Array::from(self_times(&tree));
    let skews = spans().map(|span| Some(span.clock_skew_nano));
    let ids = spans().map(|span| span.span_id.map(|id| id.0));
    let span_ids = FixedSizeBinaryArray::try_from_sparse_iter_with_size(ids, 8)?;
    let columns: [(&str, ArrayRef); 15] = [
        ("parent", Arc::new(parents)),
        ("depth", Arc::new(depths)),
        ("ordinal", Arc::new(ordinals)),
        ("half", Arc::new(halves)),
        ("startOffsetNano", Arc::new(offsets.collect::<Int64Array>())),
        ("durationNano", Arc::new(durations.collect::<Int64Array>())),
        ("clockSkewNano", Arc::new(skews.collect::<Int64Array>())),
        ("selfTimeNano", Arc::new(self_times)),
        ("service", services),
        ("operation", operations),
        ("kind", Arc::new(kinds)),
        ("status", Arc::new(status_codes)),
        ("marks", Arc::new(marks)),
        ("onCriticalPath", Arc::new(BooleanArray::from(path.is_on))),
        (SPAN_ID, Arc::new(span_ids)),
    ];
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, column)| {
            let is_nullable = *name == SPAN_ID;
            Field::new(*name, column.data_type().clone(), is_nullable)
        })
        .collect();
    let schema = Schema::new_with_metadata(fields, metadata(trace));
    let columns = columns.into_iter().map(|(_, column)| column).collect();
    RecordBatch::try_new(Arc::new(schema), columns)
}

fn metadata(trace: &Trace) -> HashMap<String, String> {
    let entry = |key: &str, value: String| (key.to_owned(), value);
    HashMap::from([
        entry("version", VERSION.to_owned()),
        entry("traceId", trace.id().to_string()),
        entry("startTimeUnixNano", trace.summary().start.0.to_string()),
        entry("marks", Mark::ALL.map(Mark::name).join(",")),
    ])
}

fn dictionary(names: &Names, numbers: impl Iterator<Item = usize>) -> Result<ArrayRef, ArrowError> {
    let keys: Int32Array = numbers.map(|number| Some(row(number))).collect();
    let values = StringArray::from_iter_values(names.all());
    let dictionary = DictionaryArray::<Int32Type>::try_new(keys, Arc::new(values))?;
    Ok(Arc::new(dictionary))
}

fn half_number(half: Option<Half>) -> i8 {
    match half {
        None => 0,
        Some(Half::Client { .. }) => 1,
        Some(Half::Server) => 2,
    }
}

fn row(position: usize) -> i32 {
    i32::try_from(position).expect("a trace within the memory limit has fewer than 2^31 spans")
}
