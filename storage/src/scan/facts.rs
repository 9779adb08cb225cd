//! What is known without reading rows: of whole files, row groups, pages and chunks in memory.

use arrow_array::Array;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::statistics::Statistics;
use schemas::columns::START_TIME_UNIX_NANO;
use schemas::{ColumnId, ColumnType, SpanBatch, columns};

use super::condition::Value;
use super::pruning::{ColumnFacts, Facts, Nulls, Page};
use crate::data_file::{DataFile, Footer};

/// The key under which queries ask for an event's name; every event has one.
const EVENT_NAME_KEY: &str = "event";

/// What the table's log says of a file.
pub(crate) struct FileFacts<'a>(pub(crate) &'a DataFile);

impl Facts for FileFacts<'_> {
    fn column(&self, column: ColumnId) -> ColumnFacts {
        if column != START_TIME_UNIX_NANO {
            return ColumnFacts::UNKNOWN;
        }
        let file = &self.0.added;
        // Unknown bounds are the widest.
        let bounds = (
            Value::Int(file.min_start_nanos),
            Value::Int(file.max_start_nanos),
        );
        ColumnFacts {
            nulls: Nulls::None,
            bounds: Some(bounds),
        }
    }

    fn may_contain(&self, _column: ColumnId, _value: &Value) -> bool {
        true
    }

    fn may_have_key(&self, _column: ColumnId, _key: &str) -> bool {
        true
    }
}

/// What a file's footer says of a row group.
pub(crate) struct RowGroupFacts<'a> {
    pub(crate) footer: &'a Footer,
    pub(crate) row_group: usize,
}

impl<'a> RowGroupFacts<'a> {
    fn metadata(&self) -> &'a RowGroupMetaData {
        self.footer.reader.metadata().row_group(self.row_group)
    }

    /// The number of rows.
    pub(crate) fn rows(&self) -> usize {
        usize::try_from(self.metadata().num_rows()).unwrap_or(0)
    }

    /// The column's only leaf; `None` when it is absent or nested.
    fn flat_leaf(&self, column: ColumnId) -> Option<usize> {
        let nested = matches!(
            column.column().column_type,
            ColumnType::Events | ColumnType::Links
        );
        self.footer.leaf_of_column[column.0].filter(|_| !nested)
    }

    /// What the page index says of a column, page by page.
    pub(crate) fn pages(&self, column: ColumnId) -> Option<Vec<Page>> {
        let leaf = self.flat_leaf(column)?;
        pages_of_leaf(self.footer.reader.metadata(), self.row_group, leaf)
    }
}

impl Facts for RowGroupFacts<'_> {
    fn column(&self, column: ColumnId) -> ColumnFacts {
        if self.footer.leaf_of_column[column.0].is_none() {
            return ColumnFacts::ALL_NULL;
        }
        let leaf = self.flat_leaf(column);
        leaf.map_or(ColumnFacts::UNKNOWN, |leaf| {
            facts_of_leaf(self.metadata(), leaf)
        })
    }

    fn may_contain(&self, column: ColumnId, value: &Value) -> bool {
        let filters = self
            .footer
            .bloom_filters
            .get(self.row_group)
            .into_iter()
            .flatten();
        let filter = filters
            .into_iter()
            .find(|(id, _)| *id == column)
            .map(|(_, filter)| filter);
        match (filter, value) {
            (Some(filter), Value::Bytes(bytes)) => filter.check(bytes.as_slice()),
            (Some(filter), Value::Int(number))
                if column.column().column_type == ColumnType::Int64 =>
            {
                filter.check(number)
            }
            _ => true,
        }
    }

    fn may_have_key(&self, column: ColumnId, key: &str) -> bool {
        if column == columns::EVENTS && key == EVENT_NAME_KEY {
            return true;
        }
        self.footer.rest_keys.may_have(&column.column().name, key)
    }
}

/// What the statistics of a row group say of a column that is not nested.
pub(crate) fn facts_of_leaf(row_group: &RowGroupMetaData, leaf: usize) -> ColumnFacts {
    let Some(statistics) = row_group.column(leaf).statistics() else {
        return ColumnFacts::UNKNOWN;
    };
    let nulls = match statistics.null_count_opt() {
        Some(0) => Nulls::None,
        Some(count) if i64::try_from(count) == Ok(row_group.num_rows()) => Nulls::All,
        _ => Nulls::Unknown,
    };
    let bounds = if statistics.is_min_max_deprecated() {
        None
    } else {
        bounds(statistics)
    };
    ColumnFacts { nulls, bounds }
}

