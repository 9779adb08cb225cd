//! HdrHistogram's own form, version 2, so that other programs can read what is stored.
//!
//! Source: the "V2" encoding of HdrHistogram's Java class of that name, as its other
//! implementations write it: a header of 40 bytes, then counts as ZigZag LEB128, where a negative
//! number stands for so many empty buckets.

use std::ops::Range;

use super::count::BucketCount;
use super::{Bucket, DurationHistogram, bucket_of, range_of};

const COOKIE: u32 = 0x1c84_9303 | 0x10;
const HEADER: usize = 40;
/// Bytes of a number of empty buckets and a count, at most.
const LONGEST_COUNT: usize = 18;
/// The number of so many empty buckets still takes two bytes.
const SHORT_EMPTY: Bucket = 0x2000;
/// Room is made for so many counts at a time.
const TOGETHER: usize = 8;

/// What a header says of buckets: no offset, so many digits, and 1 as the lowest value.
const BUCKETS: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1];

/// Bytes that are no histogram of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an HdrHistogram (V2) of three digits from 1 ns: {0}")]
pub struct MalformedHistogram(pub(super) &'static str);

impl DurationHistogram {
    /// The histogram in HdrHistogram's form.
    pub fn to_bytes(&mut self) -> Vec<u8> {
        self.settle();
        let mut bytes = Vec::new();
        put_counts(&self.counts, &mut bytes);
        bytes
    }

    /// Reads what [`Self::to_bytes`], or another HdrHistogram with the same buckets, wrote.
    ///
    /// # Errors
    /// [`MalformedHistogram`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MalformedHistogram> {
        let mut histogram = Self::default();
        histogram.read(bytes)?;
        Ok(histogram)
    }

    /// As [`Self::from_bytes`], into an empty one.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<(), MalformedHistogram> {
        each_count(bytes, |bucket, count| {
            let held = BucketCount::new(bucket, count.cast_unsigned());
            self.counts.push(held);
        })
    }
}

/// Appends a histogram in HdrHistogram's form, of counts in the order of their buckets.
pub(super) fn put_counts(counts: &[BucketCount], bytes: &mut Vec<u8>) {
    let mut writer = CountWriter::at_end_of(bytes);
    for held in counts {
        writer.put(held.bucket(), held.count(), bytes);
    }
    let histogram = writer.finish(bytes);
    bytes.truncate(histogram.end);
}

/// Writes a histogram in HdrHistogram's form, of counts as they come, in the order of their buckets. The
/// bytes to which it is written are longer, for what comes.
#[derive(Debug)]
pub(super) struct CountWriter {
    start: usize,
    /// Where the next count goes.
    end: usize,
    /// The bucket after the last one.
    next: Bucket,
}

impl Default for CountWriter {
    /// Writes from the first byte on.
    fn default() -> Self {
        Self::at_end_of(&[])
    }
}

impl CountWriter {
    /// Writes after all that is there.
    pub(super) fn at_end_of(bytes: &[u8]) -> Self {
        Self {
            start: bytes.len(),
            end: bytes.len() + HEADER,
            next: 0,
        }
    }

    /// Appends how much a bucket holds, which comes after all before.
    #[inline]
    pub(super) fn put(&mut self, bucket: Bucket, count: u64, bytes: &mut Vec<u8>) {
        let empty = bucket - self.next;
        self.next = bucket + 1;
        // Most take two or three bytes, as it happens: to branch on that is slower than to reckon it.
        if (empty <= SHORT_EMPTY) & (count < 0x40)
            && let Some(to) = bytes.get_mut(self.end..self.end + 4)
        {
            let zigzag = (2 * empty).saturating_sub(1) - u32::from(empty == 1);
            let is_long = u32::from(zigzag >= 0x80);
            let number = (zigzag & 0x7f) | (is_long << 7) | ((zigzag << 1) & 0x7f00);
            let bits = 8 * (u32::from(empty > 0) + is_long);
            to.copy_from_slice(&(number | ((2 * count as u32) << bits)).to_le_bytes());
            self.end += (bits / 8) as usize + 1;
        } else {
            self.end = put_any_count(empty, count, self.end, bytes);
        }
    }

    /// Writes the header: where the histogram is.
    pub(super) fn finish(&self, bytes: &mut Vec<u8>) -> Range<usize> {
        let Self { start, end, next } = *self;
        make_room(end, bytes);
        let highest = next.checked_sub(1).map_or(2, |last| {
            let (low, width) = range_of(last);
            (low + (width - 1)).max(2)
        });
        let length = end - start - HEADER;
        let length = u32::try_from(length).expect("60,000 buckets of ten bytes at most");
        let words = [COOKIE, length].map(u32::to_be_bytes);
        let long_words = [highest, 1_f64.to_bits()].map(u64::to_be_bytes);
        let header = &mut bytes[start..start + HEADER];
        header[..8].copy_from_slice(words.as_flattened());
        header[8..24].copy_from_slice(&BUCKETS);
        header[24..].copy_from_slice(long_words.as_flattened());
        start..end
    }
}

fn make_room(end: usize, bytes: &mut Vec<u8>) {
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
}

/// Writes a number of empty buckets and the count of the one after them from `start` on, and makes room for
/// further ones: where they end.
#[cold]
fn put_any_count(empty: Bucket, count: u64, start: usize, bytes: &mut Vec<u8>) -> usize {
    make_room(start + TOGETHER * LONGEST_COUNT, bytes);
    let length = match empty {
        0 => 0,
        1 => put_number(&mut bytes[start..], 0),
        _ => put_number(&mut bytes[start..], -i64::from(empty)),
    };
    let end = start + length;
    end + put_number(&mut bytes[end..], count.cast_signed())
}

