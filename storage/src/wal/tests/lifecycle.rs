//! Open, replay, trim, recycle, close.

use super::*;

#[test]
fn reads_back_what_was_appended_over_many_segments_and_openings() {
    let dir = temp_dir();
    let settings = small(dir.path());
    let mut next = 1;
    for _ in 0..4 {
        let (wal, replay) = open(&settings);
        let (numbers, report) = replayed(&replay, 0).expect("replays");
        assert_eq!(numbers, (1..next).collect::<Vec<_>>());
        assert_eq!(report.records, next - 1);
        assert_eq!(replay.torn_tail(), None);
        let positions = append(&wal, next..next + 50);
        assert_eq!(positions, (next..next + 50).collect::<Vec<_>>());
        next += 50;
        assert_eq!(wal.last_position().get(), next - 1);
    }
    assert!(segment_files(dir.path()).len() > 4);
}

#[test]
fn replays_only_what_follows_and_tells_its_progress() {
    let dir = temp_dir();
    let settings = small(dir.path());
    let (wal, _) = open(&settings);
    append(&wal, 1..=100);
    drop(wal);
    let (_wal, replay) = open(&settings);
    for after in [0, 1, 57, 99, 100] {
        let (numbers, _) = replayed(&replay, after).expect("replays");
        assert_eq!(numbers, (after + 1..=100).collect::<Vec<_>>());
    }
    let mut seen = Vec::new();
    let on_record = |_, progress: ReplayProgress| {
        seen.push((progress.records, progress.records_total));
        assert!(progress.bytes <= progress.bytes_total);
        Ok::<_, WalError>(())
    };
    replay
        .run(WalPosition::new(90), on_record)
        .expect("replays");
    assert_eq!(seen, (1..=10).map(|i| (i, 10)).collect::<Vec<_>>());
    let behind = replayed(&replay, 101).expect_err("the log ends before");
    assert!(matches!(behind, WalError::BehindTable { .. }), "{behind}");
}

#[test]
fn trims_whole_segments_recycles_them_and_goes_on() {
    let dir = temp_dir();
    let settings = small(dir.path());
    let (wal, _) = open(&settings);
    append(&wal, 1..=200);
    let before = wal.stats();
    assert!(before.segments > 5 && before.disk_bytes >= 5 * settings.segment_bytes);
    assert_eq!(wal.trim(WalPosition::START).expect("trims"), 0);
    wal.trim(WalPosition::new(150)).expect("trims");
    let (numbers, _) = {
        let report = inspect(dir.path()).expect("inspects");
        assert!(report.segments[0].positions.expect("records").0.get() <= 151);
        replayed(
            &Replay::new(
                dir.path(),
                wal.id(),
                directory::list(dir.path()).expect("lists").segments,
                recovery::LogEnd {
                    next: 201,
                    torn_tail: None,
                },
                Salvage::Refuse,
            ),
            150,
        )
    }
    .expect("replays");
    assert_eq!(numbers, (151..=200).collect::<Vec<_>>());
    wal.trim(WalPosition::new(200)).expect("trims");
    assert_eq!(wal.stats().segments, 1, "the newest stays");

    // By now every new segment is a recycled one.
    append(&wal, 201..=400);
    wal.trim(WalPosition::new(380)).expect("trims");
    let id = wal.id();
    drop(wal);
    let (wal, replay) = open(&settings);
    assert_eq!(wal.id(), id);
    let (numbers, _) = replayed(&replay, 380).expect("replays");
    assert_eq!(numbers, (381..=400).collect::<Vec<_>>());
    let too_early = replayed(&replay, 300).expect_err("trimmed records are missing");
    assert!(too_early.to_string().contains("301 to"), "{too_early}");
    assert_eq!(append(&wal, [401]), [401]);
}

#[test]
fn positions_survive_a_log_that_is_trimmed_away_and_restarts() {
    let dir = temp_dir();
    let settings = small(dir.path());
    for round in 0..5 {
        let (wal, replay) = open(&settings);
        assert_eq!(replay.last().get(), round);
        wal.trim(replay.last()).expect("trims");
        append(&wal, [round + 1]);
        wal.trim(wal.last_position()).expect("trims");
        // A restart in which nothing happens changes nothing.
        drop(wal);
        drop(open(&settings));
    }
    let disk_bytes = open(&settings).0.stats().disk_bytes;
    assert!(disk_bytes <= 3 * settings.segment_bytes, "{disk_bytes}");
}

#[test]
fn two_logs_never_share_a_directory() {
    let dir = temp_dir();
    let settings = small(dir.path());
    let (wal, _) = open(&settings);
    let second = Wal::<()>::open(&settings, Salvage::Refuse, drop).expect_err("locked");
    assert!(matches!(second, WalError::Locked { .. }), "{second}");
    assert!(
        second.to_string().contains("in use by another process"),
        "{second}"
    );
    wal.close();
    drop(open(&settings));
}

#[test]
fn a_closed_log_refuses_and_what_waited_is_durable() {
    let dir = temp_dir();
    let settings = small(dir.path());
    let (wal, _) = open(&settings);
    let pending: Vec<_> = (1..=20)
        .map(|n| wal.append(1, body(n), ()).expect("room"))
        .collect();
    wal.close();
    wal.close();
    let refused = wal.append(1, body(21), ()).expect_err("closed");
    assert!(matches!(refused, WalError::Closed), "{refused}");
    for (position, pending) in (1..).zip(pending) {
        assert_eq!(block_on(pending).expect("durable").get(), position);
    }
    let (_wal, replay) = open(&settings);
    assert_eq!(replayed(&replay, 0).expect("replays").0.len(), 20);
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let dir = temp_dir();
    let check = |change: fn(&mut WalSettings), expect: &str| {
        let mut settings = small(dir.path());
        change(&mut settings);
        let error = Wal::<()>::open(&settings, Salvage::Refuse, drop).expect_err("refused");
        assert!(error.to_string().contains(expect), "{error}");
    };
    check(|s| s.segment_bytes = 10_000, "multiple of 4096");
    check(|s| s.max_record_bytes = 32 << 10, "does not fit a segment");
    check(|s| s.queue_bytes = 8 << 10, "at least one record");
}

#[test]
fn an_identity_is_never_made_up_for_existing_segments() {
    let dir = temp_dir();
    let settings = small(dir.path());
    let (wal, _) = open(&settings);
    append(&wal, [1]);
    drop(wal);
    std::fs::remove_file(dir.path().join("wal.id")).expect("removes");
    let error = Wal::<()>::open(&settings, Salvage::Skip, drop).expect_err("refused");
    assert!(matches!(error, WalError::Identity { .. }), "{error}");
}

#[test]
fn inspects_a_log_in_use() {
    let dir = temp_dir();
    let settings = small(dir.path());
    let (wal, _) = open(&settings);
    append(&wal, 1..=60);
    let report = inspect(dir.path()).expect("inspects");
    assert_eq!(report.wal_id, Some(wal.id()));
    assert_eq!(report.records, 60);
    assert_eq!(report.body_bytes, wal.stats().appended_bytes);
    assert!(
        report
            .segments
            .iter()
            .all(|s| s.state == SegmentState::Clean)
    );
    let last = report.segments.last().and_then(|s| s.positions);
    assert_eq!(last.map(|(_, last)| last.get()), Some(60));
}
