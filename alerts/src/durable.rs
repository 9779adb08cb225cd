//! Small files that are replaced whole: after a crash at any moment there is the old one or the new.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What has just been done of replacing a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The temporary file is there, and empty.
    Created,
    /// It has its content, perhaps not on the disk.
    Written,
    /// Its content is on the disk.
    Synced,
    /// It has the file's name, perhaps not on the disk.
    Renamed,
}

/// Replaces a file by one with this content, which is on the disk afterwards.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    replace_observed(path, content, |_| Ok(()))
}

/// [`replace`], which stops where the observer fails.
fn replace_observed(
    path: &Path,
    content: &[u8],
    mut after: impl FnMut(Step) -> io::Result<()>,
) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let temporary = path.with_extension("tmp");
    let mut file = File::create(&temporary)?;
    after(Step::Created)?;
    file.write_all(content)?;
    after(Step::Written)?;
    file.sync_all()?;
    after(Step::Synced)?;
    fs::rename(&temporary, path)?;
    after(Step::Renamed)?;
    // The new name is durable once its directory is.
    Ok(rustix::fs::fsync(File::open(directory)?)?)
}

/// Writes a value as JSON with line breaks.
pub(crate) fn json(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    Ok(text)
}

/// Reads a value from JSON; none when there is no file.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_at_any_step_leaves_the_old_or_the_new() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("state.json");
        let crash = |at: Step, content: &[u8]| {
            let crashed = replace_observed(&path, content, |step| match step == at {
                true => Err(io::Error::other("crash")),
                false => Ok(()),
            });
            assert!(crashed.is_err(), "{at:?}");
        };
        crash(Step::Created, b"1");
        assert!(read::<u8>(&path).expect("readable").is_none());

        replace(&path, b"1").expect("replaced");
        for (at, expect) in [
            (Step::Created, 1),
            (Step::Written, 1),
            (Step::Synced, 1),
            (Step::Renamed, 2),
        ] {
            replace(&path, b"1").expect("replaced");
            crash(at, b"2");
            assert_eq!(read(&path).expect("readable"), Some(expect), "{at:?}");
        }
        replace(&path, b"3").expect("what a crash left is no obstacle");
        assert_eq!(read(&path).expect("readable"), Some(3));
    }
}
