//! What a request means, told the slow and plain way from prost's messages.

use schemas::typed_json::{MAX_NESTING, write_value};
use schemas::{
    AttributeRef, AttributeValue, Attributes, EventRow, LinkRow, ResourceRow, ScopeRow,
    SpanBatchBuilder, SpanId, SpanKind, SpanReader, SpanRow, StatusCode, TraceId, UnixNanos,
};

use super::messages::{AnyValue, EntityRef, KeyValue, Request, Resource, Scope, Span, Value};
use crate::Decoded;
use crate::refusal::{Refusal, Refusals};

/// Everything that a decoded request says, comparable: doubles may be NaN, so as text.
pub(in crate::otlp) fn summary(decoded: &Decoded) -> String {
    let spans = SpanReader::new(&decoded.batch)
        .spans()
        .expect("the batch holds text of our own");
    format!(
        "{} refused: {}\n{spans:#?}",
        decoded.rejected, decoded.reason
    )
}

/// What decoding should give for a request.
pub(in crate::otlp) fn expected(request: &Request) -> Decoded {
    let mut builder = SpanBatchBuilder::default();
    let mut refusals = Refusals::default();
    for resource_spans in &request.resource_spans {
        let resource = resource_spans.resource.clone().unwrap_or_default();
        let resource_fault =
            set_resource(&mut builder, &resource, &resource_spans.schema_url).err();
        for scope_spans in &resource_spans.scope_spans {
            let scope = scope_spans.scope.clone().unwrap_or_default();
            let scope_fault = set_scope(&mut builder, &scope, &scope_spans.schema_url).err();
            for span in &scope_spans.spans {
                let owner_fault = resource_fault.or(scope_fault);
                let pushed = owner_fault.map_or_else(|| push(&mut builder, span), Err);
                match pushed {
                    Ok(()) if !(0..=5).contains(&span.kind) => refusals.add_undefined_number(),
                    Ok(()) if !(0..=2).contains(&code(span)) => refusals.add_undefined_number(),
                    Ok(()) => {}
                    Err(refusal) => refusals.add(refusal, &span.name, &span.span_id),
                }
            }
        }
    }
    Decoded {
        batch: builder.finish(),
        rejected: refusals.total(),
        reason: refusals.describe(),
        details: Vec::new(),
        refused: refusals.counts,
    }
}

fn code(span: &Span) -> i32 {
    span.status.as_ref().map_or(0, |status| status.code)
}

fn set_resource(
    builder: &mut SpanBatchBuilder,
    resource: &Resource,
    schema_url: &[u8],
) -> Result<(), Refusal> {
    let attributes = owned(&resource.attributes).ok_or(Refusal::ResourceNotUtf8)?;
    let schema_url = text(schema_url).ok_or(Refusal::ResourceNotUtf8)?;
    let entities: Option<Vec<serde_json::Value>> =
        resource.entity_refs.iter().map(entity_json).collect();
    let entities = entities.ok_or(Refusal::ResourceNotUtf8)?;
    let entity_refs = if entities.is_empty() {
        String::new()
    } else {
        serde_json::Value::from(entities).to_string()
    };
    if is_too_deep(&resource.attributes) {
        return Err(Refusal::ResourceTooDeep);
    }
    let texts = nested_texts(&attributes);
    builder.set_resource(&ResourceRow {
        attributes: &borrowed(&attributes, &texts),
        dropped_attributes_count: resource.dropped_attributes_count,
        schema_url,
        entity_refs: &sorted_like_ours(&entity_refs),
    });
    Ok(())
}

/// serde_json sorts the keys of an object; the wire's order is schemaUrl, type, idKeys, descriptionKeys.
fn sorted_like_ours(entity_refs: &str) -> String {
    if entity_refs.is_empty() {
        return String::new();
    }
    let entities: Vec<serde_json::Value> = serde_json::from_str(entity_refs).expect("just written");
    let texts = entities.iter().map(|entity| {
        let keys = ["schemaUrl", "type", "idKeys", "descriptionKeys"];
        let entries = keys
            .iter()
            .filter_map(|key| Some(format!("\"{key}\":{}", entity.get(key)?)));
        format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
    });
    format!("[{}]", texts.collect::<Vec<_>>().join(","))
}

