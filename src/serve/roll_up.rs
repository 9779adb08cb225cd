//! The seam between the fold of spans into figures and the store that keeps them.

use std::sync::Arc;

use query::{FoldedRows, QueryError, RollUps};
use storage::{Folding, MergedRows, RollUp, RollUpInput, RollupTable, WriteRows};

/// What the store does with spans that it has moved into the table.
pub(super) fn roll_up(rollups: &RollUps) -> RollUp {
    let (folding, opening) = (rollups.clone(), rollups.clone());
    RollUp {
        columns: rollups.columns(),
        fold: Arc::new(move || Box::new(FoldedSpans(folding.begin()))),
        merge: Arc::new(|table, merged: MergedRows, write| {
            let see = |rows| write(table, &rows).map_err(Told);
            let merged = match table {
                RollupTable::Red => RollUps::merge_red(&merged.rows, merged.merging, see),
                RollupTable::Edges => RollUps::merge_edges(&merged.rows, merged.merging, see),
            };
            merged.map_err(|Told(reason)| reason)
        }),
        on_open: Arc::new(move |tables| {
            let rollups = opening.clone();
            Box::pin(async move { rollups.admit_names_of(tables.as_ref()).await.map_err(told) })
        }),
    }
}

struct FoldedSpans(query::Folding);

impl Folding for FoldedSpans {
    fn add(&mut self, spans: RollUpInput) -> Result<(), String> {
        self.0.add(&spans.fresh, &spans.earlier);
        Ok(())
    }

    fn memory_bytes(&self) -> usize {
        self.0.memory_bytes()
    }

    fn finish(self: Box<Self>, write: &mut WriteRows<'_>) -> Result<(), String> {
        let written = self.0.finish(|rows| {
            let written = match &rows {
                FoldedRows::Red(rows) => write(RollupTable::Red, rows),
                FoldedRows::Edges(rows) => write(RollupTable::Edges, rows),
            };
            written.map_err(Told)
        });
        written.map_err(|Told(reason)| reason)
    }
}

/// What is told of an error.
struct Told(String);

impl From<QueryError> for Told {
    fn from(error: QueryError) -> Self {
        Self(told(error))
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "map_err gives the error away"
)]
fn told(error: QueryError) -> String {
    error.to_string()
}
