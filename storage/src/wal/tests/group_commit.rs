//! Many appends at once: one sync for many, log order, bounds.

use std::sync::mpsc;
use std::time::Instant;

use super::*;

#[test]
fn many_waiting_appends_share_a_sync_and_reach_the_sink_in_log_order() {
    let dir = temp_dir();
    let durable = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&durable);
    let on_durable = move |group: Vec<(WalPosition, u64)>| {
        sink.lock().expect("no panic").extend(group);
    };
    let mut settings = small(dir.path());
    settings.segment_bytes = 1 << 20;
    let (wal, _) = Wal::open(&settings, Salvage::Refuse, on_durable).expect("opens");
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (wal, durable) = (&wal, &durable);
            scope.spawn(move || {
                let pending: Vec<_> = (0..50)
                    .map(|i| wal.append(1, body(i), thread * 50 + i).expect("room"))
                    .collect();
                for (i, pending) in (0..).zip(pending) {
                    let position = block_on(pending).expect("durable");
                    let durable = durable.lock().expect("no panic");
                    assert!(
                        durable.contains(&(position, thread * 50 + i)),
                        "before the ack"
                    );
                }
            });
        }
    });
    let stats = wal.stats();
    assert_eq!(
        (
            stats.appended_records,
            stats.queued_records,
            stats.queued_bytes
        ),
        (400, 0, 0)
    );
    assert!(stats.groups < 200, "{stats:?}");
    let durable = durable.lock().expect("no panic");
    let positions: Vec<u64> = durable.iter().map(|(position, _)| position.get()).collect();
    assert_eq!(positions, (1..=400).collect::<Vec<_>>());
}

#[test]
fn a_full_queue_refuses_at_once() {
    let dir = temp_dir();
    let (entered, is_entered) = mpsc::sync_channel(0);
    let (release, is_released) = mpsc::sync_channel::<()>(0);
    // The sink holds the writer until the test drops `release`.
    let on_durable = move |_| {
        entered.send(()).ok();
        is_released.recv().ok();
    };
    let mut settings = small(dir.path());
    settings.queue_bytes = 16 << 10;
    let (wal, _) = Wal::open(&settings, Salvage::Refuse, on_durable).expect("opens");
    let mut waiting = vec![wal.append(1, body(1), ()).expect("room")];
    is_entered.recv().expect("the writer runs");
    let busy = loop {
        match wal.append(1, Bytes::from(vec![0; 1000]), ()) {
            Ok(pending) => waiting.push(pending),
            Err(error) => break error,
        }
    };
    let WalError::Busy {
        queued_bytes,
        queued_records,
    } = busy
    else {
        panic!("{busy}");
    };
    assert!(queued_bytes <= settings.queue_bytes, "{queued_bytes}");
    assert_eq!(queued_records, waiting.len());
    let too_large = wal
        .append(1, Bytes::from(vec![0; 9 << 10]), ())
        .expect_err("too large");
    assert!(
        matches!(too_large, WalError::TooLarge { .. }),
        "{too_large}"
    );
    drop((release, is_entered));
    for pending in waiting {
        block_on(pending).expect("durable");
    }
    assert_eq!(wal.stats().queued_bytes, 0);
}

#[test]
fn a_panicking_sink_tells_the_waiters() {
    let dir = temp_dir();
    let settings = small(dir.path());
    let on_durable = |_: Vec<(WalPosition, ())>| panic!("a sink that panics");
    let (wal, _) = Wal::open(&settings, Salvage::Refuse, on_durable).expect("opens");
    let pending = wal.append(1, body(1), ()).expect("room");
    assert!(matches!(block_on(pending), Err(WalError::Closed)));
    wal.close();
    // The record was durable before the sink saw it.
    let (_wal, replay) = open(&settings);
    assert_eq!(replayed(&replay, 0).expect("replays").0, [1]);
}

#[test]
fn large_appends_run_near_the_speed_of_the_disk() {
    let dir = temp_dir();
    let (wal, _) = open(&WalSettings::new(dir.path()));
    let body = Bytes::from(
        (0..400_000_u32)
            .map(|i| (i.wrapping_mul(2_654_435_761) >> 7) as u8)
            .collect::<Vec<_>>(),
    );
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..40 {
                    let pending = wal.append(1, body.clone(), ()).expect("room");
                    block_on(pending).expect("durable");
                }
            });
        }
    });
    let stats = wal.stats();
    let megabytes_per_second = stats.appended_bytes as f64 / 1e6 / began.elapsed().as_secs_f64();
    // Far below what is measured, so that a busy machine does not fail it.
    assert!(
        megabytes_per_second > 20.0,
        "{megabytes_per_second:.0} MB/s, {stats:?}"
    );
    if std::env::var_os("WAL_SPEED").is_some() {
        eprintln!("{megabytes_per_second:.0} MB/s, {stats:?}");
    }
}
