//! The segment being written.

use std::fs::File;
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use rustix::io::Errno;
use uuid::Uuid;

use super::directory::{self, SegmentFile};
use super::error::WalError;
use super::format::{self, FRAME_ALIGNMENT, FRAME_HEADER_BYTES, SegmentHeader};
use super::position::WalId;
use crate::fail_point::fail_point;

/// What the kernel takes in one pwritev.
const MOST_SLICES: usize = 1024;

/// An open segment and where in it the next group goes.
#[derive(Debug)]
pub(super) struct ActiveSegment {
    pub(super) file: File,
    path: PathBuf,
    salt: u64,
    end: u64,
    room: u64,
}

/// The body of a record and the tag of its encoding.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub encoding: u8,
    pub body: Bytes,
}

impl Record {
    /// Bytes it takes in a segment.
    pub fn frame_bytes(&self) -> u64 {
        format::frame_bytes(self.body.len() as u64)
    }
}

impl ActiveSegment {
    /// Begins the life of the file `spare` as the segment whose first record is `first`.
    ///
    /// When it returns, header and name are durable, so that a segment file with a bad header is
    /// always damage and never the trace of a crash. An abandoned segment of the same name, in
    /// which nothing became durable, is replaced.
    pub fn begin(
        spare: &Path,
        dir: &Path,
        wal_id: WalId,
        first: u64,
    ) -> Result<(Self, SegmentFile), WalError> {
        let header = SegmentHeader {
            wal_id,
            salt: Uuid::new_v4().as_u64_pair().0,
            first,
        };
        let named = SegmentFile::new(dir, first);
        let file = File::options()
            .write(true)
            .open(spare)
            .map_err(|error| WalError::io("open", spare, error))?;
        let page = header.encode();
        write_all_at(&file, &mut [IoSlice::new(&page)], 0)
            .map_err(|error| WalError::io("write the header of", spare, error))?;
        file.sync_all()
            .map_err(|error| WalError::io("sync", spare, error))?;
        let bytes = file
            .metadata()
            .map_err(|error| WalError::io("read the size of", spare, error))?
            .len();
        fail_point("wal::segment-header");
        std::fs::rename(spare, &named.path)
            .map_err(|error| WalError::io("rename a spare to", &named.path, error))?;
        fail_point("wal::segment-switch");
        directory::sync(dir)?;
        let segment = Self {
            file,
            path: named.path.clone(),
            salt: header.salt,
            end: format::HEADER_BYTES,
            room: format::records_room(bytes),
        };
        Ok((segment, named))
    }

    /// Bytes of frames that still fit.
    pub fn room(&self) -> u64 {
        self.room
    }

    /// Writes `records` as one group with positions from `first` and makes it durable.
    ///
    /// # Errors
    /// `WalError::Io`; the segment must then not be written any more, see [`super`].
    pub fn write_group(&mut self, first: u64, records: &[Record]) -> Result<(), WalError> {
        const ZEROS: [u8; FRAME_ALIGNMENT as usize] = [0; FRAME_ALIGNMENT as usize];
        let starts: Vec<_> = (first..)
            .zip(records)
            .map(|(position, record)| {
                let (encoding, body) = (record.encoding, &record.body);
                format::encode_frame_start(self.salt, position, first, encoding, body)
            })
            .collect();
        let mut slices = Vec::with_capacity(3 * records.len());
        let mut bytes = 0;
        for (start, record) in starts.iter().zip(records) {
            let frame_bytes = record.frame_bytes();
            let padding = frame_bytes as usize - start.len() - record.body.len();
            slices.push(IoSlice::new(start));
            slices.push(IoSlice::new(&record.body));
            slices.push(IoSlice::new(&ZEROS[..padding]));
            bytes += frame_bytes;
        }
        fail_point("wal::before-write");
        write_all_at(&self.file, &mut slices, self.end)
            .map_err(|error| WalError::io("write to", &self.path, error))?;
        fail_point("wal::after-write-before-fsync");
        rustix::fs::fdatasync(&self.file)
            .map_err(|error| WalError::io("sync", &self.path, error))?;
        fail_point("wal::after-fsync-before-ack");
        self.end += bytes;
        self.room -= bytes;
        Ok(())
    }

    /// Notes, not durably, that everything before position `next` is durable.
    ///
    /// Without it, damage to the last group could not be told from a torn one. The next group
    /// overwrites it.
    pub fn seal(&self, next: u64) -> Result<(), WalError> {
        write_seal(&self.file, &self.path, self.salt, self.end, next)
    }

    /// Ends the segment behind the last durable record, durably, and gives its other blocks back.
    pub fn finish(&self, next: u64) -> Result<(), WalError> {
        finish(&self.file, &self.path, self.salt, self.end, next)
    }
}

/// Seals a segment at `end`, cuts off what follows and makes both durable.
pub(super) fn finish(
    file: &File,
    path: &Path,
    salt: u64,
    end: u64,
    next: u64,
) -> Result<(), WalError> {
    // Sealed before it is cut: within the file this needs no new block on a full disk.
    write_seal(file, path, salt, end, next)?;
    file.set_len(end + FRAME_HEADER_BYTES as u64)
        .and_then(|()| file.sync_all())
        .map_err(|error| WalError::io("cut off the end of", path, error))
}

fn write_seal(file: &File, path: &Path, salt: u64, end: u64, next: u64) -> Result<(), WalError> {
    let seal = format::encode_seal(salt, next);
    write_all_at(file, &mut [IoSlice::new(&seal)], end)
        .map_err(|error| WalError::io("write to", path, error))
}

/// Writes all `slices` at `offset`.
pub(super) fn write_all_at(
    file: &File,
    mut slices: &mut [IoSlice<'_>],
    mut offset: u64,
) -> io::Result<()> {
    // Empty slices in front would make a finished write look like one that got stuck.
    IoSlice::advance_slices(&mut slices, 0);
    while !slices.is_empty() {
        let now = &slices[..slices.len().min(MOST_SLICES)];
        match rustix::io::pwritev(file, now, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                offset += written as u64;
                IoSlice::advance_slices(&mut slices, written);
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
