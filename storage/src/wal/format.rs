//! The bytes of a segment: its header, the frames of its records, and seals. A stable surface.
//!
//! ```text
//! header page, 4096 bytes; two copies of this, at 0 and at 2048, so that one bad sector is survived
//!   0  magic "SPANWAL" + version 1     8
//!   8  wal id                         16
//!  24  salt, random for each life      8
//!  32  position of the first record    8
//!  40  crc32c of bytes 0..40           4
//! frames, from 4096, each at a multiple of 8; integers little-endian
//!   0  len: bytes of the payload       4   0 = a seal
//!   4  crc32c of salt, len, position, group, payload
//!   8  position                        8   of a seal: that of the next record
//!  16  group: position of the first record of the group this was written in
//!  24  payload: encoding u8, body; then zeros up to a multiple of 8
//! ```
//! What follows the last frame is arbitrary (zeros, a torn group, or a previous life).

use std::ops::Range;

use super::position::WalId;

/// Bytes of the header page; the first frame follows it.
pub(super) const HEADER_BYTES: u64 = 4096;
/// Bytes of a frame before its payload, and of a whole seal.
pub(super) const FRAME_HEADER_BYTES: usize = 24;
/// Frames start at multiples of this, which makes the search for a frame behind damage quick.
pub(super) const FRAME_ALIGNMENT: u64 = 8;

const MAGIC: &[u8; 8] = b"SPANWAL\x01";
const HEADER_COPY_AT: usize = 2048;
const HEADER_LEN: usize = 44;

/// Bytes that a record with a body of `body_bytes` takes in a segment.
pub(super) const fn frame_bytes(body_bytes: u64) -> u64 {
    (FRAME_HEADER_BYTES as u64 + 1 + body_bytes).next_multiple_of(FRAME_ALIGNMENT)
}

/// Bytes of frames a segment takes: room for a last seal is kept back.
pub(super) const fn records_room(segment_bytes: u64) -> u64 {
    segment_bytes.saturating_sub(HEADER_BYTES + FRAME_HEADER_BYTES as u64)
}

/// What identifies one life of a segment file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub wal_id: WalId,
    /// Mixed into each record's checksum, so that a previous life's records never pass.
    pub salt: u64,
    pub first: u64,
}

impl SegmentHeader {
    /// The header page.
    pub fn encode(&self) -> Vec<u8> {
        let mut copy = Vec::with_capacity(HEADER_LEN);
        copy.extend_from_slice(MAGIC);
        copy.extend_from_slice(self.wal_id.as_bytes());
        copy.extend_from_slice(&self.salt.to_le_bytes());
        copy.extend_from_slice(&self.first.to_le_bytes());
        copy.extend_from_slice(&crc32c::crc32c(&copy).to_le_bytes());
        let mut page = vec![0; HEADER_BYTES as usize];
        page[..HEADER_LEN].copy_from_slice(&copy);
        page[HEADER_COPY_AT..HEADER_COPY_AT + HEADER_LEN].copy_from_slice(&copy);
        page
    }

    /// The header of a segment that starts with `bytes`, from whichever copy is intact.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        Self::decode_copy(bytes, 0).or_else(|| Self::decode_copy(bytes, HEADER_COPY_AT))
    }

    fn decode_copy(bytes: &[u8], at: usize) -> Option<Self> {
        let copy = bytes.get(at..at + HEADER_LEN)?;
        let intact = copy.starts_with(MAGIC) && crc32c::crc32c(&copy[..40]) == u32_at(copy, 40)?;
        intact.then_some(())?;
        Some(Self {
            wal_id: WalId::from_bytes(copy.get(8..24)?.try_into().ok()?),
            salt: u64_at(copy, 24)?,
            first: u64_at(copy, 32)?,
        })
    }
}

/// The start of a record's frame with its encoding tag: all but the body and the padding.
pub(super) fn encode_frame_start(
    salt: u64,
    position: u64,
    group: u64,
    encoding: u8,
    body: &[u8],
) -> [u8; FRAME_HEADER_BYTES + 1] {
    let payload_bytes = body.len() as u32 + 1;
    let crc = crc32c::crc32c_append(
        crc32c::crc32c_append(frame_crc(salt, payload_bytes, position, group), &[encoding]),
        body,
    );
    let mut start = [0; FRAME_HEADER_BYTES + 1];
    start[..FRAME_HEADER_BYTES].copy_from_slice(&frame_header(payload_bytes, crc, position, group));
    start[FRAME_HEADER_BYTES] = encoding;
    start
}

/// The seal that says: all records before `next` are durable.
pub(super) fn encode_seal(salt: u64, next: u64) -> [u8; FRAME_HEADER_BYTES] {
    frame_header(0, frame_crc(salt, 0, next, next), next, next)
}

fn frame_header(
    payload_bytes: u32,
    crc: u32,
    position: u64,
    group: u64,
) -> [u8; FRAME_HEADER_BYTES] {
    let mut header = [0; FRAME_HEADER_BYTES];
    header[0..4].copy_from_slice(&payload_bytes.to_le_bytes());
    header[4..8].copy_from_slice(&crc.to_le_bytes());
    header[8..16].copy_from_slice(&position.to_le_bytes());
    header[16..24].copy_from_slice(&group.to_le_bytes());
    header
}

fn frame_crc(salt: u64, payload_bytes: u32, position: u64, group: u64) -> u32 {
    let mut fields = [0; 28];
    fields[0..8].copy_from_slice(&salt.to_le_bytes());
    fields[8..12].copy_from_slice(&payload_bytes.to_le_bytes());
    fields[12..20].copy_from_slice(&position.to_le_bytes());
    fields[20..28].copy_from_slice(&group.to_le_bytes());
    crc32c::crc32c(&fields)
}

/// A frame as its header describes it; its checksum is not yet looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub position: u64,
    pub group: u64,
    /// Empty for a seal.
    pub payload: Range<usize>,
    crc: u32,
}

impl Frame {
    /// The frame that the bytes at `offset` describe, if it lies within `bytes`.
    pub fn decode(bytes: &[u8], offset: usize) -> Option<Self> {
        let header = bytes.get(offset..offset + FRAME_HEADER_BYTES)?;
        let payload_bytes = u32_at(header, 0)? as usize;
        let payload = offset + FRAME_HEADER_BYTES..offset + FRAME_HEADER_BYTES + payload_bytes;
        (payload.end <= bytes.len()).then_some(())?;
        Some(Self {
            position: u64_at(header, 8)?,
            group: u64_at(header, 16)?,
            payload,
            crc: u32_at(header, 4)?,
        })
    }

    /// The position field of a frame at `offset`, without looking at anything else.
    pub fn position_at(bytes: &[u8], offset: usize) -> Option<u64> {
        u64_at(bytes, offset + 8)
    }

    pub fn is_seal(&self) -> bool {
        self.payload.is_empty()
    }

    /// Where the next frame starts.
    pub fn end(&self) -> usize {
        self.payload.end.next_multiple_of(FRAME_ALIGNMENT as usize)
    }

    /// Whether it was written in the life with this salt and is undamaged.
    pub fn is_intact(&self, bytes: &[u8], salt: u64) -> bool {
        let payload_bytes = self.payload.len() as u32;
        let fields_crc = frame_crc(salt, payload_bytes, self.position, self.group);
        bytes
            .get(self.payload.clone())
            .is_some_and(|payload| crc32c::crc32c_append(fields_crc, payload) == self.crc)
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}
