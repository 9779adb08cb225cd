//! spanhouse's queries: traces put together from the span table, searched, and served over HTTP.
//!
//! ```text
//!   GET /api/v1/…  (native JSON, OTLP)  ┐               one snapshot a question
//!   GET /api/…     (Jaeger's JSON)      ┴─► Engine ─► search ─► trace ids
//!                                              │                  │
//!                                              ▼                  ▼
//!                               Trace ◄── assembly ◄── TableProvider::scan(trace_id …)
//! ```
//!
//! The crate reads through DataFusion's `CatalogProvider` alone, whose schema `now` pins one snapshot:
//! the tables `spans`, `unrolled_spans` and `rolled_spans` (the columns of [`schemas::columns`]),
//! `red` and `edges` ([`schemas::rollups`]), and `operations`. Where the rows lie, it does not know.

#![warn(missing_docs)]

mod diagnosis;
mod engine;
mod trace;

mod catalog;
mod prometheus;
mod red;
mod rollups;
mod search;
mod topology;

mod functions;

pub mod http;

mod counters;
mod error;
mod operation;
mod settings;

pub use counters::Counters;
pub use engine::Engine;
pub use error::QueryError;
pub use http::{ZIPKIN_PATHS, openapi, openapi_json, router};
pub use operation::Operation;
pub use prometheus::{EncodedWriteRequest, Exemplars, HistogramForms, RedMetrics, WriteRequests};
pub use red::{
    DurationHistogram, GroupBy, MalformedHistogram, RED_BUCKET, RedAnswer, RedFigures, RedQuery,
    RedSeries, TimeSpan,
};
pub use rollups::{FoldedRows, Folding, RollUps, RolledUp};
pub use search::TraceQuery;
pub use settings::QuerySettings;
pub use topology::{
    ConnectionType, EdgePoint, HalfFigures, NodeKind, Topology, TopologyDimension, TopologyEdge,
    TopologyNode, TopologyQuery,
};
pub use trace::{
    Half, MAX_CALL_PATH_LEVELS, Mark, Marks, ServiceSummary, Trace, TraceSpan, TraceSummary,
};

#[cfg(test)]
mod fixtures;
