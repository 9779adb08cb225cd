//! spanhouse's own API.

mod services;
mod span_json;
mod trace_handler;
mod trace_json;

pub(super) use services::{
    __path_operations, __path_services, OperationsAnswer, ServicesAnswer, operations, services,
};
pub(super) use span_json::MAX_SAFE_INTEGER;
pub(super) use trace_handler::{__path_trace, trace};
pub(super) use trace_json::TraceJson;
