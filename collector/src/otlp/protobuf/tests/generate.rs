//! Requests at random: valid ones, invalid ones, and the same in odd wire forms.

use proptest::collection::vec;
use proptest::prelude::*;

use super::messages::{
    AnyValue, ArrayValue, EntityRef, Event, KeyValue, KeyValueList, Link, Request, Resource,
    ResourceSpans, Scope, ScopeSpans, Span, Status, Value,
};

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        12 => "[a-z.]{0,12}".prop_map(String::into_bytes),
        4 => any::<String>().prop_map(String::into_bytes),
        1 => "[a-z]{130,200}".prop_map(String::into_bytes),
        1 => Just(b"not \xff utf-8".to_vec()),
    ]
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "http.request.method", "http.response.status_code", "user.id", "service.name", "host.name", "process.pid",
            "bytesValue", "doubleValue", "kvlistValue", "thread.id",
        ]).prop_map(|key| key.as_bytes().to_vec()),
        1 => text(),
    ]
}

fn any_value() -> impl Strategy<Value = AnyValue> {
    let leaf = prop_oneof![
        1 => Just(None),
        6 => text().prop_map(|text| Some(Value::String(text))),
        1 => any::<bool>().prop_map(|truth| Some(Value::Bool(truth))),
        3 => any::<i64>().prop_map(|number| Some(Value::Int(number))),
        1 => any::<f64>().prop_map(|number| Some(Value::Double(number))),
        1 => vec(any::<u8>(), 0..20).prop_map(|bytes| Some(Value::Bytes(bytes))),
        1 => any::<i32>().prop_map(|index| Some(Value::StringIndex(index))),
    ];
    leaf.prop_map(|value| AnyValue { value })
        .prop_recursive(3, 12, 3, |inner| {
            let array =
                vec(inner.clone(), 0..3).prop_map(|values| Value::Array(ArrayValue { values }));
            let map =
                vec(entry(inner), 0..3).prop_map(|values| Value::Map(KeyValueList { values }));
            prop_oneof![array, map].prop_map(|value| AnyValue { value: Some(value) })
        })
}

fn entry(value: impl Strategy<Value = AnyValue>) -> impl Strategy<Value = KeyValue> {
    (
        key(),
        prop::option::weighted(0.9, value),
        prop_oneof![9 => Just(0), 1 => any::<i32>()],
    )
        .prop_map(|(key, value, key_strindex)| KeyValue {
            key,
            value,
            key_strindex,
        })
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    prop_oneof![
        30 => vec(entry(any_value()), 0..4),
        1 => (20_usize..40, any::<bool>()).prop_map(|(levels, of_maps)| vec![nested(levels, of_maps)]),
    ]
}

/// An attribute with arrays or maps within each other.
pub(in crate::otlp) fn nested(levels: usize, of_maps: bool) -> KeyValue {
    let wrap = |inner: AnyValue, _: usize| {
        let value = if of_maps {
            let entry = KeyValue {
                key: b"bytesValue".to_vec(),
                value: Some(inner),
                key_strindex: 0,
            };
            Value::Map(KeyValueList {
                values: vec![entry],
            })
        } else {
            Value::Array(ArrayValue {
                values: vec![inner],
            })
        };
        AnyValue { value: Some(value) }
    };
    let value = (0..levels).fold(
        AnyValue {
            value: Some(Value::Int(1)),
        },
        wrap,
    );
    KeyValue {
        key: b"nested".to_vec(),
        value: Some(value),
        key_strindex: 0,
    }
}

fn id(length: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        40 => vec(any::<u8>(), length..=length),
        1 => vec(any::<u8>(), 0..20),
        1 => Just(vec![0; length]),
        1 => Just(Vec::new()),
    ]
}

fn count() -> impl Strategy<Value = u32> {
    prop_oneof![4 => Just(0), 1 => any::<u32>()]
}

