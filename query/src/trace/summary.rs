//! What can be said of a trace as a whole.

use std::collections::BTreeMap;

use schemas::{Resource, StatusCode, UNKNOWN_SERVICE, UnixNanos};

use super::{Half, TraceSpan};

/// What can be said of a trace as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceSummary {
    /// The start of its earliest span, clock skew adjusted.
    pub start: UnixNanos,
    /// The time from its earliest start to its latest end, clock skew adjusted, in nanoseconds.
    pub duration_nano: i64,
    /// The number of distinct spans; the two halves of an RPC are two.
    pub span_count: usize,
    /// How many of them failed.
    pub error_count: usize,
    /// How many parents are named and not stored: its placeholders.
    pub missing_count: usize,
    /// How many more spans were stored that equal one of them.
    pub duplicate_count: usize,
    /// The levels of its deepest tree; the two halves of an RPC are one, a placeholder is none.
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
        let mut summary = Self {
            start: UnixNanos(i64::MAX),
            duration_nano: 0,
            span_count: 0,
            error_count: 0,
            missing_count: 0,
            duplicate_count: 0,
            depth: 0,
            services: Vec::new(),
        };
        let mut end = i64::MIN;
        let mut services = BTreeMap::<&str, ServiceSummary>::new();
        let mut levels = Vec::with_capacity(spans.len());
        for span in spans {
            let above = span.parent.map_or(0, |parent| levels[parent]);
            let Some(resource) = span.resource else {
                summary.missing_count += 1;
                levels.push(above);
                continue;
            };
            levels.push(above + usize::from(span.half != Some(Half::Server)));
            let is_error = usize::from(span.status_code == StatusCode::Error);
            summary.start = summary.start.min(span.adjusted_start());
            end = end.max(span.adjusted_end().0);
            summary.span_count += 1;
            summary.error_count += is_error;
            summary.duplicate_count += span.copies - 1;
            let name = service_name(&resources[resource]);
            let service = services.entry(name).or_insert_with(|| ServiceSummary {
                name: name.to_owned(),
                span_count: 0,
                error_count: 0,
            });
            service.span_count += 1;
            service.error_count += is_error;
        }
        summary.duration_nano = end.saturating_sub(summary.start.0);
        summary.depth = levels.into_iter().max().unwrap_or_default();
        summary.services = services.into_values().collect();
        summary
    }
}

/// The service that a resource names, or the name for none.
pub(crate) fn service_name(resource: &Resource) -> &str {
    resource.service_name().unwrap_or(UNKNOWN_SERVICE)
}
