//! What goes into a commit and what comes of it.

use super::AddedFile;

/// A change of the table, to be made whole or not at all.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    pub(crate) operation: Operation,
    /// Files that are already durable under the table's root.
    pub(crate) adds: Vec<AddedFile>,
    /// Live files to drop from the table. The files themselves stay for the readers of older
    /// versions, until their retention is over.
    pub(crate) removes: Vec<AddedFile>,
    /// Committed at most once.
    pub(crate) app_transaction: Option<AppTransaction>,
    /// Now, milliseconds since 1970.
    pub(crate) time_ms: i64,
}

/// Why the table changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// New rows.
    Write,
    /// The same rows in other files, or their sums.
    Optimize,
}

/// How far an application has got: Delta keeps the last version of each application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AppTransaction {
    pub(crate) app_id: String,
    pub(crate) version: i64,
}

/// What came of a [`Commit`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "the commit may not have been written, and others may have changed the table"]
pub(crate) struct Committed {
    pub(crate) outcome: Outcome,
    /// The latest version of the table that is known now.
    pub(crate) version: u64,
    /// What other writers changed since the last report, up to that version. To be applied before
    /// the commit's own changes.
    pub(crate) foreign: Changes,
}

/// Whether a commit was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was, as the version beside.
    Written,
    /// The table already holds this app transaction, or a later one, from a commit whose success
    /// was never heard of. Nothing was written; the files that it added are in the foreign changes
    /// or were reported before, so the files of this commit are not part of the table.
    AlreadyCommitted,
    /// Another writer removed this file that the commit removes. Nothing was written; plan again.
    Conflict {
        /// The file's path.
        path: String,
    },
}

/// Files that came and went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Paths that are no longer live, to be dropped first.
    pub(crate) removed: Vec<String>,
    /// Files that are live now, in commit order.
    pub(crate) added: Vec<AddedFile>,
    /// The paths of those added files that hold rows which the table had in other files before.
    pub(crate) rewritten: Vec<String>,
}

impl Changes {
    /// Notes that `file`, which was not live, came after everything noted before.
    pub(super) fn add(&mut self, file: AddedFile) {
        self.added.push(file);
    }

    /// Whether all of these paths, of which there are some, are files that came since the last
    /// report and hold new rows.
    pub(super) fn are_new(&self, paths: &[String]) -> bool {
        let is_new = |path: &String| {
            self.added.iter().any(|file| file.path == *path) && !self.rewritten.contains(path)
        };
        !paths.is_empty() && paths.iter().all(is_new)
    }

    /// Notes that `path`, which was live, went after everything noted before.
    pub(super) fn remove(&mut self, path: &str) {
        let known = self.added.len();
        self.added.retain(|file| file.path != path);
        self.rewritten.retain(|rewritten| rewritten != path);
        if self.added.len() == known {
            self.removed.push(path.to_owned());
        }
    }
}
