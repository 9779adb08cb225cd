//! The columns of spans that figures are made of.

use std::hash::{Hash, Hasher};
use std::num::NonZeroU32;
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
use super::texts::Texts;

/// How many dimensions spans are told apart by.
pub(crate) const DIMENSIONS: usize = GroupBy::ALL.len();

/// What tells a span from others, in the order of [`GroupBy::ALL`]: numbers of texts in [`Texts`],
/// and OTLP's numbers of the kind and the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpanValues([u32; DIMENSIONS]);

impl SpanValues {
    pub(crate) fn number(&self, by: GroupBy) -> u32 {
        self.0[by as usize]
    }

    /// The text of a dimension; none where the span does not say.
    pub(crate) fn text<'t>(&self, by: GroupBy, texts: &'t Texts) -> Option<&'t str> {
        texts.text(self.number(by))
    }

    /// The number of the kind or of the status.
    pub(crate) fn code(&self, by: GroupBy) -> i8 {
        (self.number(by) as u8).cast_signed()
    }

    pub(crate) fn is_error(&self) -> bool {
        let code = self.code(GroupBy::Status);
        StatusCode::from_number(code.into()) == StatusCode::Error
    }
}

impl Hash for SpanValues {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [service, name, kind, status, instance, version, zone] = self.0.map(u64::from);
        let words = [
            service << 32 | name,
            kind << 8 | status,
            instance << 32 | version,
            zone,
        ];
        Digest::of(words).hash_into(state);
    }
}

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
    /// The numbers of the dictionary's texts, as far as they were met.
    numbers: Vec<Option<NonZeroU32>>,
}

impl TextColumn<'_> {
    fn number(&mut self, row: usize, texts: &mut Texts) -> u32 {
        if self.keys.is_null(row) {
            return Texts::NONE;
        }
        let Ok(code) = usize::try_from(self.keys.value(row)) else {
            return Texts::NONE;
        };
        if let Some(Some(number)) = self.numbers.get(code) {
            return number.get();
        }
        if !self.values.is_valid(code) {
            return Texts::NONE;
        }
        let number = texts.number(self.values.value(code));
        self.numbers[code] = NonZeroU32::new(number);
        number
    }
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
                numbers: vec![None; dictionary.values().len()],
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
    pub(crate) fn values(&mut self, row: usize, texts: &mut Texts) -> SpanValues {
        let mut values = [Texts::NONE; DIMENSIONS];
        for (number, text) in values.iter_mut().zip(&mut self.texts) {
            if let Some(text) = text {
                *number = text.number(row, texts);
            }
        }
        values[GroupBy::Kind as usize] = self.kinds.value(row).cast_unsigned().into();
        values[GroupBy::Status as usize] = self.codes.value(row).cast_unsigned().into();
        SpanValues(values)
    }

    /// What makes the span of a row with these values the same as another one.
    pub(crate) fn identity(&self, row: usize, values: &SpanValues) -> Digest {
        let half = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_be_bytes);
        let (high, low) = self.trace_id(row).split_at_checked(8).unwrap_or_default();
        let [service, name, kind, status, instance, version, zone] = values.0.map(u64::from);
        Digest::of([
            half(high),
            half(low),
            half(self.span_ids.value(row)),
            self.start(row).cast_unsigned(),
            self.duration_nano(row).cast_unsigned(),
            service << 32 | name,
            kind << 8 | status,
            instance << 32 | version,
            zone,
        ])
    }
}
