use proptest::prelude::*;

use super::super::format::{HEADER_BYTES, encode_frame_start, encode_seal};
use super::*;

const SEGMENT_BYTES: usize = 32 << 10;
const SALT: u64 = 0x5a17_5a17_5a17_5a17;

fn wal_id() -> WalId {
    WalId::from_bytes([7; 16])
}

/// A segment file as the log would write it.
struct Image {
    bytes: Vec<u8>,
    salt: u64,
    end: usize,
    next: u64,
    /// Where each record's frame is.
    frames: Vec<Range<usize>>,
}

impl Image {
    fn new(first: u64) -> Self {
        Self::on(vec![0; SEGMENT_BYTES], SALT, first)
    }

    /// A new life of the file that held `bytes`.
    fn on(mut bytes: Vec<u8>, salt: u64, first: u64) -> Self {
        let header = SegmentHeader {
            wal_id: wal_id(),
            salt,
            first,
        };
        bytes[..HEADER_BYTES as usize].copy_from_slice(&header.encode());
        Self {
            bytes,
            salt,
            end: HEADER_BYTES as usize,
            next: first,
            frames: Vec::new(),
        }
    }

    fn group(&mut self, bodies: &[Vec<u8>]) {
        let group = self.next;
        for body in bodies {
            let start = encode_frame_start(self.salt, self.next, group, 1, body);
            let body_at = self.end + start.len();
            self.bytes[self.end..body_at].copy_from_slice(&start);
            self.bytes[body_at..body_at + body.len()].copy_from_slice(body);
            let end = self.end + format::frame_bytes(body.len() as u64) as usize;
            self.bytes[body_at + body.len()..end].fill(0);
            self.frames.push(self.end..end);
            self.end = end;
            self.next += 1;
        }
    }

    fn seal(&mut self) {
        let seal = encode_seal(self.salt, self.next);
        self.bytes[self.end..self.end + seal.len()].copy_from_slice(&seal);
    }

    fn scan(&self, bound: Bound) -> SegmentScan {
        let first = self.next - self.frames.len() as u64;
        scan_segment(&self.bytes, wal_id(), first, bound)
    }
}

fn bodies(sizes: &[usize]) -> Vec<Vec<u8>> {
    let fill = |(i, &size): (usize, &usize)| vec![i as u8 + 1; size];
    sizes.iter().enumerate().map(fill).collect()
}

fn positions(scan: &SegmentScan) -> Vec<u64> {
    scan.records.iter().map(|r| r.position).collect()
}

#[test]
fn an_unsealed_end_is_clean_when_nothing_follows() {
    let mut image = Image::new(5);
    image.group(&bodies(&[10, 0, 300]));
    image.group(&bodies(&[1]));
    let scan = image.scan(Bound::Unknown);
    assert_eq!(positions(&scan), [5, 6, 7, 8]);
    assert_eq!((scan.next, scan.end), (9, image.end));
    assert_eq!(scan.last_group_at, image.frames[3].start);
    assert_eq!((scan.torn_bytes, scan.is_sealed), (0, false));
    assert!(scan.damage.is_empty());
}

#[test]
fn a_page_lost_within_the_last_group_is_a_torn_tail() {
    let mut image = Image::new(1);
    image.group(&bodies(&[100]));
    image.group(&bodies(&[3000, 3000, 3000]));
    let lost = image.frames[1].clone();
    image.bytes[lost].fill(0);
    let scan = image.scan(Bound::Unknown);
    assert_eq!(positions(&scan), [1]);
    assert!(scan.damage.is_empty());
    assert_eq!(scan.torn_bytes as usize, image.end - image.frames[1].start);
}

#[test]
fn the_same_loss_is_damage_once_anything_shows_that_the_group_was_durable() {
    let mut image = Image::new(1);
    image.group(&bodies(&[100]));
    image.group(&bodies(&[3000, 3000, 3000]));
    let lost = image.frames[2].clone();
    image.bytes[lost.start + 40] ^= 1;
    let damage = vec![Damage {
        offset: lost.start,
        lost: 3..=3,
        reason: "no intact record where one must be",
    }];

    let by_next_segment = image.scan(Bound::Before(5));
    assert_eq!(by_next_segment.damage, damage);
    assert_eq!(positions(&by_next_segment), [1, 2, 4]);

    image.seal();
    let by_seal = image.scan(Bound::Unknown);
    assert_eq!(by_seal.damage, damage);
    assert_eq!(positions(&by_seal), [1, 2, 4]);

    image.group(&bodies(&[8]));
    let by_next_group = image.scan(Bound::Unknown);
    assert_eq!(by_next_group.damage, damage);
    assert_eq!(positions(&by_next_group), [1, 2, 4, 5]);
}

