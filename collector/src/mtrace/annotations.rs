//! The annotations of a span: values, timed events, and the four stages of a call.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::halves::{Stage, Stages};
use super::model::{Nanos, Object, Text};

#[derive(Debug, Default)]
pub(super) struct Annotations<'a> {
    /// All but the stages, in the order sent.
    pub(super) entries: Vec<(Text<'a>, Annotation<'a>)>,
    pub(super) stages: Stages,
}

#[derive(Debug)]
pub(super) enum Annotation<'a> {
    Value(Value<'a>),
    Events(Vec<Object<TimedEvent<'a>>>),
}

/// A plain value.
#[derive(Debug)]
pub(super) enum Value<'a> {
    Empty,
    Bool(bool),
    Int(i64),
    Double(f64),
    String(Text<'a>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'a"))]
pub(super) struct TimedEvent<'a> {
    pub(super) time: Nanos,
    pub(super) value: Option<Value<'a>>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Annotations<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AnnotationsVisitor(PhantomData))
    }
}

struct AnnotationsVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for AnnotationsVisitor<'a> {
    type Value = Annotations<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("annotations: an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut annotations = Annotations::default();
        while let Some(key) = map.next_key::<Text<'a>>()? {
            match Stage::from_name(key.as_str()) {
                Some(stage) => {
                    let time = map.next_value::<Option<Nanos>>()?;
                    if annotations
                        .stages
                        .set(stage, time.map(|time| time.0))
                        .is_some()
                    {
                        return Err(A::Error::duplicate_field(stage.name()));
                    }
                }
                None => annotations.entries.push((key, map.next_value()?)),
            }
        }
        Ok(annotations)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Annotation<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnnotationVisitor(PhantomData))
    }
}

struct AnnotationVisitor<'a>(PhantomData<&'a ()>);

/// All plain values but lists, which only [`AnnotationVisitor`] takes.
macro_rules! plain_values {
    ($into:path) => {
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok($into(Value::Empty))
        }

        fn visit_bool<E: Error>(self, truth: bool) -> Result<Self::Value, E> {
            Ok($into(Value::Bool(truth)))
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
            Ok($into(Value::Int(number)))
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
            // An attribute's integers have 64 bits with a sign.
            let value = i64::try_from(number).map_or(Value::Double(number as f64), Value::Int);
            Ok($into(value))
        }

        fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
            Ok($into(Value::Double(number)))
        }

        fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
            Ok($into(Value::String(Text(text.into()))))
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok($into(Value::String(Text(text.to_owned().into()))))
        }
    };
}

impl<'de: 'a, 'a> Visitor<'de> for AnnotationVisitor<'a> {
    type Value = Annotation<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, a bool, or an array of timed events")
    }

    plain_values!(Annotation::Value);

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut events = Vec::new();
        while let Some(event) = list.next_element()? {
            events.push(event);
        }
        Ok(Annotation::Events(events))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor(PhantomData))
    }
}

struct ValueVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for ValueVisitor<'a> {
    type Value = Value<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number or a bool")
    }

    plain_values!(std::convert::identity);
}
