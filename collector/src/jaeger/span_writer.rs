//! Maps Jaeger's spans to drafts. Attributes that stand for a span's fields become these; what
//! has no field becomes an attribute, so that nothing is lost.

use schemas::typed_json::{ArrayWriter, write_string};

use super::event;
use super::model::JaegerSpan;
use super::reference;
use crate::Decoded;
use crate::assembler::Assembler;
use crate::draft::{
    DraftAttribute, DraftFields, DraftValue, NestedText, ResourceDraft, ScopeDraft, SpanDraft,
};
use crate::refusal::Refusal;

/// The only flag that is W3C's too.
const SAMPLED: u32 = 1;

const OK: i32 = 1;
const ERROR: i32 = 2;

/// The resource of a process. Its name is not told when it is empty.
pub(super) fn resource<'a>(
    service_name: &'a [u8],
    mut tags: Vec<DraftAttribute<'a>>,
) -> ResourceDraft<'a> {
    if !service_name.is_empty() {
        let name = DraftAttribute {
            key: b"service.name",
            value: DraftValue::String(service_name),
        };
        tags.insert(0, name);
    }
    ResourceDraft {
        attributes: tags,
        ..ResourceDraft::default()
    }
}

/// The spans of a request on their way into a batch.
#[derive(Debug, Default)]
pub(super) struct SpanWriter<'a> {
    assembler: Assembler,
    /// The scope that was begun last in the current process.
    scope: Option<Scope<'a>>,
    /// Empty between two spans.
    draft: SpanDraft<'static>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Scope<'a> {
    name: &'a [u8],
    version: &'a [u8],
}

impl<'a> SpanWriter<'a> {
    /// Begins the spans of a process.
    pub(super) fn begin_process(&mut self, resource: ResourceDraft<'_>) {
        self.assembler.begin_resource(resource);
        self.scope = None;
    }

    /// Appends a span of the current process, or counts it as refused.
    pub(super) fn push(&mut self, span: &JaegerSpan<'a>) {
        let mut draft = std::mem::take(&mut self.draft).recycle();
        let scope = write(span, &mut draft);
        if self.scope != Some(scope) {
            self.assembler.begin_scope(&ScopeDraft {
                name: scope.name,
                version: scope.version,
                ..ScopeDraft::default()
            });
            self.scope = Some(scope);
        }
        if span.duration < 0 {
            let detail = format!("its duration is {} ns", span.duration);
            self.assembler
                .refuse(Refusal::EndBeforeStart, &draft.fields, detail);
        } else {
            self.assembler.push(&draft);
        }
        self.draft = draft.recycle();
    }

    pub(super) fn finish(self) -> Decoded {
        self.assembler.finish()
    }
}

