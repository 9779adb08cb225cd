//! Thrift: readers of the binary and the compact protocol over bytes in memory.
//!
//! Both are one interface, [`Reader`], so a struct is read by one function for both protocols.
//! Nothing is copied or allocated, and what claims to be longer than the bytes that are left is
//! refused at its header.

mod binary;
mod compact;
mod cursor;
mod skip;

pub(crate) use binary::BinaryReader;
pub(crate) use compact::CompactReader;

/// Bytes that are not Thrift, or not of the protocol they should be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    Ended,
    Length,
    Varint,
    Bool,
    Type,
    Element,
    FieldNumber,
    Message,
    Depth,
    /// Told by who knows what should be there.
    Missing,
}

impl Malformed {
    pub(crate) const fn describe(self) -> &'static str {
        match self {
            Self::Ended => "it ends within a value",
            Self::Length => "a length is negative or reaches past the end",
            Self::Varint => "a number is longer than its type",
            Self::Bool => "a bool is neither true nor false",
            Self::Type => "a value has a type that Thrift does not know",
            Self::Element => "a list has elements of another type",
            Self::FieldNumber => "a field has an impossible number",
            Self::Message => "it does not begin with a message of this protocol",
            Self::Depth => "values are nested over 64 deep",
            Self::Missing => "a field that must be there is missing",
        }
    }
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.describe())
    }
}

impl std::error::Error for Malformed {}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Bool,
    I8,
    I16,
    I32,
    I64,
    Double,
    /// Text or bytes: Thrift writes both alike.
    Binary,
    Struct,
    Map,
    Set,
    List,
}

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessageKind {
    Call,
    Reply,
    Exception,
    Oneway,
}

impl MessageKind {
    fn from_number(number: u8) -> Result<Self, Malformed> {
        match number {
            1 => Ok(Self::Call),
            2 => Ok(Self::Reply),
            3 => Ok(Self::Exception),
            4 => Ok(Self::Oneway),
            _ => Err(Malformed::Message),
        }
    }
}

/// The head of a message; the struct of its arguments follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    /// The method's name.
    pub(crate) name: &'a [u8],
    pub(crate) kind: MessageKind,
}

/// How far a struct was read; a new one for each struct.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fields {
    /// The number of the last field: the compact protocol tells distances.
    last: i16,
}

/// The head of a field; its value follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) number: i16,
    pub(crate) kind: Type,
}

/// The head of a list or set; its elements follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct List {
    /// Means nothing in an empty list.
    pub(crate) element: Type,
    pub(crate) length: usize,
}

/// The head of a map; its keys and values follow in turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Map {
    /// Both types mean nothing in an empty map.
    pub(crate) key: Type,
    pub(crate) value: Type,
    pub(crate) length: usize,
}

/// A place in bytes of a protocol. A copy reads on from the same place.
pub(crate) trait Reader<'a>: Clone + Sized {
    /// A reader of `bytes` from their beginning.
    fn new(bytes: &'a [u8]) -> Self;

    /// Whether all bytes were read.
    fn is_empty(&self) -> bool;

    fn message(&mut self) -> Result<Message<'a>, Malformed>;

    /// The next field of a struct; none at its end.
    fn field(&mut self, fields: &mut Fields) -> Result<Option<Field>, Malformed>;

    /// The head of a list or a set, which are written alike.
    fn list(&mut self) -> Result<List, Malformed>;

    fn map(&mut self) -> Result<Map, Malformed>;

    fn bool(&mut self) -> Result<bool, Malformed>;

    fn i8(&mut self) -> Result<i8, Malformed>;

    fn i16(&mut self) -> Result<i16, Malformed>;

    fn i32(&mut self) -> Result<i32, Malformed>;

    fn i64(&mut self) -> Result<i64, Malformed>;

    fn double(&mut self) -> Result<f64, Malformed>;

    fn binary(&mut self) -> Result<&'a [u8], Malformed>;

    /// Skips a value, such as of a field that is not known.
    #[inline]
    fn skip(&mut self, kind: Type) -> Result<(), Malformed> {
        skip::skip(self, kind)
    }

    /// The length of a list whose elements should be of that type.
    #[inline]
    fn list_of(&mut self, element: Type) -> Result<usize, Malformed> {
        let list = self.list()?;
        if list.length > 0 && list.element != element {
            return Err(Malformed::Element);
        }
        Ok(list.length)
    }
}

#[cfg(test)]
pub(crate) mod value;

#[cfg(test)]
mod tests;
