//! Data of other projects, in the folder that `SPANHOUSE_FIXTURES` names.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folder, or a word on standard error that what needs it is not tested.
pub(crate) fn fixtures() -> Option<PathBuf> {
    let fixtures = std::env::var_os("SPANHOUSE_FIXTURES").map(PathBuf::from);
    if fixtures.is_none() {
        eprintln!("NOT TESTED: SPANHOUSE_FIXTURES does not name the fixtures");
    }
    fixtures
}

/// A file of it.
pub(crate) fn read_json(path: &Path) -> Value {
    let text =
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}
