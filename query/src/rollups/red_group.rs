//! What tells rows of `red` apart.

use std::hash::{Hash, Hasher};

use crate::topology::{FastMap, Name, NameOrder};

/// What tells rows apart, but for the step and the bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RedGroup {
    pub(super) service: Option<Name>,
    pub(super) name: Option<Name>,
    pub(super) kind: i8,
    pub(super) status_code: i8,
    pub(super) instance: Option<Name>,
    pub(super) version: Option<Name>,
    pub(super) zone: Option<Name>,
}

impl Hash for RedGroup {
    /// In few words: it is hashed for each span.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let pair = |high, low| Name::code(high) << 32 | Name::code(low);
        let codes = [self.kind, self.status_code].map(|code| u64::from(code.cast_unsigned()));
        let [kind, status_code] = codes;
        state.write_u64(pair(self.service, self.name));
        state.write_u64(pair(self.instance, self.version));
        state.write_u64(Name::code(self.zone) << 32 | kind << 8 | status_code);
    }
}

impl RedGroup {
    /// The group of the total rows that it adds to.
    pub(super) fn total(&self) -> Self {
        Self {
            name: None,
            instance: None,
            version: None,
            zone: None,
            ..*self
        }
    }

    /// What rows are sorted by.
    fn place(&self, order: &NameOrder) -> impl Ord + use<> {
        let texts = [self.instance, self.version, self.zone];
        (
            (order.place(self.service), order.place(self.name)),
            (self.kind, self.status_code),
            texts.map(|text| order.place(text)),
        )
    }
}

/// Groups by number.
#[derive(Debug, Default)]
pub(super) struct RedGroups {
    groups: Vec<RedGroup>,
    numbers: FastMap<RedGroup, u32>,
}

impl RedGroups {
    pub(super) fn number_of(&mut self, group: RedGroup) -> u32 {
        *self.numbers.entry(group).or_insert_with(|| {
            self.groups.push(group);
            u32::try_from(self.groups.len() - 1).expect("fewer groups than spans in memory")
        })
    }

    /// The groups in order, and the place in it of each number.
    pub(super) fn ranked(self, order: &NameOrder) -> (Vec<RedGroup>, Vec<u32>) {
        let mut groups: Vec<(usize, RedGroup)> = self.groups.into_iter().enumerate().collect();
        groups.sort_by_cached_key(|(_, group)| group.place(order));
        let mut ranks = vec![0; groups.len()];
        for (rank, (number, _)) in (0..).zip(&groups) {
            ranks[*number] = rank;
        }
        let groups = groups.into_iter().map(|(_, group)| group);
        (groups.collect(), ranks)
    }

    /// The memory that the groups take, about, in bytes.
    pub(super) fn memory_bytes(&self) -> usize {
        self.groups.len() * 3 * size_of::<RedGroup>()
    }
}

/// The groups of totals in order, and the place in it of each group's total.
pub(super) fn totals_of(groups: &[RedGroup], order: &NameOrder) -> (Vec<RedGroup>, Vec<u32>) {
    let mut totals = RedGroups::default();
    let numbers: Vec<u32> = groups
        .iter()
        .map(|group| totals.number_of(group.total()))
        .collect();
    let (totals, ranks) = totals.ranked(order);
    let ranked = numbers.into_iter().map(|number| ranks[number as usize]);
    (totals, ranked.collect())
}
