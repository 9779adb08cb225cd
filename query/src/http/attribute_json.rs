//! Attributes in OTLP's JSON form, which keeps every type, every repeated key and the order.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use schemas::{AttributeValue, Attributes};
use serde::ser::{Serialize, SerializeMap, Serializer};
use utoipa::ToSchema;

/// Attributes as a list of keys and values.
pub(super) struct AttributesJson<'a>(pub(super) &'a Attributes);

impl AttributesJson<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for AttributesJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.0.iter().map(|(key, value)| Entry {
            key,
            value: Value(value),
        }))
    }
}

#[derive(serde::Serialize)]
struct Entry<'a> {
    key: &'a str,
    value: Value<'a>,
}

struct Value<'a>(&'a AttributeValue);

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.0 {
            AttributeValue::Empty => {}
            AttributeValue::String(text) => map.serialize_entry("stringValue", text)?,
            AttributeValue::Bool(truth) => map.serialize_entry("boolValue", truth)?,
            AttributeValue::Int(number) => map.serialize_entry("intValue", &number.to_string())?,
            AttributeValue::Double(number) => {
                map.serialize_entry("doubleValue", &Double(*number))?;
            }
            AttributeValue::Bytes(bytes) => {
                map.serialize_entry("bytesValue", &BASE64_STANDARD.encode(bytes))?;
            }
            AttributeValue::Array(values) => map.serialize_entry(
                "arrayValue",
                &Values {
                    values: Array(values),
                },
            )?,
            AttributeValue::Map(entries) => {
                map.serialize_entry(
                    "kvlistValue",
                    &Values {
                        values: AttributesJson(entries),
                    },
                )?;
            }
        }
        map.end()
    }
}

#[derive(serde::Serialize)]
struct Values<T> {
    values: T,
}

struct Array<'a>(&'a [AttributeValue]);

impl Serialize for Array<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Value))
    }
}

/// A double: a number, or protobuf's names for what JSON has no number for.
struct Double(f64);

impl Serialize for Double {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            number if number.is_finite() => serializer.serialize_f64(number),
            number if number.is_nan() => serializer.serialize_str("NaN"),
            number if number > 0.0 => serializer.serialize_str("Infinity"),
            _ => serializer.serialize_str("-Infinity"),
        }
    }
}

/// An attribute.
#[derive(ToSchema)]
#[schema(as = Attribute, example = json!({"key": "http.response.status_code", "value": {"intValue": "500"}}))]
#[expect(dead_code, reason = "describes what Entry writes")]
pub(super) struct AttributeSchema {
    /// Its name.
    key: String,
    /// Its value in OTLP's JSON form: an object whose only key names the type. `stringValue`,
    /// `boolValue`, `intValue` (a decimal text), `doubleValue` (a number, or `NaN`, `Infinity`,
    /// `-Infinity`), `bytesValue` (base64), `arrayValue` (`{"values": […]}`), `kvlistValue`
    /// (`{"values": [{"key", "value"}, …]}`); no key at all for an empty value.
    #[schema(value_type = Object)]
    value: (),
}
