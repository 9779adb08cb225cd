//! A live data file, as the log tells of it.

use object_store::path::Path;
use schemas::rollups::{IS_FRESH, STEP_SECONDS};
use serde_json::{Value, json};
use uuid::Uuid;

use super::PartitionDate;

/// A file that is part of the table. What the log does not tell is told as unknown: other engines
/// may write files without statistics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AddedFile {
    /// Relative to the table's root and URL-encoded, as in the log; the file's identity.
    pub(crate) path: String,
    /// Bytes.
    pub(crate) size: u64,
    /// Milliseconds since 1970.
    pub(crate) modification_time_ms: i64,
    /// The partition; `None` only if another engine wrote spans without one.
    pub(crate) date: Option<PartitionDate>,
    /// The number of rows; `None` if unknown.
    pub(crate) rows: Option<u64>,
    /// No span, or bucket, starts before this, nanoseconds since 1970; `i64::MIN` if unknown.
    pub(crate) min_start_nanos: i64,
    /// No span, or bucket, starts after this, nanoseconds since 1970; `i64::MAX` if unknown.
    pub(crate) max_start_nanos: i64,
    /// What is known of rows of figures; `None` if nothing.
    pub(crate) figures: Option<FigureBounds>,
}

/// Bounds of what all rows of a file of figures say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FigureBounds {
    /// The least and the greatest [`STEP_SECONDS`].
    pub(crate) steps: (i64, i64),
    /// [`IS_FRESH`], where false comes before true; null counts as false.
    pub(crate) fresh: (bool, bool),
}

impl FigureBounds {
    /// Bounds of these rows and of others.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            steps: (
                self.steps.0.min(other.steps.0),
                self.steps.1.max(other.steps.1),
            ),
            fresh: (
                self.fresh.0.min(other.fresh.0),
                self.fresh.1.max(other.fresh.1),
            ),
        }
    }
}

/// The path of a new data file.
pub(crate) fn data_file_path(date: PartitionDate, id: Uuid) -> String {
    format!("{}={date}/part-{id}.parquet", PartitionDate::COLUMN)
}

/// Whether [`data_file_path`] makes such paths. Other engines' files have other names.
pub(super) fn is_data_file_path(path: &str) -> bool {
    let parts = path.split_once('/').and_then(|(partition, name)| {
        let date = partition
            .strip_prefix(PartitionDate::COLUMN)?
            .strip_prefix('=')?;
        let id = name.strip_prefix("part-")?.strip_suffix(".parquet")?;
        Some((PartitionDate::parse(date)?, Uuid::try_parse(id).ok()?))
    });
    parts.is_some_and(|(date, id)| data_file_path(date, id) == path)
}

impl AddedFile {
    /// Where the file lies in the table's store.
    pub(crate) fn location(&self) -> Path {
        Path::from_url_path(&self.path).unwrap_or_else(|_| Path::from(self.path.as_str()))
    }

    /// The statistics as Delta writes them: those of `time_column`, and what is known of figures,
    /// beside the number of rows.
    pub(super) fn stats(&self, time_column: &str) -> Option<String> {
        let rows = self.rows?;
        let mut stats = json!({ "numRecords": rows });
        if (self.min_start_nanos, self.max_start_nanos) != UNKNOWN {
            stats["minValues"] = json!({ time_column: self.min_start_nanos });
            stats["maxValues"] = json!({ time_column: self.max_start_nanos });
            stats["nullCount"] = json!({ time_column: 0 });
        }
        if let Some(FigureBounds { steps, fresh }) = self.figures {
            for (side, step, fresh) in [
                ("minValues", steps.0, fresh.0),
                ("maxValues", steps.1, fresh.1),
            ] {
                stats[side][STEP_SECONDS] = json!(step);
                stats[side][IS_FRESH] = json!(fresh);
            }
            stats["nullCount"][STEP_SECONDS] = json!(0);
        }
        Some(stats.to_string())
    }

