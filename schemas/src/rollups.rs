//! The columns of the rollup tables: figures of spans and of calls by 10 s, 1 min, 1 h and 8 h.
//!
//! A table's rows are sums. Each span, or call, is counted in the rows of the two shortest steps as
//! soon as it is rolled up; rows of longer steps are made of those of the step before when files are
//! merged. Until then a row is *fresh*: no row of a longer step counts what it counts. So a reader
//! picks one step and one kind of row, and the fresh rows of that kind and of shorter steps, then adds
//! up. Columns keep their names and meaning.

use std::sync::{Arc, LazyLock};

use arrow_schema::{DataType, Field, Schema, SchemaRef};

/// The lengths of the buckets that rollups are kept for, in seconds, shortest first. A month in points
/// of the longest one is a chart, and days are made of it, also those of UTC+8.
pub const ROLLUP_STEPS: [i64; 4] = [10, 60, 3_600, 28_800];

/// The steps whose rows are made of spans; those of each further one are made of the one before.
pub const FIRST_STEPS: [i64; 2] = [10, 60];

/// The step after one; none after the longest.
pub fn longer_step(step_seconds: i64) -> Option<i64> {
    ROLLUP_STEPS.into_iter().find(|step| *step > step_seconds)
}

/// The name that stands for the operations of a service beyond the limit.
pub const OTHER_OPERATIONS: &str = "(other)";

/// The name of the column that tells rows which no rows of longer steps repeat; null is as false.
pub const IS_FRESH: &str = "is_fresh";

/// The name of the column with the length of a bucket, in seconds.
pub const STEP_SECONDS: &str = "step_seconds";

/// The name of the column with what rows tell apart besides; null for nothing.
pub const DIMENSION: &str = "dimension";

/// What is made of rows of one step when they are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merging {
    /// Their sums, as fresh as they are.
    Sums,
    /// Their sums, which are fresh no more, and rows of the next longer step.
    SumsAndLonger,
    /// Rows of the next longer step alone.
    Longer,
}

/// The name of the column with the start of a bucket, nanoseconds since 1970.
pub const BUCKET_START: &str = "bucket_start_unix_nano";

/// What a row of `red` may tell apart besides service, kind and status: one at a time, as operations
/// and instances together would make nearly as many rows as spans.
pub const RED_DIMENSIONS: [&str; 2] = ["instance", "operation"];

/// The shortest step of rows of `red` without a dimension: in ten seconds they are hardly fewer than
/// those by instance, which add up to the same.
pub const SHORTEST_STEP_OF_ALL: i64 = 60;

/// The columns of the table `red`: spans by bucket, service, kind and status; and by the operation, or
/// by the instance with its version and zone.
///
/// | column | |
/// |---|---|
/// | `step_seconds` | the bucket's length, one of [`ROLLUP_STEPS`] |
/// | `bucket_start_unix_nano` | a multiple of it |
/// | `dimension` | one of [`RED_DIMENSIONS`], whose columns the row has; null for all spans of a service, from [`SHORTEST_STEP_OF_ALL`] on |
/// | `is_fresh` | no row of a longer step counts these spans |
/// | `service_name` | null where spans name no service |
/// | `name` | the operation, or [`OTHER_OPERATIONS`] |
/// | `kind`, `status_code` | OTLP's numbers |
/// | `service_instance_id`, `service_version`, `availability_zone` | null where spans do not say |
/// | `count` | spans |
/// | `sum_nano`, `max_nano` | of their durations, nanoseconds |
/// | `durations` | an HdrHistogram (V2) of them, three digits from 1 ns |
pub fn red_schema() -> &'static SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        schema(vec![
            required(STEP_SECONDS, DataType::Int64),
            required(BUCKET_START, DataType::Int64),
            optional(DIMENSION, DataType::Utf8),
            optional(IS_FRESH, DataType::Boolean),
            optional("service_name", DataType::Utf8),
            optional("name", DataType::Utf8),
            required("kind", DataType::Int8),
            required("status_code", DataType::Int8),
            optional("service_instance_id", DataType::Utf8),
            optional("service_version", DataType::Utf8),
            optional("availability_zone", DataType::Utf8),
            required("count", DataType::Int64),
            required("sum_nano", DataType::Int64),
            required("max_nano", DataType::Int64),
            required("durations", DataType::BinaryView),
        ])
    });
    &SCHEMA
}

/// The lengths of the buckets of rows of `edges` that have a dimension, in seconds.
pub const EDGE_DIMENSION_STEPS: [i64; 3] = [60, 3_600, 28_800];

/// What a row of `edges` may tell apart besides caller, callee and connection: version and zone of both
/// ends, or the operation. All at once would make nearly as many rows as calls; a version is mostly in
/// few zones, and where spans say no zone, or no version, nothing is told twice.
pub const EDGE_DIMENSIONS: [&str; 2] = ["ends", "operation"];

/// The columns of the table `edges`: calls by bucket, caller, callee and connection; and by the
/// operation, or by version and zone of both ends.
///
/// A trace that gets spans later may change what its earlier spans were taken for. So a row adds
/// to the sums or, with the weight −1, takes from them what an earlier row had added.
///
/// | column | |
/// |---|---|
/// | `step_seconds`, `bucket_start_unix_nano` | as in `red`; with a dimension only [`EDGE_DIMENSION_STEPS`] |
/// | `dimension` | one of [`EDGE_DIMENSIONS`], whose columns the row has; null for all calls of an edge |
/// | `is_fresh` | no row of a longer step counts these calls |
/// | `weight` | 1 or −1 |
/// | `caller`, `callee` | names; null for a user, who has none |
/// | `caller_kind`, `callee_kind` | `service`, `database`, `cache`, `queue`, `external`, `user` |
/// | `connection` | `rpc`, `messaging_system`, `database`, `virtual_node` |
/// | `operation` | the name of the callee's span, or of the caller's where that is all there is |
/// | `caller_version`, `caller_zone`, `callee_version`, `callee_zone` | null where spans do not say |
/// | `calls`, `errors` | from 0 up; calls, and those of them that failed on either side |
/// | `client_sum_nano`, `client_durations` | durations as the caller saw them; an HdrHistogram (V2) |
/// | `server_sum_nano`, `server_durations` | durations as the callee saw them |
pub fn edge_schema() -> &'static SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        schema(vec![
            required(STEP_SECONDS, DataType::Int64),
            required(BUCKET_START, DataType::Int64),
            optional(DIMENSION, DataType::Utf8),
            optional(IS_FRESH, DataType::Boolean),
            required("weight", DataType::Int8),
            optional("caller", DataType::Utf8),
            required("caller_kind", DataType::Utf8),
            optional("callee", DataType::Utf8),
            required("callee_kind", DataType::Utf8),
            required("connection", DataType::Utf8),
            optional("operation", DataType::Utf8),
            optional("caller_version", DataType::Utf8),
            optional("caller_zone", DataType::Utf8),
            optional("callee_version", DataType::Utf8),
            optional("callee_zone", DataType::Utf8),
            required("calls", DataType::Int64),
            required("errors", DataType::Int64),
            required("client_sum_nano", DataType::Int64),
            required("client_durations", DataType::BinaryView),
            required("server_sum_nano", DataType::Int64),
            required("server_durations", DataType::BinaryView),
        ])
    });
    &SCHEMA
}

fn schema(fields: Vec<Field>) -> SchemaRef {
    Arc::new(Schema::new(fields))
}

fn required(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, false)
}

fn optional(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true)
}
