//! Jaeger's JSON API, as Jaeger up to 2.20 serves it and Grafana and Jaeger's UI ask it.

mod adjustment;
mod dependencies;
mod envelope;
mod search;
mod services;
mod tags;
mod trace_handler;
mod trace_json;
mod warnings;

pub(super) use dependencies::{__path_dependencies, JaegerDependenciesAnswer, dependencies};
pub(super) use envelope::JaegerTracesAnswer;
pub(super) use search::{__path_search, search};
pub(super) use services::{
    __path_operations, __path_service_operations, __path_services, JaegerNamesAnswer,
    JaegerOperationsAnswer, operations, service_operations, services,
};
pub(super) use trace_handler::{__path_trace, trace};
