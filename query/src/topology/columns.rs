//! The columns that calls are found in.

use std::sync::LazyLock;

use schemas::columns::{self, ColumnId, span_attribute_column};

use crate::red::{availability_zone, service_version};

/// Attributes by which a caller names what it calls, the first that is there counts.
pub(super) const PEER_NAMES: [&str; 4] = [
    "peer.service",
    "server.address",
    "net.peer.name",
    "network.peer.address",
];
/// Attributes by which a server names what calls it.
pub(super) const CALLER_NAMES: [&str; 1] = ["peer.service"];
/// Attributes that only calls of databases have; the last ones are the least telling names.
pub(super) const DATABASE: [&str; 4] = ["db.namespace", "db.name", "db.system.name", "db.system"];
/// What kind of database it is.
pub(super) const DATABASE_SYSTEM: [&str; 2] = ["db.system.name", "db.system"];
/// The topic or queue of a message.
pub(super) const DESTINATION: [&str; 1] = ["messaging.destination.name"];
/// The broker, where it is all that is known.
pub(super) const BROKER: [&str; 1] = ["messaging.system"];

const FIXED: [ColumnId; 11] = [
    columns::TRACE_ID,
    columns::SPAN_ID,
    columns::PARENT_SPAN_ID,
    columns::CALL_PATH,
    columns::START_TIME_UNIX_NANO,
    columns::DURATION_NANO,
    columns::NAME,
    columns::KIND,
    columns::STATUS_CODE,
    columns::SERVICE_NAME,
    columns::SERVICE_INSTANCE_ID,
];

/// The columns, those that every span has included.
pub(crate) fn all() -> &'static [ColumnId] {
    static ALL: LazyLock<Vec<ColumnId>> = LazyLock::new(|| {
        let attributes = [
            PEER_NAMES.as_slice(),
            DATABASE.as_slice(),
            DESTINATION.as_slice(),
            BROKER.as_slice(),
        ];
        let attributes = attributes.concat();
        let attributes = attributes.into_iter().filter_map(span_attribute_column);
        let parts = [service_version(), availability_zone()];
        FIXED.into_iter().chain(parts).chain(attributes).collect()
    });
    &ALL
}
