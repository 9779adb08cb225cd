use super::*;
use crate::{
    AttributeValue, Attributes, SpanId, SpanKind, SpanReader, StatusCode, TraceId, UnixNanos,
};

fn attribute(key: &str, value: AttributeValue) -> (String, AttributeValue) {
    (key.to_owned(), value)
}

fn one_of_everything() -> SpanBatch {
    let event_attributes = [
        ("exception.type", AttributeRef::String("Timeout")),
        ("n", AttributeRef::Int(1)),
    ];
    let mut builder = SpanBatchBuilder::default();
    builder.set_resource(&ResourceRow {
        attributes: &[
            ("service.name", AttributeRef::String("checkout")),
            ("host.name", AttributeRef::String("h1")),
            ("process.pid", AttributeRef::String("not a number")),
            ("zone", AttributeRef::Int(3)),
        ],
        dropped_attributes_count: 7,
        schema_url: "https://example.com/r",
        entity_refs: "[]",
    });
    builder.set_scope(&ScopeRow {
        name: "lib",
        version: "1.2",
        attributes: &[("k", AttributeRef::Bool(true))],
        dropped_attributes_count: 8,
        schema_url: "https://example.com/s",
    });
    builder.push(&SpanRow::new(TraceId([9; 16]), SpanId([9; 8])));
    builder.push(&SpanRow {
        parent_span_id: Some(SpanId([9; 8])),
        call_path: Some("0.1"),
        start: UnixNanos(1_000),
        duration_nano: 50,
        name: "GET /cart",
        kind: SpanKind::Server,
        status_code: StatusCode::Error,
        status_message: "boom",
        trace_state: "a=b",
        flags: 0x8000_0101,
        attributes: &[
            ("http.response.status_code", AttributeRef::Int(500)),
            ("http.response.status_code", AttributeRef::Int(501)),
            ("http.route", AttributeRef::Int(1)),
            ("user.id", AttributeRef::String("用户")),
            ("empty", AttributeRef::Empty),
            ("list", AttributeRef::TypedJson("[1,2.0]")),
        ],
        dropped_attributes_count: 1,
        events: &[EventRow {
            time: UnixNanos(5),
            name: "exception",
            attributes: &event_attributes,
            dropped_attributes_count: 2,
        }],
        dropped_events_count: 3,
        links: &[LinkRow {
            trace_id: TraceId([4; 16]),
            span_id: SpanId([5; 8]),
            trace_state: "c=d",
            attributes: &[("b", AttributeRef::Bytes(&[1]))],
            dropped_attributes_count: 4,
            flags: 1,
        }],
        dropped_links_count: 5,
        ..SpanRow::new(TraceId([1; 16]), SpanId([2; 8]))
    });
    builder.finish()
}

#[test]
fn every_field_of_a_row_reads_back() {
    let batch = one_of_everything();
    let span = SpanReader::new(&batch).span(1).expect("own text parses");
    assert_eq!(
        (span.trace_id, span.span_id, span.parent_span_id),
        (TraceId([1; 16]), SpanId([2; 8]), Some(SpanId([9; 8])))
    );
    assert_eq!(
        (span.call_path.as_deref(), span.start, span.duration_nano),
        (Some("0.1"), UnixNanos(1_000), 50)
    );
    assert_eq!(
        (span.name.as_str(), span.kind, span.status.code),
        ("GET /cart", SpanKind::Server, StatusCode::Error)
    );
    assert_eq!(
        (
            span.status.message.as_str(),
            span.trace_state.as_str(),
            span.flags
        ),
        ("boom", "a=b", 0x8000_0101)
    );
    assert_eq!(
        (
            span.dropped_attributes_count,
            span.dropped_events_count,
            span.dropped_links_count
        ),
        (1, 3, 5)
    );
    let expected = vec![
        attribute("http.response.status_code", AttributeValue::Int(500)),
        attribute("user.id", AttributeValue::String("用户".into())),
        attribute("http.response.status_code", AttributeValue::Int(501)),
        attribute("http.route", AttributeValue::Int(1)),
        attribute("empty", AttributeValue::Empty),
        attribute(
            "list",
            AttributeValue::Array(vec![AttributeValue::Int(1), AttributeValue::Double(2.0)]),
        ),
    ];
    assert_eq!(span.attributes, Attributes(expected));
    let event = &span.events[0];
    assert_eq!(
        (
            event.time,
            event.name.as_str(),
            event.dropped_attributes_count
        ),
        (UnixNanos(5), "exception", 2)
    );
    assert_eq!(event.attributes.get("n"), Some(&AttributeValue::Int(1)));
    let link = &span.links[0];
    assert_eq!(
        (link.trace_id, link.span_id, link.trace_state.as_str()),
        (TraceId([4; 16]), SpanId([5; 8]), "c=d")
    );
    assert_eq!((link.dropped_attributes_count, link.flags), (4, 1));
    assert_eq!(
        link.attributes.get("b"),
        Some(&AttributeValue::Bytes(vec![1]))
    );
    assert_eq!(span.resource.service_name(), Some("checkout"));
    assert_eq!(
        span.resource.attributes.get_str("process.pid"),
        Some("not a number")
    );
    assert_eq!(
        span.resource.attributes.get("zone"),
        Some(&AttributeValue::Int(3))
    );
    assert_eq!(
        (
            span.resource.dropped_attributes_count,
            span.resource.schema_url.as_str()
        ),
        (7, "https://example.com/r")
    );
    assert_eq!(span.resource.entity_refs, "[]");
    assert_eq!(
        (
            span.scope.name.as_str(),
            span.scope.version.as_str(),
            span.scope.dropped_attributes_count
        ),
        ("lib", "1.2", 8)
    );
    assert_eq!(
        (
            span.scope.attributes.get("k"),
            span.scope.schema_url.as_str()
        ),
        (Some(&AttributeValue::Bool(true)), "https://example.com/s")
    );
}

#[test]
fn a_row_without_optional_fields_is_null_there() {
    let batch = one_of_everything();
    let span = SpanReader::new(&batch).span(0).expect("own text parses");
    assert_eq!(
        (span.parent_span_id, span.call_path, span.flags),
        (None, None, 0)
    );
    assert!(span.attributes.is_empty() && span.events.is_empty() && span.links.is_empty());
    assert_eq!(
        batch
            .column(crate::columns::column_by_name("span.url.full").expect("promoted"))
            .map(|a| a.len()),
        None
    );
}

#[test]
fn record_batches_convert_both_ways() {
    let batch = one_of_everything();
    let record_batch = batch.to_record_batch(None);
    let again = SpanBatch::try_from_record_batch(&record_batch).expect("own columns fit");
    assert_eq!(
        SpanReader::new(&again).spans().expect("parses"),
        SpanReader::new(&batch).spans().expect("parses")
    );
    let few = batch.to_record_batch(Some(&[crate::columns::NAME.0]));
    assert!(
        matches!(SpanBatch::try_from_record_batch(&few), Err(crate::SpanBatchError::Required(name)) if name == "trace_id")
    );
}
