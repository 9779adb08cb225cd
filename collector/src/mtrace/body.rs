//! The forms of a body, read span by span.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Deserializer;

use super::model::{Object, Span};
use crate::DecodeError;

const FORM: &str = "MTrace spans in JSON (an array, one object, or one object a line)";

/// The spans of a body, in the order sent.
#[derive(Debug)]
pub(super) struct Spans<'a> {
    body: &'a [u8],
    rest: &'a [u8],
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// `[`, then spans with a comma before all but the first, then `]`.
    Array { is_first: bool },
    /// Spans with white space between them; a single one is this too.
    Lines,
}

/// A span, or why its text is none.
#[derive(Debug)]
pub(super) struct SentSpan<'a> {
    pub(super) content: Result<Span<'a>, serde_json::Error>,
    /// Its JSON, which may go on after its end.
    pub(super) text: &'a [u8],
}

impl<'a> Spans<'a> {
    pub(super) fn of(body: &'a [u8]) -> Result<Self, DecodeError> {
        let rest = after_white_space(body);
        let (rest, form) = match rest {
            [] => return Err(DecodeError::malformed(FORM, "the body is empty")),
            [b'[', rest @ ..] => (rest, Form::Array { is_first: true }),
            _ => (rest, Form::Lines),
        };
        Ok(Self { body, rest, form })
    }

    /// The next span; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<SentSpan<'a>>, DecodeError> {
        self.rest = after_white_space(self.rest);
        match (self.form, self.rest) {
            (Form::Lines, []) => return Ok(None),
            (Form::Lines, _) => {}
            (Form::Array { .. }, [b']', rest @ ..]) if after_white_space(rest).is_empty() => {
                return Ok(None);
            }
            (Form::Array { is_first: true }, _) => self.form = Form::Array { is_first: false },
            (Form::Array { is_first: false }, [b',', rest @ ..]) => {
                self.rest = after_white_space(rest);
            }
            (Form::Array { is_first: false }, _) => return Err(self.malformed()),
        }
        self.read().map(Some)
    }

    /// Reads one value as a span; what is JSON, but no span, is passed over.
    fn read(&mut self) -> Result<SentSpan<'a>, DecodeError> {
        let text = self.rest;
        let content = match first_value::<Object<Span<'a>>>(text) {
            Some(Ok((Object(span), rest))) => {
                self.rest = rest;
                Ok(span)
            }
            Some(Err(error)) => {
                let Some(Ok((IgnoredAny, rest))) = first_value(text) else {
                    return Err(self.malformed());
                };
                self.rest = rest;
                Err(error)
            }
            None => return Err(self.malformed()),
        };
        Ok(SentSpan { content, text })
    }

    /// Says where the body stops being JSON, which is known to be somewhere.
    fn malformed(&self) -> DecodeError {
        let error = match self.form {
            Form::Array { .. } => serde_json::from_slice::<IgnoredAny>(self.body).err(),
            Form::Lines => {
                let mut values = Deserializer::from_slice(self.body).into_iter::<IgnoredAny>();
                values.find_map(Result::err)
            }
        };
        match error {
            Some(error) => DecodeError::malformed(FORM, &error),
            None => DecodeError::malformed(FORM, "it ends early"),
        }
    }
}

/// The first value of a text and what follows it; none when there is only white space.
fn first_value<'a, T: Deserialize<'a>>(
    text: &'a [u8],
) -> Option<Result<(T, &'a [u8]), serde_json::Error>> {
    let mut values = Deserializer::from_slice(text).into_iter::<T>();
    let value = values.next()?;
    let rest = text.get(values.byte_offset()..).unwrap_or_default();
    Some(value.map(|value| (value, rest)))
}

/// The text from its first byte that is not white space in JSON.
fn after_white_space(text: &[u8]) -> &[u8] {
    let start = text
        .iter()
        .position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    start
        .and_then(|start| text.get(start..))
        .unwrap_or_default()
}
