use proptest::collection::vec;
use proptest::prelude::*;
use thrift::protocol::TMessageType;

use super::value::{Value, Written};
use super::*;

/// Reads a value as a tree.
fn read<'a, R: Reader<'a>>(reader: &mut R, kind: Type) -> Result<Value, Malformed> {
    Ok(match kind {
        Type::Bool => Value::Bool(reader.bool()?),
        Type::I8 => Value::I8(reader.i8()?),
        Type::I16 => Value::I16(reader.i16()?),
        Type::I32 => Value::I32(reader.i32()?),
        Type::I64 => Value::I64(reader.i64()?),
        Type::Double => Value::Double(reader.double()?),
        Type::Binary => Value::Binary(reader.binary()?.to_vec()),
        Type::Struct => {
            let mut fields = Fields::default();
            let mut values = Vec::new();
            while let Some(field) = reader.field(&mut fields)? {
                values.push((field.number, read(reader, field.kind)?));
            }
            Value::Struct(values)
        }
        Type::Map => {
            let map = reader.map()?;
            let entries = (0..map.length)
                .map(|_| Ok((read(reader, map.key)?, read(reader, map.value)?)))
                .collect::<Result<_, _>>()?;
            Value::Map(map.key, map.value, entries)
        }
        Type::Set | Type::List => {
            let list = reader.list()?;
            let values = (0..list.length)
                .map(|_| read(reader, list.element))
                .collect::<Result<_, _>>()?;
            if kind == Type::Set {
                Value::Set(list.element, values)
            } else {
                Value::List(list.element, values)
            }
        }
    })
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i8>().prop_map(Value::I8),
        any::<i16>().prop_map(Value::I16),
        any::<i32>().prop_map(Value::I32),
        any::<i64>().prop_map(Value::I64),
        any::<f64>().prop_map(Value::Double),
        vec(any::<u8>(), 0..200).prop_map(Value::Binary),
    ]
}

/// The values of the same type as the first one.
fn of_one_type(mut values: Vec<Value>) -> (Type, Vec<Value>) {
    let kind = values.first().map_or(Type::Bool, Value::kind);
    values.retain(|value| value.kind() == kind);
    (kind, values)
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 60, 8, |inner| {
        let list = vec(inner.clone(), 0..20).prop_map(of_one_type);
        prop_oneof![
            vec((-1000..1000_i16, inner.clone()), 0..8).prop_map(Value::Struct),
            list.clone()
                .prop_map(|(kind, list)| Value::List(kind, list)),
            list.prop_map(|(kind, list)| Value::Set(kind, list)),
            (vec(scalar(), 0..20), vec(inner, 0..8)).prop_map(|(keys, values)| {
                let ((key, keys), (value, values)) = (of_one_type(keys), of_one_type(values));
                let entries: Vec<_> = keys.into_iter().zip(values).collect();
                if entries.is_empty() {
                    // The compact protocol does not tell the types of an empty map.
                    return Value::Map(Type::Bool, Type::Bool, entries);
                }
                Value::Map(key, value, entries)
            }),
        ]
    })
}

/// What another library writes is read, and skipped, to its last byte; cut off it is refused.
fn check<'a, R: Reader<'a> + std::fmt::Debug>(value: &Value, bytes: &'a [u8], cut: usize) {
    let mut reader = R::new(bytes);
    assert_eq!(read(&mut reader, value.kind()).as_ref(), Ok(value));
    assert!(reader.is_empty());
    let mut skipping = R::new(bytes);
    assert_eq!(skipping.skip(value.kind()), Ok(()));
    assert!(skipping.is_empty());
    let shorter = &bytes[..cut % bytes.len()];
    assert!(R::new(shorter).skip(value.kind()).is_err());
    assert!(read(&mut R::new(shorter), value.kind()).is_err());
}

proptest! {
    #[test]
    fn what_another_library_writes_is_read_and_skipped(value in value(), cut in any::<usize>()) {
        // A bool that is no field is one byte, and so a value of its own.
        let value = Value::Struct(vec![(1, value)]);
        check::<BinaryReader<'_>>(&value, &value.write(Written::Binary), cut);
        check::<CompactReader<'_>>(&value, &value.write(Written::Compact), cut);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..300)) {
        for kind in [Type::Struct, Type::List, Type::Map, Type::Binary] {
            let read_binary = read(&mut BinaryReader::new(&bytes), kind).map(drop);
            prop_assert_eq!(BinaryReader::new(&bytes).skip(kind), read_binary);
            let read_compact = read(&mut CompactReader::new(&bytes), kind).map(drop);
            prop_assert_eq!(CompactReader::new(&bytes).skip(kind), read_compact);
        }
    }
}

