//! Attribute values as JSON text from which each value's type can be read back.
//!
//! | value | text |
//! |---|---|
//! | string | a JSON string |
//! | integer | a number with neither `.` nor exponent |
//! | double | a number with `.` or exponent; `{"doubleValue":"NaN"}`, `"Infinity"`, `"-Infinity"` |
//! | bool, empty | `true`, `false`, `null` |
//! | bytes | `{"bytesValue":"<base64>"}` |
//! | array | a JSON array |
//! | map | a JSON object; `{"kvlistValue":{…}}` when its only key is one of these three words |
//!
//! Order and repeated keys are kept. A set of attributes is an object of such values. Text written
//! here is valid JSON for every other engine.

mod parse;

use std::fmt::Write;

use base64::prelude::{BASE64_STANDARD, Engine};

use crate::{AttributeRef, AttributeValue, Attributes};

pub use parse::{TypedJsonError, parse_attributes, parse_value};

/// How deep arrays and maps may nest inside one attribute. Deeper values are refused by receivers.
pub const MAX_NESTING: usize = 24;

const BYTES_VALUE: &str = "bytesValue";
const DOUBLE_VALUE: &str = "doubleValue";
const MAP_VALUE: &str = "kvlistValue";

fn is_reserved(key: &str) -> bool {
    matches!(key, BYTES_VALUE | DOUBLE_VALUE | MAP_VALUE)
}

/// Appends one borrowed value.
pub fn write_value_ref(out: &mut String, value: AttributeRef<'_>) {
    match value {
        AttributeRef::Empty => out.push_str("null"),
        AttributeRef::String(text) => write_string(out, text),
        AttributeRef::Bool(truth) => out.push_str(if truth { "true" } else { "false" }),
        AttributeRef::Int(number) => write_display(out, number),
        AttributeRef::Double(number) => write_double(out, number),
        AttributeRef::Bytes(bytes) => {
            out.push_str("{\"bytesValue\":\"");
            BASE64_STANDARD.encode_string(bytes, out);
            out.push_str("\"}");
        }
        AttributeRef::TypedJson(text) => out.push_str(text),
    }
}

/// Appends one owned value; recursion ends at [`MAX_NESTING`] for whatever a receiver let in.
pub fn write_value(out: &mut String, value: &AttributeValue) {
    match value {
        AttributeValue::Empty => write_value_ref(out, AttributeRef::Empty),
        AttributeValue::String(text) => write_value_ref(out, AttributeRef::String(text)),
        AttributeValue::Bool(truth) => write_value_ref(out, AttributeRef::Bool(*truth)),
        AttributeValue::Int(number) => write_value_ref(out, AttributeRef::Int(*number)),
        AttributeValue::Double(number) => write_value_ref(out, AttributeRef::Double(*number)),
        AttributeValue::Bytes(bytes) => write_value_ref(out, AttributeRef::Bytes(bytes)),
        AttributeValue::Array(values) => {
            let mut array = ArrayWriter::begin(out);
            for value in values {
                write_value(array.element(out), value);
            }
            array.end(out);
        }
        AttributeValue::Map(entries) => {
            let mut map = MapWriter::begin(out);
            for (key, value) in &entries.0 {
                write_value(map.key(out, key), value);
            }
            map.end(out);
        }
    }
}

/// Appends a set of attributes as an object.
pub fn write_attributes(out: &mut String, attributes: &Attributes) {
    out.push('{');
    for (index, (key, value)) in attributes.0.iter().enumerate() {
        write_key(out, index == 0, key);
        write_value(out, value);
    }
    out.push('}');
}

/// Writes an array element by element.
#[derive(Debug)]
pub struct ArrayWriter {
    is_empty: bool,
}

impl ArrayWriter {
    /// Opens the array at the end of `out`.
    pub fn begin(out: &mut String) -> Self {
        out.push('[');
        Self { is_empty: true }
    }

    /// Makes `out` ready for the next element's text.
    pub fn element<'a>(&mut self, out: &'a mut String) -> &'a mut String {
        if !std::mem::take(&mut self.is_empty) {
            out.push(',');
        }
        out
    }

    /// Closes the array.
    pub fn end(self, out: &mut String) {
        out.push(']');
    }
}

/// Writes a map value entry by entry.
#[derive(Debug)]
pub struct MapWriter {
    start: usize,
    entries: usize,
    first_key_is_reserved: bool,
}

impl MapWriter {
    /// Opens the map at the end of `out`.
    pub fn begin(out: &mut String) -> Self {
        let start = out.len();
        out.push('{');
        Self {
            start,
            entries: 0,
            first_key_is_reserved: false,
        }
    }

