//! That nothing shows before it is whole, and that failures name what failed.

use std::fs;

use futures::TryStreamExt;
use object_store::{ObjectStoreExt, PutPayload};
use tempfile::TempDir;

use super::*;

const NOW_MS: i64 = 4_000_000_000_000;

fn open() -> (TempDir, DurableLocal) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = DurableLocal::open(&dir.path().join("a/b"), NOW_MS).expect("opens");
    (dir, store)
}

fn path(text: &str) -> Path {
    Path::from(text)
}

/// Every name under the directory.
fn names(store: &DurableLocal) -> Vec<String> {
    let mut names = Vec::new();
    let mut directories = vec![store.root.clone()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).expect("a directory") {
            let found = entry.expect("an entry").path();
            if found.is_dir() {
                directories.push(found);
            } else {
                names.push(
                    found
                        .strip_prefix(&store.root)
                        .expect("inside")
                        .display()
                        .to_string(),
                );
            }
        }
    }
    names.sort();
    names
}

async fn read(store: &DurableLocal, location: &str) -> Bytes {
    store
        .get(&path(location))
        .await
        .expect("exists")
        .bytes()
        .await
        .expect("reads")
}

#[tokio::test]
async fn a_file_is_put_whole_and_only_once_where_it_must_be_absent() {
    let (_dir, store) = open();
    let log_entry = path("log/0.json");
    let create =
        |text: &'static str| store.put_opts(&log_entry, text.into(), PutMode::Create.into());
    create("first").await.expect("put");
    let error = create("second").await.expect_err("exists");
    assert!(
        matches!(error, object_store::Error::AlreadyExists { .. }),
        "{error}"
    );
    assert_eq!(read(&store, "log/0.json").await, "first");
    store
        .put(&path("log/0.json"), "third".into())
        .await
        .expect("replaces");
    assert_eq!(read(&store, "log/0.json").await, "third");
    assert_eq!(names(&store), ["log/0.json"]);
}

#[tokio::test]
async fn parts_make_a_file_once_complete() {
    let (_dir, store) = open();
    let mut upload = store
        .put_multipart(&path("x/part.parquet"))
        .await
        .expect("starts");
    let first = upload.put_part(PutPayload::from_iter([
        Bytes::from("one "),
        Bytes::from("two "),
    ]));
    let second = upload.put_part("three".into());
    second.await.expect("written");
    first.await.expect("written");
    let listed: Vec<_> = store.list(None).try_collect().await.expect("lists");
    assert_eq!(listed, []);
    upload.complete().await.expect("completes");
    assert_eq!(read(&store, "x/part.parquet").await, "one two three");
    upload.put_part("four".into()).await.expect_err("over");

    let mut aborted = store
        .put_multipart(&path("x/aborted.parquet"))
        .await
        .expect("starts");
    aborted.put_part("x".into()).await.expect("written");
    aborted.abort().await.expect("aborts");
    drop(
        store
            .put_multipart(&path("x/dropped.parquet"))
            .await
            .expect("starts"),
    );
    assert_eq!(names(&store), ["x/part.parquet"]);
}

#[tokio::test]
async fn what_was_left_half_written_is_hidden_and_removed_once_old() {
    let (_dir, store) = open();
    store
        .put(&path("log/0.json"), "whole".into())
        .await
        .expect("put");
    fs::write(store.root.join("log/1.json#123"), "ha").expect("writes");
    fs::write(store.root.join("log/note#1b"), "not ours").expect("writes");
    let listed: Vec<_> = store
        .list(None)
        .map_ok(|meta| meta.location)
        .try_collect()
        .await
        .expect("lists");
    assert!(!listed.contains(&path("log/1.json#123")), "{listed:?}");

    DurableLocal::open(&store.root, 0).expect("opens");
    assert_eq!(
        names(&store),
        ["log/0.json", "log/1.json#123", "log/note#1b"]
    );
    DurableLocal::open(&store.root, NOW_MS).expect("opens");
    assert_eq!(names(&store), ["log/0.json", "log/note#1b"]);
}

#[tokio::test]
async fn failures_name_the_path_and_the_cause() {
    let (dir, store) = open();
    fs::write(store.root.join("file"), "").expect("writes");
    let error = store
        .put(&path("file/0.json"), "x".into())
        .await
        .expect_err("no directory");
    let text = error.to_string();
    assert!(
        text.contains("b/file") && text.contains("Not a directory"),
        "{text}"
    );

    fs::write(dir.path().join("plain"), "").expect("writes");
    let error =
        DurableLocal::open(&dir.path().join("plain/spans"), NOW_MS).expect_err("no directory");
    assert!(
        matches!(error, StorageError::Unavailable { .. }),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("plain/spans: Not a directory"),
        "{error}"
    );
}
