//! What series are told apart by.

use std::collections::HashMap;

use schemas::{SpanKind, StatusCode, UNKNOWN_SERVICE};

use super::query::GroupBy;
use super::span_columns::DIMENSIONS;

/// The values that make a group, in the order of [`GroupBy::ALL`]; none where it is not asked for,
/// and for spans that do not say.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Group([Option<String>; DIMENSIONS]);

impl Group {
    /// The group of some values.
    pub(super) fn of(values: [Option<&str>; DIMENSIONS]) -> Self {
        Self(values.map(|value| value.map(str::to_owned)))
    }

    pub(super) fn value(&self, by: GroupBy) -> Option<&str> {
        self.0[by as usize].as_deref()
    }

    pub(super) fn set(&mut self, by: GroupBy, value: Option<String>) {
        self.0[by as usize] = value;
    }
}

/// Groups by number.
#[derive(Debug, Default)]
pub(super) struct Groups {
    groups: Vec<Group>,
    numbers: HashMap<Group, u32>,
}

impl Groups {
    pub(super) fn number_of(&mut self, group: Group) -> u32 {
        if let Some(number) = self.numbers.get(&group) {
            return *number;
        }
        let number = u32::try_from(self.groups.len()).expect("fewer groups than spans in memory");
        self.groups.push(group.clone());
        self.numbers.insert(group, number);
        number
    }

    /// The groups in the order of their numbers.
    pub(super) fn into_vec(self) -> Vec<Group> {
        self.groups
    }
}

/// What makes a group, from a text, or the number of a kind or status.
pub(super) fn value(by: GroupBy, text: Option<&str>, number: i32) -> Option<&str> {
    match by {
        GroupBy::Service => text.or(Some(UNKNOWN_SERVICE)),
        GroupBy::Kind => match SpanKind::from_number(number).name() {
            "" => Some("unspecified"),
            name => Some(name),
        },
        GroupBy::Status => Some(StatusCode::from_number(number).name()),
        GroupBy::Operation | GroupBy::Instance | GroupBy::Version | GroupBy::Zone => text,
    }
}
