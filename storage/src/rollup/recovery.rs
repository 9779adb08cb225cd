//! What is to be done at start, from the logs of the three tables.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::state::Pending;
use super::{PerTable, RollupFiles, RollupTable, Rollups};
use crate::data_file::{DataFile, FileMemory};
use crate::live::FileChange;
use crate::table::PastCommit;

/// What the tables' logs say.
pub(crate) struct Logs<'a> {
    /// The latest version of the table of spans.
    pub(crate) version: u64,
    /// Its live files.
    pub(crate) live: Arc<[Arc<DataFile>]>,
    /// What is remembered of its files.
    pub(crate) memory: &'a FileMemory,
    /// Its latest commits, oldest first; all since the older of the cursors, unless they are gone.
    pub(crate) history: Vec<PastCommit>,
    /// Through which version of it each table of figures tells of spans; none for a new table.
    pub(crate) cursors: PerTable<Option<u64>>,
    /// The live files of the tables of figures.
    pub(crate) files: RollupFiles,
}

impl Logs<'_> {
    /// Whether a table has rows, and does not say of which spans they tell.
    fn is_foreign(&self, table: RollupTable) -> bool {
        self.cursors.get(table).is_none() && !self.files.get(table).is_empty()
    }
}

/// What must be rolled up before anything else: for a table that is behind the other, or of which
/// nobody knows what it tells of.
#[derive(Debug)]
pub(crate) struct CatchUp {
    pub(crate) through: u64,
    pub(crate) tables: Vec<RollupTable>,
    /// The files to roll up.
    pub(crate) files: Vec<Arc<DataFile>>,
    /// The files that were rolled up before.
    pub(crate) earlier: Vec<Arc<DataFile>>,
    /// Whether the tables begin anew.
    pub(crate) replaces: bool,
}

/// The state to begin with. While a table has to catch up, nothing counts as rolled up.
pub(crate) fn recover(logs: &Logs<'_>) -> (Rollups, Option<CatchUp>) {
    let past = Past::new(logs);
    let next = |table| logs.cursors.get(table).map_or(0, |cursor| cursor + 1);
    let (known, lost): (Vec<_>, Vec<_>) = RollupTable::ALL
        .into_iter()
        .partition(|table| !logs.is_foreign(*table) && past.is_known_from(next(*table)));
    let first = known.iter().map(|table| next(*table)).min();
    let last = known.iter().map(|table| next(*table)).max();
    let after = last.unwrap_or(logs.version + 1);
    let through = after.saturating_sub(1);
    let catch_up = match (first, last) {
        _ if !lost.is_empty() => Some(CatchUp {
            through,
            tables: lost,
            files: past.files_before(after),
            earlier: Vec::new(),
            replaces: true,
        }),
        (Some(first), Some(last)) if first < last => Some(CatchUp {
            through,
            tables: known
                .into_iter()
                .filter(|table| next(*table) == first)
                .collect(),
            files: past.appended(first, last),
            earlier: past.files_before(first),
            replaces: false,
        }),
        _ => None,
    };
    let before = past.files_before(after);
    let mut rollups = match &catch_up {
        Some(_) => {
            let waiting = Pending {
                version: through,
                files: before,
            };
            Rollups::new(Arc::default(), vec![waiting], RollupFiles::default())
        }
        None => Rollups::new(before.into(), Vec::new(), logs.files.clone()),
    };
    for change in past.changes_from(after) {
        rollups.apply(&change);
    }
    (rollups, catch_up)
}

/// The table of spans as it was.
struct Past<'a> {
    logs: &'a Logs<'a>,
    /// Files that are live, or that the history names, by path.
    files: HashMap<&'a str, Arc<DataFile>>,
}

impl<'a> Past<'a> {
    fn new(logs: &'a Logs<'a>) -> Self {
        let mut files: HashMap<&str, Arc<DataFile>> = HashMap::new();
        for file in logs.live.iter() {
            files.insert(&file.added.path, Arc::clone(file));
        }
        // Additions first: they tell more of a file than its removal.
        let added = logs.history.iter().flat_map(|commit| &commit.added);
        let removed = logs.history.iter().flat_map(|commit| &commit.removed);
        for file in added.chain(removed) {
            let new = || logs.memory.file(file.clone());
            files.entry(&file.path).or_insert_with(new);
        }
        Self { logs, files }
    }

    /// Whether the history holds all commits from the version `first` on.
    fn is_known_from(&self, first: u64) -> bool {
        let latest = self.logs.version;
        let has_all = |oldest: &PastCommit| oldest.version <= first;
        first == latest + 1 || (first <= latest && self.logs.history.first().is_some_and(has_all))
    }

    fn commits_from(&self, first: u64) -> impl DoubleEndedIterator<Item = &'a PastCommit> {
        let commits = self.logs.history.iter();
        commits.filter(move |commit| commit.version >= first)
    }

    fn file(&self, path: &str) -> Option<Arc<DataFile>> {
        self.files.get(path).cloned()
    }

    /// The files that were live before the commit `version`.
    fn files_before(&self, version: u64) -> Vec<Arc<DataFile>> {
        let mut is_live: HashMap<&str, bool> = HashMap::new();
        for commit in self.commits_from(version).rev() {
            for file in &commit.added {
                is_live.insert(&file.path, false);
            }
            for file in &commit.removed {
                is_live.insert(&file.path, true);
            }
        }
        let paths = self.logs.live.iter().map(|file| file.added.path.as_str());
        let known: HashSet<&str> = paths.collect();
        let gone = self
            .commits_from(version)
            .flat_map(|commit| &commit.removed);
        let mut seen = HashSet::new();
        let gone = gone
            .map(|file| file.path.as_str())
            .filter(|path| !known.contains(path) && seen.insert(*path));
        let all = self.logs.live.iter().map(|file| file.added.path.as_str());
        all.chain(gone)
            .filter(|path| is_live.get(path).copied().unwrap_or(true))
            .filter_map(|path| self.file(path))
            .collect()
    }

    /// The files with new rows of the commits from `first` on and before `end`.
    fn appended(&self, first: u64, end: u64) -> Vec<Arc<DataFile>> {
        let changes = self.changes_from(first);
        let earlier = changes.into_iter().filter(|change| change.version < end);
        let fresh = earlier.flat_map(|change| {
            let rewritten: HashSet<String> = change.rewritten.into_iter().collect();
            let added = change.added.into_iter();
            added.filter(move |file| !rewritten.contains(&file.added.path))
        });
        fresh.collect()
    }

    /// What the commits from `first` on changed, one by one.
    fn changes_from(&self, first: u64) -> Vec<FileChange> {
        let before = self.files_before(first);
        let mut live: HashSet<String> = before.iter().map(|file| file.added.path.clone()).collect();
        let changes = self.commits_from(first).map(|commit| {
            let removed: Vec<String> = commit
                .removed
                .iter()
                .map(|file| file.path.clone())
                .collect();
            removed.iter().for_each(|path| {
                live.remove(path);
            });
            let mut change = FileChange {
                version: commit.version,
                removed,
                ..FileChange::default()
            };
            for file in &commit.added {
                if !live.insert(file.path.clone()) || !commit.is_append {
                    change.rewritten.push(file.path.clone());
                }
                change.added.extend(self.file(&file.path));
            }
            change
        });
        changes.collect()
    }
}
