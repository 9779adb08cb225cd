//! What came in as OTLP goes out as OTLP, field by field.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::TracesData;
use prost::Message;

use super::*;

/// The messages with attributes in the order of their keys: those with a column of their own are
/// read back first.
fn sorted(mut data: TracesData) -> TracesData {
    let sort =
        |attributes: &mut Vec<KeyValue>| attributes.sort_by(|one, other| one.key.cmp(&other.key));
    for resource_spans in &mut data.resource_spans {
        resource_spans
            .resource
            .iter_mut()
            .for_each(|resource| sort(&mut resource.attributes));
        for span in resource_spans
            .scope_spans
            .iter_mut()
            .flat_map(|scope_spans| &mut scope_spans.spans)
        {
            sort(&mut span.attributes);
        }
    }
    data
}

async fn protobuf(routes: &Router, path: &str, accept: &str) -> TracesData {
    let request = Request::get(path).header(header::ACCEPT, accept);
    let answer = ask(
        routes,
        request.body(RequestBody::empty()).expect("a request"),
    )
    .await;
    assert_eq!(
        (answer.status, answer.content_type.as_str()),
        (StatusCode::OK, "application/x-protobuf")
    );
    TracesData::decode(answer.body.as_slice()).expect("TracesData")
}

#[tokio::test]
async fn every_field_comes_back() {
    let routes = everything();
    let path = format!("/api/v1/traces/{EVERYTHING_ID}");
    let expected: TracesData = serde_json::from_str(EVERYTHING).expect("OTLP's JSON");
    let answered = protobuf(&routes, &path, "text/html, application/x-protobuf;q=0.9").await;
    assert_eq!(sorted(answered.clone()), sorted(expected));
    let as_json = get(&routes, &format!("{path}?format=otlp")).await;
    assert_eq!(as_json.content_type, "application/json");
    let from_json: TracesData = serde_json::from_slice(&as_json.body).expect("OTLP's JSON");
    assert_eq!(from_json, answered);
    let request = format!("{path}?format=otlp");
    assert_eq!(
        protobuf(&routes, &request, "application/x-protobuf").await,
        answered
    );
}