    /// Takes over the statistics that any engine wrote, as far as they are there and understood.
    pub(super) fn with_stats(mut self, time_column: &str, stats: Option<&str>) -> Self {
        let stats: Value = stats
            .and_then(|stats| serde_json::from_str(stats).ok())
            .unwrap_or_default();
        let sides = ["minValues", "maxValues"];
        let bound = |side: &str, column: &str| stats[side][column].as_i64();
        let steps = sides.map(|side| bound(side, STEP_SECONDS));
        let fresh = sides.map(|side| stats[side][IS_FRESH].as_bool());
        self.rows = stats["numRecords"].as_u64();
        self.min_start_nanos = bound("minValues", time_column).unwrap_or(UNKNOWN.0);
        self.max_start_nanos = bound("maxValues", time_column).unwrap_or(UNKNOWN.1);
        self.figures = match (steps, fresh) {
            ([Some(least), Some(greatest)], [Some(first), Some(last)]) => Some(FigureBounds {
                steps: (least, greatest),
                fresh: (first, last),
            }),
            _ => None,
        };
        self
    }
}

/// The range of starts that excludes nothing.
const UNKNOWN: (i64, i64) = (i64::MIN, i64::MAX);

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "start_time_unix_nano";

    fn file() -> AddedFile {
        AddedFile {
            path: data_file_path(PartitionDate(20_780), Uuid::nil()),
            size: 1,
            modification_time_ms: 2,
            date: Some(PartitionDate(20_780)),
            rows: Some(3),
            min_start_nanos: 1_795_392_000_000_000_001,
            max_start_nanos: 1_795_392_000_000_000_002,
            figures: None,
        }
    }

    #[test]
    fn statistics_are_read_as_written() {
        assert_eq!(
            file().stats(TIME).as_deref(),
            Some(
                r#"{"maxValues":{"start_time_unix_nano":1795392000000000002},"minValues":{"start_time_unix_nano":1795392000000000001},"nullCount":{"start_time_unix_nano":0},"numRecords":3}"#
            )
        );
        let without = AddedFile {
            rows: None,
            min_start_nanos: 0,
            max_start_nanos: 0,
            ..file()
        };
        assert_eq!(
            without.with_stats(TIME, file().stats(TIME).as_deref()),
            file()
        );
    }

    #[test]
    fn bounds_of_figures_are_told() {
        let figures = AddedFile {
            figures: Some(FigureBounds {
                steps: (10, 60),
                fresh: (false, true),
            }),
            ..file()
        };
        let stats = figures.stats(TIME);
        let told = |part: &str| stats.as_ref().is_some_and(|stats| stats.contains(part));
        assert!(told(
            r#""minValues":{"is_fresh":false,"start_time_unix_nano":1795392000000000001,"step_seconds":10}"#
        ));
        assert!(told(
            r#""maxValues":{"is_fresh":true,"start_time_unix_nano":1795392000000000002,"step_seconds":60}"#
        ));
        assert_eq!(file().with_stats(TIME, stats.as_deref()), figures);
    }

    #[test]
    fn what_is_not_told_is_unknown() {
        let check = |stats: Option<&str>, expect: (Option<u64>, i64, i64)| {
            let read = file().with_stats(TIME, stats);
            assert_eq!(
                (read.rows, read.min_start_nanos, read.max_start_nanos),
                expect,
                "{stats:?}"
            );
            assert_eq!(
                read.clone().with_stats(TIME, read.stats(TIME).as_deref()),
                read
            );
        };
        check(None, (None, i64::MIN, i64::MAX));
        check(Some("no json"), (None, i64::MIN, i64::MAX));
        check(Some("{}"), (None, i64::MIN, i64::MAX));
        check(Some(r#"{"numRecords":7}"#), (Some(7), i64::MIN, i64::MAX));
        check(
            Some(
                r#"{"numRecords":7,"minValues":{"start_time_unix_nano":"x"},"maxValues":{"start_time_unix_nano":5}}"#,
            ),
            (Some(7), i64::MIN, 5),
        );
    }

    #[test]
    fn only_our_own_names_are_ours() {
        let id = Uuid::from_u128(0x1234);
        assert!(is_data_file_path(&data_file_path(PartitionDate(0), id)));
        for path in [
            "date=2026-11-23/part-00000-00000000-0000-0000-0000-000000001234-c000.snappy.parquet",
            "date=2026-11-23/part-00000000000000000000000000001234.parquet",
            "part-00000000-0000-0000-0000-000000001234.parquet",
            "day=2026-11-23/part-00000000-0000-0000-0000-000000001234.parquet",
            "date=2026-11-23/x/part-00000000-0000-0000-0000-000000001234.parquet",
            "_delta_log/00000000000000000000.json",
        ] {
            assert!(!is_data_file_path(path), "{path}");
        }
    }
}
