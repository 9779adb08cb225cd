mod any_order;
mod catalog;
mod diagnosis;
mod jaeger;
mod otlp;
mod parts;
mod prometheus;
mod red;
mod red_histogram;
mod rpc_halves;
mod topology;
mod zipkin;

use axum::Router;
use axum::body::Body as RequestBody;
use axum::http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use schemas::{AttributeRef, SpanBatch, SpanRow, UnixNanos};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::fixtures::{
    SilentTables, batch_of, batch_of_otlp_json, catalog, catalog_of, engine, span,
};
use crate::{Engine, QuerySettings};

/// An answer as far as tests look at it.
struct Answer {
    status: StatusCode,
    content_type: String,
    retry_after: Option<String>,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

fn routes(batches: &[SpanBatch]) -> Router {
    super::router(engine(batches), || UnixNanos(1_700_000_000_000_000_000))
}

async fn ask(routes: &Router, request: Request<RequestBody>) -> Answer {
    let response = routes
        .clone()
        .oneshot(request)
        .await
        .expect("routes never fail");
    let text = |name| {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    Answer {
        status: response.status(),
        content_type: text(header::CONTENT_TYPE).unwrap_or_default(),
        retry_after: text(header::RETRY_AFTER),
        body: response
            .into_body()
            .collect()
            .await
            .expect("a body")
            .to_bytes()
            .to_vec(),
    }
}

async fn get(routes: &Router, path: &str) -> Answer {
    ask(
        routes,
        Request::get(path)
            .body(RequestBody::empty())
            .expect("a request"),
    )
    .await
}

/// Compares with the file of this name beside the tests; `UPDATE_GOLDEN=1` writes it anew.
fn check_golden(name: &str, answer: &Answer) {
    assert_eq!(
        (answer.status, answer.content_type.as_str()),
        (StatusCode::OK, "application/json")
    );
    let path = format!("{}/src/http/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = serde_json::to_string_pretty(&answer.json()).expect("JSON") + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).expect("the repository is writable");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "{path} is not what is answered now: run the tests with UPDATE_GOLDEN=1\n{text}"
    );
}

/// Two services, an orphan, a duplicate and every type of attribute.
const EVERYTHING: &str = include_str!("golden/everything.otlp.json");
const EVERYTHING_ID: &str = "5b8efff798038103d269b633813fc60c";

fn everything() -> Router {
    let batch = batch_of_otlp_json(EVERYTHING);
    routes(&[batch.clone(), batch.slice(1, 1)])
}

#[tokio::test]
async fn a_trace_is_given_as_a_tree() {
    let routes = everything();
    let answer = get(&routes, &format!("/api/v1/traces/{EVERYTHING_ID}")).await;
    check_golden("trace", &answer);
    let again = get(
        &routes,
        &format!(
            "/api/v1/traces/{}?format=tree",
            EVERYTHING_ID.to_uppercase()
        ),
    )
    .await;
    assert!(
        again.body == answer.body,
        "the same question of the same snapshot"
    );
}

#[tokio::test]
async fn short_ids_are_found() {
    let id = schemas::TraceId::parse("00f067aa0ba902b7").expect("valid");
    let routes = routes(&[batch_of(
        "s",
        &[SpanRow {
            trace_id: id,
            ..span(1, None, 0)
        }],
    )]);
    for path in [
        "/api/v1/traces/00F067AA0BA902B7",
        "/api/v1/traces/000000000000000000f067aa0ba902b7",
    ] {
        assert_eq!(
            get(&routes, path).await.json()["traceId"],
            "000000000000000000f067aa0ba902b7"
        );
    }
    let jaeger = get(&routes, "/api/traces/00f067aa0ba902b7").await.json();
    assert_eq!(jaeger["data"][0]["traceID"], "00f067aa0ba902b7");
    assert_eq!(jaeger["data"][0]["spans"][0]["references"], json!([]));
}

#[tokio::test]
async fn numbers_that_doubles_would_round_are_texts() {
    let attributes = [("n", AttributeRef::Int(i64::MAX))];
    let long = SpanRow {
        duration_nano: 1 << 60,
        attributes: &attributes,
        ..span(1, None, 0)
    };
    let routes = routes(&[batch_of("s", &[long])]);
    let native = get(&routes, "/api/v1/traces/07070707070707070707070707070707")
        .await
        .json();
    assert_eq!(native["durationNano"], json!("1152921504606846976"));
    assert_eq!(
        native["spans"][0]["attributes"][0]["value"],
        json!({"intValue": "9223372036854775807"})
    );
    let jaeger = get(&routes, "/api/traces/07070707070707070707070707070707")
        .await
        .json();
    let tag = &jaeger["data"][0]["spans"][0]["tags"][0];
    assert_eq!(
        *tag,
        json!({"key": "n", "type": "int64", "value": "9223372036854775807"})
    );
}

#[tokio::test]
async fn services_and_operations_are_listed() {
    let routes = everything();
    let services = get(&routes, "/api/v1/services").await.json();
    let expected = json!({"services": [
        {"name": "cart", "operationCount": 1}, {"name": "front end", "operationCount": 2},
    ]});
    assert_eq!(services, expected);
    let operations = get(&routes, "/api/v1/services/front%20end/operations")
        .await
        .json();
    let expected = json!({"service": "front end", "operations": [
        {"name": "GET /", "kind": "server"}, {"name": "late", "kind": "unspecified"},
    ]});
    assert_eq!(operations, expected);
}

#[tokio::test]
async fn failures_say_what_to_do() {
    let routes = everything();
    for (path, status, code) in [
        ("/api/v1/traces/0", 400, "malformed_trace_id"),
        ("/api/v1/traces/order-42", 404, "trace_not_found"),
        (
            "/api/v1/traces/00000000000000000000000000000000",
            400,
            "malformed_trace_id",
        ),
        ("/api/v1/traces/%ff", 400, "malformed_parameter"),
        (
            "/api/v1/traces/11111111111111111111111111111111",
            404,
            "trace_not_found",
        ),
        (
            "/api/v1/traces/11111111111111111111111111111111?format=xml",
            400,
            "malformed_parameter",
        ),
        ("/api/v1/services/none/operations", 404, "service_not_found"),
        ("/api/v2/traces", 404, "no_such_endpoint"),
        ("/nothing", 404, "no_such_endpoint"),
    ] {
        let answer = get(&routes, path).await;
        let error = &answer.json()["error"];
        assert_eq!(
            (answer.status.as_u16(), error["code"].as_str()),
            (status, Some(code)),
            "{path}"
        );
        assert!(
            error["message"].is_string() && error["hint"].is_string(),
            "{path}"
        );
        assert_eq!(answer.content_type, "application/json");
    }
    let posted = Request::builder()
        .method(Method::POST)
        .uri("/api/v1/services");
    let answer = ask(
        &routes,
        posted.body(RequestBody::empty()).expect("a request"),
    )
    .await;
    assert_eq!(
        (
            answer.status.as_u16(),
            answer.json()["error"]["code"].as_str()
        ),
        (405, Some("method_not_allowed"))
    );
}

#[tokio::test]
async fn the_servers_own_failures_are_told_apart() {
    let batches = [batch_of_otlp_json(EVERYTHING)];
    let with = |settings| {
        let engine = Engine::new(catalog(&batches), settings).expect("threads start");
        super::router(engine, || UnixNanos(0))
    };
    let busy = with(QuerySettings {
        running_limit: 0,
        waiting_limit: 0,
        ..QuerySettings::default()
    });
    let path = format!("/api/v1/traces/{EVERYTHING_ID}");
    let answer = get(&busy, &path).await;
    assert_eq!(
        (answer.status.as_u16(), answer.retry_after.as_deref()),
        (503, Some("1"))
    );
    assert_eq!(
        get(&busy, "/api/services").await.json()["errors"][0]["code"],
        503
    );
    let small = with(QuerySettings {
        memory_limit_bytes: 1_000,
        ..QuerySettings::default()
    });
    let answer = get(&small, &path).await;
    assert_eq!(
        (
            answer.status.as_u16(),
            answer.json()["error"]["code"].as_str()
        ),
        (422, Some("too_large"))
    );
    let hurried = QuerySettings {
        timeout: std::time::Duration::from_millis(1),
        ..QuerySettings::default()
    };
    let silent = Engine::new(catalog_of(SilentTables), hurried).expect("threads start");
    let slow = super::router(silent, || UnixNanos(0));
    let answer = get(&slow, "/api/traces?service=cart").await;
    assert_eq!(
        (
            answer.status.as_u16(),
            answer.json()["errors"][0]["code"].as_u64()
        ),
        (504, Some(504))
    );
}

#[tokio::test]
async fn the_description_is_served() {
    let answer = get(&everything(), "/api/v1/openapi.json").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.json()["paths"]["/api/v1/traces/{id}"]["get"].is_object());
}
