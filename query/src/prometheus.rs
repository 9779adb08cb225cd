//! RED figures as Prometheus reads them: counters and histograms under the names that Grafana's
//! service graph and span-metrics views know.
//!
//! ```text
//!   Engine::red ──────┐  sealed hours: counted anew each hour   ┌─► text, OpenMetrics
//!   Engine::topology ─┼─► Totals ──────────────► RedMetrics ────┼─► protobuf, native histograms
//!   recent spans ─────┘  live hours: with each scrape           └─► remote write
//!     (exemplars)        what was shown never falls
//! ```
//!
//! Counters are the totals of all stored history: a restart does not set them back, and a span that
//! comes late is counted. Source of the names: the metrics generator of Grafana Tempo, and the
//! service-graph and span-metrics connectors of the OpenTelemetry Collector.

mod gather;
mod tally;
mod totals;

mod exemplars;
mod families;
mod labels;

mod bucket_counts;
mod native_histogram;

mod negotiation;
mod protobuf;
mod remote_write;
mod text;

pub use families::{HistogramForms, RedMetrics};
pub use gather::Exemplars;
pub use remote_write::{EncodedWriteRequest, WriteRequests};

pub(crate) use exemplars::{ExemplarSource, RecentExemplars};
pub(crate) use negotiation::Format;
pub(crate) use totals::Totals;

#[cfg(test)]
mod tests;
