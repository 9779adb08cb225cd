//! The seam between the fold of spans into figures and the store that keeps them.

use std::sync::Arc;

use query::{QueryError, RollUps};
use storage::{Folding, RollUp, RollUpInput, RolledUp, RollupTable};

/// What the store does with spans that it has moved into the table.
pub(super) fn roll_up(rollups: &RollUps) -> RollUp {
    let (folding, opening) = (rollups.clone(), rollups.clone());
    RollUp {
        columns: rollups.columns(),
        fold: Arc::new(move || Box::new(FoldedSpans(folding.begin()))),
        merge: Arc::new(|table, rows| {
            let merged = match table {
                RollupTable::Red => RollUps::merge_red(&rows),
                RollupTable::Edges => RollUps::merge_edges(&rows),
            };
            merged.map_err(told)
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

    fn finish(self: Box<Self>) -> Result<RolledUp, String> {
        let rows = self.0.finish().map_err(told)?;
        Ok(RolledUp {
            red: rows.red,
            edges: rows.edges,
        })
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "map_err gives the error away"
)]
fn told(error: QueryError) -> String {
    error.to_string()
}
