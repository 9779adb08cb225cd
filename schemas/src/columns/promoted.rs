//! Which attributes have a column of their own: the keys that OpenTelemetry's semantic conventions
//! (1.37, and the older names that many agents still send) give to requests, calls, databases,
//! messages, errors, code, users and resources.

use super::ColumnType::{self, Int64, Keyword, Text};

/// One well-known attribute key.
pub(super) struct PromotedKey {
    pub key: &'static str,
    pub column_type: ColumnType,
    pub bloom_filter: bool,
}

const fn plain(key: &'static str, column_type: ColumnType) -> PromotedKey {
    PromotedKey {
        key,
        column_type,
        bloom_filter: false,
    }
}

/// A key that people search for one of many values: a bloom filter finds the few row groups.
const fn needle(key: &'static str) -> PromotedKey {
    PromotedKey {
        key,
        column_type: Text,
        bloom_filter: true,
    }
}

pub(super) const PROMOTED_SPAN: &[PromotedKey] = &[
    plain("http.request.method", Keyword),
    plain("http.response.status_code", Int64),
    plain("http.route", Keyword),
    plain("http.request.body.size", Int64),
    plain("http.response.body.size", Int64),
    plain("http.request.resend_count", Int64),
    plain("url.full", Text),
    plain("url.path", Text),
    plain("url.query", Text),
    plain("url.scheme", Keyword),
    plain("user_agent.original", Keyword),
    plain("server.address", Keyword),
    plain("server.port", Int64),
    plain("client.address", Text),
    plain("network.peer.address", Keyword),
    plain("network.peer.port", Int64),
    plain("network.protocol.name", Keyword),
    plain("network.protocol.version", Keyword),
    plain("network.transport", Keyword),
    plain("network.type", Keyword),
    plain("rpc.system", Keyword),
    plain("rpc.service", Keyword),
    plain("rpc.method", Keyword),
    plain("rpc.grpc.status_code", Int64),
    plain("db.system.name", Keyword),
    plain("db.namespace", Keyword),
    plain("db.operation.name", Keyword),
    plain("db.collection.name", Keyword),
    plain("db.query.summary", Keyword),
    plain("db.query.text", Text),
    plain("db.response.returned_rows", Int64),
    plain("db.client.connection.pool.name", Keyword),
    plain("messaging.system", Keyword),
    plain("messaging.destination.name", Keyword),
    plain("messaging.destination.partition.id", Keyword),
    plain("messaging.operation.name", Keyword),
    plain("messaging.operation.type", Keyword),
    plain("messaging.consumer.group.name", Keyword),
    plain("messaging.client.id", Keyword),
    plain("messaging.kafka.message.offset", Int64),
    plain("messaging.message.body.size", Int64),
    plain("messaging.batch.message_count", Int64),
    needle("messaging.message.id"),
    plain("error.type", Keyword),
    plain("exception.type", Keyword),
    plain("peer.service", Keyword),
    plain("code.function.name", Keyword),
    plain("code.file.path", Keyword),
    plain("code.line.number", Int64),
    plain("thread.id", Int64),
    plain("thread.name", Keyword),
    needle("user.id"),
    needle("enduser.id"),
    needle("session.id"),
    plain("http.method", Keyword),
    plain("http.status_code", Int64),
    plain("http.url", Text),
    plain("http.target", Text),
    plain("http.host", Keyword),
    plain("http.scheme", Keyword),
    plain("http.user_agent", Keyword),
    plain("net.peer.name", Keyword),
    plain("net.peer.port", Int64),
    plain("net.peer.ip", Keyword),
    plain("net.host.name", Keyword),
    plain("net.host.port", Int64),
    plain("db.system", Keyword),
    plain("db.name", Keyword),
    plain("db.operation", Keyword),
    plain("db.sql.table", Keyword),
    plain("db.statement", Text),
    plain("component", Keyword),
];

pub(super) const PROMOTED_RESOURCE: &[PromotedKey] = &[
    plain("service.version", Keyword),
    plain("deployment.environment.name", Keyword),
    plain("deployment.environment", Keyword),
    plain("host.name", Keyword),
    plain("k8s.cluster.name", Keyword),
    plain("k8s.namespace.name", Keyword),
    plain("k8s.node.name", Keyword),
    plain("k8s.deployment.name", Keyword),
    plain("k8s.pod.name", Keyword),
    plain("container.id", Keyword),
    plain("cloud.provider", Keyword),
    plain("cloud.region", Keyword),
    plain("cloud.availability_zone", Keyword),
    plain("telemetry.sdk.language", Keyword),
    plain("telemetry.sdk.name", Keyword),
    plain("telemetry.sdk.version", Keyword),
    plain("process.pid", Int64),
];
