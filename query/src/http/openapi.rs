//! The API's description, taken from the handlers and shapes themselves.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa::OpenApi;

use super::failure::{ErrorAnswer, JaegerErrorAnswer};
use super::jaeger::{
    JaegerDependenciesAnswer, JaegerNamesAnswer, JaegerOperationsAnswer, JaegerTracesAnswer,
};
use super::native::{
    DiagnosisJson, InstanceCatalog, MtraceReceiptSchema, MtraceSpanSchema, OperationsAnswer,
    RedHistogramJson, RedJson, ServiceCatalog, ServicesAnswer, TopologyJson, TraceJson,
};
use super::server_paths::{self, HealthSchema, ReadinessSchema};
use super::zipkin::ZipkinLinkJson;
use super::{JSON, jaeger, native, prometheus_handler, zipkin};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "spanhouse",
        description = "Whole traces by id and by search.\n\n\
            Errors of paths under `/api/v1` have the shape `ErrorAnswer`, those of Jaeger's paths \
            `JaegerErrorAnswer`. Instants are nanoseconds since 1970 as decimal text, or \
            microseconds as numbers in Jaeger's shapes.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "traces", description = "Whole traces"),
        (name = "services", description = "What sends spans"),
        (name = "figures", description = "Rates, errors and durations"),
        (name = "jaeger", description = "The same as Jaeger's clients ask for it"),
        (name = "zipkin", description = "The same as Zipkin's user interface asks for it"),
        (name = "meta", description = "This description, and the server itself"),
    ),
    paths(
        native::trace,
        native::diagnosis,
        native::skeleton,
        native::send_mtrace_spans,
        native::services,
        native::operations,
        native::catalog_services,
        native::catalog_instances,
        native::red,
        native::red_histogram,
        native::topology,
        prometheus_handler::red_metrics,
        server_paths::health,
        server_paths::readiness,
        server_paths::metrics,
        serve,
        jaeger::search,
        jaeger::trace,
        jaeger::services,
        jaeger::service_operations,
        jaeger::operations,
        jaeger::dependencies,
        zipkin::dependencies,
        zipkin::dependencies_below_zipkin,
    ),
    components(schemas(
        TraceJson, DiagnosisJson, MtraceSpanSchema, MtraceReceiptSchema, RedJson, RedHistogramJson, TopologyJson,
        ServicesAnswer, OperationsAnswer, ServiceCatalog, InstanceCatalog,
        ErrorAnswer, JaegerTracesAnswer, JaegerNamesAnswer, JaegerOperationsAnswer, JaegerDependenciesAnswer, JaegerErrorAnswer,
        ZipkinLinkJson, HealthSchema, ReadinessSchema,
    )),
)]
struct Description;

/// The OpenAPI description of [`router`](crate::router)'s endpoints.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// [`openapi`] as JSON with line breaks, as it is served and kept in the repository.
pub fn openapi_json() -> String {
    let mut text = openapi()
        .to_pretty_json()
        .expect("the description has no maps with other keys than texts");
    text.push('\n');
    text
}

/// This description.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    tag = "meta",
    operation_id = "openapi",
    responses((status = 200, description = "An OpenAPI 3.1 document", body = Object, example = json!({"openapi": "3.1.0", "info": {"title": "spanhouse"}}))),
)]
pub(super) async fn serve() -> Response {
    ([(header::CONTENT_TYPE, JSON)], openapi_json()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_in_the_repository_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        let current = openapi_json();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(path, &current).expect("the repository is writable");
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            kept == current,
            "query/openapi.json is not what the API is: run the tests with UPDATE_GOLDEN=1"
        );
    }
}
