//! Jaeger's typed tags, flattened: a field for each type, and one that says which of them counts.

use crate::draft::{DraftAttribute, DraftValue};

/// The type of a tag's value. Thrift and protobuf number them differently.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum TagKind {
    #[default]
    String,
    Double,
    Bool,
    Long,
    Binary,
    /// A number that means nothing yet.
    Unknown,
}

/// A tag being read.
#[derive(Debug, Default)]
pub(super) struct TagFields<'a> {
    pub(super) key: &'a [u8],
    pub(super) kind: TagKind,
    string: &'a [u8],
    double: f64,
    bool: bool,
    long: i64,
    binary: &'a [u8],
    /// The last value that was set.
    given: Given,
}

#[derive(Clone, Copy, Debug, Default)]
enum Given {
    #[default]
    Nothing,
    Value(TagKind),
}

impl<'a> TagFields<'a> {
    pub(super) fn set_string(&mut self, text: &'a [u8]) {
        self.string = text;
        self.given = Given::Value(TagKind::String);
    }

    pub(super) fn set_double(&mut self, number: f64) {
        self.double = number;
        self.given = Given::Value(TagKind::Double);
    }

    pub(super) fn set_bool(&mut self, truth: bool) {
        self.bool = truth;
        self.given = Given::Value(TagKind::Bool);
    }

    pub(super) fn set_long(&mut self, number: i64) {
        self.long = number;
        self.given = Given::Value(TagKind::Long);
    }

    pub(super) fn set_binary(&mut self, bytes: &'a [u8]) {
        self.binary = bytes;
        self.given = Given::Value(TagKind::Binary);
    }

    /// The tag as an attribute. A value that is missing is its type's zero, as protobuf sends it;
    /// of an unknown type the value that there is.
    pub(super) fn attribute(self) -> DraftAttribute<'a> {
        let kind = match (self.kind, self.given) {
            (TagKind::Unknown, Given::Value(kind)) => kind,
            (kind, _) => kind,
        };
        let value = match kind {
            TagKind::String => DraftValue::String(self.string),
            TagKind::Double => DraftValue::Double(self.double),
            TagKind::Bool => DraftValue::Bool(self.bool),
            TagKind::Long => DraftValue::Int(self.long),
            TagKind::Binary => DraftValue::Bytes(self.binary),
            TagKind::Unknown => DraftValue::Empty,
        };
        DraftAttribute {
            key: self.key,
            value,
        }
    }
}
