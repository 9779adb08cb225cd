//! Jaeger's logs: events whose name is one of their fields.

use super::model::JaegerSpan;
use super::span_writer::nanos;
use crate::draft::{DraftAttribute, DraftEvent, DraftValue, SpanDraft};

pub(super) fn write_events<'b>(span: &'b JaegerSpan<'_>, draft: &mut SpanDraft<'b>) {
    for log in &span.logs {
        let fields = &span.log_fields[log.fields.clone()];
        let name = Name::of(fields);
        let first = draft.inner_attributes.len();
        let others = fields.iter().enumerate();
        let others = others.filter(|(position, _)| name.field != Some(*position));
        draft
            .inner_attributes
            .extend(others.map(|(_, field)| field.clone()));
        draft.events.push(DraftEvent {
            time_unix_nano: nanos(log.time),
            name: name.text,
            attributes: first..draft.inner_attributes.len(),
            dropped_attributes_count: 0,
        });
    }
}

/// The name of an event, and the field that says no more than that.
#[derive(Clone, Copy, Debug, Default)]
struct Name<'a> {
    text: &'a [u8],
    field: Option<usize>,
}

impl<'a> Name<'a> {
    /// The field `event`, or `message` when there is no `event`. With several of it, each stays a
    /// field.
    fn of(fields: &[DraftAttribute<'a>]) -> Self {
        let (event, events) = Self::find(fields, b"event");
        if events > 0 {
            return event;
        }
        match Self::find(fields, b"message") {
            (message, 1) => message,
            _ => Self::default(),
        }
    }

    /// The first text of fields of that key, and how many fields have it.
    fn find(fields: &[DraftAttribute<'a>], key: &[u8]) -> (Self, usize) {
        let mut name = Self::default();
        let mut count = 0;
        for (position, field) in fields.iter().enumerate() {
            if field.key != key {
                continue;
            }
            count += 1;
            if let DraftValue::String(text) = field.value
                && !text.is_empty()
                && name.text.is_empty()
            {
                name = Self {
                    text,
                    field: Some(position),
                };
            }
        }
        if count > 1 {
            name.field = None;
        }
        (name, count)
    }
}
