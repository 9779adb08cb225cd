//! spanhouse's own API.

mod catalog_handler;
mod catalog_json;
mod diagnosis_handler;
mod diagnosis_json;
mod figures_json;
mod mtrace_spans;
mod part;
mod path_id;
mod red_handler;
mod red_histogram_handler;
mod red_histogram_json;
mod red_json;
mod red_parameters;
mod services;
mod skeleton_arrow;
mod skeleton_handler;
mod span_json;
mod topology_handler;
mod topology_json;
mod trace_handler;
mod trace_json;

pub(super) use catalog_handler::{
    __path_catalog_instances, __path_catalog_services, catalog_instances, catalog_services,
};
pub(super) use catalog_json::{InstanceCatalog, OperationCounts, ServiceCatalog};
pub(super) use diagnosis_handler::{__path_diagnosis, diagnosis};
pub(super) use diagnosis_json::DiagnosisJson;
pub(super) use mtrace_spans::{__path_send_mtrace_spans, MtraceReceiptSchema, MtraceSpanSchema};
pub(super) use red_handler::{__path_red, red};
pub(super) use red_histogram_handler::{__path_red_histogram, red_histogram};
pub(super) use red_histogram_json::RedHistogramJson;
pub(super) use red_json::RedJson;
pub(super) use services::{
    __path_operations, __path_services, OperationsAnswer, ServicesAnswer, operations, services,
};
pub(super) use skeleton_handler::{__path_skeleton, skeleton};
pub(super) use span_json::MAX_SAFE_INTEGER;
pub(super) use topology_handler::{__path_topology, topology};
pub(super) use topology_json::TopologyJson;
pub(super) use trace_handler::{__path_trace, trace};
pub(super) use trace_json::TraceJson;
