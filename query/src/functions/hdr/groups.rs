//! A histogram for each group, for aggregates with `GROUP BY`.

use arrow_array::{Array, ArrayRef, BooleanArray};
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::{Outcome, durations, merged_states, of_state, states};
use crate::red::DurationHistogram;

#[derive(Debug)]
pub(super) struct HistogramGroups {
    histograms: Vec<DurationHistogram>,
    /// What the histograms hold beside themselves; kept up as it changes, since there may be many.
    heap_bytes: usize,
    outcome: Outcome,
}

impl HistogramGroups {
    pub(super) fn new(outcome: Outcome) -> Self {
        Self {
            histograms: Vec::new(),
            heap_bytes: 0,
            outcome,
        }
    }

    fn change(&mut self, group: usize, change: impl FnOnce(&mut DurationHistogram)) {
        let histogram = &mut self.histograms[group];
        let before = histogram.heap_bytes();
        change(histogram);
        self.heap_bytes = self.heap_bytes - before + histogram.heap_bytes();
    }

    fn take(&mut self, emit_to: EmitTo) -> Vec<DurationHistogram> {
        let taken = emit_to.take_needed(&mut self.histograms);
        let bytes: usize = taken.iter().map(DurationHistogram::heap_bytes).sum();
        self.heap_bytes -= bytes;
        taken
    }
}

fn is_kept(filter: Option<&BooleanArray>, row: usize) -> bool {
    filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
}

impl GroupsAccumulator for HistogramGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.histograms
            .resize_with(total_num_groups, DurationHistogram::default);
        let durations = durations(values)?.iter().zip(group_indices).enumerate();
        for (row, (nanos, group)) in durations {
            if let Some(nanos) = nanos
                && is_kept(opt_filter, row)
            {
                self.change(*group, |histogram| histogram.record(nanos));
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        Ok(self.outcome.of_all(self.take(emit_to)))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![states(self.take(emit_to))])
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.histograms
            .resize_with(total_num_groups, DurationHistogram::default);
        for (state, group) in merged_states(values)?.iter().zip(group_indices) {
            if let Some(state) = state {
                let other = of_state(state)?;
                self.change(*group, |histogram| histogram.merge(&other));
            }
        }
        Ok(())
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let of_row = |(row, nanos): (usize, Option<i64>)| {
            let mut histogram = DurationHistogram::default();
            if let Some(nanos) = nanos.filter(|_| is_kept(opt_filter, row)) {
                histogram.record(nanos);
            }
            histogram
        };
        Ok(vec![states(
            durations(values)?.iter().enumerate().map(of_row),
        )])
    }

    fn size(&self) -> usize {
        self.histograms.capacity() * size_of::<DurationHistogram>() + self.heap_bytes
    }
}
