//! MTrace's ids and OpenTelemetry's: the mapping that `docs/mtrace.md` states.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemas::{CallPath, SentIdError, SpanId, SpanKind, TraceId};
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use sha2::{Digest, Sha256};

use super::halves::Side;
use super::model::Text;

/// The attribute that keeps a trace id as it was sent.
pub(super) const SENT_TRACE_ID: &str = "mtrace.trace_id";

/// What stands for a span whose hash begins with zeros only, since no id is.
const LAST_RESORT: SpanId = SpanId(1_u64.to_be_bytes());

/// A trace id as sent.
#[derive(Debug)]
pub(super) enum SentTraceId<'a> {
    Number(u64),
    Text(Text<'a>),
}

impl SentTraceId<'_> {
    /// The id of 16 bytes.
    pub(super) fn mapped(&self) -> Result<TraceId, SentIdError> {
        match self {
            Self::Number(number) => TraceId::of_number(*number),
            Self::Text(text) => TraceId::of_sent(text.as_str()),
        }
    }

    /// The id as it was sent, unless it is hexadecimal as spanhouse shows ids itself.
    pub(super) fn verbatim(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Number(number) => Some(number.to_string().into()),
            Self::Text(text) if TraceId::parse(text.as_str()).is_ok() => None,
            Self::Text(text) => Some(text.as_str().into()),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for SentTraceId<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SentTraceIdVisitor(PhantomData))
    }
}

struct SentTraceIdVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for SentTraceIdVisitor<'a> {
    type Value = SentTraceId<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a trace id: a text, or a whole number of 64 bits")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<SentTraceId<'a>, E> {
        Ok(SentTraceId::Number(number))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<SentTraceId<'a>, E> {
        Ok(SentTraceId::Text(Text(text.into())))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<SentTraceId<'a>, E> {
        Ok(SentTraceId::Text(Text(text.to_owned().into())))
    }
}

/// The id of one side's span at a path.
pub(super) fn span_id(trace_id: TraceId, path: CallPath<'_>, side: Side) -> SpanId {
    let side: &[u8] = match side {
        Side::Calling => b"c",
        Side::Executing => b"s",
    };
    let hash = Sha256::new_with_prefix(trace_id.0)
        .chain_update(path.as_str())
        .chain_update(side)
        .finalize();
    let id = hash.get(..8).and_then(SpanId::from_wire);
    id.unwrap_or(LAST_RESORT)
}

/// The id of the span that a span at a path stands below; none at the root. A server's or
/// consumer's is its caller at the same path, any other's what runs at the path's prefix.
pub(super) fn parent_span_id(
    trace_id: TraceId,
    path: CallPath<'_>,
    kind: SpanKind,
) -> Option<SpanId> {
    let parent = path.parent()?;
    Some(match kind {
        SpanKind::Server | SpanKind::Consumer => span_id(trace_id, path, Side::Calling),
        SpanKind::Client | SpanKind::Producer | SpanKind::Internal | SpanKind::Unspecified => {
            span_id(trace_id, parent, Side::Executing)
        }
    })
}