fn nanos() -> impl Strategy<Value = u64> {
    const NOON: u64 = 1_700_000_000_000_000_000;
    prop_oneof![20 => NOON..NOON + 1_000_000_000, 1 => any::<u64>(), 1 => Just(0)]
}

fn event() -> impl Strategy<Value = Event> {
    (nanos(), text(), attributes(), count()).prop_map(
        |(time_unix_nano, name, attributes, dropped_attributes_count)| Event {
            time_unix_nano,
            name,
            attributes,
            dropped_attributes_count,
        },
    )
}

fn link() -> impl Strategy<Value = Link> {
    (id(16), id(8), text(), attributes(), count(), count()).prop_map(
        |(trace_id, span_id, trace_state, attributes, dropped_attributes_count, flags)| Link {
            trace_id,
            span_id,
            trace_state,
            attributes,
            dropped_attributes_count,
            flags,
        },
    )
}

fn status() -> impl Strategy<Value = Option<Status>> {
    prop::option::of((text(), -1..4_i32).prop_map(|(message, code)| Status { message, code }))
}

fn span() -> impl Strategy<Value = Span> {
    let ids = (id(16), id(8), id(8), text(), count());
    let texts = (
        text(),
        prop_oneof![9 => 0..6_i32, 1 => any::<i32>()],
        status(),
    );
    let times = (
        nanos(),
        prop_oneof![9 => (0..1_000_000_u64).prop_map(Some), 1 => Just(None)],
        nanos(),
    );
    let lists = (
        attributes(),
        vec(event(), 0..3),
        vec(link(), 0..3),
        count(),
        count(),
        count(),
    );
    (ids, texts, times, lists).prop_map(|(ids, texts, (start, duration, other_end), lists)| {
        let (trace_id, span_id, parent_span_id, trace_state, flags) = ids;
        let (name, kind, status) = texts;
        let (
            attributes,
            events,
            links,
            dropped_attributes_count,
            dropped_events_count,
            dropped_links_count,
        ) = lists;
        Span {
            trace_id,
            span_id,
            trace_state,
            parent_span_id,
            name,
            kind,
            start_time_unix_nano: start,
            end_time_unix_nano: duration
                .map_or(other_end, |duration| start.saturating_add(duration)),
            attributes,
            dropped_attributes_count,
            events,
            dropped_events_count,
            links,
            dropped_links_count,
            status,
            flags,
        }
    })
}

fn scope() -> impl Strategy<Value = Option<Scope>> {
    let scope = (text(), text(), attributes(), count());
    prop::option::of(
        scope.prop_map(
            |(name, version, attributes, dropped_attributes_count)| Scope {
                name,
                version,
                attributes,
                dropped_attributes_count,
            },
        ),
    )
}

fn entity_ref() -> impl Strategy<Value = EntityRef> {
    (text(), text(), vec(text(), 0..3), vec(text(), 0..2)).prop_map(
        |(schema_url, entity_type, id_keys, description_keys)| EntityRef {
            schema_url,
            entity_type,
            id_keys,
            description_keys,
        },
    )
}

fn resource() -> impl Strategy<Value = Option<Resource>> {
    let resource = (attributes(), count(), vec(entity_ref(), 0..2));
    prop::option::of(
        resource.prop_map(
            |(attributes, dropped_attributes_count, entity_refs)| Resource {
                attributes,
                dropped_attributes_count,
                entity_refs,
            },
        ),
    )
}

/// Requests whose faults are few enough that most spans are valid.
pub(in crate::otlp) fn request() -> impl Strategy<Value = Request> {
    let scope_spans =
        (scope(), vec(span(), 0..4), text()).prop_map(|(scope, spans, schema_url)| ScopeSpans {
            scope,
            spans,
            schema_url,
        });
    let resource_spans = (resource(), vec(scope_spans, 0..3), text()).prop_map(
        |(resource, scope_spans, schema_url)| ResourceSpans {
            resource,
            scope_spans,
            schema_url,
        },
    );
    vec(resource_spans, 0..3).prop_map(|resource_spans| Request { resource_spans })
}
