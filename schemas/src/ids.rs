//! Identifiers and instants.

use std::fmt;

/// A W3C trace id: 16 bytes, not all zero when valid.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(pub [u8; 16]);

/// A W3C span id: 8 bytes, not all zero when valid.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanId(pub [u8; 8]);

/// Nanoseconds since 1970-01-01T00:00:00Z, from 1677 to 2262.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixNanos(pub i64);

/// Why a text or a byte slice is no id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text has a length that no id has.
    #[error("expected {expected} hex digits, got {actual}")]
    Length {
        /// The lengths that are accepted, in words.
        expected: &'static str,
        /// The number of bytes given.
        actual: usize,
    },
    /// A character is not a hexadecimal digit.
    #[error("byte {position} is not a hex digit (0-9, a-f, A-F)")]
    NotHex {
        /// The index of the first such byte.
        position: usize,
    },
    /// All bytes are zero, which W3C Trace Context forbids.
    #[error("an id of zeros only is invalid")]
    Zero,
}

impl TraceId {
    /// Takes an id from its wire bytes; `None` unless it is 16 bytes and not all zero.
    pub fn from_wire(bytes: &[u8]) -> Option<Self> {
        let id: [u8; 16] = bytes.try_into().ok()?;
        (id != [0; 16]).then_some(Self(id))
    }

    /// Parses 32 hex digits, or 16 (an id of 64 bits, extended by zeros on the left), in any case.
    ///
    /// # Errors
    /// [`IdError`] names the length, the first wrong byte, or an id of zeros.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let mut id = [0; 16];
        match text.len() {
            32 => decode_hex(text.as_bytes(), &mut id)?,
            16 => decode_hex(text.as_bytes(), &mut id[8..])?,
            actual => {
                return Err(IdError::Length {
                    expected: "32 or 16",
                    actual,
                });
            }
        }
        Self::from_wire(&id).ok_or(IdError::Zero)
    }
}

impl SpanId {
    /// Takes an id from its wire bytes; `None` unless it is 8 bytes and not all zero.
    pub fn from_wire(bytes: &[u8]) -> Option<Self> {
        let id: [u8; 8] = bytes.try_into().ok()?;
        (id != [0; 8]).then_some(Self(id))
    }

    /// Parses 16 hex digits in any case.
    ///
    /// # Errors
    /// [`IdError`] names the length, the first wrong byte, or an id of zeros.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let mut id = [0; 8];
        if text.len() != 16 {
            return Err(IdError::Length {
                expected: "16",
                actual: text.len(),
            });
        }
        decode_hex(text.as_bytes(), &mut id)?;
        Self::from_wire(&id).ok_or(IdError::Zero)
    }
}

fn decode_hex(text: &[u8], id: &mut [u8]) -> Result<(), IdError> {
    for (index, (pair, byte)) in text.chunks_exact(2).zip(id).enumerate() {
        let digit = |offset: usize| {
            char::from(pair[offset])
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
                .ok_or(IdError::NotHex {
                    position: 2 * index + offset,
                })
        };
        *byte = digit(0)? << 4 | digit(1)?;
    }
    Ok(())
}

fn write_hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 32];
    for (byte, pair) in bytes.iter().zip(text.chunks_exact_mut(2)) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    f.write_str(std::str::from_utf8(&text[..2 * bytes.len()]).map_err(|_| fmt::Error)?)
}

macro_rules! hex_text {
    ($id:ty) => {
        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(&self.0, f)
            }
        }
        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(&self.0, f)
            }
        }
    };
}
hex_text!(TraceId);
hex_text!(SpanId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip_through_text_in_any_case() {
        let id = TraceId::parse("0AF7651916cd43dd8448eb211c80319C").expect("valid");
        assert_eq!(id.to_string(), "0af7651916cd43dd8448eb211c80319c");
        let short = TraceId::parse("00f067aa0ba902b7").expect("valid");
        assert_eq!(short.to_string(), "000000000000000000f067aa0ba902b7");
        assert_eq!(
            SpanId::parse("00F067AA0BA902B7").map(|id| id.to_string()),
            Ok("00f067aa0ba902b7".into())
        );
    }

    #[test]
    fn bad_ids_say_what_is_wrong() {
        let check = |text: &str, expect: &str| {
            assert_eq!(TraceId::parse(text).expect_err(text).to_string(), expect);
        };
        check("abc", "expected 32 or 16 hex digits, got 3");
        check(
            "0af7651916cd43dd8448eb211c80319g",
            "byte 31 is not a hex digit (0-9, a-f, A-F)",
        );
        check(
            "00000000000000000000000000000000",
            "an id of zeros only is invalid",
        );
        check(
            "é5f067aa0ba902b",
            "byte 0 is not a hex digit (0-9, a-f, A-F)",
        );
    }

    #[test]
    fn wire_ids_need_the_right_length() {
        assert!(TraceId::from_wire(&[1; 15]).is_none() && TraceId::from_wire(&[0; 16]).is_none());
        assert!(SpanId::from_wire(&[1; 9]).is_none() && SpanId::from_wire(&[0; 8]).is_none());
    }
}
