//! What rows of the table `edges` tell apart besides caller, callee and connection.

use std::collections::BTreeSet;

use super::super::query::TopologyDimension;

/// What a row tells apart: one of them, or none for all calls of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum EdgeDimension {
    /// Version and zone of both ends.
    Ends,
    /// What was called.
    Operation,
}

impl EdgeDimension {
    /// What there are rows by, in their order.
    pub(crate) const OF_ROWS: [Option<Self>; 3] = [None, Some(Self::Ends), Some(Self::Operation)];

    /// The value of the column.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ends => "ends",
            Self::Operation => "operation",
        }
    }

    /// By the value of the column; none for values that are not ours.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        let mut all = Self::OF_ROWS.into_iter().flatten();
        all.find(|dimension| dimension.name() == name)
    }

    /// What all that is asked for is told apart by.
    pub(crate) fn of_query(by: &[TopologyDimension]) -> BTreeSet<Self> {
        by.iter().copied().map(Self::with).collect()
    }

    /// Which rows tell something apart.
    pub(crate) const fn with(by: TopologyDimension) -> Self {
        match by {
            TopologyDimension::Version | TopologyDimension::Zone => Self::Ends,
            TopologyDimension::Operation => Self::Operation,
        }
    }
}

#[cfg(test)]
mod tests {
    use schemas::rollups::EDGE_DIMENSIONS;

    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_names_of_the_schema() {
        let names = EdgeDimension::OF_ROWS.map(|dimension| dimension.map(EdgeDimension::name));
        assert!(names.is_sorted());
        assert!(names.into_iter().flatten().eq(EDGE_DIMENSIONS));
        for dimension in EdgeDimension::OF_ROWS.into_iter().flatten() {
            assert_eq!(EdgeDimension::of_name(dimension.name()), Some(dimension));
        }
        assert_eq!(EdgeDimension::of_name("zone"), None);
    }
}
