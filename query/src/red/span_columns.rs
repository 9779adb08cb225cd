//! The columns of spans that figures are made of.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{
    Array, FixedSizeBinaryArray, Int8Array, Int64Array, PrimitiveArray, StringArray,
};
use schemas::columns::{self, ColumnId, resource_attribute_column};
use schemas::{SpanBatch, StatusCode};

use super::distinct::Digest;
use super::query::GroupBy;

/// How many dimensions spans are told apart by.
pub(crate) const DIMENSIONS: usize = GroupBy::ALL.len();

/// What tells a row from others, in the order of [`GroupBy::ALL`]: the kind's and the status's
/// numbers, and codes of the batch's dictionaries, [`NO_CODE`] for null.
pub(crate) type Codes = [i32; DIMENSIONS];

const NO_CODE: i32 = -1;

/// The columns, those that every span has included.
pub(crate) fn all() -> &'static [ColumnId] {
    static COLUMNS: LazyLock<[ColumnId; 11]> = LazyLock::new(|| {
        [
            columns::TRACE_ID,
            columns::SPAN_ID,
            columns::START_TIME_UNIX_NANO,
            columns::DURATION_NANO,
            columns::KIND,
            columns::STATUS_CODE,
            columns::SERVICE_NAME,
            columns::NAME,
            columns::SERVICE_INSTANCE_ID,
            service_version(),
            availability_zone(),
        ]
    });
    COLUMNS.as_slice()
}

/// The column of `service.version`.
pub(crate) fn service_version() -> ColumnId {
    resource_attribute_column("service.version").expect("a column of the span table")
}

/// The column of `cloud.availability_zone`.
pub(crate) fn availability_zone() -> ColumnId {
    resource_attribute_column("cloud.availability_zone").expect("a column of the span table")
}

/// The columns of one batch.
pub(crate) struct SpanColumns<'a> {
    trace_ids: &'a FixedSizeBinaryArray,
    span_ids: &'a FixedSizeBinaryArray,
    starts: &'a Int64Array,
    durations: &'a Int64Array,
    kinds: &'a Int8Array,
    codes: &'a Int8Array,
    /// In the order of [`GroupBy::ALL`]; none for numbers, and where all rows are null.
    texts: [Option<TextColumn<'a>>; DIMENSIONS],
}

struct TextColumn<'a> {
    keys: &'a PrimitiveArray<Int32Type>,
    values: &'a StringArray,
}

impl<'a> SpanColumns<'a> {
    /// None for a batch without spans.
    pub(crate) fn of(batch: &'a SpanBatch) -> Option<Self> {
        let text = |by: &GroupBy| {
            let id = match by {
                GroupBy::Service => columns::SERVICE_NAME,
                GroupBy::Operation => columns::NAME,
                GroupBy::Instance => columns::SERVICE_INSTANCE_ID,
                GroupBy::Version => service_version(),
                GroupBy::Zone => availability_zone(),
                GroupBy::Kind | GroupBy::Status => return None,
            };
            let dictionary = batch.column(id)?.as_dictionary_opt::<Int32Type>()?;
            Some(TextColumn {
                keys: dictionary.keys(),
                values: dictionary.values().as_string_opt()?,
            })
        };
        Some(Self {
            trace_ids: batch.trace_ids()?,
            span_ids: batch.typed_column(columns::SPAN_ID)?,
            starts: batch.start_times()?,
            durations: batch.typed_column(columns::DURATION_NANO)?,
            kinds: batch.typed_column(columns::KIND)?,
            codes: batch.typed_column(columns::STATUS_CODE)?,
            texts: GroupBy::ALL.each_ref().map(text),
        })
    }

    /// The trace of a row.
    pub(crate) fn trace_id(&self, row: usize) -> &'a [u8] {
        self.trace_ids.value(row)
    }

    /// When the span started, nanoseconds since 1970.
    pub(crate) fn start(&self, row: usize) -> i64 {
        self.starts.value(row)
    }

    /// The span's duration, nanoseconds.
    pub(crate) fn duration_nano(&self, row: usize) -> i64 {
        self.durations.value(row)
    }

    /// What tells the row from others.
    pub(crate) fn codes(&self, row: usize) -> Codes {
        let mut codes = [NO_CODE; DIMENSIONS];
        for (code, text) in codes.iter_mut().zip(&self.texts) {
            if let Some(text) = text
                && text.keys.is_valid(row)
            {
                *code = text.keys.value(row);
            }
        }
        codes[GroupBy::Kind as usize] = self.kinds.value(row).into();
        codes[GroupBy::Status as usize] = self.codes.value(row).into();
        codes
    }

    /// The text behind a code; none for null, and for kind and status.
    pub(crate) fn text(&self, by: GroupBy, codes: &Codes) -> Option<&'a str> {
        let values = self.texts[by as usize].as_ref()?.values;
        let code = usize::try_from(codes[by as usize]).ok()?;
        values.is_valid(code).then(|| values.value(code))
    }

    /// A digest of what codes stand for, as far as it is part of a span's identity.
    pub(crate) fn identity_of_codes(&self, codes: &Codes) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.text(GroupBy::Service, codes).hash(&mut hasher);
        self.text(GroupBy::Operation, codes).hash(&mut hasher);
        codes[GroupBy::Kind as usize].hash(&mut hasher);
        codes[GroupBy::Status as usize].hash(&mut hasher);
        hasher.finish()
    }

    /// A span's identity; `of_codes` is that of its codes.
    pub(crate) fn identity(&self, row: usize, of_codes: u64) -> u128 {
        let half = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_be_bytes);
        let (high, low) = self.trace_id(row).split_at_checked(8).unwrap_or_default();
        Digest::EMPTY
            .with(half(high))
            .with(half(low))
            .with(half(self.span_ids.value(row)))
            .with(self.start(row).cast_unsigned())
            .with(self.duration_nano(row).cast_unsigned())
            .with(of_codes)
            .finish()
    }
}

/// Whether codes are those of a span with the status `error`.
pub(crate) fn is_error(codes: &Codes) -> bool {
    StatusCode::from_number(codes[GroupBy::Status as usize]) == StatusCode::Error
}
