//! The span model: one owned span, as queries hand it on.

use crate::{Attributes, SpanId, TraceId, UnixNanos};

/// One span with everything that OTLP's `Span` says of it, and its resource and scope.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// Its own id, unique within the trace.
    pub span_id: SpanId,
    /// The id of the span that caused it; none for a root.
    pub parent_span_id: Option<SpanId>,
    /// The hierarchical id that it was sent with (`0`, `0.1`, …), for protocols that have one.
    pub call_path: Option<String>,
    /// When it started.
    pub start: UnixNanos,
    /// How long it took, in nanoseconds.
    pub duration_nano: i64,
    /// The operation's name.
    pub name: String,
    /// Its role in a call.
    pub kind: SpanKind,
    /// Whether it succeeded.
    pub status: Status,
    /// W3C `tracestate`, as sent.
    pub trace_state: String,
    /// OTLP's flags: the low 8 bits are W3C trace flags.
    pub flags: u32,
    /// What the application said of it.
    pub attributes: Attributes,
    /// How many attributes the sender dropped.
    pub dropped_attributes_count: u32,
    /// What happened during it, in the order sent.
    pub events: Vec<Event>,
    /// How many events the sender dropped.
    pub dropped_events_count: u32,
    /// Spans of this or other traces that it refers to.
    pub links: Vec<Link>,
    /// How many links the sender dropped.
    pub dropped_links_count: u32,
    /// Who produced it.
    pub resource: Resource,
    /// The instrumentation that recorded it.
    pub scope: Scope,
}

/// A span's role in a call. Values are OTLP's enumeration numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpanKind {
    /// Not said.
    #[default]
    Unspecified,
    /// Within one service.
    Internal,
    /// The called side of a synchronous call.
    Server,
    /// The calling side of a synchronous call.
    Client,
    /// The sending side of a message.
    Producer,
    /// The receiving side of a message.
    Consumer,
}

impl SpanKind {
    /// All kinds, in the order of OTLP's numbers.
    pub const ALL: [Self; 6] = [
        Self::Unspecified,
        Self::Internal,
        Self::Server,
        Self::Client,
        Self::Producer,
        Self::Consumer,
    ];

    /// OTLP's number.
    pub const fn number(self) -> i8 {
        self as i8
    }

    /// The kind of an OTLP number; unknown numbers are `Unspecified`, as proto3 asks of open enums.
    pub fn from_number(number: i32) -> Self {
        usize::try_from(number)
            .ok()
            .and_then(|index| Self::ALL.get(index).copied())
            .unwrap_or_default()
    }

    /// The lower-case name, as in OpenTelemetry's documents; empty for `Unspecified`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "",
            Self::Internal => "internal",
            Self::Server => "server",
            Self::Client => "client",
            Self::Producer => "producer",
            Self::Consumer => "consumer",
        }
    }
}

/// Whether an operation succeeded. Values are OTLP's enumeration numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StatusCode {
    /// Not said: no error known.
    #[default]
    Unset,
    /// The application says that it succeeded.
    Ok,
    /// It failed.
    Error,
}

impl StatusCode {
    /// OTLP's number.
    pub const fn number(self) -> i8 {
        self as i8
    }

    /// The code of an OTLP number; unknown numbers are `Unset`.
    pub fn from_number(number: i32) -> Self {
        match number {
            1 => Self::Ok,
            2 => Self::Error,
            _ => Self::Unset,
        }
    }

    /// The lower-case name: `unset`, `ok` or `error`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unset => "unset",
            Self::Ok => "ok",
            Self::Error => "error",
        }
    }
}

/// A span's outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Success or failure.
    pub code: StatusCode,
    /// A message for developers; empty when none was sent.
    pub message: String,
}

/// Something that happened at one instant of a span.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When.
    pub time: UnixNanos,
    /// What.
    pub name: String,
    /// Details.
    pub attributes: Attributes,
    /// How many attributes the sender dropped.
    pub dropped_attributes_count: u32,
}

/// A reference from one span to another, in any trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The other span's trace; kept as sent, so it may be all zero.
    pub trace_id: TraceId,
    /// The other span; kept as sent, so it may be all zero.
    pub span_id: SpanId,
    /// The other span's `tracestate`.
    pub trace_state: String,
    /// Details.
    pub attributes: Attributes,
    /// How many attributes the sender dropped.
    pub dropped_attributes_count: u32,
    /// OTLP's flags of the link.
    pub flags: u32,
}

/// Who produced a span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resource {
    /// All of its attributes, `service.name` and the like included.
    pub attributes: Attributes,
    /// How many attributes the sender dropped.
    pub dropped_attributes_count: u32,
    /// The schema URL of the resource's attributes.
    pub schema_url: String,
    /// OTLP's entity references as a JSON array of `EntityRef` in protobuf's JSON form; empty when none.
    pub entity_refs: String,
}

impl Resource {
    /// The value of `service.name` when it is a string.
    pub fn service_name(&self) -> Option<&str> {
        self.attributes.get_str("service.name")
    }
}

/// The instrumentation that recorded a span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scope {
    /// Its name, such as a library's.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its attributes.
    pub attributes: Attributes,
    /// How many attributes the sender dropped.
    pub dropped_attributes_count: u32,
    /// The schema URL of the scope's spans.
    pub schema_url: String,
}