/// Hands over the buckets that hold something of a histogram in HdrHistogram's form, in order,
/// with their counts, which are above zero.
pub(super) fn each_count(
    bytes: &[u8],
    mut see: impl FnMut(Bucket, i64),
) -> Result<(), MalformedHistogram> {
    let (header, mut counts) = bytes
        .split_at_checked(HEADER)
        .ok_or(MalformedHistogram("it is too short"))?;
    let word = |at: usize| {
        let word = header.get(at..at + 4).and_then(|word| word.try_into().ok());
        u32::from_be_bytes(word.unwrap_or_default())
    };
    if word(0) != COOKIE {
        return Err(MalformedHistogram("its cookie is another"));
    }
    if word(4) as usize != counts.len() {
        return Err(MalformedHistogram("its length is another"));
    }
    if header.get(8..24) != Some(&BUCKETS) {
        return Err(MalformedHistogram("its buckets are others"));
    }
    let last = i64::from(bucket_of(u64::MAX));
    let mut next: i64 = 0;
    loop {
        while let Some(short) = ShortCount::of(counts)
            && next < last - i64::from(SHORT_EMPTY)
        {
            next += i64::from(short.empty);
            see(next as Bucket, i64::from(short.count));
            next += 1;
            counts = &counts[short.length..];
        }
        if counts.is_empty() {
            return Ok(());
        }
        let number = take_number(&mut counts)?;
        if number > 0 {
            if next > last {
                return Err(MalformedHistogram("it has too many buckets"));
            }
            see(next as Bucket, number);
            next += 1;
        } else {
            next = next.saturating_add(number.saturating_neg().max(1));
        }
    }
}

/// A number of empty buckets, which may be none, and the count of the one after them, in three bytes at most:
/// nearly all are.
struct ShortCount {
    empty: u32,
    count: u32,
    /// How many bytes both take.
    length: usize,
}

impl ShortCount {
    /// Reads one at the start of `bytes`; none where there is another thing, or the end is near.
    #[inline]
    fn of(bytes: &[u8]) -> Option<Self> {
        let word = u32::from_le_bytes(*bytes.first_chunk()?);
        // Which of the forms comes is as good as random: to branch on it is slower than to reckon all. How
        // long it is depends on the first byte alone: the next one waits for nothing else.
        let is_long = (word >> 7) & 1;
        let is_empty = (word & 1) | u32::from(word & 0xff == 0);
        let number = (word & 0x7f) | ((word >> 1) & 0x3f80 & is_long.wrapping_neg());
        let after = (word >> (8 + 8 * is_long)) & 0xff;
        let is_too_long = word & 0x8080 == 0x8080;
        let is_long_zero = word & 0x7fff == 0x80;
        let is_no_count = (is_empty == 1) & ((after & 0x81 != 0) | (after == 0));
        if is_too_long | is_long_zero | is_no_count {
            return None;
        }
        Some(Self {
            empty: is_empty * number.div_ceil(2).max(1),
            count: if is_empty == 1 { after } else { number } / 2,
            length: (1 + is_long + is_empty) as usize,
        })
    }
}

/// Writes ZigZag LEB128 as HdrHistogram does: the ninth byte holds eight bits and ends the number. How
/// many bytes it takes.
fn put_number(bytes: &mut [u8], number: i64) -> usize {
    let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
    let mut length = 0;
    while rest >= 0x80 && length < 8 {
        bytes[length] = rest as u8 | 0x80;
        rest >>= 7;
        length += 1;
    }
    bytes[length] = rest as u8;
    length + 1
}

fn take_number(bytes: &mut &[u8]) -> Result<i64, MalformedHistogram> {
    let mut zigzag = 0_u64;
    for index in 0..9 {
        let (byte, rest) = bytes
            .split_first()
            .ok_or(MalformedHistogram("a count is cut off"))?;
        *bytes = rest;
        let is_last = index == 8 || byte & 0x80 == 0;
        let bits = if index == 8 { *byte } else { byte & 0x7f };
        zigzag |= u64::from(bits) << (7 * index);
        if is_last {
            break;
        }
    }
    Ok((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// What a histogram says, number by number.
    fn one_by_one(mut counts: &[u8]) -> Result<Vec<(Bucket, i64)>, MalformedHistogram> {
        let last = i64::from(bucket_of(u64::MAX));
        let mut next = 0_i64;
        let mut seen = Vec::new();
        while !counts.is_empty() {
            let number = take_number(&mut counts)?;
            if number <= 0 {
                next = next.saturating_add(number.saturating_neg().max(1));
                continue;
            }
            if next > last {
                return Err(MalformedHistogram("it has too many buckets"));
            }
            seen.push((next as Bucket, number));
            next += 1;
        }
        Ok(seen)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn counts_that_are_read_together_are_those_that_are_read_one_by_one(
            counts in vec(prop_oneof![any::<u8>(), 0..6_u8, 0x7e..0x84_u8, 0xfc..=0xff_u8], 0..60),
            large in 0..12_usize,
        ) {
            // Some numbers of empty buckets first, so that the last buckets are near.
            let counts = [[0xff, 0x7f].repeat(large), counts].concat();
            let mut bytes = DurationHistogram::default().to_bytes();
            bytes[4..8].copy_from_slice(&(counts.len() as u32).to_be_bytes());
            bytes.extend(&counts);
            let mut seen = Vec::new();
            let read = each_count(&bytes, |bucket, count| seen.push((bucket, count)));
            prop_assert_eq!(read.map(|()| seen), one_by_one(&counts));
        }
    }
}
