//! Sums of rows of `red` by what tells them apart, at one step.

use std::collections::HashMap;

use crate::red::Cell;

/// What tells rows apart, but for the step and the bucket; in the order in which rows are sorted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RedGroup {
    pub(super) service: Option<String>,
    pub(super) name: Option<String>,
    pub(super) kind: i8,
    pub(super) status_code: i8,
    pub(super) instance: Option<String>,
    pub(super) version: Option<String>,
    pub(super) zone: Option<String>,
}

impl RedGroup {
    /// The group of the total rows that it adds to.
    pub(super) fn total(&self) -> Self {
        Self {
            service: self.service.clone(),
            name: None,
            kind: self.kind,
            status_code: self.status_code,
            instance: None,
            version: None,
            zone: None,
        }
    }
}

/// Groups by number.
#[derive(Debug, Default)]
pub(super) struct RedGroups {
    groups: Vec<RedGroup>,
    numbers: HashMap<RedGroup, u32>,
}

impl RedGroups {
    pub(super) fn number_of(&mut self, group: RedGroup) -> u32 {
        if let Some(number) = self.numbers.get(&group) {
            return *number;
        }
        let number = u32::try_from(self.groups.len()).expect("fewer groups than spans in memory");
        self.groups.push(group.clone());
        self.numbers.insert(group, number);
        number
    }

    /// The groups in order, and the place in it of each number.
    pub(super) fn ranked(self) -> (Vec<RedGroup>, Vec<u32>) {
        let mut groups: Vec<(RedGroup, usize)> = self.groups.into_iter().zip(0..).collect();
        groups.sort_unstable();
        let mut ranks = vec![0; groups.len()];
        for (rank, (_, number)) in (0..).zip(&groups) {
            ranks[*number] = rank;
        }
        let groups = groups.into_iter().map(|(group, _)| group);
        (groups.collect(), ranks)
    }
}

/// Sums in no order. Buckets are given by their starts.
#[derive(Debug, Default)]
pub(super) struct RedSums {
    pub(super) groups: RedGroups,
    cells: HashMap<(u32, i64), Cell>,
}

/// A cell by the position of its group, and the start of its bucket.
type PlacedCell = ((u32, i64), Cell);

impl RedSums {
    pub(super) fn cell(&mut self, group: u32, bucket: i64) -> &mut Cell {
        self.cells.entry((group, bucket)).or_default()
    }

    /// The groups in order, and the cells by place of their group and bucket.
    pub(super) fn sorted(self) -> (Vec<RedGroup>, Vec<PlacedCell>) {
        let (groups, ranks) = self.groups.ranked();
        let rank = |((group, bucket), cell)| ((ranks[group as usize], bucket), cell);
        let mut cells: Vec<PlacedCell> = self.cells.into_iter().map(rank).collect();
        cells.sort_unstable_by_key(|(place, _)| *place);
        (groups, cells)
    }
}
