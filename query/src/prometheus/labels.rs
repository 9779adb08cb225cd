//! Label sets.

use std::sync::Arc;

use schemas::{SpanKind, StatusCode};

use crate::topology::ConnectionType;

/// The labels of a series, sorted by name. Clones share them.
pub(crate) type Labels = Arc<[(&'static str, String)]>;

/// The name of a span's kind as figures tell it, which have one for the absent kind too.
pub(super) fn kind_name(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Unspecified => "unspecified",
        known => known.name(),
    }
}

/// What tells spans apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct SpanLabels<'a> {
    pub(super) service: &'a str,
    pub(super) name: &'a str,
    /// As in [`kind_name`].
    pub(super) kind: &'a str,
    /// As in [`StatusCode::name`].
    pub(super) status: &'a str,
}

impl SpanLabels<'_> {
    pub(super) fn labels(self) -> Labels {
        Arc::new([
            ("service", self.service.to_owned()),
            (
                "span_kind",
                format!("SPAN_KIND_{}", self.kind.to_ascii_uppercase()),
            ),
            ("span_name", self.name.to_owned()),
            (
                "status_code",
                format!("STATUS_CODE_{}", self.status.to_ascii_uppercase()),
            ),
        ])
    }
}

impl<'a> SpanLabels<'a> {
    pub(super) fn of(service: &'a str, name: &'a str, kind: SpanKind, status: StatusCode) -> Self {
        Self {
            service,
            name,
            kind: kind_name(kind),
            status: status.name(),
        }
    }
}

/// What tells calls apart. A call between services that both send spans has no connection type, as
/// in Tempo.
pub(super) fn of_calls(client: &str, server: &str, connection: ConnectionType) -> Labels {
    let connection = match connection {
        ConnectionType::Rpc => "",
        other => other.name(),
    };
    Arc::new([
        ("client", client.to_owned()),
        ("connection_type", connection.to_owned()),
        ("server", server.to_owned()),
    ])
}
