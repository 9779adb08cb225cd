//! Thrift's two protocols, written from JSON by a schema, apart from what the server reads them with.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;

/// How values become bytes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Protocol {
    Binary,
    Compact,
}

/// What a JSON value stands for.
#[derive(Debug)]
pub(super) enum Type {
    Bool,
    I16,
    I32,
    I64,
    Double,
    Text,
    /// Base64, or a list of numbers.
    Bytes,
    /// The name of one of these, which is sent as its position.
    Enum(&'static [&'static str]),
    List(&'static Type),
    Struct(&'static [Field]),
}

/// A field of a struct, by its name in JSON.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) id: i16,
    pub(super) name: &'static str,
    pub(super) r#type: Type,
    /// Sent as zero, or empty, when the JSON lacks it.
    pub(super) is_required: bool,
}

/// A field that is always sent.
pub(super) const fn required(id: i16, name: &'static str, r#type: Type) -> Field {
    let is_required = true;
    Field {
        id,
        name,
        r#type,
        is_required,
    }
}

/// A field that is sent when the JSON has it.
pub(super) const fn optional(id: i16, name: &'static str, r#type: Type) -> Field {
    let is_required = false;
    Field {
        id,
        name,
        r#type,
        is_required,
    }
}

/// A value alone.
pub(super) fn encode(value: &Value, r#type: &Type, protocol: Protocol) -> Vec<u8> {
    let mut writer = Writer {
        protocol,
        bytes: Vec::new(),
    };
    writer.value(value, r#type);
    writer.bytes
}

/// A call of a method that has no answer, whose arguments are a struct.
pub(super) fn call(
    method: &str,
    arguments: &Value,
    fields: &'static [Field],
    protocol: Protocol,
) -> Vec<u8> {
    const ONE_WAY: u8 = 4;
    let mut writer = Writer {
        protocol,
        bytes: Vec::new(),
    };
    match protocol {
        Protocol::Binary => {
            writer.bytes.extend([0x80, 1, 0, ONE_WAY]);
            writer.text(method.as_bytes());
            writer.bytes.extend([0; 4]);
        }
        Protocol::Compact => {
            writer.bytes.extend([0x82, ONE_WAY << 5 | 1, 0]);
            writer.text(method.as_bytes());
        }
    }
    writer.fields(arguments, fields);
    writer.bytes
}

struct Writer {
    protocol: Protocol,
    bytes: Vec<u8>,
}

impl Writer {
    fn value(&mut self, value: &Value, r#type: &Type) {
        let integer = || value.as_i64().unwrap_or_else(|| assert_absent(value));
        match r#type {
            Type::Bool => {
                let no = if matches!(self.protocol, Protocol::Binary) {
                    0
                } else {
                    2
                };
                self.bytes.push(if value == true { 1 } else { no });
            }
            Type::I16 => self.integer(integer(), 2),
            Type::I32 => self.integer(integer(), 4),
            Type::I64 => self.integer(integer(), 8),
            Type::Double => {
                let bits = value.as_f64().unwrap_or_default().to_bits();
                self.bytes.extend(match self.protocol {
                    Protocol::Binary => bits.to_be_bytes(),
                    Protocol::Compact => bits.to_le_bytes(),
                });
            }
            Type::Text => self.text(value.as_str().unwrap_or_default().as_bytes()),
            Type::Bytes => self.text(&bytes_of(value)),
            Type::Enum(names) => {
                let position = names
                    .iter()
                    .position(|name| value == name)
                    .unwrap_or_default();
                self.integer(i64::try_from(position).unwrap(), 4);
            }
            Type::List(element) => self.list(value, element),
            Type::Struct(fields) => self.fields(value, fields),
        }
    }

    fn list(&mut self, value: &Value, element: &Type) {
        let values = value.as_array().map_or(&[][..], Vec::as_slice);
        let code = self.code(element);
        match (self.protocol, u8::try_from(values.len())) {
            (Protocol::Binary, _) => {
                self.bytes.push(code);
                self.integer(i64::try_from(values.len()).unwrap(), 4);
            }
            (Protocol::Compact, Ok(length @ 0..15)) => self.bytes.push(length << 4 | code),
            (Protocol::Compact, _) => {
                self.bytes.push(0xf0 | code);
                self.varint(u64::try_from(values.len()).unwrap());
            }
        }
        for value in values {
            self.value(value, element);
        }
    }

    fn fields(&mut self, value: &Value, fields: &[Field]) {
        let mut last = 0;
        for field in fields {
            let value = &value[field.name];
            if value.is_null() && !field.is_required {
                continue;
            }
            let code = self.code(&field.r#type);
            match (self.protocol, &field.r#type) {
                (Protocol::Binary, _) => {
                    self.bytes.push(code);
                    self.integer(field.id.into(), 2);
                    self.value(value, &field.r#type);
                }
                // The type tells the value.
                (Protocol::Compact, Type::Bool) => {
                    self.header(field.id - last, if value == true { 1 } else { 2 });
                }
                (Protocol::Compact, r#type) => {
                    self.header(field.id - last, code);
                    self.value(value, r#type);
                }
            }
            last = field.id;
        }
        self.bytes.push(0);
    }

    /// The compact header of a field whose id is that much above the one before.
    fn header(&mut self, step: i16, code: u8) {
        let step = u8::try_from(step).ok().filter(|step| *step < 16).unwrap();
        self.bytes.push(step << 4 | code);
    }

    fn integer(&mut self, number: i64, width: usize) {
        match self.protocol {
            Protocol::Binary => self.bytes.extend(&number.to_be_bytes()[8 - width..]),
            Protocol::Compact => self.varint((number << 1 ^ number >> 63).cast_unsigned()),
        }
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.bytes.push(number.to_le_bytes()[0]);
    }

    fn text(&mut self, bytes: &[u8]) {
        match self.protocol {
            Protocol::Binary => self.integer(i64::try_from(bytes.len()).unwrap(), 4),
            Protocol::Compact => self.varint(u64::try_from(bytes.len()).unwrap()),
        }
        self.bytes.extend(bytes);
    }

    /// The protocol's number of a type.
    fn code(&self, r#type: &Type) -> u8 {
        let (binary, compact) = match r#type {
            Type::Bool => (2, 1),
            Type::I16 => (6, 4),
            Type::I32 | Type::Enum(_) => (8, 5),
            Type::I64 => (10, 6),
            Type::Double => (4, 7),
            Type::Text | Type::Bytes => (11, 8),
            Type::List(_) => (15, 9),
            Type::Struct(_) => (12, 12),
        };
        match self.protocol {
            Protocol::Binary => binary,
            Protocol::Compact => compact,
        }
    }
}

/// Zero, for what is not there; nothing else may stand for a number.
fn assert_absent(value: &Value) -> i64 {
    assert!(value.is_null(), "{value} is no integer");
    0
}

/// Bytes as base64 text, whichever form they have.
pub(super) fn base64(value: &Value) -> String {
    BASE64_STANDARD.encode(bytes_of(value))
}

/// The bytes of base64 text or of a list of numbers; of null none.
pub(super) fn bytes_of(value: &Value) -> Vec<u8> {
    match value {
        Value::Array(bytes) => {
            let byte = |byte: &Value| u8::try_from(byte.as_u64().unwrap()).unwrap();
            bytes.iter().map(byte).collect()
        }
        _ => BASE64_STANDARD
            .decode(value.as_str().unwrap_or_default())
            .unwrap(),
    }
}
