//! Attributes: OpenTelemetry's key → typed value pairs, owned and borrowed.

/// A typed attribute value: OTLP's `AnyValue`.
#[derive(Clone, Debug, PartialEq)]
pub enum AttributeValue {
    /// No value was set.
    Empty,
    /// UTF-8 text.
    String(String),
    /// A truth value.
    Bool(bool),
    /// A signed 64-bit integer.
    Int(i64),
    /// A double; may be NaN or infinite.
    Double(f64),
    /// Raw bytes.
    Bytes(Vec<u8>),
    /// Values in order, of any types.
    Array(Vec<AttributeValue>),
    /// Named values in order.
    Map(Attributes),
}

/// Attributes in the order known; a key may repeat when a sender repeated it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes(pub Vec<(String, AttributeValue)>);

impl Attributes {
    /// The first value under `key`.
    pub fn get(&self, key: &str) -> Option<&AttributeValue> {
        self.0
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    /// The first value under `key` when it is a string.
    pub fn get_str(&self, key: &str) -> Option<&str> {
        match self.get(key) {
            Some(AttributeValue::String(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A borrowed attribute value on its way into a batch.
#[derive(Clone, Copy, Debug)]
pub enum AttributeRef<'a> {
    /// No value was set.
    Empty,
    /// UTF-8 text.
    String(&'a str),
    /// A truth value.
    Bool(bool),
    /// A signed 64-bit integer.
    Int(i64),
    /// A double.
    Double(f64),
    /// Raw bytes.
    Bytes(&'a [u8]),
    /// An array or a map, already written as [`typed_json`](crate::typed_json) text.
    TypedJson(&'a str),
}
