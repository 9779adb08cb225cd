//! One histogram, for aggregates without groups.

use arrow_array::ArrayRef;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::Accumulator;

use super::{Outcome, bytes, durations, merged_states, of_state};
use crate::red::DurationHistogram;

#[derive(Debug)]
pub(super) struct HistogramAccumulator {
    histogram: DurationHistogram,
    outcome: Outcome,
}

impl HistogramAccumulator {
    pub(super) fn new(outcome: Outcome) -> Self {
        Self {
            histogram: DurationHistogram::default(),
            outcome,
        }
    }
}

impl Accumulator for HistogramAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for nanos in durations(values)?.iter().flatten() {
            self.histogram.record(nanos);
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(self.outcome.of_one(&mut self.histogram))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.histogram.heap_bytes()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(bytes(&mut self.histogram))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for state in merged_states(states)?.iter().flatten() {
            self.histogram.merge(&of_state(state)?);
        }
        Ok(())
    }
}
