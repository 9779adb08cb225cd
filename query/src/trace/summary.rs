//! What can be said of a trace as a whole.

use std::collections::BTreeMap;

use schemas::{Resource, StatusCode, UNKNOWN_SERVICE, UnixNanos};

use super::TraceSpan;

/// What can be said of a trace as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceSummary {
    /// The start of its earliest span.
    pub start: UnixNanos,
    /// The time from its earliest start to its latest end, in nanoseconds.
    pub duration_nano: i64,
    /// The number of distinct spans.
    pub span_count: usize,
    /// How many of them failed.
    pub error_count: usize,
    /// How many more spans were stored that equal one of them.
    pub duplicate_count: usize,
    /// The levels of its deepest tree.
    pub depth: usize,
    /// Its services, by name.
    pub services: Vec<ServiceSummary>,
}

/// One service's part of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceSummary {
    /// Its name; `unknown_service` for spans that name none.
    pub name: String,
    /// How many spans it has.
    pub span_count: usize,
    /// How many of them failed.
    pub error_count: usize,
}

impl TraceSummary {
    pub(super) fn of(spans: &[TraceSpan], resources: &[Resource]) -> Self {
        let start = spans
            .iter()
            .map(|span| span.start)
            .min()
            .unwrap_or_default();
        let ends = spans
            .iter()
            .map(|span| span.start.0.saturating_add(span.duration_nano));
        let is_error = |span: &&TraceSpan| span.status_code == StatusCode::Error;
        let mut services = BTreeMap::<&str, ServiceSummary>::new();
        for span in spans {
            let name = service_name(&resources[span.resource]);
            let service = services.entry(name).or_insert_with(|| ServiceSummary {
                name: name.to_owned(),
                span_count: 0,
                error_count: 0,
            });
            service.span_count += 1;
            service.error_count += usize::from(is_error(&span));
        }
        Self {
            start,
            duration_nano: ends.max().unwrap_or_default().saturating_sub(start.0),
            span_count: spans.len(),
            error_count: spans.iter().filter(is_error).count(),
            duplicate_count: spans.iter().map(|span| span.copies - 1).sum(),
            depth: spans
                .iter()
                .map(|span| span.depth + 1)
                .max()
                .unwrap_or_default(),
            services: services.into_values().collect(),
        }
    }
}

/// The service that a resource names, or the name for none.
pub(crate) fn service_name(resource: &Resource) -> &str {
    resource.service_name().unwrap_or(UNKNOWN_SERVICE)
}
