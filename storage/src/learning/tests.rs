use std::collections::BTreeSet;

use object_store::ObjectStoreExt;
use schemas::TraceId;

use super::*;
use crate::data_file::Operation;
use crate::scan::tests::{Place, Sample, World, trace_id};

fn sample(trace: u8, name: &'static str) -> Sample {
    Sample {
        trace,
        name,
        ..Sample::default()
    }
}

fn names(operations: &BTreeSet<Operation>) -> Vec<&str> {
    operations.iter().map(|each| each.name.as_str()).collect()
}

#[tokio::test]
async fn traces_and_operations_of_files_are_known_afterwards() {
    let file = Place::SPLIT_FILE;
    let world = World::new(&[
        (file, vec![sample(3, "a"), sample(1, "b"), sample(3, "a")]),
        (file, vec![sample(2, "b")]),
    ])
    .await;
    let files = &world.snapshot.files;
    assert!(files.iter().all(|file| file.trace_filter().is_none()));
    learn(files, &world.objects).await;
    for (file, traces, operations) in [
        (&files[0], vec![1, 3], vec!["a", "b"]),
        (&files[1], vec![2], vec!["b"]),
    ] {
        let filter = file.trace_filter().expect("noted");
        let traces: Vec<TraceId> = traces.into_iter().map(trace_id).collect();
        assert_eq!(&filter.possible(&traces)[..], &traces[..]);
        assert!(filter.possible(&[trace_id(200)]).is_empty());
        let numbers = file.operations.get().expect("known");
        assert_eq!(
            names(&world.objects.files.operations.of(numbers)),
            operations
        );
        // Nothing is read again.
        world.store.delete(&file.path()).await.expect("deletes");
        let again = learn_operations(file, &world.objects).await;
        again.expect("the operations are known");
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_does_not_keep_others_from_being_known() {
    let file = Place::SPLIT_FILE;
    let samples = [(file, vec![sample(1, "a")]), (file, vec![sample(2, "b")])];
    let world = World::new(&samples).await;
    let files = &world.snapshot.files;
    world.store.delete(&files[1].path()).await.expect("deletes");
    learn(files, &world.objects).await;
    assert!(files[0].trace_filter().is_some());
    assert!(files[1].trace_filter().is_none());
    let gone = learn_operations(&files[1], &world.objects).await;
    let message = gone.expect_err("the file is gone").to_string();
    assert!(message.contains(&files[1].added.path), "{message}");
}