fn entity_json(entity: &EntityRef) -> Option<serde_json::Value> {
    let keys = |keys: &[Vec<u8>]| -> Option<Vec<String>> {
        keys.iter()
            .map(|key| text(key).map(str::to_owned))
            .collect()
    };
    let mut object = serde_json::Map::new();
    let mut set = |name: &str, value: serde_json::Value| {
        if value != serde_json::json!("") && value != serde_json::json!([]) {
            object.insert(name.to_owned(), value);
        }
    };
    set("schemaUrl", text(&entity.schema_url)?.into());
    set("type", text(&entity.entity_type)?.into());
    set("idKeys", keys(&entity.id_keys)?.into());
    set("descriptionKeys", keys(&entity.description_keys)?.into());
    Some(object.into())
}

fn set_scope(
    builder: &mut SpanBatchBuilder,
    scope: &Scope,
    schema_url: &[u8],
) -> Result<(), Refusal> {
    let attributes = owned(&scope.attributes).ok_or(Refusal::ScopeNotUtf8)?;
    let name = text(&scope.name).ok_or(Refusal::ScopeNotUtf8)?;
    let version = text(&scope.version).ok_or(Refusal::ScopeNotUtf8)?;
    let schema_url = text(schema_url).ok_or(Refusal::ScopeNotUtf8)?;
    if is_too_deep(&scope.attributes) {
        return Err(Refusal::ScopeTooDeep);
    }
    let texts = nested_texts(&attributes);
    builder.set_scope(&ScopeRow {
        name,
        version,
        attributes: &borrowed(&attributes, &texts),
        dropped_attributes_count: scope.dropped_attributes_count,
        schema_url,
    });
    Ok(())
}

struct Ids {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    parent: [u8; 8],
}

/// The ids of a span whose ids and times are valid.
fn check_fields(span: &Span) -> Result<Ids, Refusal> {
    let trace_id = id::<16>(&span.trace_id)
        .filter(|id| *id != [0; 16])
        .ok_or(Refusal::TraceId)?;
    let span_id = id::<8>(&span.span_id)
        .filter(|id| *id != [0; 8])
        .ok_or(Refusal::SpanId)?;
    let parent = if span.parent_span_id.is_empty() {
        Some([0; 8])
    } else {
        id(&span.parent_span_id)
    };
    let parent = parent.ok_or(Refusal::ParentSpanId)?;
    let links_are_right = span
        .links
        .iter()
        .all(|link| [0, 16].contains(&link.trace_id.len()) && [0, 8].contains(&link.span_id.len()));
    if !links_are_right {
        return Err(Refusal::LinkId);
    }
    let mut times = vec![span.start_time_unix_nano, span.end_time_unix_nano];
    times.extend(span.events.iter().map(|event| event.time_unix_nano));
    if times.iter().any(|time| i64::try_from(*time).is_err()) {
        return Err(Refusal::TimeOutOfRange);
    }
    if span.end_time_unix_nano < span.start_time_unix_nano {
        return Err(Refusal::EndBeforeStart);
    }
    Ok(Ids {
        trace_id,
        span_id,
        parent,
    })
}

fn push(builder: &mut SpanBatchBuilder, span: &Span) -> Result<(), Refusal> {
    let Ids {
        trace_id,
        span_id,
        parent,
    } = check_fields(span)?;
    let nanos = |time: u64| i64::try_from(time).expect("checked");
    let status = span.status.clone().unwrap_or_default();
    let not_utf8 = || Refusal::NotUtf8;
    let attributes = owned(&span.attributes).ok_or_else(not_utf8)?;
    let mut sets = vec![&span.attributes];
    let mut inner = Vec::new();
    for event in &span.events {
        inner.push((
            text(&event.name).ok_or_else(not_utf8)?,
            owned(&event.attributes).ok_or_else(not_utf8)?,
        ));
        sets.push(&event.attributes);
    }
    for link in &span.links {
        inner.push((
            text(&link.trace_state).ok_or_else(not_utf8)?,
            owned(&link.attributes).ok_or_else(not_utf8)?,
        ));
        sets.push(&link.attributes);
    }
    let name = text(&span.name).ok_or_else(not_utf8)?;
    let status_message = text(&status.message).ok_or_else(not_utf8)?;
    let trace_state = text(&span.trace_state).ok_or_else(not_utf8)?;
    if sets.into_iter().any(|set| is_too_deep(set)) {
        return Err(Refusal::TooDeep);
    }

    let texts = nested_texts(&attributes);
    let inner_texts: Vec<Vec<String>> = inner
        .iter()
        .map(|(_, attributes)| nested_texts(attributes))
        .collect();
    let inner_attributes: Vec<_> = inner
        .iter()
        .zip(&inner_texts)
        .map(|((_, attributes), texts)| borrowed(attributes, texts))
        .collect();
    let events: Vec<EventRow<'_>> = span
        .events
        .iter()
        .enumerate()
        .map(|(index, event)| EventRow {
            time: UnixNanos(nanos(event.time_unix_nano)),
            name: inner[index].0,
            attributes: &inner_attributes[index],
            dropped_attributes_count: event.dropped_attributes_count,
        })
        .collect();
    let links: Vec<LinkRow<'_>> = span
        .links
        .iter()
        .zip(events.len()..)
        .map(|(link, index)| LinkRow {
            trace_id: TraceId(id(&link.trace_id).unwrap_or_default()),
            span_id: SpanId(id(&link.span_id).unwrap_or_default()),
            trace_state: inner[index].0,
            attributes: &inner_attributes[index],
            dropped_attributes_count: link.dropped_attributes_count,
            flags: link.flags,
        })
        .collect();
    builder.push(&SpanRow {
        parent_span_id: (parent != [0; 8]).then_some(SpanId(parent)),
        start: UnixNanos(nanos(span.start_time_unix_nano)),
        duration_nano: nanos(span.end_time_unix_nano) - nanos(span.start_time_unix_nano),
        name,
        kind: SpanKind::from_number(span.kind),
        status_code: StatusCode::from_number(status.code),
        status_message,
        trace_state,
        flags: span.flags,
        attributes: &borrowed(&attributes, &texts),
        dropped_attributes_count: span.dropped_attributes_count,
        events: &events,
        dropped_events_count: span.dropped_events_count,
        links: &links,
        dropped_links_count: span.dropped_links_count,
        ..SpanRow::new(TraceId(trace_id), SpanId(span_id))
    });
    Ok(())
}

