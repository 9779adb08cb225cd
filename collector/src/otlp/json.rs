//! `ExportTraceServiceRequest` in protobuf's JSON form, as OTLP changes it: ids are hexadecimal.
//!
//! Liberal in what it takes: ids in any case, 64-bit integers as numbers or text, enumerations as
//! numbers or names, field names in lowerCamelCase or as in the `.proto` file, nulls anywhere,
//! unknown fields. The text is read into a borrowed tree, then checked as protobuf is. Text with
//! a lone surrogate, which JavaScript senders produce when they cut strings, refuses one span,
//! not the request.

mod model;
mod scalar;
mod value;

use crate::assembler::Assembler;
use crate::draft::{
    DraftAttribute, DraftEntityRef, DraftEvent, DraftFields, DraftLink, DraftValue, NestedText,
    ResourceDraft, ScopeDraft, SpanDraft,
};
use crate::json::Text;
use crate::{DecodeError, Decoded};

use model::{KeyValue, Request, Resource, ResourceSpans, ScopeSpans, Span};
use value::{AnyValue, write_value};

/// Decodes an `ExportTraceServiceRequest` in OTLP's JSON form. Spans that are invalid are counted
/// in the result; see [`Refusal`](crate::Refusal) for what makes a span invalid.
///
/// # Errors
/// [`DecodeError::Malformed`] when the text is not JSON, a field has an impossible value, or anything
/// is nested over 128 deep.
pub fn decode_json(body: &[u8]) -> Result<Decoded, DecodeError> {
    let request: Request<'_> = serde_json::from_slice(body)
        .map_err(|error| DecodeError::malformed("a JSON ExportTraceServiceRequest", &error))?;
    let mut assembler = Assembler::default();
    let mut span_draft = SpanDraft::default();
    for resource_spans in request.resource_spans.iter() {
        assembler.begin_resource(read_resource(resource_spans));
        for scope_spans in resource_spans.scope_spans.iter() {
            assembler.begin_scope(&read_scope(scope_spans));
            for span in scope_spans.spans.iter() {
                read_span(&mut span_draft, span);
                assembler.push(&span_draft);
            }
        }
    }
    Ok(assembler.finish())
}

fn read_resource<'a>(resource_spans: &'a ResourceSpans<'_>) -> ResourceDraft<'a> {
    let mut draft = ResourceDraft {
        schema_url: resource_spans.schema_url.bytes(),
        ..ResourceDraft::default()
    };
    if let Some(Resource {
        attributes,
        dropped_attributes_count,
        entity_refs,
    }) = &resource_spans.resource
    {
        draft.attributes.extend(
            attributes
                .iter()
                .map(|attribute| read_attribute(attribute, &mut draft.nested)),
        );
        draft.dropped_attributes_count = dropped_attributes_count.0;
        for entity in entity_refs.iter() {
            draft.entity_refs.push(&DraftEntityRef {
                schema_url: entity.schema_url.bytes(),
                entity_type: entity.entity_type.bytes(),
                id_keys: entity.id_keys.iter().map(Text::bytes).collect(),
                description_keys: entity.description_keys.iter().map(Text::bytes).collect(),
            });
        }
    }
    draft
}

fn read_scope<'a>(scope_spans: &'a ScopeSpans<'_>) -> ScopeDraft<'a> {
    let mut draft = ScopeDraft {
        schema_url: scope_spans.schema_url.bytes(),
        ..ScopeDraft::default()
    };
    if let Some(scope) = &scope_spans.scope {
        draft.name = scope.name.bytes();
        draft.version = scope.version.bytes();
        draft.attributes.extend(
            scope
                .attributes
                .iter()
                .map(|attribute| read_attribute(attribute, &mut draft.nested)),
        );
        draft.dropped_attributes_count = scope.dropped_attributes_count.0;
    }
    draft
}

fn read_span<'a>(draft: &mut SpanDraft<'a>, span: &'a Span<'_>) {
    draft.clear();
    let SpanDraft {
        fields,
        attributes,
        events,
        links,
        inner_attributes,
        nested,
    } = draft;
    *fields = DraftFields {
        trace_id: span.trace_id.bytes(),
        span_id: span.span_id.bytes(),
        parent_span_id: span.parent_span_id.bytes(),
        trace_state: span.trace_state.bytes(),
        flags: span.flags.0,
        name: span.name.bytes(),
        kind: span.kind.0,
        start_time_unix_nano: span.start_time_unix_nano.0,
        end_time_unix_nano: span.end_time_unix_nano.0,
        dropped_attributes_count: span.dropped_attributes_count.0,
        dropped_events_count: span.dropped_events_count.0,
        dropped_links_count: span.dropped_links_count.0,
        ..DraftFields::default()
    };
    if let Some(status) = &span.status {
        fields.status_message = status.message.bytes();
        fields.status_code = status.code.0;
    }
    attributes.extend(
        span.attributes
            .iter()
            .map(|attribute| read_attribute(attribute, nested)),
    );
    for event in span.events.iter() {
        let first_attribute = inner_attributes.len();
        inner_attributes.extend(
            event
                .attributes
                .iter()
                .map(|attribute| read_attribute(attribute, nested)),
        );
        events.push(DraftEvent {
            time_unix_nano: event.time_unix_nano.0,
            name: event.name.bytes(),
            attributes: first_attribute..inner_attributes.len(),
            dropped_attributes_count: event.dropped_attributes_count.0,
        });
    }
    for link in span.links.iter() {
        let first_attribute = inner_attributes.len();
        inner_attributes.extend(
            link.attributes
                .iter()
                .map(|attribute| read_attribute(attribute, nested)),
        );
        links.push(DraftLink {
            trace_id: link.trace_id.bytes(),
            span_id: link.span_id.bytes(),
            trace_state: link.trace_state.bytes(),
            attributes: first_attribute..inner_attributes.len(),
            dropped_attributes_count: link.dropped_attributes_count.0,
            flags: link.flags.0,
        });
    }
}

fn read_attribute<'a>(attribute: &'a KeyValue<'_>, nested: &mut NestedText) -> DraftAttribute<'a> {
    let value = match &attribute.value {
        AnyValue::Empty => DraftValue::Empty,
        AnyValue::String(text) => DraftValue::String(text.bytes()),
        AnyValue::Bool(truth) => DraftValue::Bool(*truth),
        AnyValue::Int(number) => DraftValue::Int(*number),
        AnyValue::Double(number) => DraftValue::Double(*number),
        AnyValue::Bytes(bytes) => DraftValue::Bytes(bytes),
        list @ (AnyValue::Array(_) | AnyValue::Map(_)) => {
            let start = nested.text.len();
            write_value(list, 1, nested);
            DraftValue::Nested(start..nested.text.len())
        }
    };
    DraftAttribute {
        key: attribute.key.bytes(),
        value,
    }
}

#[cfg(test)]
mod tests;
