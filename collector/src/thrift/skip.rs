//! Skipping a value of any type, however it nests, without recursion.

use super::{Fields, Malformed, Reader, Type};

/// How deep a skipped value may nest; as other Thrift libraries have it.
const MAX_DEPTH: usize = 64;

/// A struct, list or map within which skipping stands.
#[derive(Clone, Copy)]
enum Open {
    Struct(Fields),
    /// So many values are left, of the two types in turns.
    Values(Type, Type, usize),
}

pub(super) fn skip<'a, R: Reader<'a>>(reader: &mut R, kind: Type) -> Result<(), Malformed> {
    let Some(outermost) = skip_or_open(reader, kind)? else {
        return Ok(());
    };
    skip_open(reader, outermost)
}

/// Skips a value that holds no others, or the head of one that does.
#[inline]
fn skip_or_open<'a, R: Reader<'a>>(reader: &mut R, kind: Type) -> Result<Option<Open>, Malformed> {
    match kind {
        Type::Bool => reader.bool().map(drop)?,
        Type::I8 => reader.i8().map(drop)?,
        Type::I16 => reader.i16().map(drop)?,
        Type::I32 => reader.i32().map(drop)?,
        Type::I64 => reader.i64().map(drop)?,
        Type::Double => reader.double().map(drop)?,
        Type::Binary => reader.binary().map(drop)?,
        Type::Struct => return Ok(Some(Open::Struct(Fields::default()))),
        Type::Set | Type::List => {
            let list = reader.list()?;
            return Ok(Some(Open::Values(list.element, list.element, list.length)));
        }
        Type::Map => {
            let map = reader.map()?;
            return Ok(Some(Open::Values(map.key, map.value, 2 * map.length)));
        }
    }
    Ok(None)
}

fn skip_open<'a, R: Reader<'a>>(reader: &mut R, outermost: Open) -> Result<(), Malformed> {
    let mut open = [outermost; MAX_DEPTH];
    let mut depth = 1;
    while let Some(innermost) = open[..depth].last_mut() {
        let Some(kind) = next(reader, innermost)? else {
            depth -= 1;
            continue;
        };
        if let Some(inner) = skip_or_open(reader, kind)? {
            *open.get_mut(depth).ok_or(Malformed::Depth)? = inner;
            depth += 1;
        }
    }
    Ok(())
}

/// The type of the next value within `open`; none at its end.
fn next<'a, R: Reader<'a>>(reader: &mut R, open: &mut Open) -> Result<Option<Type>, Malformed> {
    match open {
        Open::Struct(fields) => Ok(reader.field(fields)?.map(|field| field.kind)),
        Open::Values(_, _, 0) => Ok(None),
        Open::Values(first, second, left) => {
            let kind = *first;
            std::mem::swap(first, second);
            *left -= 1;
            Ok(Some(kind))
        }
    }
}
