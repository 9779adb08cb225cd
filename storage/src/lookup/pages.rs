//! Which pages of a row group may hold a trace.

use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use schemas::{TraceId, columns};

use crate::data_file::Footer;

/// The rows of the pages whose range of trace ids holds any of `wanted`, which is sorted; `None`
/// when there are none.
/// All rows where the file has no page index.
pub(super) fn select(
    footer: &Footer,
    row_group: usize,
    wanted: &[TraceId],
) -> Option<RowSelection> {
    if wanted.is_empty() {
        return None;
    }
    let rows = usize::try_from(footer.reader.metadata().row_group(row_group).num_rows()).ok()?;
    let Some(pages) = pages(footer, row_group, rows) else {
        return Some(RowSelection::from(vec![RowSelector::select(rows)]));
    };
    let selectors: Vec<RowSelector> = pages
        .iter()
        .map(|page| {
            let before = wanted.partition_point(|id| id.0[..] < page.first[..]);
            let next = wanted.get(before);
            match next.is_some_and(|id| id.0[..] <= page.last[..]) {
                true => RowSelector::select(page.rows),
                false => RowSelector::skip(page.rows),
            }
        })
        .collect();
    let any = selectors.iter().any(|selector| !selector.skip);
    any.then(|| RowSelection::from(selectors))
}

struct Page<'a> {
    first: &'a [u8],
    last: &'a [u8],
    rows: usize,
}

fn pages(footer: &Footer, row_group: usize, rows: usize) -> Option<Vec<Page<'_>>> {
    let leaf = footer.leaf_of_column[columns::TRACE_ID.0]?;
    let metadata = footer.reader.metadata();
    let ColumnIndexMetaData::FIXED_LEN_BYTE_ARRAY(index) =
        metadata.column_index()?.get(row_group)?.get(leaf)?
    else {
        return None;
    };
    let locations = metadata
        .offset_index()?
        .get(row_group)?
        .get(leaf)?
        .page_locations();
    let starts = locations
        .iter()
        .map(|location| usize::try_from(location.first_row_index).ok());
    let starts = starts.collect::<Option<Vec<_>>>()?;
    let ends = starts.iter().copied().skip(1).chain([rows]);
    let bounds = starts.iter().zip(ends).enumerate();
    let pages = bounds.map(|(number, (start, end))| {
        Some(Page {
            first: index.min_value(number)?,
            last: index.max_value(number)?,
            rows: end.checked_sub(*start)?,
        })
    });
    pages.collect()
}
