//! A span, a resource or a scope as it was read: fields of the right wire type, nothing else known.

use std::ops::Range;

use schemas::typed_json::MAX_NESTING;

/// A value of an attribute.
#[derive(Clone, Debug, Default)]
pub(crate) enum DraftValue<'a> {
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
pub(crate) struct DraftAttribute<'a> {
    pub(crate) key: &'a [u8],
    pub(crate) value: DraftValue<'a>,
}

/// The typed-JSON text of arrays and maps, and what was wrong with them.
#[derive(Debug, Default)]
pub(crate) struct NestedText {
    pub(crate) text: String,
    pub(crate) fault: NestedFault,
}

/// What was met within arrays and maps.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NestedFault {
    pub(crate) not_utf8: bool,
    pub(crate) too_deep: bool,
}

impl NestedText {
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.fault = NestedFault::default();
    }

    /// The text of `bytes`; empty and noted when it is not UTF-8.
    pub(crate) fn check_utf8<'a>(&mut self, bytes: &'a [u8]) -> &'a str {
        simdutf8::basic::from_utf8(bytes).unwrap_or_else(|_| {
            self.fault.not_utf8 = true;
            ""
        })
    }

    /// Notes that an array or a map is this deep within its attribute, 1 for the outermost.
    pub(crate) fn enter(&mut self, nesting: usize) {
        self.fault.too_deep |= nesting > MAX_NESTING;
    }
}

/// The fields of a span that are no lists. Texts should be UTF-8, ids of their lengths.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct DraftFields<'a> {
    pub(crate) trace_id: &'a [u8],
    pub(crate) span_id: &'a [u8],
    pub(crate) parent_span_id: &'a [u8],
    /// The hierarchical id, in protocols that have one.
    pub(crate) call_path: Option<&'a str>,
    pub(crate) trace_state: &'a [u8],
    pub(crate) flags: u32,
    pub(crate) name: &'a [u8],
    pub(crate) kind: i32,
    pub(crate) start_time_unix_nano: u64,
    pub(crate) end_time_unix_nano: u64,
    pub(crate) dropped_attributes_count: u32,
    pub(crate) dropped_events_count: u32,
    pub(crate) dropped_links_count: u32,
    pub(crate) status_message: &'a [u8],
    pub(crate) status_code: i32,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct DraftEvent<'a> {
    pub(crate) time_unix_nano: u64,
    pub(crate) name: &'a [u8],
    /// Its part of [`SpanDraft::inner_attributes`].
    pub(crate) attributes: Range<usize>,
    pub(crate) dropped_attributes_count: u32,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct DraftLink<'a> {
    pub(crate) trace_id: &'a [u8],
    pub(crate) span_id: &'a [u8],
    pub(crate) trace_state: &'a [u8],
    /// Its part of [`SpanDraft::inner_attributes`].
    pub(crate) attributes: Range<usize>,
    pub(crate) dropped_attributes_count: u32,
    pub(crate) flags: u32,
}

/// A span being read. One draft serves all spans of a request, so its lists keep their memory.
#[derive(Debug, Default)]
pub(crate) struct SpanDraft<'a> {
    pub(crate) fields: DraftFields<'a>,
    pub(crate) attributes: Vec<DraftAttribute<'a>>,
    pub(crate) events: Vec<DraftEvent<'a>>,
    pub(crate) links: Vec<DraftLink<'a>>,
    /// The attributes of all events and links.
    pub(crate) inner_attributes: Vec<DraftAttribute<'a>>,
    pub(crate) nested: NestedText,
}

impl SpanDraft<'_> {
    /// The empty draft with the memory of this one, for a span that lives elsewhere: protocols
    /// whose ids are no bytes of the request have a place for the ids of one span at a time.
    pub(crate) fn recycle<'b>(mut self) -> SpanDraft<'b> {
        self.clear();
        SpanDraft {
            fields: DraftFields::default(),
            attributes: recycle(self.attributes),
            events: recycle(self.events),
            links: recycle(self.links),
            inner_attributes: recycle(self.inner_attributes),
            nested: self.nested,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.fields = DraftFields::default();
        self.attributes.clear();
        self.events.clear();
        self.links.clear();
        self.inner_attributes.clear();
        self.nested.clear();
    }
}

/// The empty vector with the memory of `vector`: the standard library collects in place when the
/// element's layout stays the same.
pub(crate) fn recycle<From, To>(mut vector: Vec<From>) -> Vec<To> {
    vector.clear();
    vector.into_iter().filter_map(|_| None).collect()
}

/// A resource being read.
#[derive(Debug, Default)]
pub(crate) struct ResourceDraft<'a> {
    pub(crate) attributes: Vec<DraftAttribute<'a>>,
    pub(crate) dropped_attributes_count: u32,
    pub(crate) schema_url: &'a [u8],
    pub(crate) entity_refs: EntityRefsText,
    pub(crate) nested: NestedText,
}

/// A scope being read.
#[derive(Debug, Default)]
pub(crate) struct ScopeDraft<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) version: &'a [u8],
    pub(crate) attributes: Vec<DraftAttribute<'a>>,
    pub(crate) dropped_attributes_count: u32,
    pub(crate) schema_url: &'a [u8],
    pub(crate) nested: NestedText,
}

/// A reference to an entity that a resource describes.
#[derive(Debug, Default)]
pub(crate) struct DraftEntityRef<'a> {
    pub(crate) schema_url: &'a [u8],
    pub(crate) entity_type: &'a [u8],
    pub(crate) id_keys: Vec<&'a [u8]>,
    pub(crate) description_keys: Vec<&'a [u8]>,
}

/// Entity references in protobuf's JSON form: an array of objects without their default values.
#[derive(Debug, Default)]
pub(crate) struct EntityRefsText {
    text: String,
    pub(crate) not_utf8: bool,
}

impl EntityRefsText {
    pub(crate) fn push(&mut self, entity: &DraftEntityRef<'_>) {
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
    pub(crate) fn finish(mut self) -> String {
        if !self.text.is_empty() {
            self.text.push(']');
        }
        self.text
    }
}
