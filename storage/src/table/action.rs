//! The actions of the Delta log, as JSON.
//!
//! <https://github.com/delta-io/delta/blob/master/PROTOCOL.md#actions>

use std::collections::BTreeMap;

use object_store::path::Path;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::protocol::Protocol;
use super::{AddedFile, Commit, Operation, PartitionDate, TableDefinition};
use crate::error::StorageError;

/// One line of a log entry, to be written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Action<'a> {
    CommitInfo(CommitInfo),
    Protocol(&'a Protocol),
    MetaData(&'a Metadata),
    Txn(Txn),
    Remove(Remove),
    Add(Add),
}

/// One line of a log entry, as any engine wrote it. Actions that do not matter here are skipped.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReadAction {
    pub(super) commit_info: Option<ReadCommitInfo>,
    pub(super) protocol: Option<Protocol>,
    pub(super) meta_data: Option<Metadata>,
    pub(super) txn: Option<Txn>,
    pub(super) remove: Option<ReadRemove>,
    pub(super) add: Option<Add>,
}

/// Who committed what; for people, but for `txn_id`, by which a writer knows its own commit.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CommitInfo {
    pub(super) timestamp: i64,
    pub(super) operation: &'static str,
    pub(super) operation_parameters: BTreeMap<&'static str, &'static str>,
    pub(super) is_blind_append: bool,
    pub(super) engine_info: &'static str,
    pub(super) txn_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReadCommitInfo {
    pub(super) txn_id: Option<String>,
}

/// The table's schema and properties.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    pub(super) format: Format,
    pub(super) schema_string: String,
    pub(super) partition_columns: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) created_time: Option<i64>,
    #[serde(default)]
    pub(super) configuration: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Format {
    pub(super) provider: String,
    #[serde(default)]
    pub(super) options: BTreeMap<String, String>,
}

/// How far an application has got.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Txn {
    pub(super) app_id: String,
    pub(super) version: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_updated: Option<i64>,
}

type PartitionValues = BTreeMap<String, Option<String>>;

/// A file becomes live.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Add {
    pub(super) path: String,
    #[serde(default)]
    pub(super) partition_values: PartitionValues,
    pub(super) size: i64,
    pub(super) modification_time: i64,
    pub(super) data_change: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stats: Option<String>,
    /// Only told from absent: tables with deletion vectors are refused.
    #[serde(skip_serializing)]
    pub(super) deletion_vector: Option<IgnoredAny>,
}

/// A file is no longer live.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Remove {
    path: String,
    deletion_timestamp: i64,
    data_change: bool,
    extended_file_metadata: bool,
    partition_values: PartitionValues,
    size: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReadRemove {
    pub(super) path: String,
    #[serde(default)]
    partition_values: Option<PartitionValues>,
    #[serde(default)]
    size: Option<i64>,
}

const ENGINE: &str = concat!("spanhouse/", env!("CARGO_PKG_VERSION"));

impl CommitInfo {
    pub(super) fn new(commit: &Commit, txn_id: String) -> Self {
        let (operation, parameters): (_, &[_]) = match commit.operation {
            Operation::Write => (
                "WRITE",
                &[("mode", "Append"), ("partitionBy", r#"["date"]"#)],
            ),
            Operation::Optimize => ("OPTIMIZE", &[("predicate", "[]")]),
        };
        Self {
            operation_parameters: parameters.iter().copied().collect(),
            is_blind_append: commit.removes.is_empty(),
            ..Self::of(operation, commit.time_ms, txn_id)
        }
    }

    pub(super) fn of(operation: &'static str, time_ms: i64, txn_id: String) -> Self {
        Self {
            timestamp: time_ms,
            operation,
            operation_parameters: BTreeMap::new(),
            is_blind_append: false,
            engine_info: ENGINE,
            txn_id,
        }
    }
}

impl Add {
    pub(super) fn new(table: &TableDefinition, file: &AddedFile, data_change: bool) -> Self {
        Self {
            path: file.path.clone(),
            partition_values: partition_values(file),
            size: signed(file.size),
            modification_time: file.modification_time_ms,
            data_change,
            stats: file.stats(table.time_column),
            deletion_vector: None,
        }
    }

    /// The file as storage knows it. Fails if the file is not one that can be read as it is.
    pub(super) fn into_file(self, table: &TableDefinition) -> Result<AddedFile, StorageError> {
        let refused = |why: &str| StorageError::Incompatible {
            reason: format!("the file {:?} of {table} {why}", self.path),
            source: None,
        };
        if self.deletion_vector.is_some() {
            return Err(refused(
                "has a deletion vector; rewrite it without (REORG TABLE … APPLY (PURGE))",
            ));
        }
        if self.path.contains("://")
            || self.path.starts_with('/')
            || Path::from_url_path(&self.path).is_err()
        {
            return Err(refused(
                "does not lie under the table's root; copy it there",
            ));
        }
        let Ok(size) = u64::try_from(self.size) else {
            return Err(refused("has a negative size in the log"));
        };
        let date = self
            .partition_values
            .get(PartitionDate::COLUMN)
            .cloned()
            .flatten();
        let date = match date.as_deref().filter(|date| !date.is_empty()) {
            None => None,
            Some(text) => match PartitionDate::parse(text) {
                Some(date) => Some(date),
                None => {
                    return Err(refused(
                        "has no date of the form YYYY-MM-DD as its partition",
                    ));
                }
            },
        };
        let file = AddedFile {
            path: self.path,
            size,
            modification_time_ms: self.modification_time,
            date,
            rows: None,
            min_start_nanos: i64::MIN,
            max_start_nanos: i64::MAX,
            figures: None,
        };
        Ok(file.with_stats(table.time_column, self.stats.as_deref()))
    }
}

impl ReadRemove {
    /// The file as far as its removal tells of it.
    pub(super) fn into_file(self) -> AddedFile {
        let values = self.partition_values.unwrap_or_default();
        let date = values.get(PartitionDate::COLUMN).cloned().flatten();
        AddedFile {
            path: self.path,
            size: self
                .size
                .and_then(|size| size.try_into().ok())
                .unwrap_or_default(),
            modification_time_ms: 0,
            date: date.as_deref().and_then(PartitionDate::parse),
            rows: None,
            min_start_nanos: i64::MIN,
            max_start_nanos: i64::MAX,
            figures: None,
        }
    }
}

impl Remove {
    pub(super) fn new(file: &AddedFile, data_change: bool, time_ms: i64) -> Self {
        Self {
            path: file.path.clone(),
            deletion_timestamp: time_ms,
            data_change,
            extended_file_metadata: true,
            partition_values: partition_values(file),
            size: signed(file.size),
        }
    }
}

fn partition_values(file: &AddedFile) -> PartitionValues {
    BTreeMap::from([(
        PartitionDate::COLUMN.to_owned(),
        file.date.map(|date| date.to_string()),
    )])
}

fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