/// Fills `draft` from `span`; gives its scope.
fn write<'a, 'b>(span: &'b JaegerSpan<'a>, draft: &mut SpanDraft<'b>) -> Scope<'a> {
    let parent = reference::parent(span);
    draft.fields = DraftFields {
        trace_id: span.trace_id.bytes(),
        span_id: span.span_id.bytes(),
        parent_span_id: parent.map_or(&[], |id| id.bytes()),
        flags: span.flags & SAMPLED,
        name: span.name,
        start_time_unix_nano: nanos(span.start),
        end_time_unix_nano: nanos(span.start + span.duration),
        ..DraftFields::default()
    };
    let mut told = Told::default();
    for tag in &span.tags {
        if !told.take(tag) {
            draft.attributes.push(tag.clone());
        }
    }
    told.write(draft);
    write_rest(span, draft);
    reference::write_links(span, parent, draft);
    event::write_events(span, draft);
    told.scope
}

/// What OTLP cannot hold is no valid time either, and so refused.
pub(super) fn nanos(nanos: i128) -> u64 {
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

/// What tags tell of a span's own fields; what is empty was not told.
#[derive(Debug, Default)]
struct Told<'a> {
    kind: i32,
    has_error: bool,
    status_code: i32,
    status_message: &'a [u8],
    trace_state: &'a [u8],
    scope: Scope<'a>,
}

impl<'a> Told<'a> {
    /// Takes what a tag tells. A tag that tells nothing that is known here, or other than one
    /// before it, stays a tag.
    fn take(&mut self, tag: &DraftAttribute<'a>) -> bool {
        let text = match tag.value {
            DraftValue::String(text) => text,
            DraftValue::Bool(true) if tag.key == b"error" => {
                self.has_error = true;
                return true;
            }
            _ => return false,
        };
        match tag.key {
            b"span.kind" => take_number(&mut self.kind, kind_number(text)),
            b"error" if text == b"true" => {
                self.has_error = true;
                true
            }
            b"otel.status_code" => take_number(&mut self.status_code, status_number(text)),
            b"otel.status_description" => take_text(&mut self.status_message, text),
            b"w3c.tracestate" => take_text(&mut self.trace_state, text),
            b"otel.scope.name" | b"otel.library.name" => take_text(&mut self.scope.name, text),
            b"otel.scope.version" | b"otel.library.version" => {
                take_text(&mut self.scope.version, text)
            }
            _ => false,
        }
    }

    fn write<'b>(&self, draft: &mut SpanDraft<'b>)
    where
        'a: 'b,
    {
        let fields = &mut draft.fields;
        fields.kind = self.kind;
        fields.status_code = self.status_code;
        fields.status_message = self.status_message;
        fields.trace_state = self.trace_state;
        // The tag `error` has the last word, as in Jaeger.
        if self.has_error {
            fields.status_code = ERROR;
            if self.status_code == OK {
                draft.attributes.push(DraftAttribute {
                    key: b"otel.status_code",
                    value: DraftValue::String(b"OK"),
                });
            }
        }
    }
}

/// Takes a number, unless it is none or another one was told.
fn take_number(told: &mut i32, number: i32) -> bool {
    let is_taken = number != 0 && (*told == 0 || *told == number);
    if is_taken {
        *told = number;
    }
    is_taken
}

fn take_text<'a>(told: &mut &'a [u8], text: &'a [u8]) -> bool {
    let is_taken = !text.is_empty() && (told.is_empty() || *told == text);
    if is_taken {
        *told = text;
    }
    is_taken
}

const fn kind_number(name: &[u8]) -> i32 {
    match name {
        b"internal" => 1,
        b"server" => 2,
        b"client" => 3,
        b"producer" => 4,
        b"consumer" => 5,
        _ => 0,
    }
}

const fn status_number(name: &[u8]) -> i32 {
    if name.eq_ignore_ascii_case(b"ok") {
        OK
    } else if name.eq_ignore_ascii_case(b"error") {
        ERROR
    } else {
        0
    }
}

/// Attributes for what a span of OTLP has no field for.
fn write_rest<'b>(span: &'b JaegerSpan<'_>, draft: &mut SpanDraft<'b>) {
    let mut put = |key, value| draft.attributes.push(DraftAttribute { key, value });
    if span.flags & !SAMPLED != 0 {
        put(b"jaeger.flags", DraftValue::Int(span.flags.into()));
    }
    if span.incomplete {
        put(b"jaeger.incomplete", DraftValue::Bool(true));
    }
    if !span.process_id.is_empty() {
        put(b"jaeger.process_id", DraftValue::String(span.process_id));
    }
    if !span.warnings.is_empty() {
        let value = texts(&span.warnings, &mut draft.nested);
        put(b"jaeger.warnings", value);
    }
}

fn texts<'b>(texts: &[&[u8]], nested: &mut NestedText) -> DraftValue<'b> {
    let start = nested.text.len();
    let mut array = ArrayWriter::begin(&mut nested.text);
    for bytes in texts {
        let text = nested.check_utf8(bytes);
        write_string(array.element(&mut nested.text), text);
    }
    array.end(&mut nested.text);
    DraftValue::Nested(start..nested.text.len())
}