#[test]
fn damage_that_reaches_the_end_of_a_whole_segment_is_all_lost() {
    let mut image = Image::new(1);
    image.group(&bodies(&[10, 10, 10]));
    let tail = image.frames[1].start;
    image.bytes[tail..].fill(0);
    let scan = image.scan(Bound::Before(4));
    assert_eq!(positions(&scan), [1]);
    assert_eq!(scan.damage[0].lost, 2..=3);
    assert_eq!(scan.next, 4);
}

#[test]
fn records_of_a_failed_group_are_hidden_by_the_next_segment() {
    let mut image = Image::new(1);
    image.group(&bodies(&[10]));
    image.group(&bodies(&[10, 10]));
    let scan = image.scan(Bound::Before(2));
    assert_eq!(positions(&scan), [1]);
    assert!(scan.damage.is_empty());
}

#[test]
fn one_copy_of_the_header_is_enough() {
    let mut image = Image::new(1);
    image.group(&bodies(&[10]));
    image.bytes[..512].fill(0xff);
    assert_eq!(positions(&image.scan(Bound::Unknown)), [1]);
    image.bytes[2048..2560].fill(0xff);
    let scan = image.scan(Bound::Unknown);
    assert_eq!(scan.header, None);
    assert_eq!(scan.damage[0].reason, "the segment's header is damaged");
    assert!(
        scan.next > 1,
        "positions that may have been used are not used again"
    );
}

fn groups() -> impl Strategy<Value = Vec<Vec<Vec<u8>>>> {
    let body = prop::collection::vec(any::<u8>(), 0..300);
    prop::collection::vec(prop::collection::vec(body, 1..5), 1..8)
}

proptest! {
    #[test]
    fn what_was_written_is_read(groups in groups(), first in 1..u64::from(u32::MAX)) {
        let mut image = Image::new(first);
        groups.iter().for_each(|group| image.group(group));
        let scan = image.scan(Bound::Unknown);
        let read: Vec<&[u8]> =
            scan.records.iter().map(|r| &image.bytes[r.payload.start + 1..r.payload.end]).collect();
        let written: Vec<&[u8]> = groups.iter().flatten().map(Vec::as_slice).collect();
        prop_assert_eq!(read, written);
        prop_assert_eq!(scan.next, image.next);
    }

    #[test]
    fn a_file_cut_anywhere_holds_a_prefix(groups in groups(), cut in any::<prop::sample::Index>()) {
        let mut image = Image::new(1);
        groups.iter().for_each(|group| image.group(group));
        let cut = HEADER_BYTES as usize + cut.index(image.end - HEADER_BYTES as usize + 1);
        image.bytes.truncate(cut);
        let scan = image.scan(Bound::Unknown);
        let whole = image
            .frames
            .iter()
            .take_while(|f| Frame::decode(&image.bytes, f.start).is_some())
            .count() as u64;
        prop_assert_eq!(positions(&scan), (1..=whole).collect::<Vec<_>>());
        prop_assert!(scan.damage.is_empty());
    }

    #[test]
    fn a_flipped_bit_never_passes_for_data(
        groups in groups(),
        at in any::<prop::sample::Index>(),
        bit in 0..8,
        is_sealed in any::<bool>(),
    ) {
        let mut image = Image::new(1);
        groups.iter().for_each(|group| image.group(group));
        let unsealed_end = image.end;
        if is_sealed {
            image.seal();
        }
        let intact = image.scan(Bound::Unknown);
        let at = at.index(unsealed_end);
        image.bytes[at] ^= 1_u8 << bit;
        let scan = image.scan(Bound::Unknown);

        let last_group = (image.next - groups[groups.len() - 1].len() as u64)..image.next;
        let hit = image.frames.iter().position(|f| f.contains(&at)).map(|i| i as u64 + 1);
        let is_torn_last_group =
            !is_sealed && scan.damage.is_empty() && hit.is_some_and(|hit| last_group.contains(&hit) && scan.next == hit);
        let is_unharmed = scan == intact;
        match hit {
            Some(hit) if !is_unharmed && !is_torn_last_group => {
                prop_assert_eq!(scan.damage.len(), 1);
                prop_assert_eq!(scan.damage[0].lost.clone(), hit..=hit);
                let others: Vec<u64> = (1..image.next).filter(|&p| p != hit).collect();
                prop_assert_eq!(positions(&scan), others);
            }
            Some(_) => {}
            None => prop_assert!(is_unharmed, "a header survives one flipped bit"),
        }
    }

    #[test]
    fn a_recycled_file_never_leaks_its_previous_life(
        old in groups(),
        new in groups(),
        is_restart_at_same_position in any::<bool>(),
    ) {
        let mut before = Image::new(1);
        old.iter().for_each(|group| before.group(group));
        let first = if is_restart_at_same_position { 1 } else { before.next };
        let mut image = Image::on(before.bytes, SALT + 1, first);
        new.iter().for_each(|group| image.group(group));
        let scan = image.scan(Bound::Unknown);
        prop_assert_eq!(scan.next, image.next);
        prop_assert!(scan.damage.is_empty());
    }
}
