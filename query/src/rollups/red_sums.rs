//! Sums of spans by what tells rows of `red` apart, at one step.

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
    fn total(&self) -> Self {
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

/// Sums in no order. Buckets are given by their starts.
#[derive(Debug, Default)]
pub(super) struct RedSums {
    groups: Vec<RedGroup>,
    numbers: HashMap<RedGroup, u32>,
    cells: HashMap<(u32, i64), Cell>,
}

/// Sums by group and bucket, in order.
#[derive(Debug)]
pub(super) struct SortedSums {
    groups: Vec<RedGroup>,
    cells: Vec<((u32, i64), Cell)>,
}

impl RedSums {
    pub(super) fn number_of(&mut self, group: RedGroup) -> u32 {
        if let Some(number) = self.numbers.get(&group) {
            return *number;
        }
        let number = u32::try_from(self.groups.len()).expect("fewer groups than spans in memory");
        self.groups.push(group.clone());
        self.numbers.insert(group, number);
        number
    }

    pub(super) fn cell(&mut self, group: u32, bucket: i64) -> &mut Cell {
        self.cells.entry((group, bucket)).or_default()
    }

    pub(super) fn sorted(self) -> SortedSums {
        let mut order: Vec<u32> = (0..).take(self.groups.len()).collect();
        order.sort_unstable_by_key(|number| &self.groups[*number as usize]);
        let mut ranks = vec![0; order.len()];
        for (rank, number) in (0..).zip(&order) {
            ranks[*number as usize] = rank;
        }
        let rank = |((group, bucket), cell)| ((ranks[group as usize], bucket), cell);
        let mut cells: Vec<((u32, i64), Cell)> = self.cells.into_iter().map(rank).collect();
        cells.sort_unstable_by_key(|(place, _)| *place);
        let groups = order.iter().map(|number| &self.groups[*number as usize]);
        SortedSums {
            groups: groups.cloned().collect(),
            cells,
        }
    }
}

impl SortedSums {
    /// The sums of buckets that are each a whole number of these ones.
    pub(super) fn coarser(self, step_nano: i64) -> Self {
        let mut cells: Vec<((u32, i64), Cell)> = Vec::with_capacity(self.cells.len());
        for ((group, bucket), cell) in self.cells {
            let place = (group, bucket_of(bucket, step_nano));
            match cells.last_mut() {
                Some((last, sum)) if *last == place => sum.merge(&cell),
                _ => cells.push((place, cell)),
            }
        }
        Self {
            groups: self.groups,
            cells,
        }
    }

    /// The sums of the total rows.
    pub(super) fn totals(&self) -> Self {
        let mut sums = RedSums::default();
        let totals: Vec<u32> = self
            .groups
            .iter()
            .map(|group| sums.number_of(group.total()))
            .collect();
        for ((group, bucket), cell) in &self.cells {
            sums.cell(totals[*group as usize], *bucket).merge(cell);
        }
        sums.sorted()
    }

    /// Group, bucket and sums of each row, in order.
    pub(super) fn rows(&mut self) -> impl Iterator<Item = (&RedGroup, i64, &mut Cell)> {
        let Self { groups, cells } = self;
        cells
            .iter_mut()
            .map(|((group, bucket), cell)| (&groups[*group as usize], *bucket, cell))
    }
}

/// The start of the bucket that an instant is in.
pub(super) fn bucket_of(instant: i64, step_nano: i64) -> i64 {
    instant.div_euclid(step_nano).saturating_mul(step_nano)
}
