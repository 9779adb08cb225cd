//! Thrift's compact protocol: numbers of variable length, fields by their distance.

use super::cursor::Cursor;
use super::{Field, Fields, List, Malformed, Map, Message, MessageKind, Reader, Type};

const PROTOCOL: u8 = 0x82;
const VERSION: u8 = 1;
const STOP: u8 = 0;
const TRUE: u8 = 1;
const FALSE: u8 = 2;
/// The length of a list when it does not fit its four bits and follows.
const LONG_LIST: u8 = 15;

/// Reads the compact protocol.
#[derive(Clone, Debug)]
pub(crate) struct CompactReader<'a> {
    cursor: Cursor<'a>,
    /// The value of a bool that is a field: it came with the field's head.
    truth: Option<bool>,
}

fn type_from_number(number: u8) -> Result<Type, Malformed> {
    match number {
        TRUE | FALSE => Ok(Type::Bool),
        3 => Ok(Type::I8),
        4 => Ok(Type::I16),
        5 => Ok(Type::I32),
        6 => Ok(Type::I64),
        7 => Ok(Type::Double),
        8 => Ok(Type::Binary),
        9 => Ok(Type::List),
        10 => Ok(Type::Set),
        11 => Ok(Type::Map),
        12 => Ok(Type::Struct),
        _ => Err(Malformed::Type),
    }
}

/// The bytes that a value has at least.
const fn least_bytes(kind: Type) -> usize {
    if matches!(kind, Type::Double) { 8 } else { 1 }
}

/// The signed number whose bits were rotated so that small ones of both signs are short.
#[inline]
fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

impl CompactReader<'_> {
    #[inline]
    fn length(&mut self) -> Result<usize, Malformed> {
        usize::try_from(self.cursor.varint()?).map_err(|_| Malformed::Length)
    }

    #[inline]
    fn signed<T: TryFrom<i64>>(&mut self) -> Result<T, Malformed> {
        T::try_from(self.i64()?).map_err(|_| Malformed::Varint)
    }
}

impl<'a> Reader<'a> for CompactReader<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            cursor: Cursor::new(bytes),
            truth: None,
        }
    }

    fn is_empty(&self) -> bool {
        self.cursor.remaining() == 0
    }

    fn message(&mut self) -> Result<Message<'a>, Malformed> {
        let [protocol, head] = self.cursor.array()?;
        if protocol != PROTOCOL || head & 0x1f != VERSION {
            return Err(Malformed::Message);
        }
        let kind = MessageKind::from_number(head >> 5)?;
        // The sequence number, which only answers need.
        self.cursor.varint()?;
        let name = self.binary()?;
        Ok(Message { name, kind })
    }

    #[inline]
    fn field(&mut self, fields: &mut Fields) -> Result<Option<Field>, Malformed> {
        let head = self.cursor.byte()?;
        if head == STOP {
            return Ok(None);
        }
        let kind = type_from_number(head & 0x0f)?;
        let number = match head >> 4 {
            0 => self.i16()?,
            distance => fields
                .last
                .checked_add(i16::from(distance))
                .ok_or(Malformed::FieldNumber)?,
        };
        fields.last = number;
        if kind == Type::Bool {
            self.truth = Some(head & 0x0f == TRUE);
        }
        Ok(Some(Field { number, kind }))
    }

    #[inline]
    fn list(&mut self) -> Result<List, Malformed> {
        let head = self.cursor.byte()?;
        let length = match head >> 4 {
            LONG_LIST => self.length()?,
            short => usize::from(short),
        };
        let element = match type_from_number(head & 0x0f) {
            Err(_) if length == 0 => Type::Bool,
            known => known?,
        };
        let length = self.cursor.check_room(length, least_bytes(element))?;
        Ok(List { element, length })
    }

    fn map(&mut self) -> Result<Map, Malformed> {
        let length = self.length()?;
        if length == 0 {
            return Ok(Map {
                key: Type::Bool,
                value: Type::Bool,
                length,
            });
        }
        let types = self.cursor.byte()?;
        let (key, value) = (
            type_from_number(types >> 4)?,
            type_from_number(types & 0x0f)?,
        );
        let least = least_bytes(key) + least_bytes(value);
        let length = self.cursor.check_room(length, least)?;
        Ok(Map { key, value, length })
    }

    #[inline]
    fn bool(&mut self) -> Result<bool, Malformed> {
        if let Some(truth) = self.truth.take() {
            return Ok(truth);
        }
        match self.cursor.byte()? {
            TRUE => Ok(true),
            // Within lists some write 0.
            FALSE | 0 => Ok(false),
            _ => Err(Malformed::Bool),
        }
    }

    #[inline]
    fn i8(&mut self) -> Result<i8, Malformed> {
        self.cursor.byte().map(u8::cast_signed)
    }

    #[inline]
    fn i16(&mut self) -> Result<i16, Malformed> {
        self.signed()
    }

    #[inline]
    fn i32(&mut self) -> Result<i32, Malformed> {
        self.signed()
    }

    #[inline]
    fn i64(&mut self) -> Result<i64, Malformed> {
        self.cursor.varint().map(unzigzag)
    }

    #[inline]
    fn double(&mut self) -> Result<f64, Malformed> {
        self.cursor.array().map(f64::from_le_bytes)
    }

    #[inline]
    fn binary(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.length()?;
        self.cursor.take(length)
    }
}
