//! What segments mean, told the slow and plain way from prost's messages.

use schemas::{
    AttributeValue, Attributes, Event, Link, Resource, Scope, Span, SpanId, SpanKind, Status,
    StatusCode, TraceId, UnixNanos,
};
use sha2::{Digest, Sha256};

use crate::skywalking::messages::{
    Log, SegmentCollection, SegmentObject, SegmentReference, SpanObject,
};

type Named = Vec<(String, AttributeValue)>;

/// The spans that decoding should give, and how many it should refuse.
pub(super) fn expected(request: &SegmentCollection) -> (Vec<Span>, u64) {
    let mut spans = Vec::new();
    let mut refused = 0;
    for segment in &request.segments {
        for span in &segment.spans {
            match expected_span(segment, span) {
                Some(span) => spans.push(span),
                None => refused += 1,
            }
        }
    }
    (spans, refused)
}

/// None for a span that is refused.
fn expected_span(segment: &SegmentObject, span: &SpanObject) -> Option<Span> {
    let has_id = |id: &[u8]| !id.is_empty() && id.len() <= 128;
    let says_when = span.start_time.min(span.end_time) >= 1 << 35;
    if !has_id(&segment.trace_id) || !has_id(&segment.trace_segment_id) || !says_when {
        return None;
    }
    let mut resource = Vec::new();
    put(&mut resource, "service.name", &segment.service)?;
    put(
        &mut resource,
        "service.instance.id",
        &segment.service_instance,
    )?;
    let resource = Resource {
        attributes: Attributes(resource),
        ..Resource::default()
    };
    let mut refs = span.refs.clone();
    let mut parent_span_id = None;
    let mut attributes = Vec::new();
    for tag in &span.tags {
        let value = AttributeValue::String(string(&tag.value)?);
        attributes.push((string(&tag.key)?, value));
    }
    if span.parent_span_id >= 0 && span.parent_span_id != span.span_id {
        parent_span_id = Some(span_id(&segment.trace_segment_id, span.parent_span_id));
    } else if let Some(index) = refs.iter().position(|reference| {
        !reference.parent_trace_segment_id.is_empty()
            && (reference.trace_id == segment.trace_id || reference.trace_id.is_empty())
    }) {
        let reference = refs.remove(index);
        parent_span_id = Some(reference_span_id(&reference));
        put_reference(&mut attributes, &reference)?;
    }
    put_span(&mut attributes, segment, span)?;
    let start = nanos(span.start_time)?;
    let end = nanos(span.end_time)?;
    Some(Span {
        trace_id: trace_id(&segment.trace_id),
        span_id: span_id(&segment.trace_segment_id, span.span_id),
        parent_span_id,
        call_path: None,
        start,
        duration_nano: (end >= start).then_some(end.0 - start.0)?,
        name: string(&span.operation_name)?,
        kind: match (span.span_type, span.span_layer) {
            (0, 4) => SpanKind::Consumer,
            (0, _) => SpanKind::Server,
            (1, 4) => SpanKind::Producer,
            (1, _) => SpanKind::Client,
            (2, _) => SpanKind::Internal,
            _ => SpanKind::Unspecified,
        },
        status: Status {
            code: if span.is_error {
                StatusCode::Error
            } else {
                StatusCode::Unset
            },
            message: String::new(),
        },
        trace_state: String::new(),
        flags: 0,
        attributes: Attributes(attributes),
        dropped_attributes_count: 0,
        events: span.logs.iter().map(event).collect::<Option<_>>()?,
        dropped_events_count: 0,
        links: refs.iter().map(link).collect::<Option<_>>()?,
        dropped_links_count: 0,
        resource,
        scope: Scope::default(),
    })
}

fn put_span(attributes: &mut Named, segment: &SegmentObject, span: &SpanObject) -> Option<()> {
    let peer = string(&span.peer)?;
    let side = if span.span_type == 0 {
        "client"
    } else {
        "server"
    };
    match peer.as_str() {
        "10.0.0.2:80" => {
            put(attributes, "network.peer.address", b"10.0.0.2")?;
            put_number(attributes, "network.peer.port", 80);
        }
        "[::1]:443" => {
            put(attributes, "network.peer.address", b"::1")?;
            put_number(attributes, "network.peer.port", 443);
        }
        "db:5432" => {
            put(attributes, &format!("{side}.address"), b"db")?;
            put_number(attributes, &format!("{side}.port"), 5432);
        }
        other => put(attributes, "peer.service", other.as_bytes())?,
    }
    if !(0..=2).contains(&span.span_type) {
        put_number(attributes, "skywalking.span_type", span.span_type);
    }
    match span.span_layer {
        0 => {}
        1 => put(attributes, "skywalking.layer", b"Database")?,
        2 => put(attributes, "skywalking.layer", b"RPCFramework")?,
        3 => put(attributes, "skywalking.layer", b"Http")?,
        4 => put(attributes, "skywalking.layer", b"MQ")?,
        5 => put(attributes, "skywalking.layer", b"Cache")?,
        6 => put(attributes, "skywalking.layer", b"FAAS")?,
        other => put_number(attributes, "skywalking.layer", other),
    }
    if span.component_id != 0 {
        put_number(attributes, "skywalking.component_id", span.component_id);
    }
    if span.skip_analysis {
        let key = "skywalking.skip_analysis".to_owned();
        attributes.push((key, AttributeValue::Bool(true)));
    }
    put_number(attributes, "skywalking.span_id", span.span_id);
    put(attributes, "skywalking.trace_id", &segment.trace_id)?;
    put(
        attributes,
        "skywalking.segment_id",
        &segment.trace_segment_id,
    )?;
    if segment.is_size_limited {
        let key = "skywalking.size_limited".to_owned();
        attributes.push((key, AttributeValue::Bool(true)));
    }
    Some(())
}