#[test]
fn messages_of_both_protocols_begin_with_their_method() {
    fn check<'a, R: Reader<'a> + std::fmt::Debug>(bytes: &'a [u8]) {
        let mut reader = R::new(bytes);
        let message = reader.message();
        let expect = Message {
            name: b"emitBatch",
            kind: MessageKind::Oneway,
        };
        assert_eq!(message, Ok(expect));
        let arguments = read(&mut reader, Type::Struct);
        assert_eq!(arguments, Ok(Value::Struct(vec![(1, Value::I32(7))])));
    }
    let call = Value::Struct(vec![(1, Value::I32(7))]);
    check::<BinaryReader<'_>>(&call.write_call(Written::Binary, "emitBatch"));
    check::<BinaryReader<'_>>(&call.write_call(Written::OldBinary, "emitBatch"));
    check::<CompactReader<'_>>(&call.write_call(Written::Compact, "emitBatch"));
    for (kind, expect) in [
        (TMessageType::Call, MessageKind::Call),
        (TMessageType::Reply, MessageKind::Reply),
        (TMessageType::Exception, MessageKind::Exception),
    ] {
        let bytes = call.write_message(Written::Compact, "f", kind);
        let message = CompactReader::new(&bytes).message().expect("a message");
        assert_eq!(message.kind, expect);
    }
}

#[test]
fn a_message_of_another_protocol_is_refused() {
    let call = Value::Struct(Vec::new());
    let binary = call.write_call(Written::Binary, "f");
    let compact = call.write_call(Written::Compact, "f");
    assert_eq!(
        CompactReader::new(&binary).message(),
        Err(Malformed::Message)
    );
    assert_eq!(
        BinaryReader::new(&compact).message(),
        Err(Malformed::Message)
    );
    assert_eq!(
        BinaryReader::new(b"GET / HTTP/1.1").message(),
        Err(Malformed::Length)
    );
}

#[test]
fn absurd_lengths_are_refused_at_their_header() {
    let check = |kind: Type, binary: &[u8], compact: &[u8]| {
        let expect = Err(Malformed::Length);
        let got = read(&mut BinaryReader::new(binary), kind);
        assert_eq!(got.map(drop), expect, "{kind:?} {binary:x?}");
        let got = read(&mut CompactReader::new(compact), kind);
        assert_eq!(got.map(drop), expect, "{kind:?} {compact:x?}");
    };
    let most = [0xff, 0xff, 0xff, 0xff, 0x07];
    check(
        Type::Binary,
        &[0x7f, 0xff, 0xff, 0xff, 0],
        &[&most[..], &[0]].concat(),
    );
    check(Type::Binary, &[0xff, 0xff, 0xff, 0xff], &most);
    // Lists of structs and of doubles, of which the bytes that follow hold but a few.
    check(
        Type::List,
        &[12, 0, 0, 0, 3, 0, 0],
        &[0xfc, 0x03, 0x00, 0x00],
    );
    check(
        Type::Set,
        &[&[4, 0, 0, 0, 2][..], &[0; 15]].concat(),
        &[&[0x27][..], &[0; 15]].concat(),
    );
    check(
        Type::Map,
        &[&[11, 11, 0, 0, 0, 2][..], &[0; 15]].concat(),
        &[0x02, 0x88, 0x00, 0x00, 0x00],
    );
}

#[test]
fn numbers_longer_than_their_type_are_refused() {
    let check = |bytes: &[u8], expect| {
        assert_eq!(CompactReader::new(bytes).i64(), expect, "{bytes:x?}");
    };
    let ones = [0xff; 9];
    check(&[&ones[..], &[0x01]].concat(), Ok(i64::MIN));
    check(&[&ones[..], &[0x02]].concat(), Err(Malformed::Varint));
    check(&[0x80; 11], Err(Malformed::Varint));
    check(&[0x80], Err(Malformed::Ended));
    // 2^31 in zigzag.
    let too_large = [0x80, 0x80, 0x80, 0x80, 0x10];
    assert_eq!(CompactReader::new(&too_large).i64(), Ok(1 << 31));
    assert_eq!(CompactReader::new(&too_large).i32(), Err(Malformed::Varint));
}

#[test]
fn skipping_has_a_bounded_depth() {
    // Structs in structs, in the field of number 1; then their ends.
    let nested = |field: &[u8], depth: usize| [field.repeat(depth), vec![0; depth + 1]].concat();
    for (depth, expect) in [
        (63, Ok(())),
        (64, Err(Malformed::Depth)),
        (100_000, Err(Malformed::Depth)),
    ] {
        let binary = nested(&[12, 0, 1], depth);
        assert_eq!(BinaryReader::new(&binary).skip(Type::Struct), expect);
        let compact = nested(&[0x1c], depth);
        assert_eq!(CompactReader::new(&compact).skip(Type::Struct), expect);
    }
}

#[test]
fn empty_lists_may_have_no_type() {
    assert_eq!(
        BinaryReader::new(&[0, 0, 0, 0, 0]).list_of(Type::Struct),
        Ok(0)
    );
    assert_eq!(CompactReader::new(&[0]).list_of(Type::Struct), Ok(0));
    assert_eq!(
        BinaryReader::new(&[0, 0, 0, 0, 0, 0])
            .map()
            .map(|map| map.length),
        Ok(0)
    );
    assert_eq!(
        CompactReader::new(&[0x15, 0x02]).list_of(Type::Struct),
        Err(Malformed::Element)
    );
}