fn id<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn owned(attributes: &[KeyValue]) -> Option<Attributes> {
    let entries = attributes.iter().map(|entry| {
        Some((
            text(&entry.key)?.to_owned(),
            owned_value(entry.value.as_ref())?,
        ))
    });
    entries.collect::<Option<_>>().map(Attributes)
}

fn owned_value(value: Option<&AnyValue>) -> Option<AttributeValue> {
    Some(match value.and_then(|value| value.value.as_ref()) {
        None | Some(Value::StringIndex(_)) => AttributeValue::Empty,
        Some(Value::String(bytes)) => AttributeValue::String(text(bytes)?.to_owned()),
        Some(Value::Bool(truth)) => AttributeValue::Bool(*truth),
        Some(Value::Int(number)) => AttributeValue::Int(*number),
        Some(Value::Double(number)) => AttributeValue::Double(*number),
        Some(Value::Bytes(bytes)) => AttributeValue::Bytes(bytes.clone()),
        Some(Value::Array(array)) => {
            let values = array.values.iter().map(|value| owned_value(Some(value)));
            AttributeValue::Array(values.collect::<Option<_>>()?)
        }
        Some(Value::Map(map)) => AttributeValue::Map(owned(&map.values)?),
    })
}

fn is_too_deep(attributes: &[KeyValue]) -> bool {
    attributes
        .iter()
        .any(|attribute| nesting(attribute.value.as_ref()) > MAX_NESTING)
}

fn nesting(value: Option<&AnyValue>) -> usize {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::Array(array)) => {
            1 + array
                .values
                .iter()
                .map(|value| nesting(Some(value)))
                .max()
                .unwrap_or(0)
        }
        Some(Value::Map(map)) => {
            1 + map
                .values
                .iter()
                .map(|entry| nesting(entry.value.as_ref()))
                .max()
                .unwrap_or(0)
        }
        _ => 0,
    }
}

/// The typed JSON of every value, needed or not.
fn nested_texts(attributes: &Attributes) -> Vec<String> {
    let write = |(_, value): &(String, AttributeValue)| {
        let mut text = String::new();
        write_value(&mut text, value);
        text
    };
    attributes.0.iter().map(write).collect()
}

fn borrowed<'a>(
    attributes: &'a Attributes,
    texts: &'a [String],
) -> Vec<(&'a str, AttributeRef<'a>)> {
    let borrow = |((key, value), text): (&'a (String, AttributeValue), &'a String)| {
        let value = match value {
            AttributeValue::Empty => AttributeRef::Empty,
            AttributeValue::String(text) => AttributeRef::String(text),
            AttributeValue::Bool(truth) => AttributeRef::Bool(*truth),
            AttributeValue::Int(number) => AttributeRef::Int(*number),
            AttributeValue::Double(number) => AttributeRef::Double(*number),
            AttributeValue::Bytes(bytes) => AttributeRef::Bytes(bytes),
            AttributeValue::Array(_) | AttributeValue::Map(_) => AttributeRef::TypedJson(text),
        };
        (key.as_str(), value)
    };
    attributes.0.iter().zip(texts).map(borrow).collect()
}
