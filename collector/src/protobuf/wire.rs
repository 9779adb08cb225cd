//! Protobuf's wire format: keys, numbers, lengths, and skipping what is unknown.

/// Bytes that are not protobuf, or not of the message's fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    Varint,
    Key,
    Length,
    WireType,
    Group,
    Depth,
}

impl Malformed {
    pub(crate) const fn describe(self) -> &'static str {
        match self {
            Self::Varint => "a number is cut off or longer than 64 bits",
            Self::Key => "a field has an impossible number or wire type",
            Self::Length => "a length reaches past the end of its message",
            Self::WireType => "a known field has the wire type of another",
            Self::Group => "a group ends that was not begun",
            Self::Depth => "messages are nested over 100 deep",
        }
    }
}

/// How many levels of messages may still be entered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Depth(u8);

impl Depth {
    /// The same limit as in other protobuf decoders.
    pub(crate) const ROOT: Self = Self(100);

    #[inline]
    pub(crate) fn enter(self) -> Result<Self, Malformed> {
        self.0.checked_sub(1).map(Self).ok_or(Malformed::Depth)
    }
}

/// The numbers of a message's fields, up to 31.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownFields(u32);

impl KnownFields {
    /// For a second walk over a message that a first one has checked.
    pub(crate) const NONE: Self = Self(0);

    pub(crate) const fn of(numbers: &[u32]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < numbers.len() {
            bits |= 1 << numbers[index];
            index += 1;
        }
        Self(bits)
    }

    fn contains(self, number: u32) -> bool {
        number < u32::BITS && self.0 & (1 << number) != 0
    }
}

/// A reader of one message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wire<'a> {
    rest: &'a [u8],
}

impl<'a> Wire<'a> {
    #[inline]
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next field's key: its number times eight plus its wire type.
    #[inline]
    pub(crate) fn key(&mut self) -> Result<u32, Malformed> {
        let key = u32::try_from(self.varint()?).map_err(|_| Malformed::Key)?;
        if key < 8 || key & 7 > 5 {
            return Err(Malformed::Key);
        }
        Ok(key)
    }

    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u64, Malformed> {
        match *self.rest {
            [byte, ref rest @ ..] if byte < 0x80 => {
                self.rest = rest;
                Ok(u64::from(byte))
            }
            [low, high, ref rest @ ..] if high < 0x80 => {
                self.rest = rest;
                Ok(u64::from(low & 0x7f) | u64::from(high) << 7)
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for (index, &byte) in self.rest.iter().enumerate().take(10) {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                // The tenth byte holds the 64th bit and no more.
                if index == 9 && byte > 1 {
                    return Err(Malformed::Varint);
                }
                self.rest = &self.rest[index + 1..];
                return Ok(value);
            }
        }
        Err(Malformed::Varint)
    }

    /// A field with a length: text, bytes, or a message.
    #[inline]
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.varint()?;
        let length = usize::try_from(length).map_err(|_| Malformed::Length)?;
        let (bytes, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(Malformed::Length)?;
        self.rest = rest;
        Ok(bytes)
    }

    #[inline]
    pub(crate) fn fixed64(&mut self) -> Result<u64, Malformed> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Malformed::Length)?;
        self.rest = rest;
        Ok(u64::from_le_bytes(*bytes))
    }

    #[inline]
    pub(crate) fn fixed32(&mut self) -> Result<u32, Malformed> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Malformed::Length)?;
        self.rest = rest;
        Ok(u32::from_le_bytes(*bytes))
    }

    /// A number of 32 bits: higher ones are cut off, as protobuf asks.
    #[inline]
    pub(crate) fn uint32(&mut self) -> Result<u32, Malformed> {
        self.varint().map(|number| number as u32)
    }

    /// A signed number of 32 bits: higher ones are cut off, as protobuf asks.
    #[inline]
    pub(crate) fn int32(&mut self) -> Result<i32, Malformed> {
        self.uint32().map(u32::cast_signed)
    }

    /// Skips the field whose `key` was read last and that the message did not expect.
    #[cold]
    pub(crate) fn skip(
        &mut self,
        key: u32,
        known: KnownFields,
        depth: Depth,
    ) -> Result<(), Malformed> {
        if known.contains(key >> 3) {
            return Err(Malformed::WireType);
        }
        self.skip_value(key, depth)
    }

    fn skip_value(&mut self, key: u32, depth: Depth) -> Result<(), Malformed> {
        let inner = depth.enter()?;
        match key & 7 {
            0 => self.varint().map(drop),
            1 => self.fixed64().map(drop),
            2 => self.bytes().map(drop),
            3 => self.skip_group(key, inner),
            5 => self.fixed32().map(drop),
            _ => Err(Malformed::Group),
        }
    }

    /// Skips to the end of a group, the form of messages before proto3.
    fn skip_group(&mut self, start: u32, depth: Depth) -> Result<(), Malformed> {
        let end = start + 1;
        loop {
            match self.key()? {
                key if key == end => return Ok(()),
                key => self.skip_value(key, depth)?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_take_up_to_64_bits() {
        let check = |bytes: &[u8], expect: Result<u64, Malformed>| {
            assert_eq!(Wire::new(bytes).varint(), expect, "{bytes:x?}");
        };
        check(&[0x7f], Ok(127));
        check(&[0x80, 0x01], Ok(128));
        check(&[0x80, 0x80, 0x01], Ok(16_384));
        check(
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
            Ok(u64::MAX),
        );
        check(
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
            Err(Malformed::Varint),
        );
        check(&[0x80; 11], Err(Malformed::Varint));
        check(&[0x80], Err(Malformed::Varint));
        check(&[], Err(Malformed::Varint));
    }

    #[test]
    fn groups_are_skipped_to_their_end() {
        let check = |bytes: &[u8], expect: Result<(), Malformed>| {
            let mut wire = Wire::new(bytes);
            let result = wire
                .key()
                .and_then(|key| wire.skip(key, KnownFields::NONE, Depth::ROOT));
            assert_eq!(result, expect, "{bytes:x?}");
            assert!(result.is_err() || wire.is_empty());
        };
        check(&[0x0b, 0x08, 0x01, 0x13, 0x14, 0x0c], Ok(()));
        check(&[0x0b, 0x14], Err(Malformed::Group));
        check(&[0x0c], Err(Malformed::Group));
        check(&[0x0b], Err(Malformed::Varint));
        let deep: Vec<u8> = [vec![0x0b; 101], vec![0x0c; 101]].concat();
        check(&deep, Err(Malformed::Depth));
        let allowed: Vec<u8> = [vec![0x0b; 100], vec![0x0c; 100]].concat();
        check(&allowed, Ok(()));
    }

    #[test]
    fn a_known_field_of_another_wire_type_is_malformed() {
        let mut wire = Wire::new(&[0x08, 0x01]);
        let key = wire.key().expect("a key");
        assert_eq!(
            wire.skip(key, KnownFields::of(&[1]), Depth::ROOT),
            Err(Malformed::WireType)
        );
    }
}
