//! A span, a resource or a scope as it was read: fields of the right wire type, nothing else known.

use std::ops::Range;

use schemas::typed_json::MAX_NESTING;

/// A value of an attribute.
#[derive(Clone, Debug, Default)]
pub(super) enum DraftValue<'a> {
    #[default]
    Empty,
    /// Should be UTF-8.
    String(&'a [u8]),
    Bool(bool),
    Int(i64),
    Double(f64),
    Bytes(&'a [u8]),
    /// An array or a map: this part of the draft's [`NestedText`].
    Nested(Range<usize>),
}

#[derive(Clone, Debug)]
pub(super) struct DraftAttribute<'a> {
    pub(super) key: &'a [u8],
    pub(super) value: DraftValue<'a>,
}

/// The typed-JSON text of arrays and maps, and what was wrong with them.
#[derive(Debug, Default)]
pub(super) struct NestedText {
    pub(super) text: String,
    pub(super) fault: NestedFault,
}

/// What was met within arrays and maps.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NestedFault {
    pub(super) not_utf8: bool,
    pub(super) too_deep: bool,
}

impl NestedText {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.fault = NestedFault::default();
    }

    /// The text of `bytes`; empty and noted when it is not UTF-8.
    pub(super) fn check_utf8<'a>(&mut self, bytes: &'a [u8]) -> &'a str {
        simdutf8::basic::from_utf8(bytes).unwrap_or_else(|_| {
            self.fault.not_utf8 = true;
            ""
        })
    }

    /// Notes that an array or a map is this deep within its attribute, 1 for the outermost.
    pub(super) fn enter(&mut self, nesting: usize) {
        self.fault.too_deep |= nesting > MAX_NESTING;
    }
}

/// The fields of a span that are no lists. Texts should be UTF-8, ids of their lengths.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct DraftFields<'a> {
    pub(super) trace_id: &'a [u8],
    pub(super) span_id: &'a [u8],
    pub(super) parent_span_id: &'a [u8],
    pub(super) trace_state: &'a [u8],
    pub(super) flags: u32,
    pub(super) name: &'a [u8],
    pub(super) kind: i32,
    pub(super) start_time_unix_nano: u64,
    pub(super) end_time_unix_nano: u64,
    pub(super) dropped_attributes_count: u32,
    pub(super) dropped_events_count: u32,
    pub(super) dropped_links_count: u32,
    pub(super) status_message: &'a [u8],
    pub(super) status_code: i32,
}

#[derive(Clone, Debug, Default)]
pub(super) struct DraftEvent<'a> {
    pub(super) time_unix_nano: u64,
    pub(super) name: &'a [u8],
    /// Its part of [`SpanDraft::inner_attributes`].
    pub(super) attributes: Range<usize>,
    pub(super) dropped_attributes_count: u32,
}

#[derive(Clone, Debug, Default)]
pub(super) struct DraftLink<'a> {
    pub(super) trace_id: &'a [u8],
    pub(super) span_id: &'a [u8],
    pub(super) trace_state: &'a [u8],
    /// Its part of [`SpanDraft::inner_attributes`].
    pub(super) attributes: Range<usize>,
    pub(super) dropped_attributes_count: u32,
    pub(super) flags: u32,
}

/// A span being read. One draft serves all spans of a request, so its lists keep their memory.
#[derive(Debug, Default)]
pub(super) struct SpanDraft<'a> {
    pub(super) fields: DraftFields<'a>,
    pub(super) attributes: Vec<DraftAttribute<'a>>,
    pub(super) events: Vec<DraftEvent<'a>>,
    pub(super) links: Vec<DraftLink<'a>>,
    /// The attributes of all events and links.
    pub(super) inner_attributes: Vec<DraftAttribute<'a>>,
    pub(super) nested: NestedText,
}

impl SpanDraft<'_> {
    pub(super) fn clear(&mut self) {
        self.fields = DraftFields::default();
        self.attributes.clear();
        self.events.clear();
        self.links.clear();
        self.inner_attributes.clear();
        self.nested.clear();
    }
}

/// A resource being read.
#[derive(Debug, Default)]
pub(super) struct ResourceDraft<'a> {
    pub(super) attributes: Vec<DraftAttribute<'a>>,
    pub(super) dropped_attributes_count: u32,
    pub(super) schema_url: &'a [u8],
    pub(super) entity_refs: EntityRefsText,
    pub(super) nested: NestedText,
}

/// A scope being read.
#[derive(Debug, Default)]
pub(super) struct ScopeDraft<'a> {
    pub(super) name: &'a [u8],
    pub(super) version: &'a [u8],
    pub(super) attributes: Vec<DraftAttribute<'a>>,
    pub(super) dropped_attributes_count: u32,
    pub(super) schema_url: &'a [u8],
    pub(super) nested: NestedText,
}

/// A reference to an entity that a resource describes.
#[derive(Debug, Default)]
pub(super) struct DraftEntityRef<'a> {
    pub(super) schema_url: &'a [u8],
    pub(super) entity_type: &'a [u8],
    pub(super) id_keys: Vec<&'a [u8]>,
    pub(super) description_keys: Vec<&'a [u8]>,
}

/// Entity references in protobuf's JSON form: an array of objects without their default values.
#[derive(Debug, Default)]
pub(super) struct EntityRefsText {
    text: String,
    pub(super) not_utf8: bool,
}

impl EntityRefsText {
    pub(super) fn push(&mut self, entity: &DraftEntityRef<'_>) {
        self.text.push(if self.text.is_empty() { '[' } else { ',' });
        self.text.push('{');
        let mut is_first = true;
        for (key, value) in [
            ("schemaUrl", entity.schema_url),
            ("type", entity.entity_type),
        ] {
            if !value.is_empty() {
                self.begin_entry(&mut is_first, key);
                self.write_text(value);
            }
        }
        for (key, values) in [
            ("idKeys", &entity.id_keys),
            ("descriptionKeys", &entity.description_keys),
        ] {
            if !values.is_empty() {
                self.begin_entry(&mut is_first, key);
                for (index, value) in values.iter().enumerate() {
                    self.text.push(if index == 0 { '[' } else { ',' });
                    self.write_text(value);
                }
                self.text.push(']');
            }
        }
        self.text.push('}');
    }

    fn begin_entry(&mut self, is_first: &mut bool, key: &str) {
        schemas::typed_json::write_key(&mut self.text, std::mem::take(is_first), key);
    }

    fn write_text(&mut self, bytes: &[u8]) {
        match simdutf8::basic::from_utf8(bytes) {
            Ok(text) => schemas::typed_json::write_string(&mut self.text, text),
            Err(_) => self.not_utf8 = true,
        }
    }

    /// Ends the array; empty when there was no reference.
    pub(super) fn finish(mut self) -> String {
        if !self.text.is_empty() {
            self.text.push(']');
        }
        self.text
    }
}
