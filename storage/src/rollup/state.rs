//! Which files of spans are rolled up, and the figures that tell of them.

use std::collections::HashSet;
use std::sync::Arc;

use super::RollupFiles;
use crate::data_file::DataFile;
use crate::live::FileChange;

/// What readers see of rollups; changes as one with the list of files.
#[derive(Debug, Default)]
pub(crate) struct Rollups {
    /// The files of spans that the rows tell of.
    rolled: Arc<[Arc<DataFile>]>,
    /// The files that they do not tell of yet, oldest commits first.
    pending: Vec<Pending>,
    /// Files that other engines wrote again, while not all of them were rolled up.
    deferred: FileChange,
    /// The rows.
    pub(crate) files: RollupFiles,
}

/// The files that came with one version of the table of spans.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) version: u64,
    pub(crate) files: Vec<Arc<DataFile>>,
}

impl Rollups {
    pub(crate) fn new(
        rolled: Arc<[Arc<DataFile>]>,
        pending: Vec<Pending>,
        files: RollupFiles,
    ) -> Self {
        Self {
            rolled,
            pending,
            deferred: FileChange::default(),
            files,
        }
    }

    /// The files that are rolled up.
    pub(crate) fn rolled(&self) -> Arc<[Arc<DataFile>]> {
        Arc::clone(&self.rolled)
    }

    /// What is to be rolled up.
    pub(crate) fn pending(&self) -> &[Pending] {
        &self.pending
    }

    /// The files that are not rolled up.
    pub(crate) fn unrolled(&self) -> Arc<[Arc<DataFile>]> {
        self.pending
            .iter()
            .flat_map(|pending| pending.files.iter().cloned())
            .collect()
    }

    /// Follows a change of the table of spans. Files with new rows wait to be rolled up; true when
    /// there are any.
    pub(crate) fn apply(&mut self, change: &FileChange) -> bool {
        let rewritten: HashSet<&String> = change.rewritten.iter().collect();
        let (again, fresh): (Vec<_>, Vec<_>) = change
            .added
            .iter()
            .cloned()
            .partition(|file| rewritten.contains(&file.added.path));
        if !again.is_empty() || !change.removed.is_empty() {
            let removed: HashSet<&String> = change.removed.iter().collect();
            self.deferred
                .added
                .retain(|file| !removed.contains(&file.added.path));
            self.deferred.added.extend(again);
            self.deferred.removed.extend(change.removed.iter().cloned());
        }
        let has_fresh = !fresh.is_empty();
        if has_fresh {
            self.pending.push(Pending {
                version: change.version,
                files: fresh,
            });
        }
        self.settle();
        has_fresh
    }

    /// The commits through `version` are rolled up now, and these are the rows.
    pub(crate) fn rolled_up(&mut self, version: u64, files: RollupFiles) {
        let (done, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|pending| pending.version <= version);
        let done = done.into_iter().flat_map(|pending| pending.files);
        self.rolled = self.rolled.iter().cloned().chain(done).collect();
        self.pending = waiting;
        self.files = files;
        self.settle();
    }

    /// Takes over files that were written again, once their rows are either all rolled up or all
    /// not. Until then the old files, which other engines keep for days, stand for them.
    fn settle(&mut self) {
        let removed: HashSet<&String> = self.deferred.removed.iter().collect();
        let mut waiting = self.pending.iter().flat_map(|pending| &pending.files);
        let is_mixed = waiting.any(|file| removed.contains(&file.added.path));
        if is_mixed || (removed.is_empty() && self.deferred.added.is_empty()) {
            return;
        }
        let kept = self
            .rolled
            .iter()
            .filter(|file| !removed.contains(&file.added.path));
        self.rolled = kept.chain(&self.deferred.added).cloned().collect();
        self.deferred = FileChange::default();
    }
}