fn put_reference(attributes: &mut Named, reference: &SegmentReference) -> Option<()> {
    match reference.ref_type {
        0 => put(attributes, "skywalking.ref.type", b"CrossProcess")?,
        1 => put(attributes, "skywalking.ref.type", b"CrossThread")?,
        other => put_number(attributes, "skywalking.ref.type", other),
    }
    for (key, text) in [
        ("parent_segment_id", &reference.parent_trace_segment_id),
        ("parent_service", &reference.parent_service),
        (
            "parent_service_instance",
            &reference.parent_service_instance,
        ),
        ("parent_endpoint", &reference.parent_endpoint),
        (
            "network_address_used_at_peer",
            &reference.network_address_used_at_peer,
        ),
    ] {
        put(attributes, &format!("skywalking.ref.{key}"), text)?;
    }
    put_number(
        attributes,
        "skywalking.ref.parent_span_id",
        reference.parent_span_id,
    );
    Some(())
}

fn link(reference: &SegmentReference) -> Option<Link> {
    let mut attributes = Vec::new();
    let ref_type = if reference.ref_type == 1 {
        "follows_from"
    } else {
        "child_of"
    };
    put(&mut attributes, "opentracing.ref_type", ref_type.as_bytes())?;
    put(
        &mut attributes,
        "skywalking.ref.trace_id",
        &reference.trace_id,
    )?;
    put_reference(&mut attributes, reference)?;
    Some(Link {
        trace_id: if reference.trace_id.is_empty() {
            TraceId([0; 16])
        } else {
            trace_id(&reference.trace_id)
        },
        span_id: reference_span_id(reference),
        trace_state: String::new(),
        attributes: Attributes(attributes),
        dropped_attributes_count: 0,
        flags: 0,
    })
}

fn event(log: &Log) -> Option<Event> {
    let mut fields = Vec::new();
    for pair in &log.data {
        fields.push((
            string(&pair.key)?,
            AttributeValue::String(string(&pair.value)?),
        ));
    }
    let position = |name| fields.iter().position(|(key, _)| key == name);
    let name = match position("event").or_else(|| position("message")) {
        Some(index) => match fields.remove(index) {
            (_, AttributeValue::String(name)) => name,
            _ => return None,
        },
        None => fields
            .first()
            .map_or_else(String::new, |(key, _)| key.clone()),
    };
    Some(Event {
        time: nanos(log.time)?,
        name,
        attributes: Attributes(fields),
        dropped_attributes_count: 0,
    })
}

fn put(attributes: &mut Named, key: &str, text: &[u8]) -> Option<()> {
    let text = string(text)?;
    if !text.is_empty() {
        attributes.push((key.to_owned(), AttributeValue::String(text)));
    }
    Some(())
}

fn put_number(attributes: &mut Named, key: &str, number: i32) {
    attributes.push((key.to_owned(), AttributeValue::Int(number.into())));
}

fn string(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

fn nanos(millis: i64) -> Option<UnixNanos> {
    let nanos = millis.checked_mul(1_000_000)?;
    (nanos >= 0).then_some(UnixNanos(nanos))
}

fn trace_id(text: &[u8]) -> TraceId {
    let is_hex = text.len() == 32 && text.iter().all(u8::is_ascii_hexdigit);
    let mut id = [0; 16];
    if is_hex {
        for (byte, digits) in id.iter_mut().zip(text.chunks(2)) {
            let digits = std::str::from_utf8(digits).expect("hexadecimal");
            *byte = u8::from_str_radix(digits, 16).expect("hexadecimal");
        }
    } else {
        id.copy_from_slice(&Sha256::digest(text)[..16]);
    }
    TraceId(id)
}

fn span_id(segment_id: &[u8], number: i32) -> SpanId {
    let input = [segment_id, &number.to_be_bytes()].concat();
    let mut id = [0; 8];
    id.copy_from_slice(&Sha256::digest(input)[..8]);
    SpanId(id)
}

fn reference_span_id(reference: &SegmentReference) -> SpanId {
    match reference.parent_trace_segment_id.as_slice() {
        [] => SpanId([0; 8]),
        segment_id => span_id(segment_id, reference.parent_span_id),
    }
}
