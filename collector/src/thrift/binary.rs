//! Thrift's binary protocol: numbers of fixed length, big-endian.

use super::cursor::Cursor;
use super::{Field, Fields, List, Malformed, Map, Message, MessageKind, Reader, Type};

/// The upper half of a strict message's first four bytes.
const VERSION_1: u32 = 0x8001_0000;
const STOP: u8 = 0;

/// Reads the binary protocol; messages with and without a version in front.
#[derive(Clone, Debug)]
pub(crate) struct BinaryReader<'a> {
    cursor: Cursor<'a>,
}

fn type_from_number(number: u8) -> Result<Type, Malformed> {
    match number {
        2 => Ok(Type::Bool),
        3 => Ok(Type::I8),
        4 => Ok(Type::Double),
        6 => Ok(Type::I16),
        8 => Ok(Type::I32),
        10 => Ok(Type::I64),
        11 => Ok(Type::Binary),
        12 => Ok(Type::Struct),
        13 => Ok(Type::Map),
        14 => Ok(Type::Set),
        15 => Ok(Type::List),
        _ => Err(Malformed::Type),
    }
}

/// The bytes that a value has at least.
const fn least_bytes(kind: Type) -> usize {
    match kind {
        Type::Bool | Type::I8 | Type::Struct => 1,
        Type::I16 => 2,
        Type::I32 | Type::Binary => 4,
        Type::Set | Type::List => 5,
        Type::Map => 6,
        Type::I64 | Type::Double => 8,
    }
}

/// Of an empty list or map, which some write with types of number 0.
fn type_of_none(number: u8) -> Type {
    type_from_number(number).unwrap_or(Type::Bool)
}

impl BinaryReader<'_> {
    #[inline]
    fn length(&mut self) -> Result<usize, Malformed> {
        usize::try_from(self.i32()?).map_err(|_| Malformed::Length)
    }
}

impl<'a> Reader<'a> for BinaryReader<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            cursor: Cursor::new(bytes),
        }
    }

    fn is_empty(&self) -> bool {
        self.cursor.remaining() == 0
    }

    fn message(&mut self) -> Result<Message<'a>, Malformed> {
        let first = u32::from_be_bytes(self.cursor.array()?);
        let message = if first & 0x8000_0000 == 0 {
            let length = usize::try_from(first).map_err(|_| Malformed::Length)?;
            let name = self.cursor.take(length)?;
            let kind = MessageKind::from_number(self.cursor.byte()?)?;
            Message { name, kind }
        } else if first & 0xffff_0000 == VERSION_1 {
            let [.., kind] = first.to_be_bytes();
            let kind = MessageKind::from_number(kind)?;
            let name = self.binary()?;
            Message { name, kind }
        } else {
            return Err(Malformed::Message);
        };
        // The sequence number, which only answers need.
        self.i32()?;
        Ok(message)
    }

    #[inline]
    fn field(&mut self, _: &mut Fields) -> Result<Option<Field>, Malformed> {
        let kind = self.cursor.byte()?;
        if kind == STOP {
            return Ok(None);
        }
        Ok(Some(Field {
            kind: type_from_number(kind)?,
            number: self.i16()?,
        }))
    }

    #[inline]
    fn list(&mut self) -> Result<List, Malformed> {
        let element = self.cursor.byte()?;
        let length = self.length()?;
        if length == 0 {
            let element = type_of_none(element);
            return Ok(List { element, length });
        }
        let element = type_from_number(element)?;
        let length = self.cursor.check_room(length, least_bytes(element))?;
        Ok(List { element, length })
    }

    fn map(&mut self) -> Result<Map, Malformed> {
        let [key, value] = self.cursor.array()?;
        let length = self.length()?;
        if length == 0 {
            return Ok(Map {
                key: type_of_none(key),
                value: type_of_none(value),
                length,
            });
        }
        let (key, value) = (type_from_number(key)?, type_from_number(value)?);
        let least = least_bytes(key) + least_bytes(value);
        let length = self.cursor.check_room(length, least)?;
        Ok(Map { key, value, length })
    }

    #[inline]
    fn bool(&mut self) -> Result<bool, Malformed> {
        match self.cursor.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed::Bool),
        }
    }

    #[inline]
    fn i8(&mut self) -> Result<i8, Malformed> {
        self.cursor.byte().map(u8::cast_signed)
    }

    #[inline]
    fn i16(&mut self) -> Result<i16, Malformed> {
        self.cursor.array().map(i16::from_be_bytes)
    }

    #[inline]
    fn i32(&mut self) -> Result<i32, Malformed> {
        self.cursor.array().map(i32::from_be_bytes)
    }

    #[inline]
    fn i64(&mut self) -> Result<i64, Malformed> {
        self.cursor.array().map(i64::from_be_bytes)
    }

    #[inline]
    fn double(&mut self) -> Result<f64, Malformed> {
        self.cursor.array().map(f64::from_be_bytes)
    }

    #[inline]
    fn binary(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.length()?;
        self.cursor.take(length)
    }
}