    /// Writes a key and makes `out` ready for its value's text.
    pub fn key<'a>(&mut self, out: &'a mut String, key: &str) -> &'a mut String {
        write_key(out, self.entries == 0, key);
        if self.entries == 0 {
            self.first_key_is_reserved = is_reserved(key);
        }
        self.entries += 1;
        out
    }

    /// Closes the map; wraps it when it would otherwise read as bytes, a double or a wrapper.
    pub fn end(self, out: &mut String) {
        out.push('}');
        if self.entries == 1 && self.first_key_is_reserved {
            out.insert_str(self.start, "{\"kvlistValue\":");
            out.push('}');
        }
    }
}

/// Appends the comma that an entry needs, its key and the colon.
pub fn write_key(out: &mut String, is_first: bool, key: &str) {
    if !is_first {
        out.push(',');
    }
    write_string(out, key);
    out.push(':');
}

fn write_display(out: &mut String, value: impl std::fmt::Display) {
    write!(out, "{value}").expect("writing to a String never fails");
}

fn write_double(out: &mut String, number: f64) {
    if number.is_finite() {
        // `{:?}` is the shortest text that parses back to the same bits and always has `.` or `e`.
        write!(out, "{number:?}").expect("writing to a String never fails");
        return;
    }
    let name = match (number.is_nan(), number > 0.0) {
        (true, _) => "NaN",
        (false, true) => "Infinity",
        (false, false) => "-Infinity",
    };
    out.push_str("{\"doubleValue\":\"");
    out.push_str(name);
    out.push_str("\"}");
}

/// Appends `text` as a JSON string.
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(position) = rest
        .bytes()
        .position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')
    {
        let (clean, tail) = rest.split_at(position);
        out.push_str(clean);
        let (escaped, tail) = tail.split_at(1);
        match escaped {
            "\"" => out.push_str("\\\""),
            "\\" => out.push_str("\\\\"),
            "\n" => out.push_str("\\n"),
            "\r" => out.push_str("\\r"),
            "\t" => out.push_str("\\t"),
            control => {
                write!(out, "\\u{:04x}", control.as_bytes()[0])
                    .expect("writing to a String never fails");
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_value() -> impl Strategy<Value = AttributeValue> {
        let key = prop_oneof![
            Just("bytesValue".to_owned()),
            Just("kvlistValue".to_owned()),
            Just("doubleValue".to_owned()),
            ".{0,6}"
        ];
        let leaf = prop_oneof![
            Just(AttributeValue::Empty),
            any::<String>().prop_map(AttributeValue::String),
            any::<bool>().prop_map(AttributeValue::Bool),
            any::<i64>().prop_map(AttributeValue::Int),
            any::<f64>()
                .prop_filter("NaN is unequal to itself", |n| !n.is_nan())
                .prop_map(AttributeValue::Double),
            any::<Vec<u8>>().prop_map(AttributeValue::Bytes),
        ];
        leaf.prop_recursive(4, 32, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(AttributeValue::Array),
                prop::collection::vec((key.clone(), inner), 0..4)
                    .prop_map(|e| AttributeValue::Map(Attributes(e))),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_value_reads_back_equal(value in any_value()) {
            let mut text = String::new();
            write_value(&mut text, &value);
            prop_assert_eq!(parse_value(&text).expect("own text parses"), value);
        }

        #[test]
        fn every_attribute_set_reads_back_equal(entries in prop::collection::vec((any::<String>(), any_value()), 0..5)) {
            let attributes = Attributes(entries);
            let mut text = String::new();
            write_attributes(&mut text, &attributes);
            prop_assert_eq!(parse_attributes(&text).expect("own text parses"), attributes);
        }
    }

    #[test]
    fn types_show_in_the_text() {
        let check = |value: AttributeValue, expect: &str| {
            let mut text = String::new();
            write_value(&mut text, &value);
            assert_eq!(text, expect);
        };
        check(AttributeValue::Double(3.0), "3.0");
        check(AttributeValue::Double(1e300), "1e300");
        check(AttributeValue::Double(f64::NAN), r#"{"doubleValue":"NaN"}"#);
        check(AttributeValue::Int(-3), "-3");
        check(
            AttributeValue::String("订单\n\u{1}\"".into()),
            "\"订单\\n\\u0001\\\"\"",
        );
        check(
            AttributeValue::Bytes(vec![1, 2]),
            r#"{"bytesValue":"AQI="}"#,
        );
        let reserved = Attributes(vec![("bytesValue".into(), AttributeValue::Int(1))]);
        check(
            AttributeValue::Map(reserved),
            r#"{"kvlistValue":{"bytesValue":1}}"#,
        );
    }

    #[test]
    fn nan_reads_back() {
        assert!(
            matches!(parse_value(r#"{"doubleValue":"NaN"}"#), Ok(AttributeValue::Double(n)) if n.is_nan())
        );
    }
}