/// What the page index says of a column that is not nested, page by page.
pub(crate) fn pages_of_leaf(
    metadata: &ParquetMetaData,
    row_group: usize,
    leaf: usize,
) -> Option<Vec<Page>> {
    let index = metadata.column_index()?.get(row_group)?.get(leaf)?;
    let locations = metadata
        .offset_index()?
        .get(row_group)?
        .get(leaf)?
        .page_locations();
    let pages = locations.iter().enumerate().map(|(number, location)| {
        let first_row = usize::try_from(location.first_row_index).ok()?;
        Some(Page {
            first_row,
            facts: page_facts(index, number)?,
        })
    });
    pages.collect()
}

/// Bounds that a row group's statistics give; they may be cut off, but outwards.
fn bounds(statistics: &Statistics) -> Option<(Value, Value)> {
    match statistics {
        Statistics::Boolean(values) => both(values.min_opt(), values.max_opt(), |value| {
            Value::Bool(*value)
        }),
        Statistics::Int32(values) => both(values.min_opt(), values.max_opt(), |value| {
            Value::Int((*value).into())
        }),
        Statistics::Int64(values) => both(values.min_opt(), values.max_opt(), |value| {
            Value::Int(*value)
        }),
        Statistics::ByteArray(_) | Statistics::FixedLenByteArray(_) => both(
            statistics.min_bytes_opt(),
            statistics.max_bytes_opt(),
            |bytes| Value::Bytes(bytes.to_vec()),
        ),
        Statistics::Int96(_) | Statistics::Float(_) | Statistics::Double(_) => None,
    }
}

fn both<T>(min: Option<T>, max: Option<T>, value: impl Fn(T) -> Value) -> Option<(Value, Value)> {
    Some((value(min?), value(max?)))
}

/// What a column index says of a page; `None` where there is no index.
fn page_facts(index: &ColumnIndexMetaData, page: usize) -> Option<ColumnFacts> {
    let bounds = match index {
        ColumnIndexMetaData::NONE => return None,
        _ if index.is_null_page(page) => return Some(ColumnFacts::ALL_NULL),
        ColumnIndexMetaData::BOOLEAN(index) => {
            both(index.min_value(page), index.max_value(page), |value| {
                Value::Bool(*value)
            })
        }
        ColumnIndexMetaData::INT32(index) => {
            both(index.min_value(page), index.max_value(page), |value| {
                Value::Int((*value).into())
            })
        }
        ColumnIndexMetaData::INT64(index) => {
            both(index.min_value(page), index.max_value(page), |value| {
                Value::Int(*value)
            })
        }
        ColumnIndexMetaData::BYTE_ARRAY(index)
        | ColumnIndexMetaData::FIXED_LEN_BYTE_ARRAY(index) => {
            both(index.min_value(page), index.max_value(page), |bytes| {
                Value::Bytes(bytes.to_vec())
            })
        }
        ColumnIndexMetaData::INT96(_)
        | ColumnIndexMetaData::FLOAT(_)
        | ColumnIndexMetaData::DOUBLE(_) => None,
    };
    let nulls = if index.null_count(page) == Some(0) {
        Nulls::None
    } else {
        Nulls::Unknown
    };
    Some(ColumnFacts { nulls, bounds })
}

/// What a look at a batch in memory tells, without a look at its texts.
pub(crate) struct BatchFacts<'a>(pub(crate) &'a SpanBatch);

impl Facts for BatchFacts<'_> {
    fn column(&self, column: ColumnId) -> ColumnFacts {
        let Some(array) = self.0.column(column) else {
            return ColumnFacts::ALL_NULL;
        };
        let nulls = match array.null_count() {
            0 => Nulls::None,
            count if count == array.len() => Nulls::All,
            _ => Nulls::Unknown,
        };
        let starts = self
            .0
            .start_times()
            .filter(|_| column == START_TIME_UNIX_NANO);
        let bounds = starts.and_then(|starts| {
            let values = starts.values().iter();
            both(values.clone().min(), values.max(), |value| {
                Value::Int(*value)
            })
        });
        ColumnFacts { nulls, bounds }
    }

    fn may_contain(&self, _column: ColumnId, _value: &Value) -> bool {
        true
    }

    fn may_have_key(&self, _column: ColumnId, _key: &str) -> bool {
        true
    }
}
