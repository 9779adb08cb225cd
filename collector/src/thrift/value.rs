//! Values of Thrift as a tree, written by another library: what tests send.

use thrift::protocol::{
    TBinaryOutputProtocol, TCompactOutputProtocol, TFieldIdentifier, TListIdentifier,
    TMapIdentifier, TMessageIdentifier, TMessageType, TOutputProtocol, TSetIdentifier,
    TStructIdentifier, TType,
};

use super::Type;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Bool(bool),
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    Double(f64),
    Binary(Vec<u8>),
    /// Fields by their numbers.
    Struct(Vec<(i16, Value)>),
    Map(Type, Type, Vec<(Value, Value)>),
    Set(Type, Vec<Value>),
    List(Type, Vec<Value>),
}

/// A protocol to write in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Written {
    /// Messages have a version.
    Binary,
    /// Messages have none, as older clients write them.
    OldBinary,
    Compact,
}

impl Value {
    pub(crate) fn text(text: &str) -> Self {
        Self::Binary(text.as_bytes().to_vec())
    }

    pub(crate) fn kind(&self) -> Type {
        match self {
            Self::Bool(_) => Type::Bool,
            Self::I8(_) => Type::I8,
            Self::I16(_) => Type::I16,
            Self::I32(_) => Type::I32,
            Self::I64(_) => Type::I64,
            Self::Double(_) => Type::Double,
            Self::Binary(_) => Type::Binary,
            Self::Struct(_) => Type::Struct,
            Self::Map(..) => Type::Map,
            Self::Set(..) => Type::Set,
            Self::List(..) => Type::List,
        }
    }

    /// The value's bytes.
    pub(crate) fn write(&self, written: Written) -> Vec<u8> {
        write_with(written, |protocol| write_value(protocol, self))
    }

    /// The bytes of a message that sends this struct as the arguments of `method`.
    pub(crate) fn write_call(&self, written: Written, method: &str) -> Vec<u8> {
        self.write_message(written, method, TMessageType::OneWay)
    }

    pub(crate) fn write_message(
        &self,
        written: Written,
        method: &str,
        kind: TMessageType,
    ) -> Vec<u8> {
        write_with(written, |protocol| {
            protocol.write_message_begin(&TMessageIdentifier::new(method, kind, 300))?;
            write_value(protocol, self)?;
            protocol.write_message_end()
        })
    }
}

fn write_with(
    written: Written,
    write: impl FnOnce(&mut dyn TOutputProtocol) -> thrift::Result<()>,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let result = match written {
        Written::Binary => write(&mut TBinaryOutputProtocol::new(&mut bytes, true)),
        Written::OldBinary => write(&mut TBinaryOutputProtocol::new(&mut bytes, false)),
        Written::Compact => write(&mut TCompactOutputProtocol::new(&mut bytes)),
    };
    result.expect("memory");
    bytes
}

fn write_value(protocol: &mut dyn TOutputProtocol, value: &Value) -> thrift::Result<()> {
    match value {
        Value::Bool(truth) => protocol.write_bool(*truth),
        Value::I8(number) => protocol.write_i8(*number),
        Value::I16(number) => protocol.write_i16(*number),
        Value::I32(number) => protocol.write_i32(*number),
        Value::I64(number) => protocol.write_i64(*number),
        Value::Double(number) => protocol.write_double(*number),
        Value::Binary(bytes) => protocol.write_bytes(bytes),
        Value::Struct(fields) => write_struct(protocol, fields),
        Value::Map(key, value, entries) => {
            let length = entries.len() as i32;
            protocol.write_map_begin(&TMapIdentifier::new(
                type_of(*key),
                type_of(*value),
                length,
            ))?;
            for (key, value) in entries {
                write_value(protocol, key)?;
                write_value(protocol, value)?;
            }
            protocol.write_map_end()
        }
        Value::Set(element, values) => {
            let length = values.len() as i32;
            protocol.write_set_begin(&TSetIdentifier::new(type_of(*element), length))?;
            for value in values {
                write_value(protocol, value)?;
            }
            protocol.write_set_end()
        }
        Value::List(element, values) => {
            let length = values.len() as i32;
            protocol.write_list_begin(&TListIdentifier::new(type_of(*element), length))?;
            for value in values {
                write_value(protocol, value)?;
            }
            protocol.write_list_end()
        }
    }
}

fn write_struct(protocol: &mut dyn TOutputProtocol, fields: &[(i16, Value)]) -> thrift::Result<()> {
    protocol.write_struct_begin(&TStructIdentifier::new(""))?;
    for (number, value) in fields {
        let field = TFieldIdentifier::new("", type_of(value.kind()), *number);
        protocol.write_field_begin(&field)?;
        write_value(protocol, value)?;
        protocol.write_field_end()?;
    }
    protocol.write_field_stop()?;
    protocol.write_struct_end()
}

fn type_of(kind: Type) -> TType {
    match kind {
        Type::Bool => TType::Bool,
        Type::I8 => TType::I08,
        Type::I16 => TType::I16,
        Type::I32 => TType::I32,
        Type::I64 => TType::I64,
        Type::Double => TType::Double,
        Type::Binary => TType::String,
        Type::Struct => TType::Struct,
        Type::Map => TType::Map,
        Type::Set => TType::Set,
        Type::List => TType::List,
    }
}
