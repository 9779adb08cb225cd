//! Batches as a client has them, and how it writes them in each form.

use super::messages;
use crate::thrift::Type;
use crate::thrift::value::{Value, Written};

#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    pub(crate) service: String,
    pub(crate) process_tags: Vec<Tag>,
    pub(crate) spans: Vec<Sent>,
}

/// A tag: its key and its value.
pub(crate) type Tag = (String, TagValue);

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TagValue {
    String(String),
    Double(f64),
    Bool(bool),
    Long(i64),
    Binary(Vec<u8>),
}

pub(crate) fn text(key: &str, value: &str) -> Tag {
    (key.to_owned(), TagValue::String(value.to_owned()))
}

pub(crate) const CHILD_OF: i32 = 0;
pub(crate) const FOLLOWS_FROM: i32 = 1;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reference {
    pub(crate) kind: i32,
    pub(crate) trace_id: u128,
    pub(crate) span_id: u64,
}

/// A span. Times are microseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sent {
    pub(crate) trace_id: u128,
    pub(crate) span_id: u64,
    /// Protobuf has no field for it: there it is a reference, unless one is there.
    pub(crate) parent: u64,
    pub(crate) name: String,
    pub(crate) references: Vec<Reference>,
    pub(crate) flags: u32,
    pub(crate) start: i64,
    pub(crate) duration: i64,
    pub(crate) tags: Vec<Tag>,
    pub(crate) logs: Vec<(i64, Vec<Tag>)>,
}

impl Batch {
    pub(crate) fn of(spans: Vec<Sent>) -> Self {
        Self {
            service: "api".to_owned(),
            process_tags: Vec::new(),
            spans,
        }
    }

    /// As a value of Thrift.
    pub(crate) fn value(&self) -> Value {
        let process = Value::Struct(vec![
            (1, Value::text(&self.service)),
            (2, tags_value(&self.process_tags)),
        ]);
        let spans = self.spans.iter().map(Sent::value).collect();
        Value::Struct(vec![(1, process), (2, Value::List(Type::Struct, spans))])
    }

    /// As a request over HTTP.
    pub(crate) fn thrift(&self) -> Vec<u8> {
        self.value().write(Written::Binary)
    }

    /// As a call of the agent.
    pub(crate) fn agent(&self, written: Written) -> Vec<u8> {
        Value::Struct(vec![(1, self.value())]).write_call(written, "emitBatch")
    }

    /// As a message of protobuf.
    pub(crate) fn message(&self) -> messages::PostSpansRequest {
        let process = messages::Process {
            service_name: self.service.clone().into(),
            tags: self.process_tags.iter().map(key_value).collect(),
        };
        messages::PostSpansRequest {
            batch: Some(messages::Batch {
                spans: self.spans.iter().map(Sent::message).collect(),
                process: Some(process),
            }),
        }
    }

    pub(crate) fn protobuf(&self) -> Vec<u8> {
        prost::Message::encode_to_vec(&self.message())
    }
}

/// The lower and the upper half of a trace id.
fn halves(trace_id: u128) -> [Value; 2] {
    [trace_id as u64, (trace_id >> 64) as u64].map(|half| Value::I64(half.cast_signed()))
}

impl Sent {
    pub(crate) fn value(&self) -> Value {
        let [low, high] = halves(self.trace_id);
        let references = self.references.iter().map(|reference| {
            let [low, high] = halves(reference.trace_id);
            Value::Struct(vec![
                (1, Value::I32(reference.kind)),
                (2, low),
                (3, high),
                (4, Value::I64(reference.span_id.cast_signed())),
            ])
        });
        let logs = self.logs.iter().map(|(time, fields)| {
            Value::Struct(vec![(1, Value::I64(*time)), (2, tags_value(fields))])
        });
        Value::Struct(vec![
            (1, low),
            (2, high),
            (3, Value::I64(self.span_id.cast_signed())),
            (4, Value::I64(self.parent.cast_signed())),
            (5, Value::text(&self.name)),
            (6, Value::List(Type::Struct, references.collect())),
            (7, Value::I32(self.flags.cast_signed())),
            (8, Value::I64(self.start)),
            (9, Value::I64(self.duration)),
            (10, tags_value(&self.tags)),
            (11, Value::List(Type::Struct, logs.collect())),
        ])
    }

    pub(crate) fn message(&self) -> messages::Span {
        let parent = Reference {
            kind: CHILD_OF,
            trace_id: self.trace_id,
            span_id: self.parent,
        };
        let is_told =
            |one: &Reference| (one.trace_id, one.span_id) == (parent.trace_id, parent.span_id);
        let is_missing = self.parent != 0 && !self.references.iter().any(is_told);
        let references = is_missing.then_some(&parent).into_iter();
        messages::Span {
            trace_id: self.trace_id.to_be_bytes().to_vec(),
            span_id: self.span_id.to_be_bytes().to_vec(),
            operation_name: self.name.clone().into(),
            references: references
                .chain(&self.references)
                .map(|reference| messages::SpanRef {
                    trace_id: reference.trace_id.to_be_bytes().to_vec(),
                    span_id: reference.span_id.to_be_bytes().to_vec(),
                    ref_type: reference.kind,
                })
                .collect(),
            flags: self.flags,
            start_time: Some(messages::time(i128::from(self.start) * 1_000)),
            duration: Some(messages::time(i128::from(self.duration) * 1_000)),
            tags: self.tags.iter().map(key_value).collect(),
            logs: self
                .logs
                .iter()
                .map(|(time, fields)| messages::Log {
                    timestamp: Some(messages::time(i128::from(*time) * 1_000)),
                    fields: fields.iter().map(key_value).collect(),
                })
                .collect(),
            ..messages::Span::default()
        }
    }
}

fn tags_value(tags: &[Tag]) -> Value {
    let tag = |(key, value): &Tag| {
        let (kind, number, value) = match value {
            TagValue::String(text) => (0, 3, Value::text(text)),
            TagValue::Double(number) => (1, 4, Value::Double(*number)),
            TagValue::Bool(truth) => (2, 5, Value::Bool(*truth)),
            TagValue::Long(number) => (3, 6, Value::I64(*number)),
            TagValue::Binary(bytes) => (4, 7, Value::Binary(bytes.clone())),
        };
        Value::Struct(vec![
            (1, Value::text(key)),
            (2, Value::I32(kind)),
            (number, value),
        ])
    };
    Value::List(Type::Struct, tags.iter().map(tag).collect())
}

pub(crate) fn key_value((key, value): &Tag) -> messages::KeyValue {
    let mut message = messages::KeyValue {
        key: key.clone().into(),
        ..messages::KeyValue::default()
    };
    match value {
        TagValue::String(text) => message.v_str = text.clone().into(),
        TagValue::Bool(truth) => (message.v_type, message.v_bool) = (1, *truth),
        TagValue::Long(number) => (message.v_type, message.v_int64) = (2, *number),
        TagValue::Double(number) => (message.v_type, message.v_float64) = (3, *number),
        TagValue::Binary(bytes) => (message.v_type, message.v_binary) = (4, bytes.clone()),
    }
    message
}
