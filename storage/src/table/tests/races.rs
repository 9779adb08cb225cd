//! Several writers on one table.

use super::*;

/// A commit that met others' changes.
fn after(foreign: Changes, version: u64) -> Committed {
    Committed {
        foreign,
        ..written(version)
    }
}

fn added(files: impl IntoIterator<Item = AddedFile>) -> Changes {
    Changes {
        added: files.into_iter().collect(),
        ..Changes::default()
    }
}

#[tokio::test]
async fn the_slower_writer_takes_the_next_version_and_learns_of_the_other() {
    let store = in_memory();
    let (mut ours, _) = open(&store).await;
    let (mut theirs, _) = open(&store).await;
    assert_eq!(
        commit(&mut theirs, write_as("theirs", 1, [file(1)])).await,
        written(1)
    );
    assert_eq!(
        commit(&mut theirs, write_as("theirs", 2, [file(2)])).await,
        written(2)
    );
    let met = commit(&mut ours, write_as("ours", 1, [file(3)])).await;
    assert_eq!(met, after(added([file(1), file(2)]), 3));
    assert_eq!(
        theirs.refresh(NOW_MS).await.expect("reads"),
        added([file(3)])
    );
    assert_eq!(
        commit(&mut theirs, write_as("theirs", 3, [file(4)])).await,
        written(4)
    );
    let (log, state) = open(&store).await;
    assert_eq!(
        (state.version, state.files),
        (4, vec![file(1), file(2), file(3), file(4)])
    );
    assert_eq!(
        (log.app_transaction("ours"), log.app_transaction("theirs")),
        (Some(1), Some(3))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_writers_of_a_directory_lose_nothing() {
    const COMMITS: u64 = 40;
    let dir = tempfile::tempdir().expect("a temporary directory");
    let opened = || -> Arc<dyn ObjectStore> {
        Arc::new(DurableLocal::open(dir.path(), NOW_MS).expect("opens"))
    };
    let writer = async |number: u64| {
        let (mut log, state) = open(&opened()).await;
        let mut versions = Vec::new();
        // The other writer may have begun already.
        let mut known = state.files;
        for index in 0..COMMITS {
            let own = file(1000 * number + index);
            let app_id = format!("writer {number}");
            let committed = commit(&mut log, write_as(&app_id, index as i64, [own.clone()])).await;
            assert_eq!(committed.outcome, Outcome::Written);
            versions.push(committed.version);
            known.extend(committed.foreign.added);
            known.push(own);
        }
        (log, versions, known)
    };
    let (one, two) = tokio::join!(writer(1), writer(2));
    let mut versions = [one.1, two.1].concat();
    versions.sort_unstable();
    assert_eq!(versions, (1..=2 * COMMITS).collect::<Vec<_>>());

    let (_, state) = open(&opened()).await;
    let expected: Vec<_> = [1, 2]
        .into_iter()
        .flat_map(|n| (0..COMMITS).map(move |i| file(1000 * n + i)))
        .collect();
    assert!(
        state.files == expected,
        "{} of {} files",
        state.files.len(),
        expected.len()
    );
    for (mut log, mut known) in [(one.0, one.2), (two.0, two.2)] {
        known.extend(log.refresh(NOW_MS).await.expect("reads").added);
        known.sort_by_key(|file| file.modification_time_ms);
        assert!(
            known == expected,
            "{} of {} files",
            known.len(),
            expected.len()
        );
    }
}

#[tokio::test]
async fn a_file_is_removed_once() {
    let store = in_memory();
    let (mut ours, _) = open(&store).await;
    assert_eq!(
        commit(&mut ours, write([file(1), file(2), file(3)])).await,
        written(1)
    );
    let (mut theirs, _) = open(&store).await;
    assert_eq!(
        commit(&mut theirs, replace([file(1), file(2)], [file(4)])).await,
        written(2)
    );

    let conflict = |version, foreign| Committed {
        outcome: Outcome::Conflict { path: file(2).path },
        ..after(foreign, version)
    };
    let compacted = Changes {
        removed: vec![file(1).path, file(2).path],
        added: vec![file(4)],
        rewritten: vec![file(4).path],
    };
    let refused = commit(&mut ours, replace([file(2), file(3)], [file(5)])).await;
    assert_eq!(refused, conflict(2, compacted));
    let again = commit(&mut ours, replace([file(2), file(3)], [file(5)])).await;
    assert_eq!(again, conflict(2, Changes::default()));
    assert_eq!(
        commit(&mut ours, replace([file(4), file(3)], [file(5)])).await,
        written(3)
    );
    assert_eq!(open(&store).await.1.files, [file(5)]);
}

#[tokio::test]
async fn changes_that_cancel_out_are_reported_so() {
    let store = in_memory();
    let (mut ours, _) = open(&store).await;
    assert_eq!(commit(&mut ours, write([file(1)])).await, written(1));
    let (mut theirs, _) = open(&store).await;
    assert_eq!(commit(&mut theirs, write([file(2)])).await, written(2));
    assert_eq!(
        commit(&mut theirs, replace([file(2)], [file(3)])).await,
        written(3)
    );
    // An engine may add a live file anew, to write better statistics.
    let restated = AddedFile {
        rows: Some(77),
        ..file(1)
    };
    assert_eq!(
        commit(&mut theirs, write([restated.clone()])).await,
        written(4)
    );
    let expected = Changes {
        removed: vec![file(1).path],
        added: vec![file(3), restated],
        rewritten: vec![file(1).path],
    };
    assert_eq!(ours.refresh(NOW_MS).await.expect("reads"), expected);
    assert_eq!(
        ours.refresh(NOW_MS).await.expect("reads"),
        Changes::default()
    );
}

#[tokio::test]
async fn a_transaction_is_committed_once() {
    let store = in_memory();
    let (mut log, _) = open(&store).await;
    assert_eq!(
        commit(&mut log, write_as("wal", 5, [file(1)])).await,
        written(1)
    );
    let already = |version, foreign| Committed {
        outcome: Outcome::AlreadyCommitted,
        ..after(foreign, version)
    };
    for version in [5, 4] {
        let again = commit(&mut log, write_as("wal", version, [file(2)])).await;
        assert_eq!(again, already(1, Changes::default()));
    }
    // The same after a restart, and by a process that has not looked since.
    let (mut stale, _) = open(&store).await;
    assert_eq!(
        commit(&mut log, write_as("wal", 6, [file(3)])).await,
        written(2)
    );
    assert_eq!(
        commit(&mut stale, write_as("wal", 6, [file(4)])).await,
        already(2, added([file(3)]))
    );
    let (mut reopened, _) = open(&store).await;
    assert_eq!(
        commit(&mut reopened, write_as("wal", 6, [file(4)])).await,
        already(2, Changes::default())
    );
    assert_eq!(open(&store).await.1.files, [file(1), file(3)]);
}

#[tokio::test]
async fn a_second_process_with_the_same_log_is_found_out() {
    let store = in_memory();
    let (mut ours, _) = open(&store).await;
    let (mut theirs, _) = open(&store).await;
    assert_eq!(
        commit(&mut theirs, write_as("wal", 5, [file(1)])).await,
        written(1)
    );
    let error = ours
        .commit(write_as("wal", 6, [file(2)]))
        .await
        .expect_err("not alone");
    assert!(
        matches!(error, StorageError::Incompatible { .. }),
        "{error:?}"
    );
    assert_eq!(open(&store).await.1.files, [file(1)]);
}
