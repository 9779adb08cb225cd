use std::fs::File;
use std::sync::Mutex;

use bytes::Bytes;
use futures::executor::block_on;
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::super::queue::PendingAppend;
use super::super::{Replay, Salvage, Wal, WalSettings, directory, format};
use super::*;

const SEGMENT_BYTES: u64 = 64 << 10;

/// A writer driven by hand, so that its segment can be made to fail.
struct Bench {
    dir: TempDir,
    writer: Writer<u64>,
    durable: Arc<Mutex<Vec<(u64, u64)>>>,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let wal_id = directory::read_or_create_id(dir.path(), false).expect("a new log");
        let spares = Spares::new(dir.path(), SEGMENT_BYTES, Vec::new()).expect("no spares");
        let spares = Arc::new(spares);
        spares.start().expect("a thread");
        let durable = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&durable);
        let writer = Writer {
            dir: dir.path().to_owned(),
            wal_id,
            group_bytes: 1 << 20,
            queue: Arc::new(Queue::new(Load {
                bytes: 1 << 20,
                records: 100,
            })),
            spares,
            segments: Arc::new(Segments::new(dir.path(), Vec::new())),
            counters: Arc::new(Counters::default()),
            on_durable: Box::new(move |group| {
                let mut durable = sink.lock().expect("no panic");
                durable.extend(group.iter().map(|(position, item)| (position.get(), *item)));
            }),
            next: 1,
            active: None,
            is_failing: false,
        };
        Self {
            dir,
            writer,
            durable,
        }
    }

    /// Writes one group of records with these items.
    fn group(&mut self, items: &[u64]) -> Vec<Result<u64, WalError>> {
        let append = |item: &u64| {
            let (reply, pending) = oneshot::channel();
            let record = Record {
                encoding: 1,
                body: Bytes::copy_from_slice(&item.to_le_bytes()),
            };
            let request = Request {
                record,
                item: *item,
                reply,
            };
            self.writer.queue.push(request).expect("room");
            PendingAppend(pending)
        };
        let pending: Vec<_> = items.iter().map(append).collect();
        let first_bytes = self.writer.queue.wait().expect("a request");
        self.writer.step(first_bytes);
        let outcome = |pending: PendingAppend| block_on(pending).map(WalPosition::get);
        pending.into_iter().map(outcome).collect()
    }

    fn break_segment(&mut self, file: File) -> File {
        let active = self.writer.active.as_mut().expect("a segment");
        std::mem::replace(&mut active.file, file)
    }

    fn durable(&self) -> Vec<(u64, u64)> {
        self.durable.lock().expect("no panic").clone()
    }

    fn segment_path(&self) -> PathBuf {
        directory::list(self.dir.path()).expect("lists").segments[0]
            .path
            .clone()
    }

    /// What a fresh log reads from the directory: position and item.
    fn reopened(self) -> Vec<(u64, u64)> {
        self.writer.spares.stop();
        let (_wal, replay) = self.open_another().expect("opens");
        let mut read = Vec::new();
        replay
            .run(WalPosition::START, |record, _| {
                let item = record.body[..].try_into().map(u64::from_le_bytes);
                read.push((record.position.get(), item.expect("eight bytes")));
                Ok::<_, WalError>(())
            })
            .expect("replays");
        read
    }
}

impl Bench {
    /// Opens the directory as a process would that follows this one.
    fn open_another(&self) -> Result<(Wal<()>, Replay), WalError> {
        let mut settings = WalSettings::new(self.dir.path());
        settings.segment_bytes = SEGMENT_BYTES;
        settings.max_record_bytes = 1 << 10;
        Wal::open(&settings, Salvage::Refuse, drop)
    }
}

#[track_caller]
fn assert_failed(outcomes: &[Result<u64, WalError>], expect: &str) {
    for outcome in outcomes {
        let error = outcome.as_ref().expect_err("the group failed").to_string();
        assert!(error.contains(expect), "{error}");
    }
}

#[test]
fn a_failed_write_fails_its_group_and_the_next_group_starts_a_segment() {
    let mut bench = Bench::new();
    assert!(bench.group(&[10, 11]).iter().all(Result::is_ok));
    let read_only = File::open(bench.segment_path()).expect("opens");
    drop(bench.break_segment(read_only));
    assert_failed(&bench.group(&[12, 13]), "cannot write to");
    assert_eq!(bench.writer.queue.load(), Load::default());
    let outcomes = bench.group(&[14]);
    assert_eq!(outcomes[0].as_ref().ok(), Some(&3));
    let expect = [(1, 10), (2, 11), (3, 14)];
    assert_eq!(bench.durable(), expect);
    assert_eq!(bench.writer.segments.count(), 2);
    assert_eq!(bench.reopened(), expect);
}

#[test]
fn after_a_failed_sync_the_segment_is_never_used_again() {
    let mut bench = Bench::new();
    assert!(bench.group(&[10]).iter().all(Result::is_ok));
    // It takes every write, and fdatasync refuses it.
    let null = File::options()
        .write(true)
        .open("/dev/null")
        .expect("opens");
    let segment = bench.break_segment(null);
    assert_failed(&bench.group(&[11, 12]), "cannot sync");
    assert!(bench.writer.active.is_none());
    // What of the group reached the file must not come back after the position is used again.
    let bytes = std::fs::read(bench.segment_path()).expect("reads");
    let salt = format::SegmentHeader::decode(&bytes)
        .expect("a header")
        .salt;
    let end = format::HEADER_BYTES + format::frame_bytes(8);
    let body = 11_u64.to_le_bytes();
    let start = format::encode_frame_start(salt, 2, 2, 1, &body);
    let mut slices = [std::io::IoSlice::new(&start), std::io::IoSlice::new(&body)];
    crate::wal::active_segment::write_all_at(&segment, &mut slices, end).expect("writes");

    assert_eq!(bench.group(&[14])[0].as_ref().ok(), Some(&2));
    assert_eq!(bench.reopened(), [(1, 10), (2, 14)]);
}

#[test]
fn a_segment_that_failed_before_its_first_group_is_replaced() {
    let mut bench = Bench::new();
    bench.writer.begin_segment().expect("begins");
    let null = File::options()
        .write(true)
        .open("/dev/null")
        .expect("opens");
    drop(bench.break_segment(null));
    assert_failed(&bench.group(&[10]), "cannot sync");
    assert_eq!(bench.group(&[11])[0].as_ref().ok(), Some(&1));
    assert_eq!(bench.writer.segments.count(), 1);
    assert_eq!(bench.reopened(), [(1, 11)]);
}

#[test]
fn damage_to_an_idle_logs_last_group_is_no_torn_tail() {
    let mut bench = Bench::new();
    assert!(bench.group(&[10, 11]).iter().all(Result::is_ok));
    bench.writer.seal();
    let path = bench.segment_path();
    let mut bytes = std::fs::read(&path).expect("reads");
    bytes[format::HEADER_BYTES as usize + 30] ^= 1;
    std::fs::write(&path, bytes).expect("writes");
    let error = bench
        .open_another()
        .expect_err("the group was acknowledged");
    assert!(matches!(error, WalError::Corrupt(_)), "{error}");
}
