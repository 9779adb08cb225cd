//! Makes the table where there is none.

use uuid::Uuid;

use super::action::{Action, CommitInfo};
use super::definition::TableStore;
use super::entry::{self, Put};
use super::protocol::Protocol;
use super::{orphans, schema};
use crate::error::StorageError;

/// Makes an empty table; another process may do so at the same time.
pub(super) async fn create(store: &TableStore, now_ms: i64) -> Result<(), StorageError> {
    let has_data = orphans::any_data_file(&store.objects).await;
    let table = store.definition;
    if has_data.map_err(|error| StorageError::unavailable(&format!("list {table}"), error))? {
        return Err(StorageError::Incompatible {
            reason: format!(
                "the directory of {table} holds data files, but no `_delta_log` that tells which are part of the \
                 table; restore it from a copy, or move the data files away"
            ),
            source: None,
        });
    }
    let protocol = Protocol::oldest();
    let metadata = schema::new_table(table, Uuid::new_v4(), now_ms);
    let info = CommitInfo::of("CREATE TABLE", now_ms, Uuid::new_v4().to_string());
    let actions = [
        Action::CommitInfo(info),
        Action::Protocol(&protocol),
        Action::MetaData(&metadata),
    ];
    match entry::put(store, 0, &actions).await? {
        Put::Written => tracing::info!(%table, "made the table"),
        Put::Exists => tracing::info!(%table, "another process made the table"),
    }
    Ok(())
}
