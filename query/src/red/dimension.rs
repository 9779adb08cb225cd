//! What rows of the table `red` tell apart besides service, kind and status.

use std::collections::BTreeSet;

use super::query::{GroupBy, RedQuery};

/// What a row tells apart: one of them, or none for all spans of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RedDimension {
    /// The instance, with its version and zone.
    Instance,
    /// The span's name.
    Operation,
}

impl RedDimension {
    /// What there are rows by, in their order.
    pub(crate) const OF_ROWS: [Option<Self>; 3] =
        [None, Some(Self::Instance), Some(Self::Operation)];

    /// The value of the column.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Instance => "instance",
            Self::Operation => "operation",
        }
    }

    /// By the value of the column; none for values that are not ours.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        let mut all = Self::OF_ROWS.into_iter().flatten();
        all.find(|dimension| dimension.name() == name)
    }

    /// What all that is asked for is told apart by.
    pub(super) fn of_query(query: &RedQuery) -> BTreeSet<Self> {
        let filters = [
            (GroupBy::Operation, &query.operation),
            (GroupBy::Instance, &query.instance),
            (GroupBy::Version, &query.version),
            (GroupBy::Zone, &query.zone),
        ];
        let filtered = filters.into_iter().filter(|(_, value)| value.is_some());
        let named = query.group_by.iter().copied();
        let named = named.chain(filtered.map(|(by, _)| by));
        named.filter_map(Self::with).collect()
    }

    /// Which rows have a dimension of spans; none for those that all rows have.
    const fn with(by: GroupBy) -> Option<Self> {
        match by {
            GroupBy::Service | GroupBy::Kind | GroupBy::Status => None,
            GroupBy::Operation => Some(Self::Operation),
            GroupBy::Instance | GroupBy::Version | GroupBy::Zone => Some(Self::Instance),
        }
    }
}

#[cfg(test)]
mod tests {
    use schemas::rollups::RED_DIMENSIONS;

    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_names_of_the_schema() {
        let names = RedDimension::OF_ROWS.map(|dimension| dimension.map(RedDimension::name));
        assert!(names.is_sorted());
        assert!(names.into_iter().flatten().eq(RED_DIMENSIONS));
        for dimension in RedDimension::OF_ROWS.into_iter().flatten() {
            assert_eq!(RedDimension::of_name(dimension.name()), Some(dimension));
        }
        assert_eq!(RedDimension::of_name("zone"), None);
    }
}
